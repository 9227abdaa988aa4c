//! Removes from a target folder what cargo built of a mirror that was removed: every mirror has packages of its own, and cargo never removes what it built.

#![expect(
    clippy::disallowed_methods,
    reason = "cargo's folder is not part of the compiler's input"
)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::identity::MirrorIdentity;

/// Removes from `target` what was built of this mirror's members.
///
/// `own` says that no one else builds there: incremental state has only the crate's name, so it is removed if it is not newer than what was built of the mirror; if another mirror needed it, that is compiled once in full.
/// What cannot be removed stays.
pub(crate) fn sweep(target: &Path, identity: &MirrorIdentity, own: bool) {
    for first in list_entries(target) {
        // `target/debug`, or `target/TRIPLE/debug` for a target that the user's configuration names.
        for profile in std::iter::once(first.clone()).chain(list_entries(&first)) {
            if profile.join("deps").is_dir() && profile.join(".fingerprint").is_dir() {
                sweep_profile(&profile, identity, own);
            }
        }
    }
}

fn sweep_profile(profile: &Path, identity: &MirrorIdentity, own: bool) {
    let deps = list_entries(&profile.join("deps"));
    // `leaf_app-0123456789abcdef`, which is in the names of all files of one unit.
    let units: BTreeSet<&str> = deps
        .iter()
        .filter(|path| path.extension().is_some_and(|e| e == "d"))
        .filter(|path| fs::read_to_string(path).is_ok_and(|text| identity.occurs_in(&text)))
        .filter_map(|path| path.file_stem()?.to_str())
        .collect();
    if units.is_empty() {
        return;
    }
    let mut newest = SystemTime::UNIX_EPOCH;
    for path in &deps {
        let Some(stem) = path.file_name().and_then(|n| n.to_str()?.split('.').next()) else {
            continue;
        };
        if units.contains(stem) || stem.strip_prefix("lib").is_some_and(|s| units.contains(s)) {
            newest = newest.max(modified_time(path));
            let _ = fs::remove_file(path);
        }
    }
    let hashes: BTreeSet<&str> = units.iter().filter_map(|u| Some(u.rsplit_once('-')?.1)).collect();
    for path in list_entries(&profile.join(".fingerprint")) {
        if split_hash(&path).is_some_and(|(_, hash)| hashes.contains(hash)) {
            let _ = fs::remove_dir_all(&path);
        }
    }
    let crates: BTreeSet<&str> = units.iter().filter_map(|u| Some(u.rsplit_once('-')?.0)).collect();
    for path in list_entries(&profile.join("incremental")).iter().filter(|_| own) {
        let named = split_hash(path).is_some_and(|(name, _)| crates.contains(name));
        if named && modified_time(path) <= newest {
            let _ = fs::remove_dir_all(path);
        }
    }
}

/// The name and the hash of `NAME-HASH`.
fn split_hash(path: &Path) -> Option<(&str, &str)> {
    path.file_name()?.to_str()?.rsplit_once('-')
}

fn modified_time(path: &Path) -> SystemTime {
    fs::metadata(path).and_then(|m| m.modified()).unwrap_or(SystemTime::UNIX_EPOCH)
}

fn list_entries(folder: &Path) -> Vec<PathBuf> {
    let found = fs::read_dir(folder).into_iter().flatten();
    found.filter_map(|entry| Some(entry.ok()?.path())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_belongs_to_another_mirror_stays() {
        let folder = tempfile::tempdir().expect("a folder");
        let profile = folder.path().join("debug");
        let (gone, kept) =
            (MirrorIdentity::of("/a/gone".into()), MirrorIdentity::of("/a/kept".into()));
        let unit = |identity: &MirrorIdentity, hash: &str| {
            let write = |path: String, text: &str| {
                let path = profile.join(path);
                fs::create_dir_all(path.parent().expect("a folder")).expect("made");
                fs::write(path, text).expect("written");
            };
            let sources = format!("/t: {}/src/lib.rs", identity.member_folder("app"));
            write(format!("deps/a_app-{hash}.d"), &sources);
            write(format!("deps/liba_app-{hash}.rlib"), "");
            write(format!("deps/a_app-{hash}"), "");
            write(format!(".fingerprint/a-app-{hash}/lib-a_app"), "");
        };
        unit(&gone, "0000000000000001");
        unit(&kept, "0000000000000002");
        sweep(folder.path(), &gone, true);
        let all = list_entries(&profile.join("deps")).len()
            + list_entries(&profile.join(".fingerprint")).len();
        assert_eq!(all, 4);
        assert!(profile.join("deps/liba_app-0000000000000002.rlib").exists());
        assert!(profile.join(".fingerprint/a-app-0000000000000002").exists());
    }
}
