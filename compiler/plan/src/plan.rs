//! The plan: closed, resolved, sorted.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::Shared;
use bp_contract::run_plan::{DrainPlan, SettingPlan, TablePlace, TableReader};
use bp_contract::units::format_duration;
use bp_contract::wire::WireTable;
use bp_ir::{Side, Slot};
use serde::{Serialize, Serializer};

use crate::types::{ImplementationPlan, InterfacePlan, TypeDefPlan};
use crate::value::Value;

/// The version of the plan's shape; raised when a field changes its meaning or goes away.
pub const VERSION: u32 = 1;

/// Everything that targets and analyses may know of an application under one wiring.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Plan {
    /// [`VERSION`].
    pub version: u32,
    /// The application.
    pub app: AppPlan,
    /// The wiring's name: its file's stem.
    pub wiring: String,
    /// The plugins that the wiring names, by id.
    pub plugins: BTreeMap<String, PluginPlan>,
    /// Interfaces in use, by the trait's path.
    pub interfaces: BTreeMap<String, InterfacePlan>,
    /// Types that the interfaces in use reach, by path.
    pub types: BTreeMap<String, TypeDefPlan>,
    /// Implementations in use, by definition path.
    pub implementations: BTreeMap<String, ImplementationPlan>,
    /// Instances, by name.
    pub instances: BTreeMap<String, InstancePlan>,
    /// Who calls whom, by `caller->callee`.
    pub edges: BTreeMap<String, EdgePlan>,
    /// Where services listen, by `service.transport`.
    pub listeners: BTreeMap<String, ListenerPlan>,
    /// Processes, by name.
    pub processes: BTreeMap<String, ProcessPlan>,
    /// Calls that are made once, before traffic, by name.
    pub inits: BTreeMap<String, InitPlan>,
    /// What tables and keys of plugins say, by the table's or key's name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub tables: BTreeMap<String, TablePlan>,
    /// The images that containers run, if a target builds one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub images: Option<ImagePlan>,
    /// Numbers on the wire.
    pub wire: WireTable,
    /// Edits of artifacts, in the order in which they are made.
    pub patches: Vec<PatchPlan>,
    /// Enabled targets and their settings, by id.
    pub targets: BTreeMap<String, Settings>,
    /// What the wiring says that has no effect, for `bp explain`; by the key it belongs to.
    pub dropped: BTreeMap<String, Vec<Dropped>>,
}

/// The application.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AppPlan {
    /// Its name.
    pub name: String,
    /// The workflow's package name: `leaf-workflow`.
    pub workflow_package: String,
    /// The workflow's crate name in Rust: `leaf_workflow`.
    pub workflow_crate: String,
    /// The workflow's folder, relative to the application's root.
    pub workflow_path: String,
    /// The crates with services or types that the workflow depends on by path, by name in Rust.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub crates: BTreeMap<String, CratePlan>,
    /// The crates of interfaces that services take or backends offer, by name in Rust, with where the workflow has each from; without those of the runtime and those that the workflow does not depend on.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub interface_crates: BTreeMap<String, InterfaceCratePlan>,
    /// The packages that plugins carry and that are written beside the generated one, each in a folder of its name: runtime halves of plugins in use, and what those depend on and the workflow does not have.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub carried: BTreeSet<String>,
    /// Where the runtime comes from.
    pub runtime: RuntimeSource,
    /// Where the wiring says so: `wiring/local.toml:2`.
    pub origin: String,
}

/// A crate that the workflow depends on by path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CratePlan {
    /// The package's name.
    pub package: String,
    /// Its folder, relative to the application's root.
    pub path: String,
}

/// A crate that declares interfaces of backends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct InterfaceCratePlan {
    /// The package's name.
    pub package: String,
    /// Where the workflow has it from.
    pub source: CrateSource,
}

/// Where a crate comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CrateSource {
    /// A folder relative to the application's root.
    Path(String),
    /// What a Cargo.toml requires of it, as an inline TOML value: `"0.4"`, `{ git = "…" }`.
    Requirement(String),
}

