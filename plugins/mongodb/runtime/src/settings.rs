//! What the wiring says, beside what every store on a server has (see [`bp_store::StoreContext`]).

use bp_runtime::Secret;
use serde::Deserialize;

/// The port of MongoDB.
pub(crate) const PORT: u16 = 27017;

/// `kind = "mongodb"`; the compiler fills in defaults.
#[derive(Debug, Deserialize)]
pub(crate) struct MongodbSettings {
    /// The user; without one, no authentication.
    pub(crate) user: Option<String>,
    /// Its password.
    pub(crate) password: Option<Secret>,
    /// The database; by default the instance's name.
    pub(crate) database: Option<String>,
}
