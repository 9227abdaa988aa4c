//! An init: one call of an instance of this process, then the end.

use std::panic::AssertUnwindSafe;
use std::process::ExitCode;
use std::sync::Arc;

use bp_contract::variable;
use futures_util::FutureExt;
use serde_json::{Map, Value};

use super::lifecycle::{Signals, complain, watch_supervisor};
use super::running::{Hosting, Running};
use super::{App, Registry};
use crate::call::Edge;
use crate::callee::LocalCallee;
use crate::client::Client;
use crate::context::Context;
use crate::environment::Environment;
use crate::error::StartError;
use crate::instance::{AnyInstance, Outcome};
use crate::panic::panic_text;
use crate::plan::{InitPlan, RunPlan};
use crate::tasks::Tasks;

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

/// The init named `name`.
pub(super) fn find<'a>(plan: &'a RunPlan, name: &str) -> Result<&'a InitPlan, StartError> {
    plan.inits.get(name).ok_or_else(|| {
        let known: Vec<_> = plan.inits.keys().map(String::as_str).collect();
        StartError::new(format!(
            "BP_INIT: the wiring `{}` has no init `{name}`; known: {}",
            plan.wiring,
            if known.is_empty() { "none".to_owned() } else { known.join(", ") }
        ))
    })
}

/// Makes the init's call on `callee`, and waits as long as it takes.
pub(super) async fn call(
    registry: &Registry,
    interface: &str,
    callee: &AnyInstance,
    name: &str,
    init: &InitPlan,
    tasks: Tasks,
) -> Result<(), StartError> {
    let glue = registry.interface(interface)?;
    let interface = glue.interface();
    let what = format!("{}.{}", init.callee, init.method);
    let (Some(dispatch), Some(method)) =
        (glue.build_dispatch(callee), interface.method(&init.method))
    else {
        return Err(StartError::new(format!("an init cannot call `{what}`")));
    };
    let edge = Edge {
        key: format!("init:{name}->{}", init.callee),
        caller: format!("init:{name}"),
        callee: init.callee.clone(),
        cyclic: false,
        remote: false,
        server: false,
    };
    let client = Client::new(edge, interface, Vec::new(), Arc::new(LocalCallee(dispatch)));
    let mut context = Context::empty();
    context.set_tasks(tasks);
    // A call without arguments may leave them out altogether.
    let empty = Value::Object(Map::new());
    let arguments = if init.arguments.is_null() { &empty } else { &init.arguments };
    let work = context.scope(glue.call_json(&client, method.index, arguments));
    match AssertUnwindSafe(work).catch_unwind().await {
        Ok(Ok(Outcome::Value(value))) => {
            tracing::info!(init = name, call = what, %value, "the init is done");
            Ok(())
        }
        Ok(Ok(outcome)) => Err(StartError::new(format!("{what}: {outcome}"))),
        Ok(Err(infra)) => Err(StartError::because(what, &infra)),
        Err(panic) => Err(StartError::new(format!("{what} panicked: {}", panic_text(&*panic)))),
    }
}
