//! Measures how long calls take and counts how they end, on both sides, for Prometheus.
//!
//! Histograms are OpenTelemetry's `rpc.client.call.duration`, `rpc.server.call.duration` and `db.client.operation.duration`, in Prometheus' spelling.
//! A series that appears with its first failure hides it from `rate()`, and a histogram of every failure from the start would be
//! a hundred series a method; so `bp_calls_total` counts how calls ended, with zero from the start.

use std::sync::Arc;

use bp_runtime::{
    BoxFuture, Call, Class, Clock, Infra, InfraKind, Instant, LabelValue, MetricFamily, Next,
    Reply, Side, StartError, Wrapper, WrapperContext, WrapperPlugin, two_sided_wrapper,
};
use prometheus_client::metrics::counter::Counter;

mod duration;
mod metrics;

use duration::CallDuration;
use metrics::CALLS;

/// The plugin.
pub fn plugin() -> impl WrapperPlugin {
    two_sided_wrapper(Measure::new)
}

#[derive(Debug)]
struct Measure {
    /// By method index; looked up once, so a call that ends well touches no label.
    methods: Vec<Series>,
    clock: Arc<dyn Clock>,
}

#[derive(Debug)]
struct Series {
    ok: Counter,
    application: Counter,
    /// In the order of [`InfraKind::ALL`].
    infra: Vec<(InfraKind, Counter)>,
    duration: CallDuration,
}

impl Measure {
    fn new(cx: &WrapperContext) -> Result<Self, StartError> {
        let calls: MetricFamily<Counter, 4> =
            cx.surroundings.metrics.shared(&CALLS, Counter::default)?;
        let edge = LabelValue::from(cx.edge.key.clone());
        let side = match cx.side {
            Side::Client => "client",
            Side::Server => "server",
        };
        let methods = cx.interface.methods.iter().map(|method| {
            let count = |class: &'static str| {
                calls.series([edge.clone(), method.name.into(), side.into(), class.into()])
            };
            Ok(Series {
                ok: count("ok"),
                application: count("application"),
                infra: InfraKind::ALL.map(|kind| (kind, count(kind.as_str()))).into(),
                duration: CallDuration::new(cx, method)?,
            })
        });
        let methods = methods.collect::<Result<_, StartError>>()?;
        Ok(Self { methods, clock: cx.surroundings.clock.clone() })
    }
}

impl Wrapper for Measure {
    fn call<'a>(&'a self, call: Call, next: Next<'a>) -> BoxFuture<'a, Result<Reply, Infra>> {
        let Some(series) = self.methods.get(usize::from(call.method.index)) else {
            return next.run(call);
        };
        let mut running =
            InFlight { series, clock: &*self.clock, start: self.clock.now(), ended: false };
        let answer = next.run(call);
        Box::pin(async move {
            let answer = answer.await;
            running.end(match &answer {
                Ok(reply) => Ok(reply.class()),
                Err(infra) => Err(infra.kind),
            });
            answer
        })
    }
}

impl Series {
    fn of(&self, kind: InfraKind) -> &Counter {
        // `infra` holds every kind; the fallback is there because the lookup returns an option.
        self.infra
            .iter()
            .find(|(k, _)| *k == kind)
            .map_or(&self.application, |(_, counter)| counter)
    }
}

/// A call under way; dropped before its end it counts as cancelled.
struct InFlight<'a> {
    series: &'a Series,
    clock: &'a dyn Clock,
    start: Instant,
    ended: bool,
}

impl InFlight<'_> {
    fn end(&mut self, how: Result<&Class, InfraKind>) {
        self.ended = true;
        let series = self.series;
        let counter = match how {
            Ok(Class::Ok) => &series.ok,
            Ok(Class::Application { .. }) => &series.application,
            Err(kind) => series.of(kind),
        };
        counter.inc();
        let took = self.clock.now().saturating_duration_since(self.start);
        series.duration.observe(how, took.as_secs_f64());
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        if !self.ended {
            self.end(Err(InfraKind::Cancelled));
        }
    }
}

#[cfg(test)]
mod tests;
