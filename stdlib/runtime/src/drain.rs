//! The two signals by which a process stops.

use std::future::Future;

use tokio_util::sync::CancellationToken;

/// Tells everything that serves to stop: first to finish what is open, then to give up.
#[derive(Debug, Clone, Default)]
pub struct Drain {
    draining: CancellationToken,
    closed: CancellationToken,
}

impl Drain {
    /// Neither signal given.
    pub fn new() -> Self {
        Self::default()
    }

    /// Resolves when no new connection or stream may be taken: send GOAWAY, finish what is open.
    pub fn draining(&self) -> impl Future<Output = ()> + Send + 'static {
        self.draining.clone().cancelled_owned()
    }

    /// Resolves when open calls are given up too.
    pub fn closed(&self) -> impl Future<Output = ()> + Send + 'static {
        self.closed.clone().cancelled_owned()
    }

    /// Whether [`Drain::draining`] has resolved.
    pub fn is_draining(&self) -> bool {
        self.draining.is_cancelled()
    }

    /// Gives the first signal.
    pub fn start(&self) {
        self.draining.cancel();
    }

    /// Gives both signals.
    pub fn close(&self) {
        self.draining.cancel();
        self.closed.cancel();
    }
}