/// Where the crates of the runtime come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RuntimeSource {
    /// A folder relative to the application's root, that holds `stdlib/` and `plugins/`.
    Path(String),
    /// Published crates of a version.
    Version(String),
    /// Not said: `bp` searches it where `bp new` puts it.
    Unsaid,
}

/// A plugin in use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PluginPlan {
    /// Its key in the wiring.
    pub key: String,
    /// `wrapper`, `transport`, `backend`, `target` or `table`; no wiring names an interface.
    pub kind: String,
    /// The setting that a bare value stands for.
    pub shorthand: Option<String>,
    /// Its runtime half; a target has none.
    pub runtime: Option<RuntimeCrate>,
    /// Environment variables that its runtime half reads, handed on by targets.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub environment: Vec<String>,
    /// The settings, by dotted path, that mean something to analyses.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub means: BTreeMap<Meaning, String>,
    /// Where its runtime half connects to beside callees and stores.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub egress: BTreeSet<Egress>,
    /// What a transport speaks, if proxies know it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protocol: Option<Protocol>,
    /// Settings that all methods of an edge or service share although others differ by method, by dotted path; of a table, all in it.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub shared_by_methods: BTreeSet<String>,
    /// Its settings, by dotted path, as the running system must know them to accept changes.
    pub settings: BTreeMap<String, SettingPlan>,
}

/// What a setting of a wrapper means, whatever its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Meaning {
    /// A count: the most calls of the callee that one call may cause.
    Attempts,
    /// A duration: the most time that a call may take, further attempts included.
    Deadline,
}

/// Where a runtime half connects to beside callees and stores.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Egress {
    /// A collector of telemetry.
    Telemetry,
}

/// What a transport speaks on the wire, for proxies between caller and callee.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Protocol {
    /// HTTP/1.1 in clear text.
    Http1,
    /// HTTP/2 in clear text, with prior knowledge.
    Http2,
}

/// The runtime half of a plugin; its library's `plugin()` makes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RuntimeCrate {
    /// The package: `bp-rt-retry`.
    pub package: String,
    /// Its folder below the runtime's root: `plugins/retry/runtime`.
    pub folder: String,
}

/// Values of a plugin's settings, and where each was written.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Settings {
    /// By name; tables nest.
    pub values: Shared<BTreeMap<String, Value>>,
    /// By dotted path: `wiring/local.toml:12`, or `default`.
    pub origins: Shared<BTreeMap<String, String>>,
}

impl Settings {
    /// The value at a dotted path.
    pub fn get(&self, path: &str) -> Option<&Value> {
        let mut parts = path.split('.');
        let mut value = self.values.get(parts.next()?)?;
        for part in parts {
            value = value.as_table()?.get(part)?;
        }
        Some(value)
    }

    /// Where the value at a dotted path was written; `default` when nowhere.
    pub fn origin(&self, path: &str) -> &str {
        self.origins.get(path).map_or("default", String::as_str)
    }

    /// The settings as the type that declares them; `None` while a value is a reference, which is read at start-up.
    pub fn read<S: bp_contract::setting::Settings>(&self) -> Option<S> {
        S::read(&self.to_json()).ok()
    }

    /// The values as a JSON object.
    pub fn to_json(&self) -> serde_json::Value {
        crate::value::table_json(&self.values)
    }
}

/// Something built once: a service or a backend.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct InstancePlan {
    /// What it is.
    pub kind: InstanceKind,
    /// The interface it offers: the trait's path.
    pub interface: String,
    /// The processes and inits that hold it: one for a service, every user's for a backend.
    pub processes: BTreeSet<String>,
    /// Where the wiring declares it.
    pub origin: String,
}

/// A service or a backend.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum InstanceKind {
    /// An instance of an implementation of the workflow.
    Service(ServicePlan),
    /// Infrastructure.
    Backend(BackendPlan),
}

