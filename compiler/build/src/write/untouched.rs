//! Checks without the artifacts whether a folder is still as a build left it.

use std::collections::BTreeSet;
use std::sync::Arc;

use bp_system::{EntryKind, System};
use camino::Utf8Path;
use rayon::iter::{IntoParallelRefIterator as _, ParallelIterator as _};

use super::folder::{OutputFolder, take_lock};
use super::manifest::{Manifest, State};
use super::stage::STAGING;
use crate::digest::Digest;
use crate::memo::BuildOutcome;

impl OutputFolder<'_> {
    /// The digest of the manifest as it is; `None` when there is none.
    pub fn manifest_digest(&self) -> Option<String> {
        self.system
            .read(&Manifest::path(&self.out))
            .ok()
            .map(|bytes| Digest::of(&bytes).to_string())
    }

    /// How many files the folder holds, if its manifest has this digest and every file in it is what the manifest says; `shared` files need only be there.
    ///
    /// Then the artifacts of the build that left this manifest are all unchanged.
    pub fn count_if_untouched(&self, manifest: &str, shared: &[String]) -> Option<usize> {
        if self.manifest_digest()? != manifest {
            return None;
        }
        let manifest = Manifest::read(self.system, &self.out).ok()??;
        // A build that was killed while staging left its folder, and perhaps empty ones, which must be removed.
        let staging = self.system.entry(&self.out.join(STAGING));
        if manifest.state != State::Complete || staging.is_some() {
            return None;
        }
        let entry = |name: &str| self.system.entry(&self.out.join(name));
        let folders = collect_folders(manifest.files.keys());
        if folders.into_iter().any(|folder| entry(folder) != Some(EntryKind::Directory)) {
            return None;
        }
        let files: Vec<(&String, &String)> = manifest.files.iter().collect();
        let same = files.par_iter().all(|(name, wanted)| {
            let at = self.out.join(name);
            if shared.contains(name) {
                return self.system.entry(&at) == Some(EntryKind::File);
            }
            let now = self.stamps.entry_digest(self.system, &at);
            now.is_some_and(|now| now.to_string() == **wanted)
        });
        same.then_some(files.len())
    }
}

/// Every folder that one of these files is in.
fn collect_folders<'n>(names: impl Iterator<Item = &'n String>) -> BTreeSet<&'n str> {
    let mut all = BTreeSet::new();
    for name in names {
        let mut name = name.as_str();
        // If a folder is already in the set, its parents are too.
        while let Some((folder, _)) = name.rsplit_once('/')
            && all.insert(folder)
        {
            name = folder;
        }
    }
    all
}

/// Whether a folder holds what a build left there, by the content of every file.
///
/// It waits for a build that is writing there; `waiting` is called before.
pub fn is_untouched(
    system: &dyn System,
    out: &Utf8Path,
    outcome: &BuildOutcome,
    waiting: &dyn Fn(),
) -> bool {
    if system.entry(out) != Some(EntryKind::Directory) {
        return false;
    }
    let Ok(lock) = take_lock(system, out, waiting) else { return false };
    let out = out.to_owned();
    let folder = OutputFolder { system, stamps: Arc::default(), out, made: Vec::new(), lock };
    folder.count_if_untouched(&outcome.manifest, &outcome.shared).is_some()
}
