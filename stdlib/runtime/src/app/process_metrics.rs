//! Metrics of the process itself, with OpenTelemetry's names; names that OpenTelemetry does not define begin with `bp_`.

use std::sync::atomic::AtomicU64;
use std::time::Instant;

use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::info::Info;

use super::process_state::ProcessState;
use crate::metrics::Metrics;

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
    pub(super) fn register(state: &ProcessState) -> Self {
        let metrics = state.surroundings.metrics.clone();
        let labels = [
            ("service_namespace", state.plan.app.clone()),
            ("service_name", state.process.clone()),
            ("bp_wiring", state.plan.wiring.clone()),
            ("bp_runtime", env!("CARGO_PKG_VERSION").to_owned()),
        ];
        metrics.register("target", "What runs here", Info::new(labels));
        let (tasks_alive, in_flight, memory) =
            (Gauge::default(), Gauge::default(), Gauge::default());
        let uptime = Gauge::default();
        metrics.register("process_uptime_seconds", "Seconds since the start", uptime.clone());
        for (name, meaning, gauge) in [
            ("bp_tasks_alive", "Tasks of the async runtime", &tasks_alive),
            ("bp_in_flight", "Calls and spawned work that a drain waits for", &in_flight),
            ("process_memory_usage_bytes", "Resident memory", &memory),
        ] {
            metrics.register(name, meaning, gauge.clone());
        }
        Self { metrics, tasks_alive, in_flight, memory, uptime, started: Instant::now() }
    }

    /// The text of every metric now.
    pub(super) fn encode(&self, state: &ProcessState) -> String {
        let whole = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
        let runtime = tokio::runtime::Handle::current();
        self.tasks_alive.set(whole(runtime.metrics().num_alive_tasks()));
        self.in_flight.set(whole(state.tasks.running()));
        self.memory.set(read_resident_bytes().unwrap_or(0));
        self.uptime.set(self.started.elapsed().as_secs_f64());
        self.metrics.encode()
    }
}

/// From Linux; `None` elsewhere. `VmRSS` is in kilobytes, so the size of a page need not be known.
fn read_resident_bytes() -> Option<i64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<i64>().ok()?.checked_mul(1024)
}
