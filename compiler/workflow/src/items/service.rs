//! Services: traits marked `#[service]`.

use std::collections::BTreeMap;

use bp_diag::{Diagnostics, Span, catalog::workflow as codes};
use syn::{
    FnArg, GenericParam, Item, ItemTrait, Pat, ReceiverKind, TraitItem, TraitItemFn, TypeParamBound,
};

use super::Context;
use super::types::visible_problem;
use crate::lower::{Form, Lowered, Lowering, Scope, use_path};
use crate::model::{ArgumentModel, LocalReason, MethodModel, ServiceModel, Type, TypeUse};
use crate::names::{Namespace, Resolved};
use crate::tree::{Condition, Definition, condition, docs, ident_span, plain, span_of, written};

/// Reads every service.
pub(super) fn read(
    context: &Context<'_>,
    diagnostics: &mut Diagnostics,
) -> BTreeMap<String, ServiceModel> {
    let mut services = BTreeMap::new();
    for (id, path) in &context.marks.services {
        let Some(definition) = context.names.tree.definition(*id) else { continue };
        let Item::Trait(item) = &*definition.item else { continue };
        visible_problem(context, *id, "trait", diagnostics);
        check_trait(context, definition, item, diagnostics);
        let mut service = ServiceModel {
            path: path.clone(),
            reachable: context.names.reachable(*id).unwrap_or(path).to_owned(),
            name: definition.name.clone(),
            methods: Vec::new(),
            docs: docs(&item.attrs),
            span: definition.span,
        };
        for member in &item.items {
            match member {
                TraitItem::Fn(function) => {
                    if let Some(method) = method(context, definition, function, diagnostics) {
                        service.methods.push(method);
                    }
                }
                other => {
                    let what = match other {
                        TraitItem::Const(_) => "a constant",
                        TraitItem::Type(_) => "an associated type",
                        TraitItem::Macro(_) => "methods by a macro",
                        _ => "something else than methods",
                    };
                    let span = span_of(definition.file, other);
                    diagnostics.push(codes::service_item(span, &definition.name, what));
                }
            }
        }
        services.insert(path.clone(), service);
    }
    services
}

fn check_trait(
    context: &Context<'_>,
    definition: &Definition,
    item: &ItemTrait,
    diagnostics: &mut Diagnostics,
) {
    if !item.generics.params.is_empty() {
        let span = span_of(definition.file, &item.generics);
        diagnostics.push(codes::generic_service(
            span,
            &format!("service `{}`", definition.name),
            false,
        ));
    }
    for bound in &item.supertraits {
        let TypeParamBound::Trait(supertrait) = bound else { continue };
        let resolved =
            context.names.resolve(definition.module, &use_path(&supertrait.path), Namespace::Types);
        let automatic = match &resolved {
            Resolved::External(path) => {
                path.starts_with("std::marker::") || path.starts_with("std::panic::")
            }
            _ => false,
        };
        if !automatic {
            let span = span_of(definition.file, supertrait);
            let text = written(supertrait);
            diagnostics.push(codes::supertrait(span, &definition.name, &text));
        }
    }
}

