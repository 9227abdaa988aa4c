//! How many retries are allowed: a share of the recent calls, and a few a second besides.
//!
//! After Finagle's `RetryBudget`, as `tower::retry::budget::TpsBudget` has it: credit expires after `ttl`, in slots of a tenth of it.

use std::time::Duration;

use crate::clock::Instant;

const SLOTS: u32 = 10;

/// The size of a [`RetryBudget`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RetryBudgetSettings {
    /// Retries per call.
    pub ratio: f64,
    /// Retries a second that need no calls, so that a quiet edge may retry too.
    pub min_per_sec: f64,
    /// How long a call's credit lasts.
    pub ttl: Duration,
}

/// The credit and debit of the last `ttl`, in retries.
#[derive(Debug)]
pub struct RetryBudget {
    slots: [f64; SLOTS as usize],
    /// When the first slot began.
    since: Instant,
}

impl RetryBudget {
    /// An empty budget.
    pub fn new(now: Instant) -> Self {
        Self { slots: [0.0; SLOTS as usize], since: now }
    }

    /// A call was made.
    pub fn deposit(&mut self, now: Instant, settings: &RetryBudgetSettings) {
        *self.current(now, settings.ttl) += settings.ratio;
    }

    /// Takes one retry, if there is one.
    pub fn withdraw(&mut self, now: Instant, settings: &RetryBudgetSettings) -> bool {
        self.current(now, settings.ttl);
        let reserve = settings.min_per_sec * settings.ttl.as_secs_f64();
        // Ten times a tenth must be one, although binary fractions do not add up exactly.
        let enough = self.slots.iter().sum::<f64>() + reserve >= 1.0 - 1e-9;
        if enough {
            *self.current(now, settings.ttl) -= 1.0;
        }
        enough
    }

    /// The slot of `now`, the first; older ones move back and fall off the end.
    fn current(&mut self, now: Instant, ttl: Duration) -> &mut f64 {
        let width = (ttl / SLOTS).max(Duration::from_millis(1));
        let passed = now.saturating_duration_since(self.since).as_nanos() / width.as_nanos();
        let passed = u32::try_from(passed).unwrap_or(u32::MAX);
        self.since += width.saturating_mul(passed);
        let gone = passed.min(SLOTS) as usize;
        self.slots.rotate_right(gone % SLOTS as usize);
        self.slots.iter_mut().take(gone).for_each(|slot| *slot = 0.0);
        let [first, ..] = &mut self.slots;
        first
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETTINGS: RetryBudgetSettings =
        RetryBudgetSettings { ratio: 0.1, min_per_sec: 0.0, ttl: Duration::from_secs(10) };

    #[test]
    fn ten_calls_pay_for_one_retry() {
        let now = Instant::now();
        let mut budget = RetryBudget::new(now);
        for _ in 0..9 {
            budget.deposit(now, &SETTINGS);
        }
        assert!(!budget.withdraw(now, &SETTINGS));
        budget.deposit(now, &SETTINGS);
        assert!(budget.withdraw(now, &SETTINGS));
        assert!(!budget.withdraw(now, &SETTINGS));
    }

    #[test]
    fn credit_expires() {
        let now = Instant::now();
        let mut budget = RetryBudget::new(now);
        for _ in 0..100 {
            budget.deposit(now, &SETTINGS);
        }
        let later = now + Duration::from_millis(9_999);
        assert!(budget.withdraw(later, &SETTINGS));
        assert!(
            !budget.withdraw(now + Duration::from_secs(10), &SETTINGS),
            "the debit outlives it"
        );
        // The debit of 9.999 s is gone as well; nothing is owed.
        assert!(!budget.withdraw(now + Duration::from_secs(30), &SETTINGS));
    }

    #[test]
    fn the_reserve_refills() {
        let settings = RetryBudgetSettings { ratio: 0.0, min_per_sec: 0.5, ..SETTINGS };
        let now = Instant::now();
        let mut budget = RetryBudget::new(now);
        let taken = |budget: &mut RetryBudget, at| {
            (0..20).filter(|_| budget.withdraw(at, &settings)).count()
        };
        assert_eq!(taken(&mut budget, now), 5, "0.5 a second for 10 s");
        assert_eq!(taken(&mut budget, now + Duration::from_secs(9)), 0);
        assert_eq!(taken(&mut budget, now + Duration::from_secs(10)), 5);
    }

    #[test]
    fn a_long_silence_costs_no_time() {
        let now = Instant::now();
        let mut budget = RetryBudget::new(now);
        budget.deposit(now, &SETTINGS);
        assert!(!budget.withdraw(now + Duration::from_hours(24 * 365), &SETTINGS));
    }
}
