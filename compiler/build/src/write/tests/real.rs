//! The writer on the real file system: links, foreign files, several builds at once.

#![expect(clippy::disallowed_methods, reason = "what is on the disk is looked at")]

use std::collections::BTreeMap;
use std::os::unix::fs::symlink;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bp_system::{LockMode, RealSystem, System};
use camino::{Utf8Path, Utf8PathBuf};

use super::*;
use crate::write::folder::LOCK;

/// A folder with an output folder in it, which is not made yet.
pub(super) struct Place {
    pub(super) root: Utf8PathBuf,
    pub(super) out: Utf8PathBuf,
    _folder: tempfile::TempDir,
}

impl Place {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let root = Utf8PathBuf::from_path_buf(folder.path().to_owned()).expect("UTF-8");
        Self { out: root.join("build/local"), root, _folder: folder }
    }

    /// The same files elsewhere.
    pub(super) fn copy(&self) -> Self {
        let copy = Self::new();
        for (path, bytes) in tree(&self.root) {
            let to = copy.root.join(path);
            match bytes {
                None => std::fs::create_dir_all(to).expect("a folder"),
                Some(bytes) => {
                    std::fs::create_dir_all(to.parent().expect("a folder")).expect("a folder");
                    std::fs::write(to, bytes).expect("a file");
                }
            }
        }
        copy
    }
}

/// Bytes by path; a folder has none.
pub(super) type Tree = BTreeMap<String, Option<Vec<u8>>>;

/// Everything below a folder, by path; a folder has no bytes.
pub(super) fn tree(root: &Utf8Path) -> Tree {
    fn walk(root: &Utf8Path, below: &str, all: &mut Tree) {
        let system = RealSystem::new();
        for (name, _) in system.list(&root.join(below)).unwrap_or_default() {
            let path = if below.is_empty() { name } else { format!("{below}/{name}") };
            let at = root.join(&path);
            if at.is_dir() && !at.is_symlink() {
                all.insert(path.clone(), None);
                walk(root, &path, all);
            } else {
                all.insert(path, Some(std::fs::read(&at).unwrap_or_default()));
            }
        }
    }
    let mut all = BTreeMap::new();
    walk(root, "", &mut all);
    all
}

/// What a build into nothing makes, beside a foreign file.
pub(super) fn cold(artifacts: &Artifacts, foreign: &str) -> Tree {
    let place = Place::new();
    write(&RealSystem::new(), &place.out, artifacts, false).expect("free");
    let mut all = tree(&place.out);
    all.insert(foreign.to_owned(), Some(b"mine".to_vec()));
    all
}

#[test]
fn links_are_never_followed_out_of_the_folder() {
    let place = Place::new();
    let system = RealSystem::new();
    let elsewhere = place.root.join("elsewhere");
    system.write(&elsewhere.join("a"), b"mine").expect("a file");
    let files = artifacts(&[("process/a", "1"), ("b", "2")]);
    std::fs::create_dir_all(&place.out).expect("a folder");
    symlink(&elsewhere, place.out.join("process")).expect("a link");
    for force in [false, true] {
        let faults = write(&system, &place.out, &files, force).expect_err("a link");
        assert_eq!(codes(&faults), ["BP6004"]);
        assert!(faults.iter().any(|f| f.message.contains("local/process")), "{faults:?}");
    }
    assert_eq!(tree(&elsewhere).len(), 1);
    assert!(!place.out.join("b").exists(), "nothing was written");
    // A stale file behind a link is somebody else's.
    std::fs::remove_file(place.out.join("process")).expect("the link");
    write(&system, &place.out, &files, false).expect("free");
    std::fs::remove_dir_all(place.out.join("process")).expect("a folder");
    system.write(&elsewhere.join("a"), b"1").expect("the bytes that bp wrote");
    symlink(&elsewhere, place.out.join("process")).expect("a link");
    write(&system, &place.out, &artifacts(&[("b", "2")]), true).expect("no artifact is behind it");
    assert_eq!(system.read(&elsewhere.join("a")).expect("kept"), b"1");
}

