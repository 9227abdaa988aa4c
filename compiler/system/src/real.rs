//! The machine itself.

#![expect(
    clippy::disallowed_methods,
    reason = "this module is the one place that may touch the machine"
)]

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use camino::{Utf8Path, Utf8PathBuf};
use rustix::fs::{Access, OFlags};

use crate::{EntryKind, LockGuard, LockMode, Stamp, System};

/// The file system, environment and clock of this machine.
#[derive(Debug)]
pub struct RealSystem {
    start: Instant,
    staged: AtomicU64,
}

impl RealSystem {
    /// The clock starts now.
    pub fn new() -> Self {
        Self { start: Instant::now(), staged: AtomicU64::new(0) }
    }
}

impl RealSystem {
    /// Lets `fill` write a file beside `path`, and renames it there.
    fn replace(
        &self,
        path: &Utf8Path,
        fill: impl FnOnce(&Utf8Path) -> io::Result<()>,
    ) -> io::Result<()> {
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        let count = self.staged.fetch_add(1, Ordering::Relaxed);
        let staged = Utf8PathBuf::from(format!("{path}.bp-{}-{count}", std::process::id()));
        fill(&staged).and_then(|()| fs::rename(&staged, path)).inspect_err(|_| {
            // The first error is the one to report; a staged file that cannot be removed is left behind.
            let _ = fs::remove_file(&staged);
        })
    }
}

/// An open lock file: closing it releases the lock.
#[derive(Debug)]
struct LockFile {
    path: Utf8PathBuf,
    mode: LockMode,
    _file: File,
}

impl Drop for LockFile {
    fn drop(&mut self) {
        // Removed while it is still held: a process that waits for it sees that it is gone, and makes a new one.
        if self.mode == LockMode::Exclusive {
            let _ = fs::remove_file(&self.path);
        }
    }
}

impl Default for RealSystem {
    fn default() -> Self {
        Self::new()
    }
}

fn kind_of(kind: fs::FileType) -> EntryKind {
    if kind.is_dir() {
        EntryKind::Directory
    } else if kind.is_file() {
        EntryKind::File
    } else {
        EntryKind::Other
    }
}

fn stamp_of(metadata: &fs::Metadata) -> Option<Stamp> {
    const SECOND: i64 = 1_000_000_000;
    let nanos =
        |seconds: i64, nanos: i64| seconds.checked_mul(SECOND).and_then(|s| s.checked_add(nanos));
    metadata.is_file().then_some(())?;
    Some(Stamp {
        length: metadata.len(),
        modified: nanos(metadata.mtime(), metadata.mtime_nsec())?,
        changed: nanos(metadata.ctime(), metadata.ctime_nsec())?,
        inode: metadata.ino(),
        device: metadata.dev(),
    })
}

impl System for RealSystem {
    fn read(&self, path: &Utf8Path) -> io::Result<Vec<u8>> {
        fs::read(path)
    }

    fn kind(&self, path: &Utf8Path) -> Option<EntryKind> {
        fs::metadata(path).ok().map(|m| kind_of(m.file_type()))
    }

