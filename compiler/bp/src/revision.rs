//! The files of a git revision as a [`System`]: paths in the repository are read from git, all others from the machine.
//!
//! Everything is read through two programs: `git ls-tree` once, for the names, and one `git cat-file --batch` that keeps running, for the contents.
//! Nothing is checked out, so neither the working tree nor the index is touched.

#![expect(clippy::disallowed_methods, reason = "the bp crate starts git")]

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Mutex, PoisonError};

use bp_diag::{Diagnostic, catalog};
use bp_system::{EntryKind, RealSystem, System};
use camino::{Utf8Component, Utf8Path, Utf8PathBuf};

/// The most symbolic links to follow for one file.
const MOST_LINKS: usize = 16;

/// What the tree has at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
enum TreeEntry {
    File(String),
    /// Its target is the content of this object.
    Link(String),
}

/// A repository as of one revision; nothing can be written.
pub(crate) struct RevisionSystem {
    machine: RealSystem,
    /// The repository's root.
    top: Utf8PathBuf,
    /// By path below the root.
    entries: BTreeMap<Utf8PathBuf, TreeEntry>,
    contents: Mutex<CatFile>,
}

impl fmt::Debug for RevisionSystem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let entries = self.entries.len();
        f.debug_struct("RevisionSystem")
            .field("top", &self.top)
            .field("entries", &entries)
            .finish_non_exhaustive()
    }
}

/// The `git cat-file --batch` that answers.
struct CatFile {
    child: Child,
    ask: ChildStdin,
    answer: BufReader<ChildStdout>,
}

impl Drop for CatFile {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A git command in a folder, without settings that depend on the user or run a program of theirs.
fn git_command(folder: &Utf8Path, arguments: &[&str]) -> Command {
    let mut command = Command::new("git");
    command
        .args(["-c", "core.fsmonitor=false", "-C", folder.as_str()])
        .args(arguments)
        .env("LC_ALL", "C")
        .env("GIT_OPTIONAL_LOCKS", "0")
        .stdin(Stdio::null());
    command
}

impl RevisionSystem {
    /// The revision of the repository around an existing, absolute folder.
    ///
    /// # Errors
    /// `BP6033` when there is no such revision or no repository; `BP6014` when there is no git.
    pub(crate) fn open(folder: &Utf8Path, revision: &str) -> Result<Self, Diagnostic> {
        let missing = |error: io::Error| {
            let help = "install git; `bp` reads other revisions through it";
            catalog::target::cannot_start("git", &error.to_string(), help)
        };
        let ask = |arguments: &[&str]| -> Result<Vec<u8>, Diagnostic> {
            let output = git_command(folder, arguments).output().map_err(missing)?;
            if output.status.success() {
                return Ok(output.stdout);
            }
            let said = String::from_utf8_lossy(&output.stderr);
            let line = said.lines().next().unwrap_or_default();
            let line = line.trim_start_matches("fatal: ").trim();
            let line = if line.is_empty() { "git has no such commit" } else { line };
            Err(catalog::target::no_revision(revision, line))
        };
        let prefix = ask(&["rev-parse", "--show-prefix"])?;
        let prefix = String::from_utf8_lossy(&prefix).trim_end_matches('\n').to_owned();
        let depth = Utf8Path::new(&prefix).components().count();
        // Not `--show-toplevel`: it resolves symbolic links, which the paths that are read later still have.
        let top = normalize(folder).ancestors().nth(depth).unwrap_or(folder).to_owned();
        let commit = format!("{revision}^{{commit}}");
        let commit = ask(&["rev-parse", "--verify", "--quiet", "--end-of-options", &commit])?;
        let commit = String::from_utf8_lossy(&commit).trim().to_owned();
        let tree = ask(&["ls-tree", "-r", "-z", "--full-tree", &commit])?;
        let mut child = git_command(folder, &["cat-file", "--batch"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(missing)?;
        let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(catalog::target::no_revision(revision, "git closed its streams"));
        };
        let contents = CatFile { child, ask: stdin, answer: BufReader::new(stdout) };
        Ok(Self {
            machine: RealSystem::new(),
            top,
            entries: parse_tree(&tree),
            contents: Mutex::new(contents),
        })
    }

    /// The path below the repository's root; `None` for one elsewhere.
    fn path_in_repository(&self, path: &Utf8Path) -> Option<Utf8PathBuf> {
        let here = self.machine.current_directory().unwrap_or_default();
        normalize(&here.join(path)).strip_prefix(&self.top).ok().map(Utf8Path::to_owned)
    }

    /// Follows symbolic links inside the tree, also those of parent folders.
    fn follow_links(&self, path: &Utf8Path) -> Utf8PathBuf {
        let mut path = path.to_owned();
        for _ in 0..MOST_LINKS {
            let link = path.ancestors().find_map(|p| match self.entries.get(p) {
                Some(TreeEntry::Link(object)) => Some((p.to_owned(), object.clone())),
                _ => None,
            });
            let Some((at, object)) = link else { break };
            let Some(target) =
                self.read_object(&object).ok().and_then(|b| String::from_utf8(b).ok())
            else {
                break;
            };
            let rest = path.strip_prefix(&at).unwrap_or(Utf8Path::new("")).to_owned();
            let folder = at.parent().unwrap_or(Utf8Path::new(""));
            path = normalize(&folder.join(target).join(rest));
        }
        path
    }

    /// The bytes of an object.
    fn read_object(&self, object: &str) -> io::Result<Vec<u8>> {
        let mut contents = self.contents.lock().unwrap_or_else(PoisonError::into_inner);
        writeln!(contents.ask, "{object}")?;
        contents.ask.flush()?;
        let mut head = String::new();
        contents.answer.read_line(&mut head)?;
        // `<object> blob <size>`, then the bytes and a line end.
        let size = head.split_whitespace().nth(2).and_then(|s| s.parse::<usize>().ok());
        let size = size.ok_or_else(|| io::Error::other(format!("git says {}", head.trim())))?;
        let mut bytes = vec![0; size + 1];
        contents.answer.read_exact(&mut bytes)?;
        bytes.truncate(size);
        Ok(bytes)
    }
}

/// Parses lines of `<mode> <type> <object>\t<path>\0`; names that are not UTF-8 are left out, as by [`RealSystem`].
fn parse_tree(tree: &[u8]) -> BTreeMap<Utf8PathBuf, TreeEntry> {
    let mut all = BTreeMap::new();
    for line in tree.split(|b| *b == 0).filter_map(|l| std::str::from_utf8(l).ok()) {
        let Some((head, path)) = line.split_once('\t') else { continue };
        let mut words = head.split(' ');
        let (mode, _, object) = (words.next(), words.next(), words.next());
        let entry = match (mode, object) {
            (Some("120000"), Some(object)) => TreeEntry::Link(object.to_owned()),
            // A submodule is another repository's.
            (Some("160000"), _) | (_, None) => continue,
            (_, Some(object)) => TreeEntry::File(object.to_owned()),
        };
        all.insert(Utf8PathBuf::from(path), entry);
    }
    all
}

/// A path without `.` and `..`, without looking at files.
fn normalize(path: &Utf8Path) -> Utf8PathBuf {
    let mut out = Utf8PathBuf::new();
    for part in path.components() {
        match part {
            Utf8Component::CurDir => {}
            Utf8Component::ParentDir => {
                out.pop();
            }
            part => out.push(part.as_str()),
        }
    }
    out
}

fn read_only<T>() -> io::Result<T> {
    Err(io::Error::new(io::ErrorKind::ReadOnlyFilesystem, "a revision cannot be changed"))
}

impl System for RevisionSystem {
    fn read(&self, path: &Utf8Path) -> io::Result<Vec<u8>> {
        let Some(inside) = self.path_in_repository(path) else { return self.machine.read(path) };
        match self.entries.get(&self.follow_links(&inside)) {
            Some(TreeEntry::File(object)) => self.read_object(object),
            _ => Err(io::Error::from(io::ErrorKind::NotFound)),
        }
    }

