//! The connections to one endpoint: one, as long as it carries all calls; more when there are more at once.

use std::sync::{Arc, Mutex, PoisonError};

use bp_runtime::{ConnectionPermits, Infra};
use http::Uri;

use crate::connection::{Connection, Target};
use crate::exchange::Sender;

/// The connections to one endpoint.
///
/// The first one stays; others are closed when they were idle for a while, so that a burst leaves none behind.
pub(crate) struct Connections {
    permits: ConnectionPermits,
    first: Connection,
    others: Mutex<Vec<Arc<Connection>>>,
    target: Target,
}

impl Connections {
    /// Connections that are made when they are needed, each for so many calls at once.
    pub(crate) fn new(target: Target, calls_per_connection: u32) -> Self {
        Self {
            permits: ConnectionPermits::new(calls_per_connection),
            first: Connection::new(target.clone()),
            others: Mutex::default(),
            target,
        }
    }

    /// Scheme and authority of every request.
    pub(crate) fn origin(&self) -> &Uri {
        self.target.origin()
    }

    /// What sends a request on a connection that has a permit for it.
    ///
    /// # Errors
    /// No connection can be made; the call was not sent.
    pub(crate) async fn sender(&self) -> Result<Sender, Infra> {
        let permit = self.permits.acquire(self.target.most_calls());
        match permit.connection().checked_sub(1) {
            None => self.first.sender(permit).await,
            Some(other) => {
                let connection = self.other(other);
                connection.sender(permit).await
            }
        }
    }

    fn other(&self, index: usize) -> Arc<Connection> {
        let mut others = self.others.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            match others.get(index) {
                Some(connection) => return connection.clone(),
                None => others.push(Arc::new(Connection::new(self.target.clone().for_a_while()))),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use bp_contract::transport::ConnectionSettings;
    use bp_runtime::Surroundings;
    use tokio::net::TcpListener;

    use super::*;

    /// A server that answers nothing, and the number of connections that it has.
    async fn serve() -> (String, Arc<AtomicUsize>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let open = Arc::new(AtomicUsize::new(0));
        let count = open.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let count = count.clone();
                tokio::spawn(async move {
                    count.fetch_add(1, Ordering::SeqCst);
                    let mut connection = h2::server::handshake(stream).await.unwrap();
                    while connection.accept().await.is_some() {}
                    count.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        (address, open)
    }

    async fn until(open: &AtomicUsize, wanted: usize) {
        let end = tokio::time::Instant::now() + Duration::from_mins(1);
        while open.load(Ordering::SeqCst) != wanted {
            assert!(tokio::time::Instant::now() < end, "not {wanted} connections");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    #[tokio::test]
    async fn further_connections_end_once_they_are_idle_and_the_first_stays() {
        let (address, open) = serve().await;
        let settings = ConnectionSettings {
            keepalive: Duration::from_millis(20),
            keepalive_timeout: Duration::from_mins(1),
            max_connection_age: None,
            calls_per_connection: 1,
        };
        let target = Target::new(&address, 1 << 16, settings, &Surroundings::default()).unwrap();
        let connections = Connections::new(target, settings.calls_per_connection);
        for _ in 0..2 {
            let senders = [
                connections.sender().await.unwrap(),
                connections.sender().await.unwrap(),
                connections.sender().await.unwrap(),
            ];
            until(&open, 3).await;
            // A call may begin long after its connection was found idle.
            tokio::time::sleep(Duration::from_millis(100)).await;
            assert_eq!(open.load(Ordering::SeqCst), 3, "what is in use stays");
            drop(senders);
            until(&open, 1).await;
        }
    }
}
