//! Applications in memory, and a set of small plugins.

use std::time::Duration;

use bp_contract::setting::{PerMethod, Ratio, Secret, Settings, Size};
use bp_diag::{Diagnostic, SourceMap};
use bp_lower::{Input, Lowered, NoObserver, PassObserver, lower};
use bp_plugin::{
    ClientSlot, EdgeClasses, Feature, Meaning, Plugin, Registry, ServerSlot, ServerSpec,
    ServerValue, backend, interface, target, transport, wrapper,
};
use bp_system::MemorySystem;
use bp_wiring::WiringModel;
use bp_workflow::WorkflowModel;

/// Gives up.
#[derive(Settings)]
#[settings(shorthand = "after")]
struct Timeout {
    /// How long.
    #[setting(range = "1ms"..="1h", example = "\"500ms\"")]
    after: Duration,
}

pub(crate) static TIMEOUT: Plugin = wrapper::<Timeout>("timeout")
    .client(ClientSlot::Deadline)
    .means(&[(Meaning::Deadline, Timeout::AFTER.name())])
    .in_process()
    .edges(EdgeClasses::ALL)
    .declare();

/// Repeats.
#[derive(Settings)]
#[settings(shorthand = "attempts")]
struct Retry {
    /// How many.
    #[setting(default = 3, range = 1..=5)]
    attempts: u32,
    /// The budget.
    budget: Budget,
}

#[derive(Settings)]
#[settings(shorthand = "ratio")]
struct Budget {
    /// The share.
    #[setting(default = 0.1)]
    ratio: Ratio,
    /// How long.
    #[setting(default = "10s")]
    ttl: Duration,
}

pub(crate) static RETRY: Plugin = wrapper::<Retry>("retry")
    .client(ClientSlot::Retry)
    .means(&[(Meaning::Attempts, Retry::ATTEMPTS.name())])
    .declare();

/// Wants retry's slot.
#[derive(Settings)]
struct Replay {}

pub(crate) static REPLAY: Plugin = wrapper::<Replay>("replay").client(ClientSlot::Retry).declare();

/// Spans.
#[derive(Settings)]
#[settings(shorthand = "exporter")]
struct Trace {
    /// Where spans go.
    #[setting(default = "otlp")]
    exporter: Exporter,
}

#[derive(Clone, Copy, Settings)]
enum Exporter {
    Otlp,
    None,
}

pub(crate) static TRACE: Plugin = wrapper::<Trace>("trace")
    .client(ClientSlot::Trace)
    .server(ServerSlot::Trace)
    .instance_wide()
    .in_process()
    .whole_edges()
    .edges(EdgeClasses::INSIDE)
    .environment(&["OTEL_EXPORTER_OTLP_ENDPOINT"])
    .declare();

/// Carries calls.
#[derive(Settings)]
struct Transport {
    /// Largest.
    #[setting(default = "4MiB")]
    max_message: Size,
}

#[derive(Settings)]
struct Routes {
    /// Routes.
    routes: PerMethod<String>,
}

pub(crate) static GRPC: Plugin = transport::<Transport>("grpc").declare();

pub(crate) static HTTP: Plugin =
    transport::<Transport>("http").usual_for_entries().beside::<Routes>().declare();

const CACHE: &str = "bp_backend::Cache";
pub(crate) const DOCUMENT_STORE: &str = "bp_backend::DocumentStore";

pub(crate) static CACHES: Plugin = interface(
    "cache",
    "Keeps values.",
    CACHE,
    include_str!("../../../../stdlib/backend/src/cache.rs"),
)
.declare();
pub(crate) static DOCUMENT_STORES: Plugin = interface(
    "document_store",
    "Keeps documents.",
    DOCUMENT_STORE,
    include_str!("../../../../stdlib/backend/src/document.rs"),
)
.declare();

/// In memory.
#[derive(Settings)]
struct Memory {}

pub(crate) static MEMORY: Plugin =
    backend::<Memory>("memory", &[CACHE, DOCUMENT_STORE]).one_process().declare();

