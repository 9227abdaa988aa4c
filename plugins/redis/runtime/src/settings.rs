//! What the wiring says; both halves of the plugin compile this file.

use bp_contract::setting::Settings;
use bp_contract::store::{LoginSettings, NamespaceSettings, ServerSettings};

/// The port of Redis.
pub(crate) const PORT: u16 = 6379;

/// Keeps its content on a Redis server, shared by all processes.
#[derive(Debug, Settings)]
pub(crate) struct RedisSettings {
    #[setting(flatten)]
    pub(crate) server: ServerSettings,
    #[setting(flatten)]
    pub(crate) login: LoginSettings,
    /// The number of the server's database.
    #[setting(default = 0, range = 0..=1_000_000)]
    pub(crate) database: u32,
    #[setting(flatten)]
    pub(crate) namespace: NamespaceSettings,
}
