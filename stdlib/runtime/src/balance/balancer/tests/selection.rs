//! Selectors, alone and one after the other.

use std::collections::BTreeSet;

use super::super::super::{EndpointSet, IfEmpty, RoundRobin, Selection};
use super::*;

/// Leaves the endpoints whose entries contain a text.
struct Containing(&'static str, IfEmpty);

impl Selector for Containing {
    fn select(&self, call: &Call, endpoints: &EndpointSet, selection: &mut Selection) {
        assert_eq!(call.edge.key, "a->b");
        selection.retain(|position| {
            let endpoint = endpoints.get(position).unwrap();
            endpoint.entry().to_string().contains(self.0)
        });
    }

    fn if_empty(&self) -> IfEmpty {
        self.1
    }
}

fn bench(selectors: Vec<PerMethod<Arc<dyn Selector>>>) -> Bench {
    let endpoints = ["a:1;zone=x;version=v1", "b:1;zone=x;version=v2", "c:1;zone=y;version=v2"];
    let edge_balance = EdgeBalance { selectors, ..EdgeBalance::default() };
    Bench::new(Some(list(&endpoints)), edge_balance)
}

fn containing(text: &'static str, if_empty: IfEmpty) -> PerMethod<Arc<dyn Selector>> {
    everywhere(Arc::new(Containing(text, if_empty)))
}

/// Where calls at the same time go.
async fn seen(bench: &Bench, method: usize) -> BTreeSet<String> {
    let calls = (0..30).map(|_| bench.call_method(method));
    for answer in futures_util::future::join_all(calls).await {
        answer.unwrap();
    }
    bench.called().into_iter().collect()
}

fn set(addresses: &[&str]) -> BTreeSet<String> {
    addresses.iter().map(|address| (*address).to_owned()).collect()
}

#[tokio::test(start_paused = true)]
async fn each_selector_narrows_what_the_one_before_it_left() {
    assert_eq!(seen(&bench(Vec::new()), 0).await, set(&["a:1", "b:1", "c:1"]));
    let zone = bench(vec![containing("zone=x", IfEmpty::Fail)]);
    assert_eq!(seen(&zone, 0).await, set(&["a:1", "b:1"]));
    let both = vec![containing("zone=x", IfEmpty::Fail), containing("v2", IfEmpty::Fail)];
    assert_eq!(seen(&bench(both), 0).await, set(&["b:1"]));
}

#[tokio::test(start_paused = true)]
async fn a_selector_that_leaves_none_says_whether_it_counts() {
    let ignored = vec![containing("zone=x", IfEmpty::Fail), containing("v3", IfEmpty::Ignore)];
    assert_eq!(seen(&bench(ignored), 0).await, set(&["a:1", "b:1"]));
    let failing = bench(vec![containing("zone=z", IfEmpty::Fail)]);
    let error = failing.call().await.unwrap_err();
    assert_eq!((error.kind, error.processed), (InfraKind::Unavailable, Processed::No));
    assert_eq!(error.message, "edge a->b: `test` leaves none of the 3 endpoints");
    assert!(failing.called().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_selector_says_nothing_about_methods_that_it_is_off_for() {
    let mut selector = containing("zone=y", IfEmpty::Fail);
    selector.off = vec![false, true];
    let bench = bench(vec![selector]);
    assert_eq!(seen(&bench, 0).await, set(&["c:1"]));
    assert_eq!(seen(&bench, 1).await, set(&["a:1", "b:1", "c:1"]));
}

#[tokio::test(start_paused = true)]
async fn a_call_fails_over_only_within_the_selection() {
    let bench = bench(vec![containing("zone=x", IfEmpty::Fail)]);
    for address in ["a:1", "b:1"] {
        bench.behave(address, REFUSED);
    }
    bench.call().await.unwrap_err();
    let called: BTreeSet<_> = bench.called().into_iter().collect();
    assert_eq!(called, set(&["a:1", "b:1"]));
}

#[tokio::test(start_paused = true)]
async fn calls_of_several_shards_take_turns_of_their_own() {
    let shard = |text, method: usize| {
        let mut selector = containing(text, IfEmpty::Fail);
        selector.off = (0..2).map(|other| other != method).collect();
        selector
    };
    let balance = Balance { choice: Arc::new(RoundRobin::default()), ..Balance::default() };
    let selectors = vec![shard("shard=x", 0), shard("shard=y", 1)];
    let endpoints = ["a:1;shard=x", "b:1;shard=y", "c:1;shard=x", "d:1;shard=y"];
    let edge_balance = EdgeBalance { balance, selectors, ..EdgeBalance::default() };
    let bench = Bench::new(Some(list(&endpoints)), edge_balance);
    for _ in 0..4 {
        bench.call_method(0).await.unwrap();
        bench.call_method(1).await.unwrap();
    }
    let mut called = bench.called();
    called.sort();
    assert_eq!(called, ["a:1", "a:1", "b:1", "b:1", "c:1", "c:1", "d:1", "d:1"]);
}
