//! The load balancer of an edge to another process: draws an endpoint for each call, and another one when the first did not take it.

use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use bp_contract::metric::runtime::{BALANCE_ENDPOINTS, BALANCE_FAILOVER, BALANCE_READY};
use futures_util::future::BoxFuture;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;

use super::Balance;
use super::attributes::EndpointEntry;
use super::directory::Directory;
use super::endpoints::{Endpoints, Picked, Probe};
use super::source::Source;
use crate::call::{Call, Edge, Reply};
use crate::chain::{Endpoint, Next, Wrapper};
use crate::client::Chains;
use crate::error::{Infra, InfraKind, Processed, StartError};
use crate::method::Interface;
use crate::metrics::LabelValue;
use crate::plugin::{Dialer, WrapperContext, WrapperPlugin};
use crate::surroundings::Surroundings;
use crate::sync::lock;

/// How long a probe, which asks whether an endpoint is back, may take.
const PROBE_TIMEOUT: Duration = Duration::from_secs(1);
/// The longest that a call waits for the first answer of a look-up.
const FIRST_LOOKUP_TIMEOUT: Duration = Duration::from_secs(2);

/// The wrappers that each endpoint has for itself, such as a breaker.
#[derive(Default)]
pub(crate) struct EndpointWrappers {
    /// Outermost first; for each, the methods that it does not apply to, by index.
    pub(crate) wrappers: Vec<(Arc<dyn WrapperPlugin>, WrapperContext, Vec<bool>)>,
}

impl EndpointWrappers {
    fn build(&self, interface: &'static Interface) -> Result<Chains, StartError> {
        let mut chains: Vec<Vec<Arc<dyn Wrapper>>> = vec![Vec::new(); interface.methods.len()];
        for (plugin, context, off) in &self.wrappers {
            let Some(wrapper) = plugin.client(context)? else { continue };
            for (chain, off) in chains.iter_mut().zip(off) {
                if !off {
                    chain.push(wrapper.clone());
                }
            }
        }
        Ok(chains.into_iter().map(Vec::into_boxed_slice).collect())
    }
}

/// The wrappers and the client of one endpoint.
struct EndpointClient {
    chains: Chains,
    end: Arc<dyn Endpoint>,
}

/// Spreads an edge's calls over the callee's endpoints, which come and go.
pub(crate) struct Balancer {
    inner: Arc<Inner>,
}

struct Inner {
    edge: Arc<Edge>,
    interface: &'static Interface,
    endpoints: Endpoints<EndpointClient>,
    directory: Directory,
    /// Held while the endpoints are replaced, so that an older list cannot overwrite a newer one.
    update_lock: Mutex<()>,
    dialer: Arc<dyn Dialer>,
    endpoint_wrappers: EndpointWrappers,
    failover: usize,
    surroundings: Surroundings,
    metrics: EdgeMetrics,
}

impl Balancer {
    /// Follows `directory` from now on.
    ///
    /// # Errors
    /// An address that is not valid, or a wrapper's settings that cannot be read.
    pub(crate) fn new(
        edge: Arc<Edge>,
        interface: &'static Interface,
        directory: Directory,
        dialer: Arc<dyn Dialer>,
        endpoint_wrappers: EndpointWrappers,
        balance: Balance,
        surroundings: Surroundings,
    ) -> Result<Self, StartError> {
        let metrics = EdgeMetrics::new(&surroundings, &edge)?;
        let mut known = directory.known.clone();
        known.mark_unchanged();
        let inner = Arc::new(Inner {
            endpoints: Endpoints::new(balance.choice, surroundings.rng.next_u64()),
            failover: usize::try_from(balance.failover).unwrap_or(usize::MAX),
            edge,
            interface,
            directory,
            update_lock: Mutex::default(),
            dialer,
            endpoint_wrappers,
            surroundings,
            metrics,
        });
        inner.update_endpoints()?;
        let follower = Arc::downgrade(&inner);
        tokio::spawn(async move {
            while known.changed().await.is_ok() {
                let Some(inner) = follower.upgrade() else { return };
                if let Err(error) = inner.update_endpoints() {
                    tracing::error!(%error, "the endpoints stay unchanged");
                }
            }
        });
        Ok(Self { inner })
    }
}

/// A callee at fixed addresses: for tests of transports, and for callers without an application.
///
/// # Errors
/// An address that is not a `host:port`.
pub fn connect_fixed(
    dialer: Arc<dyn Dialer>,
    edge: Arc<Edge>,
    interface: &'static Interface,
    addresses: Vec<String>,
    surroundings: Surroundings,
) -> Result<Arc<dyn Endpoint>, StartError> {
    let stop = tokio_util::sync::CancellationToken::new();
    let list = addresses.into_iter().map(EndpointEntry::new).collect();
    let directory = Directory::follow(Source::List(list), &surroundings, stop)?;
    let (endpoint_wrappers, balance) = (EndpointWrappers::default(), Balance::default());
    let end = Balancer::new(
        edge,
        interface,
        directory,
        dialer,
        endpoint_wrappers,
        balance,
        surroundings,
    )?;
    Ok(Arc::new(end))
}

impl Inner {
    fn update_endpoints(&self) -> Result<(), StartError> {
        let _one = lock(&self.update_lock);
        let Some(known) = self.directory.known.borrow().clone() else { return Ok(()) };
        let addresses: Vec<_> = known.iter().map(|entry| entry.address.to_string()).collect();
        self.endpoints.replace(&addresses, |address| {
            let end = self.dialer.dial(address)?;
            Ok::<_, StartError>(EndpointClient {
                chains: self.endpoint_wrappers.build(self.interface)?,
                end,
            })
        })?;
        self.metrics.update(&self.endpoints);
        Ok(())
    }

