//! Writes lines to the log, again and again.

mod metrics;
mod settings;

use bp_runtime::prometheus_client::metrics::counter::Counter;
use bp_runtime::{
    BoxFuture, Live, MetricFamily, StartError, Surroundings, TableContext, TableEntry, TablePlugin,
};
use futures_util::future::try_join_all;

use settings::{NAME, SampleSettings};

/// The plugin.
pub fn plugin() -> impl TablePlugin {
    Lines
}

struct Lines;

impl TablePlugin for Lines {
    fn install(&self, cx: &TableContext) -> Result<(), StartError> {
        // Lines follow the settings by themselves; what cannot be read keeps the process from serving.
        cx.entries(NAME).iter().try_for_each(|entry| entry.settings.read::<SampleSettings>().map(drop))
    }

    fn after_ready(&self, cx: TableContext) -> BoxFuture<'static, Result<(), StartError>> {
        Box::pin(async move {
            let lines = cx.entries(NAME).iter().map(|entry| repeat(entry, &cx.surroundings));
            try_join_all(lines).await.map(drop)
        })
    }
}

/// Writes one line until the process stops.
async fn repeat(entry: &TableEntry, surroundings: &Surroundings) -> Result<(), StartError> {
    let settings: Live<SampleSettings> = entry.settings.live()?;
    let family: MetricFamily<Counter, 1> =
        surroundings.metrics.shared(&metrics::LINES, Counter::default)?;
    let written = family.series([entry.name.clone().into()]);
    let pause = settings.get().pause.unwrap_or_default();
    surroundings.clock.sleep(pause).await;
    loop {
        // Read for each line, because both can be changed while the process runs.
        let (text, every) = {
            let settings = settings.get();
            (settings.text.clone(), settings.every)
        };
        tracing::info!(line = %entry.name, "{text}");
        written.inc();
        surroundings.clock.sleep(every).await;
    }
}

#[cfg(test)]
mod tests;
