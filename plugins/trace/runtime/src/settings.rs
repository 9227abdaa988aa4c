//! What the wiring says; both halves of the plugin compile this file.

use bp_contract::setting::{Faults, Ratio, Settings, Validate};

/// The variable that names the collector of traces where the wiring does not.
pub(crate) const TRACE_COLLECTOR: &str = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT";

/// The variable that names the collector of everything, for traces where [`TRACE_COLLECTOR`] is not set.
pub(crate) const COLLECTOR: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";

/// Records a span for each call at both ends, and sends them to an OpenTelemetry collector.
#[derive(Debug, Settings)]
#[settings(shorthand = "exporter", validate)]
pub(crate) struct TraceSettings {
    /// How spans leave the process: OTLP over gRPC.
    #[setting(default = "otlp")]
    pub(crate) exporter: Exporter,
    /// The collector; by default what OTEL_EXPORTER_OTLP_ENDPOINT says, else http://127.0.0.1:4317.
    #[setting(example = "\"http://collector:4317\"")]
    pub(crate) endpoint: Option<String>,
    /// The share of the traces that begin here which is recorded; a trace that began elsewhere follows the decision made there.
    #[setting(default = 1.0, tunable)]
    pub(crate) sampling: Ratio,
    /// Whether a span's service.name is its process or its instance.
    #[setting(default = "instance")]
    pub(crate) service_name: ServiceName,
}

/// How spans leave the process.
#[derive(Debug, Clone, Copy, Settings)]
pub(crate) enum Exporter {
    Otlp,
}

/// What a span's service.name is.
#[derive(Debug, Clone, Copy, Settings)]
pub(crate) enum ServiceName {
    Process,
    Instance,
}

/// What an endpoint looks like.
const EXAMPLE: &str = "type `endpoint = \"http://collector:4317\"`";

const SCHEME: &str = "http://";

impl Validate for TraceSettings {
    fn validate(&self, faults: &mut Faults) {
        // A reference whose value is empty leaves the endpoint to the environment, as if it were not written.
        let Some(endpoint) = self.endpoint.as_ref().filter(|endpoint| !endpoint.is_empty()) else {
            return;
        };
        if let Some(fault) = explain_endpoint(endpoint) {
            faults.at(Self::ENDPOINT, fault.message()).help(EXAMPLE).code("not-a-collector");
        }
    }
}

/// Why spans cannot be sent to an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EndpointFault {
    Scheme,
    Host,
    Port,
    Path,
}

impl EndpointFault {
    pub(crate) const fn message(self) -> &'static str {
        match self {
            Self::Scheme => "a collector is reached by `http://`, without TLS",
            Self::Host => {
                "what follows `http://` is not a host name, an IPv4 address, or an IPv6 address in brackets"
            }
            Self::Port => "a port is a number from 1 to 65535",
            Self::Path => "its path has other characters than letters, digits and `-._~/%`",
        }
    }
}

/// What is wrong with an endpoint, wherever it was found; everything else is an address that the exporter takes.
pub(crate) fn explain_endpoint(endpoint: &str) -> Option<EndpointFault> {
    let Some(rest) = endpoint.strip_prefix(SCHEME) else { return Some(EndpointFault::Scheme) };
    let (address, path) = rest.find('/').map_or((rest, ""), |slash| rest.split_at(slash));
    let (host, port) = match address.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, port)) => match host.parse::<std::net::Ipv6Addr>() {
            Ok(_) if port.is_empty() => ("v6", None),
            Ok(_) => ("v6", port.strip_prefix(':').or(Some(""))),
            Err(_) => return Some(EndpointFault::Host),
        },
        None => match address.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (address, None),
        },
    };
    let is_word = |text: &str, more: &[u8]| {
        text.bytes().all(|b| b.is_ascii_alphanumeric() || more.contains(&b))
    };
    if host.is_empty() || !is_word(host, b"-._") {
        return Some(EndpointFault::Host);
    }
    if port.is_some_and(|port| !is_word(port, b"") || !matches!(port.parse::<u16>(), Ok(1..))) {
        return Some(EndpointFault::Port);
    }
    (!is_word(path, b"-._~/%")).then_some(EndpointFault::Path)
}
