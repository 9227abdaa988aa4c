//! Calls: directly, through chains, across processes; context, deadlines, errors, cost of giving up.

use std::sync::Arc;
use std::time::Duration;

use bp_std::Cache;
use bp_std::rt::*;
use serde_json::json;

use crate::app::plan::{monolith, remote};
use crate::app::workflow::{Back, BackError, Described, Front, FrontError};
use crate::app::{System, app, embedded, eventually, refused};

const ALL: [&str; 3] = ["back", "other_back", "front"];

#[tokio::test]
async fn the_same_answers_in_one_process_and_in_three() {
    let one = embedded(&monolith(), Environment::default()).await;
    let three = System::start(remote(), &ALL, Environment::default()).await;
    for front in [one.instance::<dyn Front>("front").unwrap(), three.front()] {
        assert_eq!(front.all().await.unwrap(), ["one", "two"]);
        assert_eq!(front.describe("x".to_owned()).await.unwrap().label, "one");
        let error = front.describe("nobody".to_owned()).await.unwrap_err();
        assert!(matches!(&error, FrontError::Nobody(name) if name == "nobody"), "{error:?}");
        assert_eq!(error.to_string(), "nobody is called nobody");
    }
    three.stop().await;
}

#[tokio::test]
async fn in_one_process_with_nothing_between_the_parameter_is_the_callee_itself() {
    let one = embedded(&monolith(), Environment::default()).await;
    let back = one.instance::<dyn Back>("back").unwrap();
    // The registry, this handle, and the front's field hold one and the same pointer.
    assert_eq!(Arc::strong_count(&back), 3);
}

#[tokio::test]
async fn deadline_trace_tenant_and_baggage_cross_processes() {
    let system = System::start(remote(), &ALL, Environment::default()).await;
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let mut context = Context::empty();
    context.set_trace(TraceContext::parse(trace, None));
    context.set_tenant(Some("acme"));
    context.set_baggage("k", "v w");
    context.limit_deadline(Instant::now() + Duration::from_secs(5));
    let front = system.front();
    let call = front.describe("x".to_owned());
    let described = context.clone().scope(call).await.unwrap();
    assert_eq!(described.trace.as_deref(), Some(trace));
    assert_eq!(described.tenant.as_deref(), Some("acme"));
    assert_eq!(described.baggage["k"], "v w");
    assert_eq!(described.baggage["client front->back"], "plain0", "the client's wrapper");
    assert_eq!(described.baggage["server back"], "served0", "the server's wrapper");
    let left = described.remaining_ms.unwrap();
    assert!((4000..=5000).contains(&left), "{left}");
    // Without one, the plan's.
    let left = system.front().describe("x".to_owned()).await.unwrap().remaining_ms.unwrap();
    assert!((29_000..=30_000).contains(&left), "{left}");
    system.stop().await;
}

#[tokio::test]
async fn a_call_made_on_a_later_attempt_is_a_first_attempt_of_its_own() {
    let system = System::start(remote(), &ALL, Environment::default()).await;
    let mut context = Context::empty();
    context.set_attempt(2);
    context.set_tenant(Some("acme"));
    let front = system.front();
    let described = context.scope(front.describe("x".to_owned())).await.unwrap();
    assert_eq!((described.attempt, described.tenant.as_deref()), (0, Some("acme")));
    system.stop().await;
}

#[tokio::test]
async fn a_call_without_a_deadline_gets_what_the_plan_says() {
    for (caller, listener, most) in
        [(Some("70s"), None, Some(70_000)), (None, Some("50s"), Some(50_000)), (None, None, None)]
    {
        let mut plan = remote();
        // `null` is none.
        plan["edges"]["front->back"]["deadline"] = json!(caller);
        plan["listeners"]["back.line"]["serves"]["back"]["deadline"] = json!(listener);
        let system = System::start(plan, &ALL, Environment::default()).await;
        let left = system.front().describe("x".to_owned()).await.unwrap().remaining_ms;
        match (left, most) {
            (Some(left), Some(most)) => assert!(left <= most && left > most - 19_000, "{left}"),
            (left, most) => assert_eq!(left, most),
        }
        system.stop().await;
    }
}

