//! What the wiring says; both halves of the plugin compile this file.

use bp_contract::setting::{PerMethod, Settings, Size};

/// Carries calls over HTTP as JSON, and describes them in OpenAPI.
#[derive(Debug, Settings)]
pub(crate) struct HttpSettings {
    /// The largest encoded message, arguments or answer, at both ends.
    #[setting(default = "4MiB", range = "1KiB"..="256MiB")]
    pub(crate) max_message: Size,
}

/// What an edge says beside `rpc`.
#[derive(Debug, Settings)]
pub(crate) struct RouteSettings {
    /// Verb and path of a method; by default `POST /<service>/<method>`.
    #[setting(fixed, example = "{ get = \"GET /notes/{id}\" }")]
    pub(crate) routes: PerMethod<String>,
}
