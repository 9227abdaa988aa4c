//! Pods: one container, unprivileged, with what it refers to and nothing else.

use bp_plugin::deploy::{
    CONFIG_FILE, DATA_FOLDER, InitContainer, PROGRAM, Probe, ProcessContainer, References,
    SECRETS_FOLDER, StoreContainer, USER, host,
};
use bp_plugin::plan::ResourcesPlan;
use serde_json::{Value, json};

use crate::kubernetes::config::{Environment, split_environment};
use crate::kubernetes::labels::{Named, given};
use crate::kubernetes::settings::KubernetesSettings;

/// The name of the volume with data.
pub(crate) const DATA: &str = "data";

/// The pod template of a process.
pub(crate) fn build_process(
    named: &Named<'_>,
    process: &ProcessContainer,
    environment: &Environment,
    settings: &KubernetesSettings,
) -> Value {
    let mut mounts = Mounts::default();
    mounts.references(named.app, &process.references);
    if settings.overrides {
        mounts.add(
            "overrides",
            json!({ "configMap": { "name": given(named.app, "overrides"), "defaultMode": 0o440 } }),
            &[(folder(CONFIG_FILE), None)],
            true,
        );
    }
    if process.keeps_data {
        mounts.mount(DATA, DATA_FOLDER, None, false);
    }
    let health = &process.health;
    let probe = |probe: &Probe| {
        json!({
            "httpGet": { "path": probe.path, "port": "admin" },
            "periodSeconds": probe.period.as_secs().max(1),
            "timeoutSeconds": health.timeout.as_secs().max(1),
            "failureThreshold": probe.failures,
        })
    };
    let ports: Vec<Value> = process
        .ports
        .iter()
        .map(|port| json!({ "name": shorten(&port.name, port.number), "containerPort": port.number, "protocol": "TCP" }))
        .collect();
    let mut container = build_program(named, environment, &process.resources, &mounts);
    if let Some(container) = container.as_object_mut() {
        container.insert("ports".to_owned(), json!(ports));
        container.insert("startupProbe".to_owned(), probe(&health.startup));
        container.insert("readinessProbe".to_owned(), probe(&health.ready));
        container.insert("livenessProbe".to_owned(), probe(&health.live));
    }
    let annotations = json!({
        "bp.config": environment.mark(),
        "prometheus.io/scrape": "true",
        "prometheus.io/path": "/metrics",
        "prometheus.io/port": health.port.to_string(),
    });
    let mut spec = build_pod(named, USER, process.grace.as_secs(), &container, &mounts.volumes);
    if let (true, Some(spec)) = (process.replicas.most() > 1, spec.as_object_mut()) {
        spec.insert("topologySpreadConstraints".to_owned(), build_spread(named));
    }
    build_template(named, annotations, &spec)
}

/// The pod template of an init.
pub(crate) fn build_init(
    named: &Named<'_>,
    init: &InitContainer,
    environment: &Environment,
) -> Value {
    let mut mounts = Mounts::default();
    mounts.references(named.app, &init.references);
    let container = build_program(named, environment, &init.resources, &mounts);
    let mut spec = build_pod(named, USER, init.grace.as_secs(), &container, &mounts.volumes);
    if let Some(spec) = spec.as_object_mut() {
        // A pod that failed stays, and so do its logs.
        spec.insert("restartPolicy".to_owned(), json!("Never"));
    }
    build_template(named, json!({ "bp.config": environment.mark() }), &spec)
}

/// The container of a process or an init.
fn build_program(
    named: &Named<'_>,
    environment: &Environment,
    amounts: &ResourcesPlan,
    mounts: &Mounts,
) -> Value {
    json!({
        "name": named.host,
        "image": host(named.app),
        "imagePullPolicy": "IfNotPresent",
        "command": [PROGRAM],
        "envFrom": [{ "configMapRef": { "name": named.host } }],
        "env": environment.references(named.app),
        "resources": build_resources(amounts),
        "securityContext": unprivileged(),
        "volumeMounts": mounts.mounts,
    })
}

