//! Where spans go: a batch at a time to a collector, over OTLP/gRPC, counted.

use std::sync::Arc;
use std::time::Duration;

use bp_runtime::{MetricFamily, StartError, Surroundings};
use opentelemetry::KeyValue;
use opentelemetry_otlp::{SpanExporter as OtlpExporter, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider, SpanData, SpanExporter};
use prometheus_client::metrics::counter::Counter;
use tokio::runtime::Handle;

use crate::metrics::SPANS_EXPORTED;
use crate::settings::{COLLECTOR, TRACE_COLLECTOR, explain_endpoint};

/// Where a collector listens when nothing says otherwise.
const DEFAULT_ENDPOINT: &str = "http://127.0.0.1:4317";
/// How long sending one batch may take.
const TIMEOUT: Duration = Duration::from_secs(5);

/// The collector: the wiring's, else the environment's, else the usual port of this machine.
///
/// # Errors
/// The environment's is not the address of a collector; the wiring's is checked by the rules of the settings.
pub(crate) fn find_endpoint(setting: Option<&str>) -> Result<String, StartError> {
    choose_endpoint(setting, |name| std::env::var(name).ok())
}

fn choose_endpoint(
    setting: Option<&str>,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<String, StartError> {
    if let Some(setting) = setting.filter(|endpoint| !endpoint.is_empty()) {
        return Ok(setting.to_owned());
    }
    // A variable that is set to nothing counts as not set.
    let found = [TRACE_COLLECTOR, COLLECTOR]
        .into_iter()
        .find_map(|name| Some((name, variable(name).filter(|endpoint| !endpoint.is_empty())?)));
    let Some((name, endpoint)) = found else { return Ok(DEFAULT_ENDPOINT.to_owned()) };
    match explain_endpoint(&endpoint) {
        None => Ok(endpoint),
        Some(fault) => Err(StartError::new(format!("{name}: `{endpoint}`: {}", fault.message()))),
    }
}

/// The kind of this exporter, among those that OpenTelemetry names.
const EXPORTER: &str = "otlp_grpc_span_exporter";

/// Everything between a span's end and the collector; connects when there is something to send.
pub(crate) fn build_provider(
    endpoint: &str,
    service_name: &str,
    surroundings: &Surroundings,
) -> Result<SdkTracerProvider, StartError> {
    let runtime = Handle::try_current()
        .map_err(|error| StartError::because("spans are sent by the async runtime", &error))?;
    let exporter =
        OtlpExporter::builder().with_tonic().with_endpoint(endpoint).with_timeout(TIMEOUT);
    let exporter = exporter
        .build()
        .map_err(|error| StartError::because(format!("collector {endpoint}"), &error))?;
    let spans: MetricFamily<Counter, 2> =
        surroundings.metrics.shared(&SPANS_EXPORTED, Counter::default)?;
    let count = |error: &'static str| spans.series([EXPORTER.into(), error.into()]);
    let exporter = CountingExporter {
        exporter: Arc::new(exporter),
        runtime,
        exported: count(""),
        failed: count("export_failed"),
    };
    let resource = Resource::builder()
        .with_service_name(service_name.to_owned())
        .with_attributes([
            KeyValue::new("service.namespace", surroundings.app.to_string()),
            KeyValue::new("bp.process", surroundings.process.to_string()),
        ])
        .build();
    Ok(SdkTracerProvider::builder()
        // Which traces are recorded is decided before a span is made.
        .with_sampler(Sampler::AlwaysOn)
        .with_resource(resource)
        .with_batch_exporter(exporter)
        .build())
}

/// Counts exported and failed spans: a missing collector shows in a metric and does not stop the process.
#[derive(Debug)]
struct CountingExporter {
    exporter: Arc<OtlpExporter>,
    /// The batch thread has no runtime of its own, and tonic's timers need one.
    runtime: Handle,
    exported: Counter,
    failed: Counter,
}

impl SpanExporter for CountingExporter {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let spans = batch.len() as u64;
        let exporter = self.exporter.clone();
        let sent = self.runtime.spawn(async move { exporter.export(batch).await }).await;
        let result =
            sent.unwrap_or_else(|error| Err(OTelSdkError::InternalFailure(error.to_string())));
        match &result {
            Ok(()) => self.exported.inc_by(spans),
            Err(error) => {
                tracing::debug!(%error, spans, "the collector took no spans");
                self.failed.inc_by(spans)
            }
        };
        result
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.exporter.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        // Called once, before the exporter is shared with a batch under way.
        if let Some(exporter) = Arc::get_mut(&mut self.exporter) {
            exporter.set_resource(resource);
        }
    }
}

