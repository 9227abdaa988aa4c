//! gRPC over real sockets: what every transport must do.

#[path = "../../../../stdlib/runtime/tests/transport/mod.rs"]
mod suite;

#[path = "../../../../stdlib/runtime/tests/transport/http2.rs"]
mod http2;

suite::of!(bp_rt_grpc::plugin());

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_old_connection_is_closed_and_its_callers_lose_nothing() {
    http2::an_old_connection_is_closed_and_its_callers_lose_nothing(&bp_rt_grpc::plugin()).await;
}
