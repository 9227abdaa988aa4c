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
