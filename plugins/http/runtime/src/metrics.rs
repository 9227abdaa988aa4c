//! What is measured; both halves of the plugin compile this file.

use bp_contract::metric::{Metric, Unit};

/// Requests, also those for which no method has a route.
pub(crate) const REQUEST_DURATION: Metric = Metric::histogram(
    "http_server_request_duration",
    "How long requests take; `http_route` is empty where nothing answers",
)
.unit(Unit::Seconds)
.labels(&[
    "http_request_method",
    "url_scheme",
    "http_route",
    "http_response_status_code",
    "error_type",
]);
