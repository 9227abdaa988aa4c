//! Checks inits against the services that they call.

use bp_diag::Diagnostics;
use bp_diag::catalog::{binding as codes, wiring};
use bp_ir::{EdgeKind, Ir, NodeKey, NodeKind};
use bp_plugin::{PassContext, WrittenCall};
use bp_wiring::InitModel;

use crate::call_check::CallCheck;

/// Reports inits that cannot work.
pub(crate) fn check(cx: &mut PassContext<'_>) {
    let calls = CallCheck::new(cx.workflow, cx.wiring, cx.ir, cx.diagnostics.has_errors());
    let mut faults = Diagnostics::new();
    for init in cx.wiring.inits.values() {
        let call = WrittenCall {
            service: &init.callee.value,
            method: &init.method.value,
            span: init.callee.span,
            arguments: &init.arguments,
        };
        // The front end reports the use of what was removed.
        let Some((name, service)) =
            calls.find_service(&call, "an init calls a service", &mut faults)
        else {
            continue;
        };
        let found = calls.find_method(&call, (name, service), &mut faults);
        if let Some(found) = found {
            let (name, span) = (&init.name.value, init.method.span);
            if !found.idempotent {
                let shown = format!("{}.{}", init.callee.value, found.name);
                faults.push(codes::init_not_idempotent(span, name, &shown, found.span));
            }
            // Its arguments come from the wiring, as those of a call from outside would.
            let direct = service.methods.iter().find_map(|m| m.direct.as_ref());
            if let Some(reason) = found.local.as_ref().or(direct) {
                let why = format!("only Rust can call it: {}", reason.text);
                let help = "let it take and return types that can cross a process";
                faults.push(wiring::bad_init(span, name, &why, help).at(reason.span, "this"));
            }
        }
        check_sole_caller(cx, init, name, &mut faults);
        check_backends(cx, init, &mut faults);
    }
    cx.diagnostics.append(faults);
}

/// Reports callers of an init's service other than the init.
fn check_sole_caller(
    cx: &PassContext<'_>,
    init: &InitModel,
    service: &str,
    faults: &mut Diagnostics,
) {
    for edge in cx.ir.edges_to(&NodeKey::instance(service)) {
        if !matches!(edge.kind, EdgeKind::Calls { .. }) {
            continue;
        }
        let how = if edge.from.as_str() == NodeKey::CLIENT {
            "the outside world calls it".to_owned()
        } else {
            format!("`{}` calls it", edge.from)
        };
        let name = &init.name.value;
        faults.push(wiring::init_shared(init.callee.span, name, service, &how, edge.origin.span));
    }
}

/// Reports backends that lose what an init writes when its process ends.
fn check_backends(cx: &PassContext<'_>, init: &InitModel, faults: &mut Diagnostics) {
    for edge in cx.ir.edges_from(&NodeKey::process(&init.name.value)) {
        let Some(node) = cx.ir.node(&edge.to).filter(|_| edge.kind == EdgeKind::Hosts) else {
            continue;
        };
        let NodeKind::Backend { plugin, .. } = &node.kind else { continue };
        let forgets = cx.declarations.get(plugin).is_some_and(bp_plugin::Declaration::forgets);
        let backend = node.key.as_str();
        if let (true, Some(declared)) = (forgets, cx.wiring.backend(backend)) {
            let (span, name) = (declared.kind_span(), &init.name.value);
            faults.push(codes::init_forgets(span, name, backend, plugin, init.callee.span));
        }
    }
}

/// Whether an init calls no process, so that it can run before any is up.
pub(crate) fn runs_first(ir: &Ir, process: &NodeKey) -> bool {
    ir.edges_from(process)
        .into_iter()
        .filter(|e| e.kind == EdgeKind::Hosts)
        .flat_map(|e| ir.edges_from(&e.to))
        .filter(|e| matches!(e.kind, EdgeKind::Calls { .. }))
        .all(|call| !ir.is_remote(call))
}
