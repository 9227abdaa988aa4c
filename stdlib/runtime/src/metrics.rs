//! The metrics of one process, in the Prometheus text format.

use std::any::Any;
use std::collections::BTreeMap;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, Mutex};

use bp_contract::metric::Metric;
use prometheus_client::encoding::{EncodeLabel, EncodeLabelSet, EncodeMetric, LabelSetEncoder};
use prometheus_client::metrics::TypedMetric;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

use crate::error::StartError;

/// A registry that the plugins of a process share; clones are the same one.
#[derive(Clone, Default)]
pub struct Metrics {
    inner: Arc<Mutex<Inner>>,
}

#[derive(Default)]
struct Inner {
    registry: Registry,
    /// By the name of the family.
    registered: BTreeMap<String, Registered>,
}

struct Registered {
    metric: &'static Metric,
    /// What [`Metrics::shared`] returns.
    family: Box<dyn Any + Send>,
}

impl Metrics {
    /// The series of a metric, registered when first asked for; `make` makes a new series.
    ///
    /// `N` is the number of labels that the metric is declared with.
    ///
    /// # Errors
    /// Another metric, or another type, was registered by that name; or the declaration has another kind than `M`, or another number of labels than `N`.
    pub fn shared<M, const N: usize>(
        &self,
        metric: &'static Metric,
        make: fn() -> M,
    ) -> Result<MetricFamily<M, N>, StartError>
    where
        M: EncodeMetric + TypedMetric + fmt::Debug + Clone + Send + Sync + 'static,
    {
        let names = label_names::<N>(metric)?;
        let mut inner = crate::sync::lock(&self.inner);
        if let Some(known) = inner.registered.get(&metric.family_name()) {
            if known.metric != metric {
                return Err(clash(metric));
            }
            let family = known.family.downcast_ref::<MetricFamily<M, N>>().cloned();
            return family.ok_or_else(|| {
                let name = metric.exposed_name();
                StartError::new(format!("the metric `{name}` is registered with two types"))
            });
        }
        let family = MetricFamily { names, series: Family::new_with_constructor(make) };
        inner.register(metric, family.series.clone(), family.clone())?;
        Ok(family)
    }

    /// Registers a metric that has no labels and is not shared.
    ///
    /// # Errors
    /// A metric of that name is registered, or the declaration has another kind, or labels.
    pub(crate) fn register(
        &self,
        metric: &'static Metric,
        only: impl EncodeMetric + fmt::Debug + Send + Sync + 'static,
    ) -> Result<(), StartError> {
        label_names::<0>(metric)?;
        crate::sync::lock(&self.inner).register(metric, only, ())
    }

    /// Registers an info with the values of its labels.
    ///
    /// # Errors
    /// A metric of that name is registered, or the declaration is of no info, or has another number of labels.
    pub(crate) fn register_info<const N: usize>(
        &self,
        metric: &'static Metric,
        values: [LabelValue; N],
    ) -> Result<(), StartError> {
        let info = Info::new(Labels { names: label_names(metric)?, values });
        crate::sync::lock(&self.inner).register(metric, info, ())
    }

    /// All metrics as text.
    pub fn encode(&self) -> String {
        let mut text = String::new();
        let inner = crate::sync::lock(&self.inner);
        // Writing to a String fails only when a metric cannot be encoded; what was written before is kept.
        if prometheus_client::encoding::text::encode(&mut text, &inner.registry).is_err() {
            tracing::warn!("a metric could not be encoded");
        }
        text
    }
}

impl Inner {
    fn register(
        &mut self,
        metric: &'static Metric,
        encoded: impl EncodeMetric + fmt::Debug + Send + Sync + 'static,
        family: impl Any + Send,
    ) -> Result<(), StartError> {
        let kind = encoded.metric_type();
        if kind.as_str() != metric.kind.word() {
            return Err(StartError::new(format!(
                "the metric `{}` is declared as {}, but registered as {}",
                metric.exposed_name(),
                metric.kind.word(),
                kind.as_str()
            )));
        }
        let name = metric.family_name();
        if let Some(known) = self.registered.get(&name) {
            if known.metric != metric {
                return Err(clash(metric));
            }
            let name = metric.exposed_name();
            return Err(StartError::new(format!("the metric `{name}` is registered twice")));
        }
        match metric.unit {
            Some(unit) => {
                let unit = match unit {
                    bp_contract::metric::Unit::Seconds => Unit::Seconds,
                    bp_contract::metric::Unit::Bytes => Unit::Bytes,
                };
                self.registry.register_with_unit(metric.name, metric.meaning, unit, encoded);
            }
            None => self.registry.register(metric.name, metric.meaning, encoded),
        }
        self.registered.insert(name, Registered { metric, family: Box::new(family) });
        Ok(())
    }
}

fn clash(metric: &Metric) -> StartError {
    StartError::new(format!("two different metrics are named `{}`", metric.exposed_name()))
}

/// The names of a metric's labels, as many as there will be values.
fn label_names<const N: usize>(
    metric: &'static Metric,
) -> Result<&'static [&'static str; N], StartError> {
    metric.labels.try_into().map_err(|_| {
        StartError::new(format!(
            "the metric `{}` is declared with {} labels, but registered with {N}",
            metric.exposed_name(),
            metric.labels.len()
        ))
    })
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

/// The series of one metric, told apart by the values of its `N` labels; clones are the same ones.
#[derive(Debug, Clone)]
pub struct MetricFamily<M, const N: usize> {
    names: &'static [&'static str; N],
    series: Family<Labels<N>, M>,
}

