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

mod changes;
mod commit;
mod compare;
mod folder;
mod manifest;
mod stage;
#[cfg(test)]
mod tests;
mod untouched;

use std::sync::Arc;

use bp_diag::{Diagnostic, Diagnostics, catalog};
use bp_emit::Artifacts;
use bp_system::System;
use camino::Utf8Path;

use crate::stamps::Stamps;
pub use changes::OutputChanges;
use compare::{compare, digest_all};
pub use folder::OutputFolder;
use folder::take_lock;
pub use manifest::MANIFEST;
use manifest::{Manifest, State};
pub use stage::Staged;
pub use untouched::is_untouched;

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
