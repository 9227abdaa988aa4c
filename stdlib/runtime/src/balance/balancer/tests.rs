use std::collections::BTreeMap;

use bp_data::Codec;
use tokio::sync::watch;

use super::super::Choice;
use super::*;
use crate::arguments::Encoded;
use crate::call::Class;
use crate::context::Context;
use crate::method::Method;
use crate::plugin::{Side, System};
use crate::settings::Settings;

static INTERFACE: Interface =
    Interface::new("t::T", "t.T", &[Method::new(0, "add", &[]), Method::new(1, "off", &[])]);

/// What an endpoint does with calls.
type Behaviour = Arc<Mutex<BTreeMap<String, Result<(), (InfraKind, Processed)>>>>;

/// Dials endpoints that behave as told and note who was called.
#[derive(Clone, Default)]
struct Fake {
    behaviour: Behaviour,
    called: Arc<Mutex<Vec<String>>>,
}

struct FakeEndpoint {
    address: String,
    fake: Fake,
}

impl Dialer for Fake {
    fn dial(&self, address: &str) -> Result<Arc<dyn Endpoint>, StartError> {
        Ok(Arc::new(FakeEndpoint { address: address.to_owned(), fake: self.clone() }))
    }
}

impl Endpoint for FakeEndpoint {
    fn send(&self, _: Call) -> BoxFuture<'_, Result<Reply, Infra>> {
        lock(&self.fake.called).push(self.address.clone());
        let outcome = lock(&self.fake.behaviour).get(&self.address).copied().unwrap_or(Ok(()));
        Box::pin(async move {
            tokio::task::yield_now().await;
            match outcome {
                Ok(()) => Ok(Reply::encoded(Class::Ok, Codec::Json, "null".into())),
                Err((kind, processed)) => Err(Infra::new(kind, processed, "scripted")),
            }
        })
    }
}

struct Bench {
    fake: Fake,
    known: watch::Sender<super::super::directory::KnownEndpoints>,
    balancer: Arc<Balancer>,
    surroundings: Surroundings,
}

fn edge() -> Arc<Edge> {
    Arc::new(Edge {
        key: "a->b".into(),
        caller: "a".into(),
        callee: "b".into(),
        cyclic: false,
        remote: true,
        server: false,
    })
}

fn list(addresses: &[&str]) -> Arc<[String]> {
    addresses.iter().map(|a| (*a).to_owned()).collect()
}

impl Bench {
    fn new(
        first: Option<Arc<[String]>>,
        balance: Balance,
        endpoint_wrappers: EndpointWrappers,
    ) -> Self {
        let (fake, surroundings) = (Fake::default(), Surroundings::default());
        let (sender, known) = watch::channel(first);
        let directory = Directory { known, failed: Arc::default() };
        let dialer = Arc::new(fake.clone());
        let balancer = Balancer::new(
            edge(),
            &INTERFACE,
            directory,
            dialer,
            endpoint_wrappers,
            balance,
            surroundings.clone(),
        );
        Self { fake, known: sender, balancer: Arc::new(balancer.unwrap()), surroundings }
    }

    fn of(addresses: &[&str]) -> Self {
        Self::new(Some(list(addresses)), Balance::default(), EndpointWrappers::default())
    }

    fn behave(&self, address: &str, outcome: Result<(), (InfraKind, Processed)>) {
        lock(&self.fake.behaviour).insert(address.to_owned(), outcome);
    }

    async fn call(&self) -> Result<(), Infra> {
        self.call_method(0).await
    }

    async fn call_method(&self, method: usize) -> Result<(), Infra> {
        let call = Call {
            edge: edge(),
            interface: &INTERFACE,
            method: &INTERFACE.methods[method],
            context: Context::empty(),
            arguments: Arc::new(Encoded { codec: Codec::Json, bytes: "{}".into() }),
        };
        self.balancer.send(call).await.map(drop)
    }

    fn called(&self) -> Vec<String> {
        std::mem::take(&mut *lock(&self.fake.called))
    }

    fn metric(&self, line: &str) -> bool {
        self.surroundings.metrics.encode().lines().any(|l| l == line)
    }
}

const REFUSED: Result<(), (InfraKind, Processed)> = Err((InfraKind::Unavailable, Processed::No));

#[tokio::test(start_paused = true)]
async fn a_call_that_was_not_taken_fails_over_and_its_endpoint_is_skipped() {
    let bench = Bench::of(&["a:1", "b:1", "c:1"]);
    bench.behave("a:1", REFUSED);
    // At the same time, so that no endpoint is always idle.
    let together = || futures_util::future::join_all((0..10).map(|_| bench.call()));
    assert!(together().await.iter().all(Result::is_ok));
    let refusals = bench.called().iter().filter(|a| *a == "a:1").count();
    assert!(refusals > 0, "no call was refused");
    assert!(together().await.iter().all(Result::is_ok));
    assert!(!bench.called().contains(&"a:1".to_owned()));
    assert!(bench.metric(&format!("bp_balance_failover_total{{bp_edge=\"a->b\"}} {refusals}")));
    assert!(bench.metric("bp_balance_ready{bp_edge=\"a->b\"} 2"));
    assert!(bench.metric("bp_balance_endpoints{bp_edge=\"a->b\"} 3"));
}

