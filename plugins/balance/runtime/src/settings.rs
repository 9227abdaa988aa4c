//! What the wiring says; both halves of the plugin compile this file.

use std::time::Duration;

use bp_contract::setting::Settings;

/// Chooses how calls are spread over the replicas of a callee.
#[derive(Debug, Settings)]
#[settings(shorthand = "choice")]
pub(crate) struct BalanceSettings {
    /// How an endpoint is chosen: of two random ones the one with fewer calls under way, in turn, or at random.
    #[setting(default = "p2c")]
    pub(crate) choice: ChoiceSetting,
    /// How many further endpoints a call may go to while no endpoint has begun to process it.
    #[setting(default = 2, range = 0..=10, renamed_from = "elsewhere")]
    pub(crate) failover: u32,
    /// The time in which the share of an endpoint that joins or comes back grows from a tenth to all of it; with 0 it is full at once.
    #[setting(default = "0s", range = "0s"..="1h")]
    pub(crate) slow_start: Duration,
}

/// How an endpoint is chosen.
#[derive(Debug, Clone, Copy, Settings)]
pub(crate) enum ChoiceSetting {
    P2c,
    RoundRobin,
    Random,
}
