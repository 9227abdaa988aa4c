//! What the wiring says; both halves of the plugin compile this file.

use bp_contract::setting::{PerMethod, Settings};
use bp_contract::transport::{ConnectionSettings, MessageSettings};

/// Carries calls over HTTP as JSON, and describes them in OpenAPI.
#[derive(Debug, Settings)]
pub(crate) struct HttpSettings {
    #[setting(flatten)]
    pub(crate) messages: MessageSettings,
    #[setting(flatten)]
    pub(crate) connections: ConnectionSettings,
}

/// What an edge says beside `rpc`.
#[derive(Debug, Settings)]
pub(crate) struct RouteSettings {
    /// Verb and path of a method; by default `POST /<service>/<method>`.
    #[setting(fixed, example = "{ get = \"GET /notes/{id}\" }")]
    pub(crate) routes: PerMethod<String>,
}
