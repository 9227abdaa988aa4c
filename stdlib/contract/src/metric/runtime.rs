//! What the runtime itself exposes, whatever plugins are in use.
//!
//! Names that OpenTelemetry does not define begin with `bp_`.

use super::{Metric, Unit};

/// The metrics that every process has.
pub const PROCESS_METRICS: &[Metric] = &[TARGET, UPTIME, MEMORY_USAGE, TASKS_ALIVE, IN_FLIGHT];

/// The metrics of each edge to another process.
pub const BALANCE_METRICS: &[Metric] = &[BALANCE_ENDPOINTS, BALANCE_READY, BALANCE_FAILOVER];

/// The metrics of each edge to another process that has a wrapper with a policy for endpoints; the plugin of such a wrapper lists them.
pub const ENDPOINT_POLICY_METRICS: &[Metric] =
    &[BALANCE_EJECTED, BALANCE_EJECTIONS, BALANCE_REFUSALS];

/// The attributes of the process as an OpenTelemetry resource.
pub const TARGET: Metric = Metric::info("target", "What runs here").labels(&[
    "service_namespace",
    "service_name",
    "bp_wiring",
    "bp_runtime",
]);

/// How long the process runs.
pub const UPTIME: Metric =
    Metric::gauge("process_uptime", "Time since the start").unit(Unit::Seconds);

/// What the process occupies of the machine's memory.
pub const MEMORY_USAGE: Metric =
    Metric::gauge("process_memory_usage", "Resident memory").unit(Unit::Bytes);

/// Tasks of the async runtime.
pub const TASKS_ALIVE: Metric = Metric::gauge("bp_tasks_alive", "Tasks of the async runtime");

/// What a drain waits for.
pub const IN_FLIGHT: Metric =
    Metric::gauge("bp_in_flight", "Calls and spawned work that a drain waits for");

/// Endpoints of an edge's callee.
pub const BALANCE_ENDPOINTS: Metric =
    Metric::gauge("bp_balance_endpoints", "Endpoints of the callee that are known")
        .labels(&["bp_edge"]);

/// Endpoints that an edge's calls may go to.
pub const BALANCE_READY: Metric =
    Metric::gauge("bp_balance_ready", "Endpoints of the callee that are not skipped")
        .labels(&["bp_edge"]);

/// Calls that went to another endpoint.
pub const BALANCE_FAILOVER: Metric = Metric::counter(
    "bp_balance_failover",
    "Calls that another endpoint got, because the first had not taken them",
)
.labels(&["bp_edge"]);

/// Endpoints that a wrapper has ejected.
pub const BALANCE_EJECTED: Metric =
    Metric::gauge("bp_balance_ejected", "Endpoints of the callee that a wrapper has ejected")
        .labels(&["bp_edge"]);

/// Ejections of endpoints.
pub const BALANCE_EJECTIONS: Metric = Metric::counter(
    "bp_balance_ejections",
    "Times that a wrapper has ejected an endpoint of the callee",
)
.labels(&["bp_edge"]);

/// Refusals by policies of endpoints.
pub const BALANCE_REFUSALS: Metric = Metric::counter(
    "bp_balance_refusals",
    "Times that a call did not get an endpoint because a wrapper refused it there",
)
.labels(&["bp_edge"]);
