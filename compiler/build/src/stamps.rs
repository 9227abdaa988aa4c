//! Digests of files, without reading files that have not changed.
//!
//! A file that still has the stamp that it had when it was read has the same content: whatever changes a file's bytes changes its stamp, and no user can reset it.
//! Only two changes within one tick of the file system's clock can share a stamp.
//! So a stamp is kept only when it is older than that, by the clock of the same file system; a file that was changed just now is read again.

use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use bp_system::{EntryKind, Stamp, System};
use camino::{Utf8Path, Utf8PathBuf};
use serde::{Deserialize, Serialize};

use crate::cache;
use crate::digest::Digest;

const HEAD: &str = "bp-stamps 1\n";

/// More than a tick of any clock that counts parts of seconds, in nanoseconds.
const TICK: i64 = 20_000_000;
const SECOND: i64 = 1_000_000_000;

/// The digest of a file's content, and the stamp under which it was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct StampedDigest {
    stamp: Stamp,
    digest: Digest,
}

/// Digests known from earlier runs, and those learnt in this one.
#[derive(Debug, Default)]
pub struct Stamps {
    /// The file that holds them; `None` stores nothing.
    place: Option<Utf8PathBuf>,
    /// By path relative to the working directory, as text because paths are compared part by part; and whether this run asked for it.
    known: BTreeMap<String, (StampedDigest, AtomicBool)>,
    /// The stamp of that file, used as a reading of its disk's clock: only older stamps are trusted.
    since: Option<Stamp>,
    learnt: Mutex<BTreeMap<String, Option<StampedDigest>>>,
}

impl Stamps {
    /// Knows nothing and stores nothing: every file is read.
    pub fn none() -> Self {
        Self::default()
    }

    /// Loads what was stored at a place.
    pub fn load(system: &dyn System, place: Utf8PathBuf) -> Self {
        let kept: Option<BTreeMap<String, StampedDigest>> = cache::get(system, &place, HEAD);
        if kept.is_none() {
            // Writing the file gives it a stamp, which tells the time by the clock of its disk.
            let _ = system.write(&place, b"");
        }
        let known = kept.into_iter().flatten();
        let known = known.map(|(path, known)| (path, (known, AtomicBool::new(false)))).collect();
        let since = system.stamp(&place);
        Self { known, since, place: Some(place), ..Self::default() }
    }

    /// The digest of a file's content, symbolic links followed.
    ///
    /// # Errors
    /// When it must be read and cannot be.
    pub fn digest(&self, system: &dyn System, path: &Utf8Path) -> io::Result<Digest> {
        let stamp = system.stamp(path);
        self.digest_under(path, stamp, || system.read(path))
    }

    /// The digest of a regular file's content; `None` for anything else, and where it cannot be read.
    pub fn entry_digest(&self, system: &dyn System, path: &Utf8Path) -> Option<Digest> {
        let stamp = system.entry_stamp(path);
        if stamp.is_none() && system.entry(path) != Some(EntryKind::File) {
            return None;
        }
        self.digest_under(path, stamp, || system.read(path)).ok()
    }

