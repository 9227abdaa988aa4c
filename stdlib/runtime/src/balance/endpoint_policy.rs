//! Policies that decide, endpoint by endpoint, whether calls may go there: a breaker, a limit, the ejection of outliers.
//!
//! A policy is a state machine: times are arguments, nothing waits, and the runtime tells it of every call exactly twice, at its begin and at its end.

use std::any::Any;
use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::attributes::EndpointEntry;
use super::endpoint_set::ListedEndpoint;
use crate::call::Reply;
use crate::clock::{Clock, Instant};
use crate::error::{Infra, InfraKind};

/// Decides about the endpoints of one edge, each for itself and all together.
///
/// A plugin gives one for each edge, by [`WrapperPlugin::set_policy`](crate::WrapperPlugin::set_policy).
pub trait SetPolicy: Send + Sync {
    /// The policy of an endpoint that is new in the set. It is kept as long as the endpoint is listed, even if its attributes change.
    fn endpoint(&self, entry: &EndpointEntry, now: Instant) -> Arc<dyn EndpointPolicy>;

    /// Looks at all endpoints and says which of them to eject; those that it ejected before and does not name again are back.
    ///
    /// The runtime calls this at the start, whenever the set has changed, when an ejection ends, and once in every [`SetPolicy::survey_period`].
    /// An ejected endpoint is skipped while another one is left.
    fn survey(&self, now: Instant, endpoints: &[Health<'_>]) -> Vec<Ejection> {
        let _ = (now, endpoints);
        Vec::new()
    }

    /// The time between two surveys, at least 10 ms; `None` when time alone changes nothing.
    fn survey_period(&self) -> Option<Duration> {
        None
    }
}

/// Decides whether one endpoint takes a call now, and learns how its calls end.
pub trait EndpointPolicy: Any + Send + Sync {
    /// Asks for one call. Whoever gets a ticket gives it back by [`EndpointPolicy::finish`], exactly once.
    ///
    /// # Errors
    /// The endpoint must not get the call; nothing has to be given back.
    fn admit(&self, now: Instant) -> Result<Ticket, Refused>;

    /// The call of this ticket has ended.
    fn finish(&self, ticket: Ticket, outcome: CallOutcome<'_>, now: Instant);
}

/// The admission of one call by a policy.
#[derive(Debug, PartialEq, Eq)]
pub struct Ticket {
    admitted: Instant,
    mark: u64,
}

impl Ticket {
    /// A call that is admitted at `now`.
    pub fn new(now: Instant) -> Self {
        Self { admitted: now, mark: 0 }
    }

    /// The same ticket, with a number that means something to the policy, such as the state that it was in.
    pub fn with_mark(self, mark: u64) -> Self {
        Self { mark, ..self }
    }

    /// When the call was admitted.
    pub fn admitted(&self) -> Instant {
        self.admitted
    }

    /// What the policy wrote on it; 0 when nothing.
    pub fn mark(&self) -> u64 {
        self.mark
    }
}

/// How a call at an endpoint ended.
#[derive(Debug, Clone, Copy)]
pub enum CallOutcome<'a> {
    /// It was answered; the answer may be the application's error.
    Answered(&'a Reply),
    /// It failed.
    Failed(&'a Infra),
    /// The caller no longer wants the answer: it gave up, its deadline passed, or another policy refused the call.
    Cancelled,
}

impl<'a> From<&'a Result<Reply, Infra>> for CallOutcome<'a> {
    fn from(outcome: &'a Result<Reply, Infra>) -> Self {
        match outcome {
            Ok(reply) => Self::Answered(reply),
            Err(infra) => Self::Failed(infra),
        }
    }
}

/// Why a policy does not let a call go to an endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    kind: InfraKind,
    why: Cow<'static, str>,
    until: Option<Instant>,
}

impl Refused {
    /// The endpoint fails, so that a call there is of no use: `why` says how that is known.
    pub fn unavailable(why: impl Into<Cow<'static, str>>) -> Self {
        Self { kind: InfraKind::Unavailable, why: why.into(), until: None }
    }

