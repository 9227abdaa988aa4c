//! Three callees in a row.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bp_std::rt::{Client, Context, InfraKind, Instant, TraceContext, TransportPlugin};

use super::probe::{
    HANG, Probe, ProbeError, Running, SEE, Seen, connect, eventually, infra, serve,
};

const TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/// `test -> a -> b -> c`, each arrow over its own transport.
struct Row {
    client: Client,
    hanging: [Arc<AtomicUsize>; 3],
    _servers: Vec<Running>,
}

impl Row {
    async fn new(transports: [&dyn TransportPlugin; 3]) -> Self {
        let hanging: [Arc<AtomicUsize>; 3] = std::array::from_fn(|_| Arc::default());
        let mut next = None;
        let mut servers = Vec::new();
        for (place, name) in ["a", "b", "c"].into_iter().enumerate().rev() {
            let hanging = hanging[place].clone();
            let probe =
                Probe { name: name.to_owned(), next: next.take(), hanging, ..Probe::default() };
            let server = serve(transports[place], vec![probe]).await;
            next = Some(connect(transports[place], name, &[server.address]));
            servers.push(server);
        }
        Self { client: next.unwrap(), hanging, _servers: servers }
    }

    fn hanging(&self) -> Vec<usize> {
        self.hanging.iter().map(|count| count.load(Ordering::SeqCst)).collect()
    }
}

pub(crate) async fn context_crosses_three_hops(transport: &dyn TransportPlugin) {
    context_crosses([transport; 3]).await;
}

pub(crate) async fn context_crosses(transports: [&dyn TransportPlugin; 3]) {
    let row = Row::new(transports).await;
    let mut context = Context::empty();
    context.limit_deadline(Instant::now() + Duration::from_secs(5));
    context.set_tenant(Some("ünïon"));
    context.set_baggage("colour", "blau, grün; 100%");
    context.set_trace(TraceContext::parse(TRACE, Some("v=1")));
    let seen: Vec<Seen> =
        context.scope(row.client.call::<_, _, ProbeError>(SEE, ())).await.unwrap();
    let mut last = 5000;
    for (seen, at) in seen.iter().zip(["a", "b", "c"]) {
        assert_eq!(seen.at, at);
        let left = seen.left_ms.unwrap();
        assert!(left <= last && left > 3000, "{left} ms left at {at}, {last} before");
        last = left;
        assert_eq!(seen.trace.as_deref(), Some(format!("{TRACE} v=1").as_str()));
        assert_eq!(seen.tenant.as_deref(), Some("ünïon"));
        assert_eq!(seen.baggage.get("colour").map(String::as_str), Some("blau, grün; 100%"));
    }
    assert_eq!(seen.len(), 3);
}

pub(crate) async fn cancellation_crosses_three_hops(transport: &dyn TransportPlugin) {
    cancellation_crosses([transport; 3]).await;
}

pub(crate) async fn cancellation_crosses(transports: [&dyn TransportPlugin; 3]) {
    let row = Row::new(transports).await;
    let client = row.client.clone();
    let caller = tokio::spawn(async move { client.call::<_, (), ProbeError>(HANG, ()).await });
    eventually("all hang", || row.hanging() == [1, 1, 1]).await;
    caller.abort();
    eventually("none hangs", || row.hanging() == [0, 0, 0]).await;
}

pub(crate) async fn a_deadline_crosses_three_hops(transport: &dyn TransportPlugin) {
    a_deadline_crosses([transport; 3]).await;
}

pub(crate) async fn a_deadline_crosses(transports: [&dyn TransportPlugin; 3]) {
    let row = Row::new(transports).await;
    let mut context = Context::empty();
    context.limit_deadline(Instant::now() + Duration::from_millis(300));
    let start = Instant::now();
    // This client has no core around it that watches the deadline, so the answer is the server's.
    let late = context.scope(infra::<_, ()>(&row.client, HANG, ())).await;
    assert_eq!(late.kind, InfraKind::Deadline, "{late}");
    let took = start.elapsed().as_millis();
    assert!((290..60_000).contains(&took), "after {took} ms");
    eventually("none hangs", || row.hanging() == [0, 0, 0]).await;
}
