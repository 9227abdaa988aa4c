//! How long requests take, as OpenTelemetry's `http.server.request.duration`: also requests for which no method has a route.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{Method, Response, StatusCode};
use bp_runtime::{Clock, Instant, LabelValue, MetricFamily, StartError, Surroundings};
use prometheus_client::metrics::histogram::Histogram;

use crate::metrics::REQUEST_DURATION;

/// The scheme of every request; a listener has no TLS.
const SCHEME: &str = "http";

/// Upper bounds in seconds, those that OpenTelemetry advises.
const BUCKETS: [f64; 14] =
    [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];

/// Measures the requests of a listener.
#[derive(Debug, Clone)]
pub(crate) struct Measure {
    durations: MetricFamily<Histogram, 5>,
    clock: Arc<dyn Clock>,
}

impl Measure {
    pub(crate) fn new(surroundings: &Surroundings) -> Result<Self, StartError> {
        let durations =
            surroundings.metrics.shared(&REQUEST_DURATION, || Histogram::new(BUCKETS))?;
        Ok(Self { durations, clock: surroundings.clock.clone() })
    }

    /// Answers a request at a route; `None` means that no route matched.
    pub(crate) async fn answer(
        &self,
        method: &Method,
        route: Option<&Arc<str>>,
        answer: impl Future<Output = Response<Body>>,
    ) -> Response<Body> {
        let mut running = InFlight {
            of: self,
            method: known_verb(method),
            route,
            start: self.clock.now(),
            ended: false,
        };
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
    method: &'static str,
    route: Option<&'a Arc<str>>,
    start: Instant,
    ended: bool,
}

impl InFlight<'_> {
    fn end(&mut self, status: Option<StatusCode>) {
        if std::mem::replace(&mut self.ended, true) {
            return;
        }
        let route = self.route.map_or("".into(), |route| route.clone().into());
        let (status, error): (LabelValue, LabelValue) = match status {
            Some(status) => {
                let text = LabelValue::from(status.as_str().to_owned());
                let error = if status.is_server_error() { text.clone() } else { "".into() };
                (text, error)
            }
            None => ("".into(), "cancelled".into()),
        };
        let took = self.of.clock.now().saturating_duration_since(self.start);
        let series =
            self.of.durations.series([self.method.into(), SCHEME.into(), route, status, error]);
        series.observe(took.as_secs_f64());
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
