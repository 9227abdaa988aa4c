//! The compile half of `metrics`: counts and latencies of calls, at both ends.

#[path = "../../runtime/src/metrics.rs"]
pub mod metrics;

use bp_plugin::{ClientSlot, EdgeClasses, Metadata, ServerSlot};

/// `metrics = true`.
pub static PLUGIN: Metadata = Metadata::instance_wrapper(
    "metrics",
    ClientSlot::Metrics,
    ServerSlot::Metrics,
    "Counts calls by how they ended and measures how long they take, for Prometheus.",
)
.edges(EdgeClasses::INSIDE)
.about(include_str!("../../README.md"))
.needs(&["to see how many calls fail and how long they take"])
.metrics(metrics::METRICS)
.runtime("bp-rt-metrics", "bp_rt_metrics::plugin()", "plugins/metrics/runtime");
