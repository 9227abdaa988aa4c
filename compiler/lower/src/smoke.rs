//! Smoke calls against the services that they call.

use std::collections::BTreeMap;

use bp_diag::catalog::binding as codes;
use bp_diag::{Diagnostic, Spanned, nearest};
use bp_ir::{EdgeKey, NodeKey};
use bp_plugin::PassContext;
use bp_wiring::Item;
use bp_workflow::{MethodModel, ServiceModel};

use crate::names::{Named, Names};

/// Reports smoke calls that cannot work.
pub(crate) fn check(cx: &mut PassContext<'_>) {
    let names = Names::new(cx.wiring);
    let mut faults = Vec::new();
    for call in &cx.wiring.smoke {
        let (service, arguments) = (&call.callee, &call.arguments);
        let why = "a smoke call calls a service";
        let Some((name, interface)) = called(cx, &names, service, why, &mut faults) else {
            continue;
        };
        let published = EdgeKey::calls(NodeKey::CLIENT, name);
        // With faults above, a missing edge may be a consequence.
        if cx.ir.edge(&published).is_none() && !cx.diagnostics.has_errors() {
            faults.push(codes::smoke_unpublished(service.span, name));
        }
        method(name, interface, &call.method, arguments, &mut faults);
    }
    cx.diagnostics.extend(faults);
}

/// The service of this name, and its interface; what else it is, is reported.
pub(crate) fn called<'a>(
    cx: &PassContext<'a>,
    names: &Names<'a>,
    callee: &Spanned<String>,
    why: &str,
    faults: &mut Vec<Diagnostic>,
) -> Option<(&'a str, &'a ServiceModel)> {
    let named = match names.get(&callee.value) {
        Some(Named::Service(i)) => i,
        Some(Named::Backend(_)) => {
            faults.push(codes::not_a_service(callee.span, &callee.value, "a backend", why));
            return None;
        }
        // The front end reports the use of what was removed.
        None if names.removed(&callee.value).is_some() => return None,
        Some(Named::External(_)) | None => {
            let services: Vec<String> =
                cx.wiring.services.values().map(|s| s.name.clone()).collect();
            let suggestion = nearest(&callee.value, services.iter().map(String::as_str));
            faults.push(codes::unknown_instance(
                callee.span,
                &callee.value,
                "a service",
                suggestion,
                &services,
            ));
            return None;
        }
    };
    let key = NodeKey::instance(&named.name);
    let interface = cx.ir.node(&key).and_then(|n| match &n.kind {
        bp_ir::NodeKind::Service { interface, .. } => Some(interface.clone()),
        _ => None,
    });
    // A service whose implementation is unknown was reported.
    let service = interface.and_then(|i| cx.workflow.services.get(&i))?;
    Some((&named.name, service))
}

/// The method called, if the service has it; it and the arguments are checked.
pub(crate) fn method<'a>(
    name: &str,
    service: &'a ServiceModel,
    called: &Spanned<String>,
    arguments: &BTreeMap<String, Item>,
    faults: &mut Vec<Diagnostic>,
) -> Option<&'a MethodModel> {
    let Some(method) = service.method(&called.value) else {
        let known: Vec<String> = service.methods.iter().map(|m| m.name.clone()).collect();
        faults.push(codes::unknown_smoke_method(
            called.span,
            name,
            &called.value,
            nearest(&called.value, known.iter().map(String::as_str)),
            &known,
        ));
        return None;
    };
    let shown = format!("{name}.{}", method.name);
    let known: Vec<&str> = method.arguments.iter().map(|a| a.name.as_str()).collect();
    for (argument, item) in arguments {
        if !known.contains(&argument.as_str()) {
            let message = format!("takes no argument `{argument}`");
            let suggestion = nearest(argument, known.iter().copied());
            faults.push(codes::smoke_arguments(
                item.key,
                &shown,
                &message,
                suggestion,
                method.span,
            ));
        }
    }
    for argument in &method.arguments {
        let optional = matches!(argument.ty.ty, bp_workflow::Type::Option(_));
        if !optional && !arguments.contains_key(&argument.name) {
            let message = format!("needs the argument `{}`", argument.name);
            faults.push(codes::smoke_arguments(called.span, &shown, &message, None, method.span));
        }
    }
    Some(method)
}
