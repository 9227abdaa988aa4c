//! How long the calls of one method take, in a histogram that OpenTelemetry names.

use bp_runtime::{
    Class, InfraKind, LabelValue, Method, MetricFamily, Side, StartError, System, WrapperContext,
};
use prometheus_client::metrics::histogram::Histogram;

use crate::metrics::{DB_CLIENT_DURATION, RPC_CLIENT_DURATION, RPC_SERVER_DURATION};

/// Upper bounds in seconds: half a millisecond to ten seconds, about three to a decade.
const BUCKETS: [f64; 14] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// How long the calls of one method take, by how they ended.
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
    Service {
        family: MetricFamily<Histogram, 5>,
        system: &'static str,
        method: LabelValue,
        edge: LabelValue,
    },
    Store {
        family: MetricFamily<Histogram, 7>,
        system: &'static str,
        store: LabelValue,
        operation: &'static str,
        /// Host and port, empty for a store in the process.
        server: [LabelValue; 2],
        edge: LabelValue,
    },
}

fn new_histogram() -> Histogram {
    Histogram::new(BUCKETS)
}

impl OutcomeHistograms {
    fn new(cx: &WrapperContext, method: &Method) -> Result<Self, StartError> {
        let metrics = &cx.surroundings.metrics;
        let edge = cx.edge.key.clone().into();
        Ok(match &cx.system {
            System::Rpc(system) => Self::Service {
                family: match cx.side {
                    Side::Client => metrics.shared(&RPC_CLIENT_DURATION, new_histogram)?,
                    Side::Server => metrics.shared(&RPC_SERVER_DURATION, new_histogram)?,
                },
                system,
                method: format!("{}/{}", cx.interface.wire_name, method.name).into(),
                edge,
            },
            System::Database(database) => {
                let (host, port) = database.server.clone().unzip();
                let port = port.map(|port| port.to_string());
                Self::Store {
                    family: metrics.shared(&DB_CLIENT_DURATION, new_histogram)?,
                    system: database.system,
                    store: cx.edge.callee.clone().into(),
                    operation: method.name,
                    server: [host.unwrap_or_default().into(), port.unwrap_or_default().into()],
                    edge,
                }
            }
        })
    }

    /// The histogram of the calls that end with a status; `error` is empty unless they failed.
    fn find(&self, status: &str, error: LabelValue) -> Histogram {
        match self {
            Self::Service { family, system, method, edge } => {
                let status = status.to_ascii_uppercase().into();
                family.series([(*system).into(), method.clone(), status, error, edge.clone()])
            }
            Self::Store { family, system, store, operation, server: [host, port], edge } => family
                .series([
                    (*system).into(),
                    store.clone(),
                    (*operation).into(),
                    error,
                    host.clone(),
                    port.clone(),
                    edge.clone(),
                ]),
        }
    }
}

impl CallDuration {
    pub(crate) fn new(cx: &WrapperContext, method: &Method) -> Result<Self, StartError> {
        let all = OutcomeHistograms::new(cx, method)?;
        Ok(Self { side: cx.side, ok: all.find("ok", "".into()), all })
    }

    pub(crate) fn observe(&self, how: Result<&Class, InfraKind>, seconds: f64) {
        let (status, error) = match how {
            Ok(Class::Ok) => return self.ok.observe(seconds),
            Ok(Class::Application { status, code, .. }) => {
                // As for spans: at the callee an error is a failure only when it is the callee's fault.
                let failed = self.side == Side::Client || status.is_callees_fault();
                let code = if failed { code.to_string().into() } else { "".into() };
                (*status, code)
            }
            Err(kind) => (kind.status(), kind.as_str().into()),
        };
        self.all.find(status.as_str(), error).observe(seconds);
    }
}
