use std::time::Duration;

use bp_runtime::{
    Codec, Context, Database, Edge, Encoded, Endpoint, Interface, Method, Processed, Settings,
    Status, Surroundings, System,
};

use super::*;

static INTERFACE: Interface = Interface {
    path: "t::T",
    wire_name: "t.T",
    methods: &[
        Method { name: "get", index: 0, idempotent: true, arguments: &[], remote: true },
        Method { name: "add", index: 1, idempotent: false, arguments: &[], remote: true },
    ],
};

/// Answers as the attempt's number says.
struct ByAttempt;

impl Endpoint for ByAttempt {
    fn send(&self, call: Call) -> BoxFuture<'_, Result<Reply, Infra>> {
        Box::pin(async move {
            tokio::time::sleep(Duration::from_millis(20)).await;
            let application = Class::Application {
                status: Status::NotFound,
                code: "no_such".into(),
                message: "no such".into(),
            };
            match call.context.attempt() {
                0 => Ok(Reply::encoded(Class::Ok, Codec::Json, "1".into())),
                1 => Ok(Reply::encoded(application, Codec::Json, "{}".into())),
                _ => Err(Infra::new(InfraKind::Overloaded, Processed::No, "busy")),
            }
        })
    }
}

fn value(text: &str, series: &str) -> f64 {
    let line = text.lines().find(|line| line.starts_with(series));
    let line = line.unwrap_or_else(|| panic!("no {series} in\n{text}"));
    line.rsplit(' ').next().unwrap().parse().unwrap()
}

#[tokio::test(start_paused = true)]
async fn every_end_is_counted_and_timed_once() {
    let edge = Edge {
        key: "a->b".into(),
        caller: "a".into(),
        callee: "b".into(),
        cyclic: false,
        remote: true,
        server: false,
    };
    let edge = Arc::new(edge);
    let cx = WrapperContext {
        edge: edge.clone(),
        side: Side::Client,
        interface: &INTERFACE,
        system: System::default(),
        settings: Settings::of("edge a->b: metrics", serde_json::json!({})),
        shared: SharedState::default(),
        surroundings: Surroundings::default(),
    };
    let chain = vec![plugin().client(&cx).unwrap().unwrap()];
    let text = cx.surroundings.metrics.encode();
    for class in ["ok", "application", "deadline", "cancelled"] {
        let series = format!(
            "bp_calls_total{{bp_edge=\"a->b\",bp_method=\"add\",bp_side=\"client\",bp_class=\"{class}\"}}"
        );
        assert!(value(&text, &series).abs() < f64::EPSILON, "{class} is there from the start");
    }
    let call = |attempt| {
        let mut context = Context::empty();
        context.set_attempt(attempt);
        let arguments = Arc::new(Encoded { codec: Codec::Json, bytes: "{}".into() });
        let call = Call {
            edge: edge.clone(),
            interface: &INTERFACE,
            method: &INTERFACE.methods[0],
            context,
            arguments,
        };
        Next::new(&chain, &ByAttempt).run(call)
    };
    for attempt in [0, 0, 1, 2] {
        let _ = call(attempt).await;
    }
    let dropped = tokio::time::timeout(Duration::from_millis(5), call(0)).await;
    assert!(dropped.is_err());

    let text = cx.surroundings.metrics.encode();
    for (class, count) in
        [("ok", 2.0), ("application", 1.0), ("overloaded", 1.0), ("cancelled", 1.0)]
    {
        let series = format!(
            "bp_calls_total{{bp_edge=\"a->b\",bp_method=\"get\",bp_side=\"client\",bp_class=\"{class}\"}}"
        );
        assert!((value(&text, &series) - count).abs() < f64::EPSILON, "{class}:\n{text}");
    }
    let family = "rpc_client_call_duration_seconds";
    let series = |part: &str, status: &str, error: &str| {
        let labels = format!(
            "rpc_system_name=\"bp\",rpc_method=\"t.T/get\",rpc_response_status_code=\"{status}\",error_type=\"{error}\",bp_edge=\"a->b\""
        );
        value(&text, &format!("{family}_{part}{{{labels}}}"))
    };
    for (status, error, count, seconds) in [
        ("OK", "", 2.0, 0.040),
        ("NOT_FOUND", "no_such", 1.0, 0.020),
        ("RESOURCE_EXHAUSTED", "overloaded", 1.0, 0.020),
        ("CANCELLED", "cancelled", 1.0, 0.005),
    ] {
        assert!((series("count", status, error) - count).abs() < f64::EPSILON, "{status}:\n{text}");
        assert!((series("sum", status, error) - seconds).abs() < 0.004, "{status}:\n{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_of_a_store_is_an_operation_and_no_fault_of_the_callee_is_no_error() {
    let edge = Arc::new(Edge {
        key: "a->b_db".into(),
        caller: "a".into(),
        callee: "b_db".into(),
        cyclic: false,
        remote: false,
        server: false,
    });
    let store = Database { system: "postgresql", server: Some(("db.example".to_owned(), 5432)) };
    let mut cx = WrapperContext {
        edge: edge.clone(),
        side: Side::Client,
        interface: &INTERFACE,
        system: System::Database(store),
        settings: Settings::of("edge a->b_db: metrics", serde_json::json!({})),
        shared: SharedState::default(),
        surroundings: Surroundings::default(),
    };
    let call = |attempt| {
        let mut context = Context::empty();
        context.set_attempt(attempt);
        let arguments = Arc::new(Encoded { codec: Codec::Json, bytes: "{}".into() });
        let (edge, method) = (edge.clone(), &INTERFACE.methods[0]);
        Call { edge, interface: &INTERFACE, method, context, arguments }
    };
    let chain = vec![plugin().client(&cx).unwrap().unwrap()];
    let _ = Next::new(&chain, &ByAttempt).run(call(0)).await;
    let _ = Next::new(&chain, &ByAttempt).run(call(2)).await;
    (cx.side, cx.system) = (Side::Server, System::Rpc("grpc"));
    let chain = vec![plugin().server(&cx).unwrap().unwrap()];
    let _ = Next::new(&chain, &ByAttempt).run(call(1)).await;
    let text = cx.surroundings.metrics.encode();
    for error in ["", "overloaded"] {
        let series = format!(
            "db_client_operation_duration_seconds_count{{db_system_name=\"postgresql\",db_namespace=\"b_db\",db_operation_name=\"get\",error_type=\"{error}\",server_address=\"db.example\",server_port=\"5432\",bp_edge=\"a->b_db\"}}"
        );
        assert!((value(&text, &series) - 1.0).abs() < f64::EPSILON, "{error}:\n{text}");
    }
    let series = "rpc_server_call_duration_seconds_count{rpc_system_name=\"grpc\",rpc_method=\"t.T/get\",rpc_response_status_code=\"NOT_FOUND\",error_type=\"\",";
    assert!((value(&text, series) - 1.0).abs() < f64::EPSILON, "{text}");
}
