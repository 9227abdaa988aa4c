//! What every transport over HTTP/2 must do besides; a test that has the suite includes this file too.

#![expect(clippy::unwrap_used, reason = "a failed step of a test ends it")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bp_std::rt::TransportPlugin;
use bytes::Bytes;
use serde_json::json;
use tokio::net::TcpStream;

use crate::suite::probe::{PATIENCE, ProbeError, WAIT, connect, limit, named, serve_as};

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
