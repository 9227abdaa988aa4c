//! Metrics of a process: how they are declared, and how Prometheus spells them.
//!
//! A plugin declares its metrics in one file that both of its halves compile: the runtime half registers them, the compile half lists them on the plugin's page.
//!
//! ```
//! use bp_contract::metric::{Metric, Unit};
//!
//! /// Every metric of the plugin.
//! pub const METRICS: &[Metric] = &[PAUSES, PAUSE_DURATION];
//!
//! /// Pauses.
//! pub const PAUSES: Metric =
//!     Metric::counter("bp_pauses", "Pauses that ended").labels(&["bp_edge"]);
//!
//! /// Their length.
//! pub const PAUSE_DURATION: Metric =
//!     Metric::histogram("bp_pause_duration", "How long pauses take").unit(Unit::Seconds);
//!
//! assert_eq!(PAUSES.exposed_name(), "bp_pauses_total");
//! assert_eq!(PAUSE_DURATION.exposed_name(), "bp_pause_duration_seconds");
//! ```
//!
//! A name that Prometheus would not take, or that repeats what is added to it, does not compile, nor does a label that is declared twice:
//!
//! ```compile_fail,E0080
//! # use bp_contract::metric::Metric;
//! const PAUSES: Metric = Metric::counter("bp_pauses_total", "Pauses that ended");
//! # let _ = PAUSES;
//! ```
//!
//! ```compile_fail,E0080
//! # use bp_contract::metric::Metric;
//! const PAUSES: Metric =
//!     Metric::counter("bp_pauses", "Pauses that ended").labels(&["bp_edge", "bp_edge"]);
//! # let _ = PAUSES;
//! ```

mod check;
pub mod runtime;

/// What a metric's values mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetricKind {
    /// A number that only grows while the process runs.
    Counter,
    /// A number that goes up and down.
    Gauge,
    /// How often values fell between bounds.
    Histogram,
    /// Text in labels, which does not change while the process runs.
    Info,
}

impl MetricKind {
    /// Its word in an exposition's `# TYPE` lines.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
            Self::Info => "info",
        }
    }

    /// What a sample's name has after its family's name; a histogram has several samples, and no name of its own for one.
    const fn suffix(self) -> &'static str {
        match self {
            Self::Counter => "_total",
            Self::Info => "_info",
            Self::Gauge | Self::Histogram => "",
        }
    }
}

/// What a metric's values are measured in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Seconds.
    Seconds,
    /// Bytes.
    Bytes,
}

impl Unit {
    /// Its word in a metric's name and in an exposition's `# UNIT` lines.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Seconds => "seconds",
            Self::Bytes => "bytes",
        }
    }
}

/// The declaration of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Metric {
    /// Its name without unit and suffix: `bp_calls`.
    pub name: &'static str,
    /// What its values mean.
    pub kind: MetricKind,
    /// What its values are measured in; `None` for a number of things.
    pub unit: Option<Unit>,
    /// The labels that each of its series has a value for, in the order of an exposition.
    pub labels: &'static [&'static str],
    /// What it measures, without a full stop.
    pub meaning: &'static str,
}

impl Metric {
    /// A number that only grows.
    ///
    /// # Panics
    /// If Prometheus would not take the name or the meaning; in a constant this is an error of the compiler.
    pub const fn counter(name: &'static str, meaning: &'static str) -> Self {
        Self::new(name, MetricKind::Counter, meaning)
    }

    /// A number that goes up and down.
    ///
    /// # Panics
    /// If Prometheus would not take the name or the meaning; in a constant this is an error of the compiler.
    pub const fn gauge(name: &'static str, meaning: &'static str) -> Self {
        Self::new(name, MetricKind::Gauge, meaning)
    }

    /// How often values fell between bounds.
    ///
    /// # Panics
    /// If Prometheus would not take the name or the meaning; in a constant this is an error of the compiler.
    pub const fn histogram(name: &'static str, meaning: &'static str) -> Self {
        Self::new(name, MetricKind::Histogram, meaning)
    }

