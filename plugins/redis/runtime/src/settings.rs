//! What the wiring says, beside what every store on a server has (see [`bp_store::StoreContext`]).

use bp_runtime::Secret;
use serde::Deserialize;

/// The port of Redis.
pub(crate) const PORT: u16 = 6379;

/// `kind = "redis"`; the compiler fills in defaults.
#[derive(Debug, Deserialize)]
pub(crate) struct RedisSettings {
    /// The user; without one, the server's default user.
    pub(crate) user: Option<String>,
    /// Its password, where the server asks for one.
    pub(crate) password: Option<Secret>,
    /// The number of the database.
    pub(crate) database: i64,
    /// What keys begin with; by default the instance's name.
    pub(crate) namespace: Option<String>,
}
