//! How a plugin is declared: a builder for each kind, so that what does not belong to a kind does not compile.
//!
//! ```
//! use std::time::Duration;
//!
//! use bp_contract::setting::Settings;
//! use bp_plugin::{ClientSlot, Plugin, wrapper};
//!
//! /// Gives up on a call after a while.
//! #[derive(Settings)]
//! #[settings(shorthand = "after")]
//! struct Timeout {
//!     /// Longest time for the whole call.
//!     #[setting(range = "1ms"..="1h", tunable)]
//!     after: Duration,
//! }
//!
//! /// `timeout = "500ms"`.
//! pub static PLUGIN: Plugin = wrapper::<Timeout>("timeout")
//!     .client(ClientSlot::Deadline)
//!     .in_process()
//!     .needs(&["no call to wait for ever"])
//!     .declare();
//! assert_eq!(PLUGIN.doc, "Gives up on a call after a while.");
//! ```
//!
//! A backend has no slot:
//!
//! ```compile_fail,E0599
//! # use bp_contract::setting::Settings;
//! # use bp_plugin::{ClientSlot, Plugin, backend};
//! /// Keeps things.
//! #[derive(Settings)]
//! struct Shelf {}
//!
//! pub static PLUGIN: Plugin =
//!     backend::<Shelf>("shelf", &[]).client(ClientSlot::Deadline).declare();
//! ```
//!
//! No plugin has two runtime halves:
//!
//! ```compile_fail,E0080
//! # use bp_contract::Package;
//! # use bp_contract::setting::Settings;
//! # use bp_plugin::{Plugin, backend};
//! /// Keeps things.
//! #[derive(Settings)]
//! struct Shelf {}
//!
//! const PACKAGE: Package = Package { name: "shelf", files: &[] };
//! pub static PLUGIN: Plugin =
//!     backend::<Shelf>("shelf", &[]).carries(PACKAGE).carries(PACKAGE).declare();
//! ```

use bp_contract::Package;
use bp_contract::metric::Metric;
use bp_contract::setting::{Settings, list_faults};
use bp_diag::PluginCode;
use bp_ir::{ClientSlot, ServerSlot};
use bp_plan::{Egress, Meaning, Plan, Protocol};

use crate::{
    ArtifactContext, CheckSettings, Declaration, Description, EdgeClasses, Feature, FillContext,
    Hooks, Kind, Level, MakePasses, Mode, OwnedTable, PlanContext, Plugin, Reach, Runtime,
    ServerSpec,
};

/// Declares a wrapper: a key on edges, under `[server]`, or both.
///
/// Say where it stands: `.client(…)`, `.server(…)` or both.
/// Without `.in_process()`, it is removed from calls inside a process; without `.whole_edges()`, its settings may differ by method.
pub const fn wrapper<S: Settings>(id: &'static str) -> WrapperBuilder {
    let kind =
        Kind::Wrapper { client: None, server: None, reach: Reach::Remote, instance_wide: false };
    let mut plugin = new::<S>(id, id, kind, Runtime::Own);
    plugin.declaration.level = Level::Method;
    WrapperBuilder(plugin)
}

/// Declares a transport, chosen by `rpc = "<id>"`, for calls between services.
pub const fn transport<S: Settings>(id: &'static str) -> TransportBuilder {
    let kind =
        Kind::Transport { beside: &[], entry: false, usual_for_entries: false, protocol: None };
    let mut plugin = new::<S>(id, "rpc", kind, Runtime::Own);
    plugin.declaration.edges = EdgeClasses::SERVICE;
    TransportBuilder(plugin)
}

/// Declares a backend, chosen by `kind = "<id>"`, that offers interfaces by path, `bp_backend::Cache`, and all that those extend.
pub const fn backend<S: Settings>(
    id: &'static str,
    interfaces: &'static [&'static str],
) -> BackendBuilder {
    let kind = Kind::Backend {
        interfaces,
        one_process: false,
        keeps_data: false,
        forgets: false,
        server: None,
    };
    BackendBuilder(new::<S>(id, "kind", kind, Runtime::Own))
}

/// Declares an interface that backends offer and services take, and says in one sentence what it is for.
///
/// `path` is its crate and its name, `bp_backend::Cache`; the trait is public at the root of its crate.
/// `source` is the text of the Rust file that declares it, marked `#[interface]`: its methods, its documentation and what it extends are read from there.
pub const fn interface(
    id: &'static str,
    doc: &'static str,
    path: &'static str,
    source: &'static str,
) -> InterfaceBuilder {
    let kind = Kind::Interface { path, source };
    let mut plugin = new::<NoSettings>(id, id, kind, Runtime::Absent);
    plugin.declaration.doc = doc;
    InterfaceBuilder(plugin)
}

