//! Files in memory.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use super::super::files::Files;
use crate::sync::lock;

/// Files in memory; clones share them.
#[derive(Debug, Clone, Default)]
pub struct MemoryFiles {
    texts: Arc<Mutex<BTreeMap<PathBuf, String>>>,
}

impl MemoryFiles {
    /// Adds a file.
    pub fn with(self, path: impl Into<PathBuf>, text: impl Into<String>) -> Self {
        lock(&self.texts).insert(path.into(), text.into());
        self
    }

    /// Removes a file; true if there was one.
    pub fn remove(&self, path: impl AsRef<Path>) -> bool {
        lock(&self.texts).remove(path.as_ref()).is_some()
    }
}

impl Files for MemoryFiles {
    fn read(&self, path: &Path) -> io::Result<String> {
        let found = lock(&self.texts).get(path).cloned();
        found.ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "there is no such file"))
    }

    fn write(&self, path: &Path, text: &str) -> io::Result<()> {
        lock(&self.texts).insert(path.to_owned(), text.to_owned());
        Ok(())
    }
}
