//! What travels with a call besides its arguments: deadline, trace, tenant, criticality, baggage, attempt.
//!
//! The context of the running handler is a task-local; a client reads it when a call begins, and a server runs the handler in the context that arrived.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::clock::Instant;
use crate::sync::lock;
use crate::tasks::Tasks;
use crate::trace_context::TraceContext;

tokio::task_local! {
    static CURRENT: Context;
}

/// How important a call is when not all can be served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum Criticality {
    /// May be shed first: prefetching, batch work.
    Sheddable,
    /// The default.
    #[default]
    Default,
    /// A user waits for it and nothing can stand in for it.
    Critical,
}

impl Criticality {
    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sheddable => "sheddable",
            Self::Default => "default",
            Self::Critical => "critical",
        }
    }

    /// The value with this wire name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Sheddable, Self::Default, Self::Critical].into_iter().find(|c| c.as_str() == name)
    }
}

/// The endpoints that a call went to, in all its attempts; clones share the list.
///
/// A wrapper that repeats calls, or that wants to know where a call went, asks for it by [`Context::track_endpoints`].
#[derive(Debug, Clone, Default)]
pub struct TriedEndpoints(Arc<Mutex<Vec<Arc<str>>>>);

impl TriedEndpoints {
    /// The `host:port` of the last one; `None` when the call went nowhere yet.
    pub fn last(&self) -> Option<Arc<str>> {
        lock(&self.0).last().cloned()
    }

    /// How many attempts went to the endpoint at `address`.
    pub fn count(&self, address: &str) -> usize {
        lock(&self.0).iter().filter(|tried| ***tried == *address).count()
    }

    /// Whether there was no attempt yet.
    pub fn is_empty(&self) -> bool {
        lock(&self.0).is_empty()
    }

    /// Notes that an attempt goes to the endpoint at `address`.
    pub(crate) fn record(&self, address: &Arc<str>) {
        lock(&self.0).push(address.clone());
    }
}

/// The context of a call. Clones are cheap: what is large is shared.
#[derive(Debug, Clone, Default)]
pub struct Context {
    deadline: Option<Instant>,
    /// Whether a wrapper further out drops the call at `deadline`.
    watched: bool,
    trace: Option<TraceContext>,
    attempt: u32,
    criticality: Criticality,
    tenant: Option<Arc<str>>,
    baggage: Option<Arc<BTreeMap<String, String>>>,
    tried: Option<TriedEndpoints>,
    tasks: Option<Tasks>,
}

impl Context {
    /// A context that holds nothing.
    pub fn empty() -> Self {
        Self::default()
    }

    /// The context of the running handler or task; empty outside of any.
    pub fn current() -> Self {
        CURRENT.try_with(Clone::clone).unwrap_or_default()
    }

    /// Reads the current context without cloning it; `None` outside of any.
    pub fn with_current<T>(read: impl FnOnce(&Context) -> T) -> Option<T> {
        CURRENT.try_with(read).ok()
    }

    /// Runs `future` in this context. The deadline counts as not watched: nothing drops the tasks that the future leaves running.
    /// The endpoints that this call went to do not concern the future's own calls.
    pub fn scope<F: Future>(mut self, future: F) -> impl Future<Output = F::Output> {
        self.watched = false;
        self.tried = None;
        CURRENT.scope(self, future)
    }

    /// When the answer is no longer wanted.
    pub fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// The time left at `now`: `None` without a deadline, zero past it.
    pub fn remaining(&self, now: Instant) -> Option<Duration> {
        self.deadline.map(|deadline| deadline.saturating_duration_since(now))
    }

    /// Sets the deadline to the earlier of the present one and `deadline`: a callee never has longer than its caller.
    pub fn limit_deadline(&mut self, deadline: Instant) {
        if self.deadline.is_none_or(|present| deadline < present) {
            self.deadline = Some(deadline);
            self.watched = false;
        }
    }

    /// Removes the deadline, for work that must end whatever its caller does.
    pub fn clear_deadline(&mut self) {
        self.deadline = None;
        self.watched = false;
    }

    /// Whether a wrapper drops the call at its deadline, so that nothing further in needs another timer.
    pub fn is_watched(&self) -> bool {
        self.watched
    }

    /// For a wrapper that drops the rest of the chain at the deadline that the context has now.
    pub fn set_watched(&mut self) {
        self.watched = self.deadline.is_some();
    }

    /// The span that the call belongs to.
    pub fn trace(&self) -> Option<&TraceContext> {
        self.trace.as_ref()
    }

    /// Replaces the span.
    pub fn set_trace(&mut self, trace: Option<TraceContext>) {
        self.trace = trace;
    }

    /// Which attempt of the same call this is, from 0.
    pub fn attempt(&self) -> u32 {
        self.attempt
    }

    /// Replaces the number of the attempt.
    pub fn set_attempt(&mut self, attempt: u32) {
        self.attempt = attempt;
    }

    /// The endpoints that the call goes to from now on, in this context and its clones: for a wrapper that repeats calls, so that no attempt goes where one was while another endpoint is left.
    pub fn track_endpoints(&mut self) -> TriedEndpoints {
        self.tried.get_or_insert_default().clone()
    }

    /// The endpoints that the call went to, if a wrapper asked for them.
    pub fn tried_endpoints(&self) -> Option<&TriedEndpoints> {
        self.tried.as_ref()
    }

    /// The tenant on whose behalf the call is made.
    pub fn tenant(&self) -> Option<&str> {
        self.tenant.as_deref()
    }

    /// Replaces the tenant.
    pub fn set_tenant(&mut self, tenant: Option<&str>) {
        self.tenant = tenant.map(Arc::from);
    }

    /// How important the call is.
    pub fn criticality(&self) -> Criticality {
        self.criticality
    }

    /// Replaces the criticality.
    pub fn set_criticality(&mut self, criticality: Criticality) {
        self.criticality = criticality;
    }

    /// The baggage entry named `key`.
    pub fn baggage(&self, key: &str) -> Option<&str> {
        self.baggage.as_ref()?.get(key).map(String::as_str)
    }

    /// All baggage, by key.
    pub fn baggage_entries(&self) -> impl Iterator<Item = (&str, &str)> {
        self.baggage.iter().flat_map(|map| map.iter()).map(|(k, v)| (k.as_str(), v.as_str()))
    }

    /// Sets a baggage entry, which travels to every callee from here on.
    pub fn set_baggage(&mut self, key: impl Into<String>, value: impl Into<String>) {
        Arc::make_mut(self.baggage.get_or_insert_default()).insert(key.into(), value.into());
    }

    /// The set of tasks of the process that the call runs in.
    pub(crate) fn tasks(&self) -> Option<&Tasks> {
        self.tasks.as_ref()
    }

    /// Says which process's drain waits for what this context spawns.
    pub(crate) fn set_tasks(&mut self, tasks: Tasks) {
        self.tasks = Some(tasks);
    }
}
