//! OpenTelemetry spans around calls, on both sides, sent to a collector over OTLP.
//!
//! A span's position travels in the context as W3C Trace Context, so a trace crosses every transport.
//! Whether a trace is recorded is decided where it begins and followed everywhere else; one that is not recorded costs
//! two random numbers.

mod export;
mod metrics;
mod settings;
mod span;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bp_runtime::{BoxFuture, Side, StartError, Wrapper, WrapperContext, WrapperPlugin};
use opentelemetry::trace::TracerProvider;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider};

use settings::{Exporter, ServiceName, TraceSettings};

/// How long a stopping process waits for the last spans; the runtime's own limit is 2 s.
const FLUSH: Duration = Duration::from_millis(1800);

/// The plugin.
pub fn plugin() -> impl WrapperPlugin {
    Plugin::default()
}

#[derive(Debug, Default)]
struct Plugin {
    /// By collector and service name: spans of one name share a queue and a connection.
    providers: Mutex<BTreeMap<(String, String), SdkTracerProvider>>,
}

impl WrapperPlugin for Plugin {
    fn client(&self, cx: &WrapperContext) -> Result<Option<Arc<dyn Wrapper>>, StartError> {
        self.build_wrapper(cx).map(Some)
    }

    fn server(&self, cx: &WrapperContext) -> Result<Option<Arc<dyn Wrapper>>, StartError> {
        self.build_wrapper(cx).map(Some)
    }

    fn flush(&self) -> BoxFuture<'_, ()> {
        let providers: Vec<SdkTracerProvider> = self.lock_providers().values().cloned().collect();
        // Shutting down blocks the thread until the collector has answered.
        let stopping = providers.into_iter().map(|provider| {
            tokio::task::spawn_blocking(move || {
                if let Err(error) = provider.shutdown_with_timeout(FLUSH) {
                    tracing::warn!(%error, "the last spans may be lost");
                }
            })
        });
        let stopping = futures_util::future::join_all(stopping);
        Box::pin(async move { drop(stopping.await) })
    }
}

impl Plugin {
    fn lock_providers(
        &self,
    ) -> std::sync::MutexGuard<'_, BTreeMap<(String, String), SdkTracerProvider>> {
        self.providers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn build_wrapper(&self, cx: &WrapperContext) -> Result<Arc<dyn Wrapper>, StartError> {
        let settings: TraceSettings = cx.settings.read()?;
        let tracer = self.build_tracer(cx, &settings)?;
        Ok(Arc::new(span::Trace::new(cx, tracer)?))
    }

    fn build_tracer(
        &self,
        cx: &WrapperContext,
        settings: &TraceSettings,
    ) -> Result<SdkTracer, StartError> {
        let Exporter::Otlp = settings.exporter;
        let endpoint = export::find_endpoint(settings.endpoint.as_deref())?;
        let name = match (settings.service_name, cx.side) {
            (ServiceName::Process, _) => cx.surroundings.process.to_string(),
            (ServiceName::Instance, Side::Client) => cx.edge.caller.clone(),
            (ServiceName::Instance, Side::Server) => cx.edge.callee.clone(),
        };
        let mut providers = self.lock_providers();
        let key = (endpoint, name);
        if let Some(provider) = providers.get(&key) {
            return Ok(provider.tracer("bp"));
        }
        let provider = export::build_provider(&key.0, &key.1, &cx.surroundings)
            .map_err(|error| error.at(cx.settings.place()))?;
        providers.insert(key, provider.clone());
        Ok(provider.tracer("bp"))
    }
}
