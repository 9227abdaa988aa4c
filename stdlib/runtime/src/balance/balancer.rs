//! The load balancer of an edge to another process: gets an endpoint for each call, and another one when the first did not take it.

use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::sync::watch;

use super::Balance;
use super::attributes::EndpointEntry;
use super::directory::Directory;
use super::endpoint_policy::{CallOutcome, Refused};
use super::endpoint_state::{EndpointState, Probe};
use super::endpoints::{EndpointRules, Endpoints, NotPicked, PerMethod, Picked, Request};
use super::metrics::EdgeMetrics;
use super::selection::Selector;
use super::set_policy::SetPolicy;
use super::source::Source;
use crate::call::{Call, Edge, Reply};
use crate::chain::{Endpoint, Next, Wrapper};
use crate::client::Chains;
use crate::clock::{Clock, Instant};
use crate::error::{Infra, InfraKind, Processed, StartError};
use crate::method::Interface;
use crate::plugin::{Dialer, WrapperContext, WrapperPlugin};
use crate::reply_metadata::{RetryAfter, Shed};
use crate::surroundings::Surroundings;
use crate::sync::lock;

/// How long a probe, which asks whether an endpoint is back, may take.
const PROBE_TIMEOUT: Duration = Duration::from_secs(1);
/// The longest that a call waits for the first answer of a look-up.
const FIRST_LOOKUP_TIMEOUT: Duration = Duration::from_secs(2);
/// The shortest time between two surveys of a set policy.
const SHORTEST_SURVEY_PERIOD: Duration = Duration::from_millis(10);
/// How many set policies an edge can have: as many as an endpoint has bits for its ejections.
const MOST_SET_POLICIES: u8 = 64;

/// What an edge's wrappers say about the callee's endpoints.
#[derive(Default)]
pub(crate) struct EdgeBalance {
    /// How calls are spread.
    pub(crate) balance: Balance,
    /// What narrows the set of endpoints, outermost slot first.
    pub(crate) selectors: Vec<PerMethod<Arc<dyn Selector>>>,
    /// What admits calls to each endpoint, outermost slot first.
    pub(crate) set_policies: Vec<PerMethod<Arc<dyn SetPolicy>>>,
    /// The wrappers that each endpoint has for itself.
    pub(crate) endpoint_wrappers: EndpointWrappers,
}

/// The wrappers that each endpoint has for itself.
#[derive(Default)]
pub(crate) struct EndpointWrappers {
    /// Outermost first; for each, the methods that it does not apply to, by index.
    pub(crate) wrappers: Vec<(Arc<dyn WrapperPlugin>, WrapperContext, Vec<bool>)>,
}

