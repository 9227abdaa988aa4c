//! The compile half of `sample`: calls wait before they go on.

#[path = "runtime/src/metrics.rs"]
mod metrics;
#[path = "runtime/src/settings.rs"]
mod settings;

use bp_plugin::{ClientSlot, Plugin, PluginCode, wrapper};

use settings::SampleSettings;

pub(crate) static PLUGIN: Plugin = wrapper::<SampleSettings>("sample")
    .client(ClientSlot::Attempt)
    .metrics(&[metrics::WAITS])
    .codes(&[LONGEST_BELOW_WAIT])
    .about(include_str!("README.md"))
    .needs(&["to see what a slow callee does to its callers"])
    .declare();

const LONGEST_BELOW_WAIT: PluginCode = PluginCode::new(
    "longest-below-wait",
    "the longest wait is below the shortest",
    include_str!("errors/longest-below-wait.md"),
);