/// An instance of an implementation.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ServicePlan {
    /// The implementation's definition path.
    pub implementation: String,
    /// Where it was chosen.
    pub implementation_origin: String,
    /// Its strongly connected component; callees' components come first.
    pub component: u32,
    /// Its place in the order in which instances are built.
    pub order: u32,
    /// What its constructor gets, by parameter.
    pub parameters: BTreeMap<String, ParameterPlan>,
}

/// A backend instance.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BackendPlan {
    /// The plugin that makes it.
    pub plugin: String,
    /// Where it was chosen.
    pub plugin_origin: String,
    /// Its settings.
    pub settings: Settings,
    /// Whether it keeps files in the data folder of its process.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub keeps_data: bool,
    /// The server that it talks to, if it talks to one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server: Option<Box<ServerPlan>>,
}

/// The server of a networked backend.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ServerPlan {
    /// Where processes dial it: `BP_ADDR_<NAME>`, named after the instance.
    pub address: AddressPlan,
    /// Whether the wiring says where it is, so that no target deploys one.
    pub external: bool,
    /// The image of it: `postgres:17`.
    pub image: String,
    /// What follows the image's entry point on its command line.
    pub arguments: Vec<String>,
    /// Its environment: texts and references. A secret or file `X` is handed over as `X_FILE`, as the usual images have it.
    pub environment: BTreeMap<String, Value>,
    /// Settings of the backend that a deployed server needs and the wiring does not give.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
    /// The command that succeeds inside its container when it answers; empty if its port tells all.
    pub health: Vec<String>,
    /// The folder that must outlive its container.
    pub data: Option<String>,
    /// The user and group, by number, that it runs as.
    pub user: u32,
    /// Folders that it writes to and that may be lost.
    pub scratch: Vec<String>,
    /// What it may use.
    pub resources: ResourcesPlan,
}

/// What a container may use; the request and the limit are equal, so that a neighbour changes nothing.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ResourcesPlan {
    /// Processors, 0.5 for half of one.
    pub cpu: f64,
    /// Bytes of memory.
    pub memory: u64,
    /// Bytes on disk beside volumes: logs and scratch files.
    pub storage: u64,
}

impl InstancePlan {
    /// The service, if it is one.
    pub fn service(&self) -> Option<&ServicePlan> {
        if let InstanceKind::Service(service) = &self.kind { Some(service) } else { None }
    }

    /// The backend, if it is one.
    pub fn backend(&self) -> Option<&BackendPlan> {
        if let InstanceKind::Backend(backend) = &self.kind { Some(backend) } else { None }
    }

    /// The server that a target deploys for it, if it is a backend that needs one and the wiring does not say that it is elsewhere.
    pub fn deployed_server(&self) -> Option<&ServerPlan> {
        self.backend()?.server.as_deref().filter(|server| !server.external)
    }
}

/// What a constructor's parameter gets.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ParameterPlan {
    /// An instance.
    Instance(BoundInstance),
    /// Several instances, in the wiring's order.
    Instances(Vec<BoundInstance>),
    /// A value, which may change without a rebuild.
    Value {
        /// The value.
        value: Value,
        /// Where it was written.
        origin: String,
    },
    /// Nothing, for an `Option`.
    Absent,
}

/// An instance that a parameter gets, and the edge it is called through.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BoundInstance {
    /// The instance.
    pub instance: String,
    /// The edge.
    pub edge: String,
    /// Where it was written; `automatic` when the wiring leaves it to the type.
    pub origin: String,
}

/// Calls from one instance to another.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EdgePlan {
    /// The caller; `client` for the outside world.
    pub caller: String,
    /// The callee.
    pub callee: String,
    /// The interface that is called: the trait's path.
    pub interface: String,
    /// What the callee is, and whether the outside calls.
    pub kind: EdgeClass,
    /// Whether it crosses a process.
    pub remote: bool,
    /// Whether both ends are in one strongly connected component.
    pub cyclic: bool,
    /// Wrappers at the caller, outermost first.
    pub client: Vec<WrapperPlan>,
    /// The transport, when remote.
    pub transport: Option<TransportPlan>,
    /// Where the callee listens for it, when remote.
    pub listener: Option<String>,
    /// The deadline for a call that arrives without one, when it is remote and no wrapper in the deadline's slot gives every method one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deadline: Option<DeadlinePlan>,
    /// Where it comes from: the parameter in the wiring, or the `client -> X` line.
    pub origin: String,
}

