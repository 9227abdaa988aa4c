//! The folder `.bp/code`: one mirror of generated code for each set of plugins, used by one `bp` at a time.

use std::io;

use bp_diag::{Diagnostic, catalog};
use bp_system::{EntryKind, LockGuard, LockMode, System};
use camino::{Utf8Path, Utf8PathBuf};

use crate::identity::MirrorIdentity;
use crate::sweep::sweep;
use crate::tree;

/// How many mirrors are kept, the most recently used: switching between that many sets of plugins compiles nothing again.
const MAX_MIRRORS: usize = 8;
/// The file with the mirrors' names, most recently used first.
const RECENT: &str = "recent";
/// The lock that is held while a mirror is written and built.
const LOCK: &str = ".lock";

/// The mirrors of an application, held by this `bp` alone.
#[derive(Debug)]
pub(crate) struct Mirrors<'a> {
    system: &'a dyn System,
    root: Utf8PathBuf,
    folder: Utf8PathBuf,
    /// The folder's canonical path, the same for every `bp` wherever it was started.
    place: Utf8PathBuf,
    _lock: LockGuard,
}

impl<'a> Mirrors<'a> {
    /// Waits until no other `bp` builds for this application; `waiting` is called before a wait.
    ///
    /// # Errors
    /// `BP6004` when `.bp/code` cannot be made.
    pub(crate) fn hold(
        system: &'a dyn System,
        root: &Utf8Path,
        waiting: &dyn Fn(),
    ) -> Result<Self, Diagnostic> {
        let folder = root.join(".bp/code");
        let at = folder.join(LOCK);
        let taken = system.make_directory(&folder).and_then(|()| {
            if let Some(lock) = system.lock(&at, LockMode::Exclusive, false)? {
                return Ok(Some(lock));
            }
            waiting();
            system.lock(&at, LockMode::Exclusive, true)
        });
        let failed = |why: &str| catalog::target::cannot_write(at.as_str(), why);
        match taken {
            Ok(Some(lock)) => {
                let place = canonical_path(system, &folder);
                Ok(Self { system, root: root.to_owned(), folder, place, _lock: lock })
            }
            Ok(None) => Err(failed("another `bp` holds it")),
            Err(e) => Err(failed(&e.to_string())),
        }
    }

    /// Where the mirror of this name is.
    pub(crate) fn path(&self, name: &str) -> Utf8PathBuf {
        self.folder.join(name)
    }

    /// The identity of this mirror's code.
    pub(crate) fn identity(&self, name: &str) -> MirrorIdentity {
        MirrorIdentity::of(&self.place.join(name))
    }

    /// Where cargo builds, and whether it is the application's own folder.
    pub(crate) fn target(&self) -> (Utf8PathBuf, bool) {
        let here = self.system.current_directory().unwrap_or_default();
        match self.system.variable("CARGO_TARGET_DIR").filter(|named| !named.is_empty()) {
            Some(named) => (here.join(named), false),
            None => (here.join(&self.root).join(".bp/target"), true),
        }
    }

    /// Marks a mirror as most recently used, and as in use until the lock is dropped; removes the least recently used ones, except those in use.
    ///
    /// # Errors
    /// The system's refusal to mark it.
    pub(crate) fn mark_used(&self, name: &str) -> io::Result<LockGuard> {
        let mark = self.folder.join(format!("{name}.lock"));
        let lock = self.system.lock(&mark, LockMode::Shared, true)?;
        let lock = lock.ok_or_else(|| io::Error::from(io::ErrorKind::WouldBlock))?;
        let recent = self.folder.join(RECENT);
        let text = self.system.read(&recent).unwrap_or_default();
        let mut order = vec![name.to_owned()];
        let mut add = |name: &str| {
            if is_name(name) && !order.iter().any(|n| n == name) {
                order.push(name.to_owned());
            }
        };
        String::from_utf8_lossy(&text).lines().for_each(&mut add);
        // A mirror that the list does not have counts as older than those in it.
        for (found, kind) in self.system.list(&self.folder)? {
            if kind == EntryKind::Directory {
                add(&found);
            }
        }
        let mut kept = Vec::new();
        for (age, name) in order.into_iter().enumerate() {
            // The next run tries again to remove what cannot be removed now.
            if age < MAX_MIRRORS || !self.remove(&name).unwrap_or(false) {
                kept.push(name);
            }
        }
        self.system.write(&recent, (kept.join("\n") + "\n").as_bytes())?;
        Ok(lock)
    }

