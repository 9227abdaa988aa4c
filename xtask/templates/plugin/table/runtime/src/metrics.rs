//! The metric of the plugin; both halves compile this file.

use bp_contract::metric::Metric;

/// A line was written.
pub(crate) const LINES: Metric =
    Metric::counter("bp_sample_lines", "Lines that were written to the log").labels(&["bp_line"]);