/// Declares a target, enabled by `[target] enabled = ["<id>"]`, and the features of a plan that it can express.
pub const fn target<S: Settings>(id: &'static str, supports: &'static [Feature]) -> TargetBuilder {
    TargetBuilder(new::<S>(id, id, Kind::Target { supports, runs_here: None }, Runtime::Absent))
}

/// Declares an owner of tables or keys of the wiring, and says in one sentence what they are for.
pub const fn table(id: &'static str, doc: &'static str) -> TableBuilder {
    let mut plugin = new::<NoSettings>(id, id, Kind::Table { mode: None }, Runtime::Absent);
    plugin.declaration.doc = doc;
    TableBuilder(plugin)
}

/// Nothing: an interface has no settings, and those of an owner of tables are the tables'.
#[derive(Debug, Settings)]
struct NoSettings {}

const fn new<S: Settings>(
    id: &'static str,
    key: &'static str,
    kind: Kind,
    runtime: Runtime,
) -> Plugin {
    let declaration = Declaration {
        id,
        key,
        doc: S::DOC,
        kind,
        edges: EdgeClasses::NONE,
        level: Level::Edge,
        shared_by_methods: &[],
        settings: S::SETTINGS,
        shorthand: S::SHORTHAND,
        rules: list_faults::<S>,
        has_rules: S::HAS_RULES,
        runtime,
        carries_also: &[],
        environment: &[],
        about: "",
        needs: &[],
        emits: &[],
        describes: None,
        metrics: &[],
        codes: &[],
        tables: &[],
        means: &[],
        egress: &[],
        reserved: &[],
    };
    Plugin { declaration, hooks: Hooks::NONE }
}

/// What is declared of a plugin of any kind.
macro_rules! described {
    ($builder:ident) => {
        impl $builder {
            /// The declared plugin.
            pub const fn declare(self) -> Plugin {
                self.0
            }

            /// Sets what its page says beyond settings: `include_str!` of its README.
            pub const fn about(mut self, about: &'static str) -> Self {
                self.0.declaration.about = about;
                self
            }

            /// Sets the needs that it serves, each as the end of "I want …".
            pub const fn needs(mut self, needs: &'static [&'static str]) -> Self {
                self.0.declaration.needs = needs;
                self
            }
        }
    };
}

/// What is declared of a plugin that the wiring names.
macro_rules! common {
    ($builder:ident) => {
        described!($builder);

        impl $builder {
            /// Declares the codes of its own that it reports with.
            pub const fn codes(mut self, codes: &'static [PluginCode]) -> Self {
                self.0.declaration.codes = codes;
                self
            }

            /// Checks settings beyond their types, bounds, words and rules; called once for every place that sets any.
            pub const fn check(mut self, check: CheckSettings) -> Self {
                self.0.hooks.check = Some(check);
                self
            }

            /// Checks entries of tables and keys that it owns, by the table's name: `.check_entries(&[("switch", check)])`.
            ///
            /// What is checked is what types, bounds, words and rules cannot say; called once for every entry.
            pub const fn check_entries(
                mut self,
                checks: &'static [(&'static str, CheckSettings)],
            ) -> Self {
                self.0.hooks.check_entries = checks;
                self
            }

            /// Checks the whole plan, if the plugin is in use.
            pub const fn check_plan(mut self, check: fn(&mut PlanContext<'_>)) -> Self {
                self.0.hooks.check_plan = Some(check);
                self
            }

            /// Owns tables or keys of the wiring.
            pub const fn tables(mut self, tables: &'static [OwnedTable]) -> Self {
                self.0.declaration.tables = tables;
                self
            }

            /// Fills in what several plugins read of the plan.
            pub const fn fill(mut self, fill: fn(&mut FillContext<'_>)) -> Self {
                self.0.hooks.fill = Some(fill);
                self
            }

            /// Adds passes to the compiler's own.
            pub const fn passes(mut self, passes: MakePasses) -> Self {
                self.0.hooks.passes = Some(passes);
                self
            }
        }
    };
}