#[tokio::test]
async fn a_listener_holds_its_callers_to_the_wrappers_of_the_outside_worlds_edge() {
    let mut plan = remote();
    let mut edge = plan["edges"]["front->back"].clone();
    edge["caller"] = json!("client");
    edge["client"][0]["settings"] = json!({ "text": "out", "after": "20s" });
    plan["edges"]["client->back"] = edge;
    // Tuned by the outside world's edge, as the wiring has it.
    let tuned = "edge.\"client -> back\".tag = { text = \"tuned\" }";
    let environment = Environment::default().with("BP_SET", tuned);
    let system = System::start(plan, &ALL, environment).await;
    let described = system.front().describe("x".to_owned()).await.unwrap();
    assert_eq!(described.baggage["client client->back"], "tuned0");
    assert_eq!(described.baggage["server back"], "served0");
    let left = described.remaining_ms.unwrap();
    assert!(left <= 20_000 && left > 10_000, "{left}");
    system.stop().await;
}

#[tokio::test]
async fn the_shorter_deadline_wins_on_the_way() {
    let environment = Environment::default()
        .with("BP_SET", "edge.\"front -> back\".tag = { text = \"x\", after = \"20s\" }");
    let system = System::start(remote(), &ALL, environment).await;
    for (own, most) in [(Duration::from_mins(1), 20_000), (Duration::from_secs(10), 10_000)] {
        let mut context = Context::empty();
        context.limit_deadline(Instant::now() + own);
        let front = system.front();
        let call = front.describe("x".to_owned());
        let left = context.scope(call).await.unwrap().remaining_ms.unwrap();
        assert!(left <= most && left > most / 2, "{left} of {most}");
    }
    system.stop().await;
}

#[tokio::test]
async fn a_deadline_ends_the_call_and_the_handler() {
    let system = System::start(remote(), &ALL, Environment::default()).await;
    let mut context = Context::empty();
    context.limit_deadline(Instant::now() + Duration::from_secs(1));
    let error = context.scope(system.front().wait(60_000)).await.unwrap_err();
    let FrontError::Infra(infra) = error else { panic!("{error}") };
    assert_eq!((infra.kind, infra.processed), (InfraKind::Deadline, Processed::Maybe));
    // The handler in the other process is gone too.
    let back = &system.processes[0];
    eventually("the handler is gone", || back.in_flight() == 0).await;
    // One that has passed is not even sent.
    let mut context = Context::empty();
    context.limit_deadline(Instant::now());
    let error = context.scope(system.front().wait(1)).await.unwrap_err();
    let FrontError::Infra(infra) = error else { panic!("{error}") };
    assert_eq!((infra.kind, infra.processed), (InfraKind::Deadline, Processed::No));
    system.stop().await;
}

#[tokio::test]
async fn a_panic_is_the_callers_internal_error_and_nobodys_end() {
    let system = System::start(remote(), &ALL, Environment::default()).await;
    let mut plan = system.plan.clone();
    plan["edges"]["client->back"] = plan["edges"]["front->back"].clone();
    let test_environment = system.environment.clone().with("BP_TEST_TARGET", "running");
    let outcome = tokio::task::spawn_blocking(move || {
        bp_std::__private::test::run_in(
            crate::app::app(&plan),
            "panics",
            test_environment,
            async |targets| {
                let back = targets.service::<dyn Back>("back");
                (back.crash().await, back.describe().await)
            },
        )
    });
    let (crashed, after) = outcome.await.unwrap();
    let Err(BackError::Infra(infra)) = crashed else { panic!("{crashed:?}") };
    assert_eq!(infra.kind, InfraKind::Internal);
    assert_eq!(infra.message, "`back.crash` panicked");
    assert_eq!(after.unwrap().label, "one");
    system.stop().await;
}

