//! What the wiring says; both halves of the plugin compile this file.

use bp_contract::setting::{Secret, Settings};
use bp_contract::store::ServerSettings;

/// The port of MongoDB.
pub(crate) const PORT: u16 = 27017;

/// Keeps its documents on a MongoDB server, shared by all processes.
#[derive(Debug, Settings)]
pub(crate) struct MongodbSettings {
    #[setting(flatten)]
    pub(crate) server: ServerSettings,
    /// The user name at the server.
    #[setting(example = "\"hotel\"")]
    pub(crate) user: Option<String>,
    /// The password, as a reference: `{ secret = "rate-db-password" }`.
    #[setting(example = "{ secret = \"rate-db-password\" }")]
    pub(crate) password: Option<Secret>,
    /// The database that holds the instance's collections; by default the instance's name.
    #[setting(example = "\"rates\"")]
    pub(crate) database: Option<String>,
}
