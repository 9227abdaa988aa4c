//! Metrics of the process itself.

use std::sync::atomic::AtomicU64;

use bp_contract::metric::runtime;
use prometheus_client::metrics::gauge::Gauge;

use super::process_state::ProcessState;
use crate::clock::Instant;
use crate::error::StartError;
use crate::metrics::Metrics;
use crate::surroundings::Files;

/// Gauges that are set when the metrics are read.
pub(super) struct ProcessMetrics {
    metrics: Metrics,
    tasks_alive: Gauge,
    in_flight: Gauge,
    memory: Gauge,
    uptime: Gauge<f64, AtomicU64>,
    started: Instant,
}

impl ProcessMetrics {
    /// # Errors
    /// A plugin has registered a metric with the name of one of these.
    pub(super) fn register(state: &ProcessState) -> Result<Self, StartError> {
        let metrics = state.surroundings.metrics.clone();
        metrics.register_info(
            &runtime::TARGET,
            [
                state.plan.app.clone().into(),
                state.process.clone().into(),
                state.plan.wiring.clone().into(),
                env!("CARGO_PKG_VERSION").into(),
            ],
        )?;
        let (tasks_alive, in_flight, memory) =
            (Gauge::default(), Gauge::default(), Gauge::default());
        let uptime = Gauge::default();
        metrics.register(&runtime::UPTIME, uptime.clone())?;
        metrics.register(&runtime::TASKS_ALIVE, tasks_alive.clone())?;
        metrics.register(&runtime::IN_FLIGHT, in_flight.clone())?;
        metrics.register(&runtime::MEMORY_USAGE, memory.clone())?;
        let started = state.surroundings.clock.now();
        Ok(Self { metrics, tasks_alive, in_flight, memory, uptime, started })
    }

    /// The text of every metric now.
    pub(super) fn encode(&self, state: &ProcessState) -> String {
        let whole = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
        let handle = tokio::runtime::Handle::current();
        self.tasks_alive.set(whole(handle.metrics().num_alive_tasks()));
        self.in_flight.set(whole(state.tasks.running()));
        let files = &*state.surroundings.files;
        if let Some(bytes) = read_resident_bytes(files) {
            self.memory.set(bytes);
        }
        let uptime = state.surroundings.clock.now().saturating_duration_since(self.started);
        self.uptime.set(uptime.as_secs_f64());
        self.metrics.encode()
    }
}

/// From Linux; `None` elsewhere. `VmRSS` is in kilobytes, so the size of a page need not be known.
fn read_resident_bytes(files: &dyn Files) -> Option<i64> {
    let status = files.read("/proc/self/status".as_ref()).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<i64>().ok()?.checked_mul(1024)
}
