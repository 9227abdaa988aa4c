//! What is counted; both halves of the plugin compile this file.

use bp_contract::metric::Metric;

/// Calls that waited.
pub(crate) const WAITS: Metric =
    Metric::counter("bp_sample_waits", "Calls that `sample` let go on after their wait")
        .labels(&["bp_edge"]);
