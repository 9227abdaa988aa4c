//! gRPC over real sockets: what every transport must do.

#[path = "../../../../stdlib/runtime/tests/transport/mod.rs"]
mod suite;

#[path = "../../../../stdlib/runtime/tests/transport/http2.rs"]
mod http2;

use std::sync::atomic::Ordering;

use serde_json::json;
use suite::probe::{HANG, NAME, ProbeError, connect, eventually, limit, named, serve_as};

suite::of!(bp_rt_grpc::plugin());

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_calls_at_once_than_one_connection_carries() {
    http2::more_calls_at_once_than_one_connection_carries(&bp_rt_grpc::plugin()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_old_connection_is_closed_and_its_callers_lose_nothing() {
    http2::an_old_connection_is_closed_and_its_callers_lose_nothing(&bp_rt_grpc::plugin()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_guard_of_a_reply_lives_until_the_answer_is_written() {
    let request = |at| {
        let head = http::Request::post(format!("http://{at}/suite.Probe/Name"))
            .header("content-type", "application/grpc")
            .header("te", "trailers");
        // An empty message behind its flag and its length.
        (head.body(()).unwrap(), bytes::Bytes::from_static(&[0; 5]))
    };
    let transport = bp_rt_grpc::plugin();
    http2::the_guard_of_a_reply_lives_until_the_answer_is_written(&transport, request).await;
}

/// The pool of HTTP's client does not know what a listener allows, so that calls over HTTP wait here.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_listener_may_allow_fewer_calls_on_a_connection_than_its_caller() {
    const CALLS: usize = 50;
    let transport = bp_rt_grpc::plugin();
    let probe = named("probe");
    let hanging = probe.hanging.clone();
    let settings = json!({ "calls_per_connection": 10 });
    let server =
        serve_as("127.0.0.1:0", &transport, vec![probe], limit(), json!({}), settings).await;
    // The caller has the default of 200, and learns the listener's limit with its first call.
    let client = connect(&transport, "probe", &[server.address]);
    assert_eq!(client.call::<_, String, ProbeError>(NAME, ()).await, Ok("probe".to_owned()));
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..CALLS {
        let client = client.clone();
        calls.spawn(async move { client.call::<_, (), ProbeError>(HANG, ()).await });
    }
    eventually("all are under way", || hanging.load(Ordering::SeqCst) == CALLS).await;
    calls.shutdown().await;
}
