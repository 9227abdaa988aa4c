//! Spans as a collector receives them, over a collector's own protocol.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failed step of a test ends it"
)]

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant as Moment};

use bp_runtime::{
    Arguments, BoxFuture, Call, Class, Codec, Context, Database, Edge, Encoded, Endpoint, Infra,
    InfraKind, Interface, Method, Next, Processed, Reply, Settings, SharedState, Side, Status,
    Surroundings, System, TraceContext, Wrapper, WrapperContext, WrapperPlugin,
};
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{
    TraceService, TraceServiceServer,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value};
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use serde_json::json;

static INTERFACE: Interface = Interface {
    path: "t::T",
    wire_name: "t.T",
    methods: &[Method { name: "get", index: 0, idempotent: true, arguments: &[], remote: true }],
};

#[derive(Clone, Default)]
struct Collector {
    received: Arc<Mutex<Vec<(String, Span)>>>,
}

#[tonic::async_trait]
impl TraceService for Collector {
    async fn export(
        &self,
        request: tonic::Request<ExportTraceServiceRequest>,
    ) -> Result<tonic::Response<ExportTraceServiceResponse>, tonic::Status> {
        let mut received = self.received.lock().unwrap();
        for resource in request.into_inner().resource_spans {
            let attributes = &resource.resource.as_ref().unwrap().attributes;
            let service = text(attributes, "service.name").unwrap();
            for span in resource.scope_spans.into_iter().flat_map(|scope| scope.spans) {
                received.push((service.clone(), span));
            }
        }
        Ok(tonic::Response::new(ExportTraceServiceResponse { partial_success: None }))
    }
}

impl Collector {
    async fn start() -> (Self, SocketAddr) {
        let collector = Self::default();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let service = TraceServiceServer::new(collector.clone());
        let incoming = tonic::transport::server::TcpIncoming::from(listener);
        let server = tonic::transport::Server::builder().add_service(service);
        tokio::spawn(server.serve_with_incoming(incoming));
        (collector, address)
    }

    fn spans(&self) -> Vec<(String, Span)> {
        self.received.lock().unwrap().clone()
    }
}

fn text(attributes: &[KeyValue], key: &str) -> Option<String> {
    let value = attributes.iter().find(|a| a.key == key)?.value.as_ref()?;
    match value.value.as_ref()? {
        any_value::Value::StringValue(text) => Some(text.clone()),
        any_value::Value::IntValue(number) => Some(number.to_string()),
        other => panic!("{key} is {other:?}"),
    }
}

/// A hop: client wrapper, then server wrapper in the context that travels, then the handler.
struct Hop {
    client: Vec<Arc<dyn Wrapper>>,
    server: Vec<Arc<dyn Wrapper>>,
    edge: Arc<Edge>,
}

impl Hop {
    fn new(
        plugin: &dyn WrapperPlugin,
        settings: &serde_json::Value,
        surroundings: &Surroundings,
    ) -> Self {
        let edge = |key: &str, caller: &str, server| {
            let (key, caller) = (key.to_owned(), caller.to_owned());
            let callee = "cart".to_owned();
            Arc::new(Edge { key, caller, callee, cyclic: false, remote: true, server })
        };
        let context = |edge: Arc<Edge>, side| WrapperContext {
            edge,
            side,
            interface: &INTERFACE,
            system: System::default(),
            settings: Settings::of("trace", settings.clone()),
            shared: SharedState::default(),
            surroundings: surroundings.clone(),
        };
        let (at_client, at_server) = (edge("web->cart", "web", false), edge("*->cart", "*", true));
        Self {
            client: vec![
                plugin.client(&context(at_client.clone(), Side::Client)).unwrap().unwrap(),
            ],
            server: vec![plugin.server(&context(at_server, Side::Server)).unwrap().unwrap()],
            edge: at_client,
        }
    }

    async fn call(&self, context: Context, answer: Answer) -> Result<Reply, Infra> {
        let arguments = Arc::new(Encoded { codec: Codec::Json, bytes: "{}".into() });
        let edge = self.edge.clone();
        let call =
            Call { edge, interface: &INTERFACE, method: &INTERFACE.methods[0], context, arguments };
        let wire = Wire { server: &self.server, answer };
        Next::new(&self.client, &wire).run(call).await
    }
}

#[derive(Clone)]
enum Answer {
    Ok,
    NotFound,
    Overloaded,
    Never,
}

/// Carries the context as headers, as a transport does.
struct Wire<'a> {
    server: &'a [Arc<dyn Wrapper>],
    answer: Answer,
}

impl Endpoint for Wire<'_> {
    fn send(&self, mut call: Call) -> BoxFuture<'_, Result<Reply, Infra>> {
        let now = bp_runtime::Instant::now();
        let headers = call.context.to_headers(now);
        call.context = Context::from_headers(now, |name| {
            headers.iter().find(|(n, _)| *n == name).map(|(_, value)| value.as_str())
        });
        Box::pin(
            async move { Next::new(self.server, &Handler(self.answer.clone())).run(call).await },
        )
    }
}

