//! What the wiring says; both halves of the plugin compile this file.

use std::time::Duration;

use bp_contract::setting::{Faults, Settings, Validate};

/// Carries calls between services as lines of JSON over TCP.
#[derive(Debug, Settings)]
#[settings(validate)]
pub(crate) struct SampleSettings {
    /// Longest time to make a connection.
    #[setting(default = "5s", range = "1ms"..="1m")]
    pub(crate) connect_timeout: Duration,
    /// A connection that takes this long to make is counted as slow.
    #[setting(default = "1s", range = "1ms"..="1m")]
    pub(crate) slow: Duration,
}

impl Validate for SampleSettings {
    fn validate(&self, faults: &mut Faults) {
        if self.slow >= self.connect_timeout {
            faults
                .at(Self::SLOW, "it is not below `connect_timeout`")
                .help("lower `slow` or raise `connect_timeout`")
                .code("slow-after-timeout");
        }
    }
}
