//! The renames that make a staged build the output.

use std::collections::BTreeSet;
use std::io::ErrorKind;

use bp_diag::{Diagnostic, Diagnostics, catalog};
use bp_emit::Artifacts;
use bp_system::{Stamp, System};
use camino::Utf8Path;
use rayon::iter::{IntoParallelRefIterator as _, ParallelIterator as _};

use super::changes::OutputChanges;
use super::folder::OutputFolder;
use super::manifest::Manifest;
use super::stage::{COMPLETE, Staged, StagedFile, WRITING, WriteError, clear};

impl OutputFolder<'_> {
    /// Stages and commits.
    ///
    /// # Errors
    /// As [`OutputFolder::stage`] and [`Staged::commit`].
    pub fn write(&self, artifacts: &Artifacts, force: bool) -> Result<OutputChanges, Diagnostics> {
        self.stage(artifacts, force)?.commit().map_err(|fault| Diagnostics::from_iter([fault]))
    }
}

impl Staged<'_> {
    /// Makes the staged build the output.
    ///
    /// # Errors
    /// `BP6004` when the system refuses in the middle, which staging has made unlikely: the folder is then half written, and the next build repairs it.
    pub fn commit(mut self) -> Result<OutputChanges, Diagnostic> {
        if self.needed {
            self.rename().map_err(|(path, e)| {
                let fault = catalog::target::cannot_write(path.as_str(), &e.to_string());
                if self.begun {
                    fault.note("the folder is half written now; the next build repairs it")
                } else {
                    fault
                }
            })?;
        }
        Ok(std::mem::take(&mut self.written))
    }

    fn rename(&mut self) -> Result<(), WriteError> {
        let (system, out) = (self.system, self.out);
        let manifest = Manifest::path(out);
        let put = |name: &str| {
            let result = system.rename(&self.staging.join(name), &manifest);
            result.map_err(|e| (manifest.clone(), e))
        };
        put(WRITING)?;
        self.begun = true;
        // Stale files are removed first, because one may be where a folder is needed.
        for path in &self.written.removed {
            let path = out.join(path);
            system.remove_file(&path).map_err(|e| (path.clone(), e))?;
            remove_empty_parents(system, out, &path);
        }
        for path in &self.gone {
            remove_empty_parents(system, out, &out.join(path));
        }
        let parents = self.files.iter().filter_map(|file| file.to.parent());
        let parents: BTreeSet<&str> = parents.map(Utf8Path::as_str).collect();
        for parent in parents {
            system.make_directory(parent.into()).map_err(|e| (parent.into(), e))?;
        }
        let rename = |file: &StagedFile| {
            system.rename(&file.from, &file.to).map_err(|e| (file.to.clone(), e))
        };
        self.files.par_iter().map(rename).collect::<Result<(), WriteError>>()?;
        put(COMPLETE)?;
        self.record_stamps();
        clear(system, out, &self.staging);
        Ok(())
    }
}

impl Staged<'_> {
    /// Records the stamps of what was written, so that it need not be read again while it stays unchanged.
    fn record_stamps(&self) {
        // The manifest was renamed last, so a file with an older stamp cannot change in the same tick again.
        let since = self.system.entry_stamp(&Manifest::path(self.out));
        self.files.par_iter().for_each(|file| {
            let stamp = self.system.entry_stamp(&file.to);
            // A rename keeps the modification time; a change by someone else would not.
            let own = |now: &Stamp| {
                file.stamp.is_some_and(|staged| {
                    (staged.modified, staged.length) == (now.modified, now.length)
                })
            };
            self.stamps.learn(&file.to, stamp.filter(own), file.digest, since);
        });
    }
}

fn remove_empty_parents(system: &dyn System, out: &Utf8Path, path: &Utf8Path) {
    for parent in path.ancestors().skip(1).take_while(|p| *p != out && p.starts_with(out)) {
        // A folder that is already gone says nothing about its parents.
        if system.remove_empty_directory(parent).is_err_and(|e| e.kind() != ErrorKind::NotFound) {
            break;
        }
    }
}
