//! How long requests take, as OpenTelemetry's `http.server.request.duration`: also requests for which no method has a route.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{Method, Response, StatusCode};
use bp_runtime::{Clock, Instant, StartError, Surroundings};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;

/// Upper bounds in seconds, those that OpenTelemetry advises.
const BUCKETS: [f64; 14] =
    [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Request {
    http_request_method: &'static str,
    url_scheme: &'static str,
    /// Empty where nothing answers.
    http_route: Arc<str>,
    /// Empty when the client left.
    http_response_status_code: String,
    /// Empty unless the request failed.
    error_type: String,
}

/// Measures the requests of a listener.
#[derive(Debug, Clone)]
pub(crate) struct Measure {
    durations: Family<Request, Histogram, fn() -> Histogram>,
    clock: Arc<dyn Clock>,
}

impl Measure {
    pub(crate) fn new(surroundings: &Surroundings) -> Result<Self, StartError> {
        let durations = surroundings.metrics.shared(
            "http_server_request_duration_seconds",
            "Requests that are answered",
            || Family::new_with_constructor((|| Histogram::new(BUCKETS)) as fn() -> Histogram),
        )?;
        Ok(Self { durations, clock: surroundings.clock.clone() })
    }

    /// Answers a request at a route; `None` means that no route matched.
    pub(crate) async fn answer(
        &self,
        method: &Method,
        route: Option<&Arc<str>>,
        answer: impl Future<Output = Response<Body>>,
    ) -> Response<Body> {
        let labels = Request {
            http_request_method: known_verb(method),
            url_scheme: "http",
            http_route: route.cloned().unwrap_or_default(),
            http_response_status_code: String::new(),
            error_type: String::new(),
        };
        let mut running = InFlight { of: self, labels: Some(labels), start: self.clock.now() };
        let response = answer.await;
        running.end(Some(response.status()));
        response
    }
}

/// The method's name; all unknown methods share one value, so that clients cannot create series.
fn known_verb(method: &Method) -> &'static str {
    const METHODS: [&str; 9] =
        ["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"];
    METHODS.into_iter().find(|known| *known == method.as_str()).unwrap_or("_OTHER")
}

/// A request under way; dropped before its end, the client left.
struct InFlight<'a> {
    of: &'a Measure,
    /// Until the end.
    labels: Option<Request>,
    start: Instant,
}

impl InFlight<'_> {
    fn end(&mut self, status: Option<StatusCode>) {
        let Some(mut labels) = self.labels.take() else { return };
        match status {
            Some(status) => {
                status.as_str().clone_into(&mut labels.http_response_status_code);
                if status.is_server_error() {
                    status.as_str().clone_into(&mut labels.error_type);
                }
            }
            None => "cancelled".clone_into(&mut labels.error_type),
        }
        let took = self.of.clock.now().saturating_duration_since(self.start);
        self.of.durations.get_or_create(&labels).observe(took.as_secs_f64());
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.end(None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_answers_where_nothing_does_and_who_leaves_are_told_apart() {
        let surroundings = Surroundings::default();
        let measure = Measure::new(&surroundings).unwrap();
        let route: Arc<str> = "/notes/{id}".into();
        let with = |status: u16| {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::from_u16(status).unwrap();
            std::future::ready(response)
        };
        measure.answer(&Method::GET, Some(&route), with(200)).await;
        measure.answer(&Method::GET, Some(&route), with(503)).await;
        let made_up = Method::from_bytes(b"BREW").unwrap();
        measure.answer(&made_up, None, with(404)).await;
        drop(
            tokio::time::timeout(
                std::time::Duration::ZERO,
                measure.answer(&Method::GET, Some(&route), std::future::pending()),
            )
            .await,
        );
        let text = surroundings.metrics.encode();
        for (method, route, status, error) in [
            ("GET", "/notes/{id}", "200", ""),
            ("GET", "/notes/{id}", "503", "503"),
            ("GET", "/notes/{id}", "", "cancelled"),
            ("_OTHER", "", "404", ""),
        ] {
            let line = format!(
                "http_server_request_duration_seconds_count{{http_request_method=\"{method}\",url_scheme=\"http\",http_route=\"{route}\",http_response_status_code=\"{status}\",error_type=\"{error}\"}} 1"
            );
            assert!(text.contains(&line), "{line}\nin\n{text}");
        }
    }
}
