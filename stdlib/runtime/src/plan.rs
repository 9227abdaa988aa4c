//! The run plan, and what the runtime asks of it.

pub(crate) use bp_contract::run_plan::*;

use crate::error::StartError;

/// Reads a plan.
pub(crate) fn read(text: &str) -> Result<RunPlan, StartError> {
    RunPlan::parse(text).map_err(|fault| StartError::new(fault.to_string()))
}

/// The edge named `key`.
pub(crate) fn find_edge<'a>(plan: &'a RunPlan, key: &str) -> Result<&'a EdgePlan, StartError> {
    plan.edges.get(key).ok_or_else(|| StartError::new(format!("the run plan has no edge `{key}`")))
}

/// The listener named `name`.
pub(crate) fn find_listener<'a>(
    plan: &'a RunPlan,
    name: &str,
) -> Result<&'a ListenerPlan, StartError> {
    plan.listeners
        .get(name)
        .ok_or_else(|| StartError::new(format!("the run plan has no listener `{name}`")))
}