/// The pod template of a store.
pub(crate) fn build_store(named: &Named<'_>, store: &StoreContainer, image: &str) -> Value {
    let mut mounts = Mounts::default();
    mounts.references(named.app, &store.references);
    if let Some(folder) = &store.data {
        mounts.mount(DATA, folder, None, false);
    }
    for (number, folder) in store.scratch.iter().enumerate() {
        let name = format!("scratch-{number}");
        mounts.add(&name, json!({ "emptyDir": {} }), &[(folder, None)], false);
    }
    let environment = split_environment(&store.environment);
    let texts = environment
        .texts
        .iter()
        .map(|(name, value)| json!({ "name": name, "value": escape_dollars(value) }));
    let env: Vec<Value> = texts.chain(environment.references(named.app)).collect();
    // A busy store is not a broken one, so only its own exit restarts it.
    let ready = if store.health.is_empty() {
        json!({ "tcpSocket": { "port": "store" }, "periodSeconds": 5, "timeoutSeconds": 3, "failureThreshold": 2 })
    } else {
        json!({ "exec": { "command": store.health }, "periodSeconds": 5, "timeoutSeconds": 3, "failureThreshold": 2 })
    };
    let mut container = json!({
        "name": named.host,
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "env": env,
        "ports": [{ "name": "store", "containerPort": store.port, "protocol": "TCP" }],
        "readinessProbe": ready,
        "resources": build_resources(&store.resources),
        "securityContext": unprivileged(),
        "volumeMounts": mounts.mounts,
    });
    if let (false, Some(container)) = (store.arguments.is_empty(), container.as_object_mut()) {
        let words: Vec<String> = store.arguments.iter().map(|word| escape_dollars(word)).collect();
        container.insert("args".to_owned(), json!(words));
    }
    let spec = build_pod(named, store.user, store.grace.as_secs(), &container, &mounts.volumes);
    build_template(named, json!({}), &spec)
}

/// Escapes a text: in variables and arguments, Kubernetes replaces `$(NAME)` by a variable's value, and `$$` by `$`.
fn escape_dollars(text: &str) -> String {
    text.replace('$', "$$")
}

fn build_template(named: &Named<'_>, mut annotations: Value, spec: &Value) -> Value {
    if let Some(annotations) = annotations.as_object_mut() {
        annotations.insert("bp.key".to_owned(), json!(named.key));
    }
    json!({ "metadata": { "labels": named.labels(), "annotations": annotations }, "spec": spec })
}

fn build_pod(
    named: &Named<'_>,
    user: u32,
    grace: u64,
    container: &Value,
    volumes: &[Value],
) -> Value {
    json!({
        "serviceAccountName": named.host,
        "automountServiceAccountToken": false,
        "enableServiceLinks": false,
        "terminationGracePeriodSeconds": grace,
        "securityContext": {
            "runAsNonRoot": true,
            "runAsUser": user,
            "runAsGroup": user,
            "fsGroup": user,
            "fsGroupChangePolicy": "OnRootMismatch",
            "seccompProfile": { "type": "RuntimeDefault" },
        },
        "containers": [container],
        "volumes": volumes,
    })
}

/// Spreads replicas over hosts and zones where possible.
fn build_spread(named: &Named<'_>) -> Value {
    let over = |key: &str| {
        json!({
            "maxSkew": 1,
            "topologyKey": key,
            "whenUnsatisfiable": "ScheduleAnyway",
            "labelSelector": { "matchLabels": named.selector() },
        })
    };
    json!([over("topology.kubernetes.io/zone"), over("kubernetes.io/hostname")])
}

/// What the restricted pod security standard requires, and a read-only file system.
fn unprivileged() -> Value {
    json!({
        "allowPrivilegeEscalation": false,
        "readOnlyRootFilesystem": true,
        "capabilities": { "drop": ["ALL"] },
    })
}

/// Requests equal limits, so that the pod is the last to be evicted when memory is short.
fn build_resources(amounts: &ResourcesPlan) -> Value {
    let amounts = json!({
        "cpu": format!("{:.0}m", (amounts.cpu * 1000.0).ceil()),
        "memory": amounts.memory.to_string(),
        "ephemeral-storage": amounts.storage.to_string(),
    });
    json!({ "requests": amounts, "limits": amounts })
}

/// A port's name: at most 15 characters in a container.
fn shorten(name: &str, number: u16) -> String {
    if name.len() <= 15 { name.to_owned() } else { format!("port-{number}") }
}

fn folder(file: &str) -> &str {
    file.rsplit_once('/').map_or(file, |(folder, _)| folder)
}

/// Volumes and where they are mounted.
#[derive(Debug, Default)]
struct Mounts {
    volumes: Vec<Value>,
    mounts: Vec<Value>,
}

