//! Replicas of one callee: which exist, which can be reached, and which one a call goes to.
//!
//! - [`Choice`] draws one of several endpoints; the default is the power of two choices by outstanding requests.
//! - [`Endpoints`] is the state behind it: outstanding requests, which endpoints could not be reached, which are probed.
//! - An address, `BP_ADDR_<NAME>`, is where endpoints are learned from, now and for as long as the process runs:
//!
//! | form | meaning |
//! |---|---|
//! | `host:port`, or several with commas between | these endpoints; a host's name is resolved at every connection |
//! | `dns:name:port` | one endpoint for each address of the name, looked up every 5 s, and soon after one could not be reached |
//! | `file:/path` | the endpoints that the file lists, a `host:port` a line (`#` begins a comment) or a JSON array of them; looked at every 100 ms; replace it whole, by renaming another over it |
//!
//! In lists and files, [`Attributes`] may follow a `host:port`: `10.0.0.1:7001;zone=a;weight=2`.
//! In JSON, an endpoint is such a text or an object: `{ "address": "10.0.0.1:7001", "zone": "a" }`.
//! A key that is not known or given twice is an error, and so is an endpoint that is listed twice with different attributes.
//!
//! Any other form stops start-up, and so does a file that cannot be read then.
//! Later a look-up that fails, or a file that is gone or wrong, changes nothing: what was known last stays in use, and the log says so.
//! An empty file is an answer: there are no endpoints.
//!
//! # Which endpoint is ready
//!
//! One that can be connected to.
//! A listener of ours refuses connections until every instance of its process is built, and again as soon as it drains, so a connection says what a health service would say, without another call on the wire.
//! An endpoint that refused a connection, or a call before it was processed, is skipped; a connection is tried in the background, with pauses that double from 100 ms to 5 s, until one succeeds.
//! When no endpoint is left, all are candidates: an attempt is better than a certain failure.
//! A replica that is to stop is taken from the list first (`bp run` rewrites the file, Kubernetes the name's addresses), and serves on for a while.
//!
//! # Failover
//!
//! A call that was surely not processed (no connection, a refused stream, a GOAWAY above the last stream) goes to another endpoint at once, at most [`Balance::failover`] times, whether or not the edge has a `retry` and whatever the method: nothing has been done yet.
//! No endpoint is tried twice for it.
//! A connection that breaks in mid-call leaves open whether the callee acted; only `retry` repeats such a call, and only an idempotent one.

mod attributes;
mod balancer;
mod candidates;
mod choice;
mod directory;
mod endpoint_policy;
mod endpoint_set;
mod endpoint_state;
mod endpoints;
#[cfg(test)]
mod fixtures;
mod metrics;
mod selection;
#[cfg(test)]
mod simulation;
mod source;

use std::sync::Arc;
use std::time::Duration;

pub use attributes::{Attributes, EndpointEntry, Weight};
pub use balancer::connect_fixed;
pub use candidates::{Candidate, Candidates};
pub use choice::{Choice, P2c, Random, RoundRobin, draw_two};
pub use endpoint_policy::{
    CallOutcome, Ejection, EndpointPolicy, Health, Permit, Refused, SetPolicy, Ticket,
};
pub use endpoint_set::{EndpointSet, ListedEndpoint};
pub use endpoint_state::LoadReport;
pub use selection::{IfEmpty, Selection, Selector};

pub(crate) use balancer::{Balancer, EdgeBalance};
pub(crate) use directory::Directories;
pub(crate) use endpoints::PerMethod;
pub(crate) use source::Source;

/// How calls are spread over a callee's endpoints.
#[derive(Debug, Clone)]
pub struct Balance {
    /// How an endpoint is chosen; each edge has one of its own.
    pub choice: Arc<dyn Choice>,
    /// To how many further endpoints a call goes that was surely not processed.
    pub failover: u32,
    /// The time in which the share of an endpoint that joins or comes back grows from a tenth of its weight to all of it; zero when it is full at once.
    pub slow_start: Duration,
}

impl Default for Balance {
    /// What an edge does that has no `balance` in the wiring.
    fn default() -> Self {
        Self { choice: Arc::new(P2c), failover: 2, slow_start: Duration::ZERO }
    }
}
