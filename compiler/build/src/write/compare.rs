//! Compares a folder with the artifacts: what has to change, and what prevents it.

use std::collections::{BTreeMap, BTreeSet};

use bp_diag::{Diagnostics, catalog};
use bp_emit::Artifacts;
use bp_system::{EntryKind, System};
use camino::Utf8Path;
use rayon::iter::{IntoParallelRefIterator as _, ParallelIterator as _};

use super::changes::OutputChanges;
use super::manifest::{MANIFEST, Manifest, State};
use crate::digest::Digest;
use crate::stamps::Stamps;

/// The outcome of a comparison.
pub(super) struct Comparison {
    pub(super) written: OutputChanges,
    pub(super) faults: Diagnostics,
    pub(super) before: Option<Manifest>,
    /// Files that an interrupted build removed, and whose folders may still have to go.
    pub(super) gone: Vec<String>,
}

/// The digest of each artifact, in their order.
pub(super) fn digest_all(artifacts: &Artifacts) -> Vec<Digest> {
    let all: Vec<_> = artifacts.iter().collect();
    all.par_iter().map(|(_, artifact)| Digest::of(&artifact.bytes)).collect()
}

/// Compares; with `force`, files that `bp` did not write are not faults.
pub(super) fn compare(
    system: &dyn System,
    stamps: &Stamps,
    out: &Utf8Path,
    artifacts: &Artifacts,
    digests: &[Digest],
    force: bool,
) -> Comparison {
    let mut faults = Diagnostics::new();
    let before = match Manifest::read(system, out) {
        Ok(before) => before,
        Err(fault) => {
            if !force {
                faults.push(fault);
            }
            None
        }
    };
    let all: Vec<_> = artifacts.iter().collect();
    // Most of the time is spent waiting for the system, so several threads do it at once.
    let found: Vec<Found> =
        all.par_iter().map(|(path, _)| look_up(system, stamps, &out.join(path.as_str()))).collect();
    let mut comparer = Comparer {
        system,
        stamps,
        out,
        force,
        before: before.as_ref(),
        written: OutputChanges::default(),
        faults,
        folders: BTreeMap::new(),
        turned: Vec::new(),
        gone: Vec::new(),
    };
    for (((path, artifact), digest), found) in all.iter().zip(digests).zip(found) {
        comparer.compare_file(path.as_str(), *digest, found, artifact.shared);
    }
    comparer.find_stale(artifacts);
    comparer.report_turned();
    comparer.report_blocked(artifacts);
    let Comparer { written, faults, gone, .. } = comparer;
    Comparison { written, faults, before, gone }
}

/// What is at a path, links not followed, and the digest of a file that can be read.
type Found = (Option<EntryKind>, Option<Digest>);

fn look_up(system: &dyn System, stamps: &Stamps, at: &Utf8Path) -> Found {
    match stamps.entry_digest(system, at) {
        Some(digest) => (Some(EntryKind::File), Some(digest)),
        None => (system.entry(at), None),
    }
}

struct Comparer<'a> {
    system: &'a dyn System,
    stamps: &'a Stamps,
    out: &'a Utf8Path,
    force: bool,
    before: Option<&'a Manifest>,
    written: OutputChanges,
    faults: Diagnostics,
    /// What is at the paths of the output's folders, links not followed.
    folders: BTreeMap<String, Option<EntryKind>>,
    /// Folders at the path of an artifact.
    turned: Vec<String>,
    gone: Vec<String>,
}