/// How long a call without a deadline may take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeadlinePlan {
    /// Counted from when it is sent, or from when it arrives; written `30s`.
    #[serde(serialize_with = "serialize_duration")]
    pub after: Duration,
    /// Where it comes from: `built in`.
    pub origin: String,
}

impl Default for DeadlinePlan {
    /// 30 s, the one default that applies without being asked for, so that no call waits for ever.
    fn default() -> Self {
        Self { after: Duration::from_secs(30), origin: "built in".to_owned() }
    }
}

fn serialize_duration<S: Serializer>(value: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&format_duration(*value))
}

/// Classes of edges, as plugins accept them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EdgeClass {
    /// Service to service.
    Service,
    /// Service to backend.
    Backend,
    /// The outside world to a service.
    Entry,
}

impl EdgeClass {
    /// Its name in messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Service => "service",
            Self::Backend => "backend",
            Self::Entry => "entry",
        }
    }
}

/// One wrapper of a chain.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WrapperPlan {
    /// The plugin.
    pub plugin: String,
    /// The side it runs at.
    pub side: Side,
    /// Its slot.
    pub slot: Slot,
    /// Settings of every method that has none of its own.
    pub settings: Settings,
    /// Settings of methods that differ, complete, by method.
    pub methods: BTreeMap<String, Settings>,
    /// Methods that the wrapper leaves alone.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub off: BTreeSet<String>,
    /// Where its key was written.
    pub origin: String,
}

/// The transport of an edge.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TransportPlan {
    /// The plugin.
    pub plugin: String,
    /// Its settings, and below them what it takes beside `rpc`, such as routes.
    pub settings: Settings,
    /// Where it was chosen.
    pub origin: String,
}

/// A place where a process listens.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ListenerPlan {
    /// The process.
    pub process: String,
    /// The transport plugin.
    pub transport: String,
    /// The transport's settings.
    pub settings: Settings,
    /// The services behind it, by instance.
    pub serves: BTreeMap<String, ServedPlan>,
    /// Its address.
    pub address: AddressPlan,
    /// Whether `client` calls through it.
    pub entry: bool,
    /// Where the first of its callers, the outside world before others, chose the transport.
    pub origin: String,
}

/// A service behind a listener.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ServedPlan {
    /// The interface.
    pub interface: String,
    /// Wrappers at the listener, outermost first.
    pub server: Vec<WrapperPlan>,
    /// What the transport takes beside `rpc`, such as routes; from the entry edge.
    pub settings: Settings,
    /// What a call that arrives without a deadline gets, unless the outside world's edge gives every method one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deadline: Option<DeadlinePlan>,
}

/// A place to dial and to listen on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AddressPlan {
    /// Its name, as in `BP_ADDR_<NAME>`: `CART_GRPC`.
    pub name: String,
    /// The port unless the environment says otherwise.
    pub port: u16,
}

/// A process.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ProcessPlan {
    /// Its instances: backends by name, then services in the order they are built.
    pub instances: Vec<String>,
    /// Its listeners, by name.
    pub listeners: BTreeSet<String>,
    /// Its admin listener.
    pub admin: AddressPlan,
    /// How many run.
    pub replicas: Replicas,
    /// Whether it must end before another copy of it starts, because one of its backends keeps its content in one process.
    pub exclusive: bool,
    /// How it stops.
    pub drain: DrainPlan,
    /// What one replica may use.
    pub resources: ResourcesPlan,
    /// Where its settings were written, by dotted path: `replicas`, `drain.limit`; those at their default are absent.
    pub origins: BTreeMap<String, String>,
    /// Where each of its services was put here, by service; `automatic` for one that no process claims.
    pub claims: BTreeMap<String, String>,
    /// Where the wiring names it; its only service's line when it does not.
    pub origin: String,
}

