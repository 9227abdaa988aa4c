//! HTTP over real sockets: what every transport must do, and where its routes lead.

#![expect(clippy::unwrap_used, reason = "a failed step of a test ends it")]

#[path = "../../../../stdlib/runtime/tests/transport/mod.rs"]
mod suite;

#[path = "../../../../stdlib/runtime/tests/transport/http2.rs"]
mod http2;

suite::of!(bp_rt_http::plugin());

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_calls_at_once_than_one_connection_carries() {
    http2::more_calls_at_once_than_one_connection_carries(&bp_rt_http::plugin()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_old_connection_is_closed_and_its_callers_lose_nothing() {
    http2::an_old_connection_is_closed_and_its_callers_lose_nothing(&bp_rt_http::plugin()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_guard_of_a_reply_lives_until_the_answer_is_written() {
    let request = |at| {
        let head = http::Request::post(format!("http://{at}/bp/call/probe/name"))
            .header("content-type", "application/json");
        (head.body(()).unwrap(), bytes::Bytes::from_static(b"{}"))
    };
    let transport = bp_rt_http::plugin();
    http2::the_guard_of_a_reply_lives_until_the_answer_is_written(&transport, request).await;
}

use std::net::SocketAddr;

use serde_json::json;
use suite::probe::{NAME, PATIENCE, ProbeError, connect, limit, named, serve_as};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// Status and body of the answer to a request of a stock client.
async fn ask(at: SocketAddr, verb: &str, path: &str, body: &str) -> (u16, String) {
    let mut stream = tokio::net::TcpStream::connect(at).await.unwrap();
    let length = body.len();
    let request = format!(
        "{verb} {path} HTTP/1.1\r\nhost: {at}\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    let read = stream.read_to_string(&mut answer);
    tokio::time::timeout(PATIENCE, read).await.unwrap().unwrap();
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    (status, answer.split("\r\n\r\n").nth(1).unwrap_or_default().to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_route_takes_the_place_of_the_default_and_may_be_that_of_another_method() {
    let transport = bp_rt_http::plugin();
    let routes = json!({ "routes": {
        "name": "GET /v1/name",
        "measure": "POST /probe/name",
        "wait": "GET /waits/{millis}",
        "hang": "GET /waits/never",
    }});
    let probes = vec![named("probe")];
    let server = serve_as("127.0.0.1:0", &transport, probes, limit(), routes, json!({})).await;
    let at = server.address;
    assert_eq!(ask(at, "GET", "/v1/name", "").await, (200, "\"probe\"".to_owned()));
    // What was the default of `name` is the route of `measure`, whose own default is gone.
    let (status, body) = ask(at, "POST", "/probe/name", "{\"text\":\"four\"}").await;
    assert_eq!((status, body.trim_matches('"')), (200, "4"), "{body}");
    for (verb, path) in [("POST", "/probe/measure"), ("POST", "/probe/wait"), ("GET", "/v1/name/")]
    {
        assert_eq!(ask(at, verb, path, "{}").await.0, 404, "{verb} {path}");
    }
    assert_eq!(ask(at, "DELETE", "/v1/name", "").await.0, 405);
    // A method without a route has its default, and an argument gives way to a literal.
    assert_eq!(ask(at, "POST", "/probe/make", "{\"length\":0}").await.0, 200);
    assert_eq!(ask(at, "GET", "/waits/5", "").await, (200, "\"5\"".to_owned()));
    // Other processes of the system call what they mean, whatever the routes are.
    let client = connect(&transport, "probe", &[at]);
    assert_eq!(client.call::<_, String, ProbeError>(NAME, ()).await, Ok("probe".to_owned()));
}
