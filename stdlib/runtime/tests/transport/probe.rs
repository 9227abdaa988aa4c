//! A service to call, and the means to serve and call it over a transport.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bp_std::rt::balance::connect_fixed;
use bp_std::rt::{
    ArgumentTuple, BoxFuture, Call, Client, ConnectContext, Context, Drain, Edge, Endpoint, Infra,
    InfraKind, Instant, Interface, MessageLimit, Method, Processed, Reply, ServeContext, Served,
    Server, Settings, StartError, Surroundings, TransportPlugin, Wrapper,
};
use bp_std::{Data, ServiceError};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::values::Everything;

const fn method(name: &'static str, index: u16, arguments: &'static [&'static str]) -> Method {
    Method { name, index, idempotent: false, arguments, remote: true }
}

pub(crate) static INTERFACE: Interface = Interface {
    path: "suite::Probe",
    wire_name: "suite.Probe",
    methods: &[
        method("echo", ECHO, &["value"]),
        method("fail_with", FAIL, &["which"]),
        method("see_context", SEE, &[]),
        method("hang", HANG, &[]),
        method("make", MAKE, &["length"]),
        method("measure", MEASURE, &["text"]),
        method("name", NAME, &[]),
        method("wait", WAIT, &["millis"]),
        Method { name: "here_only", index: 8, idempotent: false, arguments: &[], remote: false },
    ],
};

pub(crate) const ECHO: u16 = 0;
pub(crate) const FAIL: u16 = 1;
pub(crate) const SEE: u16 = 2;
pub(crate) const HANG: u16 = 3;
pub(crate) const MAKE: u16 = 4;
pub(crate) const MEASURE: u16 = 5;
pub(crate) const NAME: u16 = 6;
pub(crate) const WAIT: u16 = 7;

#[derive(Debug, Clone, PartialEq, ServiceError)]
pub(crate) enum ProbeError {
    #[status(not_found, "no item {0}")]
    NoSuchItem(String),
    #[status(failed_precondition, "closed: {why}\nsince {since}")]
    Closed { why: String, since: u64 },
    #[status(aborted)]
    Conflict,
    #[infra]
    Infra(Infra),
}

/// What a handler sees of its context.
#[derive(Debug, Clone, PartialEq, Data)]
pub(crate) struct Seen {
    pub at: String,
    pub left_ms: Option<u64>,
    pub trace: Option<String>,
    pub tenant: Option<String>,
    pub attempt: u32,
    pub baggage: BTreeMap<String, String>,
}

/// The service. With a `next` it passes `see_context` and `hang` on.
#[derive(Default)]
pub(crate) struct Probe {
    pub name: String,
    pub next: Option<Client>,
    /// Handlers that hang now.
    pub hanging: Arc<AtomicUsize>,
    pub calls: Arc<AtomicUsize>,
}

struct Hanging(Arc<AtomicUsize>);

impl Hanging {
    fn new(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(count.clone())
    }
}

impl Drop for Hanging {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// The failures that `fail_with` knows after the application's own.
pub(crate) fn infra_of(which: u32) -> Infra {
    let which = which as usize;
    let kind = InfraKind::ALL[which % InfraKind::ALL.len()];
    let processed = [Processed::Maybe, Processed::Yes][which / InfraKind::ALL.len() % 2];
    Infra::new(kind, processed, format!("scripted — {kind}"))
}

impl Probe {
    fn fail(which: u32) -> Result<(), ProbeError> {
        Err(match which {
            0 => ProbeError::NoSuchItem("größer, \"7\" \u{7}\r\n%".into()),
            1 => ProbeError::Closed { why: "Feierabend".into(), since: u64::MAX },
            2 => ProbeError::Conflict,
            3 => panic!("a handler that panics"),
            other => ProbeError::Infra(infra_of(other - 4)),
        })
    }

    async fn see(&self) -> Result<Vec<Seen>, ProbeError> {
        let context = Context::current();
        let left = context.remaining(Instant::now());
        let mut seen = vec![Seen {
            at: self.name.clone(),
            left_ms: left.map(|left| u64::try_from(left.as_millis()).unwrap()),
            trace: context.trace().map(|trace| {
                format!("{} {}", trace.to_traceparent(), trace.state.as_deref().unwrap_or("-"))
            }),
            tenant: context.tenant().map(str::to_owned),
            attempt: context.attempt(),
            baggage: context.baggage_entries().map(|(k, v)| (k.to_owned(), v.to_owned())).collect(),
        }];
        if let Some(next) = &self.next {
            seen.extend(next.call::<_, Vec<Seen>, ProbeError>(SEE, ()).await?);
        }
        Ok(seen)
    }

    async fn hang(&self) -> Result<(), ProbeError> {
        let _guard = Hanging::new(&self.hanging);
        match &self.next {
            Some(next) => next.call(HANG, ()).await,
            None => std::future::pending().await,
        }
    }
}

impl Endpoint for Probe {
    fn send(&self, call: Call) -> BoxFuture<'_, Result<Reply, Infra>> {
        fn ok<T: bp_std::Data>(value: T) -> Result<Reply, Infra> {
            Reply::of::<T, ProbeError>(Ok(value))
        }
        self.calls.fetch_add(1, Ordering::SeqCst);
        // As the application's own end of a chain does.
        Box::pin(call.context.clone().scope(async move {
            match call.method.index {
                ECHO => ok(call.take::<(Everything,)>()?.0),
                FAIL => Reply::of(Self::fail(call.take::<(u32,)>()?.0)),
                SEE => Reply::of(self.see().await),
                HANG => Reply::of(self.hang().await),
                MAKE => ok("x".repeat(call.take::<(u32,)>()?.0 as usize)),
                MEASURE => ok(call.take::<(String,)>()?.0.len() as u64),
                NAME => ok(self.name.clone()),
                WAIT => {
                    let (millis,) = call.take::<(u64,)>()?;
                    tokio::time::sleep(Duration::from_millis(millis)).await;
                    ok(millis)
                }
                _ => Err(Infra::unknown_method(&call)),
            }
        }))
    }
}

/// A running listener.
pub(crate) struct Running {
    pub address: SocketAddr,
    pub drain: Drain,
    pub task: JoinHandle<Result<(), StartError>>,
    /// Calls that its probes answered.
    pub calls: Arc<AtomicUsize>,
}

pub(crate) fn limit() -> MessageLimit {
    MessageLimit { bytes: 64 * 1024 }
}

/// Serves probes on a free port.
pub(crate) async fn serve(transport: &dyn TransportPlugin, probes: Vec<Probe>) -> Running {
    serve_at("127.0.0.1:0", transport, probes, limit()).await
}

pub(crate) async fn serve_at(
    address: &str,
    transport: &dyn TransportPlugin,
    probes: Vec<Probe>,
    limit: MessageLimit,
) -> Running {
    serve_as(address, transport, probes, limit, json!({}), json!({})).await
}

/// As [`serve_at`], with what the wiring says of each probe beside the transport, and the transport's settings.
pub(crate) async fn serve_as(
    address: &str,
    transport: &dyn TransportPlugin,
    probes: Vec<Probe>,
    limit: MessageLimit,
    beside: serde_json::Value,
    settings: serde_json::Value,
) -> Running {
    let calls = Arc::new(AtomicUsize::new(0));
    let served = probes.into_iter().map(|probe| {
        let probe = Probe { calls: calls.clone(), ..probe };
        let settings = Settings::of("listener", beside.clone());
        Served::for_test(&probe.name.clone(), &INTERFACE, settings, Arc::new(probe))
    });
    let served = served.collect();
    Running { calls, ..listen(address, transport, served, limit, settings).await }
}

/// Serves an instance whose calls end in `end`, on a free port.
pub(crate) async fn serve_end(
    transport: &dyn TransportPlugin,
    name: &str,
    end: Arc<dyn Endpoint>,
) -> Running {
    let settings = Settings::of("listener", json!({}));
    let served = Served::for_test(name, &INTERFACE, settings, end);
    listen("127.0.0.1:0", transport, vec![served], limit(), json!({})).await
}

async fn listen(
    address: &str,
    transport: &dyn TransportPlugin,
    served: Vec<Served>,
    limit: MessageLimit,
    settings: serde_json::Value,
) -> Running {
    let listener = TcpListener::bind(address).await.unwrap();
    let address = listener.local_addr().unwrap();
    let drain = Drain::new();
    let task = transport.serve(ServeContext {
        listener: listener.into(),
        name: "suite".to_owned(),
        server: Arc::new(Server::for_test(served)),
        settings: Settings::of("listener", settings),
        limit,
        description: None,
        ready: tokio::sync::watch::channel(true).1,
        drain: drain.clone(),
        surroundings: Surroundings::default(),
    });
    Running { address, drain, task: tokio::spawn(task), calls: Arc::default() }
}

/// A probe named `probe`, served.
pub(crate) async fn serve_one(transport: &dyn TransportPlugin) -> Running {
    serve(transport, vec![named("probe")]).await
}

pub(crate) fn named(name: &str) -> Probe {
    Probe { name: name.to_owned(), ..Probe::default() }
}

/// A client of `callee` at `addresses`.
pub(crate) fn connect(
    transport: &dyn TransportPlugin,
    callee: &str,
    addresses: &[SocketAddr],
) -> Client {
    connect_with(transport, callee, addresses, limit())
}

pub(crate) fn connect_with(
    transport: &dyn TransportPlugin,
    callee: &str,
    addresses: &[SocketAddr],
    limit: MessageLimit,
) -> Client {
    let (edge, end) = reach(transport, callee, addresses, limit);
    Client::new(edge, &INTERFACE, Vec::new(), end)
}

/// A client whose calls pass `wrappers`.
pub(crate) fn through(
    transport: &dyn TransportPlugin,
    callee: &str,
    addresses: &[SocketAddr],
    wrappers: Vec<Arc<dyn Wrapper>>,
) -> Client {
    let (edge, end) = reach(transport, callee, addresses, limit());
    Client::new(edge, &INTERFACE, wrappers, end)
}

fn reach(
    transport: &dyn TransportPlugin,
    callee: &str,
    addresses: &[SocketAddr],
    limit: MessageLimit,
) -> (Edge, Arc<dyn Endpoint>) {
    let edge = Edge {
        key: format!("test->{callee}"),
        caller: "test".to_owned(),
        callee: callee.to_owned(),
        cyclic: false,
        remote: true,
        server: false,
    };
    let shared = Arc::new(edge.clone());
    let dialer = transport.connect(ConnectContext {
        edge: shared.clone(),
        interface: &INTERFACE,
        settings: Settings::of("edge", json!({})),
        callee_settings: Settings::of("listener", json!({})),
        limit,
        surroundings: Surroundings::default(),
    });
    let addresses = addresses.iter().map(ToString::to_string).collect();
    let surroundings = Surroundings::default();
    let end = connect_fixed(dialer.unwrap(), shared, &INTERFACE, addresses, surroundings);
    (edge, end.unwrap())
}

/// Calls a method whose error must be the infrastructure's.
pub(crate) async fn infra<A: ArgumentTuple, T: bp_std::Data + std::fmt::Debug>(
    client: &Client,
    method: u16,
    arguments: A,
) -> Infra {
    let answer = client.call::<A, T, ProbeError>(method, arguments).await;
    match answer.unwrap_err().into_infra() {
        Ok(infra) => infra,
        Err(other) => panic!("{other:?} is the application's"),
    }
}

/// Longer than any step takes, even on a machine that does other things too.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// Waits until `condition` holds, for a minute at most.
pub(crate) async fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < end, "still not: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Calls until a call fails, and returns how.
pub(crate) async fn until_refused(client: &Client) -> Infra {
    let end = Instant::now() + PATIENCE;
    loop {
        match client.call::<_, String, ProbeError>(NAME, ()).await {
            Ok(_) => assert!(Instant::now() < end, "still answered"),
            Err(error) => match error.into_infra() {
                // It was on its way when the connection closed.
                Ok(infra) if infra.processed == Processed::Maybe => {}
                Ok(infra) => return infra,
                Err(other) => panic!("{other:?} is the application's"),
            },
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
