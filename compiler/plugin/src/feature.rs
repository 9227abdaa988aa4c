//! Features of plans, which not every target can express.

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
