//! A stock client against the code that `bp build` generates for `examples/leaf`, over sockets.

#![expect(clippy::unwrap_used, reason = "this is how a test fails")]

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bp_std::rt::{App, BoxFuture, Builder, Built, Environment, Hosting, Running, StartError};
use bp_std::rt::{Arc, Context};
use bp_stock_client as stock;
use leaf_workflow::{Authors, LeafError, Profile};
use prost::Message;
use stock::authors_client::AuthorsClient;
use stock::notes_client::NotesClient;
use tonic::transport::Channel;
use tonic::{Code, Request, Status};

/// The golden copy of what is generated.
#[rustfmt::skip] // The copy is what `bp` writes, byte for byte.
#[path = "../../trees/leaf/local/rust/app/src/lib.rs"]
#[expect(
    unreachable_pub,
    unused_attributes,
    clippy::allow_attributes_without_reason,
    reason = "generated for a crate root"
)]
mod leaf;

/// The whole of leaf in this process, listening as the wiring `local` has it.
struct Leaf {
    running: Running,
    _data: tempfile::TempDir,
}

impl Leaf {
    async fn start(app: App) -> Self {
        let data = tempfile::tempdir().unwrap();
        let any = "127.0.0.1:0";
        let mut environment = Environment::default().with("BP_DATA", data.path().to_str().unwrap());
        for address in ["BOARD_HTTP", "NOTES_GRPC", "AUTHORS_GRPC", "BOARD_ADMIN", "AUTHORS_ADMIN"]
        {
            environment = environment.with(format!("BP_BIND_{address}"), any);
        }
        let hosting = Hosting::Process("*".to_owned());
        Self { running: app.start(environment, hosting).await.unwrap(), _data: data }
    }

    fn address(&self, name: &str) -> SocketAddr {
        self.running.ports()[name]
    }

    async fn channel(&self, name: &str) -> Channel {
        let endpoint = format!("http://{}", self.address(name));
        tonic::transport::Endpoint::from_shared(endpoint).unwrap().connect().await.unwrap()
    }

    async fn notes(&self) -> NotesClient<Channel> {
        NotesClient::new(self.channel("NOTES_GRPC").await)
    }

    async fn authors(&self) -> AuthorsClient<Channel> {
        AuthorsClient::new(self.channel("AUTHORS_GRPC").await)
    }
}

fn pin(author: &str, body: stock::body::Variant, tags: &[&str]) -> stock::NotesPinRequest {
    stock::NotesPinRequest {
        author: author.to_owned(),
        body: Some(stock::Body { variant: Some(body) }),
        tags: tags.iter().map(|&tag| tag.to_owned()).collect(),
    }
}

fn text(status: &Status, name: &str) -> Option<String> {
    status.metadata().get(name).map(|value| value.to_str().unwrap().to_owned())
}

#[tokio::test]
async fn values_of_every_kind_cross_both_ways() {
    use stock::body::Variant;
    let leaf = Leaf::start(leaf::app()).await;
    let (mut notes, mut authors) = (leaf.notes().await, leaf.authors().await);
    let task = |text: &str, done| stock::Task { text: text.to_owned(), done };
    let bodies = [
        Variant::Text(String::new()),
        Variant::Link(stock::BodyLink { url: "http://x".to_owned(), title: None }),
        Variant::Link(stock::BodyLink { url: "http://x".to_owned(), title: Some(String::new()) }),
        Variant::Tasks(stock::ListOfTask { value: vec![] }),
        Variant::Tasks(stock::ListOfTask {
            value: vec![task("buy", false), task("ünïon", true)]
        }),
    ];
    for (number, body) in (1..).zip(bodies) {
        let pinned = notes.pin(pin("ada", body.clone(), &["a", "b"])).await.unwrap();
        let note = stock::Note {
            id: format!("ada-{number}"),
            number,
            author: "ada".to_owned(),
            body: Some(stock::Body { variant: Some(body) }),
            tags: vec!["a".to_owned(), "b".to_owned()],
        };
        assert_eq!(pinned.into_inner().result, Some(note.clone()));
        let id = note.id.clone();
        let view = notes.view(stock::NotesViewRequest { id }).await.unwrap().into_inner();
        assert_eq!(view.result, Some(stock::NoteView { note: Some(note), reactions: vec![] }));
    }

    // An enum as an argument and as a map's key.
    for (reaction, count) in
        [(stock::Reaction::Wonder, 1), (stock::Reaction::Like, 1), (stock::Reaction::Like, 2)]
    {
        let request =
            stock::NotesReactRequest { id: "ada-1".to_owned(), reaction: reaction.into() };
        assert_eq!(notes.react(request).await.unwrap().into_inner().result, count);
    }
    let request = stock::NotesViewRequest { id: "ada-1".to_owned() };
    let view = notes.view(request).await.unwrap().into_inner().result.unwrap();
    let entry =
        |key: stock::Reaction, value| stock::EntryOfReactionToUint32 { key: key.into(), value };
    assert_eq!(
        view.reactions,
        [entry(stock::Reaction::Like, 2), entry(stock::Reaction::Wonder, 1)]
    );

    // A map with text keys, an optional message there and absent.
    let request = stock::AuthorsProfileRequest { author: "ada".to_owned() };
    let profile = authors.profile(request).await.unwrap().into_inner().result.unwrap();
    assert_eq!((profile.author.as_str(), profile.notes), ("ada", 5));
    assert_eq!(profile.tags, [("a".to_owned(), 5), ("b".to_owned(), 5)].into());
    assert_eq!(profile.latest.unwrap().id, "ada-5");
    let request = stock::NotesLatestRequest { author: "nobody".to_owned() };
    assert_eq!(notes.latest(request).await.unwrap().into_inner().result, None);
}

