//! The closed kinds of nodes and edges.
//!
//! A new kind is a change of the core: the verifier, the dumps and every target match on these without a wildcard.

use serde::Serialize;

use crate::{Side, Slot};

/// What the graph needs to know of a method.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MethodFact {
    /// Its name.
    pub name: String,
    /// Whether every type of it may cross a process.
    pub remote: bool,
    /// Whether it is safe to repeat.
    pub idempotent: bool,
}

/// What a node is.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NodeKind {
    /// An instance of an implementation of the workflow.
    Service {
        /// The implementation's path.
        implementation: String,
        /// The interface's path.
        interface: String,
        /// The interface's methods, in order.
        methods: Vec<MethodFact>,
    },
    /// Infrastructure that the system runs or holds.
    Backend {
        /// The plugin that makes it.
        plugin: String,
        /// The path of the interface that it is opened as.
        interface: String,
        /// The paths of the interfaces that this one extends: callers may take it as one of them.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        ancestors: Vec<String>,
        /// Whether its content lives in one process.
        one_process: bool,
    },
    /// The outside world, which calls services.
    Client,
    /// A wrapper around calls.
    Wrapper {
        /// The plugin.
        plugin: String,
        /// Its place in the chain.
        slot: Slot,
        /// The call (`frontend->cart`) or listener (`cart.grpc`) that it belongs to.
        owner: String,
    },
    /// One end of a connection between processes.
    Transport {
        /// The plugin.
        plugin: String,
        /// Which end.
        side: Side,
        /// The call that the client end belongs to; the service that the server end belongs to.
        owner: String,
    },
    /// A place to dial and to listen on.
    Address {
        /// The port; 0 until addresses are assigned.
        port: u16,
    },
    /// An operating system process.
    Process {
        /// How many run.
        replicas: u32,
        /// Whether it ends by itself: an init makes its one call in it.
        once: bool,
    },
    /// Processes that share an image and its resources.
    Container,
    /// Containers that are scheduled together.
    Job,
    /// A host, rack, zone or region.
    FaultDomain {
        /// `host`, `rack`, `zone` or `region`.
        level: String,
    },
}

impl NodeKind {
    /// The kind's name in dumps.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Service { .. } => "service",
            Self::Backend { .. } => "backend",
            Self::Client => "client",
            Self::Wrapper { .. } => "wrapper",
            Self::Transport { .. } => "transport",
            Self::Address { .. } => "address",
            Self::Process { .. } => "process",
            Self::Container => "container",
            Self::Job => "job",
            Self::FaultDomain { .. } => "fault_domain",
        }
    }
}

/// What an edge is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EdgeKind {
    /// The source calls the target.
    Calls {
        /// The interface called, by path.
        interface: String,
        /// The methods that may be called.
        methods: Vec<String>,
    },
    /// The source passes calls on to the target: a wrapper to the next inner one, a client end to the address that it dials.
    Wraps,
    /// The source brings calls to the target: an address to its listener or, for an admin listener, to its process, and a listener to its service.
    Serves,
    /// The target runs inside the source.
    Hosts,
    /// Replicas of the source are spread over the target.
    SpreadsOver,
}

impl EdgeKind {
    /// The kind's name in dumps.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Calls { .. } => "calls",
            Self::Wraps => "wraps",
            Self::Serves => "serves",
            Self::Hosts => "hosts",
            Self::SpreadsOver => "spreads-over",
        }
    }
}