    /// The endpoint has enough to do: `why` names the limit that is reached.
    pub fn overloaded(why: impl Into<Cow<'static, str>>) -> Self {
        Self { kind: InfraKind::Overloaded, why: why.into(), until: None }
    }

    /// The same refusal, saying when the policy admits calls again.
    pub fn until(self, until: Instant) -> Self {
        Self { until: Some(until), ..self }
    }

    /// What kind of failure the call ends with when no endpoint takes it.
    pub fn kind(&self) -> InfraKind {
        self.kind
    }

    /// The reason, for people.
    pub fn why(&self) -> &str {
        &self.why
    }

    /// When the policy admits calls again, if it knows.
    pub fn admits_at(&self) -> Option<Instant> {
        self.until
    }

    /// Of two refusals, the one that ends first; one whose end is not known comes last.
    pub(super) fn or_earlier(self, other: Self) -> Self {
        match (self.until, other.until) {
            (Some(mine), Some(its)) if its < mine => other,
            (None, Some(_)) => other,
            _ => self,
        }
    }
}

/// A call that a policy has admitted. Dropped without an outcome, it tells the policy that the call was cancelled, so that no admission is lost.
pub struct Permit {
    policy: Arc<dyn EndpointPolicy>,
    ticket: Option<Ticket>,
    clock: Arc<dyn Clock>,
}

impl Permit {
    /// Asks `policy` for one call.
    ///
    /// # Errors
    /// As [`EndpointPolicy::admit`].
    pub fn acquire(
        policy: &Arc<dyn EndpointPolicy>,
        clock: &Arc<dyn Clock>,
    ) -> Result<Self, Refused> {
        let ticket = policy.admit(clock.now())?;
        Ok(Self { policy: policy.clone(), ticket: Some(ticket), clock: clock.clone() })
    }

    /// Tells the policy how the call ended.
    pub fn finish(mut self, outcome: CallOutcome<'_>) {
        self.end(outcome);
    }

    fn end(&mut self, outcome: CallOutcome<'_>) {
        if let Some(ticket) = self.ticket.take() {
            self.policy.finish(ticket, outcome, self.clock.now());
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.end(CallOutcome::Cancelled);
    }
}

impl fmt::Debug for Permit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Permit").field(&self.ticket).finish()
    }
}

/// One endpoint, as a survey sees it.
pub struct Health<'a> {
    pub(super) position: usize,
    pub(super) endpoint: &'a ListedEndpoint,
    pub(super) policy: &'a dyn EndpointPolicy,
    pub(super) ejected: bool,
}

impl Health<'_> {
    /// The endpoint: its address, its attributes, its requests under way, what it said of its load.
    pub fn endpoint(&self) -> &ListedEndpoint {
        self.endpoint
    }

    /// What [`SetPolicy::endpoint`] made for it; `None` when that is not a `P`.
    pub fn policy<P: EndpointPolicy>(&self) -> Option<&P> {
        (self.policy as &dyn Any).downcast_ref()
    }

    /// Whether the last survey of this policy ejected it.
    pub fn is_ejected(&self) -> bool {
        self.ejected
    }

    /// The verdict that calls skip this endpoint from now on, until `until` or, without it, until another survey says otherwise.
    pub fn eject(&self, until: Option<Instant>) -> Ejection {
        Ejection { position: self.position, until }
    }
}

impl fmt::Debug for Health<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Health")
            .field("endpoint", &self.endpoint)
            .field("ejected", &self.ejected)
            .finish_non_exhaustive()
    }
}

/// The verdict of a survey that calls skip an endpoint; [`Health::eject`] makes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ejection {
    pub(super) position: usize,
    pub(super) until: Option<Instant>,
}
