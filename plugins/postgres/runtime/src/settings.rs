//! What the wiring says, beside what every store on a server has (see [`bp_store::StoreContext`]).

use bp_runtime::Secret;
use serde::Deserialize;

/// The port of PostgreSQL.
pub(crate) const PORT: u16 = 5432;

/// `kind = "postgres"`; the compiler fills in defaults.
#[derive(Debug, Deserialize)]
pub(crate) struct PostgresSettings {
    /// The role.
    pub(crate) user: String,
    /// Its password, where the server asks for one.
    pub(crate) password: Option<Secret>,
    /// The database.
    pub(crate) database: String,
    /// The schema; by default the instance's name.
    pub(crate) schema: Option<String>,
}
