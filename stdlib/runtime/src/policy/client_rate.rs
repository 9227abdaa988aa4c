//! How fast a caller may send, learnt from the refusals of its callee: the "adaptive" mode of AWS's SDKs.
//!
//! The rate follows CUBIC, TCP's congestion control (RFC 9438): after a refusal it falls, comes back quickly to where the refusal was, stays there for a while, and then looks for more.

use std::time::Duration;

use crate::clock::Instant;

/// What is left of the rate after a refusal because of load.
const BETA: f64 = 0.7;
/// How quickly the rate grows, in calls a second per cubic second.
const SCALE: f64 = 0.4;
/// What the newest bucket counts for in the measured rate; all older ones together count for the rest.
const SMOOTHING: f64 = 0.8;
/// How long answers are counted before they become a rate.
const BUCKET: Duration = Duration::from_millis(500);
/// The lowest rate, in calls a second, so that a caller finds out when its callee has recovered.
const MIN_RATE: f64 = 0.5;
/// The least capacity of the tokens, so that a call can be sent at any rate.
const MIN_CAPACITY: f64 = 1.0;
/// The allowed rate is at most so many times the measured one, so that a caller that sends little does not save up for a burst.
const MOST_OF_MEASURED: f64 = 2.0;

/// The rate, in calls a second, as a cubic function of the time since the last refusal because of load.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CubicRate {
    /// The rate when the callee last refused.
    max_rate: f64,
    throttled_at: Instant,
}

impl CubicRate {
    /// As if the callee had refused at `throttled_at`, when the rate was `max_rate` calls a second.
    pub fn new(max_rate: f64, throttled_at: Instant) -> Self {
        Self { max_rate, throttled_at }
    }

    /// The rate after an answer.
    pub fn succeed(&self, now: Instant) -> f64 {
        // When the curve is back at `max_rate`.
        let plateau = (self.max_rate * (1.0 - BETA) / SCALE).cbrt();
        let passed = now.saturating_duration_since(self.throttled_at).as_secs_f64();
        SCALE * (passed - plateau).powi(3) + self.max_rate
    }

    /// The rate after a refusal because of load of a caller that sent `rate` calls a second.
    pub fn throttle(&mut self, now: Instant, rate: f64) -> f64 {
        *self = Self::new(rate, now);
        rate * BETA
    }
}

/// Holds back calls, so that a callee that refuses some because of load gets no more of them than it takes.
///
/// Nothing is held back before the first refusal.
#[derive(Debug)]
pub struct ClientRateLimiter {
    cubic: CubicRate,
    measured: MeasuredRate,
    /// Absent until the first refusal.
    tokens: Option<Tokens>,
    /// What tokens are filled with, in calls a second; followed before the first refusal as well.
    rate: f64,
}

impl ClientRateLimiter {
    /// One that holds nothing back yet.
    pub fn new(now: Instant) -> Self {
        Self {
            cubic: CubicRate::new(0.0, now),
            measured: MeasuredRate::new(now),
            tokens: None,
            rate: MIN_RATE,
        }
    }

    /// How long to wait before an attempt is sent; it counts as sent.
    ///
    /// `None` if that were not shorter than `longest`, such as the rest of a deadline; then the attempt is not to be made, and counts for nothing.
    pub fn acquire(&mut self, now: Instant, longest: Duration) -> Option<Duration> {
        let Some(tokens) = &mut self.tokens else { return Some(Duration::ZERO) };
        tokens.refill(now, self.rate);
        let missing = (1.0 - tokens.left).max(0.0);
        let pause = Duration::try_from_secs_f64(missing / self.rate).unwrap_or(Duration::MAX);
        if pause > longest || (pause == longest && !pause.is_zero()) {
            return None;
        }
        // Below zero if others wait already: each waits behind those that came before it.
        tokens.left -= 1.0;
        Some(pause)
    }

    /// An attempt that had a turn is not made after all.
    pub fn give_back(&mut self) {
        if let Some(tokens) = &mut self.tokens {
            tokens.left = (tokens.left + 1.0).min(tokens.capacity);
        }
    }

    /// An attempt was answered, or failed for another reason than load.
    pub fn record_success(&mut self, now: Instant) {
        self.measured.record(now);
        let rate = self.cubic.succeed(now);
        self.adjust(now, rate);
    }

    /// The callee refused an attempt because of load.
    pub fn record_throttling(&mut self, now: Instant) {
        self.measured.record(now);
        let measured = self.measured.rate;
        // The rate that was allowed says nothing about a caller that sends less.
        let sent = if self.tokens.is_some() { measured.min(self.rate) } else { measured };
        let rate = self.cubic.throttle(now, sent);
        self.tokens.get_or_insert(Tokens { left: 0.0, capacity: 0.0, filled: now });
        self.adjust(now, rate);
    }

    /// The rate at which tokens are filled, in calls a second.
    pub fn rate(&self) -> f64 {
        self.rate
    }

    /// The rate at which attempts ended lately, in calls a second.
    pub fn measured_rate(&self) -> f64 {
        self.measured.rate
    }

