//! The secrets, files and variables that values refer to.

use std::collections::BTreeSet;

use bp_contract::run_plan::TableReader;
use bp_plan::{
    EntryPlan, InstanceKind, ParameterPlan, Plan, Reference, Settings, TablePlan, Value,
    WrapperPlan,
};

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
    /// What any value of a plan refers to.
    pub fn of(plan: &Plan) -> Self {
        let mut all = Self::default();
        for instance in plan.instances.values() {
            match &instance.kind {
                InstanceKind::Backend(backend) => {
                    all.add_settings(&backend.settings);
                    let server = instance.deployed_server().into_iter();
                    server.flat_map(|s| s.environment.values()).for_each(|value| all.add(value));
                }
                InstanceKind::Service(service) => {
                    for parameter in service.parameters.values() {
                        if let ParameterPlan::Value { value, .. } = parameter {
                            all.add(value);
                        }
                    }
                }
            }
        }
        for edge in plan.edges.values() {
            all.add_wrappers(&edge.client);
            edge.transport.iter().for_each(|transport| all.add_settings(&transport.settings));
        }
        for listener in plan.listeners.values() {
            all.add_settings(&listener.settings);
            for served in listener.serves.values() {
                all.add_wrappers(&served.server);
                all.add_settings(&served.settings);
            }
        }
        list_read_entries(plan).for_each(|(_, entry)| all.add_entry(entry));
        all
    }

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

    pub(crate) fn add_wrappers(&mut self, wrappers: &[WrapperPlan]) {
        for wrapper in wrappers {
            self.add_settings(&wrapper.settings);
            wrapper.methods.values().for_each(|settings| self.add_settings(settings));
        }
    }

    pub(crate) fn add_entry(&mut self, entry: &EntryPlan) {
        self.add_settings(&entry.settings);
        entry.methods.values().for_each(|settings| self.add_settings(settings));
    }

    /// The key of a secret or a file in an object of the engine that holds several; characters that a key cannot hold are replaced.
    pub fn key(name: &str) -> String {
        path_parts(name).collect::<Vec<_>>().join(".")
    }

    /// Where a secret is in the container.
    pub fn secret_file(name: &str) -> String {
        format!("{SECRETS_FOLDER}/{name}")
    }

    /// Where the file of a `{ file = … }` is in the container: at its own path when that is absolute, below the working directory otherwise.
    pub fn mount(path: &str) -> String {
        let below = if path.starts_with('/') { "" } else { WORK_FOLDER };
        path_parts(path).fold(below.to_owned(), |mount, part| mount + "/" + part)
    }
}

/// The entries of tables that processes read, each with its table; nobody resolves the references of others.
pub(crate) fn list_read_entries(plan: &Plan) -> impl Iterator<Item = (&TablePlan, &EntryPlan)> {
    let read = plan.tables.values().filter(|t| t.reader == Some(TableReader::Process));
    read.flat_map(|table| table.entries.iter().map(move |entry| (table, entry)))
}

/// The parts of a path; a path may be written with `.` and with `/` twice.
fn path_parts(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|part| !matches!(*part, "" | "."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_one_however_it_is_written() {
        for path in ["etc/a.b", "./etc/a.b", "etc//a.b"] {
            assert_eq!(
                (References::key(path), References::mount(path)),
                ("etc.a.b".into(), "/app/etc/a.b".into())
            );
        }
        assert_eq!(References::mount("/run//secrets/x"), "/run/secrets/x");
        assert_eq!(References::key("/run/x"), "run.x");
    }
}
