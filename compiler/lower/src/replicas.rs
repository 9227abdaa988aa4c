//! Processes that plugins give more than one replica, although they must be alone.

use std::collections::BTreeSet;

use bp_diag::catalog::binding as codes;
use bp_diag::{Diagnostics, Span};
use bp_ir::{Ir, NodeKey, NodeKind};
use bp_plan::{Plan, Replicas};
use bp_plugin::{EntrySpans, TablePlace};
use bp_wiring::{InstanceModel, WiringModel};

/// The processes that hold what lives in one process, and may nevertheless run more than once.
pub(crate) fn find_multiplied(plan: &Plan) -> BTreeSet<String> {
    let all = plan.processes.iter();
    let multiplied = all.filter(|(_, process)| process.exclusive && process.replicas.most() > 1);
    multiplied.map(|(name, _)| name.clone()).collect()
}

/// Reports each backend whose content would be another one in each replica, at the line by which the plugin gave the process its replicas.
pub(crate) fn report_multiplied(
    plan: &Plan,
    (ir, wiring): (&Ir, &WiringModel),
    (plugin, process): (&str, &str),
    spans: &EntrySpans,
    diagnostics: &mut Diagnostics,
) {
    let Some(planned) = plan.processes.get(process) else { return };
    let at = find_key(plan, (plugin, process), spans);
    for name in &planned.instances {
        let Some(node) = ir.node(&NodeKey::instance(name)) else { continue };
        let NodeKind::Backend { plugin: kind, one_process: true, .. } = &node.kind else {
            continue;
        };
        let count = planned.replicas.most();
        let vary = matches!(planned.replicas, Replicas::Between { .. });
        let copies = codes::StoreCopies::Replicas { process, count, vary, at };
        let span = wiring.backend(name).map(InstanceModel::kind_span);
        diagnostics.push(codes::shared_backend(span, name, kind, copies));
    }
}

/// Where the wiring writes the plugin's key of a process.
fn find_key(plan: &Plan, (plugin, process): (&str, &str), spans: &EntrySpans) -> Option<Span> {
    let tables = plan.tables.iter();
    let mut own = tables.filter(|(_, t)| t.plugin == plugin && t.place == TablePlace::Process);
    own.find_map(|(table, _)| spans.find(table, process, ""))
}