impl Comparer<'_> {
    /// What is at a folder's path, looked up once.
    fn folder_kind(&mut self, name: &str) -> Option<EntryKind> {
        let (system, out) = (self.system, self.out);
        *self.folders.entry(name.to_owned()).or_insert_with(|| system.entry(&out.join(name)))
    }

    /// The first parent of a path that is a link or not a folder.
    fn find_link_above(&mut self, name: &str) -> Option<String> {
        let above: Vec<&Utf8Path> = Utf8Path::new(name).ancestors().skip(1).collect();
        let mut above = above.into_iter().rev().filter(|p| !p.as_str().is_empty());
        above
            .find(|p| {
                matches!(self.folder_kind(p.as_str()), Some(EntryKind::Other | EntryKind::File))
            })
            .map(Utf8Path::to_string)
    }

    fn compare_file(&mut self, name: &str, digest: Digest, found: Found, shared: bool) {
        let at = self.out.join(name);
        let known = self.before.is_some_and(|m| m.knows(name));
        let now = match found {
            (None, _) => {
                self.written.created.push(name.to_owned());
                return;
            }
            _ if self.find_link_above(name).is_some() => {
                self.written.created.push(name.to_owned());
                return;
            }
            (Some(EntryKind::Directory), _) => {
                self.turned.push(name.to_owned());
                self.written.created.push(name.to_owned());
                return;
            }
            (Some(EntryKind::Other), _) => None,
            (Some(EntryKind::File), now) => now,
        };
        if now == Some(digest) {
            self.written.unchanged += 1;
            return;
        }
        if shared && known && now.is_some() {
            let last = self.before.and_then(|m| m.files.get(name));
            if last == Some(&digest.to_string()) {
                self.written.unchanged += 1;
            } else {
                self.written.changed.push(name.to_owned());
            }
            return;
        }
        let wrote = |now: Digest| self.before.is_some_and(|m| m.wrote(name, &now.to_string()));
        if !now.is_some_and(wrote) && !self.force {
            self.faults.push(catalog::target::edited_output(at.as_str(), known));
        }
        self.written.changed.push(name.to_owned());
    }

    /// Finds files of earlier builds that are no longer artifacts.
    fn find_stale(&mut self, artifacts: &Artifacts) {
        let Some(before) = self.before else { return };
        let names: BTreeSet<&String> = before.files.keys().chain(before.previous.keys()).collect();
        for name in names {
            // A manifest is read from disk, so its paths are not trusted to stay inside the folder.
            let inside = bp_emit::ArtifactPath::new(name.as_str(), "manifest").is_ok();
            if !inside || name == MANIFEST || artifacts.get(name).is_some() {
                continue;
            }
            // What is behind a link does not belong to `bp`.
            if self.find_link_above(name).is_some() {
                continue;
            }
            let at = self.out.join(name);
            let ours = match self.system.entry(&at) {
                None => {
                    if before.state == State::Writing {
                        self.gone.push(name.clone());
                    }
                    continue;
                }
                Some(EntryKind::Directory) => continue,
                Some(EntryKind::Other) => false,
                Some(EntryKind::File) => {
                    let now = self.stamps.entry_digest(self.system, &at);
                    now.is_some_and(|now| before.wrote(name, &now.to_string()))
                }
            };
            if !self.force && !ours {
                self.faults.push(catalog::target::edited_output(at.as_str(), true));
            }
            self.written.removed.push(name.clone());
        }
    }

    /// A folder may be replaced by a file if it holds only stale files.
    fn report_turned(&mut self) {
        for name in std::mem::take(&mut self.turned) {
            if !self.only_stale(&name) {
                let at = self.out.join(&name);
                self.faults.push(catalog::target::cannot_write(at.as_str(), "it is not a file"));
            }
        }
    }

    fn only_stale(&self, folder: &str) -> bool {
        let at = self.out.join(folder);
        let names = self.system.list(&at).unwrap_or_default();
        if names.is_empty() {
            let inside = format!("{folder}/");
            return self.gone.iter().any(|name| name.starts_with(&inside));
        }
        names.into_iter().all(|(name, _)| {
            let below = format!("{folder}/{name}");
            match self.system.entry(&self.out.join(&below)) {
                Some(EntryKind::Directory) => self.only_stale(&below),
                _ => self.written.removed.contains(&below),
            }
        })
    }

    /// A file or a link at the path of a needed folder stops the build before anything is staged.
    fn report_blocked(&mut self, artifacts: &Artifacts) {
        let mut said = BTreeSet::new();
        for (path, _) in artifacts.iter() {
            let Some(above) = self.find_link_above(path.as_str()) else { continue };
            if self.written.removed.contains(&above) || !said.insert(above.clone()) {
                continue;
            }
            let what = match self.folder_kind(&above) {
                Some(EntryKind::File) => "a folder is needed here, but there is a file",
                _ => "a folder is needed here, but there is a link or a special file",
            };
            let at = self.out.join(&above);
            self.faults.push(catalog::target::cannot_write(at.as_str(), what));
        }
    }
}
