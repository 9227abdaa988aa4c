//! What is counted; both halves of the plugin compile this file.

use bp_contract::metric::Metric;

/// Spans that were sent to the collector, or could not be.
pub(crate) const SPANS_EXPORTED: Metric = Metric::counter(
    "otel_sdk_exporter_span_exported",
    "Spans whose export ended; `error_type` is `export_failed` for those that the collector did not take, else empty",
)
.labels(&["otel_component_type", "error_type"]);