    /// Removes a mirror; false when a running `bp` uses it.
    fn remove(&self, name: &str) -> io::Result<bool> {
        let mark = self.folder.join(format!("{name}.lock"));
        let Some(_alone) = self.system.lock(&mark, LockMode::Exclusive, false)? else {
            return Ok(false);
        };
        let mirror = self.path(name);
        if self.system.entry(&mirror).is_some() {
            tree::remove(self.system, &mirror)?;
        }
        let (target, own) = self.target();
        sweep(target.as_std_path(), &self.identity(name), own);
        Ok(true)
    }
}

/// A folder's canonical path; as given if the system cannot resolve it.
#[expect(clippy::disallowed_methods, reason = "a path that never appears in output")]
fn canonical_path(system: &dyn System, folder: &Utf8Path) -> Utf8PathBuf {
    let given = system.current_directory().unwrap_or_default().join(folder);
    let found = std::fs::canonicalize(&given).ok();
    found.and_then(|path| Utf8PathBuf::from_path_buf(path).ok()).unwrap_or(given)
}

/// Whether a mirror may have this name: only such folders are ever removed.
fn is_name(name: &str) -> bool {
    name.len() == 16 && name.bytes().all(|b| b.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use bp_system::{MemorySystem, RealSystem};

    use super::*;

    fn names(system: &dyn System, root: &Utf8Path) -> Vec<String> {
        let all = system.list(&root.join(".bp/code")).expect("a folder");
        all.into_iter().map(|(n, _)| n).filter(|n| is_name(n) || n == "mine").collect()
    }

    #[test]
    fn old_mirrors_go_and_those_in_use_stay() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = Utf8PathBuf::from_path_buf(folder.path().to_owned()).expect("UTF-8");
        let system = RealSystem::new();
        let name = |n: usize| format!("{n:016x}");
        system.write(&root.join(".bp/code/mine/a"), b"foreign").expect("a file");
        let mut first = None;
        for n in 0..MAX_MIRRORS + 3 {
            let mirrors = Mirrors::hold(&system, &root, &|| ()).expect("free");
            system.write(&mirrors.path(&name(n)).join("a/b"), b"code").expect("a file");
            let lock = mirrors.mark_used(&name(n)).expect("free");
            if n == 0 {
                first = Some(lock);
            }
        }
        let expected: Vec<_> = [0]
            .into_iter()
            .chain(3..MAX_MIRRORS + 3)
            .map(name)
            .chain(["mine".to_owned()])
            .collect();
        assert_eq!(names(&system, &root), expected, "the first is in use");
        drop(first);
        // Using an old one again keeps it; the first, which nobody uses any more, goes.
        let mirrors = Mirrors::hold(&system, &root, &|| ()).expect("free");
        drop(mirrors.mark_used(&name(3)).expect("free"));
        assert_eq!(names(&system, &root), expected[1..]);
        drop(mirrors.mark_used(&name(99)).expect("free"));
        let left = names(&system, &root);
        assert!(left.contains(&name(3)) && !left.contains(&name(4)), "{left:?}");
    }

    #[test]
    fn a_second_bp_is_told_to_wait() {
        let system = MemorySystem::new();
        let root = Utf8Path::new("/app");
        let held = Mirrors::hold(&system, root, &|| ()).expect("free");
        let waited = std::cell::Cell::new(false);
        let fault = Mirrors::hold(&system, root, &|| waited.set(true)).expect_err("held");
        assert!(waited.get() && fault.code.id == "BP6004");
        drop(held);
        Mirrors::hold(&system, root, &|| ()).expect("released");
    }
}
