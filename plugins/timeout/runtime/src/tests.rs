use std::time::Duration;

use bp_runtime::Instant;
use bp_runtime::{
    Class, Codec, Context, Edge, Encoded, Endpoint, InfraKind, Interface, Method,
    Settings as PlaceSettings, SharedState, Side, Surroundings, System, WrapperContext,
};
use serde_json::json;

use super::*;

static INTERFACE: Interface = Interface {
    path: "t::T",
    wire_name: "t.T",
    methods: &[
        Method { name: "slow", index: 0, idempotent: true, arguments: &[], remote: true },
        Method { name: "quick", index: 1, idempotent: true, arguments: &[], remote: true },
    ],
};

/// Answers after a while, with the deadline that it was told.
struct After(Duration);

impl Endpoint for After {
    fn send(&self, call: Call) -> BoxFuture<'_, Result<Reply, Infra>> {
        Box::pin(async move {
            tokio::time::sleep(self.0).await;
            let left = call.context.remaining(Instant::now() - self.0).unwrap();
            Ok(Reply::encoded(Class::Ok, Codec::Json, left.as_millis().to_string().into()))
        })
    }
}

fn chain() -> (Arc<Edge>, Vec<Arc<dyn Wrapper>>) {
    let edge = Edge {
        key: "a->b".into(),
        caller: "a".into(),
        callee: "b".into(),
        cyclic: false,
        remote: true,
        server: false,
    };
    let edge = Arc::new(edge);
    let rows = vec![json!({ "after": "2s" }), json!({ "after": "100ms" })];
    let cx = WrapperContext {
        edge: edge.clone(),
        side: Side::Client,
        interface: &INTERFACE,
        system: System::default(),
        settings: PlaceSettings::new("edge a->b: timeout", rows),
        shared: SharedState::default(),
        surroundings: Surroundings::default(),
    };
    (edge, vec![plugin().client(&cx).unwrap().unwrap()])
}

async fn call(method: usize, parent: Option<Duration>, takes: Duration) -> Result<Reply, Infra> {
    let (edge, chain) = chain();
    let mut context = Context::empty();
    if let Some(parent) = parent {
        context.limit_deadline(Instant::now() + parent);
    }
    let call = Call {
        edge,
        interface: &INTERFACE,
        method: &INTERFACE.methods[method],
        context,
        arguments: Arc::new(Encoded { codec: Codec::Json, bytes: "{}".into() }),
    };
    Next::new(&chain, &After(takes)).run(call).await
}

#[tokio::test(start_paused = true)]
async fn each_method_has_its_own_time_and_the_callee_is_told() {
    let told = |reply: Reply| reply.encode(Codec::Json).unwrap();
    assert_eq!(told(call(0, None, Duration::from_secs(1)).await.unwrap()), "2000");
    assert_eq!(told(call(1, None, Duration::from_millis(99)).await.unwrap()), "100");
    let start = Instant::now();
    let error = call(1, None, Duration::from_secs(1)).await.unwrap_err();
    assert_eq!((error.kind, error.processed), (InfraKind::Deadline, Processed::Maybe));
    assert!(error.message.contains("a->b") && error.message.contains("quick"), "{error}");
    assert_eq!(start.elapsed().as_millis(), 100);
}

#[tokio::test(start_paused = true)]
async fn the_earlier_of_own_and_parent_counts() {
    let start = Instant::now();
    let parent = Some(Duration::from_millis(30));
    assert_eq!(
        call(0, parent, Duration::from_secs(1)).await.unwrap_err().kind,
        InfraKind::Deadline
    );
    assert_eq!(start.elapsed().as_millis(), 30);
}

#[tokio::test(start_paused = true)]
async fn past_the_deadline_nothing_is_sent() {
    let error = call(0, Some(Duration::ZERO), Duration::ZERO).await.unwrap_err();
    assert_eq!((error.kind, error.processed), (InfraKind::Deadline, Processed::No));
}
