//! How a networked backend's server is deployed, declared in the plugin's folder as data.
//!
//! Targets that run containers start one for every instance, unless the wiring says where the server is (`address`).

use std::collections::BTreeMap;

use bp_contract::units::parse_size;
use bp_plan::{AddressPlan, ResourcesPlan, ServerPlan, Settings, Value};

use crate::Setting;

/// The server of a networked backend.
///
/// ```
/// use bp_contract::setting::{Secret, Settings};
/// use bp_plugin::{Plugin, ServerSpec, ServerValue, backend};
///
/// /// Talks to PostgreSQL.
/// #[derive(Settings)]
/// struct Postgres {
///     /// The user.
///     user: Option<String>,
///     /// The password.
///     password: Option<Secret>,
/// }
///
/// /// `kind = "postgres"`.
/// pub static PLUGIN: Plugin = backend::<Postgres>("postgres", &["bp_backend::DocumentStore"])
///     .server(
///         ServerSpec::new("docker.io/library/postgres:17", 5432)
///             .user(999)
///             .environment(&[
///                 ("POSTGRES_USER", ServerValue::Setting("user")),
///                 ("POSTGRES_PASSWORD", ServerValue::Secret("password")),
///                 ("PGDATA", ServerValue::Text("/var/lib/postgresql/data/main")),
///             ])
///             .health(&["pg_isready", "--quiet", "--host=127.0.0.1"])
///             .data("/var/lib/postgresql/data")
///             .scratch(&["/tmp", "/var/run/postgresql"])
///             .resources(1.0, "512MiB", "1GiB"),
///     )
///     .declare();
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ServerSpec {
    /// The image by its full name, with its tag; `images.lock` pins it.
    pub image: &'static str,
    /// The port on which it listens.
    pub port: u16,
    /// What follows the image's entry point on its command line.
    pub arguments: &'static [&'static str],
    /// Its environment.
    pub environment: &'static [(&'static str, ServerValue)],
    /// The command that succeeds inside the container when the server answers; empty if a connection to its port is enough.
    pub health: &'static [&'static str],
    /// The folder that must outlive the container; none for a cache.
    pub data: Option<&'static str>,
    /// The user and group, by number, that it runs as.
    pub user: u32,
    /// Folders that it writes to and that may be lost; everything else is read-only.
    pub scratch: &'static [&'static str],
    /// Processors, memory and disk, as wiring writes them, unless the instance's `resources` say otherwise.
    pub resources: (f64, &'static str, &'static str),
}

/// One value in a server's environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServerValue {
    /// Always this.
    Text(&'static str),
    /// The value of a setting of the instance, by dotted path; absent if it is not set.
    Setting(&'static str),
    /// As `Setting`, but it is a reference, and the server does not start without it.
    Secret(&'static str),
    /// The instance's name, with `_`.
    Name,
}

impl ServerSpec {
    /// A server without environment, volume and health command.
    pub const fn new(image: &'static str, port: u16) -> Self {
        Self {
            image,
            port,
            arguments: &[],
            environment: &[],
            health: &[],
            data: None,
            user: 1000,
            scratch: &[],
            resources: (1.0, "256MiB", "1GiB"),
        }
    }

    /// Sets what follows the image's entry point.
    pub const fn arguments(mut self, arguments: &'static [&'static str]) -> Self {
        self.arguments = arguments;
        self
    }

    /// Sets its environment.
    pub const fn environment(mut self, values: &'static [(&'static str, ServerValue)]) -> Self {
        self.environment = values;
        self
    }

    /// Sets the command that checks its health.
    pub const fn health(mut self, command: &'static [&'static str]) -> Self {
        self.health = command;
        self
    }

    /// Sets the folder that must outlive the container.
    pub const fn data(mut self, folder: &'static str) -> Self {
        self.data = Some(folder);
        self
    }

    /// Sets the user and group that it runs as; 1000 by default.
    pub const fn user(mut self, number: u32) -> Self {
        self.user = number;
        self
    }

    /// Sets the folders that it writes to and that may be lost.
    pub const fn scratch(mut self, folders: &'static [&'static str]) -> Self {
        self.scratch = folders;
        self
    }

    /// Sets what it may use: processors, memory, disk.
    pub const fn resources(
        mut self,
        cpu: f64,
        memory: &'static str,
        storage: &'static str,
    ) -> Self {
        self.resources = (cpu, memory, storage);
        self
    }

    pub(crate) fn build_plan(&self, name: &str, settings: &Settings) -> ServerPlan {
        let owned = |texts: &[&str]| texts.iter().map(|t| (*t).to_owned()).collect::<Vec<_>>();
        let identifier = name.replace('-', "_");
        let mut environment = BTreeMap::new();
        let mut missing = Vec::new();
        for (variable, value) in self.environment {
            let value = match value {
                ServerValue::Text(text) => Some(Value::Text((*text).to_owned())),
                ServerValue::Name => Some(Value::Text(identifier.clone())),
                ServerValue::Setting(path) => settings.get(path).cloned(),
                ServerValue::Secret(path) => {
                    let value = settings.get(path).cloned();
                    if value.is_none() {
                        missing.push((*path).to_owned());
                    }
                    value
                }
            };
            if let Some(value) = value {
                environment.insert((*variable).to_owned(), value);
            }
        }
        ServerPlan {
            address: AddressPlan { name: identifier.to_uppercase(), port: self.port },
            external: settings.get("address").is_some(),
            image: self.image.to_owned(),
            arguments: owned(self.arguments),
            environment,
            missing,
            health: owned(self.health),
            data: self.data.map(str::to_owned),
            user: self.user,
            scratch: owned(self.scratch),
            resources: self.resolve_resources(settings),
        }
    }

    /// The instance's own amounts where the wiring writes them, the declared ones elsewhere.
    fn resolve_resources(&self, settings: &Settings) -> ResourcesPlan {
        let written = crate::read_resources(settings);
        let says = |path: &str| settings.origins.contains_key(path);
        let (cpu, memory, storage) = self.resources;
        let size = |text| parse_size(text).unwrap_or_default();
        ResourcesPlan {
            cpu: if says("resources.cpu") { written.cpu } else { cpu },
            memory: if says("resources.memory") { written.memory } else { size(memory) },
            storage: if says("resources.storage") { written.storage } else { size(storage) },
        }
    }

    /// What is wrong with the declaration, for tests.
    pub(crate) fn faults(&self, id: &str, settings: &[Setting], faults: &mut Vec<String>) {
        for (variable, value) in self.environment {
            if let ServerValue::Setting(path) | ServerValue::Secret(path) = value
                && !settings.iter().any(|s| Some(s.name) == path.split('.').next())
            {
                faults.push(format!("{id}: {variable} takes `{path}`, which is not a setting"));
            }
        }
        let (_, memory, storage) = self.resources;
        for text in [memory, storage] {
            if parse_size(text).is_none() {
                faults.push(format!("{id}: `{text}` is not a size"));
            }
        }
        if !self.image.contains(':') {
            faults.push(format!("{id}: the image `{}` has no tag", self.image));
        }
    }
}

