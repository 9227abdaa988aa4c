//! What the wiring says.

use std::time::Duration;

use bp_contract::setting::Settings;

/// Waits before a call is handled.
#[derive(Debug, Clone, Settings)]
#[settings(shorthand = "for")]
pub struct PauseSettings {
    /// How long to wait.
    #[setting(name = "for", range = "0s"..="1m", tunable, example = "\"5ms\"")]
    pub wait: Duration,
}
