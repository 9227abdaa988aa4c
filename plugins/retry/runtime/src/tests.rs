use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use bp_runtime::{
    Clock, Codec, Context, Edge, Encoded, Endpoint, InfraKind, Interface, ManualClock, Method,
    Processed, SeededRng, Settings as PlaceSettings, SharedState, Side, Status, System,
    WrapperContext,
};
use serde_json::json;

use super::*;

static INTERFACE: Interface = Interface {
    path: "t::T",
    wire_name: "t.T",
    methods: &[
        Method { name: "get", index: 0, idempotent: true, arguments: &[], remote: true },
        Method { name: "add", index: 1, idempotent: false, arguments: &[], remote: true },
    ],
};

/// Fails with what is queued, then answers; notes the attempts that it sees.
struct Script {
    failures: Mutex<VecDeque<Infra>>,
    attempts: Mutex<Vec<u32>>,
    seen: AtomicU32,
}

impl Script {
    fn failing(times: usize, kind: InfraKind, processed: Processed) -> Self {
        Self::ending(vec![Infra::new(kind, processed, "scripted"); times])
    }

    fn ending(failures: Vec<Infra>) -> Self {
        Self {
            failures: Mutex::new(failures.into()),
            attempts: Mutex::default(),
            seen: AtomicU32::new(0),
        }
    }

    fn seen(&self) -> u32 {
        self.seen.load(Ordering::Relaxed)
    }
}

impl Endpoint for Script {
    fn send(&self, call: Call) -> BoxFuture<'_, Result<Reply, Infra>> {
        self.seen.fetch_add(1, Ordering::Relaxed);
        self.attempts.lock().unwrap().push(call.context.attempt());
        let failure = self.failures.lock().unwrap().pop_front();
        Box::pin(async move {
            match failure {
                Some(failure) => Err(failure),
                None => Ok(Reply::encoded(Class::Ok, Codec::Json, "null".into())),
            }
        })
    }
}

fn settings(attempts: u32, ratio: f64, min_per_sec: u32) -> serde_json::Value {
    json!({
        "attempts": attempts,
        "budget": { "ratio": ratio, "min_per_sec": min_per_sec, "ttl": "10s" },
        "backoff": { "init": "50ms", "max": "1s", "multiplier": 2.0, "jitter": "none" },
    })
}

struct Bench {
    clock: ManualClock,
    context: WrapperContext,
    chain: Vec<Arc<dyn Wrapper>>,
}

impl Bench {
    fn new(settings: serde_json::Value) -> Self {
        let clock = ManualClock::new();
        let edge = Arc::new(Edge {
            key: "a->b".into(),
            caller: "a".into(),
            callee: "b".into(),
            cyclic: false,
            remote: true,
            server: false,
        });
        let cx = WrapperContext {
            edge,
            side: Side::Client,
            interface: &INTERFACE,
            system: System::default(),
            endpoint: None,
            settings: PlaceSettings::of("edge a->b: retry", settings),
            shared: SharedState::default(),
            surroundings: Surroundings {
                clock: Arc::new(clock.clone()),
                rng: Arc::new(SeededRng::new(1)),
                ..Surroundings::default()
            },
        };
        Self::of(clock, cx)
    }

    fn of(clock: ManualClock, context: WrapperContext) -> Self {
        let wrapper = plugin().client(&context).unwrap().unwrap();
        Self { clock, context, chain: vec![wrapper] }
    }

    /// Another wrapper at the same place.
    fn again(&self) -> Self {
        Self::of(self.clock.clone(), self.context.clone())
    }

    /// Makes a call while the clock moves on by a millisecond whenever nothing else can happen.
    async fn call(
        &self,
        method: usize,
        context: Context,
        end: &dyn Endpoint,
    ) -> Result<Reply, Infra> {
        let call = Call {
            edge: self.context.edge.clone(),
            interface: &INTERFACE,
            method: &INTERFACE.methods[method],
            context,
            arguments: Arc::new(Encoded { codec: Codec::Json, bytes: "{}".into() }),
        };
        let ticks = async {
            loop {
                tokio::task::yield_now().await;
                self.clock.advance(Duration::from_millis(1));
            }
        };
        tokio::select! {
            biased;
            answer = Next::new(&self.chain, end).run(call) => answer,
            () = ticks => unreachable!("the ticks never end"),
        }
    }
}

#[tokio::test]
async fn attempts_pause_and_number() {
    let bench = Bench::new(settings(3, 0.1, 10));
    let end = Script::failing(2, InfraKind::Unavailable, Processed::No);
    let before = bench.clock.now();
    bench.call(1, Context::empty(), &end).await.unwrap();
    assert_eq!(*end.attempts.lock().unwrap(), [0, 1, 2]);
    let waited = bench.clock.now() - before;
    assert!((150..160).contains(&waited.as_millis()), "50 ms and 100 ms, not {waited:?}");

    let end = Script::failing(9, InfraKind::Unavailable, Processed::No);
    assert_eq!(
        bench.call(1, Context::empty(), &end).await.unwrap_err().kind,
        InfraKind::Unavailable
    );
    assert_eq!(end.seen(), 3, "no more than `attempts`");
}

