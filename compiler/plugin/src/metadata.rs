//! What a plugin is: plain data, so that most plugins need no code in their compile half.

use bp_contract::setting::Settings;
use bp_ir::{ClientSlot, ServerSlot};
use bp_plan::EdgeClass;

use crate::{ServerSpec, Setting};

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
    },
    /// Makes backend instances; chosen by `kind = "<id>"`.
    Backend {
        /// The backend interfaces it offers: `bp_backend::Cache`.
        interfaces: &'static [&'static str],
        /// Whether its content is in one process, so that two processes or two replicas cannot share it.
        one_process: bool,
        /// Whether it keeps files in the data folder of its process, which must outlive the process.
        keeps_data: bool,
        /// The server that it talks to; `None` for one that lives in the process.
        server: Option<ServerSpec>,
    },
    /// Writes artifacts; enabled by `[target] enabled = ["<id>"]`.
    Target {
        /// The features that it can express; a plan that uses others is an error.
        supports: &'static [Feature],
    },
}

/// A feature of a plan that a target may or may not support.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Feature {
    /// More than one replica of a process.
    Replicas,
    /// More than one process.
    Processes,
    /// References to secrets.
    Secrets,
    /// Processors and memory that the wiring writes for a process.
    Resources,
    /// Disk that the wiring writes for a process.
    Storage,
    /// More replicas under load.
    Autoscale,
    /// Calls that are made once, before traffic.
    Inits,
    /// Inits that write files which a process reads afterwards.
    InitFiles,
}

impl Feature {
    /// Every feature.
    pub const ALL: [Self; 8] = [
        Self::Replicas,
        Self::Processes,
        Self::Secrets,
        Self::Resources,
        Self::Storage,
        Self::Autoscale,
        Self::Inits,
        Self::InitFiles,
    ];

    /// Its word in a target's `lossy`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Replicas => "replicas",
            Self::Processes => "processes",
            Self::Secrets => "secrets",
            Self::Resources => "resources",
            Self::Storage => "storage",
            Self::Autoscale => "autoscale",
            Self::Inits => "inits",
            Self::InitFiles => "init_files",
        }
    }

    /// What a message says the wiring asks for.
    pub const fn what(self) -> &'static str {
        match self {
            Self::Replicas => "several replicas of a process",
            Self::Processes => "several processes",
            Self::Secrets => "secrets",
            Self::Resources => "CPU and memory limits",
            Self::Storage => "a disk space limit",
            Self::Autoscale => "autoscaling",
            Self::Inits => "inits",
            Self::InitFiles => "an init that fills files of a process",
        }
    }
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
pub struct Runtime {
    /// The package: `bp-rt-retry`.
    pub package: &'static str,
    /// Its folder below the runtime's root: `plugins/retry/runtime`.
    pub folder: &'static str,
}

/// Everything that the compiler must know of a plugin.
///
/// Itself a [`crate::Plugin`], so a plugin without checks and artifacts is one `static`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Metadata {
    /// Its name: `retry`, `grpc`, `embedded`; unique.
    pub id: &'static str,
    /// Its key in the wiring: the id for wrappers and targets, `rpc` for transports, `kind` for backends.
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
    /// Pairs of settings, by dotted path, of which the first may not be greater than the second.
    pub ordered: &'static [(&'static str, &'static str)],
    /// For a backend: whether its content is gone when its process ends.
    pub forgets: bool,
    /// Its runtime half.
    pub runtime: Option<Runtime>,
    /// Environment variables that its runtime half reads; targets pass them on from where they deploy.
    pub environment: &'static [&'static str],
    /// The files of its runtime half, by path below the crate, if it is not part of `bp`'s own runtime; every build writes them into the generated workspace.
    pub sources: &'static [(&'static str, &'static str)],
    /// The text of its page, in Markdown: the plugin's README; the page adds the heading and the settings table.
    pub about: &'static str,
    /// The needs that it serves, each as the end of "I want …": `calls to survive a crash`.
    pub needs: &'static [&'static str],
    /// Files that it writes below the output folder, and what each is.
    pub emits: &'static [(&'static str, &'static str)],
    /// Metrics that its runtime half counts, with their labels, and what each is: `bp_calls_total{bp_edge, bp_method}`.
    pub metrics: &'static [(&'static str, &'static str)],
}

impl Metadata {
    /// A wrapper at the caller, on calls to services, with settings that differ by method.
    pub const fn wrapper(
        id: &'static str,
        slot: ClientSlot,
        reach: Reach,
        doc: &'static str,
    ) -> Self {
        Self::new(
            id,
            id,
            Kind::Wrapper { client: Some(slot), server: None, reach, instance_wide: false },
            doc,
        )
        .edges(EdgeClasses::SERVICE)
        .level(Level::Method)
    }

    /// A wrapper at the listener, with settings that differ by method.
    pub const fn server_wrapper(id: &'static str, slot: ServerSlot, doc: &'static str) -> Self {
        Self::new(
            id,
            id,
            Kind::Wrapper {
                client: None,
                server: Some(slot),
                reach: Reach::Remote,
                instance_wide: false,
            },
            doc,
        )
        .level(Level::Method)
    }

    /// A wrapper at both ends; its key under `[server]` wraps the service's listeners and the calls that it makes.
    pub const fn instance_wrapper(
        id: &'static str,
        client: ClientSlot,
        server: ServerSlot,
        doc: &'static str,
    ) -> Self {
        Self::new(
            id,
            id,
            Kind::Wrapper {
                client: Some(client),
                server: Some(server),
                reach: Reach::Call,
                instance_wide: true,
            },
            doc,
        )
        .edges(EdgeClasses::INSIDE)
    }

