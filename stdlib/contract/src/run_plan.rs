//! The run plan, `plan.json`: every fact of a wiring that the running system needs.
//!
//! It holds what differs between wirings, so that the same binary serves any of them.
//! Unknown fields are errors: a plan of another compiler must not be half understood.

mod stack;
mod text;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::selector::CLIENT;
pub use crate::setting::{SettingPlan, SettingType};
use crate::units;
use crate::wire::WireTable;
pub use stack::{Stack, StackTable, StackTableBuilder};

/// The version of the plan's form; raised when a runtime of the version before would misread it.
pub const VERSION: u32 = 1;

/// The process name that stands for all of them in one.
pub const ALL: &str = "*";

/// The whole plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunPlan {
    /// [`VERSION`].
    pub version: u32,
    /// The application's name.
    pub app: String,
    /// The wiring's name.
    pub wiring: String,
    /// The runtime that it is for: [`crate::VERSION`].
    pub runtime: String,
    /// What configuration may say of each plugin in use, by plugin.
    #[serde(default)]
    pub plugins: BTreeMap<String, PluginPlan>,
    /// What transports tell of the services that they carry, by plugin.
    #[serde(default)]
    pub descriptions: BTreeMap<String, Arc<str>>,
    /// Lists of wrappers that edges and listeners share, by the name that they have there.
    #[serde(default)]
    pub stacks: StackTable,
    /// Services and backends, by name.
    pub instances: BTreeMap<String, InstancePlan>,
    /// Who calls whom, by `caller->callee`.
    #[serde(default)]
    pub edges: BTreeMap<String, EdgePlan>,
    /// Where services listen, by `service.transport`.
    #[serde(default)]
    pub listeners: BTreeMap<String, ListenerPlan>,
    /// Processes, by name.
    pub processes: BTreeMap<String, ProcessPlan>,
    /// Calls that are made once before traffic, by name.
    #[serde(default)]
    pub inits: BTreeMap<String, InitPlan>,
    /// What tables and keys of plugins say, by the table's or key's name.
    #[serde(default)]
    pub tables: BTreeMap<String, TablePlan>,
    /// Numbers in messages.
    #[serde(default)]
    pub wire: WireTable,
}

/// What configuration may say of a plugin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PluginPlan {
    /// Its key in the wiring.
    pub key: String,
    /// `wrapper`, `transport`, `backend`, `table` or `target`.
    #[serde(default)]
    pub kind: Option<String>,
    /// The setting that a bare value stands for.
    #[serde(default)]
    pub shorthand: Option<String>,
    /// Settings that all methods of an edge or service share although others differ by method, by dotted path; of a table, all in it.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub shared_by_methods: BTreeSet<String>,
    /// Its settings, by dotted path.
    #[serde(default)]
    pub settings: BTreeMap<String, SettingPlan>,
}

/// Where a table or key of a plugin stands in the wiring.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TablePlace {
    /// `[smoke.add]`: a table of its own, with entries by name.
    TopLevel,
    /// A key of `[app]`.
    App,
    /// A key of `[process.name]`.
    Process,
    /// A key of `[backend.name]`.
    Backend,
    /// A key of `[edge."caller -> callee"]`.
    Edge,
    /// A key of `[server."service"]`.
    Server,
}

impl TablePlace {
    /// Whether `process`, a process or an init, holds what an entry is about, so that it reads the entry and resolves its references.
    ///
    /// `entry` is the entry's name in the plan, and `holds` says whether an instance is in `process`.
    pub fn reaches(self, entry: &str, process: &str, holds: impl FnOnce(&str) -> bool) -> bool {
        match self.readers(entry) {
            EntryReaders::Everybody => true,
            EntryReaders::Process(name) => process == ALL || process == name,
            EntryReaders::HoldersOf(instance) => holds(instance),
            EntryReaders::Nobody => false,
        }
    }

    /// Whom an entry with this name in the plan reaches.
    ///
    /// An entry of a top-level table or of `[app]` is everybody's; one of an edge is the caller's.
    /// For `client->x` that is the process of `x`, which carries out what the wiring says of callers outside.
    pub fn readers(self, entry: &str) -> EntryReaders<'_> {
        match self {
            Self::TopLevel | Self::App => EntryReaders::Everybody,
            Self::Process => EntryReaders::Process(entry),
            Self::Backend | Self::Server => EntryReaders::HoldersOf(entry),
            Self::Edge => match entry.split_once("->") {
                Some((CLIENT, callee)) => EntryReaders::HoldersOf(callee),
                Some((caller, _)) => EntryReaders::HoldersOf(caller),
                None => EntryReaders::Nobody,
            },
        }
    }
}

/// Whom an entry of a table or key reaches, of the processes and inits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryReaders<'a> {
    /// All of them.
    Everybody,
    /// The process of this name, and one that holds everything ([`ALL`]).
    Process(&'a str),
    /// Those that hold this instance.
    HoldersOf(&'a str),
    /// None; the name is not that of a place.
    Nobody,
}

/// Who reads a table at run time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TableReader {
    /// Every process, when it starts and when the configuration changes.
    Process,
    /// Only the program in the mode of the table's plugin, which calls the running system from outside.
    Mode,
}

