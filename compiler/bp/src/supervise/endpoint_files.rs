//! The files that tell callers where each listener's replicas are.

#![expect(clippy::disallowed_methods, reason = "the supervisor's own files in `.bp/run`")]

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

/// The supervisor's folder while it runs, and the endpoints that its files list.
#[derive(Debug)]
pub(crate) struct EndpointFiles {
    folder: PathBuf,
    /// By address: what its file lists.
    written: BTreeMap<String, Vec<String>>,
}

impl EndpointFiles {
    /// Makes the folder, which only its owner may read, with an empty file for each address.
    pub(crate) fn new<'a>(
        folder: &Path,
        addresses: impl IntoIterator<Item = &'a str>,
    ) -> io::Result<Self> {
        fs::create_dir_all(folder.join("endpoints"))?;
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700))?;
        let mut published = Self { folder: folder.to_owned(), written: BTreeMap::new() };
        for address in addresses {
            published.set(address, Vec::new())?;
        }
        Ok(published)
    }

    /// The file of an address.
    pub(crate) fn file(&self, address: &str) -> PathBuf {
        self.folder.join("endpoints").join(format!("{address}.json"))
    }

    /// Writes where an address's replicas are, if that has changed.
    pub(crate) fn set(&mut self, address: &str, endpoints: Vec<String>) -> io::Result<()> {
        if self.written.get(address) == Some(&endpoints) {
            return Ok(());
        }
        let file = self.file(address);
        let unfinished = file.with_extension("new");
        let text = serde_json::to_string(&endpoints).map_err(io::Error::other)?;
        fs::write(&unfinished, text + "\n")?;
        // The rename is atomic, so a reader sees the old list or the new one.
        fs::rename(&unfinished, &file)?;
        self.written.insert(address.to_owned(), endpoints);
        Ok(())
    }
}

impl Drop for EndpointFiles {
    fn drop(&mut self) {
        for address in self.written.keys() {
            let _ = fs::remove_file(self.file(address));
        }
        let _ = fs::remove_dir(self.folder.join("endpoints"));
        let _ = fs::remove_dir(&self.folder);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_whole_private_and_gone_afterwards() {
        let folder = tempfile::tempdir().expect("a folder");
        let run = folder.path().join("run/local");
        let mut published = EndpointFiles::new(&run, ["A", "B"]).expect("made");
        assert_eq!(fs::metadata(&run).expect("there").permissions().mode() & 0o777, 0o700);
        let read = |name: &str| fs::read_to_string(run.join("endpoints").join(name)).expect("read");
        assert_eq!(read("A.json"), "[]\n");
        published.set("A", vec!["127.0.0.1:1".to_owned()]).expect("written");
        assert_eq!((read("A.json"), read("B.json")), ("[\"127.0.0.1:1\"]\n".into(), "[]\n".into()));
        drop(published);
        assert!(!run.exists());
    }
}