    fn adjust(&mut self, now: Instant, rate: f64) {
        let rate = rate.min(MOST_OF_MEASURED * self.measured.rate);
        if let Some(tokens) = &mut self.tokens {
            // What has passed was filled at the old rate.
            tokens.refill(now, self.rate);
            tokens.capacity = rate.max(MIN_CAPACITY);
            tokens.left = tokens.left.min(tokens.capacity);
        }
        self.rate = rate.max(MIN_RATE);
    }
}

/// What may be sent at once: filled with time, at most a second's worth.
#[derive(Debug)]
struct Tokens {
    left: f64,
    capacity: f64,
    filled: Instant,
}

impl Tokens {
    fn refill(&mut self, now: Instant, rate: f64) {
        let passed = now.saturating_duration_since(self.filled).as_secs_f64();
        self.left = (self.left + passed * rate).min(self.capacity);
        self.filled = self.filled.max(now);
    }
}

/// How many attempts ended a second, smoothed over buckets of half a second.
#[derive(Debug)]
struct MeasuredRate {
    rate: f64,
    count: f64,
    /// When the bucket began in which attempts are counted.
    since: Instant,
}

impl MeasuredRate {
    fn new(now: Instant) -> Self {
        Self { rate: 0.0, count: 0.0, since: now }
    }

    fn record(&mut self, now: Instant) {
        self.count += 1.0;
        let passed = now.saturating_duration_since(self.since).as_nanos() / BUCKET.as_nanos();
        let buckets = u32::try_from(passed).unwrap_or(u32::MAX);
        if buckets > 0 {
            let time = BUCKET.saturating_mul(buckets);
            let current = self.count / time.as_secs_f64();
            self.rate = current * SMOOTHING + self.rate * (1.0 - SMOOTHING);
            self.count = 0.0;
            self.since += time;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_hours(1);

    /// A caller that sent ten calls a second for two seconds, and was then refused; and when that was.
    fn throttled() -> (ClientRateLimiter, Instant) {
        let start = Instant::now();
        let mut limiter = ClientRateLimiter::new(start);
        let at = |tenths: u64| start + Duration::from_millis(100 * tenths);
        for tenths in 1..20 {
            limiter.record_success(at(tenths));
        }
        limiter.record_throttling(at(20));
        (limiter, at(20))
    }

    #[test]
    fn nothing_is_held_back_before_the_first_refusal() {
        let now = Instant::now();
        let mut limiter = ClientRateLimiter::new(now);
        for _ in 0..1_000 {
            assert_eq!(limiter.acquire(now, Duration::ZERO), Some(Duration::ZERO));
            limiter.record_success(now);
        }
    }

    #[test]
    fn a_refusal_lowers_the_rate_and_callers_wait_one_behind_the_other() {
        let (mut limiter, now) = throttled();
        let (measured, rate) = (limiter.measured_rate(), limiter.rate());
        assert!((9.0..11.0).contains(&measured), "{measured}");
        assert!((rate - measured * BETA).abs() < 1e-9, "{rate}");
        for place in 1..5 {
            let pause = limiter.acquire(now, LONG).unwrap().as_secs_f64();
            assert!((pause - f64::from(place) / rate).abs() < 1e-6, "{place}: {pause}");
        }
    }

    #[test]
    fn an_attempt_that_cannot_wait_so_long_takes_nothing() {
        let (mut limiter, now) = throttled();
        let pause = limiter.acquire(now, LONG).unwrap();
        assert_eq!(limiter.acquire(now, pause), None);
        let second = limiter.acquire(now, 3 * pause).unwrap();
        assert!(second.abs_diff(2 * pause) < Duration::from_micros(1), "{second:?}");
    }

    #[test]
    fn at_most_the_calls_of_a_second_are_saved_up() {
        let (mut limiter, now) = throttled();
        let later = now + LONG;
        let at_once = |limiter: &mut ClientRateLimiter| {
            (0..100).take_while(|_| limiter.acquire(later, Duration::ZERO).is_some()).count()
        };
        assert!((6..8).contains(&at_once(&mut limiter)), "{}", limiter.rate());
    }

    #[test]
    fn a_caller_that_sends_little_is_allowed_twice_that_at_most() {
        let (mut limiter, now) = throttled();
        for second in 1..60 {
            limiter.record_success(now + Duration::from_secs(second));
        }
        assert!((limiter.measured_rate() - 1.0).abs() < 1e-6);
        assert!((limiter.rate() - 2.0).abs() < 1e-6);
    }

    #[test]
    fn a_callee_that_refuses_everything_gets_a_call_every_two_seconds() {
        let (mut limiter, mut now) = throttled();
        for _ in 0..100 {
            now += limiter.acquire(now, LONG).unwrap();
            limiter.record_throttling(now);
        }
        assert!((limiter.rate() - MIN_RATE).abs() < 1e-9);
        assert_eq!(limiter.acquire(now, LONG), Some(Duration::from_secs(2)));
    }
}
