//! `call INSTANCE METHOD JSON`: one call from outside.

use std::process::ExitCode;

use super::App;
use super::outside::OutsideCaller;
use crate::console::{complain, print_line};
use crate::dynamic_caller::DynamicCaller;
use crate::environment::Environment;
use crate::instance::Outcome;

/// Makes the call and prints its answer as JSON. 0 for a value, 1 for anything else.
pub(super) async fn run(
    app: App,
    environment: Environment,
    instance: &str,
    method: &str,
    json: &str,
) -> ExitCode {
    let arguments = match serde_json::from_str(json) {
        Ok(arguments) => arguments,
        Err(error) => return complain(&format!("`{json}` is not JSON: {error}"), 2),
    };
    let outside = match OutsideCaller::new(app, environment) {
        Ok(outside) => outside,
        Err(error) => return complain(&error.to_string(), 1),
    };
    match outside.call(instance, method, &arguments).await {
        Ok(Ok(outcome @ Outcome::Value(_))) => {
            print_line(&outcome.to_string());
            ExitCode::SUCCESS
        }
        Ok(Ok(outcome)) => complain(&outcome.to_string(), 1),
        Ok(Err(infra)) => complain(&infra.to_string(), 1),
        Err(error) => complain(&error.to_string(), 1),
    }
}
