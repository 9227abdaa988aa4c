//! The services that gRPC itself defines, asked by the clients that tonic brings.

#![expect(clippy::unwrap_used, reason = "a failed step of a test ends it")]

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bp_runtime::{
    BoxFuture, Call, Drain, Endpoint, Infra, Interface, MessageLimit, Method, Reply, ServeContext,
    Served, Server, Settings, StartError, Surroundings, TransportPlugin,
};
use prost::Message;
use prost_types::FileDescriptorProto;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tonic::Code;
use tonic::transport::{Channel, Endpoint as Target};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_reflection::pb::v1::ServerReflectionRequest;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;
use tonic_reflection::pb::v1alpha;
use tonic_reflection::pb::v1alpha::server_reflection_client::ServerReflectionClient as AlphaClient;

/// Longer than any step takes on a machine with better things to do.
const PATIENCE: Duration = Duration::from_mins(1);

static INTERFACE: Interface =
    Interface::new("t::Clock", "t.Clock", &[Method::new(0, "tell", &["zone"])]);

const DESCRIPTION: &str = r#"
syntax = "proto3";
package t;
import "google/protobuf/timestamp.proto";
service Clock { rpc Tell(ClockTellRequest) returns (ClockTellResponse); }
service Elsewhere { rpc Tell(ClockTellRequest) returns (ClockTellResponse); }
message ClockTellRequest { string zone = 1; }
message ClockTellResponse { google.protobuf.Timestamp result = 1; }
"#;

struct Never;

impl Endpoint for Never {
    fn send(&self, _: Call) -> BoxFuture<'_, Result<Reply, Infra>> {
        Box::pin(std::future::ready(Err(Infra::internal("nobody calls"))))
    }
}

/// A listener whose process is told to be ready.
struct Listener {
    address: SocketAddr,
    ready: watch::Sender<bool>,
    drain: Drain,
    task: JoinHandle<Result<(), StartError>>,
}

impl Listener {
    async fn start(reflection: bool) -> Self {
        Self::with(DESCRIPTION, reflection).await
    }

    async fn with(description: &str, reflection: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (ready, follow) = watch::channel(false);
        let drain = Drain::new();
        let settings = Settings::of("listener", json!({ "reflection": reflection }));
        let served = Served::for_test("clock", &INTERFACE, settings.clone(), Arc::new(Never));
        let task = bp_rt_grpc::plugin().serve(ServeContext {
            listener: listener.into(),
            name: "clock.grpc".to_owned(),
            server: Arc::new(Server::for_test(vec![served])),
            settings,
            limit: MessageLimit { bytes: 1 << 20 },
            description: Some(description.into()),
            ready: follow,
            drain: drain.clone(),
            surroundings: Surroundings::default(),
        });
        Self { address, ready, drain, task: tokio::spawn(task) }
    }

    async fn channel(&self) -> Channel {
        let target = Target::from_shared(format!("http://{}", self.address)).unwrap();
        target.connect().await.unwrap()
    }
}

fn of(service: &str) -> HealthCheckRequest {
    HealthCheckRequest { service: service.to_owned() }
}