impl Mounts {
    fn references(&mut self, app: &str, references: &References) {
        if !references.secrets.is_empty() {
            let items: Vec<Value> = references
                .secrets
                .iter()
                .map(|name| json!({ "key": References::key(name), "path": name }))
                .collect();
            let secret = json!({ "secretName": given(app, "secrets"), "items": items, "defaultMode": 0o440 });
            self.add("secrets", json!({ "secret": secret }), &[(SECRETS_FOLDER, None)], true);
        }
        if !references.files.is_empty() {
            let map = json!({ "configMap": { "name": given(app, "files"), "defaultMode": 0o440 } });
            let files: Vec<(String, String)> = references
                .files
                .iter()
                .map(|path| (References::mount(path), References::key(path)))
                .collect();
            let at: Vec<(&str, Option<&str>)> =
                files.iter().map(|(at, key)| (at.as_str(), Some(key.as_str()))).collect();
            self.add("files", map, &at, true);
        }
    }

    fn add(&mut self, name: &str, source: Value, at: &[(&str, Option<&str>)], read_only: bool) {
        let mut volume = json!({ "name": name });
        if let (Some(volume), Value::Object(source)) = (volume.as_object_mut(), source) {
            volume.extend(source);
        }
        self.volumes.push(volume);
        for (path, part) in at {
            self.mount(name, path, *part, read_only);
        }
    }

    fn mount(&mut self, name: &str, at: &str, part: Option<&str>, read_only: bool) {
        let mut mount = json!({ "name": name, "mountPath": at, "readOnly": read_only });
        if let (Some(part), Some(mount)) = (part, mount.as_object_mut()) {
            mount.insert("subPath".to_owned(), json!(part));
        }
        self.mounts.push(mount);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::time::Duration;

    use bp_plugin::deploy::EnvValue;
    use bp_plugin::to_yaml;

    use super::*;
    use crate::kubernetes::labels::Names;

    fn pod_with(text: &str) -> Value {
        let environment = BTreeMap::from([
            ("PLAIN".to_owned(), EnvValue::Text(text.to_owned())),
            ("GIVEN".to_owned(), EnvValue::Required(text.to_owned())),
        ]);
        let container = StoreContainer {
            name: "db".to_owned(),
            host: "db".to_owned(),
            image: text.to_owned(),
            arguments: vec![text.to_owned()],
            environment,
            references: References::default(),
            port: 1,
            health: vec![text.to_owned()],
            data: Some(text.to_owned()),
            user: 1,
            scratch: vec![text.to_owned()],
            resources: ResourcesPlan { cpu: 0.5, memory: 1, storage: 1 },
            grace: Duration::from_secs(1),
            missing: Vec::new(),
        };
        let names = Names { app: "app", wiring: "local" };
        let text =
            to_yaml("kubernetes", &build_store(&names.store("db"), &container, text)).unwrap();
        serde_saphyr::from_str(&text).unwrap()
    }

    /// Whatever text a value holds, the manifest read again is that of a harmless text with the text in its places.
    #[test]
    fn no_value_becomes_a_field() {
        fn put(value: &mut Value, text: &str) {
            match value {
                Value::String(found) if found == "HARMLESS" => text.clone_into(found),
                Value::Array(items) => items.iter_mut().for_each(|item| put(item, text)),
                Value::Object(entries) => entries.values_mut().for_each(|item| put(item, text)),
                _ => {}
            }
        }
        for hostile in [
            "x\n  privileged: true",
            "x\nsecurityContext:\n  runAsUser: 0",
            "{privileged: true}",
            "- a",
            "*anchor",
            "&a x",
            "yes",
            "0x10",
            "~",
            "# x",
            "\u{85}x: y",
            "---\nkind: Secret",
            "",
        ] {
            let mut expected = pod_with("HARMLESS");
            put(&mut expected, hostile);
            assert_eq!(pod_with(hostile), expected, "{hostile:?}");
        }
    }

    /// What <https://kubernetes.io/docs/tasks/inject-data-application/define-interdependent-environment-variables/> says of `$(NAME)` and `$$`, done by hand.
    #[test]
    fn no_variable_takes_the_place_of_a_text() {
        let pod = pod_with("$(PLAIN) $$ ${HOME}");
        let container = pod.pointer("/spec/containers/0").expect("a container");
        let expanded = |text: &Value| text.as_str().unwrap().replace("$$", "$");
        let env = container["env"].as_array().expect("variables");
        let plain = env.iter().find(|v| v["name"] == "PLAIN").expect("the variable");
        for text in [&plain["value"], &container["args"][0]] {
            assert!(!text.as_str().unwrap().replace("$$", "").contains('$'), "{text}");
            assert_eq!(expanded(text), "$(PLAIN) $$ ${HOME}");
        }
        // A command is run as it is written.
        assert_eq!(container["readinessProbe"]["exec"]["command"][0], "$(PLAIN) $$ ${HOME}");
    }
}
