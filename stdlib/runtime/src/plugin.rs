//! What the runtime half of a plugin implements.
//!
//! A plugin is one value in an application, made by its crate's `plugin()`, and registered by generated code under its id. It is asked once for each place where the wiring names it.
//! [`client_wrapper`](crate::client_wrapper), [`server_wrapper`](crate::server_wrapper) and [`Offers`](crate::Offers) are short forms for the usual cases.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use futures_util::future::BoxFuture;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::any_instance::AnyInstance;
use crate::balance::Balance;
use crate::call::Edge;
use crate::chain::{Endpoint, Wrapper};
use crate::clock::Clock;
use crate::drain::Drain;
use crate::error::StartError;
use crate::instance::InterfaceGlue;
use crate::limit::MessageLimit;
use crate::method::Interface;
use crate::metrics::Metrics;
use crate::policy::RetryBudget;
use crate::random::Rng;
use crate::server::Server;
use crate::settings::Settings;
use crate::shared_state::SharedState;

/// The runtime half of a wrapper.
pub trait WrapperPlugin: Send + Sync {
    /// The wrapper on the caller's side of an edge; `None` when it has none there.
    ///
    /// A wrapper in a slot inside `balance`, such as a breaker, is made once for each endpoint of the callee.
    ///
    /// # Errors
    /// Settings that cannot be read.
    fn client(&self, cx: &WrapperContext) -> Result<Option<Arc<dyn Wrapper>>, StartError> {
        let _ = cx;
        Ok(None)
    }

    /// How the edge's calls are spread over the callee's endpoints; `None` when the plugin does not decide that.
    ///
    /// # Errors
    /// Settings that cannot be read.
    fn balance(&self, cx: &WrapperContext) -> Result<Option<Balance>, StartError> {
        let _ = cx;
        Ok(None)
    }

    /// The wrapper in front of an instance that a listener serves; `None` when it has none there.
    ///
    /// # Errors
    /// Settings that cannot be read.
    fn server(&self, cx: &WrapperContext) -> Result<Option<Arc<dyn Wrapper>>, StartError> {
        let _ = cx;
        Ok(None)
    }

    /// Hands over what is buffered (telemetry) when the process stops; dropped after 2 s.
    fn flush(&self) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }
}

/// On which side of a call a wrapper sits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// The caller's.
    Client,
    /// The callee's.
    Server,
}

/// The sources of time and randomness, the metrics and the names of one process.
#[derive(Debug, Clone)]
pub struct Surroundings {
    /// The application's name.
    pub app: Arc<str>,
    /// The process's name.
    pub process: Arc<str>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub rng: Arc<dyn Rng>,
    /// Where metrics are registered.
    pub metrics: Metrics,
}

impl Default for Surroundings {
    /// Real time, real randomness and fresh metrics; for tests of plugins.
    fn default() -> Self {
        Self {
            app: Arc::from("test"),
            process: Arc::from("test"),
            clock: Arc::new(crate::clock::RealClock),
            rng: Arc::new(crate::random::RealRng),
            metrics: Metrics::default(),
        }
    }
}

/// Where a wrapper sits.
#[derive(Debug, Clone)]
pub struct WrapperContext {
    /// Who calls whom. On the server's side the caller is `*`.
    pub edge: Arc<Edge>,
    /// Which side.
    pub side: Side,
    /// What the callee implements.
    pub interface: &'static Interface,
    /// What carries the calls.
    pub system: System,
    /// The wrapper's settings here: `cx.settings.live::<RetrySettings>()?`.
    pub settings: Settings,
    /// What the wrappers of this edge share; on the server's side, those in front of this instance, on all its listeners in this process.
    pub shared: SharedState,
    /// Clock, randomness, metrics, names.
    pub surroundings: Surroundings,
}

impl WrapperContext {
    /// The budget of the edge: every wrapper that repeats its calls takes from it.
    pub fn retry_budget(&self) -> Arc<Mutex<RetryBudget>> {
        let now = self.surroundings.clock.now();
        self.shared.get_or_init(|| Mutex::new(RetryBudget::new(now)))
    }
}

/// What carries the calls of an edge, in the words of OpenTelemetry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum System {
    /// Calls of a service: `rpc.system.name`.
    Rpc(&'static str),
    /// Calls of a backend.
    Database(Database),
}

/// `rpc.system.name` of calls that no system known to OpenTelemetry carries.
const OWN_RPC: &str = "bp";

impl Default for System {
    /// A call inside a process.
    fn default() -> Self {
        Self::Rpc(OWN_RPC)
    }
}