#[tokio::test]
async fn a_message_over_the_limit_is_too_large_and_one_below_is_not() {
    let mut plan = remote();
    plan["edges"]["client->front"]["transport"]["settings"] = json!({ "max_message": "1KiB" });
    let system = System::start(plan.clone(), &ALL, Environment::default()).await;
    let environment = system.environment.clone().with("BP_TEST_TARGET", "running");
    let outcome = tokio::task::spawn_blocking(move || {
        bp_std::__private::test::run_in(crate::app::app(&plan), "large", environment, async |t| {
            let front = t.service::<dyn Front>("front");
            (front.echo("x".repeat(1000)).await, front.echo("x".repeat(1100)).await)
        })
    });
    let (small, large) = outcome.await.unwrap();
    assert_eq!(small.unwrap().len(), 1000);
    let Err(FrontError::Infra(infra)) = large else { panic!("{large:?}") };
    assert_eq!((infra.kind, infra.processed), (InfraKind::TooLarge, Processed::No));
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_calls_that_time_out_leave_nothing_behind() {
    let mut plan = monolith();
    plan["edges"]["front->back"]["client"] =
        json!([{ "plugin": "tag", "settings": { "text": "x", "after": "10ms" } }]);
    let one = embedded(&plan, Environment::default()).await;
    let front = one.instance::<dyn Front>("front").unwrap();
    let alive = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
    let baseline = alive();
    for _ in 0..100 {
        let calls = (0..100).map(|_| front.wait(60_000));
        for outcome in futures_util::future::join_all(calls).await {
            let Err(FrontError::Infra(infra)) = outcome else { panic!("{outcome:?}") };
            assert_eq!(infra.kind, InfraKind::Deadline);
        }
    }
    assert_eq!(alive(), baseline);
    assert_eq!(one.in_flight(), 0);
}

#[tokio::test]
async fn a_plan_that_this_binary_cannot_serve_is_refused_by_name() {
    let mut plan = monolith();
    plan["instances"]["front"]["implementation"] = json!("Fornt");
    let error = refused(&plan, Environment::default()).await;
    assert!(error.contains("implementation `Fornt`") && error.contains("FrontImpl"), "{error}");

    let mut plan = monolith();
    plan["instances"]["back"]["parameters"]["label"]["value"] = json!(7);
    let error = refused(&plan, Environment::default()).await;
    assert_eq!(error, "parameter `label` of `back`: 7 is not text in quotes");

    let mut plan = monolith();
    plan["surprise"] = json!(1);
    let error = refused(&plan, Environment::default()).await;
    assert!(error.contains("unknown field `surprise`"), "{error}");

    let mut plan = monolith();
    plan["version"] = json!(2);
    assert!(refused(&plan, Environment::default()).await.contains("version 2"));
}

fn open_nothing(_: BackendContext) -> std::future::Ready<Result<Arc<dyn Cache>, StartError>> {
    std::future::ready(Err(StartError::new("no room")))
}

#[tokio::test]
async fn a_backend_that_cannot_open_is_named_with_its_plugin() {
    let mut plan = monolith();
    plan["instances"]["board_db"] = json!({
        "kind": "backend", "plugin": "bare", "interface": "", "processes": ["front"],
    });
    for (interface, expected) in [
        ("leaf::Queue", "`bare` offers no `leaf::Queue` (it offers: `bp_backend::Cache`)"),
        ("bp_backend::Cache", "no room"),
    ] {
        plan["instances"]["board_db"]["interface"] = json!(interface);
        let app = app(&plan).backend("bare", Offers::new().interface(open_nothing));
        let error = app.start(Environment::default(), Hosting::Embedded).await.unwrap_err();
        assert_eq!(error.to_string(), format!("backend `board_db` (kind `bare`): {expected}"));
    }
}

/// Claims to be the fourth attempt, as anybody can.
struct Fourth;

impl Wrapper for Fourth {
    fn call<'a>(&'a self, mut call: Call, next: Next<'a>) -> BoxFuture<'a, Result<Reply, Infra>> {
        call.context.set_attempt(3);
        next.run(call)
    }
}

#[tokio::test]
async fn a_published_instance_believes_no_number_of_an_attempt() {
    for (published, attempt) in [(false, 3), (true, 0)] {
        let mut plan = remote();
        if published {
            let mut edge = plan["edges"]["client->front"].clone();
            edge["callee"] = json!("back");
            edge["interface"] = json!("leaf::Back");
            edge["listener"] = json!("back.line");
            plan["edges"]["client->back"] = edge;
        }
        let system = System::start(plan, &ALL, Environment::default()).await;
        let address = system.environment.get("BP_ADDR_BACK_LINE").unwrap().to_owned();
        let edge = Edge {
            key: "client->back".to_owned(),
            caller: "client".to_owned(),
            callee: "back".to_owned(),
            cyclic: false,
            remote: true,
            server: false,
        };
        let shared = Arc::new(edge.clone());
        let interface = crate::app::interfaces::back::interface().interface();
        let dialer = crate::app::transport::plugin().connect(ConnectContext {
            edge: shared.clone(),
            interface,
            settings: Settings::of("edge", json!({})),
            callee_settings: Settings::of("listener", json!({})),
            limit: MessageLimit { bytes: 1 << 20 },
            surroundings: Surroundings::default(),
        });
        let end = balance::connect_fixed(
            dialer.unwrap(),
            shared,
            interface,
            vec![address],
            Surroundings::default(),
        );
        let client = Client::new(edge, interface, vec![Arc::new(Fourth)], end.unwrap());
        let method = interface.method("describe").unwrap().index;
        let described = client.call::<_, Described, BackError>(method, ()).await.unwrap();
        assert_eq!(described.attempt, attempt);
        system.stop().await;
    }
}

#[test]
fn a_failure_that_a_handler_passes_on_says_all_but_the_load_of_another() {
    let mut infra = Infra::overloaded("further on")
        .with_retry_after(RetryAfter::After(Duration::from_secs(1)))
        .with_shed(Shed::new("sheddable", "queue_full"));
    let said = infra.metadata.clone();
    infra.metadata.set_load(Load::new(0.5, 1.0, 0.0).unwrap());
    let passed = Reply::of::<(), BackError>(Err(infra.into())).unwrap_err();
    assert_eq!(passed.metadata, said);
    assert_eq!(passed.processed, Processed::Maybe, "this handler ran");
}

/// Holds a guard until the reply has ended, and says something beside it.
struct Holding(std::sync::Weak<()>, std::sync::Mutex<Option<Arc<()>>>);

impl Wrapper for Holding {
    fn call<'a>(&'a self, call: Call, next: Next<'a>) -> BoxFuture<'a, Result<Reply, Infra>> {
        Box::pin(async move {
            let mut reply = next.run(call).await?;
            reply.hold(self.1.lock().unwrap().take());
            reply.metadata_mut().set_retry_after(RetryAfter::Never);
            Ok(reply)
        })
    }
}

/// Looks at the reply on its way to the caller.
struct Looking(Arc<Holding>);

impl Wrapper for Looking {
    fn call<'a>(&'a self, call: Call, next: Next<'a>) -> BoxFuture<'a, Result<Reply, Infra>> {
        Box::pin(async move {
            let reply = next.run(call).await?;
            assert_eq!(reply.metadata().retry_after(), Some(RetryAfter::Never));
            assert!(self.0.0.upgrade().is_some(), "the reply has not ended");
            Ok(reply)
        })
    }
}

struct Silent;

impl Endpoint for Silent {
    fn send(&self, _: Call) -> BoxFuture<'_, Result<Reply, Infra>> {
        Box::pin(std::future::ready(Reply::of::<(), BackError>(Ok(()))))
    }
}

#[tokio::test]
async fn a_guard_in_one_process_ends_when_the_caller_has_its_value() {
    let guard = Arc::new(());
    let holding = Arc::new(Holding(Arc::downgrade(&guard), std::sync::Mutex::new(Some(guard))));
    let edge = Edge {
        key: "front->back".to_owned(),
        caller: "front".to_owned(),
        callee: "back".to_owned(),
        cyclic: false,
        remote: false,
        server: false,
    };
    let wrappers: Vec<Arc<dyn Wrapper>> = vec![Arc::new(Looking(holding.clone())), holding.clone()];
    let interface = crate::app::interfaces::back::interface().interface();
    let client = Client::new(edge, interface, wrappers, Arc::new(Silent));
    let method = interface.method("wait").unwrap().index;
    client.call::<_, (), BackError>(method, (1_u64,)).await.unwrap();
    assert!(holding.0.upgrade().is_none(), "the reply has ended");
}
