//! NetworkPolicies: nothing is allowed but the plan's flows, names, probes and telemetry.

use std::collections::{BTreeMap, BTreeSet};

use bp_plugin::deploy::{Deployment, FlowEnd, host};
use bp_plugin::{Egress, Plan};
use serde_json::{Value, json};

use crate::kubernetes::labels::{Named, Names, given};
use crate::kubernetes::names::DENIAL;
use crate::kubernetes::settings::KubernetesSettings;

/// Denies every pod of the application everything that no other policy grants.
pub(crate) fn build_deny_all(names: &Names<'_>) -> Value {
    json!({
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {
            "name": given(names.app, DENIAL),
            "labels": names.everyone(),
            "annotations": { "bp.wiring": names.wiring },
        },
        "spec": {
            "podSelector": { "matchLabels": names.everyone() },
            "policyTypes": ["Ingress", "Egress"],
        },
    })
}

/// What each process, init or store may take and call, by its key in the plan.
#[derive(Debug, Default)]
pub(crate) struct NetworkGrants {
    /// By host: by port, the hosts that call; `None` is the outside world.
    takes: BTreeMap<String, BTreeMap<u16, BTreeSet<Option<String>>>>,
    /// By host: the hosts and ports that it calls.
    calls: BTreeMap<String, BTreeSet<(String, u16)>>,
    /// By host: ports of stores that are not deployed with the application.
    outside: BTreeMap<String, BTreeSet<u16>>,
    /// By host: the admin port, which only processes have.
    admin: BTreeMap<String, u16>,
    /// The hosts that run the program: a store makes no calls, looks up no names and exports nothing.
    programs: BTreeSet<String>,
    /// Whether processes export telemetry.
    exports: bool,
}

impl NetworkGrants {
    pub(crate) fn of(plan: &Plan, deployment: &Deployment) -> Self {
        let exports = plan.plugins.values().any(|p| p.egress.contains(&Egress::Telemetry));
        let mut out = Self { exports, ..Self::default() };
        for flow in &deployment.flows {
            let from = match &flow.from {
                FlowEnd::Process(name) | FlowEnd::Init(name) | FlowEnd::Store(name) => {
                    Some(host(name))
                }
                FlowEnd::Client | FlowEnd::External(_) => None,
            };
            match &flow.to {
                FlowEnd::Process(name) | FlowEnd::Store(name) => {
                    let to = host(name);
                    if let Some(from) = &from {
                        out.calls.entry(from.clone()).or_default().insert((to.clone(), flow.port));
                    }
                    out.takes.entry(to).or_default().entry(flow.port).or_default().insert(from);
                }
                FlowEnd::External(_) => {
                    if let Some(from) = from {
                        out.outside.entry(from).or_default().insert(flow.port);
                    }
                }
                FlowEnd::Client | FlowEnd::Init(_) => {}
            }
        }
        for process in deployment.processes.values() {
            out.admin.insert(process.host.clone(), process.health.port);
        }
        let processes = deployment.processes.values().map(|process| &process.host);
        out.programs =
            processes.chain(deployment.inits.values().map(|init| &init.host)).cloned().collect();
        out
    }

    /// The policy of a process, an init or a store.
    ///
    /// The kubelet's probes need no rule: a pod's own node always reaches it.
    pub(crate) fn build_policy(&self, named: &Named<'_>, settings: &KubernetesSettings) -> Value {
        let peer = |host: &String| json!({ "podSelector": { "matchLabels": named.peer(host) } });
        let mut ingress = Vec::new();
        for (port, callers) in self.takes.get(&named.host).into_iter().flatten() {
            let ports = json!([{ "protocol": "TCP", "port": port }]);
            if callers.contains(&None) {
                ingress.push(json!({ "ports": ports }));
            } else {
                let from: Vec<Value> = callers.iter().flatten().map(peer).collect();
                ingress.push(json!({ "from": from, "ports": ports }));
            }
        }
        let mut egress: Vec<Value> = self
            .calls
            .get(&named.host)
            .into_iter()
            .flatten()
            .map(|(to, port)| {
                json!({ "to": [peer(to)], "ports": [{ "protocol": "TCP", "port": port }] })
            })
            .collect();
        for port in self.outside.get(&named.host).into_iter().flatten() {
            egress.push(json!({ "ports": [{ "protocol": "TCP", "port": port }] }));
        }
        let monitoring = json!([{ "namespaceSelector": { "matchLabels": { NAMESPACE: settings.monitoring.namespace } } }]);
        if let Some(admin) = self.admin.get(&named.host) {
            ingress.push(
                json!({ "from": monitoring, "ports": [{ "protocol": "TCP", "port": admin }] }),
            );
        }
        if self.programs.contains(&named.host) {
            egress.push(json!({
                "to": [{
                    "namespaceSelector": { "matchLabels": { NAMESPACE: "kube-system" } },
                    "podSelector": { "matchLabels": { "k8s-app": "kube-dns" } },
                }],
                "ports": [{ "protocol": "UDP", "port": 53 }, { "protocol": "TCP", "port": 53 }],
            }));
            if self.exports {
                let port = settings.monitoring.port;
                egress.push(
                    json!({ "to": monitoring, "ports": [{ "protocol": "TCP", "port": port }] }),
                );
            }
        }
        json!({
            "apiVersion": "networking.k8s.io/v1",
            "kind": "NetworkPolicy",
            "metadata": named.metadata(),
            "spec": {
                "podSelector": { "matchLabels": named.selector() },
                "policyTypes": ["Ingress", "Egress"],
                "ingress": ingress,
                "egress": egress,
            },
        })
    }
}

/// The label that Kubernetes puts on every namespace.
const NAMESPACE: &str = "kubernetes.io/metadata.name";
