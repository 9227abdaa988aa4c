//! What targets produce: files in memory, each with its origin.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;

use bp_diag::{Diagnostic, catalog};

/// A file's path inside the output folder: relative, `/`-separated, without `.` and `..`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ArtifactPath(String);

impl ArtifactPath {
    /// Checks a path; the diagnostic names `plugin`.
    ///
    /// # Errors
    /// `BP6001` when the path could leave the output folder, or would differ between machines: empty or absolute, a part that is empty, `.`, `..` or ends in a dot or space, a backslash, a colon or a control character, more than 1,024 bytes.
    pub fn new(path: impl Into<String>, plugin: &str) -> Result<Self, Diagnostic> {
        let path = path.into();
        match Self::find_fault(&path) {
            None => Ok(Self(path)),
            Some(why) => Err(catalog::target::bad_artifact_path(plugin, &path, why)),
        }
    }

    fn find_fault(path: &str) -> Option<&'static str> {
        if path.is_empty() {
            return Some("it is empty");
        }
        if path.len() > 1024 {
            return Some("it is longer than 1,024 bytes");
        }
        if path.contains(['\\', ':']) || path.chars().any(char::is_control) {
            return Some("it holds a backslash, a colon or a control character");
        }
        path.split('/').find_map(|part| match part {
            "" => Some("it is absolute or has an empty part"),
            "." | ".." => Some("it has a part `.` or `..`"),
            _ if part.ends_with(['.', ' ']) => Some("a part ends in a dot or a space"),
            _ => None,
        })
    }

    /// The path as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ArtifactPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Which plugin wrote an artifact, and for what.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Origin {
    /// The plugin's id: `process`, `grpc`.
    pub plugin: String,
    /// The plan's key that it stands for: `process:web`, `frontend->cart`; empty for the whole system.
    pub key: String,
}

impl Origin {
    /// An artifact of `plugin` that stands for `key`.
    pub fn new(plugin: impl Into<String>, key: impl Into<String>) -> Self {
        Self { plugin: plugin.into(), key: key.into() }
    }
}

/// One file in memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Artifact {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Who wrote it, and for what.
    pub origin: Origin,
    /// Whether another tool also writes the file, as cargo does with `Cargo.lock`: `bp` writes it when its own bytes change and otherwise leaves it alone.
    pub shared: bool,
}

/// All files of one build, by path.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Artifacts(BTreeMap<ArtifactPath, Artifact>);

impl Artifacts {
    /// No files.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a file.
    ///
    /// # Errors
    /// `BP6001` for a bad path; `BP6002` when another artifact has this path, or one is a folder where the other is a file, unless the bytes are the same.
    pub fn insert(
        &mut self,
        path: impl Into<String>,
        bytes: impl Into<Vec<u8>>,
        origin: Origin,
    ) -> Result<(), Diagnostic> {
        self.add(path, Artifact { bytes: bytes.into(), origin, shared: false })
    }

    /// Adds a file that another tool also writes; see [`Artifact::shared`].
    ///
    /// # Errors
    /// As [`Artifacts::insert`].
    pub fn insert_shared(
        &mut self,
        path: impl Into<String>,
        bytes: impl Into<Vec<u8>>,
        origin: Origin,
    ) -> Result<(), Diagnostic> {
        self.add(path, Artifact { bytes: bytes.into(), origin, shared: true })
    }

    /// Adds all files of another set.
    ///
    /// # Errors
    /// `BP6002` for each path that both hold with different bytes; the file already here stays.
    pub fn merge(&mut self, other: Self) -> Result<(), Vec<Diagnostic>> {
        let faults: Vec<_> =
            other.0.into_iter().filter_map(|(path, a)| self.add(path.0, a).err()).collect();
        if faults.is_empty() { Ok(()) } else { Err(faults) }
    }

    fn add(&mut self, path: impl Into<String>, artifact: Artifact) -> Result<(), Diagnostic> {
        let path = ArtifactPath::new(path, &artifact.origin.plugin)?;
        if let Some((other, at)) = self.find_nesting(&path) {
            let (first, second) = (&other.origin.plugin, &artifact.origin.plugin);
            return Err(catalog::target::artifact_clash(path.as_str(), at, first, second));
        }
        match self.0.entry(path) {
            Entry::Vacant(slot) => {
                slot.insert(artifact);
                Ok(())
            }
            Entry::Occupied(slot) if slot.get().bytes == artifact.bytes => Ok(()),
            Entry::Occupied(slot) => {
                let path = slot.key().as_str();
                let (first, second) = (&slot.get().origin.plugin, &artifact.origin.plugin);
                Err(catalog::target::artifact_clash(path, path, first, second))
            }
        }
    }

    /// The artifact whose path is a folder of `path`, or that lies below `path`.
    fn find_nesting(&self, path: &ArtifactPath) -> Option<(&Artifact, &str)> {
        let below = ArtifactPath(format!("{path}/"));
        if let Some((inside, artifact)) = self.0.range(&below..).next()
            && inside.0.starts_with(&below.0)
        {
            return Some((artifact, &inside.0));
        }
        path.0.match_indices('/').find_map(|(end, _)| {
            let above = ArtifactPath(path.0.get(..end)?.to_owned());
            self.0.get_key_value(&above).map(|(at, artifact)| (artifact, at.as_str()))
        })
    }

    /// Gives the file at a path other bytes; nothing happens when there is none.
    pub fn replace(&mut self, path: &str, bytes: impl Into<Vec<u8>>) {
        if let Some(artifact) = self.0.get_mut(&ArtifactPath(path.to_owned())) {
            artifact.bytes = bytes.into();
        }
    }

    /// The file at a path.
    pub fn get(&self, path: &str) -> Option<&Artifact> {
        self.0.get(&ArtifactPath(path.to_owned()))
    }

    /// Every file, by path.
    pub fn iter(&self) -> impl Iterator<Item = (&ArtifactPath, &Artifact)> {
        self.0.iter()
    }

    /// How many files there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(plugin: &str) -> Origin {
        Origin::new(plugin, "")
    }

    #[test]
    fn a_path_stays_inside() {
        for bad in [
            "",
            "/etc/passwd",
            "../x",
            "a/../../x",
            "a//b",
            "./a",
            "a/.",
            "a\\b",
            "c:x",
            "a\nb",
            "a/b.",
            "a /b",
            "a/",
        ] {
            let fault = ArtifactPath::new(bad, "p").expect_err(bad);
            assert_eq!(fault.code.id, "BP6001", "{bad}");
        }
        for good in ["a", "a/b.rs", "a b/c", ".env", "a/..b"] {
            assert!(ArtifactPath::new(good, "p").is_ok(), "{good}");
        }
    }

    #[test]
    fn two_writers_of_one_path_clash_unless_they_agree() {
        let mut all = Artifacts::new();
        all.insert("a/b", "1", origin("first")).expect("free");
        all.insert("a/b", "1", origin("second")).expect("the same bytes");
        let clash = all.insert("a/b", "2", origin("second")).expect_err("other bytes");
        assert_eq!(clash.code.id, "BP6002");
        assert!(clash.message.contains("first") && clash.message.contains("second"));
        assert_eq!(all.insert("a", "1", origin("s")).expect_err("a folder").code.id, "BP6002");
        assert_eq!(all.insert("a/b/c", "1", origin("s")).expect_err("a file").code.id, "BP6002");
        all.insert("a/bc", "1", origin("s")).expect("a neighbour");
        assert_eq!(all.len(), 2);
    }
}
