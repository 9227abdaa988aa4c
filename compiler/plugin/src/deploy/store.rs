//! A store's container.

use std::collections::BTreeMap;
use std::time::Duration;

use bp_plan::{Reference, ServerPlan, Value};

use super::container::{EnvValue, StoreContainer};
use super::{Options, References};

/// Enough for a database to write its checkpoint.
const GRACE: Duration = Duration::from_mins(1);

pub(super) fn build_container(
    name: &str,
    server: &ServerPlan,
    options: Options<'_>,
) -> StoreContainer {
    let mut references = References::default();
    let mut environment = BTreeMap::new();
    for (variable, value) in &server.environment {
        references.add(value);
        let (variable, value) = match value {
            Value::Reference(Reference::Secret(name)) => {
                (format!("{variable}_FILE"), EnvValue::Text(References::secret_file(name)))
            }
            Value::Reference(Reference::File(path)) => {
                (format!("{variable}_FILE"), EnvValue::Text(References::mount(path)))
            }
            Value::Reference(Reference::Env(name)) => {
                (variable.clone(), EnvValue::Required(name.clone()))
            }
            plain => (variable.clone(), EnvValue::Text(env_text(plain))),
        };
        environment.insert(variable, value);
    }
    StoreContainer {
        name: name.to_owned(),
        host: (options.host)(name),
        image: server.image.clone(),
        arguments: server.arguments.clone(),
        environment,
        references,
        port: server.address.port,
        health: server.health.clone(),
        data: server.data.clone(),
        user: server.user,
        scratch: server.scratch.clone(),
        resources: server.resources.clone(),
        grace: GRACE,
        missing: server.missing.clone(),
    }
}

/// A value as a server's environment has it.
fn env_text(value: &Value) -> String {
    match value.to_json() {
        serde_json::Value::String(text) => text,
        other => other.to_string(),
    }
}
