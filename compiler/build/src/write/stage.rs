//! Stages a build: everything that may fail happens here, before the output changes.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use bp_diag::{Diagnostic, Diagnostics, catalog};
use bp_emit::Artifacts;
use bp_system::{EntryKind, Stamp, System};
use camino::{Utf8Path, Utf8PathBuf};
use rayon::iter::{
    IndexedParallelIterator as _, IntoParallelRefIterator as _, ParallelIterator as _,
};

use super::changes::OutputChanges;
use super::compare::{Comparison, compare, digest_all};
use super::folder::OutputFolder;
use super::manifest::{Manifest, State};
use crate::digest::Digest;
use crate::stamps::Stamps;

/// Where changed files wait, inside the output folder so that a rename stays in one file system.
pub(super) const STAGING: &str = ".bp-staging";
/// In the staging folder: the folders that staging made, one on each line, so that the next build knows them if this one is killed.
const FOLDERS: &str = "folders";
/// In the staging folder: the manifest that goes first.
pub(super) const WRITING: &str = "writing";
/// In the staging folder: the manifest that goes last.
pub(super) const COMPLETE: &str = "complete";

/// A path, and why the system refused to write there.
pub(super) type WriteError = (Utf8PathBuf, io::Error);

/// A file in the staging folder, and where it goes.
#[derive(Debug)]
pub(super) struct StagedFile {
    pub(super) from: Utf8PathBuf,
    pub(super) to: Utf8PathBuf,
    pub(super) digest: Digest,
    /// Its stamp in the staging folder.
    pub(super) stamp: Option<Stamp>,
}

/// A build that is ready to be committed; if it is dropped instead, the output stays as it was.
#[derive(Debug)]
pub struct Staged<'f> {
    pub(super) system: &'f dyn System,
    pub(super) out: &'f Utf8Path,
    pub(super) staging: Utf8PathBuf,
    pub(super) written: OutputChanges,
    /// Files that are already gone, whose folders are removed too if they are empty.
    pub(super) gone: Vec<String>,
    pub(super) files: Vec<StagedFile>,
    pub(super) stamps: &'f Stamps,
    /// Whether there is anything to do.
    pub(super) needed: bool,
    /// Whether the output has begun to change.
    pub(super) begun: bool,
}

impl OutputFolder<'_> {
    /// Compares the folder with the artifacts and stages what differs; the output itself stays as it is.
    ///
    /// # Errors
    /// `BP6003` for each file that was edited or is not from `bp`, unless `force`; `BP6004` when the system refuses, or a link or file is where a folder is needed; `BP6006` for a damaged manifest, unless `force`.
    /// Nothing is changed then.
    pub fn stage(&self, artifacts: &Artifacts, force: bool) -> Result<Staged<'_>, Diagnostics> {
        stage(self, artifacts, force)
    }
}

impl Staged<'_> {
    /// What a commit does.
    pub fn written(&self) -> &OutputChanges {
        &self.written
    }
}

impl Drop for Staged<'_> {
    fn drop(&mut self) {
        if self.needed && !self.begun {
            clear(self.system, self.out, &self.staging);
        }
    }
}

pub(super) fn stage<'f>(
    folder: &'f OutputFolder<'_>,
    artifacts: &Artifacts,
    force: bool,
) -> Result<Staged<'f>, Diagnostics> {
    let (system, out) = (folder.system, folder.out.as_path());
    let staging = out.join(STAGING);
    let one = |fault: Diagnostic| Diagnostics::from_iter([fault]);
    match system.entry(&staging) {
        None => {}
        Some(EntryKind::Directory) => clear(system, out, &staging),
        Some(EntryKind::File | EntryKind::Other) => {
            let why = "`bp` keeps its own folder there";
            return Err(one(catalog::target::cannot_write(staging.as_str(), why)));
        }
    }
    let digests = digest_all(artifacts);
    let Comparison { written, faults, before, gone } =
        compare(system, &folder.stamps, out, artifacts, &digests, force);
    if faults.has_errors() {
        return Err(faults);
    }
    let names = artifacts.iter().map(|(path, _)| path.as_str());
    let by_name: BTreeMap<&str, Digest> = names.zip(digests).collect();
    let files = by_name.iter().map(|(name, d)| ((*name).to_owned(), d.to_string())).collect();
    let complete = Manifest { state: State::Complete, files, previous: BTreeMap::new() };
    let needed = !written.is_clean() || before.as_ref() != Some(&complete);
    let mut staged = Staged {
        system,
        out,
        staging,
        written,
        gone,
        files: Vec::new(),
        stamps: &folder.stamps,
        needed,
        begun: false,
    };
    if needed {
        // A failure drops `staged`, which clears away what it made.
        fill_staging(&mut staged, artifacts, &by_name, before, complete).map_err(|(path, e)| {
            one(catalog::target::cannot_write(path.as_str(), &e.to_string()))
        })?;
    }
    Ok(staged)
}