#[tokio::test]
async fn health_follows_readiness_for_the_listener_and_for_each_service() {
    let listener = Listener::start(false).await;
    let mut client = HealthClient::new(listener.channel().await);
    let mut watched = client.watch(of("t.Clock")).await.unwrap().into_inner();
    let mut seen = Vec::new();
    for (ready, wanted) in [
        (false, ServingStatus::NotServing),
        (true, ServingStatus::Serving),
        (false, ServingStatus::NotServing),
    ] {
        listener.ready.send_replace(ready);
        for service in ["", "t.Clock"] {
            let told = async {
                while client.check(of(service)).await.unwrap().into_inner().status() != wanted {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            };
            tokio::time::timeout(PATIENCE, told).await.unwrap();
        }
        seen.push(watched.message().await.unwrap().unwrap().status());
    }
    let wanted = [ServingStatus::NotServing, ServingStatus::Serving, ServingStatus::NotServing];
    assert_eq!(seen, wanted);
    let unknown = client.check(of("t.Other")).await.unwrap_err();
    assert_eq!(unknown.code(), Code::NotFound);

    // The streams of clients that still watch end, so that the drain can end.
    listener.drain.start();
    assert_eq!(tokio::time::timeout(PATIENCE, watched.message()).await.unwrap().unwrap(), None);
    tokio::time::timeout(PATIENCE, listener.task).await.unwrap().unwrap().unwrap();
}

fn asked(what: MessageRequest) -> ServerReflectionRequest {
    ServerReflectionRequest { host: String::new(), message_request: Some(what) }
}

/// Answers to questions on one stream, which stays open until `then` has run.
async fn reflect<T>(
    listener: &Listener,
    questions: Vec<MessageRequest>,
    then: impl FnOnce() -> T,
) -> Result<Vec<MessageResponse>, tonic::Status> {
    let (sender, receiver) = tokio::sync::mpsc::channel(8);
    let count = questions.len();
    for question in questions {
        sender.send(asked(question)).await.unwrap();
    }
    let stream = tokio_stream::wrappers::ReceiverStream::new(receiver);
    let mut client = ServerReflectionClient::new(listener.channel().await);
    let mut answers = client.server_reflection_info(stream).await?.into_inner();
    let mut all = Vec::new();
    while all.len() < count {
        let answer = tokio::time::timeout(PATIENCE, answers.message()).await.unwrap()?.unwrap();
        all.push(answer.message_response.unwrap());
    }
    then();
    assert_eq!(tokio::time::timeout(PATIENCE, answers.message()).await.unwrap()?, None);
    drop(sender);
    Ok(all)
}

#[tokio::test]
async fn reflection_tells_what_the_listener_serves_and_ends_with_the_drain() {
    let listener = Listener::start(true).await;
    let questions = vec![
        MessageRequest::ListServices(String::new()),
        MessageRequest::FileContainingSymbol("t.Clock".to_owned()),
        MessageRequest::FileContainingSymbol("google.protobuf.Timestamp".to_owned()),
    ];
    let nothing = vec![MessageRequest::FileContainingSymbol("t.Nothing".to_owned())];
    let error = reflect(&listener, nothing, || ()).await.unwrap_err();
    assert_eq!(error.code(), Code::NotFound);
    let answers = reflect(&listener, questions, || listener.drain.start()).await.unwrap();
    let [
        MessageResponse::ListServicesResponse(list),
        MessageResponse::FileDescriptorResponse(file),
        MessageResponse::FileDescriptorResponse(imported),
    ] = answers.as_slice()
    else {
        panic!("{answers:#?}")
    };
    let mut names: Vec<&str> = list.service.iter().map(|service| service.name.as_str()).collect();
    names.sort_unstable();
    let wanted = ["grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection", "t.Clock"];
    assert_eq!(names, wanted, "what is served elsewhere is not listed");
    let file = FileDescriptorProto::decode(file.file_descriptor_proto[0].as_slice()).unwrap();
    assert_eq!((file.package(), file.service[0].method[0].name()), ("t", "Tell"));
    let imported =
        FileDescriptorProto::decode(imported.file_descriptor_proto[0].as_slice()).unwrap();
    assert_eq!(imported.name(), "google/protobuf/timestamp.proto");
    tokio::time::timeout(PATIENCE, listener.task).await.unwrap().unwrap().unwrap();
}

#[tokio::test]
async fn older_clients_are_answered_too() {
    use v1alpha::server_reflection_request::MessageRequest as Question;
    use v1alpha::server_reflection_response::MessageResponse as Answer;
    let listener = Listener::start(true).await;
    let question = v1alpha::ServerReflectionRequest {
        host: String::new(),
        message_request: Some(Question::FileContainingSymbol("t.Clock.Tell".to_owned())),
    };
    let mut client = AlphaClient::new(listener.channel().await);
    let answers = client.server_reflection_info(tokio_stream::iter([question])).await.unwrap();
    let answer = answers.into_inner().message().await.unwrap().unwrap().message_response;
    assert!(matches!(answer, Some(Answer::FileDescriptorResponse(_))), "{answer:?}");
}

#[tokio::test]
async fn reflection_that_is_off_is_not_there_and_what_is_broken_says_so() {
    let list = || vec![MessageRequest::ListServices(String::new())];
    let off = Listener::start(false).await;
    let error = reflect(&off, list(), || ()).await.unwrap_err();
    assert_eq!(error.code(), Code::Unimplemented);
    let broken = Listener::with("message {", true).await;
    let error = reflect(&broken, list(), || ()).await.unwrap_err();
    assert_eq!(error.code(), Code::Internal);
    assert!(error.message().contains("the description of the services"), "{error}");
}
