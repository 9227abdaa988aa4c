use std::sync::Arc;

use bp_runtime::{
    Class, Codec, Context, Edge, Encoded, Endpoint, Interface, ManualClock, Method,
    SharedState, Side, StartError, System, WrapperContext,
};
use serde_json::{Value, json};

use super::*;

static INTERFACE: Interface = Interface {
    path: "t::T",
    wire_name: "t.T",
    methods: &[Method { name: "get", index: 0, idempotent: true, arguments: &[], remote: true }],
};

/// Answers at once.
struct Quick;

impl Endpoint for Quick {
    fn send(&self, _: Call) -> BoxFuture<'_, Result<Reply, Infra>> {
        Box::pin(async { Ok(Reply::encoded(Class::Ok, Codec::Json, "null".into())) })
    }
}

fn context(settings: Value) -> WrapperContext {
    let edge = Edge {
        key: "a->b".into(),
        caller: "a".into(),
        callee: "b".into(),
        cyclic: false,
        remote: true,
        server: false,
    };
    WrapperContext {
        edge: Arc::new(edge),
        side: Side::Client,
        interface: &INTERFACE,
        system: System::default(),
        settings: bp_runtime::Settings::of("edge a->b: sample", settings),
        shared: SharedState::default(),
            surroundings: Surroundings::default(),
    }
}

#[tokio::test]
async fn a_call_goes_on_when_its_wait_is_over_and_is_counted() {
    let clock = ManualClock::new();
    let mut cx = context(json!({ "wait": "5ms" }));
    cx.surroundings.clock = Arc::new(clock.clone());
    let chain = [plugin().client(&cx).unwrap().unwrap()];
    let call = Call {
        edge: cx.edge.clone(),
        interface: &INTERFACE,
        method: &INTERFACE.methods[0],
        context: Context::empty(),
        arguments: Arc::new(Encoded { codec: Codec::Json, bytes: "{}".into() }),
    };
    let calling = tokio::spawn(async move { Next::new(&chain, &Quick).run(call).await });
    let counted = || {
        let page = cx.surroundings.metrics.encode();
        page.contains("bp_sample_waits_total{bp_edge=\"a->b\"} 1")
    };
    tokio::task::yield_now().await;
    clock.advance(Duration::from_millis(4));
    tokio::task::yield_now().await;
    assert!(!calling.is_finished() && !counted());
    clock.advance(Duration::from_millis(1));
    calling.await.unwrap().unwrap();
    assert!(counted());
}

#[test]
fn a_wait_is_drawn_between_the_shortest_and_the_longest() {
    let between = |longest, chance| {
        let settings = SampleSettings { wait: Duration::from_millis(20), longest };
        draw_wait(&settings, chance).as_millis()
    };
    let longest = Some(Duration::from_millis(40));
    assert_eq!([between(longest, 0.0), between(longest, 0.5), between(longest, 1.0)], [20, 30, 40]);
    assert_eq!(between(None, 0.5), 20);
}

#[test]
fn settings_that_break_the_rule_stop_start_up() {
    let start =
        |settings| -> Result<(), StartError> { plugin().client(&context(settings)).map(drop) };
    let error = start(json!({ "wait": "20ms", "longest": "5ms" })).unwrap_err();
    assert!(error.to_string().contains("it is below `wait`"), "{error}");
    start(json!({ "wait": "20ms", "longest": "20ms" })).unwrap();
}
