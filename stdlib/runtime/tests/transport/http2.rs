//! What every transport over HTTP/2 must do besides; a test that has the suite includes this file too.

#![expect(clippy::unwrap_used, reason = "a failed step of a test ends it")]

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bp_std::rt::{Client, TransportPlugin};
use bytes::Bytes;
use http::Request;
use serde_json::json;
use tokio::net::TcpStream;

use crate::suite::probe::{
    HANG, PATIENCE, ProbeError, WAIT, connect, eventually, limit, named, serve, serve_as, serve_end,
};
use crate::suite::replies::Scripted;

pub(crate) async fn an_old_connection_is_closed_and_its_callers_lose_nothing(
    transport: &dyn TransportPlugin,
) {
    let settings = json!({ "max_connection_age": "1s" });
    let probes = vec![named("probe")];
    let server = serve_as("127.0.0.1:0", transport, probes, limit(), json!({}), settings).await;
    let over = Arc::new(AtomicBool::new(false));
    let calls = (0..4).map(|_| {
        let (client, over) = (connect(transport, "probe", &[server.address]), over.clone());
        tokio::spawn(async move {
            while !over.load(Ordering::SeqCst) {
                // Not idempotent, and there is no other endpoint.
                assert_eq!(client.call::<_, u64, ProbeError>(WAIT, (1_u64,)).await, Ok(1));
            }
        })
    });
    let calls: Vec<_> = calls.collect();
    // Twice, while the calls go on: each ends by the listener's word alone.
    for _ in 0..2 {
        let stream = TcpStream::connect(server.address).await.unwrap();
        let (_requests, connection) =
            h2::client::Builder::new().handshake::<_, Bytes>(stream).await.unwrap();
        let ended = tokio::time::timeout(PATIENCE, connection).await;
        ended.unwrap().unwrap();
    }
    over.store(true, Ordering::SeqCst);
    for call in calls {
        call.await.unwrap();
    }
}

/// `request` makes the call of `name` of the instance `probe`, as its head and its body.
pub(crate) async fn the_guard_of_a_reply_lives_until_the_answer_is_written(
    transport: &dyn TransportPlugin,
    request: impl Fn(SocketAddr) -> (Request<()>, Bytes),
) {
    let callee = Arc::new(Scripted::default());
    let guards = callee.guards.clone();
    let server = serve_end(transport, "probe", callee).await;
    let stream = TcpStream::connect(server.address).await.unwrap();
    // The callee may send heads, but no byte of a body.
    let mut client = h2::client::Builder::new();
    let client = client.initial_window_size(0).handshake::<_, Bytes>(stream);
    let (mut requests, mut connection) = client.await.unwrap();
    let (open_window, opened) = tokio::sync::oneshot::channel::<()>();
    let connection = tokio::spawn(async move {
        tokio::select! {
            ended = &mut connection => return ended,
            opened = opened => opened.unwrap(),
        }
        connection.set_initial_window_size(1 << 20)?;
        connection.await
    });

    let (head, body) = request(server.address);
    let (response, mut sender) = requests.send_request(head, false).unwrap();
    sender.send_data(body, true).unwrap();
    let response = tokio::time::timeout(PATIENCE, response).await.unwrap().unwrap();
    assert_eq!(response.status(), 200);
    // Long enough for a callee that gives the body to its connection and forgets it.
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(guards.counts(), (1, 0), "the answer is not written yet");

    open_window.send(()).unwrap();
    let mut body = response.into_body();
    let mut read = 0;
    while let Some(piece) = tokio::time::timeout(PATIENCE, body.data()).await.unwrap() {
        read += piece.unwrap().len();
    }
    assert!(read > 10_000, "{read} bytes are not the whole answer");
    eventually("the guard is dropped", || guards.counts() == (1, 1)).await;
    connection.abort();
}

pub(crate) async fn more_calls_at_once_than_one_connection_carries(
    transport: &dyn TransportPlugin,
) {
    // A listener allows 200 calls on a connection, and so many more would wait for those.
    const CALLS: usize = 450;
    let probe = named("probe");
    let hanging = probe.hanging.clone();
    let server = serve(transport, vec![probe]).await;
    let client = connect(transport, "probe", &[server.address]);
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..CALLS {
        let client: Client = client.clone();
        calls.spawn(async move { client.call::<_, (), ProbeError>(HANG, ()).await });
    }
    eventually("all are under way", || hanging.load(Ordering::SeqCst) == CALLS).await;
    calls.shutdown().await;
    eventually("none is left", || hanging.load(Ordering::SeqCst) == 0).await;
    assert_eq!(client.call::<_, u64, ProbeError>(WAIT, (1_u64,)).await, Ok(1));
}
