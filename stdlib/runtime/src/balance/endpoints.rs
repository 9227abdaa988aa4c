//! The endpoints of one callee: which exist, which can be reached, which are busy, which take calls.
//!
//! A state machine: seeds and the clock are arguments, and nothing waits.
//! A call takes no lock, save that of its own list of endpoints if a wrapper repeats calls, and that of an endpoint's load if the endpoint told it.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use prometheus_client::metrics::counter::Counter;

use super::attributes::EndpointEntry;
use super::candidates::Candidates;
use super::choice::Choice;
use super::draw::next_seed;
use super::endpoint_policy::{CallOutcome, EndpointPolicy, Permit, Refused, Ticket};
use super::endpoint_set::{EndpointSet, ListedEndpoint};
use super::endpoint_state::{Disturbances, EndpointState};
use super::selection::{IfEmpty, Selection, Selector};
use super::set_policy::{Health, SetPolicy};
use crate::call::Call;
use crate::clock::{Clock, Instant};
use crate::method::Method;
use crate::panic::catch_panic;

/// How many endpoints are drawn for a call and refuse it before the rest is asked one after the other.
const DRAWS: u32 = 4;

/// What one of the edge's wrappers says about its endpoints, for all methods but some.
pub(crate) struct PerMethod<P> {
    /// The wrapper's plugin.
    pub(crate) plugin: String,
    /// What it says.
    pub(crate) part: P,
    /// The methods that it says nothing about, by index.
    pub(crate) off: Vec<bool>,
}

impl<P> PerMethod<P> {
    fn applies_to(&self, method: &Method) -> bool {
        !self.off.get(usize::from(method.index)).copied().unwrap_or(false)
    }
}

/// By what rules a call gets one of the endpoints.
pub(crate) struct EndpointRules {
    /// How one of several is chosen.
    pub(crate) choice: Arc<dyn Choice>,
    /// The time in which the share of an endpoint that joins or comes back grows to its weight.
    pub(crate) slow_start: Duration,
    /// What narrows the set, outermost slot first.
    pub(crate) selectors: Vec<PerMethod<Arc<dyn Selector>>>,
    /// What admits calls to each endpoint, outermost slot first; at most 64.
    pub(crate) set_policies: Vec<PerMethod<Arc<dyn SetPolicy>>>,
    /// Counts each time that a policy refuses a call.
    pub(crate) refusals: Counter,
}

/// Stands in for the policy of an endpoint that a plugin panicked over.
struct AdmitAll;

impl EndpointPolicy for AdmitAll {
    fn admit(&self, now: Instant) -> Result<Ticket, Refused> {
        Ok(Ticket::new(now))
    }

    fn finish(&self, _: Ticket, _: CallOutcome<'_>, _: Instant) {}
}

/// The endpoints of one callee, each with the client `T` that reaches it.
pub(crate) struct Endpoints<T> {
    current: ArcSwap<Snapshot<T>>,
    rules: EndpointRules,
    /// The seed of the order that decides between equally loaded endpoints; it differs from caller to caller, so that callers do not all prefer the same one.
    order: u64,
    disturbances: Disturbances,
    versions: AtomicU64,
    /// Whether there was an endpoint before: those that come later may start slowly.
    began: AtomicBool,
}

/// The endpoints at one time; both lists have the same positions.
struct Snapshot<T> {
    set: EndpointSet,
    members: Vec<Arc<Member<T>>>,
}

struct Member<T> {
    state: Arc<EndpointState>,
    client: T,
}

/// A call that is to get an endpoint.
pub(super) struct Request<'a, T> {
    pub(super) call: &'a Call,
    /// Random.
    pub(super) seed: u64,
    pub(super) clock: &'a Arc<dyn Clock>,
    /// The endpoints that did not take this call; it does not go there again.
    pub(super) passed: &'a [Picked<T>],
}

/// Why a call gets no endpoint.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NotPicked {
    /// No endpoint is known.
    Unknown,
    /// It has been to all of them.
    AllPassed,
    /// The selector of this plugin leaves none.
    NotSelected(String),
    /// The policies of all that are left refuse.
    Refused(Refused),
}

/// What a survey has changed.
#[derive(Debug, Default)]
pub(super) struct Surveyed {
    /// Endpoints that calls skip from now on.
    pub(super) ejected: Vec<Arc<str>>,
    /// Endpoints that calls no longer skip.
    pub(super) returned: Vec<Arc<str>>,
    /// When the first ejection ends that has an end.
    pub(super) next_end: Option<Instant>,
}

impl<T> Endpoints<T> {
    /// No endpoints yet; `order` is the seed of their order.
    pub(super) fn new(rules: EndpointRules, order: u64) -> Self {
        let none = Snapshot { set: EndpointSet::default(), members: Vec::new() };
        Self {
            current: ArcSwap::from_pointee(none),
            rules,
            order,
            disturbances: Disturbances::default(),
            versions: AtomicU64::new(0),
            began: AtomicBool::new(false),
        }
    }

