//! The manifest: which files in an output folder `bp` wrote.

use std::collections::BTreeMap;

use bp_diag::{Diagnostic, catalog};
use bp_system::System;
use camino::{Utf8Path, Utf8PathBuf};
use serde_json::{Map, Value};

/// The manifest's file name in the output folder.
pub(crate) const MANIFEST: &str = ".bp-manifest.json";
const VERSION: u64 = 1;

/// Whether the folder holds one whole build.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// Files are being renamed: a file may be of either build.
    Writing,
    /// Every file is of the build that is listed.
    Complete,
}

/// Files and the hash of the bytes that `bp` last wrote there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Manifest {
    pub(crate) state: State,
    /// Path in the output folder to hash.
    pub(crate) files: BTreeMap<String, String>,
    /// While writing, the files of the build before, which may still be on disk.
    pub(crate) previous: BTreeMap<String, String>,
}

impl Manifest {
    /// Where the manifest of an output folder is.
    pub(crate) fn path(out: &Utf8Path) -> Utf8PathBuf {
        out.join(MANIFEST)
    }

    /// The manifest in `out`; `None` if the folder has none yet.
    ///
    /// # Errors
    /// `BP6006` when it is damaged or of another version.
    pub(crate) fn read(system: &dyn System, out: &Utf8Path) -> Result<Option<Self>, Diagnostic> {
        let path = Self::path(out);
        if system.kind(&path).is_none() {
            return Ok(None);
        }
        let bad = |detail: &str| catalog::target::bad_manifest(path.as_str(), detail);
        let bytes = system.read(&path).map_err(|e| bad(&e.to_string()))?;
        let value: Value = serde_json::from_slice(&bytes).map_err(|e| bad(&e.to_string()))?;
        if value.get("version").and_then(Value::as_u64) != Some(VERSION) {
            return Err(bad("it is of another version"));
        }
        let state = match value.get("state").and_then(Value::as_str) {
            Some("writing") => State::Writing,
            Some("complete") => State::Complete,
            _ => return Err(bad("it names no state")),
        };
        let files = hashes(value.get("files")).ok_or_else(|| bad("it lists no files"))?;
        let previous = match state {
            State::Writing => hashes(value.get("previous")).unwrap_or_default(),
            State::Complete => BTreeMap::new(),
        };
        Ok(Some(Self { state, files, previous }))
    }

    /// The manifest as it is written.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut root = Map::new();
        root.insert("version".into(), VERSION.into());
        let state = if self.state == State::Writing { "writing" } else { "complete" };
        root.insert("state".into(), state.into());
        root.insert("files".into(), object(&self.files));
        if self.state == State::Writing {
            root.insert("previous".into(), object(&self.previous));
        }
        format!("{:#}\n", Value::Object(root)).into_bytes()
    }

    /// Whether `bp` wrote a file with these bytes at this path, in the last build or the one it interrupted.
    pub(crate) fn wrote(&self, path: &str, hash: &str) -> bool {
        [&self.files, &self.previous].iter().any(|m| m.get(path).is_some_and(|h| h == hash))
    }

    /// Whether `bp` ever wrote this path, as far as the manifest knows.
    pub(crate) fn knows(&self, path: &str) -> bool {
        self.files.contains_key(path) || self.previous.contains_key(path)
    }
}

fn hashes(value: Option<&Value>) -> Option<BTreeMap<String, String>> {
    value?.as_object()?.iter().map(|(k, v)| Some((k.clone(), v.as_str()?.to_owned()))).collect()
}

fn object(map: &BTreeMap<String, String>) -> Value {
    map.iter().map(|(k, v)| (k.clone(), Value::from(v.as_str()))).collect()
}
