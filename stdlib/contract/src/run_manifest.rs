//! The run manifest, `process/run.json`: what `bp run` builds, starts and stops.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::run_plan::AddressPlan;

/// The version of the manifest's form; raised when a supervisor of the version before would misread it.
pub const VERSION: u32 = 1;

/// What to build and to start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunManifest {
    /// [`VERSION`].
    pub version: u32,
    /// The application's name.
    pub app: String,
    /// The wiring's name.
    pub wiring: String,
    /// The generated package and its binary: `leaf-app`.
    pub package: String,
    /// The Cargo workspace, relative to the output folder.
    pub rust: String,
    /// The run plan, relative to the output folder.
    pub plan: String,
    /// Processes, by name.
    pub processes: BTreeMap<String, ProcessEntry>,
    /// Inits, by name.
    #[serde(default)]
    pub inits: BTreeMap<String, InitEntry>,
    /// Processes in the order they stop, those of one wave together.
    pub stop: Vec<Vec<String>>,
}

/// One process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProcessEntry {
    /// How many copies run.
    pub replicas: u32,
    /// What it hosts.
    pub instances: Vec<String>,
    /// Its admin listener.
    pub admin: AddressPlan,
    /// Its other listeners, by name.
    pub listeners: BTreeMap<String, ListenerEntry>,
    /// Whether it must end before another copy starts: a backend's content belongs to it.
    #[serde(default)]
    pub exclusive: bool,
    /// Longest time from SIGTERM to its end, in milliseconds.
    pub stop_ms: u64,
}

/// One listener.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListenerEntry {
    /// The name of its address, as in `BP_ADDR_<NAME>`.
    pub address: String,
    /// The port that it has in a deployment.
    pub port: u16,
    /// The transport plugin.
    pub transport: String,
    /// Whether the outside calls through it.
    pub entry: bool,
}

/// One init.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InitEntry {
    /// Whether it runs before any process does, or when all are ready.
    pub first: bool,
}

/// Why a manifest cannot be used.
#[derive(Debug)]
pub enum ManifestFault {
    /// It is not a manifest.
    Malformed(serde_json::Error),
    /// It is of another version.
    Version(u32),
}

impl fmt::Display for ManifestFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(error) => error.fmt(f),
            Self::Version(found) => write!(f, "expected version {VERSION}, found {found}"),
        }
    }
}

impl std::error::Error for ManifestFault {}

impl RunManifest {
    /// Reads a manifest of [`VERSION`].
    ///
    /// # Errors
    /// It is not one, or of another version.
    pub fn parse(bytes: &[u8]) -> Result<Self, ManifestFault> {
        // The version comes first: a manifest of another one may have other fields.
        #[derive(Deserialize)]
        struct Head {
            version: u32,
        }
        let head: Head = serde_json::from_slice(bytes).map_err(ManifestFault::Malformed)?;
        if head.version != VERSION {
            return Err(ManifestFault::Version(head.version));
        }
        serde_json::from_slice(bytes).map_err(ManifestFault::Malformed)
    }

    /// Writes it, for people to read too.
    pub fn to_text(&self) -> String {
        // A structure of texts, numbers and maps with text keys always has a form in JSON.
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest() -> RunManifest {
        let address = AddressPlan { address: "CART_ADMIN".to_owned(), port: 9000 };
        let listener = ListenerEntry {
            address: "CART_GRPC".to_owned(),
            port: 9001,
            transport: "grpc".to_owned(),
            entry: true,
        };
        let cart = ProcessEntry {
            replicas: 2,
            instances: vec!["cart".to_owned()],
            admin: address,
            listeners: BTreeMap::from([("cart.grpc".to_owned(), listener)]),
            exclusive: false,
            stop_ms: 10_500,
        };
        RunManifest {
            version: VERSION,
            app: "shop".to_owned(),
            wiring: "local".to_owned(),
            package: "shop-app".to_owned(),
            rust: "rust".to_owned(),
            plan: "rust/app/plan.json".to_owned(),
            processes: BTreeMap::from([("cart".to_owned(), cart)]),
            inits: BTreeMap::from([("fill".to_owned(), InitEntry { first: true })]),
            stop: vec![vec!["cart".to_owned()]],
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let manifest = manifest();
        assert_eq!(RunManifest::parse(manifest.to_text().as_bytes()).unwrap(), manifest);
    }

    #[test]
    fn another_version_is_told_from_damage() {
        let other = br#"{ "version": 2, "anything": [] }"#;
        let error = RunManifest::parse(other).unwrap_err();
        assert_eq!(error.to_string(), "expected version 1, found 2");
        let damaged = manifest().to_text().replace("stop_ms", "stop");
        assert!(matches!(RunManifest::parse(damaged.as_bytes()), Err(ManifestFault::Malformed(_))));
    }
}