#[cfg(test)]
mod tests {
    use bp_contract::setting::{RuleFault, list_faults};
    use serde_json::json;

    use super::*;
    use crate::settings::{EndpointFault, TraceSettings};

    #[test]
    fn what_is_set_to_nothing_counts_as_not_set() {
        let choose = |setting: &str, traces: &str, all: &str| {
            let variable = |name: &str| {
                let value = if name == TRACE_COLLECTOR { traces } else { all };
                Some(value.to_owned())
            };
            let chosen = choose_endpoint(Some(setting), variable);
            chosen.unwrap_or_else(|error| error.to_string())
        };
        assert_eq!(choose("http://a", "http://b", "http://c"), "http://a");
        assert_eq!(choose("", "http://b", "http://c"), "http://b");
        assert_eq!(choose("", "", "http://c"), "http://c");
        assert_eq!(choose("", "", ""), DEFAULT_ENDPOINT);
        let refused = choose("", "", "https://c");
        let expected = "OTEL_EXPORTER_OTLP_ENDPOINT: `https://c`: a collector is reached by";
        assert!(refused.starts_with(expected), "{refused}");
    }

    #[test]
    fn every_endpoint_that_is_not_a_collector_has_the_code() {
        let faults = |endpoint| list_faults::<TraceSettings>(&json!({ "endpoint": endpoint }));
        assert_eq!(faults(""), []);
        assert_eq!(faults("http://collector:4317"), []);
        for bad in ["https://a", "http://", "http://a:0", "http://a/b c"] {
            let codes: Vec<_> = faults(bad).iter().map(RuleFault::code_name).collect();
            assert_eq!(codes, [Some("not-a-collector")], "{bad}");
        }
    }

    #[tokio::test]
    async fn the_exporter_takes_every_endpoint_that_the_rules_accept() {
        let build = |endpoint: &str| {
            OtlpExporter::builder().with_tonic().with_endpoint(endpoint).build().is_ok()
        };
        for good in [
            "http://collector",
            "http://collector:4317",
            "http://10.0.0.1:1/",
            "http://[::1]:4317/v1/a%20b~c",
            "http://[::1]",
            "http://otel_collector.svc:65535",
        ] {
            assert_eq!(explain_endpoint(good), None, "{good}");
            assert!(build(good), "{good}");
        }
        for (bad, fault) in [
            ("collector:4317", EndpointFault::Scheme),
            ("https://collector:4317", EndpointFault::Scheme),
            ("http://", EndpointFault::Host),
            ("http://:4317", EndpointFault::Host),
            ("http://a b:1", EndpointFault::Host),
            ("http://[::1", EndpointFault::Host),
            ("http://[nine]:1", EndpointFault::Host),
            ("http://a:", EndpointFault::Port),
            ("http://a:0", EndpointFault::Port),
            ("http://a:+1", EndpointFault::Port),
            ("http://a:65536", EndpointFault::Port),
            ("http://a:1:2", EndpointFault::Port),
            ("http://[::1]4317", EndpointFault::Port),
            ("http://a/b c", EndpointFault::Path),
        ] {
            assert_eq!(explain_endpoint(bad), Some(fault), "{bad}");
        }
    }
}