    /// Makes these the endpoints. One that was there before keeps its client, its requests and its state, and gets its new attributes.
    ///
    /// # Errors
    /// The first error of `dial`; the endpoints stay unchanged.
    pub(super) fn replace<E>(
        &self,
        entries: &[EndpointEntry],
        now: Instant,
        mut dial: impl FnMut(&EndpointEntry, &Arc<EndpointState>) -> Result<T, E>,
    ) -> Result<(), E> {
        let before = self.current.load_full();
        let known: BTreeMap<&str, &Arc<Member<T>>> =
            before.members.iter().map(|member| (&**member.state.address(), member)).collect();
        let mut ordered: Vec<_> = entries.iter().map(|e| (self.rank(&e.address), e)).collect();
        ordered.sort_unstable_by(|(a, x), (b, y)| (a, &x.address).cmp(&(b, &y.address)));
        ordered.dedup_by(|(_, a), (_, b)| a.address == b.address);
        let later = self.began.load(Ordering::Relaxed);
        let members = ordered.iter().map(|(_, entry)| {
            if let Some(member) = known.get(&*entry.address) {
                return Ok((*member).clone());
            }
            let state = Arc::new(self.open(entry, now));
            let client = dial(entry, &state)?;
            if later {
                state.start_slowly(now);
            }
            Ok(Arc::new(Member { state, client }))
        });
        let members = members.collect::<Result<Vec<_>, E>>()?;
        let listed = ordered.iter().zip(&members).map(|((_, entry), member)| {
            ListedEndpoint::new((*entry).clone(), member.state.clone())
        });
        let version = self.versions.fetch_add(1, Ordering::Relaxed) + 1;
        let set = EndpointSet::new(version, listed.collect());
        self.began.fetch_or(!members.is_empty(), Ordering::Relaxed);
        self.current.store(Arc::new(Snapshot { set, members }));
        Ok(())
    }

    /// The state of an endpoint that is new.
    fn open(&self, entry: &EndpointEntry, now: Instant) -> EndpointState {
        let policies = self.rules.set_policies.iter().map(|set| {
            catch_panic(|| set.part.endpoint(entry, now)).unwrap_or_else(|panic| {
                tracing::error!(plugin = set.plugin, panic, "a plugin panicked over an endpoint");
                Arc::new(AdmitAll)
            })
        });
        EndpointState::new(
            entry.address.clone(),
            policies.collect(),
            self.rules.slow_start,
            self.disturbances.clone(),
            now,
        )
    }

    /// The rank of an address in this caller's order.
    fn rank(&self, address: &str) -> u64 {
        address.bytes().fold(self.order, |hash, byte| next_seed(hash ^ u64::from(byte)))
    }

    /// Number of endpoints, whatever their state.
    pub(super) fn len(&self) -> usize {
        self.current.load().members.len()
    }

    /// Number of endpoints that are not skipped.
    pub(super) fn ready(&self) -> usize {
        let current = self.current.load();
        current.set.iter().filter(|one| one.is_up() && !one.is_ejected()).count()
    }

    /// Number of endpoints that a policy has ejected.
    pub(super) fn ejected(&self) -> usize {
        self.current.load().set.iter().filter(|one| one.is_ejected()).count()
    }

    /// Whether this state is that of one of the endpoints.
    pub(super) fn has(&self, state: &Arc<EndpointState>) -> bool {
        self.current.load().members.iter().any(|member| Arc::ptr_eq(&member.state, state))
    }

    /// Chooses an endpoint for a call, takes the admission of its policies, and counts one request as outstanding there while the answer lives.
    ///
    /// # Errors
    /// No endpoint can get the call.
    pub(super) fn pick(&self, request: &Request<'_, T>) -> Result<Picked<T>, NotPicked> {
        let current = self.current.load();
        let Snapshot { set, members } = &**current;
        if set.is_empty() {
            return Err(NotPicked::Unknown);
        }
        let mut allowed = self.select(request.call, set)?;
        for passed in request.passed {
            let same = |member: &Arc<Member<T>>| Arc::ptr_eq(member, &passed.member);
            if let Some(position) = members.iter().position(same) {
                allowed.remove(position);
            }
        }
        let (mut seed, mut refusal) = (request.seed, None::<Refused>);
        for draw in 0.. {
            let Some(next) = self.choose(set, &allowed, request, seed, draw) else { break };
            for position in next.as_slice() {
                let admitted = members.get(*position).map(|member| self.admit(member, request));
                match admitted {
                    Some(Ok(picked)) => return Ok(picked),
                    Some(Err(refused)) => {
                        self.rules.refusals.inc();
                        refusal = Some(match refusal {
                            Some(earlier) => earlier.or_earlier(refused),
                            None => refused,
                        });
                    }
                    None => {}
                }
                allowed.remove(*position);
            }
            seed = next_seed(seed);
        }
        Err(refusal.map_or(NotPicked::AllPassed, NotPicked::Refused))
    }

