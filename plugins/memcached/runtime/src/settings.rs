//! What the wiring says; both halves of the plugin compile this file.

use bp_contract::setting::Settings;
use bp_contract::store::{NamespaceSettings, ServerSettings};

/// The port of memcached.
pub(crate) const PORT: u16 = 11211;

/// Keeps its content on a memcached server, shared by all processes and gone when that server ends.
#[derive(Debug, Settings)]
pub(crate) struct MemcachedSettings {
    #[setting(flatten)]
    pub(crate) server: ServerSettings,
    #[setting(flatten)]
    pub(crate) namespace: NamespaceSettings,
}