    /// Text in labels.
    ///
    /// # Panics
    /// If Prometheus would not take the name or the meaning; in a constant this is an error of the compiler.
    pub const fn info(name: &'static str, meaning: &'static str) -> Self {
        Self::new(name, MetricKind::Info, meaning)
    }

    const fn new(name: &'static str, kind: MetricKind, meaning: &'static str) -> Self {
        check::check_name(name);
        check::check_meaning(meaning);
        Self { name, kind, unit: None, labels: &[], meaning }
    }

    /// Sets what its values are measured in, which becomes part of its exposed name.
    ///
    /// # Panics
    /// If it is an info, whose value is always 1.
    pub const fn unit(mut self, unit: Unit) -> Self {
        assert!(!matches!(self.kind, MetricKind::Info), "an info has no unit");
        self.unit = Some(unit);
        self
    }

    /// Sets its labels.
    ///
    /// # Panics
    /// If Prometheus would not take one of them, or if one is there twice.
    pub const fn labels(mut self, labels: &'static [&'static str]) -> Self {
        check::check_labels(labels);
        self.labels = labels;
        self
    }

    /// Its name in an exposition's `# TYPE`, `# UNIT` and `# HELP` lines: `rpc_client_call_duration_seconds`, `bp_calls`.
    pub fn family_name(&self) -> String {
        match self.unit {
            Some(unit) => format!("{}_{}", self.name, unit.word()),
            None => self.name.to_owned(),
        }
    }

    /// Its name in a query: `bp_calls_total`; that of a histogram stands before `_bucket`, `_sum` and `_count`.
    pub fn exposed_name(&self) -> String {
        self.family_name() + self.kind.suffix()
    }
}

#[cfg(test)]
mod tests {
    use std::panic::catch_unwind;

    use super::*;

    #[test]
    fn the_unit_and_the_kind_are_part_of_the_name() {
        let sent = Metric::counter("sent", "Bytes that were sent").unit(Unit::Bytes);
        assert_eq!(
            (sent.family_name(), sent.exposed_name()),
            ("sent_bytes".to_owned(), "sent_bytes_total".to_owned())
        );
        for (metric, name) in [
            (Metric::counter("calls", "Calls"), "calls_total"),
            (Metric::gauge("uptime", "Time since the start").unit(Unit::Seconds), "uptime_seconds"),
            (Metric::histogram("took", "Time").unit(Unit::Seconds), "took_seconds"),
            (Metric::info("target", "What runs here"), "target_info"),
        ] {
            assert_eq!(metric.exposed_name(), name);
        }
    }

    #[test]
    fn what_prometheus_would_not_take_is_refused() {
        for name in [
            "",
            "Calls",
            "bp.calls",
            "9_calls",
            "_calls",
            "calls_",
            "calls_total",
            "target_info",
            "took_seconds",
            "sent_bytes",
            "took_count",
            "took_sum",
            "took_bucket",
            "calls_created",
        ] {
            assert!(catch_unwind(|| Metric::gauge(name, "Calls")).is_err(), "{name}");
        }
        for meaning in ["", "Calls.", "two\nlines", "a \"quoted\" word", "a \\ backslash"] {
            assert!(catch_unwind(|| Metric::gauge("calls", meaning)).is_err(), "{meaning}");
        }
        let calls = Metric::gauge("calls", "Calls");
        for labels in
            [&["Edge"] as &[_], &[""], &["bp.edge"], &["le"], &["__name"], &["a", "b", "a"]]
        {
            assert!(catch_unwind(|| calls.labels(labels)).is_err(), "{labels:?}");
        }
        assert_eq!(calls.labels(&["a", "b", "ab"]).labels.len(), 3);
        let target = Metric::info("target", "What runs here");
        assert!(catch_unwind(|| target.unit(Unit::Bytes)).is_err());
    }

    #[test]
    fn no_two_metrics_of_the_runtime_have_one_name() {
        let all =
            [runtime::PROCESS_METRICS, runtime::BALANCE_METRICS, runtime::ENDPOINT_POLICY_METRICS];
        let all = all.into_iter().flatten();
        let mut names: Vec<String> = all.map(Metric::family_name).collect();
        let count = names.len();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), count, "{names:?}");
    }
}
