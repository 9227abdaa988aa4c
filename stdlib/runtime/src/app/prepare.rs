//! What a process needs before its first instance.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::process_state::ProcessState;
use super::{App, Registry, addresses, init};
use crate::balance::Directories;
use crate::callee::StartGate;
use crate::config::Configuration;
use crate::drain::Drain;
use crate::environment::Environment;
use crate::error::StartError;
use crate::metrics::Metrics;
use crate::plan::{ALL, RunPlan};
use crate::plugin::Surroundings;
use crate::shared_state::SharedStates;
use crate::tasks::Tasks;

/// What a process holds and whether it listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hosting {
    /// One of the plan's processes, `*` for all, with its listeners; with `*`, the plan's inits are run before the process is ready.
    Process(String),
    /// What one of the plan's inits needs, and nothing listens.
    Init(String),
    /// All of them, and nothing listens: for tests.
    Embedded,
}

/// Prepares what is needed before the first instance: the plan, the numbers on the wire, the configuration.
pub(super) fn prepare(
    mut app: App,
    environment: Environment,
    hosting: &Hosting,
) -> Result<(Arc<ProcessState>, Arc<Registry>), StartError> {
    app.registry.check_interfaces()?;
    let mut plan = app.plan(&environment)?;
    bp_data::wire::install(std::mem::take(&mut plan.wire))
        .map_err(|error| StartError::because("the run plan", &error))?;
    let process = match hosting {
        Hosting::Embedded => ALL.to_owned(),
        Hosting::Process(name) => {
            check_process(&plan, name)?;
            name.clone()
        }
        Hosting::Init(name) => {
            init::find(&plan, name)?;
            name.clone()
        }
    };
    addresses::check_addresses(&plan, &environment)?;
    let plan = Arc::new(plan);
    let interfaces = app.registry.interfaces.iter().map(|(path, glue)| (*path, glue.interface()));
    let interfaces = interfaces.collect();
    let configuration = Configuration::load(plan.clone(), interfaces, environment.clone())?;
    let surroundings = Surroundings {
        app: Arc::from(plan.app.as_str()),
        process: Arc::from(process.as_str()),
        metrics: Metrics::default(),
        ..Surroundings::default()
    };
    let state = Arc::new(ProcessState {
        plan,
        process,
        environment,
        configuration: Arc::new(configuration),
        surroundings,
        tasks: Tasks::default(),
        gate: Arc::new(StartGate::default()),
        directories: Directories::default(),
        shared: SharedStates::default(),
        drain: Drain::new(),
        stop: CancellationToken::new(),
        started: AtomicBool::new(false),
        ready: watch::Sender::new(false),
        failure: watch::Sender::new(None),
    });
    Ok((state, Arc::new(app.registry)))
}

fn check_process(plan: &RunPlan, name: &str) -> Result<(), StartError> {
    if name == ALL || plan.processes.contains_key(name) {
        return Ok(());
    }
    let known: Vec<_> = plan.processes.keys().map(String::as_str).collect();
    Err(StartError::new(format!(
        "BP_PROCESS: the wiring `{}` has no process `{name}`; known: {}, and * for all in one",
        plan.wiring,
        known.join(", ")
    )))
}
