//! The compile half of `metrics`: counts and latencies of calls, at both ends.

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
.needs(&[
    "to see how many calls fail and how long they take",
])
.metrics(&[
    (
        "rpc_client_call_duration_seconds{rpc_system_name, rpc_method, rpc_response_status_code, error_type, bp_edge}",
        "how long calls take for the caller, a histogram",
    ),
    (
        "rpc_server_call_duration_seconds{rpc_system_name, rpc_method, rpc_response_status_code, error_type, bp_edge}",
        "how long calls take in the callee, a histogram",
    ),
    (
        "db_client_operation_duration_seconds{db_system_name, db_namespace, db_operation_name, error_type, server_address, server_port, bp_edge}",
        "how long calls to stores take, a histogram",
    ),
    (
        "bp_calls_total{bp_edge, bp_method, bp_side, bp_class}",
        "ended calls by outcome; each series starts at zero",
    ),
])
.runtime("bp-rt-metrics", "plugins/metrics/runtime");
