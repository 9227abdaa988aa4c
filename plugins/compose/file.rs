//! The Compose file as typed values.

use std::collections::{BTreeMap, BTreeSet};

use bp_plugin::ArtifactContext;
use bp_plugin::deploy::{BuildContext, Deployment, References};
use bp_plugin::diag::Diagnostic;
use serde::Serialize;

use crate::compose::ports;
use crate::compose::service::{CALLS, STORES, Service, ServiceBuilder, escape_dollars};
use crate::compose::settings::ComposeSettings;

/// The whole file.
#[derive(Debug, Serialize)]
pub(crate) struct File {
    services: BTreeMap<String, Service>,
    networks: BTreeMap<&'static str, Network>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[expect(
        clippy::zero_sized_map_values,
        reason = "Compose wants names, each with an empty table"
    )]
    volumes: BTreeMap<String, Empty>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    secrets: BTreeMap<String, SecretFile>,
}

/// `{}`
#[derive(Debug, Serialize)]
struct Empty {}

#[derive(Debug, Default, Serialize)]
struct Network {
    /// Whether containers on it cannot reach the outside.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    internal: bool,
}

#[derive(Debug, Serialize)]
struct SecretFile {
    file: String,
}

pub(crate) fn build_file(
    cx: &ArtifactContext<'_>,
    deployment: &Deployment,
    settings: &ComposeSettings,
) -> Result<File, Diagnostic> {
    let mut published: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for listener in ports::list_published(cx.plan, settings) {
        published.entry(listener.process).or_default().push(listener.format(settings));
    }
    let context = match &cx.plan.images {
        Some(_) => Some(BuildContext::of(cx.plan, cx.output)?),
        None => None,
    };
    // Paths are relative to the file, which is one folder below the output folder.
    let root = format!("../{}", cx.output.to_root);
    let builder = ServiceBuilder {
        deployment,
        settings,
        context: context.as_ref(),
        plan: cx.plan,
        lock: cx.images,
        root: &root,
    };
    let mut services = BTreeMap::new();
    let mut volumes = BTreeSet::new();
    for process in deployment.processes.values() {
        let ports = published.get(process.name.as_str()).cloned().unwrap_or_default();
        volumes.extend(process.keeps_data.then(|| builder.volume_of(&process.host)));
        services.insert(process.host.clone(), builder.build_process(process, ports));
    }
    for init in deployment.inits.values() {
        services.insert(init.host.clone(), builder.build_init(init));
    }
    for store in deployment.stores.values() {
        volumes.extend(store.data.is_some().then(|| store.host.clone()));
        services.insert(store.host.clone(), builder.build_store(store));
    }
    let mut networks = BTreeMap::from([(CALLS, Network::default())]);
    if !deployment.stores.is_empty() {
        networks.insert(STORES, Network { internal: true });
    }
    let secrets = deployment.secrets().into_iter().map(|name| {
        let file = format!("{root}/{}/{name}", settings.secrets);
        (References::key(name), SecretFile { file: escape_dollars(&file) })
    });
    Ok(File {
        services,
        networks,
        volumes: volumes.into_iter().map(|name| (name, Empty {})).collect(),
        secrets: secrets.collect(),
    })
}