#[tokio::test(start_paused = true)]
async fn what_may_have_been_processed_or_is_refused_for_load_is_the_callers() {
    for (kind, processed) in [
        (InfraKind::Unavailable, Processed::Maybe),
        (InfraKind::Overloaded, Processed::No),
        (InfraKind::Deadline, Processed::No),
    ] {
        let bench = Bench::of(&["a:1", "b:1"]);
        for address in ["a:1", "b:1"] {
            bench.behave(address, Err((kind, processed)));
        }
        let error = bench.call().await.unwrap_err();
        assert_eq!((error.kind, bench.called().len()), (kind, 1));
        assert!(bench.metric("bp_balance_ready{bp_edge=\"a->b\"} 2"), "it is there");
    }
}

#[tokio::test(start_paused = true)]
async fn no_endpoint_gets_a_call_twice_and_no_more_get_it_than_the_wiring_says() {
    for (failover, expected) in [(0, 1), (2, 3), (9, 5)] {
        let balance = Balance { failover, choice: Choice::P2c };
        let all = ["a:1", "b:1", "c:1", "d:1", "e:1"];
        let bench = Bench::new(Some(list(&all)), balance, EndpointWrappers::default());
        for address in all {
            bench.behave(address, REFUSED);
        }
        for _ in 0..3 {
            bench.call().await.unwrap_err();
            let mut called = bench.called();
            called.sort();
            called.dedup();
            assert_eq!(called.len(), expected);
        }
    }
}

#[tokio::test]
async fn an_endpoint_that_can_be_connected_to_is_back() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    drop(listener);
    let bench = Bench::of(&[&address, "b:1"]);
    bench.behave(&address, REFUSED);
    for answer in futures_util::future::join_all((0..9).map(|_| bench.call())).await {
        answer.unwrap();
    }
    bench.behave(&address, Ok(()));
    tokio::time::sleep(Duration::from_millis(400)).await;
    assert!(bench.metric("bp_balance_ready{bp_edge=\"a->b\"} 1"), "nothing listens there");
    let _listener = tokio::net::TcpListener::bind(&address).await.unwrap();
    for _ in 0..3000 {
        if bench.metric("bp_balance_ready{bp_edge=\"a->b\"} 2") {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("it is still skipped");
}

#[tokio::test(start_paused = true)]
async fn endpoints_come_and_go() {
    let bench = Bench::of(&["a:1"]);
    bench.call().await.unwrap();
    bench.known.send_replace(Some(list(&["b:1"])));
    tokio::task::yield_now().await;
    tokio::time::sleep(Duration::from_millis(1)).await;
    bench.call().await.unwrap();
    assert_eq!(bench.called(), ["a:1", "b:1"]);
    bench.known.send_replace(Some(list(&[])));
    tokio::time::sleep(Duration::from_millis(1)).await;
    let error = bench.call().await.unwrap_err();
    assert_eq!((error.kind, error.processed), (InfraKind::Unavailable, Processed::No));
    assert!(error.message.contains("edge a->b: no endpoint is known"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_call_waits_for_the_first_answer_but_not_for_ever() {
    let bench = Bench::new(None, Balance::default(), EndpointWrappers::default());
    let later = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        bench.known.send_replace(Some(list(&["a:1"])));
    };
    let (outcome, ()) = tokio::join!(bench.call(), later);
    outcome.unwrap();

    let bench = Bench::new(None, Balance::default(), EndpointWrappers::default());
    let start = tokio::time::Instant::now();
    bench.call().await.unwrap_err();
    assert_eq!(start.elapsed().as_secs(), FIRST_LOOKUP_TIMEOUT.as_secs());
}

/// Refuses at every endpoint from the second call on, as a breaker of one call would.
struct Once;

struct OnceHere(Mutex<u32>);

impl WrapperPlugin for Once {
    fn client(&self, _: &WrapperContext) -> Result<Option<Arc<dyn Wrapper>>, StartError> {
        Ok(Some(Arc::new(OnceHere(Mutex::new(0)))))
    }
}

impl Wrapper for OnceHere {
    fn call<'a>(&'a self, call: Call, next: Next<'a>) -> BoxFuture<'a, Result<Reply, Infra>> {
        let mut count = lock(&self.0);
        *count += 1;
        if *count > 1 {
            return Box::pin(async { Err(Infra::unavailable("open")) });
        }
        drop(count);
        next.run(call)
    }
}

#[tokio::test(start_paused = true)]
async fn what_sits_inside_the_balance_is_each_endpoints_own() {
    let context = WrapperContext {
        edge: edge(),
        side: Side::Client,
        interface: &INTERFACE,
        system: System::default(),
        settings: Settings::of("edge a->b: once", serde_json::Value::Null),
        shared: crate::shared_state::SharedState::default(),
        surroundings: Surroundings::default(),
    };
    let endpoint_wrappers =
        EndpointWrappers { wrappers: vec![(Arc::new(Once), context, vec![false, true])] };
    let balance = Balance::default();
    let bench = Bench::new(Some(list(&["a:1", "b:1"])), balance, endpoint_wrappers);
    bench.call().await.unwrap();
    bench.call().await.unwrap();
    let mut called = bench.called();
    called.sort();
    assert_eq!(called, ["a:1", "b:1"], "each let one pass");
    assert_eq!(bench.call().await.unwrap_err().message, "open");
    assert!(bench.called().is_empty());
    bench.call_method(1).await.unwrap();
}
