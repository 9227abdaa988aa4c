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
}

/// Finagle's retry budget: 20 % and 10 a second, credits that expire after 10 s; ours is stricter on the share.
#[derive(Debug, Clone, Settings)]
#[settings(shorthand = "ratio")]
pub(crate) struct BudgetSettings {
    /// Further attempts as a share of calls.
    #[setting(default = 0.1, tunable)]
    pub(crate) ratio: Ratio,
    /// Further attempts that are always granted.
    #[setting(default = 10, range = 0..=10_000, tunable)]
    pub(crate) min_per_sec: u32,
    /// How long a call's share may be saved.
    #[setting(default = "10s", range = "1s"..="60s", tunable)]
    pub(crate) ttl: Duration,
}

/// gRPC's backoff: `random(0, min(init × multiplier^(n−1), max))`.
#[derive(Debug, Clone, Settings)]
#[settings(shorthand = "init", validate)]
pub(crate) struct BackoffSettings {
    /// Longest wait before the second attempt.
    #[setting(default = "50ms", range = "0s"..="60s", tunable)]
    pub(crate) init: Duration,
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

impl Validate for BackoffSettings {
    fn validate(&self, faults: &mut Faults) {
        if self.init > self.max {
            faults
                .at(Self::INIT, "it is greater than `backoff.max`")
                .help("lower `backoff.init` or raise `backoff.max`");
        }
    }
}
