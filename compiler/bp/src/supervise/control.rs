//! The socket through which `bp restart` reaches a running `bp run`: a request and its answers, one JSON object on each line.

#![expect(clippy::disallowed_methods, reason = "the supervisor's own socket in `.bp/run`")]

use std::fs;
use std::io::{self, BufRead, BufReader, Read as _, Write as _};
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The socket's name in the supervisor's folder.
pub(crate) const NAME: &str = "control.sock";
/// The longest path that a socket's address holds (`sun_path` of macOS; Linux has 108).
const LONGEST_PATH: usize = 103;
/// How long a caller may take to say what it wants.
const PATIENCE: Duration = Duration::from_millis(500);
/// A request is one short line.
const LONGEST_REQUEST: u64 = 4096;

/// What a caller wants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Request {
    /// Restarts the replicas of a process, one after the other.
    Restart(String),
}

/// What the caller is told; the last answer is `Done` or one of those below it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Answer {
    /// Progress.
    Say(String),
    /// It is done.
    Done,
    /// There is no such process; these exist.
    Unknown(Vec<String>),
    /// It went wrong.
    Failed(String),
}

/// The supervisor's end of the socket.
#[derive(Debug)]
pub(crate) struct ControlSocket {
    listener: UnixListener,
    path: PathBuf,
}

impl ControlSocket {
    /// Listens in `folder`, which only this user may enter.
    pub(crate) fn listen(folder: &Path) -> io::Result<Self> {
        let path = folder.join(NAME);
        // A socket here was left by a run that was killed: this run holds the wiring's lock, so there is no other.
        let _ = fs::remove_file(&path);
        let listener = with_short_path(folder, |path| UnixListener::bind(path))?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600))?;
        listener.set_nonblocking(true)?;
        Ok(Self { listener, path })
    }

    /// The next request, if there is one.
    pub(crate) fn next_request(&self) -> Option<(Request, Caller)> {
        let (stream, _) = self.listener.accept().ok()?;
        stream.set_nonblocking(false).ok()?;
        stream.set_read_timeout(Some(PATIENCE)).ok()?;
        stream.set_write_timeout(Some(PATIENCE)).ok()?;
        let mut line = String::new();
        BufReader::new((&stream).take(LONGEST_REQUEST)).read_line(&mut line).ok()?;
        let mut caller = Caller { stream };
        match serde_json::from_str(&line) {
            Ok(request) => Some((request, caller)),
            Err(error) => {
                caller.tell(&Answer::Failed(format!("this request is not understood: {error}")));
                None
            }
        }
    }
}

impl Drop for ControlSocket {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

/// The program that asked.
#[derive(Debug)]
pub(crate) struct Caller {
    stream: UnixStream,
}

impl Caller {
    /// Sends an answer; a caller that is gone is ignored.
    pub(crate) fn tell(&mut self, answer: &Answer) {
        if let Ok(mut line) = serde_json::to_vec(answer) {
            line.push(b'\n');
            let _ = self.stream.write_all(&line);
        }
    }
}

fn connect(folder: &Path) -> io::Result<UnixStream> {
    with_short_path(folder, |path| UnixStream::connect(path))
}

/// Asks the supervisor of this folder, and passes on what it says until the last answer.
///
/// # Errors
/// There is no supervisor, or it ended before it was done.
pub(crate) fn ask(
    folder: &Path,
    request: &Request,
    mut say: impl FnMut(&str),
) -> io::Result<Answer> {
    let mut stream = connect(folder)?;
    let mut line = serde_json::to_vec(request).map_err(io::Error::other)?;
    line.push(b'\n');
    stream.write_all(&line)?;
    for line in BufReader::new(stream).lines() {
        match serde_json::from_str(&line?).map_err(io::Error::other)? {
            Answer::Say(text) => say(&text),
            end => return Ok(end),
        }
    }
    Err(io::Error::new(io::ErrorKind::UnexpectedEof, "it ended before it was done"))
}

/// Opens the socket by its path, or through the open folder if the path is too long for an address.
fn with_short_path<T>(folder: &Path, open: impl FnOnce(&Path) -> io::Result<T>) -> io::Result<T> {
    let path = folder.join(NAME);
    if path.as_os_str().len() <= LONGEST_PATH {
        return open(&path);
    }
    let folder = fs::File::open(folder)?;
    open(&Path::new("/proc/self/fd").join(folder.as_raw_fd().to_string()).join(NAME))
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    fn exchange(folder: &Path) {
        assert!(connect(folder).is_err());
        let control = ControlSocket::listen(folder).expect("listens");
        let mode = fs::metadata(folder.join(NAME)).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(control.next_request().is_none());
        let server = thread::spawn(move || {
            loop {
                if let Some((request, mut caller)) = control.next_request() {
                    caller.tell(&Answer::Say("one".into()));
                    caller.tell(&Answer::Say("two".into()));
                    if request == Request::Restart("cart".into()) {
                        caller.tell(&Answer::Done);
                    }
                    return;
                }
                thread::sleep(Duration::from_millis(5));
            }
        });
        let mut said = Vec::new();
        let answer = ask(folder, &Request::Restart("cart".into()), |s| said.push(s.to_owned()));
        assert_eq!(answer.expect("answered"), Answer::Done);
        assert_eq!(said, ["one", "two"]);
        server.join().expect("served");
        assert!(!folder.join(NAME).exists());
        assert!(ask(folder, &Request::Restart("cart".into()), |_| ()).is_err());
    }

    #[test]
    fn a_request_is_answered_until_it_is_done() {
        let folder = tempfile::tempdir().expect("a folder");
        exchange(folder.path());
    }

    #[test]
    fn a_path_may_be_longer_than_a_sockets_address() {
        let folder = tempfile::tempdir().expect("a folder");
        let deep = folder.path().join("d".repeat(90)).join("e".repeat(90));
        fs::create_dir_all(&deep).expect("made");
        exchange(&deep);
    }

    #[test]
    fn nonsense_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let control = ControlSocket::listen(folder.path()).expect("listens");
        let mut stream = connect(folder.path()).expect("connects");
        stream.write_all(b"{\"reboot\": 1}\n").expect("written");
        assert!(control.next_request().is_none());
        let mut text = String::new();
        BufReader::new(stream).read_line(&mut text).expect("answered");
        assert!(text.contains("not understood"), "{text}");
    }
}
