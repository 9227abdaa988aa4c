//! Builds that are stopped at every single change, and disks that are full from any change on.

#![expect(clippy::disallowed_methods, reason = "what is on the disk is looked at")]

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};

use bp_system::{EntryKind, LockGuard, LockMode, RealSystem, System};
use camino::{Utf8Path, Utf8PathBuf};

use super::real::{Place, Tree, cold, tree};
use super::*;

/// What happens when the changes that are left are spent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// Nothing happens any more, as after `kill -9`: nothing that runs afterwards, such as clearing away, can help.
    Killed,
    /// As `Killed`, with half of a file written.
    KilledInside,
    /// The disk is full: a file is half written, and what needs no space still works.
    Full,
}

/// The real file system for so many changes.
#[derive(Debug)]
struct Stopping {
    inner: RealSystem,
    left: AtomicUsize,
    end: End,
}

/// Past the last change.
const OVER: usize = usize::MAX;

impl Stopping {
    fn after(changes: usize, end: End) -> Self {
        Self { inner: RealSystem::new(), left: AtomicUsize::new(changes), end }
    }

    fn over(&self) -> bool {
        self.left.load(Ordering::Relaxed) == OVER
    }

    fn refusal(&self) -> io::Error {
        let full = self.end == End::Full;
        io::Error::from(if full { io::ErrorKind::StorageFull } else { io::ErrorKind::Other })
    }

    /// Counts a change that takes space; an error when it is not to be made.
    fn change(&self) -> io::Result<()> {
        // Below zero is `OVER`, where it stays.
        let spend = |left: usize| (left != OVER).then(|| left.wrapping_sub(1));
        match self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, spend) {
            Ok(left) if left > 0 => Ok(()),
            _ => Err(self.refusal()),
        }
    }

    /// Counts a change that takes no space.
    fn free(&self) -> io::Result<()> {
        if self.end == End::Full { Ok(()) } else { self.change() }
    }
}

impl System for Stopping {
    fn read(&self, path: &Utf8Path) -> io::Result<Vec<u8>> {
        self.inner.read(path)
    }
    fn kind(&self, path: &Utf8Path) -> Option<EntryKind> {
        self.inner.kind(path)
    }
    fn entry(&self, path: &Utf8Path) -> Option<EntryKind> {
        self.inner.entry(path)
    }
    fn list(&self, path: &Utf8Path) -> io::Result<Vec<(String, EntryKind)>> {
        self.inner.list(path)
    }
    fn write(&self, _: &Utf8Path, _: &[u8]) -> io::Result<()> {
        unreachable!("the writer stages")
    }
    fn create(&self, path: &Utf8Path, bytes: &[u8]) -> io::Result<()> {
        let before = self.over();
        let Err(refusal) = self.change() else { return self.inner.create(path, bytes) };
        if self.end != End::Killed && !before {
            self.inner.create(path, &bytes[..bytes.len() / 2])?;
        }
        Err(refusal)
    }
    fn can_rename(&self, from: &Utf8Path, into: &Utf8Path) -> io::Result<()> {
        self.inner.can_rename(from, into)
    }
    fn lock(&self, path: &Utf8Path, mode: LockMode, wait: bool) -> io::Result<Option<LockGuard>> {
        self.change()?;
        let Some(lock) = self.inner.lock(path, mode, wait)? else { return Ok(None) };
        if self.end == End::Full {
            return Ok(Some(lock));
        }
        // The system closes a killed process's files, and nobody removes them.
        drop(lock);
        std::fs::write(path, "")?;
        Ok(Some(LockGuard::new(())))
    }
    fn make_directory(&self, path: &Utf8Path) -> io::Result<()> {
        if self.inner.kind(path).is_none() {
            self.change()?;
        }
        self.inner.make_directory(path)
    }
    fn rename(&self, from: &Utf8Path, to: &Utf8Path) -> io::Result<()> {
        self.free()?;
        self.inner.rename(from, to)
    }
    fn remove_file(&self, path: &Utf8Path) -> io::Result<()> {
        self.free()?;
        self.inner.remove_file(path)
    }
    fn remove_empty_directory(&self, path: &Utf8Path) -> io::Result<()> {
        self.free()?;
        self.inner.remove_empty_directory(path)
    }
    fn variable(&self, name: &str) -> Option<String> {
        self.inner.variable(name)
    }
    fn current_directory(&self) -> io::Result<Utf8PathBuf> {
        self.inner.current_directory()
    }
    fn now_nanos(&self) -> u64 {
        0
    }
}

/// Two trees are one; says which paths are not.
fn same(found: &Tree, wanted: &Tree, changes: usize) {
    let paths = found.keys().chain(wanted.keys());
    let different: Vec<_> = paths.filter(|p| found.get(*p) != wanted.get(*p)).collect();
    assert!(different.is_empty(), "{changes}: not as after a cold build: {different:?}");
}

/// Whether a memo that saw this manifest would save a build.
fn untouched(system: &RealSystem, place: &Place) -> bool {
    let folder = OutputFolder::hold(system, Arc::default(), &place.out, &|| ()).expect("free");
    let manifest = folder.manifest_digest();
    manifest.is_some_and(|manifest| folder.count_if_untouched(&manifest, &[]).is_some())
}

