//! What a plugin is: data, and functions for what data cannot say.

use std::collections::BTreeMap;

use bp_contract::Package;
use bp_contract::metric::Metric;
use bp_diag::PluginCode;
use bp_ir::{ClientSlot, ServerSlot};
use bp_plan::{
    EdgeClass, Egress, Meaning, Plan, PluginPlan, Protocol, RuntimeCrate, ServerPlan, Settings,
};

use crate::setting_plan::describe_settings;
use crate::{
    ArtifactContext, CheckContext, Description, Feature, FillContext, IN_PROCESS, Mode, OwnedTable,
    PORT, Pass, PlanContext, RuleCheck, SERVER_RESOURCES, ServerSpec, Setting, TARGET_SETTINGS,
};

/// Whether a wrapper stays when a call does not leave its process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// It concerns the call (a deadline, a span), so it stays.
    Call,
    /// It concerns the way between processes (a retry, a breaker), so it is removed, unless its settings say `in_process = true`.
    Remote,
}

/// What a plugin does.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    /// Wraps calls.
    Wrapper {
        /// Its slot at the caller, if it works there.
        client: Option<ClientSlot>,
        /// Its slot at a listener, if it works there.
        server: Option<ServerSlot>,
        /// Whether it stays in one process.
        reach: Reach,
        /// Whether its key under `[server]` also wraps the calls that the service makes, with the same settings; for wrappers that belong to a service rather than to an edge, such as tracing.
        instance_wide: bool,
    },
    /// Carries calls between processes; chosen by `rpc = "<id>"`.
    Transport {
        /// Keys that it takes beside `rpc` on the edges it carries, such as `routes`.
        beside: &'static [Setting],
        /// Whether the outside world may call through it.
        entry: bool,
        /// Whether it is what the outside world usually calls through, so that messages suggest it.
        usual_for_entries: bool,
        /// What it speaks, if proxies between caller and callee know it.
        protocol: Option<Protocol>,
    },
    /// Makes backend instances; chosen by `kind = "<id>"`.
    Backend {
        /// The interfaces that it lists: `bp_backend::Cache`; it offers those that they extend, too.
        interfaces: &'static [&'static str],
        /// Whether its content is in one process, so that two processes or two replicas cannot share it.
        one_process: bool,
        /// Whether it keeps files in the data folder of its process, which must outlive the process.
        keeps_data: bool,
        /// Whether its content is gone when its process ends.
        forgets: bool,
        /// The server that it talks to; `None` for one that lives in the process.
        server: Option<ServerSpec>,
    },
    /// Declares an interface that backends offer and services take.
    Interface {
        /// Its crate and its name: `bp_backend::Cache`.
        path: &'static str,
        /// The text of the Rust file that declares the trait.
        source: &'static str,
    },
    /// Writes artifacts; enabled by `[target] enabled = ["<id>"]`.
    Target {
        /// The features that it can express; a plan that uses others is an error.
        supports: &'static [Feature],
        /// The run manifest that it writes, by path below the output folder, if `bp run` can start what it writes.
        runs_here: Option<&'static str>,
    },
    /// Owns tables or keys of the wiring, and does nothing else.
    Table {
        /// A mode that its runtime half adds to the program.
        mode: Option<Mode>,
    },
}

/// Where a wrapper may be put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EdgeClasses {
    /// On calls to services.
    pub service: bool,
    /// On calls to backends.
    pub backend: bool,
    /// On calls from the outside world.
    pub entry: bool,
}

impl EdgeClasses {
    /// Calls to services.
    pub const SERVICE: Self = Self { service: true, backend: false, entry: false };
    /// Calls to services and backends.
    pub const INSIDE: Self = Self { service: true, backend: true, entry: false };
    /// Every call.
    pub const ALL: Self = Self { service: true, backend: true, entry: true };
    /// No call.
    pub const NONE: Self = Self { service: false, backend: false, entry: false };

    /// Whether it takes any call.
    pub const fn is_any(self) -> bool {
        self.service || self.backend || self.entry
    }

    /// Whether a class of edges is taken.
    pub const fn takes(self, class: EdgeClass) -> bool {
        match class {
            EdgeClass::Service => self.service,
            EdgeClass::Backend => self.backend,
            EdgeClass::Entry => self.entry,
        }
    }
}

/// The finest level at which settings may differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// A whole edge or service.
    Edge,
    /// A single method.
    Method,
}

/// The runtime half of a plugin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Runtime {
    /// None: a target, or an interface.
    Absent,
    /// A crate of `bp`'s own runtime, named by the plugin's id: `bp-rt-retry`, in `plugins/retry/runtime`.
    Own,
    /// A package that the compile half carries, as plugins outside `bp`'s repository do: a runtime half, or the crate of an interface.
    ///
    /// A build that uses the plugin writes a runtime half into the generated workspace, and with it the packages that it depends on and plugins carry, unless the workflow has them from elsewhere.
    /// The crate of an interface is written by `bp new`, beside the runtime; a build writes it only if a store depends on it and the workflow does not name it.
    /// A manifest may name the crates of the runtime, and packages that plugins carry, by any folder or version: what is written names the application's own.
    Carried(Package),
}

