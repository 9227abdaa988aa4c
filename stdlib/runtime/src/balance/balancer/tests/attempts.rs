//! Attempts of one call, as a retry makes them.

use super::super::super::fixtures::all_choices;
use super::super::super::{Candidate, Candidates, Choice};
use super::*;

/// Makes up to three attempts, as `retry` does for an idempotent method.
async fn repeat(bench: &Bench, mut call: Call) {
    for attempt in 0..3 {
        call.context.set_attempt(attempt);
        if bench.balancer.send(call.clone()).await.is_ok() {
            break;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn no_second_attempt_goes_where_one_was_while_another_endpoint_is_left() {
    for choice in all_choices() {
        let balance = Balance { choice, ..Balance::default() };
        let edge_balance = EdgeBalance { balance, ..EdgeBalance::default() };
        let bench = Bench::new(Some(list(&["a:1", "b:1", "frozen:1"])), edge_balance);
        // It takes calls and does not answer, which is no reason to skip it.
        bench.behave("frozen:1", Err((InfraKind::Unavailable, Processed::Maybe)));
        let mut frozen = 0;
        for round in 0..60 {
            // Other calls are under way at every second one, so that each choice comes to each endpoint.
            let others = (0..round % 4).map(|_| bench.call());
            let others = futures_util::future::join_all(others);
            let mut call = call_of(0);
            let tried = call.context.track_endpoints();
            let (_, ()) = tokio::join!(others, repeat(&bench, call));
            bench.called();
            let here = tried.count("frozen:1");
            let all = here + tried.count("a:1") + tried.count("b:1");
            assert!(here <= 1 && all == 1 + here, "{tried:?}");
            frozen += here;
        }
        assert!(frozen > 0, "it was never called");
    }
}

#[tokio::test(start_paused = true)]
async fn when_all_were_tried_attempts_begin_again() {
    let bench = Bench::of(&["a:1", "b:1"]);
    for address in ["a:1", "b:1"] {
        bench.behave(address, Err((InfraKind::Unavailable, Processed::Maybe)));
    }
    let mut call = call_of(0);
    call.context.track_endpoints();
    repeat(&bench, call).await;
    let mut called = bench.called();
    assert_eq!(called.len(), 3);
    called.dedup();
    assert_eq!(called.len(), 3, "never twice in a row: {called:?}");
}

/// Takes the endpoint that said last that it is least busy.
#[derive(Debug)]
struct LeastUtilized;

impl Choice for LeastUtilized {
    fn choose<'a>(&self, call: &Call, candidates: &Candidates<'a>, seed: u64) -> Candidate<'a> {
        assert_eq!(call.edge.key, "a->b");
        let utilization = |candidate: &Candidate<'_>| {
            let report = candidate.endpoint().load_report()?;
            let age = candidates.now() - report.received;
            (age < Duration::from_secs(10)).then(|| report.load.utilization())
        };
        let known = candidates.iter().filter_map(|one| Some((utilization(&one)?, one)));
        let least = known.min_by(|(a, _), (b, _)| a.total_cmp(b));
        least.map_or_else(|| candidates.draw(seed), |(_, candidate)| candidate)
    }
}

#[tokio::test(start_paused = true)]
async fn a_choice_of_a_plugin_sees_the_loads_that_endpoints_report_and_their_age() {
    let balance = Balance { choice: Arc::new(LeastUtilized), ..Balance::default() };
    let edge_balance = EdgeBalance { balance, ..EdgeBalance::default() };
    let bench = Bench::new(Some(list(&["a:1", "b:1"])), edge_balance);
    let say = |address: &str, utilization| {
        let load = Load::new(utilization, 0.0, 0.0).unwrap();
        lock(&bench.fake.loads).insert(address.to_owned(), load);
    };
    say("a:1", 0.5);
    while !bench.called().contains(&"a:1".to_owned()) {
        bench.call().await.unwrap();
    }
    say("a:1", 0.9);
    say("b:1", 0.2);
    bench.call().await.unwrap();
    bench.call().await.unwrap();
    assert_eq!(bench.called(), ["a:1", "a:1"], "b has not said anything");
    // What was said gets too old before each call, so any is drawn until b has answered.
    while !bench.called().contains(&"b:1".to_owned()) {
        tokio::time::sleep(Duration::from_secs(20)).await;
        bench.call().await.unwrap();
    }
    bench.call().await.unwrap();
    bench.call().await.unwrap();
    assert_eq!(bench.called(), ["b:1", "b:1"]);
}
