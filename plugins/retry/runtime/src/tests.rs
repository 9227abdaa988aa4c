use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use bp_runtime::{
    Class, Clock, Codec, Context, Edge, Encoded, Endpoint, InfraKind, Interface, ManualClock,
    Method, Processed, SeededRng, Settings as PlaceSettings, Side, System, WrapperContext,
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
    failures: Mutex<VecDeque<(InfraKind, Processed)>>,
    attempts: Mutex<Vec<u32>>,
    seen: AtomicU32,
}

impl Script {
    fn failing(times: usize, kind: InfraKind, processed: Processed) -> Self {
        Self {
            failures: Mutex::new(std::iter::repeat_n((kind, processed), times).collect()),
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
                Some((kind, processed)) => Err(Infra::new(kind, processed, "scripted")),
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
    edge: Arc<Edge>,
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
            edge: edge.clone(),
            side: Side::Client,
            interface: &INTERFACE,
            system: System::default(),
            endpoint: None,
            settings: PlaceSettings::of("edge a->b: retry", settings),
            surroundings: Surroundings {
                clock: Arc::new(clock.clone()),
                rng: Arc::new(SeededRng::new(1)),
                ..Surroundings::default()
            },
        };
        let wrapper = plugin().client(&cx).unwrap().unwrap();
        Self { clock, edge, chain: vec![wrapper] }
    }

    /// Makes a call while the clock moves on by a millisecond whenever nothing else can happen.
    async fn call(&self, method: usize, context: Context, end: &Script) -> Result<Reply, Infra> {
        let call = Call {
            edge: self.edge.clone(),
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
async fn the_budget_ends_a_storm() {
    let bench = Bench::new(settings(3, 0.1, 0));
    let end = Script::failing(1000, InfraKind::Unavailable, Processed::No);
    for _ in 0..100 {
        bench.call(0, Context::empty(), &end).await.unwrap_err();
    }
    assert!(
        (109..=110).contains(&end.seen()),
        "100 calls and a tenth of them again: {}",
        end.seen()
    );
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
