//! The compile half of `sample`: calls between services as lines of JSON over TCP.

#[path = "runtime/src/metrics.rs"]
mod metrics;
#[path = "runtime/src/settings.rs"]
mod settings;

use bp_plugin::{Plugin, PluginCode, transport};

use settings::SampleSettings;

pub(crate) static PLUGIN: Plugin = transport::<SampleSettings>("sample")
    .metrics(&[metrics::SLOW_CONNECTIONS])
    .codes(&[SLOW_AFTER_TIMEOUT])
    .about(include_str!("README.md"))
    .needs(&["to read the calls between services with standard tools"])
    .declare();

const SLOW_AFTER_TIMEOUT: PluginCode = PluginCode::new(
    "slow-after-timeout",
    "a connection that is slow only after it was given up",
    include_str!("errors/slow-after-timeout.md"),
);
