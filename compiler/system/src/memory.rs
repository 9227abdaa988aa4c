//! A machine in memory, for tests.

use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use camino::{Utf8Path, Utf8PathBuf};

use crate::{EntryKind, LockGuard, LockMode, Stamp, System};

/// Files in a map; directories exist as far as files need them.
#[derive(Debug, Default)]
pub struct MemorySystem {
    files: Mutex<BTreeMap<Utf8PathBuf, Vec<u8>>>,
    /// For each file, how many changes of any file there had been when its bytes changed last, and when it was renamed last.
    changes: Mutex<BTreeMap<Utf8PathBuf, (i64, i64)>>,
    /// How many changes there have been.
    clock: AtomicI64,
    variables: BTreeMap<String, String>,
    /// The working directory; empty for `/`.
    here: Utf8PathBuf,
    /// Holders of each lock: `usize::MAX` for one alone.
    locks: Arc<Mutex<BTreeMap<Utf8PathBuf, usize>>>,
}

/// Releases when dropped.
#[derive(Debug)]
struct MemoryLock {
    path: Utf8PathBuf,
    locks: Arc<Mutex<BTreeMap<Utf8PathBuf, usize>>>,
}

impl Drop for MemoryLock {
    fn drop(&mut self) {
        let mut locks = self.locks.lock().unwrap_or_else(PoisonError::into_inner);
        match locks.get_mut(&self.path) {
            Some(count) if *count > 1 && *count != usize::MAX => *count -= 1,
            _ => drop(locks.remove(&self.path)),
        }
    }
}

impl MemorySystem {
    /// No files, no variables; the working directory is `/`.
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes a folder the working directory; relative paths start there from now on.
    pub fn inside(mut self, folder: impl Into<Utf8PathBuf>) -> Self {
        self.here = folder.into();
        self
    }

    /// Adds a file.
    pub fn with_file(self, path: impl AsRef<Utf8Path>, bytes: impl Into<Vec<u8>>) -> Self {
        let path = self.absolute(path.as_ref());
        self.put(path, bytes.into());
        self
    }

