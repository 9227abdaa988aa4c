//! Policies that admit calls to endpoints and eject endpoints.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU32, Ordering};

use super::super::super::{Ejection, EndpointPolicy, Health, Permit, Ticket};
use super::*;
use crate::clock::ManualClock;

/// A limit of calls at once at each endpoint, which counts what it hears, and ejects endpoints when told to.
#[derive(Default)]
struct Limit {
    /// Most calls at once by address; no limit for the others.
    most: Mutex<BTreeMap<String, u32>>,
    /// When a refused call may come again.
    opens: Mutex<BTreeMap<String, Instant>>,
    made: Mutex<BTreeMap<String, Arc<Limited>>>,
    /// What the next survey ejects, and until when.
    eject: Mutex<BTreeMap<String, Option<Instant>>>,
    surveys: Mutex<Vec<Instant>>,
    period: Option<Duration>,
}

#[derive(Default)]
struct Limited {
    most: Option<u32>,
    opens: Option<Instant>,
    open: AtomicU32,
    admitted: AtomicU32,
    answered: AtomicU32,
    failed: AtomicU32,
    late: AtomicU32,
    cancelled: AtomicU32,
}

impl Limited {
    fn finished(&self) -> u32 {
        let counters = [&self.answered, &self.failed, &self.late, &self.cancelled];
        counters.iter().map(|counter| counter.load(Ordering::Relaxed)).sum()
    }
}

impl EndpointPolicy for Limited {
    fn admit(&self, now: Instant) -> Result<Ticket, Refused> {
        let open = self.open.load(Ordering::Relaxed);
        if self.most.is_some_and(|most| open >= most) {
            let refused = Refused::overloaded("its limit is reached");
            return Err(match self.opens {
                Some(opens) => refused.until(opens),
                None => refused,
            });
        }
        self.open.fetch_add(1, Ordering::Relaxed);
        let number = self.admitted.fetch_add(1, Ordering::Relaxed);
        Ok(Ticket::new(now).with_mark(number.into()))
    }

