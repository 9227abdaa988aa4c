//! What comes back beside a reply, as clients and servers that others wrote say and hear it.

#![expect(clippy::unwrap_used, reason = "a failed step of a test ends it")]

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bp_runtime::balance::connect_fixed;
use bp_runtime::{
    BoxFuture, Call, Class, Client, Codec, ConnectContext, Drain, Edge, Encoded, Endpoint, Infra,
    InfraKind, Interface, Load, MessageLimit, Method, Reply, ReplyMetadata, RetryAfter,
    ServeContext, Served, Server, Settings, Shed, Surroundings, TransportPlugin,
};
use serde_json::json;
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::metadata::MetadataMap;
use tonic::{Request, Status};
use tonic_health::server::health_reporter;
use tonic_prost::ProstCodec;

/// The health service, as an interface of ours, so that a stock server answers to it.
static HEALTH: Interface =
    Interface::new("t::Health", "grpc.health.v1.Health", &[Method::new(0, "check", &[])]);
static CLOCK: Interface = Interface::new("t::Clock", "t.Clock", &[Method::new(0, "tell", &[])]);

/// Answers with an empty message, and says something beside it; or refuses, when it is `busy`.
struct Clock {
    busy: bool,
}

impl Endpoint for Clock {
    fn send(&self, _: Call) -> BoxFuture<'_, Result<Reply, Infra>> {
        let mut said = ReplyMetadata::default();
        said.set_retry_after(RetryAfter::After(Duration::from_millis(250)));
        said.set_load(Load::new(0.5, 0.0, 0.0).unwrap());
        said.set_shed(Shed::new("sheddable", "queue full"));
        let answer = if self.busy {
            Err(Infra::overloaded("not now").with_metadata(said))
        } else {
            Ok(Reply::encoded(Class::Ok, Codec::Protobuf, "".into()).with_metadata(said))
        };
        Box::pin(std::future::ready(answer))
    }
}

async fn serve_clock(busy: bool) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let settings = Settings::of("listener", json!({}));
    let clock = Served::for_test("clock", &CLOCK, settings.clone(), Arc::new(Clock { busy }));
    tokio::spawn(bp_rt_grpc::plugin().serve(ServeContext {
        listener: listener.into(),
        name: "clock.grpc".to_owned(),
        server: Arc::new(Server::for_test(vec![clock])),
        settings,
        limit: MessageLimit { bytes: 1 << 20 },
        description: None,
        ready: tokio::sync::watch::channel(true).1,
        drain: Drain::new(),
        surroundings: Surroundings::default(),
    }));
    address
}

/// Headers and trailers of the answer to a stock client.
async fn ask(address: SocketAddr) -> Result<(MetadataMap, MetadataMap), Status> {
    let target = tonic::transport::Endpoint::from_shared(format!("http://{address}")).unwrap();
    let mut client = tonic::client::Grpc::new(target.connect().await.unwrap());
    client.ready().await.unwrap();
    // Read as a stream, whose headers and trailers stay apart.
    let path = PathAndQuery::from_static("/t.Clock/Tell");
    let codec = ProstCodec::<(), ()>::default();
    let answer = client.server_streaming(Request::new(()), path, codec).await?;
    let headers = answer.metadata().clone();
    let mut messages = answer.into_inner();
    while messages.message().await?.is_some() {}
    Ok((headers, messages.trailers().await?.unwrap_or_default()))
}

#[tokio::test]
async fn a_stock_client_hears_an_answers_words_in_its_trailers() {
    let (headers, trailers) = ask(serve_clock(false).await).await.unwrap();
    for name in ["grpc-retry-pushback-ms", "bp-shed", "endpoint-load-metrics-bin"] {
        assert!(!headers.contains_key(name), "{name} belongs to the end");
    }
    assert_eq!(trailers.get("grpc-retry-pushback-ms").unwrap(), "250");
    assert_eq!(trailers.get("bp-shed").unwrap(), "sheddable;queue%20full");
    // Field 9, a double: application_utilization of xds.data.orca.v3.OrcaLoadReport.
    let report = trailers.get_bin("endpoint-load-metrics-bin").unwrap().to_bytes().unwrap();
    assert_eq!(report, [&[0x49][..], &0.5_f64.to_le_bytes()].concat());
}

#[tokio::test]
async fn a_stock_client_hears_a_refusals_words() {
    let refusal = ask(serve_clock(true).await).await.unwrap_err();
    assert_eq!(refusal.code(), tonic::Code::ResourceExhausted);
    assert_eq!(refusal.metadata().get("grpc-retry-pushback-ms").unwrap(), "250");
    assert_eq!(refusal.metadata().get("bp-shed").unwrap(), "sheddable;queue%20full");
}

/// What our client hears from a stock server that pushes back with `word`.
async fn hear(word: &'static str) -> Infra {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (_reporter, health) = health_reporter();
    let busy =
        tonic::service::interceptor::InterceptedService::new(health, move |_: Request<()>| {
            let mut status = Status::unavailable("come later");
            status.metadata_mut().insert("grpc-retry-pushback-ms", word.parse().unwrap());
            Err(status)
        });
    let server = tonic::transport::Server::builder().add_service(busy);
    tokio::spawn(server.serve_with_incoming(TcpListenerStream::new(listener)));
    let edge = Edge {
        key: "test->health".to_owned(),
        caller: "test".to_owned(),
        callee: "health".to_owned(),
        cyclic: false,
        remote: true,
        server: false,
    };
    let shared = Arc::new(edge.clone());
    let dialer = bp_rt_grpc::plugin().connect(ConnectContext {
        edge: shared.clone(),
        interface: &HEALTH,
        settings: Settings::of("edge", json!({})),
        callee_settings: Settings::of("listener", json!({})),
        limit: MessageLimit { bytes: 1 << 20 },
        surroundings: Surroundings::default(),
    });
    let surroundings = Surroundings::default();
    let end = connect_fixed(dialer.unwrap(), shared, &HEALTH, vec![address], surroundings);
    let client = Client::new(edge, &HEALTH, Vec::new(), end.unwrap());
    let nothing = Encoded { codec: Codec::Protobuf, bytes: "".into() };
    client.send(0, Arc::new(nothing)).await.unwrap_err()
}

#[tokio::test]
async fn the_pushback_of_a_stock_server_is_heard() {
    for (word, retry_after) in [
        ("1500", RetryAfter::After(Duration::from_millis(1500))),
        ("-1", RetryAfter::Never),
        ("later", RetryAfter::Never),
    ] {
        let infra = hear(word).await;
        assert_eq!(infra.kind, InfraKind::Unavailable);
        assert_eq!(infra.metadata.retry_after(), Some(retry_after), "{word}");
    }
}