/// A server.
#[derive(Settings)]
struct ServerDb {
    /// Where.
    address: Option<String>,
    /// The password.
    password: Option<Secret>,
    /// Connections.
    #[setting(default = 4)]
    pool: u32,
}

pub(crate) static SERVER_DB: Plugin = backend::<ServerDb>("server-db", &[DOCUMENT_STORE])
    .server(
        ServerSpec::new("docker.io/library/server-db:1", 5000)
            .environment(&[
                ("DB_NAME", ServerValue::Name),
                ("DB_PASSWORD", ServerValue::Secret("password")),
            ])
            .health(&["db-ready"])
            .data("/var/lib/db")
            .resources(0.5, "512MiB", "2GiB"),
    )
    .declare();

/// A file.
#[derive(Settings)]
struct Filed {}

/// Keeps a file.
pub(crate) static FILED: Plugin =
    backend::<Filed>("filed", &[CACHE]).one_process().keeps_data().declare();

/// Local.
#[derive(Settings)]
struct Local {}

pub(crate) static PROCESS: Plugin = target::<Local>("process", &Feature::ALL).declare();

pub(crate) fn registry() -> Registry {
    Registry::new([
        &TIMEOUT,
        &RETRY,
        &REPLAY,
        &TRACE,
        &GRPC,
        &HTTP,
        &CACHES,
        &DOCUMENT_STORES,
        &MEMORY,
        &SERVER_DB,
        &FILED,
        &PROCESS,
    ])
}

pub(crate) const MANIFEST: &str = "[package]\nname = \"shop-workflow\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[dependencies]\nbp-std = \"0.1\"\n";

/// Two services in a cycle, a front, and one that nobody has to use.
pub(crate) const SHOP: &str = r#"
use std::sync::Arc;
use std::time::Duration;
use bp_std::{Cache, Data, DocumentStore, Infra, InitError, ServiceError, service};

#[service]
pub trait Front {
    async fn show(&self, user: String, page: Option<u32>) -> Result<Vec<Item>, ShopError>;
    async fn buy(&self, user: String, item: Item) -> Result<(), ShopError>;
}
#[service]
pub trait Cart {
    #[idempotent]
    async fn list(&self, user: String) -> Result<Vec<Item>, ShopError>;
    async fn add(&self, user: String, item: Item) -> Result<(), ShopError>;
}
#[service]
pub trait Users {
    #[idempotent]
    async fn name(&self, user: String) -> Result<String, ShopError>;
}
#[service]
pub trait Sizes {
    async fn count(&self) -> Result<usize, ShopError>;
}

