//! How long a call may take.

use std::future::Future;
use std::time::Duration;

use bp_runtime::{Context, Infra, Instant, Processed};

use crate::StoreAddress;

/// When one call must be answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    until: Instant,
    /// Whether the caller's deadline is what ends it.
    deadline: bool,
}

impl Limit {
    /// From now: the earlier of the caller's deadline and the instance's own limit.
    pub fn new(timeout: Duration) -> Self {
        let own = Instant::now() + timeout;
        let deadline = Context::with_current(Context::deadline).flatten();
        match deadline {
            Some(deadline) if deadline < own => Self { until: deadline, deadline: true },
            _ => Self { until: own, deadline: false },
        }
    }

    /// The time left.
    pub fn left(&self) -> Duration {
        self.until.saturating_duration_since(Instant::now())
    }

    /// Awaits an exchange with the store.
    ///
    /// # Errors
    /// It is too late; the request may have been sent.
    pub async fn wait<F: Future>(&self, exchange: F) -> Result<F::Output, Infra> {
        tokio::time::timeout_at(self.until, exchange)
            .await
            .map_err(|_| self.passed(Processed::Maybe, "the store has not answered"))
    }

    /// The error of a call that is too late.
    pub fn passed(&self, processed: Processed, what: &str) -> Infra {
        let which = if self.deadline { "the deadline" } else { "the backend's `timeout`" };
        Infra::deadline(processed, format!("{what} within {which}"))
    }
}

/// All connections have been busy for as long as a call may wait.
pub(crate) fn busy(size: usize, address: &StoreAddress, wait: Duration) -> Infra {
    Infra::overloaded(format!("all {size} connections to {address} have been busy for {wait:?}"))
}
