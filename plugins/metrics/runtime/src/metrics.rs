//! What is measured; both halves of the plugin compile this file.

use bp_contract::metric::{Metric, Unit};

const RPC_LABELS: &[&str] =
    &["rpc_system_name", "rpc_method", "rpc_response_status_code", "error_type", "bp_edge"];

/// Calls to services, as the caller sees them.
pub(crate) const RPC_CLIENT_DURATION: Metric =
    Metric::histogram("rpc_client_call_duration", "How long calls take for the caller")
        .unit(Unit::Seconds)
        .labels(RPC_LABELS);

/// Calls to services, as the callee sees them.
pub(crate) const RPC_SERVER_DURATION: Metric =
    Metric::histogram("rpc_server_call_duration", "How long calls take in the callee")
        .unit(Unit::Seconds)
        .labels(RPC_LABELS);

/// Calls to backends.
pub(crate) const DB_CLIENT_DURATION: Metric =
    Metric::histogram("db_client_operation_duration", "How long calls to stores take")
        .unit(Unit::Seconds)
        .labels(&[
            "db_system_name",
            "db_namespace",
            "db_operation_name",
            "error_type",
            "server_address",
            "server_port",
            "bp_edge",
        ]);

/// How calls ended.
pub(crate) const CALLS: Metric =
    Metric::counter("bp_calls", "Calls that ended, by how they ended; each series starts at zero")
        .labels(&["bp_edge", "bp_method", "bp_side", "bp_class"]);
