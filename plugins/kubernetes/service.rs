//! Services: by name for callers inside the cluster, published for callers outside.

use bp_contract::setting::SettingValue;
use bp_plugin::deploy::{Port, PortUse, ProcessContainer, StoreContainer};
use bp_plugin::{Plan, Protocol};
use serde_json::{Value, json};

use crate::kubernetes::labels::Named;
use crate::kubernetes::names::entry;
use crate::kubernetes::settings::KubernetesSettings;

/// The Services of a process: a headless one, whose name resolves to every ready pod, since callers balance themselves; and one for the outside world.
pub(crate) fn build_process(
    plan: &Plan,
    named: &Named<'_>,
    process: &ProcessContainer,
    settings: &KubernetesSettings,
) -> Vec<(&'static str, Value)> {
    let listeners: Vec<&Port> =
        process.ports.iter().filter(|p| matches!(p.of, PortUse::Listener { .. })).collect();
    let entries: Vec<Value> =
        listeners.iter().filter(|p| p.is_entry()).map(|p| build_port(plan, p)).collect();
    let mut out = Vec::new();
    if !listeners.is_empty() || process.keeps_data {
        let ports = listeners.iter().map(|p| build_port(plan, p)).collect();
        out.push(("service", build_headless(named, ports)));
    }
    if !entries.is_empty() {
        let name = entry(&named.host);
        let value = json!({
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": named.metadata_as(&name),
            "spec": {
                "type": SettingValue::write(&settings.entry),
                "selector": named.selector(),
                "ports": entries,
            },
        });
        out.push(("service-entry", value));
    }
    out
}

/// The Service of a store: a name for its one pod.
pub(crate) fn build_store(named: &Named<'_>, store: &StoreContainer) -> Value {
    let ports = vec![
        json!({ "name": "store", "port": store.port, "targetPort": store.port, "protocol": "TCP" }),
    ];
    build_headless(named, ports)
}

fn build_headless(named: &Named<'_>, ports: Vec<Value>) -> Value {
    let mut value = json!({
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": named.metadata(),
        "spec": { "clusterIP": "None", "selector": named.selector() },
    });
    // A Service without ports may not say `ports: []`.
    if let (false, Some(spec)) =
        (ports.is_empty(), value.pointer_mut("/spec").and_then(Value::as_object_mut))
    {
        spec.insert("ports".to_owned(), Value::Array(ports));
    }
    value
}

fn build_port(plan: &Plan, port: &Port) -> Value {
    let mut value = json!({ "name": port.name, "port": port.number, "targetPort": port.number, "protocol": "TCP" });
    if let (PortUse::Listener { transport, .. }, Some(object)) = (&port.of, value.as_object_mut()) {
        let spoken = plan.plugins.get(transport).and_then(|plugin| plugin.protocol);
        let protocol = spoken.map(|protocol| match protocol {
            Protocol::Http1 => "http",
            Protocol::Http2 => "kubernetes.io/h2c",
        });
        if let Some(protocol) = protocol {
            object.insert("appProtocol".to_owned(), json!(protocol));
        }
    }
    value
}