fn fill_staging(
    staged: &mut Staged<'_>,
    artifacts: &Artifacts,
    digests: &BTreeMap<&str, Digest>,
    before: Option<Manifest>,
    complete: Manifest,
) -> Result<(), WriteError> {
    let (system, staging) = (staged.system, staged.staging.clone());
    system.make_directory(&staging).map_err(|e| (staging.clone(), e))?;
    prepare_folders(staged)?;
    let create = |name: &str, bytes: &[u8]| {
        let at = staging.join(name);
        system.create(&at, bytes).map(|()| at.clone()).map_err(|e| (at, e))
    };
    let fresh: Vec<&String> =
        staged.written.created.iter().chain(&staged.written.changed).collect();
    let stage = |(number, path): (usize, &&String)| {
        let (artifact, digest) = (artifacts.get(path)?, digests.get(path.as_str())?);
        let made = create(&number.to_string(), &artifact.bytes);
        Some(made.map(|from| {
            let stamp = system.entry_stamp(&from);
            StagedFile { from, to: staged.out.join(path), digest: *digest, stamp }
        }))
    };
    let files: Result<Vec<StagedFile>, WriteError> =
        fresh.par_iter().enumerate().filter_map(stage).collect();
    staged.files = files?;
    create(COMPLETE, &complete.encode())?;
    let previous = before.map(|m| {
        let mut all = m.previous;
        all.extend(m.files);
        all
    });
    let previous = previous.unwrap_or_default();
    let writing = Manifest { state: State::Writing, files: complete.files, previous };
    create(WRITING, &writing.encode())?;
    Ok(())
}

/// Makes the folders that are missing, and checks that files can be renamed into and removed from those that exist.
fn prepare_folders(staged: &Staged<'_>) -> Result<(), WriteError> {
    let (system, out, staging) = (staged.system, staged.out, &staged.staging);
    let written = &staged.written;
    let removed: BTreeSet<&str> = written.removed.iter().map(String::as_str).collect();
    let touched: BTreeSet<&Utf8Path> = [&written.created, &written.changed, &written.removed]
        .into_iter()
        .flatten()
        .filter_map(|name| Utf8Path::new(name).parent())
        .collect();
    // Sorted, so that a folder comes before those in it.
    let mut missing: BTreeSet<&Utf8Path> = BTreeSet::new();
    for folder in touched {
        let at = out.join(folder);
        match system.entry(&at) {
            Some(EntryKind::Directory) => {
                system.can_rename(staging, &at).map_err(|e| (at.clone(), e))?;
            }
            // A stale file is at this path or above it; the folder is made after that file is removed.
            _ if folder.ancestors().any(|p| removed.contains(p.as_str())) => {}
            _ => missing.extend(
                folder
                    .ancestors()
                    .filter(|p| !p.as_str().is_empty())
                    .take_while(|p| system.entry(&out.join(p)).is_none()),
            ),
        }
    }
    if missing.is_empty() {
        return Ok(());
    }
    let list: Vec<&str> = missing.iter().map(|p| p.as_str()).collect();
    let at = staging.join(FOLDERS);
    system.create(&at, list.join("\n").as_bytes()).map_err(|e| (at, e))?;
    for folder in missing {
        let at = out.join(folder);
        system.make_directory(&at).map_err(|e| (at, e))?;
    }
    Ok(())
}

/// Removes the staging folder, and the folders that staging made as far as they are empty.
///
/// A file that staging did not make is left, and the staging folder with it.
pub(super) fn clear(system: &dyn System, out: &Utf8Path, staging: &Utf8Path) {
    let list = staging.join(FOLDERS);
    if let Ok(text) = system.read(&list) {
        let text = String::from_utf8_lossy(&text);
        // From the innermost on; a line of a file is not trusted to stay inside the output.
        for name in text.lines().rev() {
            if bp_emit::ArtifactPath::new(name, "staging").is_ok() {
                let _ = system.remove_empty_directory(&out.join(name));
            }
        }
    }
    for (name, _) in system.list(staging).unwrap_or_default() {
        let ours = name.bytes().all(|b| b.is_ascii_digit())
            || [FOLDERS, WRITING, COMPLETE].contains(&name.as_str());
        if ours {
            let _ = system.remove_file(&staging.join(name));
        }
    }
    let _ = system.remove_empty_directory(staging);
}
