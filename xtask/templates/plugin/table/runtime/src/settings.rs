//! What the wiring says; both halves of the plugin compile this file.

use std::time::Duration;

use bp_contract::setting::{Faults, Settings, Validate};

/// The plugin and its table.
pub(crate) const NAME: &str = "sample";

/// A line that every process writes to its log, again and again.
#[derive(Debug, Clone, Settings)]
#[settings(validate)]
pub(crate) struct SampleSettings {
    /// The line.
    #[setting(tunable, example = "\"still here\"")]
    pub(crate) text: String,
    /// Time from one line to the next.
    #[setting(default = "1m", range = "1s"..="24h", tunable, example = "\"1m\"")]
    pub(crate) every: Duration,
    /// Time from the moment when the process takes calls to the first line.
    #[setting(range = "1s"..="24h", example = "\"2h\"")]
    pub(crate) pause: Option<Duration>,
}

impl Validate for SampleSettings {
    fn validate(&self, faults: &mut Faults) {
        if self.pause.is_some_and(|pause| pause < self.every) {
            faults
                .at(Self::PAUSE, "it is below `every`, so it changes nothing")
                .help("raise it, lower `every`, or remove it")
                .code("pause-below-every");
        }
    }
}
