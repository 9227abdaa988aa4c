//! ConfigMaps, ServiceAccounts, and where a container's environment comes from.

use std::collections::BTreeMap;

use bp_plugin::deploy::EnvValue;
use serde_json::{Value, json};

use crate::kubernetes::labels::{Named, given};

/// A container's environment: the values in its own ConfigMap, and the references.
#[derive(Debug, Default)]
pub(crate) struct Environment {
    pub(crate) texts: BTreeMap<String, String>,
    /// By variable: the key in the ConfigMap `<app>-environment`, and whether it may be missing.
    given: BTreeMap<String, (String, bool)>,
}

/// Splits a container's environment by where it comes from.
pub(crate) fn split_environment(values: &BTreeMap<String, EnvValue>) -> Environment {
    let mut out = Environment::default();
    for (variable, value) in values {
        match value {
            EnvValue::Text(text) => {
                out.texts.insert(variable.clone(), text.clone());
            }
            EnvValue::Required(name) => {
                out.given.insert(variable.clone(), (name.clone(), false));
            }
            EnvValue::Optional(name) => {
                out.given.insert(variable.clone(), (name.clone(), true));
            }
        }
    }
    out
}

impl Environment {
    /// A checksum of the values, so that pods are replaced when their ConfigMap changes.
    pub(crate) fn mark(&self) -> String {
        let mut hash = blake3::Hasher::new();
        for (variable, text) in &self.texts {
            for part in [variable, text] {
                hash.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_le_bytes());
                hash.update(part.as_bytes());
            }
        }
        hash.finalize().to_hex().chars().take(16).collect()
    }

    /// The container's `env`: the references.
    pub(crate) fn references(&self, app: &str) -> Vec<Value> {
        let object = given(app, "environment");
        self.given
            .iter()
            .map(|(variable, (key, optional))| {
                let from = json!({ "name": object, "key": key, "optional": optional });
                json!({ "name": variable, "valueFrom": { "configMapKeyRef": from } })
            })
            .collect()
    }
}

/// The ConfigMap of a process or an init.
pub(crate) fn build_map(named: &Named<'_>, environment: &Environment) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": named.metadata(),
        "data": environment.texts,
    })
}

/// An identity of its own, which gets no token: nothing here talks to the cluster.
pub(crate) fn build_account(named: &Named<'_>) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": named.metadata(),
        "automountServiceAccountToken": false,
    })
}