impl<M: Clone, const N: usize> MetricFamily<M, N> {
    /// The series with these values, in the order of the declaration; made when first asked for.
    ///
    /// It looks the values up and takes a lock, so who needs a series often keeps it.
    pub fn series(&self, values: [LabelValue; N]) -> M {
        self.series.get_or_create_owned(&Labels { names: self.names, values })
    }
}

/// The value of a label; cheap to clone.
#[derive(Debug, Clone)]
pub enum LabelValue {
    /// Known when the process was compiled.
    Fixed(&'static str),
    /// Learnt while it runs.
    Shared(Arc<str>),
}

impl LabelValue {
    fn as_str(&self) -> &str {
        match self {
            Self::Fixed(text) => text,
            Self::Shared(text) => text,
        }
    }
}

impl From<&'static str> for LabelValue {
    fn from(text: &'static str) -> Self {
        Self::Fixed(text)
    }
}

impl From<Arc<str>> for LabelValue {
    fn from(text: Arc<str>) -> Self {
        Self::Shared(text)
    }
}

impl From<String> for LabelValue {
    fn from(text: String) -> Self {
        Self::Shared(text.into())
    }
}

impl PartialEq for LabelValue {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for LabelValue {}

impl Hash for LabelValue {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

/// The labels of one series.
#[derive(Debug, Clone)]
struct Labels<const N: usize> {
    names: &'static [&'static str; N],
    values: [LabelValue; N],
}

// The names are those of the metric, so they are the same in everything that is compared.
impl<const N: usize> PartialEq for Labels<N> {
    fn eq(&self, other: &Self) -> bool {
        self.values == other.values
    }
}

impl<const N: usize> Eq for Labels<N> {}

impl<const N: usize> Hash for Labels<N> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.values.hash(state);
    }
}

impl<const N: usize> EncodeLabelSet for Labels<N> {
    fn encode(&self, encoder: &mut LabelSetEncoder<'_>) -> fmt::Result {
        for (name, value) in self.names.iter().zip(&self.values) {
            (*name, value.as_str()).encode(encoder.encode_label())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU64;

    use bp_contract::metric::Unit;
    use prometheus_client::metrics::counter::Counter;
    use prometheus_client::metrics::gauge::Gauge;

    use super::*;

    const CALLS: Metric = Metric::counter("calls", "Calls").labels(&["edge", "side"]);

    #[test]
    fn a_metric_is_exposed_as_it_is_declared() {
        const SENT: Metric = Metric::gauge("sent", "What was sent").unit(Unit::Bytes);
        const TARGET: Metric = Metric::info("target", "What runs here").labels(&["name"]);
        let metrics = Metrics::default();
        let calls: MetricFamily<Counter, 2> = metrics.shared(&CALLS, Counter::default).unwrap();
        calls.series(["a->b".to_owned().into(), "client".into()]).inc();
        let again: MetricFamily<Counter, 2> = metrics.shared(&CALLS, Counter::default).unwrap();
        again.series(["a->b".into(), "client".into()]).inc();
        metrics.register(&SENT, Gauge::<i64>::default()).unwrap();
        metrics.register_info(&TARGET, ["web".into()]).unwrap();
        let expected = "\
# HELP calls Calls.
# TYPE calls counter
calls_total{edge=\"a->b\",side=\"client\"} 2
# HELP sent_bytes What was sent.
# TYPE sent_bytes gauge
# UNIT sent_bytes bytes
sent_bytes 0
# HELP target What runs here.
# TYPE target info
target_info{name=\"web\"} 1
# EOF
";
        assert_eq!(metrics.encode(), expected);
    }

    #[test]
    fn what_contradicts_the_declaration_or_another_one_is_an_error() {
        const OTHERS: &[Metric] = &[
            Metric::counter("calls", "Other calls").labels(&["edge", "side"]),
            Metric::counter("calls", "Calls").labels(&["edge", "place"]),
        ];
        const PLAIN: Metric = Metric::counter("calls", "Calls");
        const ONCE: Metric = Metric::gauge("once", "Once");
        type Fractional = Counter<f64, AtomicU64>;
        let metrics = Metrics::default();
        let fault = metrics.shared::<Counter, 1>(&CALLS, Counter::default).unwrap_err();
        let expected = "the metric `calls_total` is declared with 2 labels, but registered with 1";
        assert_eq!(fault.to_string(), expected);
        let fault = metrics.shared::<Gauge, 2>(&CALLS, Gauge::default).unwrap_err();
        let expected = "the metric `calls_total` is declared as counter, but registered as gauge";
        assert_eq!(fault.to_string(), expected);
        assert_eq!(metrics.encode(), "# EOF\n");

        metrics.shared::<Counter, 2>(&CALLS, Counter::default).unwrap();
        for other in OTHERS {
            let fault = metrics.shared::<Counter, 2>(other, Counter::default).unwrap_err();
            assert_eq!(fault.to_string(), "two different metrics are named `calls_total`");
        }
        let fault = metrics.register(&PLAIN, Counter::<u64>::default()).unwrap_err();
        assert_eq!(fault.to_string(), "two different metrics are named `calls_total`");
        let fault = metrics.shared::<Counter, 1>(&CALLS, Counter::default).unwrap_err();
        let expected = "the metric `calls_total` is declared with 2 labels, but registered with 1";
        assert_eq!(fault.to_string(), expected);
        let fault = metrics.shared::<Fractional, 2>(&CALLS, Counter::default).unwrap_err();
        assert_eq!(fault.to_string(), "the metric `calls_total` is registered with two types");

        metrics.register(&ONCE, Gauge::<i64>::default()).unwrap();
        let fault = metrics.register(&ONCE, Gauge::<i64>::default()).unwrap_err();
        assert_eq!(fault.to_string(), "the metric `once` is registered twice");
    }
}