    fn pick(&self, tried: &[Picked<EndpointClient>]) -> Option<Picked<EndpointClient>> {
        self.endpoints.pick(self.surroundings.rng.next_u64(), tried)
    }

    /// Waits for the first answer of a look-up that has just begun.
    async fn wait_for_first_lookup(&self) {
        let mut known = self.directory.known.clone();
        let answer = async {
            if known.wait_for(Option::is_some).await.is_ok() {
                // The task that follows the directory logs what is wrong.
                let _ = self.update_endpoints();
            }
        };
        // Without a first answer the caller refuses the call.
        let _ = tokio::time::timeout(FIRST_LOOKUP_TIMEOUT, answer).await;
    }

    fn no_endpoint(&self) -> Infra {
        Infra::unavailable(format!("edge {}: no endpoint is known", self.edge.key))
    }

    async fn run(self: &Arc<Self>, call: Call) -> Result<Reply, Infra> {
        // Allocates nothing until a call fails over.
        let mut tried = Vec::new();
        let mut first = self.pick(&tried);
        if first.is_none() {
            self.wait_for_first_lookup().await;
            first = self.pick(&tried);
        }
        let mut picked = first.ok_or_else(|| self.no_endpoint())?;
        loop {
            if let Some(tried) = call.context.tried_endpoints() {
                picked.record_in(tried);
            }
            let more = tried.len() < self.failover && self.endpoints.len() > tried.len() + 1;
            if !more {
                let outcome = picked.client().send(call).await;
                self.record_outcome(&picked, &outcome);
                return outcome;
            }
            let outcome = picked.client().send(call.clone()).await;
            self.record_outcome(&picked, &outcome);
            match outcome {
                Err(infra) if was_not_taken(&infra) => {
                    tried.push(picked);
                    let Some(next) = self.pick(&tried) else { return Err(infra) };
                    self.metrics.failover.inc();
                    picked = next;
                }
                outcome => return outcome,
            }
        }
    }

    /// Learns from an outcome whether the endpoint is there.
    fn record_outcome(
        self: &Arc<Self>,
        picked: &Picked<EndpointClient>,
        outcome: &Result<Reply, Infra>,
    ) {
        match outcome {
            Err(infra) if was_not_taken(infra) => {
                self.directory.failed.notify_one();
                if let Some(probe) = picked.mark_unreachable() {
                    tracing::warn!(
                        edge = self.edge.key,
                        address = picked.address(),
                        error = %infra,
                        "an endpoint cannot be reached; calls skip it until it can"
                    );
                    tokio::spawn(probe_until_back(probe, Arc::downgrade(self)));
                }
                self.metrics.update(&self.endpoints);
            }
            // It broke in mid-call, which says nothing about the next connection.
            Err(Infra { kind: InfraKind::Unavailable, .. }) => {}
            _ => {
                if picked.mark_reached() {
                    self.metrics.update(&self.endpoints);
                }
            }
        }
    }
}

impl EndpointClient {
    fn send(&self, call: Call) -> BoxFuture<'_, Result<Reply, Infra>> {
        let chain = self.chains.get(usize::from(call.method.index));
        Next::new(chain.map_or(&[], |chain| &**chain), &*self.end).run(call)
    }
}

impl Endpoint for Balancer {
    fn send(&self, call: Call) -> BoxFuture<'_, Result<Reply, Infra>> {
        Box::pin(self.inner.run(call))
    }
}

/// Whether the endpoint certainly did not begin with the call.
fn was_not_taken(infra: &Infra) -> bool {
    infra.kind == InfraKind::Unavailable && infra.processed == Processed::No
}

/// Tries to connect to an endpoint until that succeeds, a call was answered there, or it is no longer in use.
async fn probe_until_back(probe: Probe<EndpointClient>, inner: Weak<Inner>) {
    loop {
        let Some(surroundings) = inner.upgrade().map(|inner| inner.surroundings.clone()) else {
            return;
        };
        surroundings.clock.sleep(probe.pause(surroundings.rng.unit())).await;
        let Some(inner) = inner.upgrade().filter(|inner| probe.is_one_of(&inner.endpoints)) else {
            // The endpoint may be listed again later.
            probe.record(true);
            return;
        };
        let connecting = surroundings.connector.connect(probe.address());
        let connected = tokio::time::timeout(PROBE_TIMEOUT, connecting).await;
        let again = probe.record(matches!(connected, Ok(Ok(_))));
        inner.metrics.update(&inner.endpoints);
        if !again {
            return;
        }
    }
}

/// The metrics of an edge's balance.
struct EdgeMetrics {
    known: Gauge,
    ready: Gauge,
    failover: Counter,
}

impl EdgeMetrics {
    fn new(surroundings: &Surroundings, edge: &Edge) -> Result<Self, StartError> {
        let metrics = &surroundings.metrics;
        let edge = LabelValue::from(edge.key.clone());
        Ok(Self {
            known: metrics.shared(&BALANCE_ENDPOINTS, Gauge::default)?.series([edge.clone()]),
            ready: metrics.shared(&BALANCE_READY, Gauge::default)?.series([edge.clone()]),
            failover: metrics.shared(&BALANCE_FAILOVER, Counter::default)?.series([edge]),
        })
    }

    fn update<T>(&self, endpoints: &Endpoints<T>) {
        let number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        self.known.set(number(endpoints.len()));
        self.ready.set(number(endpoints.ready()));
    }
}

#[cfg(test)]
mod tests;