    /// Which endpoints of those that are allowed to ask next; `None` when none is left.
    fn choose(
        &self,
        set: &EndpointSet,
        allowed: &Selection,
        request: &Request<'_, T>,
        seed: u64,
        draw: u32,
    ) -> Option<Positions> {
        let tried = request.call.context.tried_endpoints().filter(|tried| !tried.is_empty());
        let calm = self.disturbances.is_none();
        let candidates = Candidates::new(set, allowed, tried, &**request.clock, calm)?;
        if draw >= DRAWS {
            return Some(Positions::Rest(candidates.rank_all(seed)));
        }
        let chosen = self.rules.choice.choose(request.call, &candidates, seed);
        Some(Positions::One(chosen.position()))
    }

    /// What the selectors leave of the set.
    fn select(&self, call: &Call, set: &EndpointSet) -> Result<Selection, NotPicked> {
        let mut selection = Selection::all(set.len());
        for selector in &self.rules.selectors {
            if !selector.applies_to(call.method) {
                continue;
            }
            let before = selection.clone();
            selector.part.select(call, set, &mut selection);
            if selection.is_empty() {
                match selector.part.if_empty() {
                    IfEmpty::Fail => return Err(NotPicked::NotSelected(selector.plugin.clone())),
                    IfEmpty::Ignore => selection = before,
                }
            }
        }
        Ok(selection)
    }

    /// Asks the policies of an endpoint; those that admitted a call that another one refuses see it as cancelled.
    fn admit(
        &self,
        member: &Arc<Member<T>>,
        request: &Request<'_, T>,
    ) -> Result<Picked<T>, Refused> {
        // Nothing is allocated for an edge without policies.
        let mut permits = Vec::new();
        for (set, policy) in self.rules.set_policies.iter().zip(member.state.policies()) {
            if set.applies_to(request.call.method) {
                let deadline = request.call.context.deadline();
                permits.push(Permit::acquire(policy, deadline, request.clock)?);
            }
        }
        member.state.begin_request();
        Ok(Picked { member: member.clone(), permits, outstanding: true })
    }

    /// The time between two surveys of the set policy at this index.
    pub(super) fn survey_period(&self, index: u8) -> Option<Duration> {
        self.rules.set_policies.get(usize::from(index))?.part.survey_period()
    }

    /// Asks the set policy at this index which endpoints to eject.
    pub(super) fn survey(&self, index: u8, now: Instant) -> Surveyed {
        let current = self.current.load();
        let Some(policy) = self.rules.set_policies.get(usize::from(index)) else {
            return Surveyed::default();
        };
        let healths = current.set.iter().enumerate().filter_map(|(position, endpoint)| {
            let policy = &**endpoint.state().policies().get(usize::from(index))?;
            let ejected = endpoint.state().is_ejected_by(index);
            Some(Health { position, endpoint, policy, ejected })
        });
        let healths: Vec<_> = healths.collect();
        let mut verdicts = vec![false; healths.len()];
        let mut surveyed = Surveyed::default();
        let verdict = catch_panic(|| policy.part.survey(now, &healths));
        let ejections = verdict.unwrap_or_else(|panic| {
            tracing::error!(plugin = policy.plugin, panic, "a plugin panicked over its endpoints");
            Vec::new()
        });
        for ejection in ejections {
            if ejection.until.is_some_and(|until| until <= now) {
                continue;
            }
            if let Some(verdict) = verdicts.get_mut(ejection.position) {
                *verdict = true;
            }
            surveyed.next_end = [surveyed.next_end, ejection.until].into_iter().flatten().min();
        }
        for (health, ejected) in healths.iter().zip(verdicts) {
            let state = health.endpoint.state();
            if state.set_ejected(index, ejected, now) {
                let list = if ejected { &mut surveyed.ejected } else { &mut surveyed.returned };
                list.push(state.address().clone());
            }
        }
        surveyed
    }
}

/// The positions that are asked next.
enum Positions {
    One(usize),
    Rest(Vec<usize>),
}

impl Positions {
    fn as_slice(&self) -> &[usize] {
        match self {
            Self::One(position) => std::slice::from_ref(position),
            Self::Rest(positions) => positions,
        }
    }
}

impl<T> fmt::Debug for Endpoints<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Endpoints").field(&self.current.load().set).finish()
    }
}

/// A chosen endpoint; one request counts as outstanding there until its end is known, or this is dropped.
pub(super) struct Picked<T> {
    member: Arc<Member<T>>,
    permits: Vec<Permit>,
    outstanding: bool,
}

impl<T> Picked<T> {
    /// The client that reaches the endpoint.
    pub(super) fn client(&self) -> &T {
        &self.member.client
    }

    /// What is known of the endpoint.
    pub(super) fn state(&self) -> &Arc<EndpointState> {
        &self.member.state
    }

    /// Tells the policies how the call ended; without this they hear that it was cancelled.
    pub(super) fn finish(&mut self, outcome: CallOutcome<'_>) {
        for permit in self.permits.drain(..) {
            permit.finish(outcome);
        }
        self.end_request();
    }

    fn end_request(&mut self) {
        if std::mem::take(&mut self.outstanding) {
            self.member.state.end_request();
        }
    }
}

impl<T> Drop for Picked<T> {
    fn drop(&mut self) {
        self.end_request();
    }
}

impl<T> fmt::Debug for Picked<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Picked").field(self.state()).finish()
    }
}

#[cfg(test)]
mod tests;