#[cfg(test)]
mod tests {
    use bp_contract::setting::{Secret, Settings};
    use bp_plan::Reference;

    use super::*;
    use crate::{Plugin, backend};

    /// A test's.
    #[derive(Settings)]
    struct Db {
        /// Where.
        address: Option<String>,
        /// Who.
        user: Option<String>,
        /// Proof.
        password: Option<Secret>,
    }

    static DB: Plugin = backend::<Db>("db", &["bp_backend::Cache"])
        .server(
            ServerSpec::new("docker.io/library/db:1", 5000)
                .environment(&[
                    ("DB_USER", ServerValue::Setting("user")),
                    ("DB_NAME", ServerValue::Name),
                    ("DB_PASSWORD", ServerValue::Secret("password")),
                ])
                .data("/data"),
        )
        .declare();

    fn settings(values: &[(&str, Value)]) -> crate::Settings {
        let values: BTreeMap<String, Value> =
            values.iter().map(|(n, v)| ((*n).to_owned(), v.clone())).collect();
        crate::Settings { values: values.into(), ..crate::Settings::default() }
    }

    #[test]
    fn settings_fill_the_environment_and_what_is_missing_is_known() {
        let plan = DB.server_plan("rate-db", &settings(&[])).unwrap();
        assert_eq!(plan.address, AddressPlan { name: "RATE_DB".to_owned(), port: 5000 });
        assert_eq!(plan.environment.keys().collect::<Vec<_>>(), ["DB_NAME"]);
        assert_eq!((plan.missing, plan.external), (vec!["password".to_owned()], false));
        let secret = Value::Reference(Reference::Secret("pw".to_owned()));
        let given = settings(&[
            ("password", secret.clone()),
            ("address", Value::Text("db.example:1".to_owned())),
        ]);
        let plan = DB.server_plan("rate-db", &given).unwrap();
        assert_eq!((plan.environment.get("DB_PASSWORD"), plan.external), (Some(&secret), true));
        assert_eq!(plan.missing, Vec::<String>::new());
        assert_eq!(plan.resources.memory, 256 << 20);
    }

    #[test]
    fn the_wiring_s_amounts_win_one_by_one() {
        let amounts = BTreeMap::from([
            ("cpu".to_owned(), Value::Float(2.0)),
            ("memory".to_owned(), Value::Size(7)),
        ]);
        let mut given = settings(&[("resources", Value::Table(amounts))]);
        given.origins.insert("resources.cpu".to_owned(), "wiring/local.toml:1".to_owned());
        let plan = DB.server_plan("db", &given).unwrap();
        assert_eq!((plan.resources.cpu, plan.resources.memory), (2.0, 256 << 20));
    }

    #[test]
    fn a_declaration_that_names_no_setting_is_found() {
        let mut faults = Vec::new();
        let bad = ServerSpec::new("db", 1)
            .environment(&[("X", ServerValue::Setting("nope"))])
            .resources(1.0, "much", "1GiB");
        bad.faults(DB.id, DB.settings, &mut faults);
        assert_eq!(
            faults,
            [
                "db: X takes `nope`, which is not a setting",
                "db: `much` is not a size",
                "db: the image `db` has no tag"
            ]
        );
    }
}
