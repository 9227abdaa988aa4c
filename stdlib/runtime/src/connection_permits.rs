//! On which of several connections to one endpoint a call goes, for transports whose connections carry many calls at once.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use crate::sync::lock;

/// Counts the calls on each of the connections to one endpoint.
///
/// A call goes to the first connection that may carry another one, so that the later ones become free; their number grows with the calls at once.
#[derive(Debug)]
pub struct ConnectionPermits {
    most: usize,
    first: Arc<AtomicUsize>,
    others: Mutex<Vec<Arc<AtomicUsize>>>,
}

/// One call on a connection, counted while this lives.
#[derive(Debug)]
pub struct ConnectionPermit {
    calls: Arc<AtomicUsize>,
    connection: usize,
}

impl ConnectionPermits {
    /// Permits for `most` calls at once on each connection.
    pub fn new(most: u32) -> Self {
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        Self { most, first: Arc::default(), others: Mutex::default() }
    }

    /// A permit for the first connection that may carry another call; `allowed` is how many calls the callee allows on a connection.
    pub fn acquire(&self, allowed: usize) -> ConnectionPermit {
        let most = self.most.min(allowed).max(1);
        if let Some(permit) = ConnectionPermit::acquire(&self.first, 0, most) {
            return permit;
        }
        let mut others = lock(&self.others);
        let mut numbered = others.iter().zip(1..);
        let found =
            numbered.find_map(|(calls, number)| ConnectionPermit::acquire(calls, number, most));
        found.unwrap_or_else(|| {
            let calls = Arc::new(AtomicUsize::new(1));
            others.push(calls.clone());
            ConnectionPermit { calls, connection: others.len() }
        })
    }
}

impl ConnectionPermit {
    fn acquire(calls: &Arc<AtomicUsize>, connection: usize, most: usize) -> Option<Self> {
        let one_more = |before| (before < most).then_some(before + 1);
        calls.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more).ok()?;
        Some(Self { calls: calls.clone(), connection })
    }

    /// The number of the connection, from 0.
    pub fn connection(&self) -> usize {
        self.connection
    }
}

impl Drop for ConnectionPermit {
    fn drop(&mut self) {
        self.calls.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_goes_to_the_first_connection_that_may_carry_it() {
        let permits = ConnectionPermits::new(2);
        let taken: Vec<_> = (0..5).map(|_| permits.acquire(usize::MAX)).collect();
        let on = |taken: &[ConnectionPermit]| {
            taken.iter().map(ConnectionPermit::connection).collect::<Vec<_>>()
        };
        assert_eq!(on(&taken), [0, 0, 1, 1, 2]);
        drop(taken);
        let again: Vec<_> = (0..3).map(|_| permits.acquire(usize::MAX)).collect();
        assert_eq!(on(&again), [0, 0, 1], "every permit was given back");
    }

    #[test]
    fn a_callee_that_allows_fewer_calls_gets_more_connections_and_at_least_one_call_on_each() {
        let permits = ConnectionPermits::new(2);
        let taken: Vec<_> = [1, 1, 0].into_iter().map(|allowed| permits.acquire(allowed)).collect();
        let on: Vec<_> = taken.iter().map(ConnectionPermit::connection).collect();
        assert_eq!(on, [0, 1, 2]);
    }
}
