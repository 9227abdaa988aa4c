//! How many further attempts an edge may make, beyond those that each call may.
//!
//! A budget must be paid by successes: one that is paid by calls keeps an overload alive, because failing calls go on paying for more of them.

use std::mem::{Discriminant, discriminant};
use std::time::Duration;

use crate::clock::Instant;

const SLOTS: u32 = 10;
/// Ten times a tenth must be one, although binary fractions do not add up exactly.
const ROUNDING: f64 = 1e-9;
/// gRPC counts thousandths of tokens; sums of binary fractions stay nearer than a quarter of one.
const GRPC_ROUNDING: f64 = 0.000_25;

/// The rule of a [`RetryBudget`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum RetryBudgetSettings {
    /// A share of the recent successes, and a few a second besides.
    ///
    /// After Finagle's `RetryBudget`, as `tower::retry::budget::TpsBudget` has it, in slots of a tenth of `ttl`; but paid by successes.
    Share {
        /// Further attempts per success.
        ratio: f64,
        /// Further attempts a second that nothing needs to pay, so that a quiet edge may repeat too.
        min_per_sec: f64,
        /// How long the credit of a success lasts.
        ttl: Duration,
    },
    /// So many a second, whatever becomes of them.
    Rate {
        /// Further attempts a second.
        per_sec: f64,
        /// Further attempts at once, after a pause.
        burst: f64,
    },
    /// Tokens that further attempts take and successes give back.
    TokenBucket {
        /// Tokens at the start, and at most.
        capacity: f64,
        /// What a further attempt takes.
        retry_cost: f64,
        /// What a success gives back.
        success_refund: f64,
    },
    /// The retry quota of AWS's SDKs (retry specification 2.1): a success gives back what the call's last further attempt took.
    AwsQuota {
        /// Tokens at the start, and at most.
        capacity: f64,
        /// What a further attempt takes.
        retry_cost: f64,
        /// What it takes after a refusal because of load.
        throttled_cost: f64,
        /// What a success gives back that needed no further attempt.
        success_refund: f64,
    },
    /// gRPC's throttling of retries (proposal A6): failures take one token each, successes give some back, and below half of the tokens nothing is repeated.
    GrpcThrottling {
        /// Tokens at the start, and at most.
        max_tokens: f64,
        /// What a success gives back.
        token_ratio: f64,
    },
}

/// What a further attempt took from a budget.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Withdrawal {
    cost: f64,
}

/// The budget of an edge: every wrapper that repeats its calls takes from it.
///
/// The settings may change from one use to the next. If their kind does, the budget is as a new one.
#[derive(Debug)]
pub struct RetryBudget {
    state: State,
    kind: Option<Discriminant<RetryBudgetSettings>>,
    made: Instant,
}

#[derive(Debug)]
enum State {
    Window(Window),
    Bucket { tokens: f64, filled: Instant },
}

impl RetryBudget {
    /// A full budget.
    pub fn new(now: Instant) -> Self {
        Self { state: State::Bucket { tokens: 0.0, filled: now }, kind: None, made: now }
    }

    /// An attempt failed in a way that may be repeated, or that the callee said not to repeat.
    pub fn record_failure(&mut self, now: Instant, settings: &RetryBudgetSettings) {
        if matches!(settings, RetryBudgetSettings::GrpcThrottling { .. })
            && let State::Bucket { tokens, .. } = self.state(now, settings)
        {
            *tokens = (*tokens - 1.0).max(0.0);
        }
    }

    /// Takes what another attempt costs, if there is enough; `throttled` says that the callee refused the last one because of load.
    pub fn withdraw(
        &mut self,
        now: Instant,
        settings: &RetryBudgetSettings,
        throttled: bool,
    ) -> Option<Withdrawal> {
        use RetryBudgetSettings as Kind;
        let cost = match *settings {
            Kind::Share { .. } | Kind::Rate { .. } => 1.0,
            Kind::TokenBucket { retry_cost, .. } => retry_cost,
            Kind::AwsQuota { retry_cost, throttled_cost, .. } => {
                if throttled {
                    throttled_cost
                } else {
                    retry_cost
                }
            }
            Kind::GrpcThrottling { max_tokens, .. } => {
                let enough = self.left(now, settings) > max_tokens / 2.0 + GRPC_ROUNDING;
                return enough.then_some(Withdrawal { cost: 0.0 });
            }
        };
        if self.left(now, settings) + ROUNDING < cost {
            return None;
        }
        match self.state(now, settings) {
            State::Window(window) => *window.current() -= cost,
            State::Bucket { tokens, .. } => *tokens -= cost,
        }
        Some(Withdrawal { cost })
    }

