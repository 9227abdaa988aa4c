//! Smoke calls against the services that they call.

use std::collections::BTreeMap;

use bp_diag::catalog::binding as codes;
use bp_diag::{Diagnostic, Span, Spanned, nearest};
use bp_ir::{EdgeKey, NodeKey};
use bp_plugin::PassContext;
use bp_wiring::Item;
use bp_workflow::{MethodModel, ServiceModel, Type, TypeKind, VariantModel, WorkflowModel};

use crate::names::{InstanceNames, NamedInstance};
use crate::value_reader::{self, FaultKind, ValueFault, ValueForm};

/// Reports smoke calls that cannot work.
pub(crate) fn check(cx: &mut PassContext<'_>) {
    let names = InstanceNames::new(cx.wiring);
    let mut faults = Vec::new();
    for call in &cx.wiring.smoke {
        let (service, arguments) = (&call.callee, &call.arguments);
        let why = "a smoke call calls a service";
        let Some((name, interface)) = find_service(cx, &names, service, why, &mut faults) else {
            continue;
        };
        let published = EdgeKey::calls(NodeKey::CLIENT, name);
        // With faults above, a missing edge may be a consequence.
        if cx.ir.edge(&published).is_none() && !cx.diagnostics.has_errors() {
            faults.push(codes::smoke_unpublished(service.span, name));
        }
        let workflow = cx.workflow;
        let Some(method) =
            check_method_call(workflow, name, interface, &call.method, arguments, &mut faults)
        else {
            continue;
        };
        let shown = format!("{name}.{}", method.name);
        if let Some(expect) = &call.expect {
            let value = CallValue { call: &shown, what: "expect", declared: method.span };
            value.check(workflow, &method.ok.ty, expect, &mut faults);
        }
        if let Some(code) = &call.expect_error {
            faults.extend(check_error_code(workflow, &shown, method, code));
        }
    }
    cx.diagnostics.extend(faults);
}

/// The service of this name, and its interface; a name of anything else is reported.
pub(crate) fn find_service<'a>(
    cx: &PassContext<'a>,
    names: &InstanceNames<'a>,
    callee: &Spanned<String>,
    why: &str,
    faults: &mut Vec<Diagnostic>,
) -> Option<(&'a str, &'a ServiceModel)> {
    let named = match names.get(&callee.value) {
        Some(NamedInstance::Service(i)) => i,
        Some(NamedInstance::Backend(_)) => {
            faults.push(codes::not_a_service(callee.span, &callee.value, "a backend", why));
            return None;
        }
        // The front end reports the use of what was removed.
        None if names.removed(&callee.value).is_some() => return None,
        None => {
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
pub(crate) fn check_method_call<'a>(
    workflow: &WorkflowModel,
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
        if let Some(declared) = method.arguments.iter().find(|a| a.name == *argument) {
            let value = CallValue { call: &shown, what: argument, declared: declared.span };
            value.check(workflow, &declared.ty.ty, item, faults);
        } else {
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
        // TOML cannot write `()`.
        let optional = matches!(argument.ty.ty, Type::Option(_) | Type::Unit);
        if !optional && !arguments.contains_key(&argument.name) {
            let message = format!("needs the argument `{}`", argument.name);
            faults.push(codes::smoke_arguments(called.span, &shown, &message, None, method.span));
        }
    }
    Some(method)
}

/// A value of a call.
struct CallValue<'a> {
    /// `board.publish`.
    call: &'a str,
    /// The argument, or `expect`.
    what: &'a str,
    /// Where its type is declared.
    declared: Span,
}

impl CallValue<'_> {
    /// Reports each part that the runtime could not decode.
    fn check(
        &self,
        workflow: &WorkflowModel,
        ty: &Type,
        item: &Item,
        faults: &mut Vec<Diagnostic>,
    ) {
        let found =
            value_reader::read(workflow, ValueForm::Call, ty, item).err().unwrap_or_default();
        faults.extend(found.into_iter().map(|fault| self.to_diagnostic(fault)));
    }

    fn to_diagnostic(&self, fault: ValueFault) -> Diagnostic {
        let Self { call, declared, .. } = *self;
        let path = format!("{}{}", self.what, fault.path);
        let (at, found) = (fault.span, &fault.found);
        match fault.why {
            FaultKind::Mismatch { wanted, example } => {
                let help = format!("write `{example}`");
                codes::value_of_call(at, call, &path, &wanted, found, help, declared)
            }
            FaultKind::Unwritable(ty) => {
                let wanted = format!("left out, because a wiring cannot write a `{ty}`");
                let help = "remove it".to_owned();
                codes::value_of_call(at, call, &path, &wanted, found, help, declared)
            }
            FaultKind::Missing { field, of, declared } => {
                codes::missing_field_of_call(at, call, &path, &field, &of, declared)
            }
            FaultKind::Unknown { what, name, span, of, known, declared } => {
                let suggestion = nearest(&name, known.iter().map(String::as_str));
                if what == "variant" {
                    codes::unknown_variant_of_call(span, &name, &of, suggestion, &known, declared)
                } else {
                    codes::unknown_field_of_call(span, &name, &of, suggestion, &known, declared)
                }
            }
        }
    }
}

/// Reports an error code that the method's error type does not have.
fn check_error_code(
    workflow: &WorkflowModel,
    call: &str,
    method: &MethodModel,
    code: &Spanned<String>,
) -> Option<Diagnostic> {
    let error = workflow.types.get(method.error_path()?)?;
    let TypeKind::Enum(variants) = &error.kind else { return None };
    let known: Vec<String> =
        variants.iter().filter(|v| !v.infra).map(VariantModel::error_code).collect();
    if known.contains(&code.value) {
        return None;
    }
    let suggestion = nearest(&code.value, known.iter().map(String::as_str));
    Some(codes::unknown_error_code(
        code.span,
        call,
        &code.value,
        suggestion,
        &known,
        (&error.name, error.span),
    ))
}
