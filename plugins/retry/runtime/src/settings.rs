//! What the wiring says; both halves of the plugin compile this file.

use std::time::Duration;

use bp_contract::setting::{Faults, Ratio, Settings, Validate};

/// Repeats an attempt that failed, within a budget.
#[derive(Debug, Clone, Settings)]
#[settings(shorthand = "attempts")]
pub(crate) struct RetrySettings {
    /// Most attempts, the first included.
    #[setting(default = 3, range = 1..=5, tunable)]
    pub(crate) attempts: u32,
    /// How many further attempts there may be.
    pub(crate) budget: BudgetSettings,
    /// How long to wait before a further attempt.
    pub(crate) backoff: BackoffSettings,
    /// Whether attempts, first ones too, are held back to a rate at which the callee refuses few because of load, as in the adaptive mode of AWS's SDKs.
    #[setting(default = "unlimited", tunable)]
    pub(crate) client_rate: ClientRateSetting,
}

/// How many attempts a second a caller makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Settings)]
pub(crate) enum ClientRateSetting {
    Unlimited,
    Adaptive,
}

/// What a bare number means is a share.
#[derive(Debug, Clone, Settings)]
#[settings(shorthand = "ratio")]
pub(crate) struct BudgetSettings {
    #[setting(flatten)]
    pub(crate) rule: BudgetRule,
}

/// The rule of the budget; one for an edge, whatever its methods.
#[derive(Debug, Clone, Settings)]
#[settings(tag = "kind", default = "share")]
pub(crate) enum BudgetRule {
    Share(ShareSettings),
    Rate {
        /// Further attempts a second.
        #[setting(default = 10.0, range = 0.001..=10_000.0, tunable)]
        per_sec: f64,
        /// Further attempts at once, after a pause.
        #[setting(default = 10, range = 1..=10_000, tunable)]
        burst: u32,
    },
    TokenBucket {
        /// Tokens at the start, and at most.
        #[setting(default = 100, range = 1..=1_000_000, tunable)]
        capacity: u32,
        /// Tokens that a further attempt takes.
        #[setting(default = 10.0, range = 0.001..=1000.0, tunable)]
        retry_cost: f64,
        /// Tokens that a success gives back.
        #[setting(default = 1.0, range = 0.0..=1000.0, tunable)]
        success_refund: f64,
    },
    AwsQuota(AwsQuotaSettings),
    GrpcThrottling(GrpcThrottlingSettings),
}

/// Finagle's retry budget, but paid by successes, and with a lower floor.
#[derive(Debug, Clone, Settings)]
pub(crate) struct ShareSettings {
    /// Further attempts as a share of the calls that succeed.
    #[setting(default = 0.1, tunable)]
    pub(crate) ratio: Ratio,
    /// Further attempts a second that no success needs to pay.
    #[setting(default = 1, range = 0..=10_000, tunable)]
    pub(crate) min_per_sec: u32,
    /// How long the share of a success may be saved.
    #[setting(default = "10s", range = "1s"..="60s", tunable)]
    pub(crate) ttl: Duration,
}

/// AWS's retry specification 2.1.
#[derive(Debug, Clone, Settings)]
pub(crate) struct AwsQuotaSettings {
    /// Tokens at the start, and at most.
    #[setting(default = 500, range = 1..=1_000_000, tunable)]
    pub(crate) quota: u32,
    /// Tokens that a further attempt takes; a success gives back what its last one took.
    #[setting(default = 14, range = 1..=1000, tunable)]
    pub(crate) transient_cost: u32,
    /// Tokens that it takes after a refusal because of load.
    #[setting(default = 5, range = 1..=1000, tunable)]
    pub(crate) throttled_cost: u32,
    /// Tokens that a success gives back that needed no further attempt.
    #[setting(default = 1, range = 0..=1000, tunable)]
    pub(crate) refund: u32,
}

/// gRPC's throttling of retries (proposal A6).
#[derive(Debug, Clone, Settings)]
pub(crate) struct GrpcThrottlingSettings {
    /// Tokens at the start, and at most; a failure takes one, and nothing is repeated with half of them or fewer.
    #[setting(default = 10.0, range = 1.0..=1000.0, tunable)]
    pub(crate) max_tokens: f64,
    /// Tokens that a success gives back.
    #[setting(default = 0.1, range = 0.001..=1000.0, tunable)]
    pub(crate) token_ratio: f64,
}

/// What a bare duration means is the first wait of an exponential backoff.
#[derive(Debug, Clone, Settings)]
#[settings(shorthand = "init")]
pub(crate) struct BackoffSettings {
    #[setting(flatten)]
    pub(crate) rule: BackoffRule,
}

/// How the wait is found.
#[derive(Debug, Clone, Settings)]
#[settings(tag = "kind", default = "exponential")]
pub(crate) enum BackoffRule {
    Exponential(ExponentialSettings),
    Fixed {
        /// The wait before every further attempt.
        #[setting(default = "100ms", range = "0s"..="60s", tunable)]
        pause: Duration,
    },
}

/// gRPC's backoff: `random(0, min(init × multiplier^(n−1), max))`.
#[derive(Debug, Clone, Settings)]
#[settings(validate)]
pub(crate) struct ExponentialSettings {
    /// Longest wait before the second attempt.
    #[setting(default = "50ms", range = "0s"..="60s", tunable)]
    pub(crate) init: Duration,
    /// The same after a refusal because of load; as `init` unless set.
    #[setting(range = "0s"..="60s", tunable)]
    pub(crate) throttled_init: Option<Duration>,
    /// Longest wait before any attempt.
    #[setting(default = "1s", range = "0s"..="60s", tunable)]
    pub(crate) max: Duration,
    /// Growth of the wait with each attempt.
    #[setting(default = 2.0, range = 1.0..=10.0, tunable)]
    pub(crate) multiplier: f64,
    /// Whether the wait is drawn from zero up to the longest.
    #[setting(default = "full", tunable)]
    pub(crate) jitter: JitterSetting,
}

/// How a wait is drawn.
#[derive(Debug, Clone, Copy, Settings)]
pub(crate) enum JitterSetting {
    Full,
    None,
}

impl Validate for ExponentialSettings {
    fn validate(&self, faults: &mut Faults) {
        if self.init > self.max {
            faults
                .at(Self::INIT, "it is greater than `backoff.max`")
                .help("lower `backoff.init` or raise `backoff.max`");
        }
        if self.throttled_init.is_some_and(|init| init > self.max) {
            faults
                .at(Self::THROTTLED_INIT, "it is greater than `backoff.max`")
                .help("lower `backoff.throttled_init` or raise `backoff.max`");
        }
    }
}
