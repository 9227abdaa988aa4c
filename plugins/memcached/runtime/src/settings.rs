//! What the wiring says, beside what every store on a server has (see [`bp_store::StoreContext`]).

use serde::Deserialize;

/// The port of memcached.
pub(crate) const PORT: u16 = 11211;

/// `kind = "memcached"`; the compiler fills in defaults.
#[derive(Debug, Deserialize)]
pub(crate) struct MemcachedSettings {
    /// What keys begin with; by default the instance's name.
    pub(crate) namespace: Option<String>,
}