    /// A transport; `entry` if the outside world may call through it.
    pub const fn transport(
        id: &'static str,
        entry: bool,
        beside: &'static [Setting],
        doc: &'static str,
    ) -> Self {
        Self::new(id, "rpc", Kind::Transport { beside, entry }, doc).edges(EdgeClasses {
            service: true,
            backend: false,
            entry,
        })
    }

    /// A backend that offers interfaces.
    pub const fn backend(
        id: &'static str,
        interfaces: &'static [&'static str],
        one_process: bool,
        doc: &'static str,
    ) -> Self {
        let kind = Kind::Backend { interfaces, one_process, keeps_data: false, server: None };
        Self::new(id, "kind", kind, doc)
    }

    /// A target.
    pub const fn target(id: &'static str, supports: &'static [Feature], doc: &'static str) -> Self {
        Self::new(id, id, Kind::Target { supports }, doc)
    }

    const fn new(id: &'static str, key: &'static str, kind: Kind, doc: &'static str) -> Self {
        Self {
            id,
            key,
            doc,
            kind,
            edges: EdgeClasses::NONE,
            level: Level::Edge,
            settings: &[],
            shorthand: None,
            ordered: &[],
            forgets: false,
            runtime: None,
            environment: &[],
            sources: &[],
            about: "",
            needs: &[],
            emits: &[],
            metrics: &[],
        }
    }

    /// Sets where it may be put.
    pub const fn edges(mut self, edges: EdgeClasses) -> Self {
        self.edges = edges;
        self
    }

    /// Sets the finest level at which its settings may differ.
    pub const fn level(mut self, level: Level) -> Self {
        self.level = level;
        self
    }

    /// Sets its settings.
    pub const fn settings(mut self, settings: &'static [Setting]) -> Self {
        self.settings = settings;
        self
    }

    /// Takes the settings, and what a bare value stands for, from their derived declaration.
    pub const fn settings_of<T: Settings>(mut self) -> Self {
        self.settings = T::SETTINGS;
        self.shorthand = T::SHORTHAND;
        self
    }

    /// Sets what a bare value stands for.
    pub const fn shorthand(mut self, setting: &'static str) -> Self {
        self.shorthand = Some(setting);
        self
    }

    /// Sets pairs of settings of which the first may not be greater than the second.
    pub const fn ordered(mut self, pairs: &'static [(&'static str, &'static str)]) -> Self {
        self.ordered = pairs;
        self
    }

    /// Says that a backend's content is gone when its process ends.
    pub const fn forgets(mut self) -> Self {
        self.forgets = true;
        self
    }

    /// Sets its runtime half: a package, whose library's `plugin()` makes it, and its folder.
    pub const fn runtime(mut self, package: &'static str, folder: &'static str) -> Self {
        self.runtime = Some(Runtime { package, folder });
        self
    }

    /// Names environment variables that its runtime half reads, such as OTEL_EXPORTER_OTLP_ENDPOINT.
    pub const fn environment(mut self, names: &'static [&'static str]) -> Self {
        self.environment = names;
        self
    }

    /// Says that a backend keeps files in the data folder of its process; of other kinds, nothing.
    pub const fn keeps_data(mut self) -> Self {
        if let Kind::Backend { interfaces, one_process, server, .. } = self.kind {
            self.kind = Kind::Backend { interfaces, one_process, keeps_data: true, server };
        }
        self
    }

    /// Declares the server that a backend talks to; of other kinds, nothing.
    pub const fn server(mut self, spec: ServerSpec) -> Self {
        if let Kind::Backend { interfaces, one_process, keeps_data, .. } = self.kind {
            self.kind = Kind::Backend { interfaces, one_process, keeps_data, server: Some(spec) };
        }
        self
    }

    /// Carries the runtime half of a plugin outside `bp`'s repository: `&[("Cargo.toml", include_str!("../runtime/Cargo.toml")), …]`.
    ///
    /// Its manifest may name `bp-runtime` and the other crates of the runtime by any path: what is written names the application's own.
    pub const fn sources(mut self, sources: &'static [(&'static str, &'static str)]) -> Self {
        self.sources = sources;
        self
    }

    /// Sets what its page says beyond settings: `include_str!` of its README.
    pub const fn about(mut self, about: &'static str) -> Self {
        self.about = about;
        self
    }

    /// Sets the needs that it serves, each as the end of "I want …".
    pub const fn needs(mut self, needs: &'static [&'static str]) -> Self {
        self.needs = needs;
        self
    }

    /// Sets the files that it writes, and what each is.
    pub const fn emits(mut self, emits: &'static [(&'static str, &'static str)]) -> Self {
        self.emits = emits;
        self
    }

    /// Sets the metrics that its runtime half counts, and what each is.
    pub const fn metrics(mut self, metrics: &'static [(&'static str, &'static str)]) -> Self {
        self.metrics = metrics;
        self
    }

    /// `wrapper`, `transport`, `backend` or `target`.
    pub const fn kind_name(&self) -> &'static str {
        match self.kind {
            Kind::Wrapper { .. } => "wrapper",
            Kind::Transport { .. } => "transport",
            Kind::Backend { .. } => "backend",
            Kind::Target { .. } => "target",
        }
    }
}
