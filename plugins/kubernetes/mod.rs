//! The `kubernetes` target: manifests for `kubectl apply --kustomize`, one file per process and kind.
//!
//! The shapes follow the container view that every target shares ([`bp_plugin::deploy`]); only Kubernetes' own concepts are added here.
//! Nothing secret is written: secrets, overrides and files are objects that the cluster's owner makes, named in the README.

mod budget;
mod config;
mod labels;
mod names;
mod network;
mod pod;
mod service;
mod settings;
mod workload;

use bp_plugin::deploy::{
    Deployment, ImageLock, InitContainer, Options, ProcessContainer, StoreContainer, store_image,
};
use bp_plugin::{ArtifactContext, Diagnostic, Feature, Plan, PlanContext, Plugin, target, to_yaml};
use rayon::iter::{IntoParallelRefIterator as _, ParallelExtend as _, ParallelIterator as _};
use serde_json::{Value, json};

use crate::kubernetes::settings::KubernetesSettings;

/// `[target] enabled = ["kubernetes"]`.
pub(crate) static PLUGIN: Plugin = target::<KubernetesSettings>(
    "kubernetes",
    // A volume belongs to one pod, so an init cannot reach a process's files.
    &[
        Feature::Replicas,
        Feature::Processes,
        Feature::Secrets,
        Feature::Resources,
        Feature::Storage,
        Feature::Autoscale,
        Feature::Inits,
    ],
)
.check_plan(check_plan)
.about(include_str!("README.md"))
.needs(&["to run the system on a Kubernetes cluster"])
.artifacts(
    &[
        ("kubernetes/kustomization.yaml", "all manifests, for `kubectl apply --kustomize`"),
        (
            "kubernetes/NAME/KIND.yaml",
            "the objects of each process, init and store: workload, Service, ConfigMap, ServiceAccount, budget, autoscaler, NetworkPolicy",
        ),
        ("kubernetes/default-deny.yaml", "the NetworkPolicy that denies what no other grants"),
    ],
    write,
)
.reserves(&[("kubernetes", "the cluster's own service")])
.declare();

fn check_plan(cx: &mut PlanContext<'_>) {
    if let Some(settings) = cx.target_settings() {
        names::check(cx, &settings);
    }
}

fn write(cx: &mut ArtifactContext<'_>) {
    let Some(settings) = cx.target_settings::<KubernetesSettings>() else { return };
    let options = Options { config: settings.overrides, ..Options::default() };
    let deployment = Deployment::of(cx.plan, options);
    let names = labels::Names { app: &cx.plan.app.name, wiring: &cx.plan.wiring };
    let builder = ManifestBuilder {
        plan: cx.plan,
        images: cx.images,
        grants: network::NetworkGrants::of(cx.plan, &deployment),
        names,
        settings: &settings,
    };
    let mut files = vec![File::new("", "default-deny", &network::build_deny_all(&builder.names))];
    // With thousands of processes, nearly all files are theirs.
    let processes = deployment.processes.par_iter();
    files.par_extend(
        processes.flat_map_iter(|(name, process)| builder.build_process(name, process)),
    );
    // An init that fills files of a process cannot run on a cluster; `lossy` has accepted that.
    for (name, init) in deployment.inits.iter().filter(|(_, init)| !init.keeps_data) {
        files.extend(builder.build_init(name, init));
    }
    for (name, store) in &deployment.stores {
        files.extend(builder.build_store(name, store));
    }
    let resources: Vec<&str> = files.iter().map(|file| file.path.as_str()).collect();
    let kustomization = build_kustomization(&builder, &resources);
    files.push(File::new("", "kustomization", &kustomization));
    for file in files {
        cx.insert(format!("kubernetes/{}", file.path), file.key, file.text);
    }
}

/// Builds the manifests of processes, inits and stores.
struct ManifestBuilder<'a> {
    plan: &'a Plan,
    images: &'a ImageLock,
    grants: network::NetworkGrants,
    names: labels::Names<'a>,
    settings: &'a KubernetesSettings,
}

impl ManifestBuilder<'_> {
    fn build_process(&self, name: &str, process: &ProcessContainer) -> Vec<File> {
        let (settings, named) = (self.settings, self.names.process(name));
        let mut files = Vec::new();
        let mut add = |kind, value: Value| files.push(File::new(&named.host, kind, &value));
        let environment = config::split_environment(&process.environment);
        add("serviceaccount", config::build_account(&named));
        add("configmap", config::build_map(&named, &environment));
        add(
            workload::kind(process),
            workload::build_process(&named, process, &environment, settings),
        );
        for (kind, value) in service::build_process(self.plan, &named, process, settings) {
            add(kind, value);
        }
        add("poddisruptionbudget", budget::build_disruption(&named));
        if let Some(autoscaler) = budget::build_autoscaler(&named, process) {
            add("horizontalpodautoscaler", autoscaler);
        }
        add("networkpolicy", self.grants.build_policy(&named, settings));
        files
    }

    fn build_init(&self, name: &str, init: &InitContainer) -> Vec<File> {
        let named = self.names.init(name);
        let mut files = Vec::new();
        let mut add = |kind, value: Value| files.push(File::new(&named.host, kind, &value));
        let environment = config::split_environment(&init.environment);
        add("serviceaccount", config::build_account(&named));
        add("configmap", config::build_map(&named, &environment));
        add("job", workload::build_init(&named, init, &environment));
        add("networkpolicy", self.grants.build_policy(&named, self.settings));
        files
    }

    fn build_store(&self, name: &str, store: &StoreContainer) -> Vec<File> {
        let (settings, named) = (self.settings, self.names.store(name));
        let image = store_image(self.plan, self.images, &store.image);
        let mut files = Vec::new();
        let mut add = |kind, value: Value| files.push(File::new(&named.host, kind, &value));
        add("serviceaccount", config::build_account(&named));
        add(workload::store_kind(store), workload::build_store(&named, store, &image, settings));
        add("service", service::build_store(&named, store));
        add("poddisruptionbudget", budget::build_disruption(&named));
        add("networkpolicy", self.grants.build_policy(&named, settings));
        files
    }
}

/// One manifest.
struct File {
    /// Below `kubernetes/`: `front/deployment.yaml`.
    path: String,
    key: String,
    text: Result<String, Diagnostic>,
}

impl File {
    fn new(host: &str, kind: &str, value: &Value) -> Self {
        let path =
            if host.is_empty() { format!("{kind}.yaml") } else { format!("{host}/{kind}.yaml") };
        let annotations = value.pointer("/metadata/annotations/bp.key").and_then(Value::as_str);
        let key = annotations.unwrap_or_default().to_owned();
        Self { path, key, text: to_yaml(PLUGIN.id, value) }
    }
}

fn build_kustomization(builder: &ManifestBuilder<'_>, resources: &[&str]) -> Value {
    let settings = builder.settings;
    let image = settings.image(builder.plan).build_override(builder.names.app);
    let mut value = json!({
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
    });
    if let (Some(namespace), Some(object)) = (&settings.namespace, value.as_object_mut()) {
        object.insert("namespace".to_owned(), json!(namespace));
    }
    if let Some(object) = value.as_object_mut() {
        object.insert("resources".to_owned(), json!(resources));
        object.insert("images".to_owned(), json!([image]));
    }
    value
}
