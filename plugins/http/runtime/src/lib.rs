//! Calls over HTTP with JSON: for browsers and tools at the edge of a system, and inside it where JSON is wanted.
//!
//! A method answers at the route that the wiring gives it, or at `POST /<instance>/<method>` with a JSON object of its
//! arguments; other processes of the system call it at a path below `/bp`. The package's README has the routes, the statuses and the headers.

mod client;
mod connector;
mod measure;
mod metrics;
mod problem;
mod reply_body;
mod reply_metadata;
mod request;
mod route;
mod segment;
mod server;
mod settings;

use std::sync::Arc;

use bp_runtime::{BoxFuture, ConnectContext, Dialer, ServeContext, StartError, TransportPlugin};

/// The media type of arguments and answers.
const JSON: &str = "application/json";

/// The plugin.
pub fn plugin() -> impl TransportPlugin {
    Plugin
}

#[derive(Debug)]
struct Plugin;

impl TransportPlugin for Plugin {
    fn connect(&self, cx: ConnectContext) -> Result<Arc<dyn Dialer>, StartError> {
        Ok(Arc::new(client::HttpDialer::new(cx)?))
    }

    fn serve(&self, cx: ServeContext) -> BoxFuture<'static, Result<(), StartError>> {
        Box::pin(server::serve(cx))
    }
}
