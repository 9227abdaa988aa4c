//! A process from its arguments to its exit code.

use std::process::ExitCode;
use std::time::Duration;

use bp_contract::variable;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::running::{Hosting, Running};
use super::{App, call_mode, health, init, mode};
use crate::environment::Environment;
use crate::error::StartError;
use crate::logs;

/// `EX_TEMPFAIL` of sysexits.h: some calls were given up.
const GAVE_UP: u8 = 75;

/// How long the runtime may take to drop what is left.
const LAST: Duration = Duration::from_secs(1);

/// What the program may be asked for, the modes of its plugins included.
fn describe_usage(app: &App) -> String {
    let modes = app.registry.modes().map(|(_, mode)| format!("{} | ", mode.name));
    let modes: String = modes.collect();
    format!("usage: (nothing) | {modes}call INSTANCE METHOD JSON | health live|ready|startup")
}

pub(super) fn main(app: App, environment: Environment, arguments: &[String]) -> ExitCode {
    // A container's probe runs this every few seconds, so it starts no logs and no async runtime.
    if let [mode, probe] = arguments
        && mode == "health"
    {
        return health::run(&app, &environment, probe);
    }
    if let Err(error) = logs::install(&environment) {
        return complain(&error.to_string(), 1);
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return complain(&format!("the async runtime: {error}"), 1),
    };
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let code = match arguments.as_slice() {
        [] if environment.get(variable::INIT).is_some() => {
            runtime.block_on(init::run(app, environment))
        }
        [] => runtime.block_on(serve(app, environment)),
        ["call", instance, method, json] => {
            runtime.block_on(call_mode::run(app, environment, instance, method, json))
        }
        [name] => {
            let found = app.registry.modes().find(|(_, mode)| mode.name == *name);
            match found {
                Some((id, mode)) => runtime.block_on(mode::run(app, environment, id, mode)),
                None => complain(&describe_usage(&app), 2),
            }
        }
        _ => complain(&describe_usage(&app), 2),
    };
    // A handler that blocks its thread must not keep the process from ending.
    runtime.shutdown_timeout(LAST);
    code
}

/// Prints what went wrong on standard error, whatever the log format is, because the log may be switched off.
#[expect(clippy::print_stderr, reason = "the last words of a process that cannot start")]
pub(super) fn complain(message: &str, code: u8) -> ExitCode {
    eprintln!("error: {message}");
    ExitCode::from(code)
}

async fn serve(app: App, environment: Environment) -> ExitCode {
    // Installed before anything else: SIGTERM has no default action for process 1.
    let (mut first, mut second) = match (Signals::new(), Signals::new()) {
        (Ok(first), Ok(second)) => (first, second),
        (Err(error), _) | (_, Err(error)) => return complain(&format!("signals: {error}"), 1),
    };
    watch_supervisor(&environment);
    let process = match choose_process(&app, &environment) {
        Ok(process) => process,
        Err(error) => return complain(&error.to_string(), 1),
    };
    let running = tokio::select! {
        started = Running::start(app, environment, Hosting::Process(process)) => match started {
            Ok(running) => running,
            Err(error) => {
                tracing::error!(%error, "does not start");
                return complain(&error.to_string(), 1);
            }
        },
        () = first.next() => {
            tracing::info!("told to stop before it had started");
            return ExitCode::SUCCESS;
        }
    };
    let failed = tokio::select! {
        () = first.next() => false,
        _ = running.failed() => true,
    };
    if !failed {
        // The second receiver saw the same signal too; only another signal means that it should hurry.
        second.next().await;
    }
    tracing::info!(failed, "stops");
    let stopped = running.stop(second.next()).await;
    match (failed, stopped.drained) {
        (true, _) => ExitCode::from(1),
        (false, true) => ExitCode::SUCCESS,
        (false, false) => ExitCode::from(GAVE_UP),
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

/// Chooses the process to run: `BP_PROCESS`, or the only one in the plan.
pub(super) fn choose_process(app: &App, environment: &Environment) -> Result<String, StartError> {
    if let Some(name) = environment.get(variable::PROCESS) {
        return Ok(name.to_owned());
    }
    let plan = app.plan(environment)?;
    let mut names = plan.processes.keys();
    if let (Some(only), None) = (names.next(), names.next()) {
        return Ok(only.clone());
    }
    let known: Vec<_> = plan.processes.keys().map(String::as_str).collect();
    Err(StartError::new(format!(
        "BP_PROCESS is not set; set it to one of {}, or to * for all in one process",
        known.join(", ")
    )))
}

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