/// A wrapper, transport, backend, interface, target or owner of tables, at compile time: everything that the compiler must know of it.
///
/// Declared by [`wrapper`](crate::wrapper), [`transport`](crate::transport), [`backend`](crate::backend), [`interface`](crate::interface), [`target`](crate::target) and [`table`](crate::table).
/// Every hook is called under a guard: a panic becomes a diagnostic that names the plugin.
#[derive(Debug, Clone, Copy)]
pub struct Plugin {
    /// Its name: `retry`, `grpc`, `embedded`; unique.
    pub id: &'static str,
    /// Its key in the wiring: the id for wrappers and targets, `rpc` for transports, `kind` for backends; the wiring does not name interfaces.
    pub key: &'static str,
    /// One sentence on what it does.
    pub doc: &'static str,
    /// What it does.
    pub kind: Kind,
    /// Where it may be put; only wrappers and transports are put on edges.
    pub edges: EdgeClasses,
    /// The finest level at which its settings may differ.
    pub level: Level,
    /// Its settings.
    pub settings: &'static [Setting],
    /// The setting that a bare value stands for: `timeout = "500ms"` sets `after`.
    pub shorthand: Option<&'static str>,
    /// The rules of its settings.
    pub rules: RuleCheck,
    /// Whether there are any.
    pub has_rules: bool,
    /// Its runtime half.
    pub runtime: Runtime,
    /// Packages that it carries besides, because what it carries depends on them.
    pub carries_also: &'static [Package],
    /// Environment variables that its runtime half reads; targets pass them on from where they deploy.
    pub environment: &'static [&'static str],
    /// The text of its page, in Markdown: the plugin's README; the page adds the heading and the settings table.
    pub about: &'static str,
    /// The needs that it serves, each as the end of "I want …": `calls to survive a crash`.
    pub needs: &'static [&'static str],
    /// Files that it writes below the output folder, and what each is.
    pub emits: &'static [(&'static str, &'static str)],
    /// The file in which it describes the services that it carries, and what it is.
    pub describes: Option<(&'static str, &'static str)>,
    /// Metrics that its runtime half registers.
    pub metrics: &'static [Metric],
    /// Codes of its own that it reports with.
    pub codes: &'static [PluginCode],
    /// Tables and keys of the wiring that it owns.
    pub tables: &'static [OwnedTable],
    /// Settings that mean something to analyses, by dotted path.
    pub means: &'static [(Meaning, &'static str)],
    /// Where its runtime half connects to beside callees and stores.
    pub egress: &'static [Egress],
    /// Names that instances and processes cannot have, whatever targets are enabled, and what each means.
    pub reserved: &'static [(&'static str, &'static str)],
    /// What it does beyond data.
    pub hooks: Hooks,
}

/// Makes the passes of a plugin.
pub type MakePasses = fn() -> Vec<Box<dyn Pass>>;

/// The functions of a plugin; most have few or none.
#[derive(Debug, Clone, Copy, Default)]
pub struct Hooks {
    /// Checks settings beyond their types, bounds, words and rules; called once for every place that sets any.
    pub check: Option<fn(&mut CheckContext<'_>)>,
    /// Checks the whole plan, if the plugin is in use: names that outsiders see, and settings that depend on each other.
    pub check_plan: Option<fn(&mut PlanContext<'_>)>,
    /// Fills in what several plugins read of the plan: how many replicas run, which images containers run. Called once, before analyses and targets, whether or not the wiring names the plugin.
    pub fill: Option<fn(&mut FillContext<'_>)>,
    /// Passes that it adds to the compiler's own.
    pub passes: Option<MakePasses>,
    /// Describes the services that it carries, for clients that others write: a file, and, if its runtime half needs it, a part of the run plan.
    pub describe: Option<fn(&Plan) -> Option<Description>>,
    /// Adds files, by paths relative to the wiring's output folder: transports may add interface descriptions, targets add everything.
    pub artifacts: Option<fn(&mut ArtifactContext<'_>)>,
}

impl Plugin {
    /// `wrapper`, `transport`, `backend`, `interface`, `target` or `table`.
    pub const fn kind_name(&self) -> &'static str {
        match self.kind {
            Kind::Wrapper { .. } => "wrapper",
            Kind::Transport { .. } => "transport",
            Kind::Backend { .. } => "backend",
            Kind::Interface { .. } => "interface",
            Kind::Target { .. } => "target",
            Kind::Table { .. } => "table",
        }
    }

    /// Its code with a name.
    pub fn find_code(&self, name: &str) -> Option<&'static PluginCode> {
        self.codes.iter().find(|code| code.name == name)
    }

    /// Whether it is a wrapper that is removed from calls inside a process, unless they keep it.
    pub const fn is_remote(&self) -> bool {
        matches!(self.kind, Kind::Wrapper { client: Some(_), reach: Reach::Remote, .. })
    }

    /// The run manifest that it writes, by path below the output folder, if it is a target that `bp run` can start.
    pub const fn runs_here(&self) -> Option<&'static str> {
        match self.kind {
            Kind::Target { runs_here, .. } => runs_here,
            Kind::Wrapper { .. }
            | Kind::Transport { .. }
            | Kind::Backend { .. }
            | Kind::Interface { .. }
            | Kind::Table { .. } => None,
        }
    }

    /// The interfaces that it lists, if it is a backend; it also offers those that they extend: [`Registry::offered_by`](crate::Registry::offered_by).
    pub const fn interfaces(&self) -> &'static [&'static str] {
        match self.kind {
            Kind::Backend { interfaces, .. } => interfaces,
            Kind::Wrapper { .. }
            | Kind::Transport { .. }
            | Kind::Interface { .. }
            | Kind::Target { .. }
            | Kind::Table { .. } => &[],
        }
    }

