//! What the wiring says; both halves of the plugin compile this file.

use bp_contract::setting::Settings;

/// Keeps its content in the process's memory; it is gone when the process ends.
#[derive(Debug, Settings)]
pub(crate) struct SampleSettings {
    /// Most entries of a cache; beyond it those used longest ago go. Not for document stores.
    #[setting(range = 1..=1_000_000, example = "100")]
    pub(crate) items: Option<usize>,
}