#[tokio::test]
async fn an_applications_error_is_a_canonical_status_with_its_name_and_itself() {
    let leaf = Leaf::start(leaf::app()).await;
    let mut notes = leaf.notes().await;
    let request = stock::NotesViewRequest { id: "nobody-0".to_owned() };
    let status = notes.view(request).await.unwrap_err();
    assert_eq!((status.code(), status.message()), (Code::NotFound, "there is no note `nobody-0`"));
    assert_eq!(text(&status, "bp-error-code").as_deref(), Some("no_such_note"));
    let bytes = status.metadata().get_bin("bp-error-bin").unwrap().to_bytes().unwrap();
    let detail = stock::LeafErrorDetail::decode(bytes).unwrap();
    let variant = detail.error.unwrap().variant;
    assert_eq!(variant, Some(stock::leaf_error::Variant::NoSuchNote("nobody-0".to_owned())));

    // A number that no variant has is refused before the handler.
    let request = stock::NotesReactRequest { id: "nobody-0".to_owned(), reaction: 0 };
    let status = notes.react(request).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument, "{status:?}");
    assert_eq!(text(&status, "bp-infra").as_deref(), Some("decode"));
}

#[tokio::test]
async fn a_method_or_a_service_that_is_not_there_is_unimplemented() {
    let leaf = Leaf::start(leaf::app()).await;
    let channel = leaf.channel("NOTES_GRPC").await;
    for path in ["/leaf.Notes/Burn", "/leaf.Authors/Profile", "/other.Notes/View"] {
        let mut grpc = tonic::client::Grpc::new(channel.clone());
        grpc.ready().await.unwrap();
        let codec = tonic_prost::ProstCodec::<stock::NotesViewRequest, stock::NoteView>::default();
        let request = Request::new(stock::NotesViewRequest { id: "x".to_owned() });
        let status = grpc.unary(request, path.parse().unwrap(), codec).await.unwrap_err();
        assert_eq!(status.code(), Code::Unimplemented, "{path}: {status:?}");
        assert!(status.message().contains(path), "{status:?}");
    }
    // The connection lives on.
    let request = stock::NotesLatestRequest { author: "ada".to_owned() };
    NotesClient::new(channel).latest(request).await.unwrap();
}

/// Authors who take their time: handlers under way.
static WAITING: AtomicUsize = AtomicUsize::new(0);

struct Sloth;

struct Waiting;

impl Drop for Waiting {
    fn drop(&mut self) {
        WAITING.fetch_sub(1, Ordering::SeqCst);
    }
}

#[bp_std::service]
impl Authors for Sloth {
    async fn credit(&self, _: String, _: Vec<String>) -> Result<u32, LeafError> {
        // What is left of the caller's time, in milliseconds.
        let left = Context::current().remaining(bp_std::rt::Instant::now()).unwrap();
        Ok(u32::try_from(left.as_millis()).unwrap())
    }

    async fn profile(&self, _: String) -> Result<Profile, LeafError> {
        WAITING.fetch_add(1, Ordering::SeqCst);
        let _waiting = Waiting;
        std::future::pending().await
    }
}

fn sloth(_: Builder) -> BoxFuture<'static, Result<Built, StartError>> {
    Box::pin(async { Ok(Built::new::<dyn Authors>(Arc::new(Sloth))) })
}

