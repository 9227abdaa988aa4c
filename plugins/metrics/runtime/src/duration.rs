//! How long the calls of one method take, in a histogram that OpenTelemetry names.

use bp_runtime::{Class, InfraKind, Method, Side, StartError, System, WrapperContext};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;

/// Upper bounds in seconds: half a millisecond to ten seconds, about three to a decade.
const BUCKETS: [f64; 14] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// The histograms of a kind of calls.
type Histograms<L> = Family<L, Histogram, fn() -> Histogram>;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ServiceCall {
    rpc_system_name: &'static str,
    rpc_method: String,
    rpc_response_status_code: String,
    /// Empty unless the call failed.
    error_type: String,
    bp_edge: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StoreCall {
    db_system_name: &'static str,
    db_namespace: String,
    db_operation_name: &'static str,
    /// Empty unless the call failed.
    error_type: String,
    server_address: String,
    server_port: String,
    bp_edge: String,
}

/// One method's.
#[derive(Debug)]
pub(crate) struct CallDuration {
    side: Side,
    /// For calls that end well; present from the start.
    ok: Histogram,
    all: OutcomeHistograms,
}

/// Where the histogram of each outcome is found.
#[derive(Debug)]
enum OutcomeHistograms {
    Service(Histograms<ServiceCall>, ServiceCall),
    Store(Histograms<StoreCall>, StoreCall),
}

fn new_histogram() -> Histogram {
    Histogram::new(BUCKETS)
}

impl CallDuration {
    pub(crate) fn new(cx: &WrapperContext, method: &Method) -> Result<Self, StartError> {
        let metrics = &cx.surroundings.metrics;
        let bp_edge = cx.edge.key.clone();
        let make = new_histogram as fn() -> Histogram;
        let all = match &cx.system {
            System::Rpc(system) => {
                let (name, meaning) = match cx.side {
                    Side::Client => ("rpc_client_call_duration_seconds", "Calls that are made"),
                    Side::Server => ("rpc_server_call_duration_seconds", "Calls that are answered"),
                };
                let labels = ServiceCall {
                    rpc_system_name: system,
                    rpc_method: format!("{}/{}", cx.interface.wire_name, method.name),
                    rpc_response_status_code: "OK".to_owned(),
                    error_type: String::new(),
                    bp_edge,
                };
                let family =
                    metrics.shared(name, meaning, || Family::new_with_constructor(make))?;
                OutcomeHistograms::Service(family, labels)
            }
            System::Database(database) => {
                let (host, port) = database.server.clone().unzip();
                let labels = StoreCall {
                    db_system_name: database.system,
                    db_namespace: cx.edge.callee.clone(),
                    db_operation_name: method.name,
                    error_type: String::new(),
                    server_address: host.unwrap_or_default(),
                    server_port: port.map(|port| port.to_string()).unwrap_or_default(),
                    bp_edge,
                };
                let family = metrics.shared(
                    "db_client_operation_duration_seconds",
                    "Calls of stores",
                    || Family::new_with_constructor(make),
                )?;
                OutcomeHistograms::Store(family, labels)
            }
        };
        let ok = match &all {
            OutcomeHistograms::Service(family, labels) => family.get_or_create(labels).clone(),
            OutcomeHistograms::Store(family, labels) => family.get_or_create(labels).clone(),
        };
        Ok(Self { side: cx.side, ok, all })
    }

    pub(crate) fn observe(&self, how: Result<&Class, InfraKind>, seconds: f64) {
        let (status, error) = match how {
            Ok(Class::Ok) => return self.ok.observe(seconds),
            Ok(Class::Application { status, code, .. }) => {
                // As for spans: at the callee an error is a failure only when it is the callee's fault.
                let failed = self.side == Side::Client || status.is_callees_fault();
                (*status, if failed { &**code } else { "" })
            }
            Err(kind) => (kind.status(), kind.as_str()),
        };
        let error_type = error.to_owned();
        match &self.all {
            OutcomeHistograms::Service(family, labels) => {
                let rpc_response_status_code = status.as_str().to_ascii_uppercase();
                let labels = ServiceCall { rpc_response_status_code, error_type, ..labels.clone() };
                family.get_or_create(&labels).observe(seconds);
            }
            OutcomeHistograms::Store(family, labels) => {
                let labels = StoreCall { error_type, ..labels.clone() };
                family.get_or_create(&labels).observe(seconds);
            }
        }
    }
}
