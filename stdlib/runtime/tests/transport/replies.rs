//! What comes back beside an answer or a failure.

use std::borrow::Cow;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bp_std::rt::{
    BoxFuture, Call, Class, Client, Codec, Encoded, Endpoint, Infra, InfraKind, Load, Next,
    Processed, Reply, ReplyMetadata, RetryAfter, Shed, Status, System, TransportPlugin, Wrapper,
};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use tokio::runtime::Runtime;

use super::probe::{
    HANG, NAME, ProbeError, SEE, Seen, connect, eventually, serve_end, serve_one, through,
};

/// How a call ends at the callee: its answer, or its failure.
type Outcome = Result<Option<(Status, String, String)>, (InfraKind, Processed, String)>;

/// A callee that ends each call as it was told to.
#[derive(Default)]
pub(crate) struct Scripted {
    next: Mutex<Option<(Outcome, ReplyMetadata)>>,
    pub(crate) guards: Guarded,
}

/// Counts the guards that replies hold.
#[derive(Default, Clone)]
pub(crate) struct Guarded {
    held: Arc<AtomicUsize>,
    ended: Arc<AtomicUsize>,
}

struct Guard(Guarded);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.ended.fetch_add(1, Ordering::SeqCst);
    }
}

impl Guarded {
    fn hold(&self) -> Guard {
        self.held.fetch_add(1, Ordering::SeqCst);
        Guard(self.clone())
    }

    /// How many guards there were, and how many of them ended.
    pub(crate) fn counts(&self) -> (usize, usize) {
        (self.held.load(Ordering::SeqCst), self.ended.load(Ordering::SeqCst))
    }
}

impl Endpoint for Scripted {
    fn send(&self, call: Call) -> BoxFuture<'_, Result<Reply, Infra>> {
        Box::pin(async move {
            if call.method.index == HANG {
                std::future::pending::<()>().await;
            }
            let (outcome, said) =
                self.next.lock().unwrap().take().unwrap_or((Ok(None), ReplyMetadata::default()));
            let mut reply = match outcome {
                Err((kind, processed, message)) => {
                    return Err(Infra::new(kind, processed, message).with_metadata(said));
                }
                Ok(None) => Reply::of::<String, ProbeError>(Ok("x".repeat(10_000)))?,
                Ok(Some(_)) => Reply::of::<String, ProbeError>(Err(ProbeError::Conflict))?,
            };
            reply.hold(self.guards.hold());
            Ok(reply.with_metadata(said))
        })
    }
}

fn metadata() -> impl Strategy<Value = ReplyMetadata> {
    let number = || prop_oneof![0.0..2.0_f64, 0.0..1e300_f64, Just(0.0), Just(f64::MIN_POSITIVE)];
    let load = proptest::option::of((number(), number(), number()));
    let pause = (0..=i32::MAX as u64).prop_map(|ms| RetryAfter::After(Duration::from_millis(ms)));
    let retry_after = proptest::option::of(prop_oneof![pause, Just(RetryAfter::Never)]);
    let text = || prop_oneof!["[a-z_]{0,20}", any::<String>()];
    let shed = proptest::option::of((text(), text()));
    (load, retry_after, shed).prop_map(|(load, retry_after, shed)| {
        let mut said = ReplyMetadata::default();
        if let Some((utilization, calls, errors)) = load {
            let utilization = utilization.max(f64::MIN_POSITIVE);
            said.set_load(Load::new(utilization, calls, errors).unwrap());
        }
        if let Some(retry_after) = retry_after {
            said.set_retry_after(retry_after);
        }
        if let Some((what, why)) = shed {
            said.set_shed(Shed::new(what, why));
        }
        said
    })
}

fn outcome() -> impl Strategy<Value = Outcome> {
    let kind = proptest::sample::select(&InfraKind::ALL[..]);
    let processed = proptest::sample::select(vec![Processed::No, Processed::Maybe, Processed::Yes]);
    let conflict = (Status::Aborted, "conflict".to_owned(), ProbeError::Conflict.to_string());
    prop_oneof![
        Just(Ok(None)),
        Just(Ok(Some(conflict))),
        (kind, processed).prop_map(|(kind, processed)| Err((
            kind,
            processed,
            "scripted".to_owned()
        ))),
    ]
}

