//! What the wiring says.

use bp_contract::setting::Settings;

/// Keeps queues in the process's memory.
#[derive(Debug, Settings)]
pub struct MemorySettings {
    /// Most items that wait.
    #[setting(default = 1000, range = 1..=1_000_000)]
    pub items: usize,
}
