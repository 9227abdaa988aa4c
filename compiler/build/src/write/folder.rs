//! The output folder, held by its lock.

use std::io;
use std::sync::Arc;

use bp_diag::{Diagnostic, catalog};
use bp_system::{LockGuard, LockMode, System};
use camino::{Utf8Path, Utf8PathBuf};

use crate::stamps::Stamps;

/// The lock file; it exists while a build writes, and after a build that was killed.
pub(super) const LOCK: &str = ".bp-lock";

/// An output folder that this process alone writes to, until this is dropped.
#[derive(Debug)]
pub struct OutputFolder<'a> {
    pub(super) system: &'a dyn System,
    pub(super) stamps: Arc<Stamps>,
    pub(super) out: Utf8PathBuf,
    /// Folders that were missing, innermost first: they are removed again if nothing is written.
    pub(super) made: Vec<Utf8PathBuf>,
    pub(super) lock: Option<LockGuard>,
}

impl<'a> OutputFolder<'a> {
    /// Makes the folder if it is missing, and waits until no other build writes to it; `waiting` is called before a wait.
    ///
    /// What `stamps` knows of the files is not read again.
    ///
    /// # Errors
    /// `BP6004` when the folder cannot be made.
    pub fn hold(
        system: &'a dyn System,
        stamps: Arc<Stamps>,
        out: &Utf8Path,
        waiting: &dyn Fn(),
    ) -> Result<Self, Diagnostic> {
        let missing = |p: &&Utf8Path| !p.as_str().is_empty() && system.entry(p).is_none();
        let made: Vec<Utf8PathBuf> =
            out.ancestors().take_while(missing).map(Utf8Path::to_owned).collect();
        let mut folder = Self { system, stamps, out: out.to_owned(), made, lock: None };
        let failed = |e: &io::Error| catalog::target::cannot_write(out.as_str(), &e.to_string());
        // Another `bp` that wrote nothing may remove the folder that it made, with the lock in it, and several may do so one after another.
        for _ in 0..100 {
            if let Err(e) = system.make_directory(out) {
                return Err(failed(&e));
            }
            match take_lock(system, out, waiting) {
                Ok(lock) => {
                    folder.lock = lock;
                    return Ok(folder);
                }
                Err(e) if e.kind() == io::ErrorKind::NotFound => {}
                Err(e) => return Err(failed(&e)),
            }
        }
        Err(catalog::target::cannot_write(out.as_str(), "it keeps disappearing"))
    }
}

impl Drop for OutputFolder<'_> {
    fn drop(&mut self) {
        self.lock = None;
        for folder in &self.made {
            if self.system.remove_empty_directory(folder).is_err() {
                break;
            }
        }
    }
}

/// Takes the folder's lock; `None` if this user may not write there, because then none of its builds can.
pub(super) fn take_lock(
    system: &dyn System,
    out: &Utf8Path,
    waiting: &dyn Fn(),
) -> io::Result<Option<LockGuard>> {
    let at = out.join(LOCK);
    let taken = match system.lock(&at, LockMode::Exclusive, false) {
        Ok(None) => {
            waiting();
            system.lock(&at, LockMode::Exclusive, true)
        }
        other => other,
    };
    match taken {
        Err(e) if e.kind() == io::ErrorKind::PermissionDenied => Ok(None),
        Err(e) if e.kind() == io::ErrorKind::ReadOnlyFilesystem => Ok(None),
        other => other,
    }
}
