//! Which process of the plan this one is.

use bp_contract::variable;

use super::App;
use crate::environment::Environment;
use crate::error::StartError;

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
