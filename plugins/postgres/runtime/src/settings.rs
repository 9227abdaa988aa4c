//! What the wiring says; both halves of the plugin compile this file.

use bp_contract::setting::{Secret, Settings};
use bp_contract::store::ServerSettings;

/// The port of PostgreSQL.
pub(crate) const PORT: u16 = 5432;

/// Keeps its documents as JSONB on a PostgreSQL server, shared by all processes.
#[derive(Debug, Settings)]
pub(crate) struct PostgresSettings {
    #[setting(flatten)]
    pub(crate) server: ServerSettings,
    /// The user name at the server.
    #[setting(default = "postgres", example = "\"hotel\"")]
    pub(crate) user: String,
    /// The password, as a reference: `{ secret = "rate-db-password" }`.
    #[setting(example = "{ secret = \"rate-db-password\" }")]
    pub(crate) password: Option<Secret>,
    /// The database, which must exist; its encoding is UTF8.
    #[setting(default = "postgres")]
    pub(crate) database: String,
    /// The schema that holds the instance's collections, one table each, so that instances may share a database; by default the instance's name.
    #[setting(example = "\"rates\"")]
    pub(crate) schema: Option<String>,
}
