//! The metrics of an edge's balance.

use std::sync::Mutex;

use bp_contract::metric::runtime::{
    BALANCE_EJECTED, BALANCE_EJECTIONS, BALANCE_ENDPOINTS, BALANCE_FAILOVER, BALANCE_READY,
    BALANCE_REFUSALS,
};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;

use super::endpoints::Endpoints;
use crate::call::Edge;
use crate::error::StartError;
use crate::metrics::LabelValue;
use crate::surroundings::Surroundings;
use crate::sync::lock;

/// The metrics of an edge's balance.
pub(super) struct EdgeMetrics {
    known: Gauge,
    ready: Gauge,
    pub(super) failover: Counter,
    policies: PolicyMetrics,
    update_lock: Mutex<()>,
}

/// What is exposed only for edges with policies.
#[derive(Default)]
struct PolicyMetrics {
    ejected: Gauge,
    ejections: Counter,
    refusals: Counter,
}

impl EdgeMetrics {
    pub(super) fn new(
        surroundings: &Surroundings,
        edge: &Edge,
        has_policies: bool,
    ) -> Result<Self, StartError> {
        let metrics = &surroundings.metrics;
        let edge = LabelValue::from(edge.key.clone());
        let mut policies = PolicyMetrics::default();
        if has_policies {
            let ejected = metrics.shared(&BALANCE_EJECTED, Gauge::default)?;
            let ejections = metrics.shared(&BALANCE_EJECTIONS, Counter::default)?;
            let refusals = metrics.shared(&BALANCE_REFUSALS, Counter::default)?;
            policies = PolicyMetrics {
                ejected: ejected.series([edge.clone()]),
                ejections: ejections.series([edge.clone()]),
                refusals: refusals.series([edge.clone()]),
            };
        }
        Ok(Self {
            known: metrics.shared(&BALANCE_ENDPOINTS, Gauge::default)?.series([edge.clone()]),
            ready: metrics.shared(&BALANCE_READY, Gauge::default)?.series([edge.clone()]),
            failover: metrics.shared(&BALANCE_FAILOVER, Counter::default)?.series([edge]),
            policies,
            update_lock: Mutex::default(),
        })
    }

    /// Counts what policies refuse.
    pub(super) fn refusals(&self) -> Counter {
        self.policies.refusals.clone()
    }

    /// Counts endpoints that a survey has ejected.
    pub(super) fn record_ejections(&self, count: usize) {
        self.policies.ejections.inc_by(u64::try_from(count).unwrap_or(u64::MAX));
    }

    pub(super) fn update<T>(&self, endpoints: &Endpoints<T>) {
        // Counting and setting together, so that an older count cannot overwrite a newer one.
        let _one = lock(&self.update_lock);
        let number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        self.known.set(number(endpoints.len()));
        self.ready.set(number(endpoints.ready()));
        self.policies.ejected.set(number(endpoints.ejected()));
    }
}