pub(crate) fn what_one_end_says_the_other_hears(transport: &dyn TransportPlugin) {
    let runtime = Runtime::new().unwrap();
    let callee = Arc::new(Scripted::default());
    let (_server, client) = runtime.block_on(async {
        let server = serve_end(transport, "probe", callee.clone()).await;
        let client = connect(transport, "probe", &[server.address]);
        (server, client)
    });
    hear_what_is_said(&runtime, &callee, &client, &no_arguments(transport));
}

/// Whether the caller hears whatever `callee` says; `nothing` are no arguments.
pub(crate) fn hear_what_is_said(
    runtime: &Runtime,
    callee: &Scripted,
    client: &Client,
    nothing: &Arc<Encoded>,
) {
    let config = Config { cases: 512, failure_persistence: None, ..Config::default() };
    let checked = TestRunner::new(config).run(&(outcome(), metadata()), |(outcome, said)| {
        *callee.next.lock().unwrap() = Some((outcome.clone(), said.clone()));
        let heard = runtime.block_on(client.send(NAME, nothing.clone()));
        let (heard, heard_said) = match heard {
            Ok(reply) => {
                let outcome = match reply.class() {
                    Class::Ok => None,
                    Class::Application { status, code, message } => {
                        Some((*status, code.clone().into_owned(), message.clone()))
                    }
                };
                (Ok(outcome), reply.metadata().clone())
            }
            Err(infra) => {
                let message = Cow::into_owned(infra.message);
                (Err((infra.kind, infra.processed, message)), infra.metadata)
            }
        };
        prop_assert_eq!(heard, outcome);
        prop_assert_eq!(heard_said, said);
        Ok(())
    });
    checked.unwrap();
}

fn no_arguments(transport: &dyn TransportPlugin) -> Arc<Encoded> {
    let grpc = transport.system() == System::Rpc("grpc");
    let (codec, text) = if grpc { (Codec::Protobuf, "") } else { (Codec::Json, "{}") };
    Arc::new(Encoded { codec, bytes: text.into() })
}

pub(crate) async fn guards_of_replies_end_with_them(transport: &dyn TransportPlugin) {
    let callee = Arc::new(Scripted::default());
    let guards = callee.guards.clone();
    let server = serve_end(transport, "probe", callee.clone()).await;
    let client = connect(transport, "probe", &[server.address]);
    let conflict = (Status::Aborted, "conflict".to_owned(), String::new());
    for outcome in [Ok(None), Ok(Some(conflict))] {
        let held = guards.counts().0;
        *callee.next.lock().unwrap() = Some((outcome, ReplyMetadata::default()));
        // Whatever the answer is, it has come.
        let _ = client.call::<_, String, ProbeError>(NAME, ()).await;
        assert_eq!(guards.counts().0, held + 1);
        eventually("the guard is dropped", || guards.counts().1 == held + 1).await;
    }
}

/// Claims to be the third attempt.
struct Third;

impl Wrapper for Third {
    fn call<'a>(&'a self, mut call: Call, next: Next<'a>) -> BoxFuture<'a, Result<Reply, Infra>> {
        call.context.set_attempt(2);
        next.run(call)
    }
}

pub(crate) async fn the_number_of_the_attempt_arrives(transport: &dyn TransportPlugin) {
    let server = serve_one(transport).await;
    let first = connect(transport, "probe", &[server.address]);
    let third = through(transport, "probe", &[server.address], vec![Arc::new(Third)]);
    for (client, attempt) in [(first, 0), (third, 2)] {
        let client: Client = client;
        let seen: Vec<Seen> = client.call::<_, _, ProbeError>(SEE, ()).await.unwrap();
        assert_eq!(seen[0].attempt, attempt);
    }
}
