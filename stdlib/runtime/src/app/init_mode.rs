//! A process that makes one init and ends.

use std::process::ExitCode;

use bp_contract::variable;

use super::App;
use super::prepare::Hosting;
use super::running::Running;
use super::signals::{Signals, watch_supervisor};
use crate::console::complain;
use crate::environment::Environment;
use crate::error::StartError;

/// Runs the init that `BP_INIT` names. 0 when it is done, 1 when it failed or was told to stop before its end.
pub(super) async fn run(app: App, environment: Environment) -> ExitCode {
    let mut signals = match Signals::new() {
        Ok(signals) => signals,
        Err(error) => return complain(&format!("signals: {error}"), 1),
    };
    watch_supervisor(&environment);
    let name = environment.get(variable::INIT).unwrap_or_default().to_owned();
    let work = async {
        let running = Running::start(app, environment, Hosting::Init(name.clone())).await?;
        let done = tokio::select! {
            done = running.init(&name) => done,
            failure = running.failed() => Err(StartError::new(failure)),
        };
        // Nothing listens, so this waits only for the tasks that the init spawned, as long as for any task.
        running.stop(std::future::pending()).await;
        done
    };
    tokio::select! {
        done = work => match done {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => complain(&format!("init `{name}`: {error}"), 1),
        },
        () = signals.next() => complain(&format!("init `{name}` was told to stop before its end"), 1),
    }
}
