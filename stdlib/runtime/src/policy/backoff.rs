//! How long to wait before the next attempt.

use std::time::Duration;

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
}
