//! The compile half of `knob`: the switches of a workflow, by name.

#[path = "runtime/src/settings.rs"]
mod settings;

use bp_plugin::diag::catalog::binding;
use bp_plugin::workflow::WorkflowModel;
use bp_plugin::{ListedNames, OwnedTable, Plugin, Span, table};

use settings::{KnobSettings, NAME};

pub(crate) static PLUGIN: Plugin =
    table(NAME, "Switches parts of a workflow on and off while it runs.")
        .tables(&[KNOBS])
        .runtime()
        .about(include_str!("README.md"))
        .needs(&["a part of the workflow to be switched off without a rebuild"])
        .declare();

const KNOBS: OwnedTable = OwnedTable::top_level::<KnobSettings>(NAME, "a knob")
    .listed(ListedNames { list, unknown: binding::unknown_knob })
    .read_by_processes();

/// The knobs that the workflow declares.
fn list(workflow: &WorkflowModel) -> Vec<(String, Span)> {
    workflow.knobs.iter().map(|(name, knob)| (name.clone(), knob.span)).collect()
}
