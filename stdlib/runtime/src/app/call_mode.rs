//! `call INSTANCE METHOD JSON`: one call from outside.

use std::io::Write;
use std::process::ExitCode;

use serde_json::Value;

use super::App;
use super::dial::OutsideCaller;
use super::lifecycle::complain;
use crate::call::Class;
use crate::environment::Environment;
use crate::error::{Infra, StartError};
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
    match call(&outside, instance, method, &arguments).await {
        Ok(Ok(outcome @ Outcome::Value(_))) => {
            print(&show(&outcome));
            ExitCode::SUCCESS
        }
        Ok(Ok(outcome)) => complain(&show(&outcome), 1),
        Ok(Err(infra)) => complain(&infra.to_string(), 1),
        Err(error) => complain(&error.to_string(), 1),
    }
}

/// Calls by names.
pub(super) async fn call(
    outside: &OutsideCaller,
    instance: &str,
    method: &str,
    arguments: &Value,
) -> Result<Result<Outcome, Infra>, StartError> {
    let (glue, client) = outside.connect(instance)?;
    let interface = glue.interface();
    let found = interface.method(method).ok_or_else(|| {
        let known: Vec<_> = interface.methods.iter().map(|method| method.name).collect();
        StartError::new(format!(
            "`{}` has no method `{method}`; known: {}",
            interface.path,
            known.join(", ")
        ))
    })?;
    // A call without arguments may leave them out altogether.
    let empty = Value::Object(serde_json::Map::new());
    let arguments = if arguments.is_null() { &empty } else { arguments };
    Ok(glue.call_json(&client, found.index, arguments).await)
}

/// An answer in one line.
pub(super) fn show(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Value(value) => value.to_string(),
        Outcome::Error { class: Class::Application { status, code, message }, .. } => {
            format!("error {code} ({status}): {message}")
        }
        Outcome::Error { detail, .. } => format!("error {detail}"),
    }
}

/// A line on standard output. A reader that went away does not make the call fail.
pub(super) fn print(line: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}
