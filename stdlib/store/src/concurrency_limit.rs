//! A bound on calls at once, for libraries that have a connection pool of their own and let callers wait for ever.

use bp_runtime::{Infra, Live, Processed, StartError};
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::{Limit, Limits, StoreAddress};

/// Lets in as many calls as there are connections.
#[derive(Debug)]
pub struct ConcurrencyLimit {
    permits: Semaphore,
    size: usize,
    limits: Live<Limits>,
    address: StoreAddress,
}

impl ConcurrencyLimit {
    /// For as many connections as the limits say now.
    ///
    /// # Errors
    /// The number is 0, or larger than a semaphore allows.
    pub fn new(address: StoreAddress, limits: Live<Limits>) -> Result<Self, StartError> {
        let size = limits.get().pool;
        if size == 0 || size > Semaphore::MAX_PERMITS {
            return Err(StartError::new(format!("a pool cannot have {size} connections")));
        }
        Ok(Self { permits: Semaphore::new(size), size, limits, address })
    }

    /// Waits for a place; the call has it until the permit is dropped.
    ///
    /// # Errors
    /// No place is free in time; nothing was sent.
    pub async fn enter(&self) -> Result<(SemaphorePermit<'_>, Limit), Infra> {
        let limits = **self.limits.get();
        let limit = Limit::new(limits.timeout);
        let left = limit.left();
        if left.is_zero() {
            return Err(limit.passed(Processed::No, "nothing was sent"));
        }
        match tokio::time::timeout(left.min(limits.wait), self.permits.acquire()).await {
            Ok(Ok(permit)) => Ok((permit, limit)),
            Ok(Err(closed)) => Err(Infra::unavailable(format!("{}: {closed}", self.address))),
            Err(_) if limits.wait < left => {
                Err(crate::limits::busy(self.size, &self.address, limits.wait))
            }
            Err(_) => {
                let what = format!("no connection to {}", self.address);
                Err(limit.passed(Processed::No, &what))
            }
        }
    }
}