/// A call that is made once, before traffic, in a process of its own that then ends.
///
/// The application's binary makes it under `BP_INIT=<name>`, with the addresses and settings that a process gets, and exits with 0 when it is done.
/// It listens nowhere, nothing waits for it to be ready, and it may run again: its method is idempotent.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct InitPlan {
    /// The service, which is in no process and belongs to this init alone.
    pub callee: String,
    /// The method.
    pub method: String,
    /// Its arguments, as a JSON object.
    pub arguments: serde_json::Value,
    /// Its instances: backends by name, then the service.
    pub instances: Vec<String>,
    /// What its container may use.
    pub resources: ResourcesPlan,
    /// Whether it calls no process, so that it can run before any is up; a backend in a file, which belongs to one process at a time, asks for that.
    pub first: bool,
    /// Where the wiring names it.
    pub origin: String,
}

/// How many replicas of a process run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Replicas {
    /// Always as many.
    Fixed(u32),
    /// As many as the load needs.
    Between {
        /// Fewest.
        least: u32,
        /// Most.
        most: u32,
        /// The share of the granted CPU, in percent, above which replicas are added.
        cpu_percent: u32,
    },
}

impl Replicas {
    /// How many run at least, and where nothing scales.
    pub const fn least(self) -> u32 {
        match self {
            Self::Fixed(count) => count,
            Self::Between { least, .. } => least,
        }
    }

    /// How many run at most.
    pub const fn most(self) -> u32 {
        match self {
            Self::Fixed(count) => count,
            Self::Between { most, .. } => most,
        }
    }
}

/// The images that containers run: what a target that builds them fills in, and targets that run them read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ImagePlan {
    /// The image that compiles.
    pub builder: String,
    /// The image below the program; "scratch" for none.
    pub runtime: String,
    /// The registry that replaces the own registry of every image except the application's.
    pub registry: Option<String>,
    /// The application's image, with its tag.
    pub application: String,
    /// The file that builds the application's image, by path below the output folder.
    pub dockerfile: String,
    /// Files and folders, from the application's folder, that the build needs beside the workflow's.
    pub include: Vec<String>,
}

/// A table of a plugin, or its key in the tables of others.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TablePlan {
    /// The plugin that owns it.
    pub plugin: String,
    /// Where it stands.
    pub place: TablePlace,
    /// Who reads it at run time, if anybody does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reader: Option<TableReader>,
    /// The setting that a bare value stands for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shorthand: Option<String>,
    /// Whether values are as written: a `{ env = "X" }` in an entry is a table, not a reference.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub verbatim: bool,
    /// Its settings, by dotted path.
    pub settings: BTreeMap<String, SettingPlan>,
    /// Its entries, by name, or in the order written where that means something.
    pub entries: Vec<EntryPlan>,
}

/// One entry of a table, or one place that has the key.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EntryPlan {
    /// The entry's name; of a key, the place: a process, a backend, a service, `a->b`, `app`.
    pub name: String,
    /// Its settings, defaults filled in.
    pub settings: Settings,
    /// Settings of methods that differ, complete, by method.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub methods: BTreeMap<String, Settings>,
    /// Methods that it leaves alone.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub off: BTreeSet<String>,
    /// Where it is written first; where it is listed, if the wiring does not name it.
    pub origin: String,
}

/// An edit of an artifact after it is made.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PatchPlan {
    /// The artifact's path in the output folder.
    pub file: String,
    /// The place in it, as JSON Pointer.
    pub pointer: String,
    /// The new value; `None` removes what is there.
    pub value: Option<serde_json::Value>,
    /// Why it is needed.
    pub reason: String,
    /// Where it was written.
    pub origin: String,
}

/// Something that the wiring says and that has no effect.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Dropped {
    /// What: `retry`.
    pub what: String,
    /// Why.
    pub why: String,
    /// Where it was written.
    pub origin: String,
}
