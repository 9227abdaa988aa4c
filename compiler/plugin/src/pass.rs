//! Passes: small, named steps that rewrite the graph.

use std::fmt;

use bp_diag::{Diagnostics, SourceMap};
use bp_ir::Ir;
use bp_wiring::WiringModel;
use bp_workflow::WorkflowModel;

use crate::Declarations;

/// When a pass runs; the derived order is the order of stages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// Who calls whom.
    Bind,
    /// Which process holds what.
    Group,
    /// Wrappers on edges.
    Wrap,
    /// Transports between processes.
    Transport,
    /// Where to dial and to listen.
    Address,
    /// Processes onto machines.
    Place,
    /// Reports faults; changes nothing.
    Check,
}

impl Stage {
    /// Its name in dumps.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bind => "bind",
            Self::Group => "group",
            Self::Wrap => "wrap",
            Self::Transport => "transport",
            Self::Address => "address",
            Self::Place => "place",
            Self::Check => "check",
        }
    }
}

/// A step from graph to graph: deterministic, and a second run changes nothing more.
pub trait Pass: fmt::Debug + Send + Sync {
    /// Its name, unique: `bind`, `retry/hedge-check`.
    fn name(&self) -> &'static str;

    /// When it runs.
    fn stage(&self) -> Stage;

    /// Names of passes of the same stage that come before; unknown names are ignored.
    fn after(&self) -> &'static [&'static str] {
        &[]
    }

    /// Rewrites the graph, and reports what is wrong.
    fn run(&self, cx: &mut PassContext<'_>);
}

/// What a pass may see and change.
#[derive(Debug)]
pub struct PassContext<'a> {
    /// The graph.
    pub ir: &'a mut Ir,
    /// What the workflow declares.
    pub workflow: &'a WorkflowModel,
    /// What the wiring says.
    pub wiring: &'a WiringModel,
    /// What each plugin is.
    pub declarations: &'a Declarations,
    /// Texts behind spans.
    pub sources: &'a SourceMap,
    /// Where diagnostics go.
    pub diagnostics: &'a mut Diagnostics,
}
