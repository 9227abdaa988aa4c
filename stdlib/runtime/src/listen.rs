//! The accept loop that transports share.

use std::future::Future;
use std::time::Duration;

use tokio::task::JoinSet;

use crate::drain::Drain;
use crate::surroundings::{ByteStream, Listener};

/// The pause after a failed accept: out of file descriptors, the loop must not spin.
const PAUSE: Duration = Duration::from_millis(50);

/// Runs `connection` for every connection until [`Drain::draining`], then waits for the open ones until [`Drain::closed`].
///
/// `connection` watches [`Drain::draining`] itself, because only the protocol knows how to close in order.
pub async fn accept_connections<C>(
    mut listener: Listener,
    drain: Drain,
    mut connection: impl FnMut(ByteStream) -> C,
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
                Ok(stream) => {
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
    // From here on connections are refused, so a client turns to another endpoint.
    drop(listener);
    tokio::select! {
        () = drain.closed() => open.shutdown().await,
        () = async { while open.join_next().await.is_some() {} } => {}
    }
}