    /// Sets a variable.
    pub fn with_variable(mut self, name: &str, value: &str) -> Self {
        self.variables.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Every file, by path.
    pub fn snapshot(&self) -> BTreeMap<Utf8PathBuf, Vec<u8>> {
        self.files().clone()
    }

    fn absolute(&self, path: &Utf8Path) -> Utf8PathBuf {
        absolute(&self.here.join(path))
    }

    fn put(&self, path: Utf8PathBuf, bytes: Vec<u8>) {
        let now = self.tick();
        self.changes().insert(path.clone(), (now, now));
        self.files().insert(path, bytes);
    }

    fn tick(&self) -> i64 {
        self.clock.fetch_add(1, Ordering::Relaxed) + 1
    }

    fn changes(&self) -> MutexGuard<'_, BTreeMap<Utf8PathBuf, (i64, i64)>> {
        self.changes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn files(&self) -> MutexGuard<'_, BTreeMap<Utf8PathBuf, Vec<u8>>> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Resolves `.` and `..` by text, from `/`.
fn absolute(path: &Utf8Path) -> Utf8PathBuf {
    let mut out = Utf8PathBuf::from("/");
    for part in path.components() {
        match part {
            camino::Utf8Component::Normal(name) => out.push(name),
            camino::Utf8Component::ParentDir => {
                out.pop();
            }
            camino::Utf8Component::Prefix(_)
            | camino::Utf8Component::RootDir
            | camino::Utf8Component::CurDir => {}
        }
    }
    out
}

fn missing() -> io::Error {
    io::Error::from(io::ErrorKind::NotFound)
}

impl System for MemorySystem {
    fn read(&self, path: &Utf8Path) -> io::Result<Vec<u8>> {
        self.files().get(&self.absolute(path)).cloned().ok_or_else(missing)
    }

    fn kind(&self, path: &Utf8Path) -> Option<EntryKind> {
        let path = self.absolute(path);
        let files = self.files();
        if files.contains_key(&path) {
            return Some(EntryKind::File);
        }
        files.keys().any(|k| k.starts_with(&path)).then_some(EntryKind::Directory)
    }

    fn list(&self, path: &Utf8Path) -> io::Result<Vec<(String, EntryKind)>> {
        let path = self.absolute(path);
        let mut names = BTreeMap::new();
        for key in self.files().keys() {
            let Ok(rest) = key.strip_prefix(&path) else { continue };
            let mut parts = rest.components();
            let Some(first) = parts.next() else { continue };
            let kind = if parts.next().is_some() { EntryKind::Directory } else { EntryKind::File };
            names.insert(first.as_str().to_owned(), kind);
        }
        if names.is_empty() { Err(missing()) } else { Ok(names.into_iter().collect()) }
    }

    /// Its clock goes on by a second and a nanosecond with each change.
    fn stamp(&self, path: &Utf8Path) -> Option<Stamp> {
        const STEP: i64 = 1_000_000_001;
        let path = self.absolute(path);
        let length = u64::try_from(self.files().get(&path)?.len()).ok()?;
        let (modified, changed) = self.changes().get(&path).copied()?;
        let (modified, changed) = (modified * STEP, changed * STEP);
        Some(Stamp { length, modified, changed, inode: 0, device: 0 })
    }

    fn write(&self, path: &Utf8Path, bytes: &[u8]) -> io::Result<()> {
        self.put(self.absolute(path), bytes.to_vec());
        Ok(())
    }

    fn create(&self, path: &Utf8Path, bytes: &[u8]) -> io::Result<()> {
        if self.files().contains_key(&self.absolute(path)) {
            return Err(io::Error::from(io::ErrorKind::AlreadyExists));
        }
        self.write(path, bytes)
    }

    /// Nothing would release the lock meanwhile: where a real machine would wait, this one refuses.
    fn lock(&self, path: &Utf8Path, mode: LockMode, wait: bool) -> io::Result<Option<LockGuard>> {
        let path = self.absolute(path);
        let mut locks = self.locks.lock().unwrap_or_else(PoisonError::into_inner);
        let count = locks.get(&path).copied().unwrap_or(0);
        let free = if mode == LockMode::Exclusive { count == 0 } else { count != usize::MAX };
        if !free {
            return if wait { Err(io::Error::from(io::ErrorKind::Deadlock)) } else { Ok(None) };
        }
        locks
            .insert(path.clone(), if mode == LockMode::Exclusive { usize::MAX } else { count + 1 });
        Ok(Some(LockGuard::new(MemoryLock { path, locks: Arc::clone(&self.locks) })))
    }

    fn make_directory(&self, path: &Utf8Path) -> io::Result<()> {
        let path = self.absolute(path);
        let blocked = path.ancestors().any(|p| self.files().contains_key(p));
        if blocked { Err(io::Error::from(io::ErrorKind::NotADirectory)) } else { Ok(()) }
    }

    fn rename(&self, from: &Utf8Path, to: &Utf8Path) -> io::Result<()> {
        let (from, to) = (self.absolute(from), self.absolute(to));
        let mut changes = self.changes();
        let now = self.tick();
        let mut files = self.files();
        let bytes = files.remove(&from).ok_or_else(missing)?;
        let modified = changes.remove(&from).map_or(now, |(modified, _)| modified);
        changes.insert(to.clone(), (modified, now));
        files.insert(to, bytes);
        Ok(())
    }

    fn remove_file(&self, path: &Utf8Path) -> io::Result<()> {
        self.files().remove(&self.absolute(path)).map(|_| ()).ok_or_else(missing)
    }

    fn remove_empty_directory(&self, _path: &Utf8Path) -> io::Result<()> {
        Ok(())
    }

    fn variable(&self, name: &str) -> Option<String> {
        self.variables.get(name).cloned()
    }

    fn current_directory(&self) -> io::Result<Utf8PathBuf> {
        Ok(absolute(&self.here))
    }

    fn now_nanos(&self) -> u64 {
        0
    }
}
