//! Replicas of one callee: which exist, which can be reached, and which one a call goes to.
//!
//! - A [`Selector`] narrows the endpoints that a call may go to, such as to a shard.
//! - A [`Choice`] draws one of those; the default is the power of two choices by outstanding requests.
//! - A [`SetPolicy`] has an [`EndpointPolicy`] for each endpoint, which admits the call or refuses it, and may eject endpoints that fail.
//!
//! Wrappers of the edge give all three ([`WrapperPlugin`](crate::WrapperPlugin)); the state behind them is what the runtime knows of each endpoint: its requests under way, whether it could be reached, what it said of its load.
//!
//! - An address, `BP_ADDR_<NAME>`, is where endpoints are learned from, now and for as long as the process runs:
//!
//! | form | meaning |
//! |---|---|
//! | `host:port`, or several with commas between | these endpoints; a host's name is looked up at every connection |
//! | `dns:name:port` | one endpoint for each address of the name, looked up every 5 s, and soon after one could not be reached |
//! | `srv:_service._proto.name` | one endpoint for each service record (SRV) of the name, with the record's target, port, weight and priority; looked up like `dns:`, and a target's name at every connection |
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
//! # Which endpoint a call gets
//!
//! One of those that the selectors leave, the best first:
//!
//! 1. one that is up and not ejected; if there is none, one that is ejected, and after those one that could not be reached: an attempt is better than a certain failure;
//! 2. of these, one with the lowest `priority`;
//! 3. of these, one where earlier attempts of the same call were least often ([`TriedEndpoints`](crate::TriedEndpoints)), so that no second attempt goes where one was while another of them is left;
//! 4. of these, the one that the choice draws, by weight.
//!
//! Then the policies of that endpoint are asked; when one refuses, another endpoint is drawn without it.
//! A refusal says nothing about whether the endpoint can be reached, so nothing is probed and nothing fails over.
//! When all refuse, the call ends with the refusal that ends first: not processed, with the pause until then, and with what was shed if the reason is load.
//! What was admitted is told to the policy exactly once when it ends, as cancelled when the caller drops the call: see [`Permit`].
//!
//! # Which endpoint is up
//!
//! One that can be connected to.
//! A listener of ours refuses connections until every instance of its process is built, and again as soon as it drains, so a connection says what a health service would say, without another call on the wire.
//! An endpoint that refused a connection, or a call before it was processed, is skipped; a connection is tried in the background, with pauses that double from 100 ms to 5 s, until one succeeds.
//! What a wrapper inside the balance refuses is not the endpoint's word and changes nothing here.
//! A replica that is to stop is taken from the list first (`bp run` rewrites the file, Kubernetes the name's addresses), and serves on for a while.
//!
//! # Slow start
//!
//! With [`Balance::slow_start`], an endpoint that joins after the first list, that can be reached again or that is no longer ejected begins with a tenth of its weight, which grows evenly to all of it.
//!
//! # Failover
//!
//! A call that was surely not processed (no connection, a refused stream, a GOAWAY above the last stream) goes to another endpoint at once, at most [`Balance::failover`] times, whether or not the edge has a `retry` and whatever the method: nothing has been done yet.
//! No endpoint that did not take the call gets it again.
//! A connection that breaks in mid-call leaves open whether the callee acted; only `retry` repeats such a call, and only an idempotent one.

mod attributes;
mod balancer;
mod candidates;
mod choice;
mod directory;
mod draw;
mod endpoint_policy;
mod endpoint_set;
mod endpoint_state;
mod endpoints;
#[cfg(test)]
mod fixtures;
mod metrics;
mod selection;
mod set_policy;
#[cfg(test)]
mod simulation;
mod source;

use std::sync::Arc;
use std::time::Duration;

pub use attributes::{Attributes, EndpointEntry, Weight};
pub use balancer::connect_fixed;
pub use candidates::{Candidate, Candidates};
pub use choice::{Choice, P2c, Random, RoundRobin};
pub use draw::draw_two;
pub use endpoint_policy::{CallOutcome, EndpointPolicy, Permit, Refused, Ticket};
pub use endpoint_set::{EndpointSet, ListedEndpoint};
pub use endpoint_state::LoadReport;
pub use selection::{IfEmpty, Selection, Selector};
pub use set_policy::{Ejection, Health, SetPolicy};

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