    /// The attempt that `withdrawal` paid for is not made after all.
    pub fn refund(&mut self, now: Instant, settings: &RetryBudgetSettings, withdrawal: Withdrawal) {
        let most = find_capacity(settings).unwrap_or(f64::INFINITY);
        match self.state(now, settings) {
            State::Window(window) => *window.current() += withdrawal.cost,
            State::Bucket { tokens, .. } => *tokens = (*tokens + withdrawal.cost).min(most),
        }
    }

    /// A call was answered; `last` is what its last further attempt took.
    pub fn deposit(
        &mut self,
        now: Instant,
        settings: &RetryBudgetSettings,
        last: Option<Withdrawal>,
    ) {
        use RetryBudgetSettings as Kind;
        let (credit, most) = match *settings {
            Kind::Share { ratio, .. } => (ratio, f64::INFINITY),
            Kind::Rate { .. } => return,
            Kind::TokenBucket { capacity, success_refund, .. } => (success_refund, capacity),
            Kind::AwsQuota { capacity, success_refund, .. } => {
                (last.map_or(success_refund, |last| last.cost), capacity)
            }
            Kind::GrpcThrottling { max_tokens, token_ratio } => (token_ratio, max_tokens),
        };
        match self.state(now, settings) {
            State::Window(window) => *window.current() += credit,
            State::Bucket { tokens, .. } => *tokens = (*tokens + credit).min(most),
        }
    }

    /// What is left, in further attempts (share, rate) or tokens.
    pub fn left(&mut self, now: Instant, settings: &RetryBudgetSettings) -> f64 {
        match self.state(now, settings) {
            State::Bucket { tokens, .. } => *tokens,
            State::Window(window) => match *settings {
                RetryBudgetSettings::Share { min_per_sec, ttl, .. } => {
                    window.sum() + min_per_sec * ttl.as_secs_f64()
                }
                _ => window.sum(),
            },
        }
    }

    /// The state of this kind of settings, as it is at `now`.
    fn state(&mut self, now: Instant, settings: &RetryBudgetSettings) -> &mut State {
        use RetryBudgetSettings as Kind;
        let capacity = find_capacity(settings);
        if self.kind != Some(discriminant(settings)) {
            self.kind = Some(discriminant(settings));
            self.state = match capacity {
                None => State::Window(Window::new(self.made)),
                Some(tokens) => State::Bucket { tokens, filled: now },
            };
        }
        match (&mut self.state, *settings) {
            (State::Window(window), Kind::Share { ttl, .. }) => window.advance(now, ttl),
            (State::Bucket { tokens, filled }, Kind::Rate { per_sec, burst }) => {
                let passed = now.saturating_duration_since(*filled);
                *tokens = (*tokens + per_sec * passed.as_secs_f64()).min(burst);
                *filled = now.max(*filled);
            }
            // Settings that became smaller hold at once.
            (State::Bucket { tokens, .. }, _) => *tokens = tokens.min(capacity.unwrap_or(*tokens)),
            (State::Window(_), _) => {}
        }
        &mut self.state
    }
}

/// How many tokens there may be at most; `None` for a share.
fn find_capacity(settings: &RetryBudgetSettings) -> Option<f64> {
    use RetryBudgetSettings as Kind;
    match *settings {
        Kind::Share { .. } => None,
        Kind::Rate { burst, .. } => Some(burst),
        Kind::TokenBucket { capacity, .. } | Kind::AwsQuota { capacity, .. } => Some(capacity),
        Kind::GrpcThrottling { max_tokens, .. } => Some(max_tokens),
    }
}

/// The credit and debit of the last `ttl`, in further attempts.
#[derive(Debug)]
struct Window {
    slots: [f64; SLOTS as usize],
    /// When the first slot began.
    since: Instant,
}

impl Window {
    fn new(now: Instant) -> Self {
        Self { slots: [0.0; SLOTS as usize], since: now }
    }

    /// Moves older slots back, of which the oldest fall off the end.
    fn advance(&mut self, now: Instant, ttl: Duration) {
        let width = (ttl / SLOTS).max(Duration::from_millis(1));
        let passed = now.saturating_duration_since(self.since).as_nanos() / width.as_nanos();
        let passed = u32::try_from(passed).unwrap_or(u32::MAX);
        self.since += width.saturating_mul(passed);
        let gone = passed.min(SLOTS) as usize;
        self.slots.rotate_right(gone % SLOTS as usize);
        self.slots.iter_mut().take(gone).for_each(|slot| *slot = 0.0);
    }

    fn current(&mut self) -> &mut f64 {
        let [first, ..] = &mut self.slots;
        first
    }

    fn sum(&self) -> f64 {
        self.slots.iter().sum()
    }
}

#[cfg(test)]
mod tests;
