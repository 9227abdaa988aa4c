//! Failures between a process and its store, and what callers must see.
//!
//! In every case: an error is an infrastructure error, comes in time, says truthfully whether the call was processed, and the store is back within seconds.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bp_backend::BackendError;
use bp_runtime::{Context, Infra, InfraKind, Instant, Processed};
use futures_util::future::join_all;
use serde_json::json;
use store_tests::{Network, Proxy, Server};
use tokio::sync::Mutex;

use crate::subject::{Store, Subject};

/// How long a call may take beyond its limit on a busy machine; a call that hangs takes for ever.
const SLACK: Duration = Duration::from_secs(20);
/// The time within which a store must be usable again on a busy machine.
const RECOVERY: Duration = Duration::from_mins(1);
/// How many times a case is tried that a busy machine may disturb.
const TRIES: usize = 5;

/// Every case, one after another, on one server.
pub(crate) async fn check_all(subject: &dyn Subject, server: &mut Server) {
    a_store_that_is_down_fails_calls_and_no_start(subject, server).await;
    connections_that_are_cut(subject, server).await;
    an_answer_that_never_comes(subject, server).await;
    a_network_that_stalls(subject, server).await;
    a_slow_server(subject, server).await;
    a_full_pool(subject, server).await;
    calls_that_are_dropped(subject, server).await;
    a_server_that_freezes(subject, server).await;
    a_server_that_is_killed(subject, server).await;
}

fn say(case: &str) {
    eprintln!("  {case}");
}

/// Expects an infrastructure failure.
fn expect_infra(error: BackendError) -> Infra {
    match error {
        BackendError::Infra(infra) => infra,
        other => panic!("expected an infrastructure error, found: {other}"),
    }
}

/// The result of a call, which must come within `limit`.
async fn within<T>(
    limit: Duration,
    call: impl Future<Output = Result<T, BackendError>>,
) -> Result<T, Infra> {
    let start = Instant::now();
    let answer = tokio::time::timeout(limit + SLACK, call).await;
    let answer = answer.unwrap_or_else(|_| panic!("no answer {SLACK:?} after the limit"));
    assert!(start.elapsed() <= limit + SLACK);
    answer.map_err(expect_infra)
}

/// The same with a deadline from the caller.
async fn within_deadline<T>(
    deadline: Duration,
    call: impl Future<Output = Result<T, BackendError>>,
) -> Result<T, Infra> {
    let mut context = Context::empty();
    context.limit_deadline(Instant::now() + deadline);
    within(deadline, context.scope(call)).await
}

