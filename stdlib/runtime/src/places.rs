//! On which of several connections to one endpoint a call goes, for transports whose connections carry many calls at once.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use crate::sync::lock;

/// How many calls every callee is taken to allow on a connection: RFC 9113 (6.5.2) recommends no fewer. Asking a connection takes a lock that its other calls need.
const USUAL: usize = 100;

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

    /// A place on the first connection that has one; `allowed` says how many calls the callee allows on a connection, by its number. It is asked only when there are many already.
    pub fn take(&self, allowed: impl Fn(usize) -> usize) -> Place {
        let fits = |connection, before| {
            before < USUAL.min(self.most)
                || (before < self.most && before < allowed(connection).max(1))
        };
        if let Some(place) = Place::take(&self.first, 0, fits) {
            return place;
        }
        let mut others = lock(&self.others);
        let mut numbered = others.iter().zip(1..);
        if let Some(place) = numbered.find_map(|(calls, number)| Place::take(calls, number, fits)) {
            return place;
        }
        let calls = Arc::new(AtomicUsize::new(1));
        others.push(calls.clone());
        Place { calls, connection: others.len() }
    }
}

impl Place {
    /// A place, if it `fits` beside those that are taken.
    fn take(
        calls: &Arc<AtomicUsize>,
        connection: usize,
        fits: impl Fn(usize, usize) -> bool,
    ) -> Option<Self> {
        let before = calls.fetch_add(1, Ordering::Relaxed);
        // A place too many is given back when it is dropped.
        let place = Self { calls: calls.clone(), connection };
        fits(connection, before).then_some(place)
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
    fn a_callee_that_allows_fewer_calls_than_the_setting_gets_more_connections() {
        let places = Places::new(1000);
        let allowed = |connection| if connection == 0 { 150 } else { 0 };
        let taken: Vec<Place> = (0..251).map(|_| places.take(allowed)).collect();
        let on = |number| taken.iter().filter(|place| place.connection() == number).count();
        assert_eq!((on(0), on(1), on(2)), (150, 100, 1));
    }
}
