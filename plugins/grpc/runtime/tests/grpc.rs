//! gRPC over real sockets: what every transport must do.

#[path = "../../../../stdlib/runtime/tests/transport/mod.rs"]
mod suite;

#[path = "../../../../stdlib/runtime/tests/transport/http2.rs"]
mod http2;

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
