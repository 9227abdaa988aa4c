//! The values that describe a container.

use std::collections::BTreeMap;
use std::time::Duration;

use bp_plan::{Replicas, ResourcesPlan};

use super::References;

/// A value in a container's environment.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum EnvValue {
    /// This text.
    Text(String),
    /// The value of the variable of this name where the deployment is applied; the container does not start without it.
    Required(String),
    /// As `Required`, but it may be absent there, and is then absent in the container too.
    Optional(String),
}

impl EnvValue {
    /// The text, if it is one.
    pub fn as_text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }
}

/// What a port is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PortUse {
    /// Calls over a transport.
    Listener {
        /// The listener's name in the plan: `cart.grpc`.
        listener: String,
        /// The transport's id: `grpc`.
        transport: String,
        /// Whether the outside world calls through it, so that it is published.
        entry: bool,
    },
    /// Probes and metrics; never published.
    Admin,
}

/// A port on which a container listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Port {
    /// A name, unique in its container: `cart-grpc`, `admin`.
    pub name: String,
    /// Its number.
    pub number: u16,
    /// What it is for.
    pub of: PortUse,
}

impl Port {
    /// Whether it is published.
    pub fn is_entry(&self) -> bool {
        matches!(self.of, PortUse::Listener { entry: true, .. })
    }
}

/// One probe of a process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    /// The path on the admin listener: `/bp/ready`.
    pub path: &'static str,
    /// Time between two probes.
    pub period: Duration,
    /// Failures in a row that count.
    pub failures: u32,
}

/// How a process's health is probed: over HTTP on the admin port, or by its own program if the image has no other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    /// The admin port.
    pub port: u16,
    /// Whether it has started; until then no other probe runs.
    pub startup: Probe,
    /// Whether it takes calls.
    pub ready: Probe,
    /// Whether it must be restarted.
    pub live: Probe,
    /// Time that one probe may take.
    pub timeout: Duration,
}

impl Default for Health {
    fn default() -> Self {
        let probe = |path, seconds, failures| Probe {
            path,
            period: Duration::from_secs(seconds),
            failures,
        };
        // A hang is noticed within 15 s, a process that is not ready within 4 s, and a minute is enough to start.
        Self {
            port: 0,
            startup: probe("/bp/startup", 2, 30),
            ready: probe("/bp/ready", 2, 2),
            live: probe("/bp/live", 5, 3),
            timeout: Duration::from_secs(1),
        }
    }
}

/// A process's container.
#[derive(Debug, Clone, PartialEq)]
pub struct ProcessContainer {
    /// The process.
    pub name: String,
    /// The host by which others reach it.
    pub host: String,
    /// Its instances: backends, then services.
    pub instances: Vec<String>,
    /// How many run.
    pub replicas: Replicas,
    /// Its environment, by variable.
    pub environment: BTreeMap<String, EnvValue>,
    /// The secrets and files that it reads, and the variables that its references name.
    pub references: References,
    /// Where it listens: listeners by name, then the admin listener.
    pub ports: Vec<Port>,
    /// How its health is probed.
    pub health: Health,
    /// What one replica may use.
    pub resources: ResourcesPlan,
    /// Whether its data folder must outlive the container: [`super::DATA_FOLDER`].
    pub keeps_data: bool,
    /// Time from SIGTERM to SIGKILL.
    pub grace: Duration,
}

/// An init's container: it makes one call, and ends with 0 when it is done.
#[derive(Debug, Clone, PartialEq)]
pub struct InitContainer {
    /// The init.
    pub name: String,
    /// Its name for the engine; nothing connects to it.
    pub host: String,
    /// Its instances: backends, then the service.
    pub instances: Vec<String>,
    /// Its environment, by variable.
    pub environment: BTreeMap<String, EnvValue>,
    /// The secrets and files that it reads, and the variables that its references name.
    pub references: References,
    /// What it may use.
    pub resources: ResourcesPlan,
    /// Whether it calls no process, so that processes can wait for its end.
    pub first: bool,
    /// Whether it fills files of processes, below [`super::DATA_FOLDER`].
    pub keeps_data: bool,
    /// Time from SIGTERM to SIGKILL.
    pub grace: Duration,
}

/// A store's container.
#[derive(Debug, Clone, PartialEq)]
pub struct StoreContainer {
    /// The backend instance.
    pub name: String,
    /// The host by which processes reach it.
    pub host: String,
    /// The image as the plugin names it, with its tag: a key of `images.lock`.
    pub image: String,
    /// What follows the image's entry point on its command line.
    pub arguments: Vec<String>,
    /// Its environment, by variable.
    pub environment: BTreeMap<String, EnvValue>,
    /// The secrets and files that it reads, and the variables that its references name.
    pub references: References,
    /// The port on which it listens.
    pub port: u16,
    /// The command that succeeds inside the container when it answers; empty if a connection to its port is enough.
    pub health: Vec<String>,
    /// The folder that must outlive the container.
    pub data: Option<String>,
    /// The user and group, by number, that it runs as.
    pub user: u32,
    /// Folders that it writes to and that may be lost; everything else is read-only.
    pub scratch: Vec<String>,
    /// What it may use.
    pub resources: ResourcesPlan,
    /// Time from SIGTERM to SIGKILL.
    pub grace: Duration,
    /// Settings of the backend without which the server does not start, and which the wiring does not give.
    pub missing: Vec<String>,
}
