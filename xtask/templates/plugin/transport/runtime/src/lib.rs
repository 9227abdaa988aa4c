//! Calls between services as lines of JSON over TCP; the plugin's README has the protocol.

mod client;
mod frame;
mod metrics;
mod server;
mod settings;

use std::sync::Arc;

use bp_runtime::{BoxFuture, ConnectContext, Dialer, ServeContext, StartError, TransportPlugin};

/// The plugin.
pub fn plugin() -> impl TransportPlugin {
    Plugin
}

#[derive(Debug)]
struct Plugin;

impl TransportPlugin for Plugin {
    fn connect(&self, cx: ConnectContext) -> Result<Arc<dyn Dialer>, StartError> {
        Ok(Arc::new(client::SampleDialer::new(cx)?))
    }

    fn serve(&self, cx: ServeContext) -> BoxFuture<'static, Result<(), StartError>> {
        Box::pin(server::serve(cx))
    }
}
