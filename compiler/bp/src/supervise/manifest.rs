//! The run manifest that the `process` target writes.

use std::collections::BTreeMap;

use serde::Deserialize;

/// The version that this supervisor reads.
const VERSION: u32 = 1;

/// What to build and to start.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct RunManifest {
    pub(crate) version: u32,
    pub(crate) app: String,
    /// The generated package and its binary: `leaf-app`.
    pub(crate) package: String,
    /// The Cargo workspace, relative to the output folder.
    pub(crate) rust: String,
    /// The run plan, relative to the output folder.
    pub(crate) plan: String,
    pub(crate) processes: BTreeMap<String, ProcessEntry>,
    #[serde(default)]
    pub(crate) inits: BTreeMap<String, InitEntry>,
    /// Processes in the order they stop, those of one wave together.
    pub(crate) stop: Vec<Vec<String>>,
}

impl RunManifest {
    /// Reads a manifest of the version that this supervisor knows.
    ///
    /// # Errors
    /// Why it cannot be used.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, String> {
        let manifest: Self = serde_json::from_slice(bytes).map_err(|e| e.to_string())?;
        if manifest.version != VERSION {
            return Err("it is of another version".to_owned());
        }
        Ok(manifest)
    }
}

/// One process.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct ProcessEntry {
    pub(crate) replicas: u32,
    pub(crate) admin: Address,
    pub(crate) listeners: BTreeMap<String, Listener>,
    /// Whether it must end before another copy starts: a backend's content belongs to it.
    #[serde(default)]
    pub(crate) exclusive: bool,
    /// Longest time from SIGTERM to its end, in milliseconds.
    pub(crate) stop_ms: u64,
}

/// One init.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(crate) struct InitEntry {
    /// Whether it runs before any process does, or when all are ready.
    pub(crate) first: bool,
}

/// A name in `BP_ADDR_<NAME>` and the port it has in a deployment.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Address {
    pub(crate) address: String,
    pub(crate) port: u16,
}

/// One listener.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Listener {
    #[serde(flatten)]
    pub(crate) at: Address,
    pub(crate) transport: String,
    /// Whether the outside calls through it.
    pub(crate) entry: bool,
}
