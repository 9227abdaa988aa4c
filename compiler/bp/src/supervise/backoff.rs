//! When to start a process again after it ended by itself.

use std::time::Duration;

/// After a process ran this long, the waits start over with the shortest.
const STEADY: Duration = Duration::from_secs(10);
/// Wait before the first restart; doubled with each.
const FIRST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(5);
/// After this many quick ends, restarting is pointless.
const MOST: u32 = 5;

/// What to do about a process that ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RestartDecision {
    /// Start it again after this wait.
    After(Duration),
    /// It never stays up; tell the user.
    GiveUp,
}

/// Counts the quick ends of one process.
#[derive(Debug, Clone, Default)]
pub(crate) struct Backoff {
    quick: u32,
}

impl Backoff {
    /// Records that the process ended after running for `ran`.
    pub(crate) fn record_end(&mut self, ran: Duration) -> RestartDecision {
        if ran >= STEADY {
            self.quick = 0;
        }
        self.quick += 1;
        if self.quick >= MOST {
            return RestartDecision::GiveUp;
        }
        let wait = FIRST.saturating_mul(1 << (self.quick - 1).min(16));
        RestartDecision::After(wait.min(LONGEST))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_and_five_quick_ends_are_enough() {
        let mut backoff = Backoff::default();
        let quick = Duration::from_millis(5);
        let waits: Vec<_> = (0..4).map(|_| backoff.record_end(quick)).collect();
        let expected =
            [100, 200, 400, 800].map(|ms| RestartDecision::After(Duration::from_millis(ms)));
        assert_eq!(waits, expected);
        assert_eq!(backoff.record_end(quick), RestartDecision::GiveUp);
    }

    #[test]
    fn a_process_that_ran_for_long_starts_over() {
        let mut backoff = Backoff::default();
        for _ in 0..100 {
            assert_eq!(backoff.record_end(STEADY), RestartDecision::After(FIRST));
        }
    }
}
