//! What is lowered.

use bp_contract::wire::WireTable;
use bp_diag::SourceMap;
use bp_plugin::Registry;
use bp_wiring::WiringModel;
use bp_workflow::WorkflowModel;

/// What is lowered.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a> {
    /// What the workflow declares.
    pub workflow: &'a WorkflowModel,
    /// What the wiring says.
    pub wiring: &'a WiringModel,
    /// The plugins.
    pub registry: &'a Registry,
    /// Texts behind spans.
    pub sources: &'a SourceMap,
    /// Numbers on the wire.
    pub wire: &'a WireTable,
    /// The application's root, as the workflow's and wiring's paths name it; paths in the plan are relative to it.
    pub root: &'a str,
    /// Whether to verify the graph after every pass, not only at the end.
    pub verify: bool,
}