#[tokio::test]
async fn what_may_have_been_processed_is_repeated_only_when_idempotent() {
    let bench = Bench::new(settings(3, 0.1, 10));
    for (method, processed, seen) in [
        (0, Processed::No, 3),
        (0, Processed::Maybe, 3),
        (1, Processed::No, 3),
        (1, Processed::Maybe, 1),
        (1, Processed::Yes, 1),
    ] {
        let end = Script::failing(9, InfraKind::Unavailable, processed);
        bench.call(method, Context::empty(), &end).await.unwrap_err();
        assert_eq!(end.seen(), seen, "method {method}, processed {processed:?}");
    }
    let end = Script::failing(9, InfraKind::TooLarge, Processed::No);
    bench.call(0, Context::empty(), &end).await.unwrap_err();
    assert_eq!(end.seen(), 1, "larger messages do not shrink");
}

#[tokio::test]
async fn successes_pay_for_further_attempts_and_a_storm_pays_for_none() {
    let bench = Bench::new(settings(3, 0.1, 0));
    let end = Script::failing(1000, InfraKind::Unavailable, Processed::No);
    for _ in 0..100 {
        bench.call(0, Context::empty(), &end).await.unwrap_err();
    }
    assert_eq!(end.seen(), 100, "each call once");
    let fine = Script::ending(Vec::new());
    for _ in 0..50 {
        bench.call(0, Context::empty(), &fine).await.unwrap();
    }
    let end = Script::failing(1000, InfraKind::Unavailable, Processed::No);
    for _ in 0..100 {
        bench.call(0, Context::empty(), &end).await.unwrap_err();
    }
    assert_eq!(end.seen(), 105, "100 calls and a tenth of the successes");
}

#[tokio::test]
async fn an_error_of_the_application_pays_unless_it_is_the_callees_fault() {
    struct Answer(Status);
    impl Endpoint for Answer {
        fn send(&self, _: Call) -> BoxFuture<'_, Result<Reply, Infra>> {
            let class = Class::Application {
                status: self.0,
                code: "scripted".into(),
                message: "scripted".to_owned(),
            };
            Box::pin(std::future::ready(Ok(Reply::encoded(class, Codec::Json, "null".into()))))
        }
    }
    for (status, further) in
        [(Status::NotFound, 1), (Status::Unavailable, 0), (Status::Internal, 0)]
    {
        let bench = Bench::new(settings(3, 0.1, 0));
        for _ in 0..10 {
            bench.call(0, Context::empty(), &Answer(status)).await.unwrap();
        }
        let end = Script::failing(9, InfraKind::Unavailable, Processed::No);
        bench.call(0, Context::empty(), &end).await.unwrap_err();
        assert_eq!(end.seen() - 1, further, "{status}");
    }
}

#[tokio::test]
async fn the_floor_is_one_a_second_unless_the_wiring_says_otherwise() {
    let bench = Bench::new(json!({ "attempts": 2, "backoff": { "init": "1ms" } }));
    let end = Script::failing(1000, InfraKind::Unavailable, Processed::No);
    for _ in 0..100 {
        bench.call(0, Context::empty(), &end).await.unwrap_err();
    }
    assert_eq!(end.seen(), 110, "1 a second for the 10 s of its life");
}

/// How long the one further attempt was waited for; `None` when there was none.
async fn pause_after(settings: serde_json::Value, failure: Infra) -> Option<Duration> {
    let bench = Bench::new(settings);
    let end = Script::ending(vec![failure]);
    let before = bench.clock.now();
    let answer = bench.call(0, Context::empty(), &end).await;
    answer.is_ok().then(|| bench.clock.now() - before)
}

#[tokio::test]
async fn a_callees_word_is_obeyed_within_five_seconds_of_the_own_pause() {
    let told = |word| Infra::overloaded("not now").with_retry_after(word);
    let after = |millis| told(RetryAfter::After(Duration::from_millis(millis)));
    for (failure, least) in [
        (Infra::overloaded("not now"), 50),
        (after(0), 50),
        (after(1500), 1500),
        (after(60_000), 5050),
    ] {
        let pause = pause_after(settings(3, 0.1, 10), failure).await.unwrap().as_millis();
        assert!((least..least + 10).contains(&pause), "{least} ms, not {pause}");
    }
    assert_eq!(pause_after(settings(3, 0.1, 10), told(RetryAfter::Never)).await, None);
}

