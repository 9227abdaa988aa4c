//! Services of the Compose file.

use std::collections::BTreeMap;
use std::time::Duration;

use bp_plugin::Plan;
use bp_plugin::deploy::{
    BuildContext, CONFIG_FILE, DATA_FOLDER, Deployment, EnvValue, ImageLock, InitContainer,
    PROGRAM, ProcessContainer, References, StoreContainer, host, store_image,
};
use bp_plugin::plan::ResourcesPlan;
use serde::Serialize;

use crate::compose::settings::ComposeSettings;

/// One service. The fields' order is the file's.
#[derive(Debug, Serialize)]
pub(crate) struct Service {
    image: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    build: Option<Build>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    command: Vec<String>,
    /// `None` passes on the variable of that name, if there is one.
    environment: BTreeMap<String, Option<String>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    secrets: Vec<SecretUse>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    depends_on: BTreeMap<String, Condition>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    ports: Vec<String>,
    networks: Vec<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    volumes: Vec<Mount>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tmpfs: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    healthcheck: Option<Healthcheck>,
    deploy: Deploy,
    restart: &'static str,
    stop_grace_period: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<String>,
    read_only: bool,
    cap_drop: [&'static str; 1],
    security_opt: [&'static str; 1],
    logging: Logging,
}

#[derive(Debug, Serialize)]
struct Build {
    context: String,
    dockerfile: String,
}

#[derive(Debug, Serialize)]
struct SecretUse {
    source: String,
    target: String,
}

#[derive(Debug, Serialize)]
struct Condition {
    condition: &'static str,
}

#[derive(Debug, Serialize)]
struct Mount {
    #[serde(rename = "type")]
    kind: &'static str,
    source: String,
    target: String,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    read_only: bool,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Healthcheck {
    Test {
        test: Vec<String>,
        interval: String,
        timeout: String,
        retries: u32,
        start_period: String,
    },
    Off {
        disable: bool,
    },
}

#[derive(Debug, Default, Serialize)]
struct Deploy {
    replicas: u32,
    resources: Resources,
}

#[derive(Debug, Default, Serialize)]
struct Resources {
    limits: Limits,
}

#[derive(Debug, Default, Serialize)]
struct Limits {
    cpus: String,
    /// Bytes.
    memory: String,
}

#[derive(Debug, Serialize)]
struct Logging {
    driver: &'static str,
    options: BTreeMap<&'static str, &'static str>,
}

impl Default for Logging {
    /// Two files of 10 MB: a limit in bytes holds whatever the rate.
    fn default() -> Self {
        Self { driver: "json-file", options: [("max-file", "2"), ("max-size", "10m")].into() }
    }
}

impl Default for Service {
    /// Restarted whenever it ends, and without any privilege.
    fn default() -> Self {
        Self {
            image: String::new(),
            build: None,
            command: Vec::new(),
            environment: BTreeMap::new(),
            secrets: Vec::new(),
            depends_on: BTreeMap::new(),
            ports: Vec::new(),
            networks: Vec::new(),
            volumes: Vec::new(),
            tmpfs: Vec::new(),
            healthcheck: None,
            deploy: Deploy::default(),
            restart: "unless-stopped",
            stop_grace_period: String::new(),
            user: None,
            read_only: true,
            cap_drop: ["ALL"],
            security_opt: ["no-new-privileges:true"],
            logging: Logging::default(),
        }
    }
}

/// Builds the services.
#[derive(Debug)]
pub(crate) struct ServiceBuilder<'a> {
    pub(crate) deployment: &'a Deployment,
    pub(crate) settings: &'a ComposeSettings,
    pub(crate) context: Option<&'a BuildContext>,
    pub(crate) plan: &'a Plan,
    pub(crate) lock: &'a ImageLock,
    /// The relative path from the file to the application's folder.
    pub(crate) root: &'a str,
}

impl ServiceBuilder<'_> {
    pub(crate) fn build_process(&self, process: &ProcessContainer, ports: Vec<String>) -> Service {
        let health = &process.health;
        let mut volumes = self.mount_files(&process.references);
        if process.keeps_data {
            volumes.push(mount_volume(&self.volume_of(&process.host), DATA_FOLDER));
        }
        if let Some(config) = &self.settings.config {
            volumes.push(self.mount_file(config, CONFIG_FILE));
        }
        let mut depends_on = self.list_store_conditions(&process.name);
        let first = self.deployment.inits.values().filter(|init| init.first);
        depends_on
            .extend(first.map(|init| {
                (init.host.clone(), build_condition("service_completed_successfully"))
            }));
        let test = ["CMD", PROGRAM, "health", "ready"];
        Service {
            environment: build_environment(&process.environment),
            secrets: list_secrets(&process.references),
            depends_on,
            ports,
            volumes,
            healthcheck: Some(Healthcheck::Test {
                test: test.map(str::to_owned).into(),
                interval: format_seconds(health.ready.period),
                // The container's program must start first, which takes longer than the answer.
                timeout: format_seconds(health.timeout.saturating_mul(3)),
                retries: health.ready.failures,
                start_period: format_seconds(
                    health.startup.period.saturating_mul(health.startup.failures),
                ),
            }),
            deploy: build_deploy(process.replicas.least(), &process.resources),
            stop_grace_period: format_seconds(process.grace),
            ..self.build_program(&process.name)
        }
    }

    pub(crate) fn build_init(&self, init: &InitContainer) -> Service {
        let mut volumes = self.mount_files(&init.references);
        if init.keeps_data {
            volumes.push(mount_volume(&self.volume_of(&init.host), DATA_FOLDER));
        }
        let mut depends_on = self.list_store_conditions(&init.name);
        let called = self.deployment.processes_of(&init.name).into_iter();
        depends_on.extend(
            called
                .filter_map(|name| self.deployment.processes.get(name))
                .map(|process| (process.host.clone(), build_condition("service_healthy"))),
        );
        Service {
            environment: build_environment(&init.environment),
            secrets: list_secrets(&init.references),
            depends_on,
            volumes,
            // The image's own health check asks a process.
            healthcheck: Some(Healthcheck::Off { disable: true }),
            deploy: build_deploy(1, &init.resources),
            // It may run again, and the services that wait for it wait as long as it is tried.
            restart: "on-failure",
            stop_grace_period: format_seconds(init.grace),
            ..self.build_program(&init.name)
        }
    }

    /// What processes and inits have in common.
    fn build_program(&self, name: &str) -> Service {
        let stores = self.deployment.stores_of(name);
        let images = self.plan.images.as_ref();
        let application = images.map(|images| images.application.clone());
        Service {
            image: application.unwrap_or_else(|| host(&self.plan.app.name)),
            build: self.context.zip(images).map(|(context, images)| Build {
                context: match context.up.as_str() {
                    "" => self.root.to_owned(),
                    up => format!("{}/{up}", self.root),
                },
                dockerfile: format!("{}/{}", context.out, images.dockerfile),
            }),
            networks: if stores.is_empty() { vec![CALLS] } else { vec![CALLS, STORES] },
            ..Service::default()
        }
    }

    fn list_store_conditions(&self, caller: &str) -> BTreeMap<String, Condition> {
        let stores = self.deployment.stores_of(caller).into_iter();
        stores
            .filter_map(|name| self.deployment.stores.get(name))
            .map(|store| (store.host.clone(), build_ready_condition(store)))
            .collect()
    }

    /// The volume of a process or an init: its own, or one that all share when an init fills their files.
    pub(crate) fn volume_of(&self, host: &str) -> String {
        if self.deployment.inits.values().any(|init| init.keeps_data) {
            // No instance's name contains a dot, so this name is free.
            "data.shared".to_owned()
        } else {
            host.to_owned()
        }
    }

    pub(crate) fn build_store(&self, store: &StoreContainer) -> Service {
        let mut volumes = self.mount_files(&store.references);
        if let Some(data) = &store.data {
            volumes.push(mount_volume(&store.host, data));
        }
        let mut test = vec!["CMD".to_owned()];
        test.extend(store.health.iter().map(|word| escape_dollars(word)));
        let owner = store.user;
        Service {
            image: store_image(self.plan, self.lock, &store.image),
            command: store.arguments.iter().map(|word| escape_dollars(word)).collect(),
            environment: build_environment(&store.environment),
            secrets: list_secrets(&store.references),
            networks: vec![STORES],
            volumes,
            tmpfs: store
                .scratch
                .iter()
                .map(|folder| format!("{folder}:mode=0700,uid={owner},gid={owner}"))
                .collect(),
            healthcheck: (!store.health.is_empty()).then(|| Healthcheck::Test {
                test,
                interval: "2s".to_owned(),
                timeout: "3s".to_owned(),
                retries: 5,
                start_period: "60s".to_owned(),
            }),
            deploy: build_deploy(1, &store.resources),
            stop_grace_period: format_seconds(store.grace),
            user: Some(format!("{owner}:{owner}")),
            ..Service::default()
        }
    }

    fn mount_files(&self, references: &References) -> Vec<Mount> {
        references
            .files
            .iter()
            .map(|path| self.mount_file(path, &References::mount(path)))
            .collect()
    }

    /// A file of the machine: at its own path when that is absolute, from the application's folder otherwise.
    fn mount_file(&self, path: &str, target: &str) -> Mount {
        let source =
            if path.starts_with('/') { path.to_owned() } else { format!("{}/{path}", self.root) };
        Mount {
            kind: "bind",
            source: escape_dollars(&source),
            target: escape_dollars(target),
            read_only: true,
        }
    }
}

fn list_secrets(references: &References) -> Vec<SecretUse> {
    // A relative target is below the folder of secrets.
    let used = |name: &String| SecretUse { source: References::key(name), target: name.clone() };
    references.secrets.iter().map(used).collect()
}

fn mount_volume(name: &str, target: &str) -> Mount {
    Mount {
        kind: "volume",
        source: name.to_owned(),
        target: escape_dollars(target),
        read_only: false,
    }
}

fn build_ready_condition(store: &StoreContainer) -> Condition {
    build_condition(if store.health.is_empty() { "service_started" } else { "service_healthy" })
}

fn build_condition(condition: &'static str) -> Condition {
    Condition { condition }
}

fn build_environment(values: &BTreeMap<String, EnvValue>) -> BTreeMap<String, Option<String>> {
    let value = |value: &EnvValue| match value {
        EnvValue::Text(text) => Some(escape_dollars(text)),
        EnvValue::Required(name) => Some(format!("${{{name}:?set it where you run Compose}}")),
        EnvValue::Optional(_) => None,
    };
    values.iter().map(|(name, of)| (name.clone(), value(of))).collect()
}

fn build_deploy(replicas: u32, amounts: &ResourcesPlan) -> Deploy {
    let limits = Limits { cpus: amounts.cpu.to_string(), memory: amounts.memory.to_string() };
    Deploy { replicas, resources: Resources { limits } }
}

/// Whole seconds, rounded up.
fn format_seconds(time: Duration) -> String {
    let whole = time.as_secs() + u64::from(time.subsec_nanos() > 0);
    format!("{whole}s")
}

/// The network of processes.
pub(crate) const CALLS: &str = "calls";

/// The network of stores and of the processes that call them; it cannot reach the outside.
pub(crate) const STORES: &str = "stores";

/// Escapes a text: Compose would replace `$NAME` by a variable's value.
pub(crate) fn escape_dollars(text: &str) -> String {
    text.replace('$', "$$")
}