/// A table of a plugin, or its key in the tables of others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TablePlan {
    /// The plugin that owns it.
    pub plugin: String,
    /// Where it stands.
    pub place: TablePlace,
    /// Who reads it.
    pub reader: TableReader,
    /// The setting that a bare value stands for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shorthand: Option<String>,
    /// Whether values are as written: a `{ env = "X" }` in an entry is a table, not a reference.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub verbatim: bool,
    /// Its settings, by dotted path.
    #[serde(default)]
    pub settings: BTreeMap<String, SettingPlan>,
    /// Its entries, by name, or in the order written where that means something.
    #[serde(default)]
    pub entries: Vec<EntryPlan>,
}

/// One entry of a table, or one place that has the key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EntryPlan {
    /// The entry's name, or the place.
    pub name: String,
    /// Its settings.
    #[serde(default)]
    pub settings: Value,
    /// Complete settings of the methods that differ.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub methods: BTreeMap<String, Value>,
    /// Methods that it leaves alone.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub off: BTreeSet<String>,
}

/// Something built once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum InstancePlan {
    /// Of an implementation in the workflow.
    Service {
        /// The implementation's definition path.
        implementation: String,
        /// The interface it offers: the trait's path.
        interface: String,
        /// The process or init that hosts it.
        process: String,
        /// Its strongly connected component.
        #[serde(default)]
        component: u32,
        /// Its place in the order in which instances are built.
        order: u32,
        /// What its constructor gets, by parameter.
        #[serde(default)]
        parameters: BTreeMap<String, ParameterPlan>,
    },
    /// Of a backend plugin.
    Backend {
        /// The plugin that makes it.
        plugin: String,
        /// The interface that it is opened as: the trait's path. Its callers take this or what it extends.
        interface: String,
        /// The processes and inits that hold it.
        #[serde(default)]
        processes: BTreeSet<String>,
        /// Its settings.
        #[serde(default)]
        settings: Value,
    },
}

/// What a constructor's parameter gets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ParameterPlan {
    /// An instance.
    Instance(BoundPlan),
    /// Several instances, in the wiring's order.
    Instances(InstancesPlan),
    /// A value.
    Value(ValuePlan),
    /// Nothing, for an `Option`.
    Absent(AbsentPlan),
}

/// An instance, and the edge it is called through.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BoundPlan {
    /// The instance.
    pub instance: String,
    /// The edge.
    pub edge: String,
}

/// Several instances.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InstancesPlan {
    /// Each with its edge.
    pub instances: Vec<BoundPlan>,
}

/// A value that the wiring gives.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ValuePlan {
    /// The value.
    pub value: Value,
    /// Whether configuration may replace it.
    #[serde(default)]
    pub tunable: bool,
}

/// No instance and no value: `{ "absent": true }`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AbsentPlan {
    /// Always true; its presence tells it from the other parameters.
    pub absent: bool,
}

/// Calls from one instance to another.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EdgePlan {
    /// The caller; `client` for the outside world.
    pub caller: String,
    /// The callee.
    pub callee: String,
    /// The interface that the caller takes: the trait's path.
    pub interface: String,
    /// Whether it crosses a process.
    #[serde(default)]
    pub remote: bool,
    /// Whether both ends are in one strongly connected component.
    #[serde(default)]
    pub cyclic: bool,
    /// Wrappers at the caller, outermost first.
    #[serde(default)]
    pub client: Stack,
    /// The transport, when remote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transport: Option<TransportPlan>,
    /// Where the callee listens for it, when remote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub listener: Option<String>,
    /// What a call without a deadline gets.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "deadline")]
    pub deadline: Option<Duration>,
}

/// One wrapper of a chain.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WrapperPlan {
    /// The plugin.
    pub plugin: String,
    /// Of every method without settings of its own.
    #[serde(default)]
    pub settings: Value,
    /// Complete settings of the methods that differ.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub methods: BTreeMap<String, Value>,
    /// Methods that the wrapper leaves alone.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub off: BTreeSet<String>,
    /// Whether every endpoint of the callee has one for itself.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub each_endpoint: bool,
}

/// The way across.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TransportPlan {
    /// The plugin.
    pub plugin: String,
    /// Its settings.
    #[serde(default)]
    pub settings: Value,
}

/// A place where a process listens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListenerPlan {
    /// The process.
    pub process: String,
    /// The transport plugin.
    pub transport: String,
    /// The transport's settings.
    #[serde(default)]
    pub settings: Value,
    /// The services behind it, by instance.
    pub serves: BTreeMap<String, ServedPlan>,
    /// The name of its address, as in `BP_ADDR_<NAME>`.
    pub address: String,
    /// The port unless the environment says otherwise.
    pub port: u16,
    /// Whether the outside calls through it.
    #[serde(default)]
    pub entry: bool,
}

/// A service behind a listener.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServedPlan {
    /// The interface: the trait's path.
    pub interface: String,
    /// Wrappers at the listener, outermost first.
    #[serde(default)]
    pub server: Stack,
    /// What the transport takes beside its own settings, such as routes.
    #[serde(default)]
    pub settings: Value,
    /// What a call that arrives without a deadline gets.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "deadline")]
    pub deadline: Option<Duration>,
}

