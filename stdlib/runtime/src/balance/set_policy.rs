//! Policies that decide about all endpoints of an edge together: they make the policy of each, and eject outliers.
//!
//! As those of one endpoint, they are state machines: times are arguments, and nothing waits.

use std::any::Any;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::attributes::EndpointEntry;
use super::endpoint_policy::EndpointPolicy;
use super::endpoint_set::ListedEndpoint;
use crate::clock::Instant;

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
