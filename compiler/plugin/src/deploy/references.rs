//! The secrets, files and variables that values refer to.

use std::collections::BTreeSet;

use bp_plan::{Reference, Settings, Value};

use super::{SECRETS_FOLDER, WORK_FOLDER};

/// What a container's values refer to, by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct References {
    /// `{ secret = … }`: each is a file in [`SECRETS_FOLDER`].
    pub secrets: BTreeSet<String>,
    /// `{ file = … }`: each is mounted at [`References::mount`].
    pub files: BTreeSet<String>,
    /// `{ env = … }`: each is a variable of the same name.
    pub variables: BTreeSet<String>,
}

impl References {
    /// Notes the references in a value.
    pub fn add(&mut self, value: &Value) {
        match value {
            Value::Reference(Reference::Secret(name)) => {
                self.secrets.insert(name.clone());
            }
            Value::Reference(Reference::File(path)) => {
                self.files.insert(path.clone());
            }
            Value::Reference(Reference::Env(name)) => {
                self.variables.insert(name.clone());
            }
            Value::List(items) => items.iter().for_each(|item| self.add(item)),
            Value::Table(table) => table.values().for_each(|item| self.add(item)),
            Value::Bool(_)
            | Value::Integer(_)
            | Value::Float(_)
            | Value::Text(_)
            | Value::Duration(_)
            | Value::Size(_) => {}
        }
    }

    pub(crate) fn add_settings(&mut self, settings: &Settings) {
        settings.values.values().for_each(|value| self.add(value));
    }

    /// Where a secret is in the container.
    pub fn secret_file(name: &str) -> String {
        format!("{SECRETS_FOLDER}/{name}")
    }

    /// Where the file of a `{ file = … }` is in the container: at its own path when that is absolute, below the working directory otherwise.
    pub fn mount(path: &str) -> String {
        if path.starts_with('/') { path.to_owned() } else { format!("{WORK_FOLDER}/{path}") }
    }
}
