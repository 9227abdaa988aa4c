//! Jobs against the services that they call.

use bp_diag::Diagnostic;
use bp_diag::catalog::{binding as codes, wiring};
use bp_ir::{EdgeKind, Ir, NodeKey, NodeKind};
use bp_plugin::PassContext;
use bp_wiring::JobModel;

use crate::names::InstanceNames;
use crate::smoke::{check_method_call, find_service};

/// Reports jobs that cannot work.
pub(crate) fn check(cx: &mut PassContext<'_>) {
    let names = InstanceNames::new(cx.wiring);
    let mut faults = Vec::new();
    for job in cx.wiring.jobs.values() {
        let why = "a job calls a service";
        let Some((name, service)) = find_service(cx, &names, &job.callee, why, &mut faults) else {
            continue;
        };
        let found =
            check_method_call(cx.workflow, name, service, &job.method, &job.arguments, &mut faults);
        if let Some(found) = found {
            let (name, span) = (&job.name.value, job.method.span);
            if !found.idempotent {
                let shown = format!("{}.{}", job.callee.value, found.name);
                faults.push(codes::job_not_idempotent(span, name, &shown, found.span));
            }
            // Its arguments come from the wiring, as those of a call from outside would.
            let direct = service.methods.iter().find_map(|m| m.direct.as_ref());
            if let Some(reason) = found.local.as_ref().or(direct) {
                let why = format!("only Rust can call it: {}", reason.text);
                let help = "let it take and return what may cross a process";
                faults.push(wiring::bad_job(span, name, &why, help).at(reason.span, "this"));
            }
        }
        others(cx, job, name, &mut faults);
        backends(cx, job, &mut faults);
    }
    cx.diagnostics.extend(faults);
}

/// Nobody but the job may call its service.
fn others(cx: &PassContext<'_>, job: &JobModel, service: &str, faults: &mut Vec<Diagnostic>) {
    for edge in cx.ir.edges_to(&NodeKey::instance(service)) {
        if !matches!(edge.kind, EdgeKind::Calls { .. }) {
            continue;
        }
        let how = if edge.from.as_str() == NodeKey::CLIENT {
            "the outside world calls it".to_owned()
        } else {
            format!("`{}` calls it", edge.from)
        };
        let name = &job.name.value;
        faults.push(wiring::job_shared(job.callee.span, name, service, &how, edge.origin.span));
    }
}

/// What a job writes must outlast its process.
fn backends(cx: &PassContext<'_>, job: &JobModel, faults: &mut Vec<Diagnostic>) {
    for edge in cx.ir.edges_from(&NodeKey::process(&job.name.value)) {
        let Some(node) = cx.ir.node(&edge.to).filter(|_| edge.kind == EdgeKind::Hosts) else {
            continue;
        };
        let NodeKind::Backend { plugin, .. } = &node.kind else { continue };
        let forgets = cx.registry.get(plugin).is_some_and(|p| p.metadata().forgets);
        if let (true, Some(span)) = (forgets, node.origin.span) {
            let (name, backend) = (&job.name.value, node.key.as_str());
            faults.push(codes::job_forgets(span, name, backend, plugin, job.callee.span));
        }
    }
}

/// Whether a job calls no process, so that it can run before any is up.
pub(crate) fn runs_first(ir: &Ir, process: &NodeKey) -> bool {
    ir.edges_from(process)
        .into_iter()
        .filter(|e| e.kind == EdgeKind::Hosts)
        .flat_map(|e| ir.edges_from(&e.to))
        .filter(|e| matches!(e.kind, EdgeKind::Calls { .. }))
        .all(|call| !ir.is_remote(call))
}
