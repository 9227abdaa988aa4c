//! How many pods may be missing, and how many run.

use bp_plugin::deploy::ProcessContainer;
use bp_plugin::plan::Replicas;
use serde_json::{Value, json};

use crate::kubernetes::labels::Named;
use crate::kubernetes::workload;

/// One pod at a time may be moved for maintenance, so that a node can always be drained; a pod that is not ready may be moved at once.
pub(crate) fn build_disruption(named: &Named<'_>) -> Value {
    json!({
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": named.metadata(),
        "spec": {
            "maxUnavailable": 1,
            "unhealthyPodEvictionPolicy": "AlwaysAllow",
            "selector": { "matchLabels": named.selector() },
        },
    })
}

/// Adds pods while they use more than a share of the processors that they request; `None` if the number of replicas is fixed.
pub(crate) fn build_autoscaler(named: &Named<'_>, process: &ProcessContainer) -> Option<Value> {
    let Replicas::Between { least, most, cpu_percent } = process.replicas else { return None };
    Some(json!({
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": named.metadata(),
        "spec": {
            "scaleTargetRef": {
                "apiVersion": "apps/v1",
                "kind": workload::api_kind(process.keeps_data),
                "name": named.host,
            },
            "minReplicas": least,
            "maxReplicas": most,
            "metrics": [{
                "type": "Resource",
                "resource": {
                    "name": "cpu",
                    "target": { "type": "Utilization", "averageUtilization": cpu_percent },
                },
            }],
        },
    }))
}