    /// Whether it is a backend whose content is gone when its process ends.
    pub const fn forgets(&self) -> bool {
        matches!(self.kind, Kind::Backend { forgets: true, .. })
    }

    /// Whether it is a backend that keeps files in the data folder of its process.
    pub const fn keeps_files(&self) -> bool {
        matches!(self.kind, Kind::Backend { keeps_data: true, .. })
    }

    /// Every package that it carries: its runtime half or the crate of its interface, and what that depends on.
    pub fn all_carried(&self) -> impl Iterator<Item = Package> + use<> {
        self.carried().into_iter().chain(self.carries_also.iter().copied())
    }

    /// The package that it carries as its runtime half or as the crate of its interface, if it does.
    pub const fn carried(&self) -> Option<Package> {
        match self.runtime {
            Runtime::Carried(package) => Some(package),
            Runtime::Absent | Runtime::Own => None,
        }
    }
}

impl Plugin {
    /// The settings of its table: its own, and what `bp` adds to every plugin of its kind.
    pub fn all_settings(&self) -> Vec<Setting> {
        let added: &[Setting] = match self.kind {
            Kind::Wrapper { .. } if self.is_remote() => &[IN_PROCESS],
            Kind::Transport { .. } => &[PORT],
            Kind::Backend { server: Some(_), .. } => &[SERVER_RESOURCES],
            Kind::Target { .. } => TARGET_SETTINGS,
            Kind::Wrapper { .. }
            | Kind::Backend { .. }
            | Kind::Interface { .. }
            | Kind::Table { .. } => &[],
        };
        [self.settings, added].concat()
    }

    /// The plugin as the plan holds it.
    pub fn plan(&self) -> PluginPlan {
        let mut settings = BTreeMap::new();
        describe_settings("", self.settings, &mut settings);
        if let Kind::Transport { beside, .. } = self.kind {
            describe_settings("", beside, &mut settings);
        }
        PluginPlan {
            key: self.key.to_owned(),
            kind: self.kind_name().to_owned(),
            shorthand: self.shorthand.map(str::to_owned),
            runtime: self.runtime_crate(),
            environment: self.environment.iter().map(|name| (*name).to_owned()).collect(),
            means: self.means.iter().map(|(what, path)| (*what, (*path).to_owned())).collect(),
            egress: self.egress.iter().copied().collect(),
            protocol: match self.kind {
                Kind::Transport { protocol, .. } => protocol,
                _ => None,
            },
            settings,
        }
    }

    /// The crate of its runtime half, if it has one.
    pub fn runtime_crate(&self) -> Option<RuntimeCrate> {
        // An interface's package is linked where the workflow names it, or by the stores that offer it.
        if matches!(self.kind, Kind::Interface { .. }) {
            return None;
        }
        let (package, folder) = match self.runtime {
            Runtime::Absent => return None,
            Runtime::Own => (format!("bp-rt-{}", self.id), format!("plugins/{}/runtime", self.id)),
            // Its folder in the generated workspace.
            Runtime::Carried(package) => (package.name.to_owned(), package.name.to_owned()),
        };
        Some(RuntimeCrate { package, folder })
    }

    /// The server of an instance of this name and settings, if it is a backend that talks to one.
    pub fn server_plan(&self, name: &str, settings: &Settings) -> Option<Box<ServerPlan>> {
        match &self.kind {
            Kind::Backend { server: Some(server), .. } => {
                Some(Box::new(server.build_plan(name, settings)))
            }
            _ => None,
        }
    }
}
