//! What the wiring says; both halves of the plugin compile this file.

use bp_contract::setting::{Faults, Ratio, Settings, Validate};

/// The variable that names the collector where the wiring does not.
pub(crate) const COLLECTOR: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";

/// Records a span for each call at both ends, and sends them to an OpenTelemetry collector.
#[derive(Debug, Settings)]
#[settings(shorthand = "exporter", validate)]
pub(crate) struct TraceSettings {
    /// How spans leave the process: OTLP over gRPC.
    #[setting(default = "otlp")]
    pub(crate) exporter: Exporter,
    /// The collector; by default what OTEL_EXPORTER_OTLP_ENDPOINT says, else http://127.0.0.1:4317.
    #[setting(example = "\"http://collector:4317\"")]
    pub(crate) endpoint: Option<String>,
    /// The share of the traces that begin here which is recorded; a trace that began elsewhere follows the decision made there.
    #[setting(default = 1.0, tunable)]
    pub(crate) sampling: Ratio,
    /// Whether a span's service.name is its process or its instance.
    #[setting(default = "instance")]
    pub(crate) service_name: ServiceName,
}

/// How spans leave the process.
#[derive(Debug, Clone, Copy, Settings)]
pub(crate) enum Exporter {
    Otlp,
}

/// What a span's service.name is.
#[derive(Debug, Clone, Copy, Settings)]
pub(crate) enum ServiceName {
    Process,
    Instance,
}

impl Validate for TraceSettings {
    fn validate(&self, faults: &mut Faults) {
        if self.endpoint.as_ref().is_some_and(|endpoint| !endpoint.starts_with("http://")) {
            faults
                .at(Self::ENDPOINT, "a collector is reached by `http://`, without TLS")
                .help("type `endpoint = \"http://collector:4317\"`");
        }
    }
}