#[derive(Debug, Clone, PartialEq, Data)]
pub struct Item { pub sku: String, pub quantity: u32, pub shape: Shape }
#[derive(Debug, Clone, PartialEq, Data)]
pub enum Shape { Round, Box { width: u32 } }
#[derive(Debug, ServiceError)]
pub enum ShopError { #[status(not_found, "no item {0}")] NoSuchItem(String), #[infra] Infra(Infra) }

pub static RELATED: bp_std::Knob = bp_std::knob!("related");

pub struct FrontImpl { cart: Arc<dyn Cart>, users: Arc<dyn Users> }
impl FrontImpl {
    pub fn new(cart: Arc<dyn Cart>, users: Arc<dyn Users>, page_size: u32, wait: Option<Duration>) -> Self { todo!() }
}
#[service]
impl Front for FrontImpl {
    async fn show(&self, user: String, page: Option<u32>) -> Result<Vec<Item>, ShopError> { todo!() }
    async fn buy(&self, user: String, item: Item) -> Result<(), ShopError> { todo!() }
}

pub struct CartImpl { db: Arc<dyn DocumentStore>, users: Arc<dyn Users> }
impl CartImpl {
    pub async fn new(db: Arc<dyn DocumentStore>, users: Arc<dyn Users>) -> Result<Self, InitError> { todo!() }
    pub async fn run(&self) {}
}
#[service]
impl Cart for CartImpl {
    async fn list(&self, user: String) -> Result<Vec<Item>, ShopError> { todo!() }
    async fn add(&self, user: String, item: Item) -> Result<(), ShopError> { todo!() }
}

pub struct UsersImpl { cart: Arc<dyn Cart>, cache: Arc<dyn Cache> }
impl UsersImpl {
    pub fn new(cart: Arc<dyn Cart>, cache: Arc<dyn Cache>) -> Self { todo!() }
}
#[service]
impl Users for UsersImpl {
    async fn name(&self, user: String) -> Result<String, ShopError> { todo!() }
}

pub struct SizesImpl;
impl SizesImpl { pub fn new() -> Self { Self } }
#[service]
impl Sizes for SizesImpl {
    async fn count(&self) -> Result<usize, ShopError> { todo!() }
}
"#;

/// The wiring of [`SHOP`] as three processes.
pub(crate) const MICRO: &str = r#"[app]
name = "shop"
workflow = "../workflow"

[backend]
cart_db = { kind = "memory" }
users_cache = { kind = "memory" }

[service]
front = { impl = "FrontImpl", page_size = 20 }
cart  = { impl = "CartImpl" }
users = { impl = "UsersImpl" }

[edge."*"]
rpc = "grpc"
timeout = "500ms"
retry = { attempts = 3, budget = 0.2 }

[edge."* -> cart.list"]
timeout = "200ms"

[edge."client -> front"]
rpc = "http"
timeout = "2s"
routes = { show = "GET /items" }

[server."*"]
trace = "otlp"

[target]
enabled = ["process"]
"#;

/// A parsed application.
pub(crate) struct App {
    pub sources: SourceMap,
    pub workflow: WorkflowModel,
    pub wiring: WiringModel,
    pub registry: Registry,
    pub front_end: Vec<Diagnostic>,
}

impl App {
    pub(crate) fn new(workflow: &str, wiring: &str) -> Self {
        Self::files(workflow, &[("wiring/local.toml", wiring)], registry())
    }

    /// The last file is the wiring that is read.
    pub(crate) fn files(workflow: &str, wirings: &[(&str, &str)], registry: Registry) -> Self {
        let mut system = MemorySystem::new()
            .with_file("workflow/Cargo.toml", MANIFEST)
            .with_file("workflow/src/lib.rs", workflow);
        for (path, text) in wirings {
            system = system.with_file(*path, *text);
        }
        let mut sources = SourceMap::new();
        let offered = registry.interface_paths();
        let (workflow, mut faults) =
            bp_workflow::read(&system, &mut sources, "workflow".into(), &offered);
        let main = wirings.last().unwrap().0;
        let (wiring, more) =
            bp_wiring::read(&system, &mut sources, &registry.grammar(), main.into());
        faults.append(more);
        Self { sources, workflow, wiring, registry, front_end: faults.sorted() }
    }

    pub(crate) fn lower(&self) -> Lowered {
        self.watch(&mut NoObserver)
    }

    pub(crate) fn watch(&self, observe: &mut dyn PassObserver) -> Lowered {
        let input = Input {
            workflow: &self.workflow,
            wiring: &self.wiring,
            registry: &self.registry,
            sources: &self.sources,
            wire: &bp_contract::wire::WireTable::default(),
            root: "",
            verify: true,
        };
        lower(&input, observe)
    }

    /// Every complaint, front ends included: `BP3007 wiring/local.toml:9 message`.
    pub(crate) fn complaints(&self) -> Vec<String> {
        let mut all: Vec<Diagnostic> = self.front_end.clone();
        all.extend(self.lower().diagnostics.sorted());
        all.iter()
            .map(|d| {
                let place = d.primary_span().map_or("-".to_owned(), |s| self.sources.locate(s));
                format!("{} {place} {}", d.code.id, d.message)
            })
            .collect()
    }

    /// The plan; panics with the complaints when there is none.
    pub(crate) fn plan(&self) -> bp_plan::Plan {
        let complaints = self.complaints();
        self.lower().plan.unwrap_or_else(|| panic!("{complaints:#?}"))
    }
}
