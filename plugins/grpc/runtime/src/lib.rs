//! Calls over gRPC: unary methods on HTTP/2, framed by tonic, encoded where the types are defined.
//!
//! A method `get_rates` of `hotel.RateService` is `/hotel.RateService/GetRates`; the package's README has the headers and
//! the mapping of errors.

mod activity;
mod client;
mod codec;
mod connection;
mod connections;
mod exchange;
mod name;
mod reply_body;
mod reply_metadata;
mod server;
mod settings;
mod standard;
mod status;
mod timeout_header;

use std::sync::Arc;

use bp_runtime::{
    BoxFuture, ConnectContext, Dialer, Interface, MessageLimit, Method, ServeContext, StartError,
    System, TransportPlugin,
};

/// Names the instance that is called; needed where several of one interface share a listener.
const INSTANCE: &str = "bp-instance";
/// How long the caller still waits.
const TIMEOUT: &str = "grpc-timeout";
/// How many attempts there were before this one (proposal A6); absent for the first.
const PREVIOUS_ATTEMPTS: &str = "grpc-previous-rpc-attempts";
/// Room for everything in a response's headers but the encoded error.
const OTHER_HEADERS: usize = 64 * 1024;

/// The plugin.
pub fn plugin() -> impl TransportPlugin {
    Plugin
}

#[derive(Debug)]
struct Plugin;

impl TransportPlugin for Plugin {
    fn system(&self) -> System {
        System::Rpc("grpc")
    }

    fn connect(&self, cx: ConnectContext) -> Result<Arc<dyn Dialer>, StartError> {
        Ok(Arc::new(client::GrpcDialer::new(cx)?))
    }

    fn serve(&self, cx: ServeContext) -> BoxFuture<'static, Result<(), StartError>> {
        Box::pin(server::serve(cx))
    }
}

/// `/leaf.Cart/ListItems`.
fn method_path(interface: &Interface, method: &Method) -> String {
    format!("/{}/{}", interface.wire_name, name::to_pascal(method.name))
}

/// An encoded error travels as a header in base64, four thirds of its size.
fn largest_header_list(limit: MessageLimit) -> u32 {
    u32::try_from(limit.bytes / 3 * 4 + OTHER_HEADERS).unwrap_or(u32::MAX)
}
