//! What a process has around it: time, chance, metrics, names, and its ways to the network and to files.
//!
//! Everything that is not a computation goes through [`Surroundings`], so that a test or a simulation gives a process others:
//! a clock that it moves, a [`MemoryNetwork`] instead of sockets, [`MemoryFiles`] instead of a disk.
//! Stores that talk to servers of their own, or keep files of their own, stay outside of it.

mod connector;
mod files;
mod listener;
mod memory;
mod resolver;
mod stream;

use std::io;
use std::sync::Arc;
use std::time::Duration;

pub use connector::{Connector, TcpConnector};
pub use files::{Files, SystemFiles};
pub use listener::{Accept, Binder, BoundPort, Listener, TcpBinder};
pub use memory::{MemoryFiles, MemoryHost, MemoryNetwork};
pub use resolver::{Resolver, ServiceRecord, SystemResolver};
pub use stream::ByteStream;

use crate::clock::{Clock, RealClock};
use crate::metrics::Metrics;
use crate::random::{RealRng, Rng};

/// How long making a connection may take, to all addresses of a name together.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// The sources of time and randomness, the ways to the network and to files, the metrics and the names of one process.
#[derive(Debug, Clone)]
pub struct Surroundings {
    /// The application's name.
    pub app: Arc<str>,
    /// The process's name.
    pub process: Arc<str>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub rng: Arc<dyn Rng>,
    /// Where metrics are registered.
    pub metrics: Metrics,
    /// Makes connections.
    pub connector: Arc<dyn Connector>,
    /// Takes ports to listen on.
    pub binder: Arc<dyn Binder>,
    /// Looks names up.
    pub resolver: Arc<dyn Resolver>,
    /// The plan, the configuration, secrets and lists of endpoints.
    pub files: Arc<dyn Files>,
}

impl Surroundings {
    /// Connects to `host:port` within [`CONNECT_TIMEOUT`].
    ///
    /// # Errors
    /// The name has no address, nothing listens there, or the time is over.
    pub async fn connect(&self, address: &str) -> io::Result<ByteStream> {
        let connected = tokio::time::timeout(CONNECT_TIMEOUT, self.connector.connect(address));
        connected.await.unwrap_or_else(|_| {
            let message = format!("no connection within {} s", CONNECT_TIMEOUT.as_secs());
            Err(io::Error::new(io::ErrorKind::TimedOut, message))
        })
    }
}

impl Default for Surroundings {
    /// The machine's own time, randomness, network and files, and fresh metrics.
    fn default() -> Self {
        Self {
            app: Arc::from("test"),
            process: Arc::from("test"),
            clock: Arc::new(RealClock),
            rng: Arc::new(RealRng),
            metrics: Metrics::default(),
            connector: Arc::new(TcpConnector),
            binder: Arc::new(TcpBinder),
            resolver: Arc::new(SystemResolver),
            files: Arc::new(SystemFiles),
        }
    }
}
