//! The admin listener of a process: `/bp/live`, `/bp/ready`, `/bp/startup`, `/metrics`.
//!
//! Every answer is about this process alone: if it waited for its callees, processes that call each other could never start.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::CONTENT_TYPE;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};

use super::process_metrics::ProcessMetrics;
use super::process_state::ProcessState;
use crate::drain::Drain;
use crate::listen;
use crate::surroundings::Listener;

/// Serves until the process ends.
pub(super) async fn serve(
    listener: Listener,
    state: Arc<ProcessState>,
    metrics: Arc<ProcessMetrics>,
) {
    // This drain is never started: probes must be answered until the end.
    listen::accept_connections(listener, Drain::new(), move |stream| {
        let (state, metrics) = (state.clone(), metrics.clone());
        let service = service_fn(move |request| {
            let response = answer(&request, &state, &metrics);
            async move { Ok::<_, Infallible>(response) }
        });
        async move {
            let connection = hyper::server::conn::http1::Builder::new()
                .timer(TokioTimer::new())
                .serve_connection(TokioIo::new(stream), service);
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection to the admin listener broke");
            }
        }
    })
    .await;
}

fn answer<B>(
    request: &Request<B>,
    state: &ProcessState,
    metrics: &ProcessMetrics,
) -> Response<Full<Bytes>> {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return respond(StatusCode::METHOD_NOT_ALLOWED, "GET only\n".to_owned());
    }
    let probe = |fine: bool, yes: &str, no: &str| {
        if fine {
            respond(StatusCode::OK, format!("{yes}\n"))
        } else {
            respond(StatusCode::SERVICE_UNAVAILABLE, format!("{no}\n"))
        }
    };
    match request.uri().path() {
        "/bp/live" => probe(state.failure.borrow().is_none(), "live", "failed"),
        "/bp/ready" => probe(state.is_ready(), "ready", "not ready"),
        "/bp/startup" => probe(state.has_started(), "started", "starting"),
        "/metrics" => {
            let mut response = respond(StatusCode::OK, metrics.encode(state));
            let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
            response
                .headers_mut()
                .insert(CONTENT_TYPE, hyper::header::HeaderValue::from_static(kind));
            response
        }
        _ => respond(
            StatusCode::NOT_FOUND,
            "known: /bp/live /bp/ready /bp/startup /metrics\n".to_owned(),
        ),
    }
}

fn respond(status: StatusCode, body: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    response
}