    fn list(&self, path: &Utf8Path) -> io::Result<Vec<(String, EntryKind)>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(path)? {
            let entry = entry?;
            let Ok(name) = entry.file_name().into_string() else { continue };
            let kind =
                fs::metadata(entry.path()).map_or(EntryKind::Other, |m| kind_of(m.file_type()));
            names.push((name, kind));
        }
        names.sort();
        Ok(names)
    }

    fn entry(&self, path: &Utf8Path) -> Option<EntryKind> {
        fs::symlink_metadata(path).ok().map(|m| kind_of(m.file_type()))
    }

    fn stamp(&self, path: &Utf8Path) -> Option<Stamp> {
        stamp_of(&fs::metadata(path).ok()?)
    }

    fn entry_stamp(&self, path: &Utf8Path) -> Option<Stamp> {
        stamp_of(&fs::symlink_metadata(path).ok()?)
    }

    fn write(&self, path: &Utf8Path, bytes: &[u8]) -> io::Result<()> {
        self.replace(path, |staged| fs::write(staged, bytes))
    }

    fn write_durable(&self, path: &Utf8Path, bytes: &[u8]) -> io::Result<()> {
        self.replace(path, |staged| {
            let mut file = File::create(staged)?;
            file.write_all(bytes)?;
            file.sync_all()
        })?;
        // The new name is on the disk when its directory is; not every file system can be asked that.
        if let Some(parent) = path.parent() {
            let parent = if parent.as_str().is_empty() { Utf8Path::new(".") } else { parent };
            let _ = File::open(parent).and_then(|folder| folder.sync_all());
        }
        Ok(())
    }

    fn create(&self, path: &Utf8Path, bytes: &[u8]) -> io::Result<()> {
        OpenOptions::new().write(true).create_new(true).open(path)?.write_all(bytes)
    }

    fn can_rename(&self, from: &Utf8Path, into: &Utf8Path) -> io::Result<()> {
        rustix::fs::access(into.as_std_path(), Access::WRITE_OK | Access::EXEC_OK)?;
        if fs::metadata(from)?.dev() == fs::metadata(into)?.dev() {
            Ok(())
        } else {
            Err(io::Error::from(io::ErrorKind::CrossesDevices))
        }
    }

    fn lock(&self, path: &Utf8Path, mode: LockMode, wait: bool) -> io::Result<Option<LockGuard>> {
        let flags = i32::try_from(OFlags::NOFOLLOW.bits()).unwrap_or_default();
        loop {
            let mut options = OpenOptions::new();
            options.read(true).write(true).create(true).truncate(false).custom_flags(flags);
            let file = options.open(path)?;
            let taken = match (mode, wait) {
                (LockMode::Exclusive, true) => file.lock().map_err(TryLockError::Error),
                (LockMode::Shared, true) => file.lock_shared().map_err(TryLockError::Error),
                (LockMode::Exclusive, false) => file.try_lock(),
                (LockMode::Shared, false) => file.try_lock_shared(),
            };
            match taken {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Ok(None),
                // Some network file systems have no locks; there the user must not start two at once, as with cargo.
                Err(TryLockError::Error(e)) if e.kind() == io::ErrorKind::Unsupported => {}
                Err(TryLockError::Error(e)) if e.kind() == io::ErrorKind::Interrupted => continue,
                Err(TryLockError::Error(e)) => return Err(e),
            }
            // Who held it before may have removed the file, and another may have made a new one.
            let here = file.metadata()?;
            if fs::symlink_metadata(path)
                .is_ok_and(|m| (m.dev(), m.ino()) == (here.dev(), here.ino()))
            {
                return Ok(Some(LockGuard::new(LockFile {
                    path: path.to_owned(),
                    mode,
                    _file: file,
                })));
            }
        }
    }

    fn make_directory(&self, path: &Utf8Path) -> io::Result<()> {
        fs::create_dir_all(path)
    }

    fn rename(&self, from: &Utf8Path, to: &Utf8Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove_file(&self, path: &Utf8Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn remove_empty_directory(&self, path: &Utf8Path) -> io::Result<()> {
        fs::remove_dir(path)
    }

    fn variable(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }

    fn current_directory(&self) -> io::Result<Utf8PathBuf> {
        let path = std::env::current_dir()?;
        Utf8PathBuf::from_path_buf(path)
            .map_err(|_| io::Error::other("the working directory's path is not UTF-8"))
    }

    fn cpu_nanos(&self) -> u64 {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
        let (seconds, nanos) = (u64::try_from(time.tv_sec), u64::try_from(time.tv_nsec));
        seconds.unwrap_or(0) * 1_000_000_000 + nanos.unwrap_or(0)
    }

    fn now_nanos(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::AtomicUsize;

    use super::*;

    fn folder() -> (tempfile::TempDir, Utf8PathBuf) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = Utf8PathBuf::from_path_buf(folder.path().to_owned()).expect("UTF-8");
        (folder, path)
    }

    #[test]
    fn a_lock_is_held_by_one_alone_or_by_many_and_leaves_nothing() {
        let (_folder, path) = folder();
        let at = path.join("lock");
        let system = RealSystem::new();
        let take = |mode| system.lock(&at, mode, false).expect("a lock file");
        let one = take(LockMode::Exclusive).expect("free");
        assert!(take(LockMode::Exclusive).is_none() && take(LockMode::Shared).is_none());
        drop(one);
        assert!(!at.exists());
        let (a, b) =
            (take(LockMode::Shared).expect("free"), take(LockMode::Shared).expect("shared"));
        assert!(take(LockMode::Exclusive).is_none());
        drop((a, b));
        drop(take(LockMode::Exclusive).expect("released"));
        assert!(!at.exists());
    }

    #[test]
    fn those_who_wait_get_it_one_after_another() {
        let (_folder, path) = folder();
        let at = Arc::new(path.join("lock"));
        let inside = Arc::new(AtomicUsize::new(0));
        let threads: Vec<_> = (0..8)
            .map(|_| {
                let (at, inside) = (Arc::clone(&at), Arc::clone(&inside));
                std::thread::spawn(move || {
                    let system = RealSystem::new();
                    for _ in 0..50 {
                        let held =
                            system.lock(&at, LockMode::Exclusive, true).expect("a lock file");
                        assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0, "two are inside");
                        inside.fetch_sub(1, Ordering::SeqCst);
                        drop(held);
                    }
                })
            })
            .collect();
        for thread in threads {
            thread.join().expect("one at a time");
        }
    }

    #[test]
    fn links_are_seen_and_never_followed_by_a_lock() {
        let (_folder, path) = folder();
        let system = RealSystem::new();
        let (link, target) = (path.join("link"), path.join("target"));
        std::os::unix::fs::symlink(&target, &link).expect("a link");
        assert_eq!((system.entry(&link), system.kind(&link)), (Some(EntryKind::Other), None));
        assert!(system.lock(&link, LockMode::Exclusive, false).is_err());
        assert!(!target.exists());
    }

    #[test]
    fn a_write_replaces_whole_files_and_create_never_replaces() {
        let (_folder, path) = folder();
        let system = RealSystem::new();
        let at = path.join("a/b");
        system.write_durable(&at, b"1").expect("free");
        system.write(&at, b"2").expect("replaced");
        assert!(system.create(&at, b"3").is_err());
        assert_eq!(system.read(&at).expect("a file"), b"2");
        assert_eq!(system.list(&path.join("a")).expect("a folder").len(), 1);
        assert!(system.can_rename(&path, &path.join("a")).is_ok());
        assert!(system.can_rename(&path, Utf8Path::new("/proc")).is_err());
    }
}
