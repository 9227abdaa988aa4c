//! The manifest: which files in an output folder `bp` wrote.

use std::collections::BTreeMap;

use bp_diag::{Diagnostic, catalog};
use bp_system::System;
use camino::{Utf8Path, Utf8PathBuf};
use serde::{Deserialize, Serialize};

/// The manifest's file name in the output folder.
pub const MANIFEST: &str = ".bp-manifest.json";
const VERSION: u64 = 1;

/// Whether the folder holds one whole build.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
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

#[derive(Deserialize)]
struct VersionOnly {
    #[serde(default)]
    version: u64,
}

/// The manifest's layout; `F` maps paths to hashes, borrowed or owned.
#[derive(Serialize, Deserialize)]
struct ManifestFile<F> {
    version: u64,
    state: State,
    files: F,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    previous: Option<F>,
}

impl Manifest {
    /// Where the manifest of an output folder is.
    pub(crate) fn path(out: &Utf8Path) -> Utf8PathBuf {
        out.join(MANIFEST)
    }

    /// The manifest in `out`; `None` if the folder has none yet.
    ///
    /// # Errors
    /// `BP6006` when it is damaged or has another version.
    pub(crate) fn read(system: &dyn System, out: &Utf8Path) -> Result<Option<Self>, Diagnostic> {
        let path = Self::path(out);
        if system.kind(&path).is_none() {
            return Ok(None);
        }
        let bad = |detail: &str| catalog::target::bad_manifest(path.as_str(), detail);
        let bytes = system.read(&path).map_err(|e| bad(&e.to_string()))?;
        // Only the version is read first, because the manifest of another version may have any layout.
        let VersionOnly { version } =
            serde_json::from_slice(&bytes).map_err(|e| bad(&e.to_string()))?;
        if version != VERSION {
            return Err(bad("it has another version"));
        }
        let kept: ManifestFile<BTreeMap<String, String>> =
            serde_json::from_slice(&bytes).map_err(|e| bad(&e.to_string()))?;
        let ManifestFile { state, files, previous, .. } = kept;
        let previous = previous.filter(|_| state == State::Writing).unwrap_or_default();
        Ok(Some(Self { state, files, previous }))
    }

    /// The manifest as it is written.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let previous = (self.state == State::Writing).then_some(&self.previous);
        let kept =
            ManifestFile { version: VERSION, state: self.state, files: &self.files, previous };
        // A map of strings can always be written as JSON.
        let mut bytes = serde_json::to_vec_pretty(&kept).unwrap_or_default();
        bytes.push(b'\n');
        bytes
    }

    /// Whether `bp` wrote a file with these bytes at this path, in the last build or in an interrupted one.
    pub(crate) fn wrote(&self, path: &str, hash: &str) -> bool {
        [&self.files, &self.previous].iter().any(|m| m.get(path).is_some_and(|h| h == hash))
    }

    /// Whether `bp` ever wrote this path, as far as the manifest knows.
    pub(crate) fn knows(&self, path: &str) -> bool {
        self.files.contains_key(path) || self.previous.contains_key(path)
    }
}
