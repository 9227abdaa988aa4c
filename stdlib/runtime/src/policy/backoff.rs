//! How long to wait before the next attempt.

use std::time::Duration;

use crate::reply_metadata::RetryAfter;

/// How much longer than its own pause a caller waits at most because the callee says so: AWS's retry specification 2.1.
const LONGEST_WORD: Duration = Duration::from_secs(5);

/// gRPC's backoff: at most `min(init × multiplier^(n−1), max)` before the n-th further attempt.
///
/// Full jitter draws uniformly below that (Marc Brooker, "Exponential Backoff And Jitter", 2015).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Backoff {
    /// The longest pause after the first attempt.
    pub init: Duration,
    /// The longest pause after any attempt.
    pub max: Duration,
    /// Growth of the longest pause with each attempt.
    pub multiplier: f64,
    /// How the pause is drawn.
    pub jitter: Jitter,
}

/// How a pause is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Jitter {
    /// Uniformly between nothing and the longest, so that callers that failed together do not return together.
    Full,
    /// Always the longest.
    None,
}

impl Backoff {
    /// The pause after attempt `attempt` (from 0); `random` is uniform in `[0, 1)`.
    pub fn pause(&self, attempt: u32, random: f64) -> Duration {
        let growth = self.multiplier.powf(f64::from(attempt));
        let longest = (self.init.as_secs_f64() * growth).min(self.max.as_secs_f64()).max(0.0);
        let share = match self.jitter {
            Jitter::Full => random.clamp(0.0, 1.0),
            Jitter::None => 1.0,
        };
        Duration::try_from_secs_f64(longest * share).unwrap_or(self.max)
    }
}

/// The pause before another attempt, given the caller's own and the callee's word: that long, but not shorter than the own pause, and at most 5 s longer.
///
/// `None` when the callee says never.
pub fn obey(pause: Duration, word: Option<RetryAfter>) -> Option<Duration> {
    match word {
        None => Some(pause),
        Some(RetryAfter::After(asked)) => {
            Some(asked.clamp(pause, pause.saturating_add(LONGEST_WORD)))
        }
        Some(RetryAfter::Never) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_pause_grows_up_to_max_and_chance_chooses_below_it() {
        let mut backoff = Backoff {
            init: Duration::from_millis(10),
            max: Duration::from_millis(35),
            multiplier: 2.0,
            jitter: Jitter::Full,
        };
        let longest: Vec<u128> = (0..5).map(|n| backoff.pause(n, 1.0).as_millis()).collect();
        assert_eq!(longest, [10, 20, 35, 35, 35]);
        assert_eq!(backoff.pause(1, 0.0), Duration::ZERO);
        assert_eq!(backoff.pause(1, 0.5), Duration::from_millis(10));
        assert_eq!(backoff.pause(u32::MAX, 1.0), Duration::from_millis(35));
        backoff.jitter = Jitter::None;
        assert_eq!(backoff.pause(1, 0.0), Duration::from_millis(20));
    }

    #[test]
    fn a_callees_word_is_obeyed_within_five_seconds() {
        let pause = Duration::from_millis(50);
        let after = |millis| obey(pause, Some(RetryAfter::After(Duration::from_millis(millis))));
        assert_eq!(obey(pause, None), Some(pause));
        assert_eq!(after(0), Some(pause));
        assert_eq!(after(1500), Some(Duration::from_millis(1500)));
        assert_eq!(after(10_000), Some(Duration::from_millis(5050)));
        assert_eq!(obey(pause, Some(RetryAfter::Never)), None);
    }
}
