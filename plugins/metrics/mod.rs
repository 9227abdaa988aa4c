//! The compile half of `metrics`: counts and latencies of calls, at both ends.

#[path = "runtime/src/metrics.rs"]
mod declared;

use bp_contract::setting::Settings;
use bp_plugin::{ClientSlot, EdgeClasses, Plugin, ServerSlot, wrapper};

/// Counts calls by how they ended and measures how long they take, for Prometheus.
#[derive(Debug, Settings)]
struct MetricsSettings {}

pub(crate) static PLUGIN: Plugin = wrapper::<MetricsSettings>("metrics")
    .client(ClientSlot::Metrics)
    .server(ServerSlot::Metrics)
    .instance_wide()
    .in_process()
    .whole_edges()
    .edges(EdgeClasses::INSIDE)
    .about(include_str!("README.md"))
    .needs(&["to see how many calls fail and how long they take"])
    .metrics(&[
        declared::RPC_CLIENT_DURATION,
        declared::RPC_SERVER_DURATION,
        declared::DB_CLIENT_DURATION,
        declared::CALLS,
    ])
    .declare();
