//! Connections for the pool, made the way that the process's surroundings say.

use std::io;
use std::task::{Context, Poll};

use axum::http::Uri;
use bp_runtime::{BoxFuture, ByteStream, Surroundings};
use hyper_util::rt::TokioIo;
use tower_service::Service;

/// Connects to the authority of a request.
#[derive(Clone)]
pub(crate) struct PoolConnector {
    pub(crate) surroundings: Surroundings,
}

impl Service<Uri> for PoolConnector {
    type Response = TokioIo<ByteStream>;
    type Error = io::Error;
    type Future = BoxFuture<'static, io::Result<TokioIo<ByteStream>>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, target: Uri) -> Self::Future {
        let surroundings = self.surroundings.clone();
        Box::pin(async move {
            let address = target.authority().map_or("", |authority| authority.as_str());
            surroundings.connect(address).await.map(TokioIo::new)
        })
    }
}
