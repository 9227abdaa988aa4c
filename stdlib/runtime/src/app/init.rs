//! An init: one call of an instance of this process, then the end.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;
use serde_json::{Map, Value};

use super::Registry;
use crate::any_instance::AnyInstance;
use crate::call::Edge;
use crate::callee::LocalCallee;
use crate::client::Client;
use crate::context::Context;
use crate::error::StartError;
use crate::instance::Outcome;
use crate::panic::panic_text;
use crate::plan::{InitPlan, RunPlan};
use crate::tasks::Tasks;

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
