//! Policies that decide about one endpoint, call by call: a breaker, a limit.
//!
//! A policy is a state machine: times are arguments, nothing waits, and the runtime tells it of every call exactly twice, at its begin and at its end.

use std::any::Any;
use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use crate::call::Reply;
use crate::clock::{Clock, Instant};
use crate::error::{Infra, InfraKind};

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
    /// There was no answer before the deadline.
    DeadlinePassed,
    /// The caller no longer wants the answer: it gave up, or another policy refused the call.
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

/// A call that a policy has admitted. Dropped without an outcome, it tells the policy that the call was cancelled, or that its deadline passed, so that no admission is lost.
pub struct Permit {
    policy: Arc<dyn EndpointPolicy>,
    ticket: Option<Ticket>,
    deadline: Option<Instant>,
    clock: Arc<dyn Clock>,
}

impl Permit {
    /// Asks `policy` for one call that is dropped at `deadline`, if it has one.
    ///
    /// # Errors
    /// As [`EndpointPolicy::admit`].
    pub fn acquire(
        policy: &Arc<dyn EndpointPolicy>,
        deadline: Option<Instant>,
        clock: &Arc<dyn Clock>,
    ) -> Result<Self, Refused> {
        let ticket = policy.admit(clock.now())?;
        Ok(Self { policy: policy.clone(), ticket: Some(ticket), deadline, clock: clock.clone() })
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
        if self.ticket.is_some() {
            let passed = self.deadline.is_some_and(|deadline| deadline <= self.clock.now());
            self.end(if passed { CallOutcome::DeadlinePassed } else { CallOutcome::Cancelled });
        }
    }
}

impl fmt::Debug for Permit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Permit").field(&self.ticket).finish()
    }
}
