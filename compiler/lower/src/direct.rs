//! Direct calls: only the callee itself can answer them, so nothing may stand between caller and callee.

use std::collections::BTreeMap;

use bp_diag::catalog::binding as codes;
use bp_ir::{Edge, EdgeKind, NodeKey, NodeKind};
use bp_plugin::PassContext;

/// Reports wrappers and cycles on calls inside a process to a service with a direct method; the pass `transport` reports such calls between processes.
pub(crate) fn check(cx: &mut PassContext<'_>) {
    let components = cx.ir.components();
    let places: BTreeMap<&NodeKey, usize> = components
        .iter()
        .enumerate()
        .flat_map(|(place, members)| members.iter().map(move |key| (key, place)))
        .collect();
    let mut faults = Vec::new();
    for call in cx.ir.calls().filter(|call| !cx.ir.is_remote(call)) {
        let EdgeKind::Calls { interface, .. } = &call.kind else { continue };
        let Some(service) = cx.workflow.services.get(interface) else { continue };
        let found = service.methods.iter().find_map(|m| Some((m, m.direct.as_ref()?)));
        let Some((method, reason)) = found else { continue };
        let method = format!("{}::{}", service.name, method.name);
        let key = call.key.as_str();
        let wrappers = find_wrappers(cx, call);
        if let Some((_, span)) = wrappers.first() {
            let names: Vec<&str> = wrappers.iter().map(|(name, _)| *name).collect();
            faults.push(codes::wrapped_direct_call(
                *span,
                key,
                &names,
                &method,
                reason.span,
                &reason.text,
            ));
        }
        let place = places.get(&call.from);
        if place.is_some() && place == places.get(&call.to) {
            let span = call.origin.span;
            faults.push(codes::cyclic_direct_call(span, key, &method, reason.span, &reason.text));
        }
    }
    cx.diagnostics.extend(faults);
}

/// The wrappers on a call: the key that the wiring writes, and where it wrote it.
fn find_wrappers<'a>(cx: &PassContext<'a>, call: &Edge) -> Vec<(&'a str, Option<bp_diag::Span>)> {
    let parts = cx.ir.parts_of(call.key.as_str());
    let wrapper = parts.filter_map(|node| match &node.kind {
        NodeKind::Wrapper { plugin, .. } => {
            Some((cx.declarations.get(plugin)?.key, node.origin.span))
        }
        _ => None,
    });
    wrapper.collect()
}
