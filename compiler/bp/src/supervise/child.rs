//! One running copy of a process.

#![expect(clippy::disallowed_methods, reason = "the supervisor starts processes and measures time")]

use std::io;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use bp_contract::variable;
use rustix::process::{Pid, Signal};

use super::logs::{Prefix, follow};

/// A child process whose output is followed.
///
/// It leads a process group of its own, so that Ctrl-C in the terminal reaches `bp` alone, which then stops processes in order.
/// Its standard input is a pipe that nobody writes to: it ends when `bp` ends, however that happens, and the process then drains and stops.
#[derive(Debug)]
pub(crate) struct RunningProcess {
    child: Child,
    started: Instant,
    followers: Vec<JoinHandle<()>>,
}

impl RunningProcess {
    /// Starts a command.
    pub(crate) fn start(
        program: &str,
        environment: &[(String, String)],
        prefix: &Prefix,
    ) -> io::Result<Self> {
        let mut child = Command::new(program)
            .envs(environment.iter().map(|(k, v)| (k, v)))
            .env(variable::SUPERVISED, "stdin")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()?;
        let out = child.stdout.take().map(|s| follow(s, prefix.clone()));
        let err = child.stderr.take().map(|s| follow(s, prefix.clone()));
        Ok(Self { child, started: Instant::now(), followers: out.into_iter().chain(err).collect() })
    }

    /// How it ended, if it did.
    pub(crate) fn poll_exit(&mut self) -> Option<ExitStatus> {
        let status = self.child.try_wait().ok().flatten()?;
        // What it wrote last explains its end, so it is printed first.
        // A child of its own may hold the pipe open, so there is a limit to the wait.
        for _ in 0..20 {
            if self.followers.iter().all(JoinHandle::is_finished) {
                break;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Some(status)
    }

    /// How long it has been running.
    pub(crate) fn age(&self) -> Duration {
        self.started.elapsed()
    }

    /// Asks it to drain and stop.
    pub(crate) fn terminate(&self) {
        self.signal(Signal::TERM);
    }

    /// Ends it and its children at once.
    pub(crate) fn kill(&mut self) {
        if let Some(pid) = self.pid() {
            let _ = rustix::process::kill_process_group(pid, Signal::KILL);
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    fn signal(&self, signal: Signal) {
        if let Some(pid) = self.pid() {
            // The child is not reaped yet, so the id cannot belong to another process.
            let _ = rustix::process::kill_process(pid, signal);
        }
    }

    fn pid(&self) -> Option<Pid> {
        Pid::from_raw(i32::try_from(self.child.id()).ok()?)
    }
}

impl Drop for RunningProcess {
    fn drop(&mut self) {
        if !matches!(self.child.try_wait(), Ok(Some(_))) {
            self.kill();
        }
    }
}

/// `exit code 3` or `signal 9`.
pub(crate) fn describe_exit(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit code {code}"),
        (None, Some(signal)) => format!("signal {signal}"),
        (None, None) => String::from("an unknown status"),
    }
}
