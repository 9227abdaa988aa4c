//! What tells a process to stop.

use bp_contract::variable;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::environment::Environment;

/// SIGTERM and SIGINT.
pub(super) struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    pub(super) fn new() -> std::io::Result<Self> {
        let terminate = signal(SignalKind::terminate())?;
        Ok(Self { terminate, interrupt: signal(SignalKind::interrupt())? })
    }

    pub(super) async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// Stops this process when the supervisor ends, if there is one.
pub(super) fn watch_supervisor(environment: &Environment) {
    if environment.get(variable::SUPERVISED) == Some("stdin") {
        std::thread::spawn(stop_with_supervisor);
    }
}

/// Under `bp run`, standard input is a pipe that closes when the supervisor ends, however it ends. Nothing else would stop this process then, so it stops itself.
fn stop_with_supervisor() {
    let _ = std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink());
    let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::TERM);
}
