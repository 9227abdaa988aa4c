//! What the wiring says; both halves of the plugin compile this file.

use bp_contract::setting::Settings;
use bp_contract::transport::{ConnectionSettings, MessageSettings};

/// Carries calls over gRPC, and describes them in a .proto.
#[derive(Debug, Settings)]
pub(crate) struct GrpcSettings {
    #[setting(flatten)]
    pub(crate) messages: MessageSettings,
    #[setting(flatten)]
    pub(crate) connections: ConnectionSettings,
    /// Whether the listener tells its services, methods and types to any client that asks (gRPC server reflection).
    #[setting(default = true)]
    pub(crate) reflection: bool,
}