/// What is declared of a plugin that does something at run time.
macro_rules! running {
    ($builder:ident) => {
        impl $builder {
            /// Names environment variables that its runtime half reads, such as OTEL_EXPORTER_OTLP_ENDPOINT.
            pub const fn environment(mut self, names: &'static [&'static str]) -> Self {
                self.0.declaration.environment = names;
                self
            }

            /// Its runtime half connects to these beside callees and stores.
            pub const fn egress(mut self, egress: &'static [Egress]) -> Self {
                self.0.declaration.egress = egress;
                self
            }

            /// Sets the metrics that its runtime half registers; both halves compile the file that declares them.
            pub const fn metrics(mut self, metrics: &'static [Metric]) -> Self {
                self.0.declaration.metrics = metrics;
                self
            }
        }
    };
}

/// What is declared of a plugin that may carry a package.
macro_rules! carrying {
    ($builder:ident) => {
        impl $builder {
            /// Carries a package of a plugin outside `bp`'s repository, its runtime half or the crate of its interface: `.carries(bp_rt_pause::PACKAGE)`.
            ///
            /// # Panics
            /// When it carries one already; in a constant, the program does not compile then.
            pub const fn carries(mut self, package: Package) -> Self {
                assert!(
 self.0.declaration.carried().is_none(), "it carries a package already; `.carries_also(&[…])` is for what that one depends on"
);
                self.0.declaration.runtime = Runtime::Carried(package);
                self
            }

            /// Carries what that package depends on, too, if no other plugin is there for it: `.carries_also(&[pause_words::PACKAGE])`.
            ///
            /// # Panics
            /// When it was called before; in a constant, the program does not compile then.
            pub const fn carries_also(mut self, packages: &'static [Package]) -> Self {
                assert!(
 self.0.declaration.carries_also.is_empty(), "`.carries_also(&[…])` takes all packages at once"
);
                self.0.declaration.carries_also = packages;
                self
            }
        }
    };
}

/// What is declared of a plugin that writes files.
macro_rules! writing {
    ($builder:ident) => {
        impl $builder {
            /// Adds files, and says which, by path below the output folder, and what each is.
            pub const fn artifacts(
                mut self,
                emits: &'static [(&'static str, &'static str)],
                write: fn(&mut ArtifactContext<'_>),
            ) -> Self {
                self.0.declaration.emits = emits;
                self.0.hooks.artifacts = Some(write);
                self
            }
        }
    };
}

/// A wrapper that is being declared.
#[derive(Debug, Clone, Copy)]
pub struct WrapperBuilder(Plugin);

common!(WrapperBuilder);
running!(WrapperBuilder);
carrying!(WrapperBuilder);

impl WrapperBuilder {
    /// Works at the caller, in this slot.
    pub const fn client(mut self, slot: ClientSlot) -> Self {
        if let Kind::Wrapper { client, .. } = &mut self.0.declaration.kind {
            *client = Some(slot);
        }
        if !self.0.declaration.edges.is_any() {
            self.0.declaration.edges = EdgeClasses::SERVICE;
        }
        self
    }

    /// Works at the listener, in this slot.
    pub const fn server(mut self, slot: ServerSlot) -> Self {
        if let Kind::Wrapper { server, .. } = &mut self.0.declaration.kind {
            *server = Some(slot);
        }
        self
    }

    /// Its key under `[server]` also wraps the calls that the service makes, with the same settings: for wrappers that belong to a service rather than to an edge, such as tracing.
    pub const fn instance_wide(mut self) -> Self {
        if let Kind::Wrapper { instance_wide, .. } = &mut self.0.declaration.kind {
            *instance_wide = true;
        }
        self
    }

    /// Concerns the call rather than the way between processes, so it stays on calls inside a process.
    pub const fn in_process(mut self) -> Self {
        if let Kind::Wrapper { reach, .. } = &mut self.0.declaration.kind {
            *reach = Reach::Call;
        }
        self
    }

    /// Sets the edges that it may be put on; without this, calls to services.
    pub const fn edges(mut self, edges: EdgeClasses) -> Self {
        self.0.declaration.edges = edges;
        self
    }

    /// Says what settings mean to analyses, by dotted path: `&[(Meaning::Attempts, "attempts")]`.
    pub const fn means(mut self, means: &'static [(Meaning, &'static str)]) -> Self {
        self.0.declaration.means = means;
        self
    }

    /// Its settings are the same for all methods of an edge or service.
    pub const fn whole_edges(mut self) -> Self {
        self.0.declaration.level = Level::Edge;
        self
    }

    /// Some of its settings are the same for all methods of an edge or service, such as those of what the methods share: by dotted path, `&["budget"]`.
    pub const fn shared_by_methods(mut self, settings: &'static [&'static str]) -> Self {
        self.0.declaration.shared_by_methods = settings;
        self
    }
}

/// A transport that is being declared.
#[derive(Debug, Clone, Copy)]
pub struct TransportBuilder(Plugin);

