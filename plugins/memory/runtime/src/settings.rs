//! What the wiring says.

use bp_runtime::units;
use serde::{Deserialize, Deserializer};

/// `kind = "memory"`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct MemorySettings {
    /// Most entries of a cache.
    pub(crate) max_items: Option<usize>,
    /// Most bytes of a cache.
    #[serde(deserialize_with = "optional_size")]
    pub(crate) max_bytes: Option<u64>,
}

fn optional_size<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    units::size(deserializer).map(Some)
}
