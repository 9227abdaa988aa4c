//! What the tests of this folder call, and with which rules.

use std::sync::Arc;
use std::time::Duration;

use bp_data::Codec;
use prometheus_client::metrics::counter::Counter;

use super::attributes::EndpointEntry;
use super::choice::{Choice, P2c, Random, RoundRobin};
use super::endpoints::{EndpointRules, Endpoints, NotPicked, Picked, Request};
use crate::arguments::Encoded;
use crate::call::{Call, Edge};
use crate::clock::{Clock, RealClock};
use crate::context::Context;
use crate::method::{Interface, Method};

pub(super) static INTERFACE: Interface =
    Interface::new("t::T", "t.T", &[Method::new(0, "add", &[]), Method::new(1, "off", &[])]);

pub(super) fn edge() -> Arc<Edge> {
    Arc::new(Edge {
        key: "a->b".into(),
        caller: "a".into(),
        callee: "b".into(),
        cyclic: false,
        remote: true,
        server: false,
    })
}

pub(super) fn call_of(method: usize) -> Call {
    Call {
        edge: edge(),
        interface: &INTERFACE,
        method: &INTERFACE.methods[method],
        context: Context::empty(),
        arguments: Arc::new(Encoded { codec: Codec::Json, bytes: "{}".into() }),
    }
}

pub(super) fn all_choices() -> [Arc<dyn Choice>; 3] {
    [Arc::new(P2c), Arc::<RoundRobin>::default(), Arc::new(Random)]
}

pub(super) fn rules(choice: Arc<dyn Choice>) -> EndpointRules {
    EndpointRules {
        choice,
        slow_start: Duration::ZERO,
        selectors: Vec::new(),
        set_policies: Vec::new(),
        refusals: Counter::default(),
    }
}

/// Entries in their text form.
pub(super) fn entries<'a>(texts: impl IntoIterator<Item = &'a str>) -> Vec<EndpointEntry> {
    texts.into_iter().map(|text| EndpointEntry::parse(text).unwrap()).collect()
}

/// Endpoints under test, with the call that is to get one of them and the clock.
pub(super) struct Bench<T> {
    pub(super) endpoints: Endpoints<T>,
    pub(super) call: Call,
    pub(super) clock: Arc<dyn Clock>,
}

impl Bench<String> {
    /// Each has its address as its client.
    pub(super) fn new(rules: EndpointRules, clock: Arc<dyn Clock>, list: &[EndpointEntry]) -> Self {
        let bench = Self { endpoints: Endpoints::new(rules, 7), call: call_of(0), clock };
        bench.replace(list);
        bench
    }

    pub(super) fn of(choice: Arc<dyn Choice>, texts: &[&str]) -> Self {
        Self::new(rules(choice), Arc::new(RealClock), &entries(texts.iter().copied()))
    }

    pub(super) fn replace(&self, list: &[EndpointEntry]) {
        let dial = |entry: &EndpointEntry, _: &_| Ok::<_, ()>(entry.address.to_string());
        self.endpoints.replace(list, self.clock.now(), dial).unwrap();
    }
}

impl<T> Bench<T> {
    pub(super) fn try_pick(&self, seed: u64, passed: &[Picked<T>]) -> Result<Picked<T>, NotPicked> {
        self.endpoints.pick(&Request { call: &self.call, seed, clock: &self.clock, passed })
    }

    pub(super) fn pick(&self, seed: u64) -> Picked<T> {
        self.try_pick(seed, &[]).unwrap()
    }

    /// The address that a call with this seed goes to, and ends there.
    pub(super) fn draw(&self, seed: u64) -> String {
        self.pick(seed).state().address().to_string()
    }
}