    fn finish(&self, ticket: Ticket, outcome: CallOutcome<'_>, now: Instant) {
        assert!(ticket.admitted() <= now);
        assert!(ticket.mark() < u64::from(self.admitted.load(Ordering::Relaxed)));
        self.open.fetch_sub(1, Ordering::Relaxed);
        let counter = match outcome {
            CallOutcome::Answered(_) => &self.answered,
            CallOutcome::Failed(_) => &self.failed,
            CallOutcome::DeadlinePassed => &self.late,
            CallOutcome::Cancelled => &self.cancelled,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

impl SetPolicy for Limit {
    fn endpoint(&self, entry: &EndpointEntry, _: Instant) -> Arc<dyn EndpointPolicy> {
        let most = lock(&self.most).get(&*entry.address).copied();
        let opens = lock(&self.opens).get(&*entry.address).copied();
        let policy = Arc::new(Limited { most, opens, ..Limited::default() });
        lock(&self.made).insert(entry.address.to_string(), policy.clone());
        policy
    }

    fn survey(&self, now: Instant, endpoints: &[Health<'_>]) -> Vec<Ejection> {
        lock(&self.surveys).push(now);
        let eject = lock(&self.eject);
        let verdict = |health: &Health<'_>| {
            assert!(health.policy::<Limited>().is_some(), "it is the one that was made for it");
            let until = eject.get(health.endpoint().address())?;
            Some(health.eject(*until))
        };
        endpoints.iter().filter_map(verdict).collect()
    }

    fn survey_period(&self) -> Option<Duration> {
        self.period
    }
}

impl Limit {
    /// Refuses every call to these.
    fn closed(addresses: &[&str]) -> Arc<Self> {
        Self::of(addresses, 0)
    }

    fn of(addresses: &[&str], most: u32) -> Arc<Self> {
        let most = addresses.iter().map(|address| ((*address).to_owned(), most)).collect();
        Arc::new(Self { most: Mutex::new(most), ..Self::default() })
    }

    fn at(&self, address: &str) -> Arc<Limited> {
        lock(&self.made)[address].clone()
    }

    fn eject(&self, addresses: &[&str], until: Option<Instant>) {
        let list = addresses.iter().map(|address| ((*address).to_owned(), until));
        *lock(&self.eject) = list.collect();
    }

    fn survey_count(&self) -> usize {
        lock(&self.surveys).len()
    }
}

fn bench(endpoints: &[&str], policies: &[&Arc<Limit>]) -> Bench {
    let set_policies = policies.iter().map(|policy| {
        let policy: Arc<dyn SetPolicy> = (*policy).clone();
        everywhere(policy)
    });
    let edge_balance =
        EdgeBalance { set_policies: set_policies.collect(), ..EdgeBalance::default() };
    Bench::new(Some(list(endpoints)), edge_balance)
}

async fn settle() {
    tokio::time::sleep(Duration::from_millis(1)).await;
}

const READY: &str = "bp_balance_ready{bp_edge=\"a->b\"}";
const EJECTED: &str = "bp_balance_ejected{bp_edge=\"a->b\"}";

#[tokio::test(start_paused = true)]
async fn an_endpoint_that_is_refused_is_no_candidate_and_counts_as_reachable() {
    let limit = Limit::closed(&["a:1"]);
    let bench = bench(&["a:1", "b:1"], &[&limit]);
    for answer in futures_util::future::join_all((0..20).map(|_| bench.call())).await {
        answer.unwrap();
    }
    assert!(bench.called().iter().all(|address| address == "b:1"));
    assert!(bench.metric(&format!("{READY} 2")));
    assert!(bench.metric("bp_balance_failover_total{bp_edge=\"a->b\"} 0"));
    let text = bench.surroundings.metrics.encode();
    assert!(text.contains("bp_balance_refusals_total"), "{text}");
    assert_eq!(limit.at("a:1").admitted.load(Ordering::Relaxed), 0);
    assert_eq!(limit.at("b:1").answered.load(Ordering::Relaxed), 20);
}

#[tokio::test(start_paused = true)]
async fn when_all_refuse_the_call_ends_with_the_refusal_that_ends_first() {
    let all = ["a:1", "b:1", "c:1"];
    let limit = Limit::closed(&all);
    let now = tokio::time::Instant::now();
    let opens = [("a:1", 9), ("c:1", 3)]
        .map(|(address, secs)| (address.to_owned(), now + Duration::from_secs(secs)));
    *lock(&limit.opens) = opens.into();
    let bench = bench(&all, &[&limit]);
    let error = bench.call().await.unwrap_err();
    assert_eq!((error.kind, error.processed), (InfraKind::Overloaded, Processed::No));
    assert_eq!(error.message, "edge a->b: every endpoint is refused: its limit is reached");
    let pause = RetryAfter::After(Duration::from_secs(3));
    assert_eq!(error.metadata.retry_after(), Some(pause));
    let shed = error.metadata.shed().unwrap();
    assert_eq!((shed.what(), shed.why()), ("a->b", "its limit is reached"));
    assert!(bench.called().is_empty());
    assert!(bench.metric(&format!("{READY} 3")), "none of them is unreachable");
    assert!(bench.metric("bp_balance_refusals_total{bp_edge=\"a->b\"} 3"));
}

#[test]
fn a_time_out_is_told_from_a_caller_that_gave_up() {
    let manual = ManualClock::new();
    let clock: Arc<dyn Clock> = Arc::new(manual.clone());
    let limited = Arc::new(Limited::default());
    let policy: Arc<dyn EndpointPolicy> = limited.clone();
    let deadline = clock.now() + Duration::from_secs(1);
    let acquire = |deadline| Permit::acquire(&policy, deadline, &clock).unwrap();
    drop((acquire(Some(deadline)), acquire(None)));
    let (late, endless) = (acquire(Some(deadline)), acquire(None));
    manual.advance(Duration::from_secs(1));
    drop((late, endless));
    let count = |counter: &AtomicU32| counter.load(Ordering::Relaxed);
    assert_eq!((count(&limited.late), count(&limited.cancelled)), (1, 3));
}

/// Panics over its endpoints, and over each new one.
struct Panicking;

impl SetPolicy for Panicking {
    fn endpoint(&self, _: &EndpointEntry, _: Instant) -> Arc<dyn EndpointPolicy> {
        panic!("no policy")
    }

    fn survey(&self, _: Instant, _: &[Health<'_>]) -> Vec<Ejection> {
        panic!("no verdict")
    }
}

#[tokio::test(start_paused = true)]
async fn a_policy_that_panics_admits_every_call() {
    let set_policies = vec![everywhere(Arc::new(Panicking) as Arc<dyn SetPolicy>)];
    let edge_balance = EdgeBalance { set_policies, ..EdgeBalance::default() };
    let bench = Bench::new(Some(list(&["a:1"])), edge_balance);
    bench.call().await.unwrap();
    settle().await;
    bench.known.send_replace(Some(list(&["b:1"])));
    settle().await;
    bench.call().await.unwrap();
    assert_eq!(bench.called(), ["a:1", "b:1"], "the list is followed on");
}

#[tokio::test(start_paused = true)]
async fn the_only_endpoint_is_asked_too() {
    let limit = Limit::closed(&["a:1"]);
    let bench = bench(&["a:1"], &[&limit]);
    assert_eq!(bench.call().await.unwrap_err().kind, InfraKind::Overloaded);
}

#[tokio::test(start_paused = true)]
async fn one_that_admits_is_found_among_many_that_refuse() {
    let names: Vec<String> = (0..100).map(|i| format!("h{i}:1")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let limit = Limit::closed(&names[1..]);
    let bench = bench(&names, &[&limit]);
    for _ in 0..20 {
        bench.call().await.unwrap();
    }
    assert_eq!(bench.called(), ["h0:1"; 20]);
}

#[tokio::test(start_paused = true)]
async fn what_admitted_a_call_that_another_policy_refuses_hears_that_it_was_cancelled() {
    let (first, second) = (Limit::of(&[], 0), Limit::closed(&["a:1"]));
    let bench = bench(&["a:1"], &[&first, &second]);
    bench.call().await.unwrap_err();
    let heard = first.at("a:1");
    assert_eq!(heard.admitted.load(Ordering::Relaxed), 1);
    assert_eq!(heard.cancelled.load(Ordering::Relaxed), 1);
}

#[tokio::test(start_paused = true)]
async fn a_policy_hears_how_calls_end_and_nothing_of_methods_that_it_is_off_for() {
    let limit = Limit::of(&[], 0);
    let mut policy = everywhere(limit.clone() as Arc<dyn SetPolicy>);
    policy.off = vec![false, true];
    let edge_balance = EdgeBalance { set_policies: vec![policy], ..EdgeBalance::default() };
    let bench = Bench::new(Some(list(&["a:1"])), edge_balance);
    bench.call().await.unwrap();
    bench.behave("a:1", Err((InfraKind::Internal, Processed::Maybe)));
    bench.call().await.unwrap_err();
    bench.call_method(1).await.unwrap_err();
    let heard = limit.at("a:1");
    assert_eq!(heard.answered.load(Ordering::Relaxed), 1);
    assert_eq!(heard.failed.load(Ordering::Relaxed), 1);
    assert_eq!(heard.admitted.load(Ordering::Relaxed), 2);
}

/// Drops a call after `polls` polls; true when it had ended by then.
async fn cancel_after(bench: &Bench, polls: usize) -> bool {
    let mut call = Box::pin(bench.call());
    for _ in 0..polls {
        if futures_util::poll!(&mut call).is_ready() {
            return true;
        }
    }
    false
}

/// A call at a time is let through, as a half-open breaker does: an admission that is lost would close the endpoint for ever.
#[tokio::test(start_paused = true)]
async fn wherever_a_call_is_cancelled_its_admission_is_given_back() {
    let pass_on = crate::wrapper_plugin::client_wrapper(|_| Ok(Yielding));
    let pass_on: Arc<dyn WrapperPlugin> = Arc::new(pass_on);
    for wrapped in [false, true] {
        let limit = Limit::of(&["a:1", "b:1"], 1);
        let wrappers = vec![(pass_on.clone(), context(), vec![!wrapped; 2])];
        let edge_balance = EdgeBalance {
            set_policies: vec![everywhere(limit.clone() as Arc<dyn SetPolicy>)],
            endpoint_wrappers: EndpointWrappers { wrappers },
            ..EdgeBalance::default()
        };
        let bench = Bench::new(Some(list(&["a:1", "b:1"])), edge_balance);
        // Whichever is first, the call comes to both.
        for address in ["a:1", "b:1"] {
            bench.behave(address, REFUSED);
        }
        let (mut polls, mut ended) = (0, false);
        while !ended {
            ended = cancel_after(&bench, polls).await;
            for address in ["a:1", "b:1"] {
                let heard = limit.at(address);
                let admitted = heard.admitted.load(Ordering::Relaxed);
                assert_eq!(heard.finished(), admitted, "{address} after {polls} polls");
            }
            polls += 1;
        }
        assert!(polls > 5, "the call waited several times: {polls}");
        let cancelled = ["a:1", "b:1"].map(|a| limit.at(a).cancelled.load(Ordering::Relaxed));
        assert!(cancelled.iter().all(|count| *count > 0), "{cancelled:?}");
        let states = ["a:1", "b:1"].map(|a| limit.at(a).open.load(Ordering::Relaxed));
        assert_eq!(states, [0, 0], "both can be used again");
        bench.behave("a:1", Ok(()));
        bench.behave("b:1", Ok(()));
        bench.call().await.unwrap();
    }
}

/// Yields before and after each call.
struct Yielding;

impl Wrapper for Yielding {
    fn call<'a>(&'a self, call: Call, next: Next<'a>) -> BoxFuture<'a, Result<Reply, Infra>> {
        Box::pin(async move {
            tokio::task::yield_now().await;
            let outcome = next.run(call).await;
            tokio::task::yield_now().await;
            outcome
        })
    }
}

#[tokio::test(start_paused = true)]
async fn a_survey_ejects_endpoints_until_another_one_does_not() {
    let period = Duration::from_secs(10);
    let limit = Arc::new(Limit { period: Some(period), ..Limit::default() });
    let bench = bench(&["a:1", "b:1", "c:1"], &[&limit]);
    settle().await;
    assert_eq!(limit.survey_count(), 1, "there is one at the start");
    limit.eject(&["a:1"], None);
    tokio::time::sleep(period).await;
    for answer in futures_util::future::join_all((0..20).map(|_| bench.call())).await {
        answer.unwrap();
    }
    let called: BTreeSet<_> = bench.called().into_iter().collect();
    assert_eq!(called.len(), 2);
    assert!(!called.contains("a:1"));
    assert!(bench.metric(&format!("{READY} 2")));
    assert!(bench.metric(&format!("{EJECTED} 1")));
    tokio::time::sleep(period).await;
    assert!(bench.metric("bp_balance_ejections_total{bp_edge=\"a->b\"} 1"), "it is still the same");
    limit.eject(&[], None);
    tokio::time::sleep(period).await;
    assert!(bench.metric(&format!("{READY} 3")));
    assert!(bench.metric(&format!("{EJECTED} 0")));
}

#[tokio::test(start_paused = true)]
async fn an_ejection_that_ends_is_looked_at_again() {
    let limit = Limit::of(&[], 0);
    let end = tokio::time::Instant::now() + Duration::from_secs(3);
    limit.eject(&["a:1"], Some(end));
    let bench = bench(&["a:1", "b:1"], &[&limit]);
    settle().await;
    assert!(bench.metric(&format!("{EJECTED} 1")));
    tokio::time::sleep(Duration::from_secs(4)).await;
    // The policy says the same as before, but the end has passed.
    assert!(bench.metric(&format!("{EJECTED} 0")));
    assert_eq!(limit.survey_count(), 2);
    tokio::time::sleep(Duration::from_mins(1)).await;
    assert_eq!(limit.survey_count(), 2, "nothing is left to wait for");
}

#[tokio::test(start_paused = true)]
async fn a_change_of_the_set_is_surveyed() {
    let limit = Limit::of(&[], 0);
    let bench = bench(&["a:1", "b:1"], &[&limit]);
    settle().await;
    limit.eject(&["c:1"], None);
    bench.known.send_replace(Some(list(&["b:1", "c:1"])));
    settle().await;
    assert!(bench.metric(&format!("{EJECTED} 1")));
    bench.known.send_replace(Some(list(&["b:1"])));
    settle().await;
    assert!(bench.metric(&format!("{EJECTED} 0")), "it left the set");
}

#[tokio::test(start_paused = true)]
async fn when_all_are_ejected_calls_go_to_them_before_those_that_cannot_be_reached() {
    let limit = Limit::of(&[], 0);
    let bench = bench(&["a:1", "b:1", "c:1"], &[&limit]);
    bench.behave("c:1", REFUSED);
    while !bench.metric(&format!("{READY} 2")) {
        futures_util::future::join_all((0..9).map(|_| bench.call())).await;
    }
    bench.called();
    limit.eject(&["a:1", "b:1"], None);
    bench.known.send_replace(Some(list(&["a:1;zone=x", "b:1", "c:1"])));
    // Before the first probe, which nothing answers.
    settle().await;
    assert!(bench.metric(&format!("{EJECTED} 2")));
    for _ in 0..20 {
        bench.call().await.unwrap();
    }
    assert!(!bench.called().contains(&"c:1".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn an_edge_without_policies_has_no_metrics_of_them() {
    let bench = Bench::of(&["a:1"]);
    bench.call().await.unwrap();
    let text = bench.surroundings.metrics.encode();
    assert!(!text.contains("bp_balance_eject") && !text.contains("bp_balance_refusals"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn more_policies_than_an_endpoint_can_have_stop_the_start() {
    let limit = Limit::of(&[], 0);
    let set_policies = (0..65).map(|_| everywhere(limit.clone() as Arc<dyn SetPolicy>)).collect();
    let edge_balance = EdgeBalance { set_policies, ..EdgeBalance::default() };
    let (_sender, known) = watch::channel(Some(list(&["a:1"])));
    let directory = Directory { known, failed: Arc::default() };
    let dialer = Arc::new(Fake::default());
    let surroundings = Surroundings::default();
    let balancer = Balancer::new(edge(), &INTERFACE, directory, dialer, edge_balance, surroundings);
    let error = balancer.err().unwrap().to_string();
    assert_eq!(error, "an edge can have 64 wrappers that decide about endpoints, found 65");
}
