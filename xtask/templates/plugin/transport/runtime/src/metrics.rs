//! What is counted; both halves of the plugin compile this file.

use bp_contract::metric::Metric;

/// Connections that took long.
pub(crate) const SLOW_CONNECTIONS: Metric = Metric::counter(
    "bp_sample_slow_connections",
    "Connections of `sample` that took as long as `slow` says to make",
)
.labels(&["bp_edge"]);
