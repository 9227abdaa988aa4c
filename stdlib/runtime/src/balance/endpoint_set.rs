//! The endpoints of one callee at one time, as choices, selectors and policies see them.

use std::fmt;
use std::sync::Arc;

use super::attributes::{Attributes, EndpointEntry};
use super::draw::{draw_one, draw_two, draw_two_by_weight, find_in_sums, sum_up};
use super::endpoint_state::{EndpointState, LoadReport};

/// One endpoint of a set, and its state now.
pub struct ListedEndpoint {
    entry: EndpointEntry,
    state: Arc<EndpointState>,
}

impl ListedEndpoint {
    pub(super) fn new(entry: EndpointEntry, state: Arc<EndpointState>) -> Self {
        Self { entry, state }
    }

    pub(super) fn state(&self) -> &Arc<EndpointState> {
        &self.state
    }

    /// Its address and what its list says of it.
    pub fn entry(&self) -> &EndpointEntry {
        &self.entry
    }

    /// Its `host:port`.
    pub fn address(&self) -> &str {
        &self.entry.address
    }

    /// What its list says of it.
    pub fn attributes(&self) -> &Attributes {
        &self.entry.attributes
    }

    /// Calls of this edge that are under way there.
    pub fn outstanding(&self) -> usize {
        self.state.outstanding()
    }

    /// Whether it can be reached, as far as is known.
    pub fn is_up(&self) -> bool {
        self.state.is_up()
    }

    /// Whether a policy has ejected it.
    pub fn is_ejected(&self) -> bool {
        self.state.is_ejected()
    }

    /// What it said last of its load, if it ever did.
    pub fn load_report(&self) -> Option<LoadReport> {
        self.state.load_report()
    }
}

impl fmt::Debug for ListedEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ListedEndpoint")
            .field("entry", &self.entry)
            .field("state", &self.state)
            .finish()
    }
}

/// The endpoints of one callee. Each has a position, which it keeps until the list changes.
///
/// Positions differ from caller to caller, so that callers do not all prefer the same endpoint; [`EndpointSet::iter_by_address`] has an order that all callers share.
#[derive(Debug, Default)]
pub struct EndpointSet {
    version: u64,
    endpoints: Vec<ListedEndpoint>,
    by_address: Vec<usize>,
    /// The sum of the weights up to each position; `None` when all weights are equal.
    weight_sums: Option<Vec<usize>>,
    heaviest: u32,
    lowest_priority: u16,
    one_priority: bool,
}

impl EndpointSet {
    /// Endpoints at these positions; `version` differs from that of every earlier set of the edge.
    pub(super) fn new(version: u64, endpoints: Vec<ListedEndpoint>) -> Self {
        let mut by_address: Vec<usize> = (0..endpoints.len()).collect();
        let address = |position: &usize| endpoints.get(*position).map(ListedEndpoint::address);
        by_address.sort_unstable_by(|a, b| address(a).cmp(&address(b)));
        let weights = || endpoints.iter().map(|endpoint| endpoint.attributes().weight.get());
        let heaviest = weights().max().unwrap_or(1);
        let priorities = || endpoints.iter().map(|endpoint| endpoint.attributes().priority);
        let lowest_priority = priorities().min().unwrap_or(0);
        let weight_sums = weights().any(|weight| weight != heaviest).then(|| sum_up(weights()));
        let one_priority = priorities().all(|priority| priority == lowest_priority);
        Self {
            version,
            endpoints,
            by_address,
            weight_sums,
            heaviest,
            lowest_priority,
            one_priority,
        }
    }

    /// A number that is another one after each change of the set or of an attribute, for selectors that prepare something from it.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// Number of endpoints, whatever their state.
    pub fn len(&self) -> usize {
        self.endpoints.len()
    }

    /// Whether there is no endpoint at all.
    pub fn is_empty(&self) -> bool {
        self.endpoints.is_empty()
    }

    /// The endpoint at a position.
    pub fn get(&self, position: usize) -> Option<&ListedEndpoint> {
        self.endpoints.get(position)
    }

    /// All endpoints, by position.
    pub fn iter(&self) -> impl Iterator<Item = &ListedEndpoint> {
        self.endpoints.iter()
    }

    /// All endpoints with their positions, in the order of their addresses, which is the same for every caller.
    pub fn iter_by_address(&self) -> impl Iterator<Item = (usize, &ListedEndpoint)> {
        self.by_address.iter().filter_map(|position| Some((*position, self.get(*position)?)))
    }

    /// The greatest weight.
    pub(super) fn heaviest(&self) -> u32 {
        self.heaviest
    }

    pub(super) fn lowest_priority(&self) -> u16 {
        self.lowest_priority
    }

    /// Whether all have the same priority.
    pub(super) fn has_one_priority(&self) -> bool {
        self.one_priority
    }

    /// Whether all have the same weight.
    pub(super) fn has_one_weight(&self) -> bool {
        self.weight_sums.is_none()
    }

    /// Draws a position by weight.
    pub(super) fn draw_one(&self, seed: u64) -> usize {
        match &self.weight_sums {
            None => draw_one(self.len(), seed),
            Some(sums) => {
                let total = sums.last().copied().unwrap_or(0);
                find_in_sums(sums, draw_one(total, seed))
            }
        }
    }

    /// Draws two positions of at least two by weight. The first of them is the one to take when they are equally loaded.
    ///
    /// With equal weights that is the lower position, and with others the one drawn first, so that idle endpoints get calls by their weights.
    pub(super) fn draw_two(&self, seed: u64) -> (usize, usize) {
        match &self.weight_sums {
            None => {
                let (a, b) = draw_two(self.len(), seed);
                (a.min(b), a.max(b))
            }
            Some(sums) => draw_two_by_weight(sums, seed),
        }
    }
}
