//! The metrics of one process, in the Prometheus text format.

use std::any::Any;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex};

use prometheus_client::registry::{Metric, Registry};

use crate::error::StartError;

/// A registry that the plugins of a process share; clones are the same one.
#[derive(Clone, Default)]
pub struct Metrics {
    inner: Arc<Mutex<Inner>>,
}

#[derive(Default)]
struct Inner {
    registry: Registry,
    families: BTreeMap<&'static str, Box<dyn Any + Send>>,
}

impl Metrics {
    /// The metric named `name` (of which prometheus-client writes `name_total` for a counter), registered when first asked for.
    ///
    /// # Errors
    /// Something of another type was registered by that name.
    pub fn shared<M: Metric + Clone>(
        &self,
        name: &'static str,
        meaning: &str,
        make: impl FnOnce() -> M,
    ) -> Result<M, StartError> {
        let mut inner = crate::sync::lock(&self.inner);
        if let Some(known) = inner.families.get(name) {
            return known.downcast_ref::<M>().cloned().ok_or_else(|| {
                StartError::new(format!("two plugins register different metrics named `{name}`"))
            });
        }
        let metric = make();
        inner.registry.register(name, meaning, metric.clone());
        inner.families.insert(name, Box::new(metric.clone()));
        Ok(metric)
    }

    /// Registers a metric that is not shared.
    pub(crate) fn register(&self, name: &'static str, meaning: &str, metric: impl Metric) {
        crate::sync::lock(&self.inner).registry.register(name, meaning, metric);
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

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}