/// A process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProcessPlan {
    /// What it hosts: backends by name, then services in the order they are built.
    pub instances: Vec<String>,
    /// Its listeners, by name.
    #[serde(default)]
    pub listeners: BTreeSet<String>,
    /// Its admin listener.
    pub admin: AddressPlan,
    /// How many run.
    #[serde(default)]
    pub replicas: u32,
    /// How it stops.
    #[serde(default)]
    pub drain: DrainPlan,
}

/// A place to dial and to listen on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AddressPlan {
    /// Its name, as in `BP_ADDR_<NAME>`: `CART_GRPC`.
    pub address: String,
    /// The port unless the environment says otherwise.
    pub port: u16,
}

/// How a process stops, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DrainPlan {
    /// Between being unready and refusing connections.
    pub delay_ms: u64,
    /// For the calls that still run.
    pub limit_ms: u64,
}

impl Default for DrainPlan {
    fn default() -> Self {
        let millis = |text| {
            let time = units::parse_duration(text).unwrap_or_default();
            u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
        };
        Self { delay_ms: millis(Self::DEFAULT_DELAY), limit_ms: millis(Self::DEFAULT_LIMIT) }
    }
}

impl DrainPlan {
    /// The delay where the wiring says nothing.
    pub const DEFAULT_DELAY: &str = "500ms";
    /// The limit where the wiring says nothing.
    pub const DEFAULT_LIMIT: &str = "10s";

    /// Between being unready and refusing connections.
    pub fn delay(self) -> Duration {
        Duration::from_millis(self.delay_ms)
    }

    /// For the calls that still run.
    pub fn limit(self) -> Duration {
        Duration::from_millis(self.limit_ms)
    }
}

/// A call that is made once, in a process of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InitPlan {
    /// The service.
    pub callee: String,
    /// The method.
    pub method: String,
    /// Its arguments, as a JSON object.
    #[serde(default)]
    pub arguments: Value,
}

/// How a deadline is written: `"30s"`.
mod deadline {
    pub(super) use crate::units::{
        optional_duration as deserialize, write_optional_duration as serialize,
    };
}

/// Why a plan cannot be used.
#[derive(Debug)]
pub enum PlanFault {
    /// It is not a run plan.
    Malformed(serde_json::Error),
    /// It is of another [`VERSION`].
    Version(u32),
    /// It is for another runtime.
    Runtime(String),
    /// It names a list of wrappers that it does not have.
    NoStack {
        /// The list's name.
        stack: String,
        /// The edge or listener that names it.
        place: String,
    },
}

impl fmt::Display for PlanFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let both = "build both with the same `bp`";
        match self {
            Self::Malformed(error) => write!(f, "the run plan: {error}"),
            Self::Version(found) => write!(
                f,
                "the run plan has version {found}, this runtime reads version {VERSION}; {both}"
            ),
            Self::Runtime(found) => write!(
                f,
                "the run plan is for runtime {found}, this is runtime {}; {both}",
                crate::VERSION
            ),
            Self::NoStack { stack, place } => {
                write!(f, "the run plan has no stack `{stack}`, which `{place}` names")
            }
        }
    }
}

impl std::error::Error for PlanFault {}

impl RunPlan {
    /// Reads a plan of [`VERSION`] for this runtime; edges and listeners then hold their wrappers.
    ///
    /// # Errors
    /// It is not one, is of another version, or is not complete.
    pub fn parse(text: &str) -> Result<Self, PlanFault> {
        // The version comes first: a plan of another one may have other fields.
        #[derive(Deserialize)]
        struct Head {
            version: u32,
        }
        let head: Head = serde_json::from_str(text).map_err(PlanFault::Malformed)?;
        if head.version != VERSION {
            return Err(PlanFault::Version(head.version));
        }
        let mut plan: Self = serde_json::from_str(text).map_err(PlanFault::Malformed)?;
        if plan.runtime != crate::VERSION {
            return Err(PlanFault::Runtime(plan.runtime));
        }
        for (key, edge) in &mut plan.edges {
            edge.client.resolve(&plan.stacks, key)?;
        }
        for (name, listener) in &mut plan.listeners {
            for served in listener.serves.values_mut() {
                served.server.resolve(&plan.stacks, name)?;
            }
        }
        Ok(plan)
    }

    /// Writes it, a line an entry, so that a difference shows what it is about and a large plan stays small.
    pub fn to_text(&self) -> String {
        text::write(self)
    }
}

impl InstancePlan {
    /// The interface it offers: the trait's path.
    pub fn interface(&self) -> &str {
        match self {
            Self::Service { interface, .. } | Self::Backend { interface, .. } => interface,
        }
    }

    /// Whether `process` holds it; [`ALL`] holds everything.
    pub fn is_in(&self, process: &str) -> bool {
        process == ALL
            || match self {
                Self::Service { process: own, .. } => own == process,
                Self::Backend { processes, .. } => processes.contains(process),
            }
    }
}

#[cfg(test)]
mod tests;
