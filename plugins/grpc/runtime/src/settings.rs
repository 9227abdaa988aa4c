//! What the wiring says; both halves of the plugin compile this file.

use bp_contract::setting::{Settings, Size};

/// Carries calls over gRPC, and describes them in a .proto.
#[derive(Debug, Settings)]
pub(crate) struct GrpcSettings {
    /// The largest encoded message, arguments or answer, at both ends.
    #[setting(default = "4MiB", range = "1KiB"..="256MiB")]
    pub(crate) max_message: Size,
    /// Whether the listener tells its services, methods and types to any client that asks (gRPC server reflection).
    #[setting(default = true)]
    pub(crate) reflection: bool,
}
