//! What the wiring says; both halves of the plugin compile this file.

use bp_contract::setting::{Secret, Settings};
use bp_contract::store::ServerSettings;

/// The port of Redis.
pub(crate) const PORT: u16 = 6379;

/// Keeps its content on a Redis server, shared by all processes.
#[derive(Debug, Settings)]
pub(crate) struct RedisSettings {
    #[setting(flatten)]
    pub(crate) server: ServerSettings,
    /// The user name at the server.
    #[setting(example = "\"hotel\"")]
    pub(crate) user: Option<String>,
    /// The password, as a reference: `{ secret = "rate-db-password" }`.
    #[setting(example = "{ secret = \"rate-db-password\" }")]
    pub(crate) password: Option<Secret>,
    /// The number of the server's database.
    #[setting(default = 0, range = 0..=1_000_000)]
    pub(crate) database: u32,
    /// What the instance's keys begin with, so that instances may share a database; by default the instance's name.
    #[setting(example = "\"hotel-rates\"")]
    pub(crate) namespace: Option<String>,
}
