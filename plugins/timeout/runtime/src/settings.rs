//! What the wiring says; both halves of the plugin compile this file.

use std::time::Duration;

use bp_contract::setting::Settings;

/// Gives up on a call after a while, and tells the callee how long that is.
#[derive(Debug, Settings)]
#[settings(shorthand = "after")]
pub(crate) struct TimeoutSettings {
    /// Longest time for the whole call, including further attempts.
    #[setting(range = "1ms"..="1h", tunable, example = "\"500ms\"")]
    pub(crate) after: Duration,
}