#[tokio::test]
async fn a_pause_is_longer_after_a_refusal_because_of_load_or_always_the_same() {
    let with = |backoff| json!({ "backoff": backoff });
    let patient = json!({ "init": "20ms", "throttled_init": "300ms", "jitter": "none" });
    let fixed = json!({ "kind": "fixed", "pause": "70ms" });
    let refused = || Infra::overloaded("not now");
    let lost = || Infra::unavailable("gone");
    for (backoff, failure, least) in [
        (&patient, refused(), 300),
        (&patient, lost(), 20),
        (&fixed, refused(), 70),
        (&fixed, lost(), 70),
    ] {
        let pause = pause_after(with(backoff.clone()), failure).await.unwrap().as_millis();
        assert!((least..least + 10).contains(&pause), "{least} ms, not {pause}");
    }
}

#[tokio::test]
async fn each_kind_of_budget_stops_where_it_says() {
    for (budget, further) in [
        (json!({ "kind": "rate", "per_sec": 0.001, "burst": 4 }), 4),
        (json!({ "kind": "token_bucket", "capacity": 10, "retry_cost": 5.0 }), 2),
        (json!({ "kind": "aws_quota", "quota": 30 }), 2),
        // Both attempts of a call take a token, and half of them must be left.
        (json!({ "kind": "grpc_throttling", "max_tokens": 10.0 }), 2),
    ] {
        let bench = Bench::new(json!({ "attempts": 2, "budget": budget }));
        let end = Script::failing(1000, InfraKind::Unavailable, Processed::No);
        for _ in 0..20 {
            bench.call(0, Context::empty(), &end).await.unwrap_err();
        }
        assert_eq!(end.seen() - 20, further, "{budget}");
    }
}

#[tokio::test]
async fn wrappers_of_one_edge_share_its_budget() {
    let bench =
        Bench::new(json!({ "attempts": 2, "budget": { "kind": "token_bucket", "capacity": 10 } }));
    let other = bench.again();
    let end = Script::failing(1, InfraKind::Unavailable, Processed::No);
    bench.call(0, Context::empty(), &end).await.unwrap();
    let end = Script::failing(1, InfraKind::Unavailable, Processed::No);
    other.call(0, Context::empty(), &end).await.unwrap_err();
}

#[tokio::test]
async fn attempts_know_where_earlier_ones_went() {
    struct Look(Mutex<Vec<bool>>);
    impl Endpoint for Look {
        fn send(&self, call: Call) -> BoxFuture<'_, Result<Reply, Infra>> {
            let tried = call.context.tried_endpoints().is_some();
            self.0.lock().unwrap().push(tried);
            Box::pin(std::future::ready(Err(Infra::unavailable("gone"))))
        }
    }
    let bench = Bench::new(settings(3, 0.1, 10));
    let look = Look(Mutex::default());
    bench.call(0, Context::empty(), &look).await.unwrap_err();
    assert_eq!(*look.0.lock().unwrap(), [true; 3]);
}

#[tokio::test]
async fn no_pause_outlasts_the_deadline() {
    let bench = Bench::new(settings(5, 0.1, 10));
    let mut context = Context::empty();
    context.limit_deadline(bench.clock.now() + Duration::from_millis(120));
    let end = Script::failing(9, InfraKind::Unavailable, Processed::No);
    bench.call(0, context, &end).await.unwrap_err();
    assert_eq!(end.seen(), 2, "50 ms fit, 100 ms more do not");
}

#[tokio::test]
async fn an_adaptive_rate_holds_calls_back_once_the_callee_refuses_some() {
    for (rate, held_back) in [("unlimited", false), ("adaptive", true)] {
        let bench = Bench::new(json!({ "attempts": 1, "client_rate": rate }));
        let before = bench.clock.now();
        let overloaded = Script::failing(5, InfraKind::Overloaded, Processed::No);
        for _ in 0..10 {
            // Half of them are refused.
            let _ = bench.call(0, Context::empty(), &overloaded).await;
        }
        assert_eq!(overloaded.seen(), 10);
        let waited = bench.clock.now() - before;
        assert_eq!(waited > Duration::from_secs(5), held_back, "{rate}: {waited:?}");
        // One that would wait too long is not sent.
        let mut context = Context::empty();
        context.limit_deadline(bench.clock.now() + Duration::from_millis(10));
        let end = bench.call(0, context, &overloaded).await;
        assert_eq!(end.is_err(), held_back, "{rate}");
        assert_eq!(overloaded.seen(), if held_back { 10 } else { 11 });
    }
}

#[tokio::test]
async fn a_caller_that_gives_up_before_an_attempt_pays_nothing() {
    let bucket = json!({ "kind": "token_bucket", "capacity": 10 });
    let bench = Bench::new(json!({
        "attempts": 2, "budget": bucket, "backoff": { "kind": "fixed", "pause": "1s" },
    }));
    let failing = Script::failing(1, InfraKind::Unavailable, Processed::No);
    let given_up = bench.call(0, Context::empty(), &failing);
    let millis = async {
        // Each turn moves the clock by about a millisecond.
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        biased;
        _ = given_up => unreachable!("it waits for a second"),
        () = millis => {}
    }
    // What it took is there for another call.
    let failing = Script::failing(1, InfraKind::Unavailable, Processed::No);
    bench.call(0, Context::empty(), &failing).await.unwrap();
}
