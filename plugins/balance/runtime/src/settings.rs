//! What the wiring says; both halves of the plugin compile this file.

use bp_contract::setting::Settings;

/// `balance = "p2c"`.
#[derive(Debug, Settings)]
#[settings(shorthand = "choice")]
pub(crate) struct BalanceSettings {
    /// How an endpoint is drawn: of two drawn at random the one with fewer calls under way, one after the other, or any.
    #[setting(default = "p2c")]
    pub(crate) choice: ChoiceSetting,
    /// To how many further endpoints a call goes that surely nobody has begun with.
    #[setting(default = 2, range = 0..=10, renamed_from = "elsewhere")]
    pub(crate) failover: u32,
}

/// How an endpoint is drawn.
#[derive(Debug, Clone, Copy, Settings)]
pub(crate) enum ChoiceSetting {
    P2c,
    RoundRobin,
    Random,
}