common!(TransportBuilder);
running!(TransportBuilder);
carrying!(TransportBuilder);
writing!(TransportBuilder);

impl TransportBuilder {
    /// The outside world may call through it too.
    pub const fn entry(mut self) -> Self {
        if let Kind::Transport { entry, .. } = &mut self.0.declaration.kind {
            *entry = true;
        }
        self.0.declaration.edges.entry = true;
        self
    }

    /// The outside world usually calls through it, because its clients need no code of ours; messages suggest it.
    pub const fn usual_for_entries(mut self) -> Self {
        if let Kind::Transport { usual_for_entries, .. } = &mut self.0.declaration.kind {
            *usual_for_entries = true;
        }
        self.entry()
    }

    /// What it speaks, so that proxies between caller and callee can be told.
    pub const fn speaks(mut self, spoken: Protocol) -> Self {
        if let Kind::Transport { protocol, .. } = &mut self.0.declaration.kind {
            *protocol = Some(spoken);
        }
        self
    }

    /// Takes keys beside `rpc` on the edges that it carries, such as `routes`.
    pub const fn beside<S: Settings>(mut self) -> Self {
        if let Kind::Transport { beside, .. } = &mut self.0.declaration.kind {
            *beside = S::SETTINGS;
        }
        self
    }

    /// Describes the services that it carries, for clients that others write, in a file by path below the output folder; and says what it is.
    pub const fn describe(
        mut self,
        file: (&'static str, &'static str),
        describe: fn(&Plan) -> Option<Description>,
    ) -> Self {
        self.0.declaration.describes = Some(file);
        self.0.hooks.describe = Some(describe);
        self
    }
}

/// A backend that is being declared.
#[derive(Debug, Clone, Copy)]
pub struct BackendBuilder(Plugin);

common!(BackendBuilder);
running!(BackendBuilder);
carrying!(BackendBuilder);

impl BackendBuilder {
    /// Its content is in one process, so that two processes or two replicas cannot share it.
    pub const fn one_process(mut self) -> Self {
        if let Kind::Backend { one_process, .. } = &mut self.0.declaration.kind {
            *one_process = true;
        }
        self
    }

    /// Its content is gone when its process ends.
    pub const fn forgets(mut self) -> Self {
        if let Kind::Backend { forgets, .. } = &mut self.0.declaration.kind {
            *forgets = true;
        }
        self
    }

    /// Keeps files in the data folder of its process.
    pub const fn keeps_data(mut self) -> Self {
        if let Kind::Backend { keeps_data, .. } = &mut self.0.declaration.kind {
            *keeps_data = true;
        }
        self
    }

    /// Declares the server that it talks to.
    pub const fn server(mut self, spec: ServerSpec) -> Self {
        if let Kind::Backend { server, .. } = &mut self.0.declaration.kind {
            *server = Some(spec);
        }
        self
    }
}

/// An interface that is being declared.
#[derive(Debug, Clone, Copy)]
pub struct InterfaceBuilder(Plugin);

described!(InterfaceBuilder);
carrying!(InterfaceBuilder);

/// A target that is being declared.
#[derive(Debug, Clone, Copy)]
pub struct TargetBuilder(Plugin);

common!(TargetBuilder);
writing!(TargetBuilder);

impl TargetBuilder {
    /// `bp run` can start what it writes; `manifest` is the run manifest among its files.
    pub const fn runs_here(mut self, manifest: &'static str) -> Self {
        if let Kind::Target { runs_here, .. } = &mut self.0.declaration.kind {
            *runs_here = Some(manifest);
        }
        self
    }

    /// Keeps instances and processes from having these names, whether or not it is enabled, so that a wiring can be moved to it; and says what each means.
    pub const fn reserves(mut self, names: &'static [(&'static str, &'static str)]) -> Self {
        self.0.declaration.reserved = names;
        self
    }
}

/// An owner of tables that is being declared.
#[derive(Debug, Clone, Copy)]
pub struct TableBuilder(Plugin);

common!(TableBuilder);
running!(TableBuilder);
carrying!(TableBuilder);

impl TableBuilder {
    /// It has a runtime half, in `plugins/<id>/runtime`.
    pub const fn runtime(mut self) -> Self {
        self.0.declaration.runtime = Runtime::Own;
        self
    }

    /// Its runtime half adds a mode to the program, which reads the tables that say [`OwnedTable::read_by_mode`].
    pub const fn mode(mut self, mode: Mode) -> Self {
        self.0.declaration.kind = Kind::Table { mode: Some(mode) };
        self
    }
}
