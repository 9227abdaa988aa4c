//! What the wiring says; both halves of the plugin compile this file.

use std::time::Duration;

use bp_contract::setting::{Faults, Settings, Validate};

/// Waits before a call goes on.
#[derive(Debug, Settings)]
#[settings(shorthand = "wait", validate)]
pub(crate) struct SampleSettings {
    /// How long a call waits; the shortest wait where `longest` is set.
    #[setting(range = "0s"..="1m", tunable, example = "\"5ms\"")]
    pub(crate) wait: Duration,
    /// Longest wait; each call's is drawn between both.
    #[setting(range = "0s"..="1m", tunable, example = "\"20ms\"")]
    pub(crate) longest: Option<Duration>,
}

impl Validate for SampleSettings {
    fn validate(&self, faults: &mut Faults) {
        if self.longest.is_some_and(|longest| longest < self.wait) {
            faults
                .at(Self::LONGEST, "it is below `wait`")
                .help("raise `longest`, lower `wait`, or remove `longest`")
                .code("longest-below-wait");
        }
    }
}
