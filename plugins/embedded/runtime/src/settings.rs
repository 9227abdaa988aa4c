//! What the wiring says; both halves of the plugin compile this file.

use std::time::Duration;

use bp_contract::setting::{Settings, Size};

/// Keeps its content in a file of the process's data folder, with nothing to install.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Settings)]
pub struct EmbeddedSettings {
    /// When a write is answered: when it is on disk, or up to 100 ms before.
    #[setting(default = "immediate")]
    pub durability: Durability,
    /// Bytes of the file kept in memory.
    #[setting(default = "16MiB", range = "1MiB"..="1TiB")]
    pub page_cache: Size,
    /// How often a cache removes expired entries from its file; they are missing at once in any case.
    #[setting(default = "10s", range = "100ms"..="1h")]
    pub sweep: Duration,
}

/// When a write is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Settings)]
pub enum Durability {
    /// When it is on disk: it survives the process and the machine.
    Immediate,
    /// When it is in memory; on disk within 100 ms, and at an orderly end. The file is consistent in any case: a crash loses the last writes together.
    Delayed,
}