    fn kind(&self, path: &Utf8Path) -> Option<EntryKind> {
        let Some(inside) = self.path_in_repository(path) else { return self.machine.kind(path) };
        let inside = self.follow_links(&inside);
        if self.entries.contains_key(&inside) {
            return Some(EntryKind::File);
        }
        let below = self.entries.range(inside.clone()..);
        let mut below = below.take_while(|(p, _)| p.starts_with(&inside));
        (inside.as_str().is_empty() || below.next().is_some()).then_some(EntryKind::Directory)
    }

    fn list(&self, path: &Utf8Path) -> io::Result<Vec<(String, EntryKind)>> {
        let Some(inside) = self.path_in_repository(path) else { return self.machine.list(path) };
        let inside = self.follow_links(&inside);
        let mut names = BTreeMap::new();
        for (path, _) in self.entries.range(inside.clone()..) {
            let Ok(rest) = path.strip_prefix(&inside) else { break };
            let mut parts = rest.components();
            let Some(first) = parts.next() else { continue };
            let deeper = parts.next().is_some();
            let kind = if deeper { EntryKind::Directory } else { EntryKind::File };
            names.insert(first.as_str().to_owned(), kind);
        }
        if names.is_empty() {
            return Err(io::Error::from(io::ErrorKind::NotFound));
        }
        let known = names.into_iter().map(|(name, kind)| {
            let kind = self.kind(&path.join(&name)).unwrap_or(kind);
            (name, kind)
        });
        Ok(known.collect())
    }

    fn write(&self, _path: &Utf8Path, _bytes: &[u8]) -> io::Result<()> {
        read_only()
    }

    fn make_directory(&self, _path: &Utf8Path) -> io::Result<()> {
        read_only()
    }

    fn rename(&self, _from: &Utf8Path, _to: &Utf8Path) -> io::Result<()> {
        read_only()
    }

    fn remove_file(&self, _path: &Utf8Path) -> io::Result<()> {
        read_only()
    }

    fn remove_empty_directory(&self, _path: &Utf8Path) -> io::Result<()> {
        read_only()
    }

    fn variable(&self, name: &str) -> Option<String> {
        self.machine.variable(name)
    }

    fn current_directory(&self) -> io::Result<Utf8PathBuf> {
        self.machine.current_directory()
    }

    fn now_nanos(&self) -> u64 {
        self.machine.now_nanos()
    }
}
