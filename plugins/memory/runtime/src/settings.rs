//! What the wiring says; both halves of the plugin compile this file.

use bp_contract::setting::{Field, Settings, Size};

/// Keeps its content in the process's memory; it is gone when the process ends.
#[derive(Debug, Settings)]
pub(crate) struct MemorySettings {
    /// Most entries of a cache, a sorted set counting as one; beyond it those used longest ago go. Not for document stores.
    #[setting(range = 1..=1_000_000_000, example = "10000")]
    pub(crate) max_items: Option<usize>,
    /// Most bytes of a cache, 64 MiB by default; beyond it those entries used longest ago go. Not for document stores.
    #[setting(range = "64KiB"..="1TiB", example = "\"256MiB\"")]
    pub(crate) max_bytes: Option<Size>,
}

impl MemorySettings {
    /// The settings that only caches have.
    pub(crate) const LIMITS: [Field<Self>; 2] = [Self::MAX_ITEMS, Self::MAX_BYTES];
}
