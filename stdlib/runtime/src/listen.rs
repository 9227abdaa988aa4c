//! The accept loop that transports share.

use std::future::Future;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::drain::Drain;

/// The pause after a failed accept: out of file descriptors, the loop must not spin.
const PAUSE: Duration = Duration::from_millis(50);

/// Runs `connection` for every connection until [`Drain::draining`], then waits for the open ones until [`Drain::closed`].
///
/// `connection` watches [`Drain::draining`] itself, because only the protocol knows how to close in order.
pub async fn accept_connections<C>(
    listener: TcpListener,
    drain: Drain,
    mut connection: impl FnMut(TcpStream) -> C,
) where
    C: Future<Output = ()> + Send + 'static,
{
    let mut open = JoinSet::new();
    let draining = drain.draining();
    tokio::pin!(draining);
    loop {
        tokio::select! {
            () = &mut draining => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    // Small messages must not wait for the acknowledgement of the one before (Nagle's algorithm).
                    if let Err(error) = stream.set_nodelay(true) {
                        tracing::debug!(%error, "a connection ended before it began");
                        continue;
                    }
                    open.spawn(connection(stream));
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(PAUSE).await;
                }
            },
            // Finished connections are taken out, so that the set does not grow.
            Some(_) = open.join_next() => {}
        }
    }
    // From here on the kernel refuses connections, so a client turns to another endpoint.
    drop(listener);
    tokio::select! {
        () = drain.closed() => open.shutdown().await,
        () = async { while open.join_next().await.is_some() {} } => {}
    }
}
