//! On which of several connections to one endpoint a call goes, for transports whose connections carry many calls at once.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use crate::sync::lock;

/// Counts the calls on each of the connections to one endpoint.
///
/// A call goes to the first connection that has a place, so that the later ones become free; their number grows with the calls at once.
#[derive(Debug)]
pub struct Places {
    most: usize,
    first: Arc<AtomicUsize>,
    others: Mutex<Vec<Arc<AtomicUsize>>>,
}

/// One call's place on a connection, counted while it lives.
#[derive(Debug)]
pub struct Place {
    calls: Arc<AtomicUsize>,
    connection: usize,
}

impl Places {
    /// Places for `most` calls at once on each connection.
    pub fn new(most: u32) -> Self {
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        Self { most, first: Arc::default(), others: Mutex::default() }
    }

    /// A place on the first connection that has one; `allowed` says how many calls the callee allows on a connection, by its number.
    pub fn take(&self, allowed: impl Fn(usize) -> usize) -> Place {
        let most = |connection| self.most.min(allowed(connection)).max(1);
        if let Some(place) = Place::take(&self.first, 0, most(0)) {
            return place;
        }
        let mut others = lock(&self.others);
        let mut numbered = others.iter().zip(1..);
        if let Some(place) =
            numbered.find_map(|(calls, number)| Place::take(calls, number, most(number)))
        {
            return place;
        }
        let calls = Arc::new(AtomicUsize::new(1));
        others.push(calls.clone());
        Place { calls, connection: others.len() }
    }
}

impl Place {
    fn take(calls: &Arc<AtomicUsize>, connection: usize, most: usize) -> Option<Self> {
        let before = calls.fetch_add(1, Ordering::Relaxed);
        // A place too many is given back when it is dropped.
        let place = Self { calls: calls.clone(), connection };
        (before < most).then_some(place)
    }

    /// The number of the connection, from 0.
    pub fn connection(&self) -> usize {
        self.connection
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.calls.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_goes_to_the_first_connection_with_a_place() {
        let places = Places::new(2);
        let taken: Vec<Place> = (0..5).map(|_| places.take(|_| usize::MAX)).collect();
        let on = |taken: &[Place]| taken.iter().map(Place::connection).collect::<Vec<_>>();
        assert_eq!(on(&taken), [0, 0, 1, 1, 2]);
        drop(taken);
        let again: Vec<Place> = (0..3).map(|_| places.take(|_| usize::MAX)).collect();
        assert_eq!(on(&again), [0, 0, 1], "every place was given back");
    }

    #[test]
    fn a_callee_that_allows_fewer_calls_gets_more_connections_and_at_least_one_call_on_each() {
        let places = Places::new(2);
        let allowed = |connection| usize::from(connection == 0);
        let taken: Vec<usize> = (0..3)
            .map(|_| std::mem::ManuallyDrop::new(places.take(allowed)).connection())
            .collect();
        assert_eq!(taken, [0, 1, 2]);
    }
}
