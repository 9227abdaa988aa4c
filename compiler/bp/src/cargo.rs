//! Cargo as a child process that never outlives `bp`, however `bp` ends.

#![expect(clippy::disallowed_methods, reason = "`bp run` and `bp test` start cargo")]

use std::io::{self, BufRead as _, BufReader};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};

use crate::signals::SignalWatch;

/// How often signals are looked at.
const TICK: Duration = Duration::from_millis(20);
/// How long cargo and its compilers may take to end by themselves.
const GRACE: Duration = Duration::from_secs(2);
/// How long to wait for lines after cargo has ended: a process that it left behind may hold its output open for ever.
const LAST_LINES: Duration = Duration::from_secs(1);

/// How cargo ended.
#[derive(Debug)]
pub(crate) enum CargoEnd {
    /// By itself.
    Exited(ExitStatus),
    /// It was stopped with everything that it had started, because this signal came.
    Interrupted(i32),
}

/// Runs cargo, and passes each line of its output to `read`.
///
/// It leads a process group of its own, because a signal to cargo alone would leave its compilers running, and one to `bp` alone would leave all of them.
///
/// # Errors
/// It cannot be started.
pub(crate) fn run(mut command: Command, mut read: impl FnMut(&str)) -> io::Result<CargoEnd> {
    let mut watch = SignalWatch::new()?;
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).process_group(0).spawn()?;
    let mut group = ProcessGroup { child, gone: false };
    let lines = group.read_lines();
    let mut ended_at = None;
    loop {
        let mut open = true;
        match lines.recv_timeout(TICK) {
            Ok(line) => read(&line),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => {
                // It has closed its output, and is about to end.
                open = false;
                thread::sleep(Duration::from_millis(1));
            }
        }
        if let Some(signal) = watch.pending() {
            group.end(signal);
            return Ok(CargoEnd::Interrupted(signal));
        }
        let Some(status) = group.child.try_wait()? else { continue };
        let ended_at = *ended_at.get_or_insert_with(Instant::now);
        if !open || ended_at.elapsed() >= LAST_LINES {
            // If cargo was killed, it could not end its compilers.
            group.gone = status.signal().is_none();
            return Ok(CargoEnd::Exited(status));
        }
    }
}

/// A child process and all that it starts.
#[derive(Debug)]
struct ProcessGroup {
    child: Child,
    gone: bool,
}

impl ProcessGroup {
    /// The lines that the child prints, until it closes its output.
    fn read_lines(&mut self) -> Receiver<String> {
        let (sender, receiver) = channel();
        if let Some(stdout) = self.child.stdout.take() {
            thread::spawn(move || {
                for line in BufReader::new(stdout).lines() {
                    let Ok(line) = line else { return };
                    if sender.send(line).is_err() {
                        return;
                    }
                }
            });
        }
        receiver
    }

    fn id(&self) -> Option<Pid> {
        Pid::from_raw(i32::try_from(self.child.id()).ok()?)
    }

    /// Passes a signal on, and after a while kills what is left.
    fn end(&mut self, signal: i32) {
        let Some(id) = self.id() else { return };
        if let Some(signal) = Signal::from_named_raw(signal) {
            let _ = kill_process_group(id, signal);
        }
        let limit = Instant::now() + GRACE;
        while Instant::now() < limit {
            let _ = self.child.try_wait();
            if test_kill_process_group(id).is_err() {
                self.gone = true;
                return;
            }
            thread::sleep(TICK);
        }
        self.kill();
    }

    fn kill(&mut self) {
        if let Some(id) = self.id() {
            let _ = kill_process_group(id, Signal::KILL);
        }
        let _ = self.child.wait();
        self.gone = true;
    }
}

impl Drop for ProcessGroup {
    fn drop(&mut self) {
        if !self.gone {
            self.kill();
        }
    }
}