impl EndpointWrappers {
    fn build(
        &self,
        interface: &'static Interface,
        entry: &EndpointEntry,
    ) -> Result<Chains, StartError> {
        let mut chains: Vec<Vec<Arc<dyn Wrapper>>> = vec![Vec::new(); interface.methods.len()];
        for (plugin, context, off) in &self.wrappers {
            let context = WrapperContext { endpoint: Some(entry.clone()), ..context.clone() };
            let Some(wrapper) = plugin.client(&context)? else { continue };
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
    /// Whether `end` records by itself whether the endpoint can be reached.
    observed: bool,
}

/// The end of an endpoint's wrappers: what they refuse themselves says nothing about whether the endpoint can be reached.
struct ObservedEnd {
    end: Arc<dyn Endpoint>,
    state: Arc<EndpointState>,
    inner: Weak<Inner>,
}

impl Endpoint for ObservedEnd {
    fn send(&self, call: Call) -> BoxFuture<'_, Result<Reply, Infra>> {
        Box::pin(async move {
            let outcome = self.end.send(call).await;
            if let Some(inner) = self.inner.upgrade() {
                inner.record_reach(&self.state, &outcome);
            }
            outcome
        })
    }
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
    /// Tells those who survey the endpoints that they were replaced.
    replaced: watch::Sender<()>,
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
    /// An address that is not valid, a wrapper's settings that cannot be read, or more policies than an endpoint can have.
    pub(crate) fn new(
        edge: Arc<Edge>,
        interface: &'static Interface,
        directory: Directory,
        dialer: Arc<dyn Dialer>,
        edge_balance: EdgeBalance,
        surroundings: Surroundings,
    ) -> Result<Self, StartError> {
        let EdgeBalance { balance, selectors, set_policies, endpoint_wrappers } = edge_balance;
        let policies = set_policies.len();
        if policies > usize::from(MOST_SET_POLICIES) {
            return Err(StartError::new(format!(
                "an edge can have {MOST_SET_POLICIES} wrappers that decide about endpoints, found {policies}"
            )));
        }
        let metrics = EdgeMetrics::new(&surroundings, &edge, policies > 0)?;
        let rules = EndpointRules {
            choice: balance.choice,
            slow_start: balance.slow_start,
            selectors,
            set_policies,
            refusals: metrics.refusals(),
        };
        let mut known = directory.known.clone();
        known.mark_unchanged();
        let inner = Arc::new(Inner {
            endpoints: Endpoints::new(rules, surroundings.rng.next_u64()),
            failover: usize::try_from(balance.failover).unwrap_or(usize::MAX),
            edge,
            interface,
            directory,
            update_lock: Mutex::default(),
            replaced: watch::Sender::new(()),
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
        for (index, _) in (0..MOST_SET_POLICIES).zip(0..policies) {
            let replaced = inner.replaced.subscribe();
            tokio::spawn(survey_on_time(Arc::downgrade(&inner), index, replaced));
        }
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
    let balance = EdgeBalance::default();
    let end = Balancer::new(edge, interface, directory, dialer, balance, surroundings)?;
    Ok(Arc::new(end))
}

impl Inner {
    fn update_endpoints(self: &Arc<Self>) -> Result<(), StartError> {
        let _one = lock(&self.update_lock);
        let Some(known) = self.directory.known.borrow().clone() else { return Ok(()) };
        let now = self.surroundings.clock.now();
        self.endpoints.replace(&known, now, |entry, state| self.dial(entry, state))?;
        self.metrics.update(&self.endpoints);
        self.replaced.send_replace(());
        Ok(())
    }

    fn dial(
        self: &Arc<Self>,
        entry: &EndpointEntry,
        state: &Arc<EndpointState>,
    ) -> Result<EndpointClient, StartError> {
        let end = self.dialer.dial(&entry.address)?;
        let chains = self.endpoint_wrappers.build(self.interface, entry)?;
        let observed = chains.iter().any(|chain| !chain.is_empty());
        let end = if observed {
            let (state, inner) = (state.clone(), Arc::downgrade(self));
            Arc::new(ObservedEnd { end, state, inner })
        } else {
            end
        };
        Ok(EndpointClient { chains, end, observed })
    }

    fn pick(
        &self,
        call: &Call,
        passed: &[Picked<EndpointClient>],
    ) -> Result<Picked<EndpointClient>, NotPicked> {
        let seed = self.surroundings.rng.next_u64();
        self.endpoints.pick(&Request { call, seed, clock: &self.surroundings.clock, passed })
    }

    /// Waits for the first answer of a look-up that has just begun.
    async fn wait_for_first_lookup(self: &Arc<Self>) {
        let mut known = self.directory.known.clone();
        // An empty list is an answer; the task that follows the directory will tell of another one.
        if known.borrow().as_ref().is_some_and(|endpoints| endpoints.is_empty()) {
            return;
        }
        let answer = async {
            if known.wait_for(Option::is_some).await.is_ok() {
                // The task that follows the directory logs what is wrong.
                let _ = self.update_endpoints();
            }
        };
        // Without a first answer the caller refuses the call.
        let _ = tokio::time::timeout(FIRST_LOOKUP_TIMEOUT, answer).await;
    }

    /// The failure of a call that no endpoint can get.
    fn describe(&self, not_picked: &NotPicked) -> Infra {
        let edge = &self.edge.key;
        match not_picked {
            NotPicked::Unknown | NotPicked::AllPassed => {
                Infra::unavailable(format!("edge {edge}: no endpoint is known"))
            }
            NotPicked::NotSelected(plugin) => Infra::unavailable(format!(
                "edge {edge}: `{plugin}` leaves none of the {} endpoints",
                self.endpoints.len()
            )),
            NotPicked::Refused(refused) => self.describe_refusal(refused),
        }
    }

    fn describe_refusal(&self, refused: &Refused) -> Infra {
        let edge = &self.edge.key;
        let message = format!("edge {edge}: every endpoint is refused: {}", refused.why());
        let mut infra = Infra::new(refused.kind(), Processed::No, message);
        if let Some(at) = refused.admits_at() {
            let pause = at.saturating_duration_since(self.surroundings.clock.now());
            infra = infra.with_retry_after(RetryAfter::After(pause));
        }
        if refused.kind() == InfraKind::Overloaded {
            infra = infra.with_shed(Shed::new(edge.clone(), refused.why().to_owned()));
        }
        infra
    }

    async fn run(self: &Arc<Self>, call: Call) -> Result<Reply, Infra> {
        // Allocates nothing until a call fails over.
        let mut passed = Vec::new();
        let mut first = self.pick(&call, &passed);
        if matches!(first, Err(NotPicked::Unknown)) {
            self.wait_for_first_lookup().await;
            first = self.pick(&call, &passed);
        }
        let mut picked = first.map_err(|not_picked| self.describe(&not_picked))?;
        loop {
            if let Some(tried) = call.context.tried_endpoints() {
                tried.record(picked.state().address());
            }
            let more = passed.len() < self.failover && self.endpoints.len() > passed.len() + 1;
            if !more {
                let outcome = picked.client().send(call).await;
                self.record_outcome(&mut picked, &outcome);
                return outcome;
            }
            let outcome = picked.client().send(call.clone()).await;
            self.record_outcome(&mut picked, &outcome);
            match outcome {
                Err(infra) if was_not_taken(&infra) => {
                    passed.push(picked);
                    let Ok(next) = self.pick(&call, &passed) else { return Err(infra) };
                    self.metrics.failover.inc();
                    picked = next;
                }
                outcome => return outcome,
            }
        }
    }

    /// Learns from the outcome of a call.
    fn record_outcome(
        self: &Arc<Self>,
        picked: &mut Picked<EndpointClient>,
        outcome: &Result<Reply, Infra>,
    ) {
        picked.finish(CallOutcome::from(outcome));
        let metadata = match outcome {
            Ok(reply) => reply.metadata(),
            Err(infra) => &infra.metadata,
        };
        if let Some(load) = metadata.load() {
            picked.state().record_load(load, self.surroundings.clock.now());
        }
        if !picked.client().observed {
            self.record_reach(picked.state(), outcome);
        }
    }

    /// Learns from the outcome of a transport whether the endpoint is there.
    fn record_reach(self: &Arc<Self>, state: &Arc<EndpointState>, outcome: &Result<Reply, Infra>) {
        match outcome {
            Err(infra) if was_not_taken(infra) => {
                self.directory.failed.notify_one();
                if let Some(probe) = state.mark_unreachable() {
                    tracing::warn!(
                        edge = self.edge.key,
                        address = probe.address(),
                        error = %infra,
                        "an endpoint cannot be reached; calls skip it until it can"
                    );
                    tokio::spawn(probe_until_back(probe, Arc::downgrade(self)));
                }
                self.metrics.update(&self.endpoints);
            }
            // It broke in mid-call, which says nothing about the next connection; or it failed on this side, before anything was sent, as a message does that is too large.
            Err(
                Infra { kind: InfraKind::Unavailable, .. } | Infra { processed: Processed::No, .. },
            ) => {}
            _ => {
                if state.mark_reached(&*self.surroundings.clock) {
                    self.metrics.update(&self.endpoints);
                }
            }
        }
    }

    /// Asks a set policy which endpoints to eject; returns when the first ejection ends that has an end.
    fn survey(&self, index: u8) -> Option<Instant> {
        let surveyed = self.endpoints.survey(index, self.surroundings.clock.now());
        let edge = &self.edge.key;
        for address in &surveyed.ejected {
            tracing::warn!(edge, %address, "an endpoint is ejected; calls skip it");
        }
        for address in &surveyed.returned {
            tracing::info!(edge, %address, "an endpoint is no longer ejected");
        }
        if !(surveyed.ejected.is_empty() && surveyed.returned.is_empty()) {
            self.metrics.record_ejections(surveyed.ejected.len());
            self.metrics.update(&self.endpoints);
        }
        surveyed.next_end
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

/// Surveys the endpoints for the set policy at this index: now, after each change, in each period, and when an ejection ends.
async fn survey_on_time(inner: Weak<Inner>, index: u8, mut replaced: watch::Receiver<()>) {
    loop {
        replaced.mark_unchanged();
        let Some(inner) = inner.upgrade() else { return };
        let clock = inner.surroundings.clock.clone();
        let ejection_end = inner.survey(index);
        // Asked each time, because it may be a setting that changes.
        let period = inner.endpoints.survey_period(index);
        let period = period.map(|period| period.max(SHORTEST_SURVEY_PERIOD));
        drop(inner);
        let tick = period.map(|period| clock.now() + period);
        let next = [ejection_end, tick].into_iter().flatten().min();
        tokio::select! {
            () = sleep_until(&*clock, next) => {}
            changed = replaced.changed() => if changed.is_err() { return },
        }
    }
}

/// Sleeps for ever without an instant.
async fn sleep_until(clock: &dyn Clock, instant: Option<Instant>) {
    match instant {
        Some(instant) => clock.sleep_until(instant).await,
        None => std::future::pending().await,
    }
}

/// Tries to connect to an endpoint until that succeeds, a call was answered there, or it is no longer in use.
async fn probe_until_back(probe: Probe, inner: Weak<Inner>) {
    loop {
        let Some(surroundings) = inner.upgrade().map(|inner| inner.surroundings.clone()) else {
            return;
        };
        surroundings.clock.sleep(probe.pause(surroundings.rng.unit())).await;
        let Some(inner) = inner.upgrade().filter(|inner| inner.endpoints.has(probe.state())) else {
            // The endpoint may be listed again later.
            probe.record(true, &*surroundings.clock);
            return;
        };
        let connecting = surroundings.connector.connect(probe.address());
        let connected = tokio::time::timeout(PROBE_TIMEOUT, connecting).await;
        let again = probe.record(matches!(connected, Ok(Ok(_))), &*surroundings.clock);
        inner.metrics.update(&inner.endpoints);
        if !again {
            return;
        }
    }
}

#[cfg(test)]
mod tests;
