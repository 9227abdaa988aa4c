//! Names of metrics and attributes: OpenTelemetry's, or our own with a reason.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use crate::{bp, exposition};

/// Why a metric has no name of OpenTelemetry; what it is, its declaration says.
const OWN_METRICS: &[(&str, &str)] = &[
    ("target_info", "how Prometheus spells the attributes of a resource"),
    ("bp_calls_total", "how calls ended, with zero from the start, which a histogram has not"),
    ("bp_tasks_alive", "tasks of the async runtime, which only a runtime like it has"),
    ("bp_in_flight", "what a drain waits for: calls and spawned work"),
    ("bp_balance_endpoints", "the client's half of balancing"),
    ("bp_balance_ready", "the client's half of balancing"),
    ("bp_balance_failover_total", "the client's half of balancing"),
];

/// Attributes that OpenTelemetry has no name for.
const OWN_ATTRIBUTES: &[(&str, &str)] = &[
    ("bp.edge", "who calls whom, as the wiring names it"),
    ("bp.attempt", "which attempt of one call this is"),
    ("bp.process", "the process, as the wiring names it"),
    ("bp.wiring", "the wiring's name"),
    ("bp.runtime", "the runtime's version"),
    ("bp.method", "a method of a service or of a store, which have a name of their own each"),
    ("bp.side", "the caller's or the callee's"),
    ("bp.class", "how a call ended"),
];

/// What may be written.
pub(crate) struct Names {
    metrics: BTreeSet<String>,
    attributes: BTreeSet<String>,
    labels: BTreeSet<String>,
}

/// A name in Prometheus' spelling.
fn spelled(name: &str) -> String {
    name.replace('.', "_")
}

impl Names {
    pub(crate) fn read() -> Result<Self> {
        let path = bp::root().join("golden-tests/data/opentelemetry/names.json");
        let names: Value = serde_json::from_str(&std::fs::read_to_string(path)?)?;
        let keys = |kind: &str| {
            let keys = names[kind].as_object().context("names")?.keys().cloned();
            anyhow::Ok(keys.collect::<BTreeSet<String>>())
        };
        let (known, mut attributes) = (keys("metrics")?, keys("attributes")?);
        ensure!(known.len() > 400 && attributes.len() > 800, "the names are not there");
        // Prometheus adds the unit, and `_total` to a counter.
        let suffixes = ["_seconds", "_bytes", "_total"];
        let mut metrics: BTreeSet<String> = known
            .iter()
            .flat_map(|name| suffixes.map(|suffix| format!("{}{suffix}", spelled(name))))
            .collect();
        metrics.extend(OWN_METRICS.iter().map(|(name, _)| (*name).to_owned()));
        attributes.extend(OWN_ATTRIBUTES.iter().map(|(name, _)| (*name).to_owned()));
        let labels = attributes.iter().map(|name| spelled(name)).collect();
        Ok(Self { metrics, attributes, labels })
    }

    /// Every name of an attribute is known.
    pub(crate) fn attribute(&self, name: &str, place: &str) -> Result<()> {
        ensure!(self.attributes.contains(name), "{place}: unknown attribute `{name}`");
        Ok(())
    }

    /// Every metric and label of a `/metrics` page is known.
    pub(crate) fn check_page(&self, text: &str) -> Result<()> {
        for (family, found) in exposition::read(text)? {
            for name in found.samples() {
                // What a histogram adds to its name.
                let parts = ["_bucket", "_count", "_sum"];
                let name = parts.iter().find_map(|part| name.strip_suffix(part)).unwrap_or(name);
                ensure!(self.metrics.contains(name), "unknown metric `{name}`");
            }
            for name in found.labels() {
                ensure!(self.labels.contains(name), "unknown label `{name}` of `{family}`");
            }
        }
        Ok(())
    }
}
