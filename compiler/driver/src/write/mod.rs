//! Writes artifacts: only what changed, staged and then renamed, and never over a file that `bp` did not write.
//!
//! An [`OutputFolder`] is an output folder that this process alone writes to; the lock ends with the process.
//! [`OutputFolder::stage`] compares, and puts everything that changed into `.bp-staging`, manifests included: until it has returned, the output is as before.
//! [`Staged::commit`] renames: the manifest that says `writing` first, the one that says `complete` last.
//! In between the manifest lists the files of both builds, so that the next build recognises an interrupted one and repairs it.
//!
//! Nothing is synced to the disk, because the output can be made again, and syncing thousands of files would take longer than that.
//! After a power failure a file that lost its bytes differs from what the manifest says, which `bp build` reports and `bp build --force` repairs.
//!
//! Symbolic links below the folder are never followed.

mod commit;
mod compare;
mod manifest;
mod stage;
#[cfg(test)]
mod tests;
mod untouched;

use std::io;
use std::sync::Arc;

use bp_diag::{Diagnostic, Diagnostics, catalog};
use bp_emit::Artifacts;
use bp_system::{LockGuard, LockMode, System};
use camino::{Utf8Path, Utf8PathBuf};
use rayon::iter::{IntoParallelRefIterator as _, ParallelIterator as _};

use crate::digest::Digest;
use crate::stamps::Stamps;
use compare::compare;
pub use manifest::MANIFEST;
use manifest::{Manifest, State};
pub use stage::Staged;
pub use untouched::is_untouched;

/// The lock file; it exists while a build writes, and after a build that was killed.
const LOCK: &str = ".bp-lock";

/// What a build did, or would do, to its output folder; paths are relative to it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OutputChanges {
    /// Files that are new.
    pub created: Vec<String>,
    /// Files whose bytes changed.
    pub changed: Vec<String>,
    /// How many files were up to date.
    pub unchanged: usize,
    /// Generated files that no longer belong.
    pub removed: Vec<String>,
}

impl OutputChanges {
    /// Whether the folder was up to date.
    pub fn is_clean(&self) -> bool {
        self.created.is_empty() && self.changed.is_empty() && self.removed.is_empty()
    }
}

/// An output folder that this process alone writes to, until this is dropped.
#[derive(Debug)]
pub struct OutputFolder<'a> {
    system: &'a dyn System,
    stamps: Arc<Stamps>,
    out: Utf8PathBuf,
    /// Folders that were missing, innermost first: they are removed again if nothing is written.
    made: Vec<Utf8PathBuf>,
    lock: Option<LockGuard>,
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

    /// Compares the folder with the artifacts and stages what differs; the output itself stays as it is.
    ///
    /// # Errors
    /// `BP6003` for each file that was edited or is not from `bp`, unless `force`; `BP6004` when the system refuses, or a link or file is where a folder is needed; `BP6006` for a damaged manifest, unless `force`.
    /// Nothing is changed then.
    pub fn stage(&self, artifacts: &Artifacts, force: bool) -> Result<Staged<'_>, Diagnostics> {
        stage::stage(self, artifacts, force)
    }

    /// Stages and commits.
    ///
    /// # Errors
    /// As [`OutputFolder::stage`] and [`Staged::commit`].
    pub fn write(&self, artifacts: &Artifacts, force: bool) -> Result<OutputChanges, Diagnostics> {
        self.stage(artifacts, force)?.commit().map_err(|fault| Diagnostics::from_iter([fault]))
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

/// The digest of each artifact, in their order.
fn digest_all(artifacts: &Artifacts) -> Vec<Digest> {
    let all: Vec<_> = artifacts.iter().collect();
    all.par_iter().map(|(_, artifact)| Digest::of(&artifact.bytes)).collect()
}

/// Takes the folder's lock; `None` if this user may not write there, because then none of its builds can.
fn take_lock(
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

/// Makes the folder hold exactly the artifacts, besides files that `bp` never wrote.
///
/// # Errors
/// As [`OutputFolder::hold`] and [`OutputFolder::write`].
pub fn write(
    system: &dyn System,
    out: &Utf8Path,
    artifacts: &Artifacts,
    force: bool,
) -> Result<OutputChanges, Diagnostics> {
    let folder = OutputFolder::hold(system, Arc::default(), out, &|| ())
        .map_err(|fault| Diagnostics::from_iter([fault]))?;
    folder.write(artifacts, force)
}

/// Compares the folder with the artifacts and writes nothing: one `BP6005` for each file that is missing, differs or is stale, `BP6007` for a folder that is half written.
///
/// It waits for a build that is writing there; `waiting` is called before.
pub fn check(
    system: &dyn System,
    out: &Utf8Path,
    artifacts: &Artifacts,
    waiting: &dyn Fn(),
) -> Diagnostics {
    let mut faults = Diagnostics::new();
    let lock = match system.entry(out) {
        None => Ok(None),
        Some(_) => take_lock(system, out, waiting),
    };
    // Where there is no folder to lock, the comparison says what is wrong.
    let lock = lock.unwrap_or_default();
    let digests = digest_all(artifacts);
    let comparison = compare(system, &Stamps::none(), out, artifacts, &digests, true);
    drop(lock);
    faults.append(comparison.faults);
    if comparison.before.is_some_and(|m| m.state == State::Writing) {
        faults.push(catalog::target::half_written(out.as_str()));
    }
    let lists = [
        (comparison.written.created, "is missing"),
        (comparison.written.changed, "differs from what the sources produce"),
        (comparison.written.removed, "is stale: the sources no longer produce it"),
    ];
    for (paths, what) in lists {
        for path in paths {
            faults.push(catalog::target::output_differs(out.join(path).as_str(), what));
        }
    }
    faults
}

/// Whether the folder holds one whole build.
///
/// # Errors
/// `BP6007` when an earlier build was interrupted there, `BP6006` when its manifest is damaged.
pub fn check_complete(system: &dyn System, out: &Utf8Path) -> Result<(), Diagnostic> {
    match Manifest::read(system, out)? {
        Some(m) if m.state == State::Writing => Err(catalog::target::half_written(out.as_str())),
        _ => Ok(()),
    }
}
