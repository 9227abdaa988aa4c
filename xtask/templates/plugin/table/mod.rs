//! The compile half of `sample`: lines that every process writes to its log, again and again.

#[path = "runtime/src/metrics.rs"]
mod metrics;
#[path = "runtime/src/settings.rs"]
mod settings;

use bp_plugin::{OwnedTable, Plugin, PluginCode, table};

use settings::{NAME, SampleSettings};

const LINES: OwnedTable =
    OwnedTable::top_level::<SampleSettings>(NAME, "a line").read_by_processes();

pub(crate) static PLUGIN: Plugin = table(NAME, "Writes lines to the log, again and again.")
    .tables(&[LINES])
    .runtime()
    .metrics(&[metrics::LINES])
    .codes(&[PAUSE_BELOW_EVERY])
    .about(include_str!("README.md"))
    .needs(&["to see in the log that a process is alive"])
    .declare();

const PAUSE_BELOW_EVERY: PluginCode = PluginCode::new(
    "pause-below-every",
    "the pause is below the distance of the lines",
    include_str!("errors/pause-below-every.md"),
);
