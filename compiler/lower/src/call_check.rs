//! Calls that inits and tables of plugins describe, against the services that they call.

use bp_diag::catalog::{binding as codes, wiring};
use bp_diag::{Diagnostic, Diagnostics, Span, nearest};
use bp_ir::{EdgeKey, Ir, NodeKey, NodeKind};
use bp_plugin::{Calls, CheckedCall, WrittenCall};
use bp_wiring::{Item, WiringModel};
use bp_workflow::{MethodModel, ServiceModel, Type, TypeKind, VariantModel, WorkflowModel};

use crate::names::{InstanceNames, NamedInstance};
use crate::value_fault::{FaultKind, ValueFault};
use crate::value_reader::{self, ValueForm};

/// Checks calls against the services of one graph.
#[derive(Debug)]
pub(crate) struct CallCheck<'a> {
    workflow: &'a WorkflowModel,
    wiring: &'a WiringModel,
    ir: &'a Ir,
    names: InstanceNames<'a>,
    /// Whether there were errors before, so that a missing edge may be a consequence.
    broken: bool,
}

impl<'a> CallCheck<'a> {
    pub(crate) fn new(
        workflow: &'a WorkflowModel,
        wiring: &'a WiringModel,
        ir: &'a Ir,
        broken: bool,
    ) -> Self {
        Self { workflow, wiring, ir, names: InstanceNames::new(wiring), broken }
    }

    /// The service of this name, and its interface; a name of anything else is reported, but for one that was removed.
    pub(crate) fn find_service(
        &self,
        call: &WrittenCall<'_>,
        why: &str,
        diagnostics: &mut Diagnostics,
    ) -> Option<(&'a str, &'a ServiceModel)> {
        let named = match self.names.get(call.service) {
            Some(NamedInstance::Service(i)) => i,
            Some(NamedInstance::Backend(_)) => {
                diagnostics.push(codes::not_a_service(call.span, call.service, "a backend", why));
                return None;
            }
            None if self.names.removed(call.service).is_some() => return None,
            None => {
                let services: Vec<String> =
                    self.wiring.services.values().map(|s| s.name.clone()).collect();
                let suggestion = nearest(call.service, services.iter().map(String::as_str));
                diagnostics.push(codes::unknown_instance(
                    call.span,
                    call.service,
                    "a service",
                    suggestion,
                    &services,
                ));
                return None;
            }
        };
        // A service whose implementation is unknown was reported.
        let node = self.ir.node(&NodeKey::instance(&named.name))?;
        let NodeKind::Service { interface, .. } = &node.kind else { return None };
        Some((&named.name, self.workflow.services.get(interface)?))
    }

    /// The method called, if the service has it; it and the arguments are checked.
    pub(crate) fn find_method(
        &self,
        call: &WrittenCall<'_>,
        (name, service): (&str, &'a ServiceModel),
        diagnostics: &mut Diagnostics,
    ) -> Option<&'a MethodModel> {
        let Some(method) = service.method(call.method) else {
            let known: Vec<String> = service.methods.iter().map(|m| m.name.clone()).collect();
            diagnostics.push(codes::unknown_method_of_call(
                call.span,
                name,
                call.method,
                nearest(call.method, known.iter().map(String::as_str)),
                &known,
            ));
            return None;
        };
        let shown = format!("{name}.{}", method.name);
        let known: Vec<&str> = method.arguments.iter().map(|a| a.name.as_str()).collect();
        for (argument, item) in call.arguments {
            if let Some(declared) = method.arguments.iter().find(|a| a.name == *argument) {
                let value = CallValue { call: &shown, what: argument, declared: declared.span };
                value.check(self.workflow, &declared.ty.ty, item, diagnostics);
            } else {
                let message = format!("takes no argument `{argument}`");
                let suggestion = nearest(argument, known.iter().copied());
                diagnostics.push(codes::arguments_of_call(
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
            if !optional && !call.arguments.contains_key(&argument.name) {
                let message = format!("needs the argument `{}`", argument.name);
                diagnostics.push(codes::arguments_of_call(
                    call.span,
                    &shown,
                    &message,
                    None,
                    method.span,
                ));
            }
        }
        Some(method)
    }
}

impl Calls for CallCheck<'_> {
    fn check_call(
        &self,
        call: &WrittenCall<'_>,
        why: &str,
        diagnostics: &mut Diagnostics,
    ) -> Option<CheckedCall<'_>> {
        if let Some(removed) = self.names.removed(call.service)
            && self.names.get(call.service).is_none()
        {
            diagnostics.push(wiring::removed_instance(call.span, call.service, removed.removed));
            return None;
        }
        let (service, interface) = self.find_service(call, why, diagnostics)?;
        let method = self.find_method(call, (service, interface), diagnostics);
        let entry = EdgeKey::calls(NodeKey::CLIENT, service);
        let published = self.broken || self.ir.edge(&entry).is_some();
        Some(CheckedCall { service, method, published })
    }

    fn check_answer(
        &self,
        call: &CheckedCall<'_>,
        what: &str,
        answer: &Item,
        diagnostics: &mut Diagnostics,
    ) {
        let Some(method) = call.method else { return };
        let shown = format!("{}.{}", call.service, method.name);
        let value = CallValue { call: &shown, what, declared: method.span };
        value.check(self.workflow, &method.ok.ty, answer, diagnostics);
    }

    fn check_error_code(&self, call: &CheckedCall<'_>, code: &Item, diagnostics: &mut Diagnostics) {
        diagnostics.extend(find_unknown_code(self.workflow, call, code));
    }
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
        diagnostics: &mut Diagnostics,
    ) {
        let found =
            value_reader::read(workflow, ValueForm::Call, ty, item).err().unwrap_or_default();
        diagnostics.extend(found.into_iter().map(|fault| self.to_diagnostic(fault)));
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
fn find_unknown_code(
    workflow: &WorkflowModel,
    call: &CheckedCall<'_>,
    item: &Item,
) -> Option<Diagnostic> {
    let code = item.as_str()?;
    let method = call.method?;
    let error = workflow.types.get(method.error_path()?)?;
    let TypeKind::Enum(variants) = &error.kind else { return None };
    let known: Vec<String> =
        variants.iter().filter(|v| !v.infra).map(VariantModel::error_code).collect();
    if known.iter().any(|known| known == code) {
        return None;
    }
    let shown = format!("{}.{}", call.service, method.name);
    let suggestion = nearest(code, known.iter().map(String::as_str));
    let declared = (error.name.as_str(), error.span);
    Some(codes::unknown_error_code(item.span, &shown, code, suggestion, &known, declared))
}
