//! Deployments, StatefulSets for what keeps data, and Jobs.

use bp_plugin::deploy::{InitContainer, ProcessContainer, StoreContainer};
use bp_plugin::plan::Replicas;
use serde_json::{Value, json};

use crate::kubernetes::config::Environment;
use crate::kubernetes::labels::Named;
use crate::kubernetes::pod;
use crate::kubernetes::settings::KubernetesSettings;

/// `Deployment` or `StatefulSet`.
pub(crate) const fn api_kind(keeps_data: bool) -> &'static str {
    if keeps_data { "StatefulSet" } else { "Deployment" }
}

/// The file's name.
pub(crate) const fn kind(process: &ProcessContainer) -> &'static str {
    file(process.keeps_data)
}

/// The file's name.
pub(crate) const fn store_kind(store: &StoreContainer) -> &'static str {
    file(store.data.is_some())
}

const fn file(keeps_data: bool) -> &'static str {
    if keeps_data { "statefulset" } else { "deployment" }
}

/// The workload of a process.
pub(crate) fn build_process(
    named: &Named<'_>,
    process: &ProcessContainer,
    environment: &Environment,
    settings: &KubernetesSettings,
) -> Value {
    let template = pod::build_process(named, process, environment, settings);
    let mut spec = match process.replicas {
        Replicas::Fixed(count) => json!({ "replicas": count }),
        // The autoscaler sets the number; one that is written here would undo it at every deployment.
        Replicas::Between { .. } => json!({}),
    };
    if process.keeps_data {
        set_stateful(&mut spec, named, settings);
    } else {
        // With one replica, the new pod is ready before the old one stops.
        let unavailable = u32::from(process.replicas.least() > 1);
        set_rolling_update(&mut spec, unavailable, 1);
    }
    build_workload(named, process.keeps_data, spec, template)
}

/// The workload of a store.
///
/// Without a volume it is a cache: if two pods ran at once, each would have a part of the content, so the old one stops first.
pub(crate) fn build_store(
    named: &Named<'_>,
    store: &StoreContainer,
    image: &str,
    settings: &KubernetesSettings,
) -> Value {
    let template = pod::build_store(named, store, image);
    let mut spec = json!({ "replicas": 1 });
    if store.data.is_some() {
        set_stateful(&mut spec, named, settings);
    } else {
        set_rolling_update(&mut spec, 1, 0);
    }
    build_workload(named, store.data.is_some(), spec, template)
}

/// The Job of an init: repeated for about ten minutes with growing pauses, because its stores may not be up yet.
pub(crate) fn build_init(
    named: &Named<'_>,
    init: &InitContainer,
    environment: &Environment,
) -> Value {
    json!({
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": named.metadata(),
        "spec": {
            "backoffLimit": 6,
            // A Job cannot be changed: it is deleted an hour after its end, so that the next deployment makes a new one.
            "ttlSecondsAfterFinished": 3600,
            "template": pod::build_init(named, init, environment),
        },
    })
}

fn build_workload(named: &Named<'_>, keeps_data: bool, mut spec: Value, template: Value) -> Value {
    if let Some(spec) = spec.as_object_mut() {
        spec.insert("revisionHistoryLimit".to_owned(), json!(3));
        spec.insert("selector".to_owned(), json!({ "matchLabels": named.selector() }));
        spec.insert("template".to_owned(), template);
    }
    json!({
        "apiVersion": "apps/v1",
        "kind": api_kind(keeps_data),
        "metadata": named.metadata(),
        "spec": spec,
    })
}

fn set_rolling_update(spec: &mut Value, unavailable: u32, surge: u32) {
    if let Some(spec) = spec.as_object_mut() {
        // A pod counts as available after ten ready seconds; a rollout without progress for ten minutes has failed.
        spec.insert("minReadySeconds".to_owned(), json!(10));
        spec.insert("progressDeadlineSeconds".to_owned(), json!(600));
        let bounds = json!({ "maxUnavailable": unavailable, "maxSurge": surge });
        spec.insert(
            "strategy".to_owned(),
            json!({ "type": "RollingUpdate", "rollingUpdate": bounds }),
        );
    }
}

fn set_stateful(spec: &mut Value, named: &Named<'_>, settings: &KubernetesSettings) {
    let mut claim = json!({
        "accessModes": ["ReadWriteOnce"],
        "resources": { "requests": { "storage": settings.volume.bytes().to_string() } },
    });
    if let (Some(class), Some(claim)) = (&settings.storage_class, claim.as_object_mut()) {
        claim.insert("storageClassName".to_owned(), json!(class));
    }
    if let Some(spec) = spec.as_object_mut() {
        spec.insert("serviceName".to_owned(), json!(named.host));
        spec.insert("podManagementPolicy".to_owned(), json!("Parallel"));
        spec.insert("minReadySeconds".to_owned(), json!(10));
        // Volumes stay when the StatefulSet is deleted or scaled down.
        let keep = json!({ "whenDeleted": "Retain", "whenScaled": "Retain" });
        spec.insert("persistentVolumeClaimRetentionPolicy".to_owned(), keep);
        let template = json!([{ "metadata": { "name": pod::DATA, "labels": named.selector() }, "spec": claim }]);
        spec.insert("volumeClaimTemplates".to_owned(), template);
    }
}