/// What a backend is, in the words of OpenTelemetry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Database {
    /// `db.system.name`.
    pub system: &'static str,
    /// The host and port of its server, to which calls leave the process; `None` for what lives in the process.
    pub server: Option<(String, u16)>,
}

/// The runtime half of a transport.
pub trait TransportPlugin: Send + Sync {
    /// Its name in telemetry, if OpenTelemetry knows it as a system of remote procedure calls.
    fn system(&self) -> System {
        System::default()
    }

    /// The dialer for the callee of one edge, wherever its endpoints are.
    ///
    /// # Errors
    /// Settings that cannot be read.
    fn connect(&self, cx: ConnectContext) -> Result<Arc<dyn Dialer>, StartError>;

    /// Serves a listener until [`Drain::draining`], then finishes what is open and returns; at [`Drain::closed`] at once.
    fn serve(&self, cx: ServeContext) -> BoxFuture<'static, Result<(), StartError>>;
}

/// How a transport reaches the endpoints of one callee; [`balance`](crate::balance) decides which of them a call goes to.
pub trait Dialer: Send + Sync {
    /// A client of the endpoint at `host:port`. It connects when first used: a callee that is not up yet does not keep the caller from starting. The host's name is resolved whenever a connection is made.
    ///
    /// # Errors
    /// The address is not valid.
    fn dial(&self, address: &str) -> Result<Arc<dyn Endpoint>, StartError>;
}

/// The caller's end of a remote edge.
#[derive(Debug, Clone)]
pub struct ConnectContext {
    /// Who calls whom.
    pub edge: Arc<Edge>,
    /// What the callee implements.
    pub interface: &'static Interface,
    /// The transport's settings on the caller's side.
    pub settings: Settings,
    /// What the listener says of the callee, such as routes.
    pub callee_settings: Settings,
    /// The largest message, both ways; read from `settings` for every transport ([`MessageSettings`](bp_contract::transport::MessageSettings)).
    pub limit: MessageLimit,
    /// Clock, randomness, metrics, names.
    pub surroundings: Surroundings,
}

/// A listener to serve.
#[derive(Debug)]
pub struct ServeContext {
    /// Bound and listening.
    pub listener: TcpListener,
    /// The listener's name, `cart.grpc`.
    pub name: String,
    /// Answers calls.
    pub server: Arc<Server>,
    /// The transport's settings on this listener; those of an instance it serves are [`Served::settings`](crate::Served::settings).
    pub settings: Settings,
    /// The largest message, both ways; read from `settings` for every transport ([`MessageSettings`](bp_contract::transport::MessageSettings)).
    pub limit: MessageLimit,
    /// What the transport's compile half says of the application's services.
    pub description: Option<Arc<str>>,
    /// Whether the process takes calls: false until every instance is built, and again once it is told to stop.
    pub ready: watch::Receiver<bool>,
    /// When to stop.
    pub drain: Drain,
    /// Clock, randomness, metrics, names.
    pub surroundings: Surroundings,
}

/// The runtime half of a backend.
pub trait BackendPlugin: Send + Sync {
    /// How telemetry names an instance; a plugin overrides this when its id is not a `db.system.name`, or when it talks to a server.
    ///
    /// # Errors
    /// Settings that cannot be read.
    fn database(&self, cx: &BackendContext) -> Result<Database, StartError> {
        Ok(Database { system: cx.plugin, server: None })
    }

    /// The interfaces that it can offer, so that wrappers work on edges to it; the application knows what they extend from them.
    fn interfaces(&self) -> Vec<InterfaceGlue> {
        Vec::new()
    }

    /// Opens an instance. The [`AnyInstance`] holds an `Arc<dyn …>` of the trait that `cx.interface` names; for callers that take what it extends, the application upcasts it.
    fn open(&self, cx: BackendContext) -> BoxFuture<'_, Result<AnyInstance, StartError>>;
}

/// A backend instance to open.
#[derive(Debug, Clone)]
pub struct BackendContext {
    /// The instance's name, `cart_db`.
    pub name: String,
    /// The plugin's id, `kind` in the wiring.
    pub plugin: &'static str,
    /// The trait's path, `bp_backend::DocumentStore`.
    pub interface: String,
    /// The instance's settings.
    pub settings: Settings,
    /// Where its server is, as the environment says (`BP_ADDR_<NAME>`); it wins over the settings.
    pub address: Option<String>,
    /// A folder of its own, which exists only once the plugin creates it.
    pub folder: PathBuf,
    /// Clock, randomness, metrics, names.
    pub surroundings: Surroundings,
}
