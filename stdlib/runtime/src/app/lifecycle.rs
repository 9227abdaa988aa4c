//! A process from its arguments to its exit code.

use std::process::ExitCode;
use std::time::Duration;

use bp_contract::variable;

use super::choose_process::choose_process;
use super::prepare::Hosting;
use super::running::Running;
use super::signals::{Signals, watch_supervisor};
use super::{App, call_mode, health, init_mode};
use crate::console::complain;
use crate::environment::Environment;
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
    // A container's probe runs this every few seconds, so it starts no logs and no threads.
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
            runtime.block_on(init_mode::run(app, environment))
        }
        [] => runtime.block_on(serve(app, environment)),
        ["call", instance, method, json] => {
            runtime.block_on(call_mode::run(app, environment, instance, method, json))
        }
        [name] => {
            let usage = describe_usage(&app);
            let ended = runtime.block_on(app.run_mode(environment, name));
            ended.unwrap_or_else(|| complain(&usage, 2))
        }
        _ => complain(&describe_usage(&app), 2),
    };
    // A handler that blocks its thread must not keep the process from ending.
    runtime.shutdown_timeout(LAST);
    code
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