struct Handler(Answer);

impl Endpoint for Handler {
    fn send(&self, call: Call) -> BoxFuture<'_, Result<Reply, Infra>> {
        assert!(call.context.trace().is_some(), "the handler always has a position");
        let answer = self.0.clone();
        Box::pin(async move {
            let class = match answer {
                Answer::Ok => Class::Ok,
                Answer::NotFound => Class::Application {
                    status: Status::NotFound,
                    code: "no_such_item".into(),
                    message: "no item 7".into(),
                },
                Answer::Overloaded => {
                    return Err(Infra::new(InfraKind::Overloaded, Processed::No, "busy"));
                }
                Answer::Never => std::future::pending().await,
            };
            Ok(Reply::encoded(class, Codec::Json, "null".into()))
        })
    }
}

fn settings(address: SocketAddr, sampling: f64) -> serde_json::Value {
    json!({
        "exporter": "otlp",
        "endpoint": format!("http://{address}"),
        "sampling": sampling,
        "service_name": "instance",
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_gets_both_sides_of_a_call_as_one_trace() {
    let (collector, address) = Collector::start().await;
    let plugin = bp_rt_trace::plugin();
    let surroundings = Surroundings::default();
    let hop = Hop::new(&plugin, &settings(address, 1.0), &surroundings);

    let parent =
        TraceContext::parse("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", Some("v=1"));
    let mut context = Context::empty();
    context.set_trace(parent);
    context.set_attempt(1);
    hop.call(context, Answer::Ok).await.unwrap();
    hop.call(Context::empty(), Answer::NotFound).await.unwrap();
    hop.call(Context::empty(), Answer::Overloaded).await.unwrap_err();
    let late =
        tokio::time::timeout(Duration::from_millis(10), hop.call(Context::empty(), Answer::Never));
    assert!(late.await.is_err());
    plugin.flush().await;

    let spans = collector.spans();
    assert_eq!(spans.len(), 8, "{spans:#?}");
    let find = |kind: SpanKind, wanted: &str| {
        let is = |span: &Span| {
            let status = text(&span.attributes, "rpc.response.status_code");
            let failed = text(&span.attributes, "error.type").or(status);
            span.kind == kind as i32 && failed.as_deref() == Some(wanted)
        };
        spans.iter().find(|(_, span)| is(span)).unwrap_or_else(|| panic!("no {kind:?} {wanted}"))
    };
    let (web, client) = find(SpanKind::Client, "OK");
    let (cart, server) = find(SpanKind::Server, "OK");
    assert_eq!((web.as_str(), cart.as_str()), ("web", "cart"));
    assert_eq!(client.name, "t.T/get");
    assert_eq!(hex(&client.trace_id), "4bf92f3577b34da6a3ce929d0e0e4736");
    assert_eq!(hex(&client.parent_span_id), "00f067aa0ba902b7");
    assert_eq!(server.trace_id, client.trace_id);
    assert_eq!(server.parent_span_id, client.span_id);
    assert_eq!(client.trace_state, "v=1");
    for (key, value) in [
        ("rpc.system.name", "bp"),
        ("rpc.method", "t.T/get"),
        ("rpc.response.status_code", "OK"),
        ("bp.edge", "web->cart"),
        ("bp.attempt", "1"),
    ] {
        assert_eq!(text(&client.attributes, key).as_deref(), Some(value), "{key}");
    }
    // An application's error fails the client's span, and the server's only when it is the server's fault.
    let error = |(_, span): &(String, Span)| span.status.as_ref().is_some_and(|s| s.code == 2);
    assert!(error(find(SpanKind::Client, "no_such_item")));
    assert!(!error(find(SpanKind::Server, "NOT_FOUND")));
    assert!(error(find(SpanKind::Server, "overloaded")));
    assert!(
        error(find(SpanKind::Server, "cancelled")) && error(find(SpanKind::Client, "cancelled"))
    );
    let metrics = surroundings.metrics.encode();
    assert!(metrics.contains(&exported("", 8)), "{metrics}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_inside_a_process_is_one_internal_span() {
    let (collector, address) = Collector::start().await;
    let plugin = bp_rt_trace::plugin();
    let surroundings = Surroundings::default();
    let mut hop = Hop::new(&plugin, &settings(address, 1.0), &surroundings);
    let inner = Edge { remote: false, ..(*hop.edge).clone() };
    let context = WrapperContext {
        edge: Arc::new(inner),
        side: Side::Client,
        interface: &INTERFACE,
        system: System::default(),
        settings: Settings::of("trace", settings(address, 1.0)),
        shared: SharedState::default(),
        surroundings,
    };
    hop.client = vec![plugin.client(&context).unwrap().unwrap()];
    hop.server.clear();
    hop.call(Context::empty(), Answer::NotFound).await.unwrap();
    plugin.flush().await;
    let spans = collector.spans();
    let [(_, span)] = spans.as_slice() else { panic!("{spans:#?}") };
    assert_eq!(span.kind, SpanKind::Internal as i32);
    assert!(span.status.as_ref().is_some_and(|status| status.code == 2), "{span:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_to_a_server_of_data_is_named_as_a_database_call() {
    static STORE: Interface = Interface {
        path: "t::Store",
        wire_name: "t.Store",
        methods: &[Method {
            name: "find",
            index: 0,
            idempotent: true,
            arguments: &["collection", "query"],
            remote: true,
        }],
    };
    struct Named;
    impl Arguments for Named {
        fn encode(
            &self,
            _: Codec,
            _: &'static Interface,
            _: &'static Method,
        ) -> Result<bytes::Bytes, Infra> {
            Err(Infra::internal("stays here"))
        }
        fn first_text(&self) -> Option<&str> {
            Some("rates")
        }
        fn into_any(self: Arc<Self>) -> Arc<dyn std::any::Any + Send + Sync> {
            self
        }
    }
    let (collector, address) = Collector::start().await;
    let plugin = bp_rt_trace::plugin();
    let surroundings = Surroundings::default();
    let hop = Hop::new(&plugin, &settings(address, 1.0), &surroundings);
    let edge = Edge { remote: false, callee: "rate_db".into(), ..(*hop.edge).clone() };
    let edge = Arc::new(edge);
    let context = WrapperContext {
        edge: edge.clone(),
        side: Side::Client,
        interface: &STORE,
        system: System::Database(Database {
            system: "postgresql",
            server: Some(("db.example".to_owned(), 5432)),
        }),
        settings: Settings::of("trace", settings(address, 1.0)),
        shared: SharedState::default(),
        surroundings,
    };
    let wrapper = plugin.client(&context).unwrap().unwrap();
    let call = Call {
        edge,
        interface: &STORE,
        method: &STORE.methods[0],
        context: Context::empty(),
        arguments: Arc::new(Named),
    };
    let end = Handler(Answer::Ok);
    Next::new(&[wrapper], &end).run(call).await.unwrap();
    plugin.flush().await;
    let spans = collector.spans();
    let [(_, span)] = spans.as_slice() else { panic!("{spans:#?}") };
    assert_eq!((span.name.as_str(), span.kind), ("find rates", SpanKind::Client as i32));
    for (key, value) in [
        ("db.system.name", "postgresql"),
        ("db.namespace", "rate_db"),
        ("db.operation.name", "find"),
        ("db.collection.name", "rates"),
        ("server.address", "db.example"),
        ("server.port", "5432"),
    ] {
        assert_eq!(text(&span.attributes, key).as_deref(), Some(value), "{key}");
    }
    assert!(!span.attributes.iter().any(|a| a.key.starts_with("rpc.")), "{span:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_sampled_is_not_sent_and_what_was_decided_elsewhere_is_followed() {
    let (collector, address) = Collector::start().await;
    let plugin = bp_rt_trace::plugin();
    let hop = Hop::new(&plugin, &settings(address, 0.0), &Surroundings::default());
    let position = |text| {
        let mut context = Context::empty();
        context.set_trace(TraceContext::parse(text, None));
        context
    };
    hop.call(Context::empty(), Answer::Ok).await.unwrap();
    hop.call(position("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00"), Answer::Ok)
        .await
        .unwrap();
    hop.call(position("00-5bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"), Answer::Ok)
        .await
        .unwrap();
    plugin.flush().await;
    let traces: Vec<String> =
        collector.spans().iter().map(|(_, span)| hex(&span.trace_id)).collect();
    assert_eq!(traces, ["5bf92f3577b34da6a3ce929d0e0e4736"; 2]);

    let plugin = bp_rt_trace::plugin();
    let hop = Hop::new(&plugin, &settings(address, 0.3), &Surroundings::default());
    for _ in 0..1000 {
        hop.call(Context::empty(), Answer::Ok).await.unwrap();
    }
    plugin.flush().await;
    let share = (collector.spans().len() - 2) / 2;
    assert!((200..400).contains(&share), "{share} of 1000 at 0.3");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_collector_is_counted_and_does_not_hold_up_the_end() {
    let plugin = bp_rt_trace::plugin();
    let surroundings = Surroundings::default();
    // Bound and dropped: nothing listens there.
    let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let hop = Hop::new(&plugin, &settings(address, 1.0), &surroundings);
    hop.call(Context::empty(), Answer::Ok).await.unwrap();
    let start = Moment::now();
    plugin.flush().await;
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
    let mut metrics = surroundings.metrics.encode();
    while !metrics.contains(&exported("export_failed", 2)) {
        assert!(start.elapsed() < Duration::from_mins(1), "{metrics}");
        tokio::time::sleep(Duration::from_millis(50)).await;
        metrics = surroundings.metrics.encode();
    }
}

fn exported(error: &str, spans: u64) -> String {
    format!(
        "otel_sdk_exporter_span_exported_total{{otel_component_type=\"otlp_grpc_span_exporter\",error_type=\"{error}\"}} {spans}"
    )
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}