    /// Reads a file, and learns its digest.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read(&self, system: &dyn System, path: &Utf8Path) -> io::Result<(Vec<u8>, Digest)> {
        let stamp = system.stamp(path);
        let bytes = system.read(path)?;
        let digest = Digest::of(&bytes);
        self.learn(path, stamp, digest, self.since);
        Ok((bytes, digest))
    }

    fn digest_under(
        &self,
        path: &Utf8Path,
        stamp: Option<Stamp>,
        read: impl FnOnce() -> io::Result<Vec<u8>>,
    ) -> io::Result<Digest> {
        if let Some((known, asked)) = self.known.get(path.as_str())
            && Some(known.stamp) == stamp
        {
            asked.store(true, Ordering::Relaxed);
            return Ok(known.digest);
        }
        let digest = Digest::of(&read()?);
        self.learn(path, stamp, digest, self.since);
        Ok(digest)
    }

    /// Notes the digest of a file that had this stamp before it was read; `since` is the stamp of a file on the same disk that was written no later than that.
    pub(crate) fn learn(
        &self,
        path: &Utf8Path,
        stamp: Option<Stamp>,
        digest: Digest,
        since: Option<Stamp>,
    ) {
        if self.place.is_none() {
            return;
        }
        let settled = |stamp: &Stamp| {
            since.is_some_and(|since| {
                stamp.device == since.device
                    // A clock that counts whole seconds is too coarse.
                    && stamp.changed % SECOND != 0
                    && stamp.changed.saturating_add(TICK) < since.changed
                    && stamp.modified.saturating_add(TICK) < since.changed
            })
        };
        let known = stamp.filter(settled).map(|stamp| StampedDigest { stamp, digest });
        self.lock_learnt().insert(path.as_str().to_owned(), known);
    }

    fn lock_learnt(&self) -> MutexGuard<'_, BTreeMap<String, Option<StampedDigest>>> {
        self.learnt.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Stores what was asked for or learnt, if any of it is new.
    pub fn keep(&self, system: &dyn System) {
        let Some(place) = &self.place else { return };
        let learnt = std::mem::take(&mut *self.lock_learnt());
        let same = |path: &String, now: &Option<StampedDigest>| {
            self.known.get(path).map(|(known, _)| known) == now.as_ref()
        };
        if learnt.iter().all(|(path, now)| same(path, now)) {
            return;
        }
        let asked = |(path, (known, asked)): (&String, &(StampedDigest, AtomicBool))| {
            asked.load(Ordering::Relaxed).then(|| (path.clone(), *known))
        };
        let mut kept: BTreeMap<String, StampedDigest> =
            self.known.iter().filter_map(asked).collect();
        for (path, now) in learnt {
            match now {
                Some(now) => kept.insert(path, now),
                None => kept.remove(&path),
            };
        }
        cache::put(system, place, HEAD, &kept);
    }
}

#[cfg(test)]
mod tests {
    use bp_system::MemorySystem;

    use super::*;

    const PLACE: &str = "/.bp/stamps";

    fn load(system: &MemorySystem) -> Stamps {
        Stamps::load(system, PLACE.into())
    }

    #[test]
    fn a_file_is_read_again_when_it_may_have_changed() {
        let system = MemorySystem::new().with_file("/a", "1").with_file("/b", "1");
        let ask = |stamps: &Stamps, path: &str| stamps.digest(&system, path.into()).ok();
        let (one, two) = (Some(Digest::of(b"1")), Some(Digest::of(b"2")));
        let first = load(&system);
        assert_eq!((ask(&first, "/a"), ask(&first, "/b")), (one, one));
        first.keep(&system);
        let second = load(&system);
        assert_eq!(second.known.len(), 2, "they are older than the file that tells the time");
        assert_eq!((ask(&second, "/a"), second.lock_learnt().len()), (one, 0), "it was not read");
        system.write("/a".into(), b"2").unwrap();
        assert_eq!((ask(&second, "/a"), second.lock_learnt().len()), (two, 1));
        second.keep(&system);
        let third = load(&system);
        assert_eq!(third.known.len(), 0, "`/a` is younger, and nobody asked for `/b`");
        assert_eq!(ask(&third, "/a"), two);
        assert_eq!(ask(&third, "/none"), None);
    }

    #[test]
    fn what_was_damaged_is_forgotten() {
        let system = MemorySystem::new().with_file("/a", "1");
        let first = load(&system);
        first.digest(&system, "/a".into()).unwrap();
        first.keep(&system);
        let whole = system.read(PLACE.into()).unwrap();
        for at in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[at] ^= 4;
            system.write(PLACE.into(), &damaged).unwrap();
            assert_eq!(load(&system).known.len(), 0, "byte {at}");
        }
    }
}
