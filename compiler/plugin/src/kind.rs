//! The kinds of plugins, and the words in which declarations speak of them.

use bp_contract::Package;
use bp_ir::{ClientSlot, ServerSlot};
use bp_plan::{EdgeClass, Protocol};

use crate::{Feature, Mode, ServerSpec, Setting};

/// Whether a wrapper stays when a call does not leave its process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// It concerns the call (a deadline, a span), so it stays.
    Call,
    /// It concerns the way between processes (a retry, a breaker), so it is removed, unless its settings say `in_process = true`.
    Remote,
}

/// The kind of a plugin, with what is declared of this kind alone.
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