fn before() -> Artifacts {
    let mut files: Vec<(String, String)> =
        (0..14).map(|n| (format!("rust/app/src/s{n}.rs"), format!("// service {n}\n"))).collect();
    for path in ["same", "gone", "old/deep/gone", "turns", "other/turns/inside", "k8s/a.yaml"] {
        files.push((path.to_owned(), format!("{path}, first\n")));
    }
    artifacts(&files.iter().map(|(p, t)| (p.as_str(), t.as_str())).collect::<Vec<_>>())
}

/// Files change, go and come; a file turns into a folder, and a folder into a file.
fn after() -> Artifacts {
    let mut files: Vec<(String, String)> = (7..21)
        .map(|n| (format!("rust/app/src/s{n}.rs"), format!("// service {n}, again\n")))
        .collect();
    files.push(("same".to_owned(), "same, first\n".to_owned()));
    for path in
        ["turns/into/a/folder", "other/turns", "k8s/a.yaml", "compose.yaml", "new/deep/file"]
    {
        files.push((path.to_owned(), format!("{path}, second\n")));
    }
    artifacts(&files.iter().map(|(p, t)| (p.as_str(), t.as_str())).collect::<Vec<_>>())
}

/// Stops a build of `to` in a folder that holds `from` after every number of changes; how many fell between the renames.
fn kill_everywhere(from: Option<&Artifacts>, to: &Artifacts, end: End) -> (usize, usize) {
    let (mut points, mut between) = (0, 0);
    let nexts: Vec<_> =
        [Some(to), from].into_iter().flatten().map(|next| (next, cold(next, "mine.txt"))).collect();
    for changes in 0.. {
        let place = Place::new();
        let real = RealSystem::new();
        if let Some(from) = from {
            write(&real, &place.out, from, false).expect("free");
        }
        let mine = place.out.join("mine.txt");
        real.write(&mine, b"mine").expect("a foreign file");
        let old = tree(&place.out);
        let stopping = Stopping::after(changes, end);
        let result = write(&stopping, &place.out, to, false);
        if !stopping.over() {
            assert!(result.is_ok(), "nothing stopped it, and it failed: {result:?}");
            return (points, between);
        }
        points += 1;
        let now = tree(&place.out);
        let visible = |files: &Tree| {
            let file = |(path, bytes): (&String, &Option<Vec<u8>>)| {
                (!path.contains(".bp-")).then(|| Some((path.clone(), bytes.clone()?))).flatten()
            };
            files.iter().filter_map(file).collect::<Vec<_>>()
        };
        if check_complete(&real, &place.out).is_err() {
            between += 1;
            let faults = check(&real, &place.out, to, &|| ());
            assert!(codes(&faults).contains(&"BP6007"), "{changes}: --check refuses it");
        } else if result.is_err() && visible(&now) != visible(&old) {
            let faults = check(&real, &place.out, to, &|| ());
            assert_eq!(codes(&faults), [""; 0], "{changes}: neither build, and said to be whole");
        }
        assert_eq!(real.read(&mine).expect("there"), b"mine");
        if untouched(&real, &place) {
            let now = tree(&place.out);
            assert!(nexts.iter().any(|(_, cold)| now == *cold), "{changes}: said to be untouched");
        }
        // The next build may be of the same sources, or of those before.
        for (next, cold) in &nexts {
            let copy = place.copy();
            write(&real, &copy.out, next, false).expect("repaired without force");
            same(&tree(&copy.out), cold, changes);
            assert_eq!(codes(&check(&real, &copy.out, next, &|| ())), [""; 0]);
        }
    }
    unreachable!("some number of changes is enough")
}

#[test]
fn a_build_killed_anywhere_is_noticed_and_repaired_by_the_next() {
    let (before, after) = (before(), after());
    let mut points = 0;
    for end in [End::Killed, End::KilledInside] {
        for from in [None, Some(&before)] {
            let (all, between) = kill_everywhere(from, &after, end);
            assert!(between > 15, "only {between} of {all} stops fell between the renames");
            points += all;
        }
    }
    assert!(points > 250, "only {points} points");
}

#[test]
fn a_full_disk_changes_nothing() {
    let (before, after) = (before(), after());
    for from in [None, Some(&before)] {
        let mut refused = 0;
        for changes in 0.. {
            let place = Place::new();
            if let Some(from) = from {
                write(&RealSystem::new(), &place.out, from, false).expect("free");
            }
            let old = tree(&place.root);
            let stopping = Stopping::after(changes, End::Full);
            let result = write(&stopping, &place.out, &after, false);
            if !stopping.over() {
                assert!(result.is_ok(), "{result:?}");
                break;
            }
            // A folder that takes a stale file's place is made after staging: it takes the space that the file had.
            let Err(faults) = result else { continue };
            refused += 1;
            assert_eq!(codes(&faults), ["BP6004"], "{changes}");
            if check_complete(&stopping, &place.out).is_ok() {
                assert_eq!(tree(&place.root), old, "{changes}: staging failed, nothing changed");
            } else {
                assert!(
                    from.is_some()
                        && faults
                            .iter()
                            .any(|f| f.notes.iter().any(|n| n.contains("half written")))
                );
            }
            write(&RealSystem::new(), &place.out, &after, false).expect("space again");
        }
        assert!(refused > 20, "{refused}");
    }
}