fn method(
    context: &Context<'_>,
    owner: &Definition,
    function: &TraitItemFn,
    diagnostics: &mut Diagnostics,
) -> Option<MethodModel> {
    let file = owner.file;
    let signature = &function.sig;
    let name = plain(&signature.ident);
    let span = ident_span(file, &signature.ident);
    let full = format!("{}::{name}", owner.name);
    match condition(file, &function.attrs) {
        Condition::Always => {}
        Condition::Test => return None,
        Condition::Other(at) => {
            diagnostics.push(codes::conditional(at, &format!("method `{full}`")));
        }
    }
    let mut shape = |span: Span, problem: &str, help: &str| {
        diagnostics.push(codes::method_shape(span, &owner.name, &name, problem, help));
    };
    if signature.asyncness.is_none() {
        shape(span, "is not async", "write `async fn`: a call may cross a process");
    }
    match signature.receiver() {
        Some(receiver) if matches!(receiver.kind, ReceiverKind::Reference(_, _, None)) => {}
        Some(receiver) => {
            let at = span_of(file, receiver);
            shape(
                at,
                "does not take `&self`",
                "write `&self`: callers share the instance; keep changing state behind a lock",
            );
        }
        None => shape(span, "takes no `&self`", "write `&self` as the first argument"),
    }
    if !signature.generics.params.is_empty() {
        let at = span_of(file, &signature.generics);
        let lifetime = |p: &GenericParam| matches!(p, GenericParam::Lifetime(_));
        let only_lifetimes = signature.generics.params.iter().all(lifetime);
        let fault = codes::generic_service(at, &format!("method `{full}`"), only_lifetimes);
        diagnostics.push(fault);
        return None;
    }
    let scope = Scope::new(owner.module, file);
    let mut lowering = Lowering::new(context.names, context.marks, true);
    let mut local: Option<LocalReason> = None;
    let mut direct: Option<LocalReason> = None;
    let mut arguments = Vec::new();
    for input in &signature.inputs {
        let FnArg::Typed(input) = input else { continue };
        let Pat::Ident(pattern) = &*input.pat else {
            let at = span_of(file, &input.pat);
            diagnostics.push(codes::unnamed_argument(at, &format!("an argument of `{full}`")));
            continue;
        };
        let lowered = lowering.ty(&input.ty, &scope);
        if local.is_none() {
            local.clone_from(&lowered.local);
        }
        kept(&lowered, &mut direct);
        arguments.push(ArgumentModel {
            name: plain(&pattern.ident),
            ty: lowered.into_use(),
            span: span_of(file, input),
        });
    }
    let (ok, error) = output(context, owner, function, &mut lowering, (&mut local, &mut direct));
    if let Some(at) = lowering.stream {
        diagnostics.push(codes::stream_result(at, &owner.name, &name));
    }
    diagnostics.append(lowering.diagnostics);
    Some(MethodModel {
        idempotent: function
            .attrs
            .iter()
            .any(|a| a.path().segments.last().is_some_and(|s| s.ident == "idempotent")),
        name,
        arguments,
        ok,
        error,
        direct: direct.filter(|_| local.is_some()),
        local,
        docs: docs(&function.attrs),
        span,
    })
}

/// A call with wrappers holds its arguments and its answer in boxes, where nothing borrowed can be.
fn kept(lowered: &Lowered, direct: &mut Option<LocalReason>) {
    if !lowered.owned {
        first(direct, &format!("`{}` may hold something borrowed", lowered.text), lowered.span);
    }
}

/// Keeps the first of several reasons.
fn first(reason: &mut Option<LocalReason>, text: &str, span: Span) {
    reason.get_or_insert_with(|| LocalReason { text: text.to_owned(), span });
}

/// What a method answers, and why that cannot cross a process, or must come straight from the callee, if so.
fn output(
    context: &Context<'_>,
    owner: &Definition,
    function: &TraitItemFn,
    lowering: &mut Lowering<'_>,
    (local, direct): (&mut Option<LocalReason>, &mut Option<LocalReason>),
) -> (TypeUse, Option<TypeUse>) {
    let file = owner.file;
    let no_result =
        "it returns no `Result` with a service error, so an infrastructure error has nowhere to go";
    let mut unfailing = |text: &str, span: Span| {
        first(local, text, span);
        first(direct, text, span);
    };
    let syn::ReturnType::Type(_, ty) = &function.sig.output else {
        let span = ident_span(file, &function.sig.ident);
        unfailing(no_result, span);
        return (TypeUse { ty: Type::Unit, text: "()".to_owned(), span }, None);
    };
    let lowered = lowering.ty(ty, &Scope::new(owner.module, file));
    let Form::Result(parts) = lowered.form else {
        unfailing(no_result, lowered.span);
        return (lowered.into_use(), None);
    };
    let (ok, error) = *parts;
    if let Some(reason) = &ok.local {
        first(local, &reason.text, reason.span);
    }
    kept(&ok, direct);
    let is_error = match error.form {
        Form::Definition(id) => context.names.tree.definition(id).is_some_and(|d| {
            matches!(&*d.item, Item::Enum(e) if super::attributes::derives(context.names, d.module, &e.attrs, "ServiceError"))
        }),
        _ => false,
    };
    if !is_error {
        let text = format!("`{}` does not derive `ServiceError`", error.text);
        first(local, &text, error.span);
        first(direct, &text, error.span);
    }
    (ok.into_use(), Some(error.into_use()))
}
