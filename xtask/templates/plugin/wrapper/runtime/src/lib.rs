//! Waits before a call goes on, so that one can see what a slow callee does to its callers.

mod metrics;
mod settings;

use std::time::Duration;

use bp_runtime::prometheus_client::metrics::counter::Counter;
use bp_runtime::{
    BoxFuture, Call, Infra, Live, MetricFamily, Next, Reply, Surroundings, Wrapper, WrapperPlugin,
    client_wrapper,
};

use settings::SampleSettings;

/// The plugin.
pub fn plugin() -> impl WrapperPlugin {
    client_wrapper(|cx| {
        let waits: MetricFamily<Counter, 1> =
            cx.surroundings.metrics.shared(&metrics::WAITS, Counter::default)?;
        Ok(SampleWrapper {
            settings: cx.settings.live()?,
            surroundings: cx.surroundings.clone(),
            waits: waits.series([cx.edge.key.clone().into()]),
        })
    })
}

#[derive(Debug)]
struct SampleWrapper {
    settings: Live<SampleSettings>,
    surroundings: Surroundings,
    waits: Counter,
}

impl Wrapper for SampleWrapper {
    fn call<'a>(&'a self, call: Call, next: Next<'a>) -> BoxFuture<'a, Result<Reply, Infra>> {
        // Read for each call, because both can be changed while the process runs.
        let wait = draw_wait(&self.settings.of(call.method), self.surroundings.rng.unit());
        Box::pin(async move {
            self.surroundings.clock.sleep(wait).await;
            self.waits.inc();
            next.run(call).await
        })
    }
}

/// The wait at `chance`, from 0 for the shortest to 1 for the longest.
fn draw_wait(settings: &SampleSettings, chance: f64) -> Duration {
    let longest = settings.longest.unwrap_or(settings.wait);
    settings.wait + longest.saturating_sub(settings.wait).mul_f64(chance)
}

#[cfg(test)]
mod tests;