/// The store answers again, and goes on answering.
async fn expect_recovery(store: &dyn Store) {
    let start = Instant::now();
    let mut good = 0;
    while good < 5 {
        match within_deadline(Duration::from_secs(2), store.keep(0)).await {
            Ok(()) => good += 1,
            Err(error) => {
                good = 0;
                assert!(start.elapsed() < RECOVERY, "not back after {RECOVERY:?}: {error}");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    }
    assert!(patiently(|| store.has(0)).await);
}

/// The answer to a repeatable call, from a store without faults.
async fn patiently<T, F: Future<Output = Result<T, BackendError>>>(call: impl Fn() -> F) -> T {
    let start = Instant::now();
    loop {
        match within(RECOVERY, call()).await {
            Ok(answer) => return answer,
            Err(error) => assert!(start.elapsed() < RECOVERY, "{error}"),
        }
    }
}

/// Writers that count, and the answers that they got.
struct Load {
    store: Arc<dyn Store>,
    next: AtomicU64,
    kept: Mutex<BTreeSet<u64>>,
    /// Additions that were answered, and those that may have happened.
    counted: AtomicU64,
    maybe: AtomicU64,
    errors: Mutex<BTreeSet<(InfraKind, Processed)>>,
}

impl Load {
    fn on(store: Arc<dyn Store>) -> Arc<Self> {
        Arc::new(Self {
            store,
            next: AtomicU64::new(1),
            kept: Mutex::default(),
            counted: AtomicU64::default(),
            maybe: AtomicU64::default(),
            errors: Mutex::default(),
        })
    }

    /// Runs eight writers for this time.
    fn start(self: &Arc<Self>, time: Duration) -> Vec<tokio::task::JoinHandle<()>> {
        let end = Instant::now() + time;
        (0..8)
            .map(|_| {
                let load = self.clone();
                tokio::spawn(async move {
                    while Instant::now() < end {
                        load.step().await;
                    }
                })
            })
            .collect()
    }

    async fn step(&self) {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        match within_deadline(Duration::from_secs(1), self.store.keep(number)).await {
            Ok(()) => drop(self.kept.lock().await.insert(number)),
            Err(error) => self.failed(&error).await,
        }
        match within_deadline(Duration::from_secs(1), self.store.count()).await {
            Ok(_) => drop(self.counted.fetch_add(1, Ordering::Relaxed)),
            Err(error) => {
                if error.processed != Processed::No {
                    self.maybe.fetch_add(1, Ordering::Relaxed);
                }
                self.failed(&error).await;
            }
        }
    }

    async fn failed(&self, error: &Infra) {
        self.errors.lock().await.insert((error.kind, error.processed));
        tokio::time::sleep(Duration::from_millis(5)).await;
    }

    /// Checks that answered writes are there, and that writes reported as not processed did not happen.
    async fn is_true(&self) {
        let kept = self.kept.lock().await;
        for number in kept.iter() {
            let there = patiently(|| self.store.has(*number)).await;
            assert!(there, "{number} was answered and is lost");
        }
        let counted = self.counted.load(Ordering::Relaxed);
        // Each failed attempt to read the sum may have added one too.
        let sum = patiently(|| async {
            let sum = self.store.count().await;
            if sum.is_err() {
                self.maybe.fetch_add(1, Ordering::Relaxed);
            }
            sum
        });
        let sum = sum.await - 1;
        let maybe = self.maybe.load(Ordering::Relaxed);
        let sum = u64::try_from(sum).unwrap();
        eprintln!(
            "    kept {}, counted {counted} and perhaps {maybe}: {sum}; {:?}",
            kept.len(),
            self.errors.lock().await
        );
        assert!(!kept.is_empty() && counted > 0, "the load did nothing");
        assert!(counted <= sum, "{counted} additions were answered, the sum is {sum}");
        assert!(
            sum <= counted + maybe,
            "{counted} additions were answered and {maybe} are uncertain, the sum is {sum}"
        );
    }
}

async fn a_store_that_is_down_fails_calls_and_no_start(subject: &dyn Subject, server: &Server) {
    say("a store that is down fails calls and no start");
    let proxy = Proxy::to(server.port()).await.unwrap();
    let unused = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let nobody = unused.local_addr().unwrap().to_string();
    drop(unused);
    let store = subject.open(&nobody, json!({ "timeout": "2s" })).await;
    for error in [
        within(Duration::from_secs(2), store.keep(1)).await.unwrap_err(),
        within(Duration::from_secs(2), store.count()).await.map(|_| ()).unwrap_err(),
    ] {
        assert_eq!(
            (error.kind, error.processed),
            (InfraKind::Unavailable, Processed::No),
            "{error}"
        );
        assert!(error.message.contains(&nobody), "names the address: {error}");
    }
    proxy.close(true);
    let store = subject.open(&proxy.address(), json!({ "timeout": "1s" })).await;
    let error = within(Duration::from_secs(1), store.keep(1)).await.unwrap_err();
    assert_eq!(error.kind, InfraKind::Unavailable, "{error}");
    proxy.close(false);
    expect_recovery(&*store).await;
}

async fn connections_that_are_cut(subject: &dyn Subject, server: &Server) {
    say("connections that are cut");
    let proxy = Proxy::to(server.port()).await.unwrap();
    let store = subject.open(&proxy.address(), json!({ "timeout": "2s" })).await;
    expect_recovery(&*store).await;
    let load = Load::on(store.clone());
    let running = load.start(Duration::from_millis(2500));
    for _ in 0..10 {
        tokio::time::sleep(Duration::from_millis(200)).await;
        proxy.cut();
    }
    join_all(running).await.into_iter().for_each(Result::unwrap);
    expect_recovery(&*store).await;
    load.is_true().await;
    // Idle connections that died meanwhile make no call fail.
    let mut errors = Vec::new();
    for _ in 0..TRIES {
        proxy.cut();
        tokio::time::sleep(Duration::from_millis(700)).await;
        match within_deadline(Duration::from_secs(2), store.count()).await {
            Ok(_) => return,
            Err(error) => errors.push(error),
        }
    }
    panic!("{errors:?}");
}

async fn an_answer_that_never_comes(subject: &dyn Subject, server: &Server) {
    say("an answer that never comes");
    let proxy = Proxy::to(server.port()).await.unwrap();
    let store = subject.open(&proxy.address(), json!({ "timeout": "2s" })).await;
    for _ in 0..TRIES {
        expect_recovery(&*store).await;
        proxy.set(Network::Deaf);
        let error = within_deadline(Duration::from_millis(500), store.keep(77)).await.unwrap_err();
        assert_eq!(error.kind, InfraKind::Deadline, "{error}");
        proxy.set(Network::Good);
        expect_recovery(&*store).await;
        // On a busy machine the deadline may pass before the request has left.
        let reached = patiently(|| store.has(77)).await;
        assert!(!reached || error.processed == Processed::Maybe, "it has happened: {error}");
        if reached {
            return;
        }
    }
    panic!("no request reached the server");
}

async fn a_network_that_stalls(subject: &dyn Subject, server: &Server) {
    say("a network that stalls");
    let proxy = Proxy::to(server.port()).await.unwrap();
    let store = subject.open(&proxy.address(), json!({ "timeout": "1s", "wait": "200ms" })).await;
    expect_recovery(&*store).await;
    proxy.set(Network::Stalled);
    let calls =
        (0..20).map(|number| within_deadline(Duration::from_millis(400), store.keep(number)));
    for answer in join_all(calls).await {
        let error = answer.unwrap_err();
        let kinds = [InfraKind::Deadline, InfraKind::Overloaded, InfraKind::Unavailable];
        assert!(kinds.contains(&error.kind), "{error}");
    }
    // Without a deadline the instance's own limit counts.
    let error = within(Duration::from_secs(1), store.keep(1)).await.unwrap_err();
    // A library that watches its server may have found out before.
    let kinds = [InfraKind::Deadline, InfraKind::Unavailable];
    assert!(kinds.contains(&error.kind), "{error}");
    proxy.set(Network::Good);
    expect_recovery(&*store).await;
}

async fn a_slow_server(subject: &dyn Subject, server: &Server) {
    say("a slow server");
    let proxy = Proxy::to(server.port()).await.unwrap();
    let store = subject.open(&proxy.address(), json!({ "timeout": "20s" })).await;
    expect_recovery(&*store).await;
    proxy.set(Network::Slow(Duration::from_millis(150)));
    within(Duration::from_secs(20), store.keep(1)).await.unwrap();
    let error = within_deadline(Duration::from_millis(50), store.keep(2)).await.unwrap_err();
    assert_eq!(error.kind, InfraKind::Deadline, "{error}");
    within(Duration::from_secs(20), store.count()).await.unwrap();
    proxy.set(Network::Good);
    expect_recovery(&*store).await;
}

async fn a_full_pool(subject: &dyn Subject, server: &Server) {
    say("a full pool");
    let proxy = Proxy::to(server.port()).await.unwrap();
    let settings = json!({ "pool": 2, "timeout": "20s", "wait": "300ms" });
    let store = subject.open(&proxy.address(), settings).await;
    expect_recovery(&*store).await;
    // Both connections are open and good before they become slow.
    let both = join_all([store.keep(1), store.keep(2)]).await;
    both.into_iter().for_each(Result::unwrap);
    proxy.set(Network::Slow(Duration::from_millis(250)));
    let calls = (0..30).map(|number| within(Duration::from_secs(20), store.keep(number)));
    let (mut kept, mut refused) = (0, 0);
    for answer in join_all(calls).await {
        match answer {
            Ok(()) => kept += 1,
            Err(error) => {
                let told = (error.kind, error.processed);
                assert_eq!(told, (InfraKind::Overloaded, Processed::No), "{error}");
                refused += 1;
            }
        }
    }
    eprintln!("    kept {kept}, refused {refused}");
    assert!(kept >= 2 && refused >= 10, "{kept} kept, {refused} refused");
    proxy.set(Network::Good);
    expect_recovery(&*store).await;
}

async fn calls_that_are_dropped(subject: &dyn Subject, server: &Server) {
    say("calls that are dropped");
    let proxy = Proxy::to(server.port()).await.unwrap();
    let settings = json!({ "pool": 3, "timeout": "20s", "wait": "20s" });
    let store = subject.open(&proxy.address(), settings).await;
    expect_recovery(&*store).await;
    for number in 0..150_u64 {
        let call = store.keep(number);
        let _ = tokio::time::timeout(Duration::from_micros(number * 20), call).await;
        let call = store.count();
        let _ = tokio::time::timeout(Duration::from_micros(number * 30), call).await;
    }
    // The pool still has all its places.
    let calls = (0..12).map(|number| within_deadline(RECOVERY, store.keep(number)));
    join_all(calls).await.into_iter().for_each(Result::unwrap);
    for number in 0..12 {
        assert!(patiently(|| store.has(number)).await);
    }
    expect_recovery(&*store).await;
}

async fn a_server_that_freezes(subject: &dyn Subject, server: &Server) {
    say("a server that freezes");
    let address = format!("127.0.0.1:{}", server.port());
    let store = subject.open(&address, json!({ "timeout": "2s" })).await;
    expect_recovery(&*store).await;
    server.freeze(true);
    let calls =
        (0..6).map(|number| within_deadline(Duration::from_millis(500), store.keep(number)));
    for answer in join_all(calls).await {
        let error = answer.unwrap_err();
        let kinds = [InfraKind::Deadline, InfraKind::Unavailable];
        assert!(kinds.contains(&error.kind), "{error}");
    }
    server.freeze(false);
    expect_recovery(&*store).await;
}

async fn a_server_that_is_killed(subject: &dyn Subject, server: &mut Server) {
    say("a server that is killed");
    let address = format!("127.0.0.1:{}", server.port());
    let store = subject.open(&address, json!({ "timeout": "2s", "pool": 8 })).await;
    expect_recovery(&*store).await;
    let load = Load::on(store.clone());
    let running = load.start(Duration::from_secs(4));
    tokio::time::sleep(Duration::from_millis(700)).await;
    server.kill();
    // Once the failure is noticed, every call is reported as not processed.
    let start = Instant::now();
    loop {
        let error = within_deadline(Duration::from_secs(1), store.keep(0)).await.unwrap_err();
        let told = (error.kind, error.processed);
        if told == (InfraKind::Unavailable, Processed::No) {
            break;
        }
        assert!(start.elapsed() < RECOVERY, "{error}");
    }
    // Blocks this thread, not the writers' threads.
    tokio::task::block_in_place(|| server.up().unwrap());
    join_all(running).await.into_iter().for_each(Result::unwrap);
    expect_recovery(&*store).await;
    if subject.keeps() {
        load.is_true().await;
    } else {
        eprintln!("    {:?}", load.errors.lock().await);
    }
}
