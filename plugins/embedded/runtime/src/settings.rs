//! What the wiring says.

use std::time::Duration;

use serde::Deserialize;

use crate::file::{Durability, Options};

/// `kind = "embedded"`; the compiler fills in defaults.
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct EmbeddedSettings {
    durability: Durability,
    #[serde(deserialize_with = "bp_runtime::units::size")]
    page_cache: u64,
    #[serde(deserialize_with = "bp_runtime::units::duration")]
    sweep: Duration,
}

impl Default for EmbeddedSettings {
    fn default() -> Self {
        let Options { durability, page_cache, sweep } = Options::default();
        Self { durability, page_cache, sweep }
    }
}

impl From<EmbeddedSettings> for Options {
    fn from(settings: EmbeddedSettings) -> Self {
        let EmbeddedSettings { durability, page_cache, sweep } = settings;
        Self { durability, page_cache, sweep }
    }
}