#[tokio::test]
async fn a_deadline_by_grpc_timeout_reaches_the_handler_and_ends_it() {
    let app = leaf::app().implementation("leaf_workflow::authors::AuthorsImpl", sloth);
    let leaf = Leaf::start(app).await;
    let mut request = Request::new(stock::AuthorsCreditRequest::default());
    request.set_timeout(Duration::from_secs(90));
    let left = leaf.authors().await.credit(request).await.unwrap().into_inner().result;
    assert!((80_000..=90_000).contains(&left), "{left} ms are left of 90 s");

    // Tonic's channel watches the timeout itself; this client does not, so that the server's answer is seen.
    let http = hyper_util::client::legacy::Client::builder(hyper_util::rt::TokioExecutor::new())
        .http2_only(true)
        .build_http();
    let origin = format!("http://{}", leaf.address("AUTHORS_GRPC"));
    let mut authors = AuthorsClient::with_origin(http, origin.parse().unwrap());
    for timeout in ["150m", "0n"] {
        let start = Instant::now();
        let mut request = Request::new(stock::AuthorsProfileRequest { author: "ada".to_owned() });
        request.metadata_mut().insert("grpc-timeout", timeout.parse().unwrap());
        let status = authors.profile(request).await.unwrap_err();
        assert_eq!(status.code(), Code::DeadlineExceeded, "{status:?}");
        assert_eq!(text(&status, "bp-infra").as_deref(), Some("deadline"));
        let ran = timeout == "150m";
        let processed = if ran { "maybe" } else { "no" };
        assert_eq!(text(&status, "bp-processed").as_deref(), Some(processed), "{timeout}");
        assert!(!ran || start.elapsed() >= Duration::from_millis(150), "{:?}", start.elapsed());
        assert!(start.elapsed() < Duration::from_mins(1), "{:?}", start.elapsed());
        assert_eq!(WAITING.load(Ordering::SeqCst), 0, "a handler outlives its deadline");
    }
}

/// The bytes of the file that defines a symbol, from a listener's reflection.
async fn reflected(channel: Channel, symbol: &str) -> Vec<u8> {
    use tonic_reflection::pb::v1::ServerReflectionRequest;
    use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
    use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
    use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;
    let question = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::FileContainingSymbol(symbol.to_owned())),
    };
    let mut client = ServerReflectionClient::new(channel);
    let answers = client.server_reflection_info(tokio_stream::iter([question])).await.unwrap();
    match answers.into_inner().message().await.unwrap().unwrap().message_response.unwrap() {
        MessageResponse::FileDescriptorResponse(file) => file.file_descriptor_proto.concat(),
        other => unreachable!("{other:?}"),
    }
}

#[tokio::test]
async fn a_process_tells_its_health_and_its_proto() {
    use tonic_health::pb::HealthCheckRequest;
    use tonic_health::pb::health_check_response::ServingStatus;
    use tonic_health::pb::health_client::HealthClient;
    let leaf = Leaf::start(leaf::app()).await;
    let channel = leaf.channel("NOTES_GRPC").await;
    let mut health = HealthClient::new(channel.clone());
    let of = |service: &str| HealthCheckRequest { service: service.to_owned() };
    for service in ["", "leaf.Notes"] {
        let told = async {
            while health.check(of(service)).await.unwrap().into_inner().status()
                != ServingStatus::Serving
            {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_mins(1), told).await.unwrap();
    }
    let elsewhere = health.check(of("leaf.Authors")).await.unwrap_err();
    assert_eq!(elsewhere.code(), Code::NotFound, "it is served at another port");

    let folder = "../trees/leaf/local/proto";
    let mut compiler = protox::Compiler::new([folder]).unwrap();
    let compiled = compiler.open_file("leaf.proto").unwrap().file_descriptor_set();
    let mut wanted = compiled.file.into_iter().find(|f| f.name() == "leaf.proto").unwrap();
    wanted.name = Some("application.proto".to_owned());
    wanted.source_code_info = None;
    assert_eq!(reflected(channel, "leaf.Notes").await, wanted.encode_to_vec());

    // Reported before it refuses connections: the drain waits for half a second.
    let mut watched = health.watch(of("")).await.unwrap().into_inner();
    assert_eq!(watched.message().await.unwrap().unwrap().status(), ServingStatus::Serving);
    let stopping = tokio::spawn(leaf.running.stop(std::future::pending()));
    assert_eq!(watched.message().await.unwrap().unwrap().status(), ServingStatus::NotServing);
    assert_eq!(watched.message().await.unwrap(), None);
    assert!(stopping.await.unwrap().drained);
}
