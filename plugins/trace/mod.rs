//! The compile half of `trace`: OpenTelemetry spans around calls, at both ends.

#[path = "runtime/src/metrics.rs"]
mod metrics;
#[path = "runtime/src/settings.rs"]
mod settings;

use bp_plugin::{ClientSlot, EdgeClasses, Egress, Plugin, PluginCode, ServerSlot, wrapper};

use settings::{COLLECTOR, TRACE_COLLECTOR, TraceSettings};

pub(crate) static PLUGIN: Plugin = wrapper::<TraceSettings>("trace")
    .client(ClientSlot::Trace)
    .server(ServerSlot::Trace)
    .instance_wide()
    .in_process()
    .whole_edges()
    .edges(EdgeClasses::INSIDE)
    .environment(&[TRACE_COLLECTOR, COLLECTOR])
    .egress(&[Egress::Telemetry])
    .codes(&[NOT_A_COLLECTOR])
    .about(include_str!("README.md"))
    .needs(&["to follow one request through all services"])
    .metrics(&[metrics::SPANS_EXPORTED])
    .declare();

const NOT_A_COLLECTOR: PluginCode = PluginCode::new(
    "not-a-collector",
    "an endpoint that is not an address",
    include_str!("errors/not-a-collector.md"),
);
