//! The compile half of `trace`: OpenTelemetry spans around calls, at both ends.

use bp_plugin::{
    CheckContext, ClientSlot, EdgeClasses, Literal, Metadata, Plugin, ServerSlot, Setting,
    SettingKind, Value,
};

/// `trace = "otlp"`.
pub static PLUGIN: Trace = Trace;

/// The plugin.
#[derive(Debug)]
pub struct Trace;

static METADATA: Metadata = Metadata::instance_wrapper(
    "trace",
    ClientSlot::Trace,
    ServerSlot::Trace,
    "Records a span for each call at both ends, and sends them to an OpenTelemetry collector.",
)
.edges(EdgeClasses::INSIDE)
.settings(&[
    Setting::new("exporter", SettingKind::OneOf(&["otlp"]), "How spans leave the process: OTLP over gRPC.")
        .default(Literal::Text("otlp")),
    Setting::new(
        "endpoint",
        SettingKind::Text,
        "The collector; by default what OTEL_EXPORTER_OTLP_ENDPOINT says, else http://127.0.0.1:4317.",
    )
    .example("\"http://collector:4317\""),
    Setting::new(
        "sampling",
        SettingKind::Ratio,
        "The share of the traces that begin here which is recorded; a trace that began elsewhere follows the decision made there.",
    )
    .default(Literal::Float(1.0))
    .tunable(),
    Setting::new(
        "service_name",
        SettingKind::OneOf(&["process", "instance"]),
        "Whether a span's service.name is its process or its instance.",
    )
    .default(Literal::Text("instance")),
])
.shorthand("exporter")
.environment(&["OTEL_EXPORTER_OTLP_ENDPOINT"])
.about(include_str!("../../README.md"))
.needs(&[
    "to follow one request through all services",
])
.metrics(&[
    (
        "otel_sdk_exporter_span_exported_total{otel_component_type, error_type}",
        "spans whose export ended; `error_type` is `export_failed` for those that the collector did not take, else empty",
    ),
])
.runtime("bp-rt-trace", "plugins/trace/runtime");

impl Plugin for Trace {
    fn metadata(&self) -> &Metadata {
        &METADATA
    }

    fn check(&self, cx: &mut CheckContext<'_>) {
        let endpoint = cx.settings.get("endpoint").and_then(Value::as_text);
        if endpoint.is_some_and(|e| !e.starts_with("http://")) {
            cx.complain(
                "endpoint",
                "a collector is reached by `http://`, without TLS",
                "type `endpoint = \"http://collector:4317\"`",
            );
        }
    }
}