#[test]
fn a_link_in_a_file_s_place_is_foreign_and_force_replaces_the_link_alone() {
    let place = Place::new();
    let system = RealSystem::new();
    let target = place.root.join("target");
    // Even one that holds the right bytes: the next build would write through it.
    system.write(&target, b"1").expect("a file");
    std::fs::create_dir_all(&place.out).expect("a folder");
    symlink(&target, place.out.join("a")).expect("a link");
    let faults = write(&system, &place.out, &artifacts(&[("a", "1")]), false).expect_err("a link");
    assert_eq!(codes(&faults), ["BP6003"]);
    assert_eq!(codes(&check(&system, &place.out, &artifacts(&[("a", "1")]), &|| ())), ["BP6005"]);
    write(&system, &place.out, &artifacts(&[("a", "2")]), true).expect("forced");
    assert_eq!(system.read(&target).expect("kept"), b"1");
    assert!(!place.out.join("a").is_symlink());
    // A stale file that became a link is kept, too, and goes as a link.
    std::fs::remove_file(place.out.join("a")).expect("a file");
    symlink(&target, place.out.join("a")).expect("a link");
    let faults = write(&system, &place.out, &artifacts(&[("b", "")]), false).expect_err("a link");
    assert_eq!(codes(&faults), ["BP6003"]);
    write(&system, &place.out, &artifacts(&[("b", "")]), true).expect("forced");
    assert!(!place.out.join("a").is_symlink() && target.exists());
}

#[test]
fn what_is_in_the_way_of_staging_is_never_cleared() {
    let system = RealSystem::new();
    let place = Place::new();
    let elsewhere = place.root.join("elsewhere");
    system.write(&elsewhere.join("0"), b"mine").expect("a file");
    std::fs::create_dir_all(&place.out).expect("a folder");
    symlink(&elsewhere, place.out.join(".bp-staging")).expect("a link");
    let faults = write(&system, &place.out, &artifacts(&[("a", "1")]), true).expect_err("a link");
    assert_eq!(codes(&faults), ["BP6004"]);
    assert_eq!(tree(&elsewhere).len(), 1);
    std::fs::remove_file(place.out.join(".bp-staging")).expect("the link");
    let mine = place.out.join(".bp-staging/mine");
    system.write(&mine, b"mine").expect("a file");
    write(&system, &place.out, &artifacts(&[("a", "1")]), false).expect("beside it");
    assert_eq!(system.read(&mine).expect("kept"), b"mine");
}

#[test]
fn a_build_that_fails_leaves_no_folder_behind() {
    let place = Place::new();
    let system = RealSystem::new();
    system.write(&place.out.join("d"), b"mine").expect("a file");
    let before = tree(&place.root);
    let faults = write(&system, &place.out, &artifacts(&[("d/b", "1")]), true).expect_err("a file");
    assert_eq!(codes(&faults), ["BP6004"]);
    assert_eq!(tree(&place.root), before);
    let held = OutputFolder::hold(&system, Arc::default(), &place.root.join("x/y/z"), &|| ())
        .expect("free");
    drop(held);
    assert_eq!(tree(&place.root), before);
}

#[test]
fn a_second_build_waits_for_the_first() {
    let place = Place::new();
    let system = RealSystem::new();
    let folder = OutputFolder::hold(&system, Arc::default(), &place.out, &|| ()).expect("free");
    let waited = Arc::new(AtomicBool::new(false));
    let other = {
        let (waited, out) = (Arc::clone(&waited), place.out.clone());
        std::thread::spawn(move || {
            let system = RealSystem::new();
            let say = || waited.store(true, Ordering::SeqCst);
            let folder = OutputFolder::hold(&system, Arc::default(), &out, &say).expect("released");
            folder.write(&artifacts(&[("a", "second")]), false).expect("ours")
        })
    };
    while !waited.load(Ordering::SeqCst) {
        std::thread::yield_now();
    }
    let written = folder.write(&artifacts(&[("a", "first")]), false).expect("free");
    assert_eq!(written.created, ["a"]);
    drop(folder);
    assert_eq!(other.join().expect("written").changed, ["a"]);
    assert_eq!(system.read(&place.out.join("a")).expect("written"), b"second");
    let alone =
        system.lock(&place.out.join(LOCK), LockMode::Exclusive, false).expect("a lock file");
    assert!(alone.is_some());
}

#[test]
fn many_builds_at_once_leave_one_of_them_whole() {
    let place = Place::new();
    let texts: Vec<String> = (0..6).map(|n| format!("build {n}")).collect();
    let of = |text: &str, number: usize| {
        let own = format!("own/{number}");
        let files: Vec<String> = (0..12).map(|n| format!("d{n}/f")).chain([own]).collect();
        artifacts(&files.iter().map(|f| (f.as_str(), text)).collect::<Vec<_>>())
    };
    std::thread::scope(|scope| {
        for (number, text) in texts.iter().enumerate() {
            let out = &place.out;
            scope.spawn(move || {
                for _ in 0..5 {
                    write(&RealSystem::new(), out, &of(text, number), false).expect("one by one");
                }
            });
        }
    });
    let system = RealSystem::new();
    let whole = texts
        .iter()
        .enumerate()
        .filter(|(number, text)| check(&system, &place.out, &of(text, *number), &|| ()).is_empty());
    assert_eq!(whole.count(), 1);
}
