//! How many calls at once there may be.

use std::sync::atomic::Ordering;

use bp_std::rt::{Client, TransportPlugin};

use super::probe::{HANG, ProbeError, WAIT, connect, eventually, named, serve};

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
