//! What the wiring says; both halves of the plugin compile this file.

use bp_contract::setting::Settings;

/// Keeps few entries in the process's memory.
#[derive(Debug, Settings)]
pub(crate) struct CacheSettings {
    /// Most entries.
    #[setting(default = 1000, range = 1..=1_000_000)]
    pub(crate) items: usize,
}
