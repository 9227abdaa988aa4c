//! The one door to the outside: files, environment and clock behind the [`System`] trait.
//!
//! Every stage of the compiler is pure and takes its input from a `System`, so tests run on [`MemorySystem`] and the lint that bans `std::fs` elsewhere can hold.
//! Paths are UTF-8 with `/`.

mod memory;
mod real;

use std::any::Any;
use std::fmt;
use std::io;

use camino::{Utf8Path, Utf8PathBuf};

pub use memory::MemorySystem;
pub use real::RealSystem;

/// What a directory entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum EntryKind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// Anything else, such as a socket or, where links are not followed, a symbolic link.
    Other,
}

/// What tells one state of a file from another without reading it: it changes with every change of the file's bytes.
///
/// Two changes within one tick of the file system's clock may share a stamp, so a stamp says nothing of a file that was changed just before it was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Stamp {
    /// Bytes.
    pub length: u64,
    /// When the bytes were changed last, in nanoseconds.
    pub modified: i64,
    /// When anything of the file was changed last, in nanoseconds; a user cannot set it.
    pub changed: i64,
    /// Which file it is on its disk.
    pub inode: u64,
    /// Which disk.
    pub device: u64,
}

/// Who may hold a lock file at one time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LockMode {
    /// One holder; the file is removed when the lock is released.
    Exclusive,
    /// Any number of shared holders, and no exclusive one.
    Shared,
}

/// A lock that is released when this is dropped, or when the process ends, however it ends.
pub struct LockGuard {
    _held: Box<dyn Any + Send + Sync>,
}

impl LockGuard {
    /// Releases by dropping `held`.
    pub fn new(held: impl Any + Send + Sync) -> Self {
        Self { _held: Box::new(held) }
    }
}

impl fmt::Debug for LockGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LockGuard")
    }
}

/// Input and output of the compiler.
pub trait System: fmt::Debug + Send + Sync {
    /// The bytes of a file.
    fn read(&self, path: &Utf8Path) -> io::Result<Vec<u8>>;
    /// What is at a path, symbolic links followed; `None` if nothing is.
    fn kind(&self, path: &Utf8Path) -> Option<EntryKind>;
    /// What is at a path itself: a symbolic link is [`EntryKind::Other`].
    ///
    /// A system without links need not tell the two apart.
    fn entry(&self, path: &Utf8Path) -> Option<EntryKind> {
        self.kind(path)
    }
    /// The stamp of a file, symbolic links followed; `None` where there is no file, or no stamp that can be trusted.
    fn stamp(&self, _path: &Utf8Path) -> Option<Stamp> {
        None
    }
    /// The stamp of a file itself: a symbolic link has none.
    fn entry_stamp(&self, path: &Utf8Path) -> Option<Stamp> {
        self.stamp(path)
    }
    /// Names in a directory, sorted.
    fn list(&self, path: &Utf8Path) -> io::Result<Vec<(String, EntryKind)>>;
    /// Writes a file so that a reader sees the old bytes or the new ones; makes missing parent directories.
    fn write(&self, path: &Utf8Path, bytes: &[u8]) -> io::Result<()>;
    /// As [`System::write`], and the bytes are on the disk when it returns: for files that cannot be made again.
    fn write_durable(&self, path: &Utf8Path, bytes: &[u8]) -> io::Result<()> {
        self.write(path, bytes)
    }
    /// Writes a file that is not there yet, in a directory that is; when it fails, part of the file may be left.
    fn create(&self, path: &Utf8Path, bytes: &[u8]) -> io::Result<()> {
        self.write(path, bytes)
    }
    /// Whether files can be renamed from one directory into another: both may be written to, on one file system.
    fn can_rename(&self, _from: &Utf8Path, _into: &Utf8Path) -> io::Result<()> {
        Ok(())
    }
    /// Holds a lock file, which is made where it is missing, in a directory that exists; `None` when others hold it and `wait` is false.
    ///
    /// A system that no other process uses, such as one in a test, need not tell holders apart.
    fn lock(
        &self,
        _path: &Utf8Path,
        _mode: LockMode,
        _wait: bool,
    ) -> io::Result<Option<LockGuard>> {
        Ok(Some(LockGuard::new(())))
    }
    /// Makes a directory and its missing parents.
    fn make_directory(&self, path: &Utf8Path) -> io::Result<()>;
    /// Renames a file over another, whose directory exists.
    fn rename(&self, from: &Utf8Path, to: &Utf8Path) -> io::Result<()>;
    /// Removes a file.
    fn remove_file(&self, path: &Utf8Path) -> io::Result<()>;
    /// Removes an empty directory.
    fn remove_empty_directory(&self, path: &Utf8Path) -> io::Result<()>;
    /// An environment variable, if set and UTF-8.
    fn variable(&self, name: &str) -> Option<String>;
    /// The working directory.
    fn current_directory(&self) -> io::Result<Utf8PathBuf>;
    /// Nanoseconds since an arbitrary start, for `--timings`; never goes back.
    fn now_nanos(&self) -> u64;
    /// Nanoseconds that all threads of this process have computed, for `--timings`; 0 where that is not known.
    fn cpu_nanos(&self) -> u64 {
        0
    }
}
