//! Services: traits marked `#[service]`.

use std::collections::BTreeMap;

use bp_diag::catalog::workflow::{self as codes, TraitKind};
use bp_diag::{Diagnostics, Span};

use super::Context;
use super::attributes::derives;
use super::types::report_unreachable;
use crate::model::{ArgumentModel, LocalReason, MethodModel, ServiceModel, Type, TypeUse};
use crate::names::{Namespace, ResolvedName};
use crate::resolve_type::{ResolvedType, Scope, TypeResolver, TypeShape};
use crate::source::{Body, Function, Member, Pattern, TraitItem};
use crate::tree::{Definition, DefinitionId};

/// How many arguments the runtime has an encoding for.
const MAX_ARGUMENTS: usize = 32;

/// Reads every service.
pub(super) fn read(
    context: &Context<'_>,
    diagnostics: &mut Diagnostics,
) -> BTreeMap<String, ServiceModel> {
    let marked: Vec<(DefinitionId, &String)> =
        context.marks.services.iter().map(|(id, path)| (*id, path)).collect();
    let services = context.read_each(&marked, diagnostics, |(id, path), diagnostics| {
        read_service(context, *id, path, diagnostics)
    });
    services.into_iter().map(|service| (service.path.clone(), service)).collect()
}

fn read_service(
    context: &Context<'_>,
    id: DefinitionId,
    path: &str,
    diagnostics: &mut Diagnostics,
) -> Option<ServiceModel> {
    let definition = context.names.tree.definition(id)?;
    let Body::Trait(item) = &definition.body else { return None };
    report_unreachable(context, id, "trait", diagnostics);
    check_supertraits(context, definition, item, diagnostics);
    let mut service = ServiceModel {
        path: path.to_owned(),
        reachable: context.names.reachable(id).unwrap_or(path).to_owned(),
        name: definition.name.clone(),
        methods: Vec::new(),
        docs: item.docs.clone(),
        span: definition.span,
    };
    let owner = Owner { definition, kind: TraitKind::Service };
    service.methods = read_methods(context, &owner, item, diagnostics);
    Some(service)
}

/// The trait whose methods are read.
pub(super) struct Owner<'a> {
    pub(super) definition: &'a Definition,
    pub(super) kind: TraitKind,
}

impl Owner<'_> {
    /// In messages: "service `Cart`".
    fn describe(&self) -> String {
        format!("{} `{}`", self.kind.name(), self.definition.name)
    }
}

/// Reads the methods of a trait; what else it declares is reported.
pub(super) fn read_methods(
    context: &Context<'_>,
    owner: &Owner<'_>,
    item: &TraitItem,
    diagnostics: &mut Diagnostics,
) -> Vec<MethodModel> {
    report_generics(owner, item, diagnostics);
    let mut methods = Vec::new();
    for member in &item.members {
        let (place, what) = match member {
            Member::Function(function) => {
                methods.extend(read_method(context, owner, function, diagnostics));
                continue;
            }
            Member::Constant(place) => (place, "a constant"),
            Member::Type(place) => (place, "an associated type"),
            Member::Macro(place) => (place, "methods by a macro"),
            Member::Other(place) => (place, "something other than methods"),
        };
        let span = place.of(owner.definition.file);
        diagnostics.push(codes::service_item(span, owner.kind, &owner.definition.name, what));
    }
    methods
}

fn report_generics(owner: &Owner<'_>, item: &TraitItem, diagnostics: &mut Diagnostics) {
    if let Some(place) = item.generics {
        let at = place.of(owner.definition.file);
        diagnostics.push(codes::generic_service(at, &owner.describe(), false));
    }
}

/// Whether a supertrait is one of the standard library's markers, which every client has.
pub(super) fn is_marker(resolved: &ResolvedName) -> bool {
    match resolved {
        ResolvedName::External(path) => {
            path.starts_with("std::marker::") || path.starts_with("std::panic::")
        }
        _ => false,
    }
}

fn check_supertraits(
    context: &Context<'_>,
    definition: &Definition,
    item: &TraitItem,
    diagnostics: &mut Diagnostics,
) {
    for supertrait in &item.supertraits {
        let resolved = context.names.resolve(definition.module, &supertrait.path, Namespace::Types);
        if !is_marker(&resolved) {
            let span = supertrait.place.of(definition.file);
            diagnostics.push(codes::supertrait(span, &definition.name, &supertrait.text));
        }
    }
}

/// Reports a method that cannot wait, or whose callers cannot share the instance.
fn check_call_shape(owner: &Owner<'_>, function: &Function, diagnostics: &mut Diagnostics) {
    let (what, name, file) = (owner.describe(), &function.name, owner.definition.file);
    let span = function.place.of(file);
    let mut shape = |span: Span, problem: &str, help: &str| {
        diagnostics.push(codes::method_shape(span, &what, name, problem, help));
    };
    if !function.is_async {
        shape(span, "is not async", "write `async fn`: a call may cross a process");
    }
    match function.receiver {
        Some(receiver) if receiver.shared => {}
        Some(receiver) => {
            shape(
                receiver.place.of(file),
                "does not take `&self`",
                "write `&self`: callers share the instance; keep changing state behind a lock",
            );
        }
        None => shape(span, "takes no `&self`", "write `&self` as the first argument"),
    }
}

fn read_method(
    context: &Context<'_>,
    owner: &Owner<'_>,
    function: &Function,
    diagnostics: &mut Diagnostics,
) -> Option<MethodModel> {
    let Owner { definition, kind } = owner;
    let what = owner.describe();
    let file = definition.file;
    let name = &function.name;
    let span = function.place.of(file);
    let full = format!("{}::{name}", definition.name);
    if let Some(at) = function.condition {
        diagnostics.push(codes::conditional(at.of(file), &format!("method `{full}`")));
    }
    check_call_shape(owner, function, diagnostics);
    if let Some(generics) = function.generics {
        let at = generics.place.of(file);
        let fault =
            codes::generic_service(at, &format!("method `{full}`"), generics.only_lifetimes);
        diagnostics.push(fault);
        return None;
    }
    let scope = Scope::new(definition.module, file);
    // Generated code writes the types of a service's methods.
    let coded = *kind == TraitKind::Service;
    let mut resolver = TypeResolver::new(context.names, context.marks, coded);
    let mut local: Option<LocalReason> = None;
    let mut direct: Option<LocalReason> = None;
    let mut faults: Vec<LocalReason> = Vec::new();
    let mut arguments = Vec::new();
    for argument in &function.arguments {
        let name = match &argument.pattern {
            Pattern::Name(name) => name.clone(),
            Pattern::Other(place) => {
                let what = format!("an argument of `{full}`");
                diagnostics.push(codes::unnamed_argument(place.of(file), &what));
                continue;
            }
        };
        let resolved = resolver.resolve(&argument.ty, &scope);
        if local.is_none() {
            local.clone_from(&resolved.local);
        }
        faults.extend(resolved.local.clone());
        require_owned(&resolved, &mut direct);
        let span = argument.place.of(file);
        arguments.push(ArgumentModel { name, ty: resolved.into_use(), span });
    }
    if let Some(beyond) = arguments.get(MAX_ARGUMENTS) {
        let count = arguments.len();
        diagnostics.push(codes::many_arguments(beyond.span, &full, count, MAX_ARGUMENTS));
    }
    let mut of_output: Option<LocalReason> = None;
    let (ok, error) =
        read_output(context, definition, function, &mut resolver, (&mut of_output, &mut direct));
    faults.extend(of_output.clone());
    let local = local.or(of_output);
    if let Some(at) = resolver.stream {
        diagnostics.push(codes::stream_result(at, &what, name));
    } else if *kind == TraitKind::Interface {
        // The macro writes a client for every method, so each must be able to cross a process.
        for LocalReason { text, span, .. } in faults.iter().filter(|reason| !reason.unseen) {
            diagnostics.push(codes::interface_method_stays(*span, &definition.name, name, text));
        }
    }
    diagnostics.append(resolver.diagnostics);
    Some(MethodModel {
        idempotent: function.idempotent,
        name: name.clone(),
        arguments,
        ok,
        error,
        direct: direct.filter(|_| local.is_some()),
        local,
        docs: function.docs.clone(),
        span,
    })
}

/// Whether nothing certain is known of a type.
fn is_unseen(resolved: &ResolvedType) -> bool {
    resolved.local.as_ref().is_some_and(|reason| reason.unseen)
}

/// A call with wrappers holds its arguments and its answer in boxes, which cannot hold borrowed values.
fn require_owned(resolved: &ResolvedType, direct: &mut Option<LocalReason>) {
    if !resolved.owned {
        set_first(
            direct,
            &format!("`{}` may hold something borrowed", resolved.text),
            resolved.span,
            false,
        );
    }
}

/// Keeps the first of several reasons.
fn set_first(reason: &mut Option<LocalReason>, text: &str, span: Span, unseen: bool) {
    reason.get_or_insert_with(|| LocalReason { text: text.to_owned(), span, unseen });
}

/// What a method answers, and why that cannot cross a process, or must come straight from the callee, if so.
fn read_output(
    context: &Context<'_>,
    owner: &Definition,
    function: &Function,
    resolver: &mut TypeResolver<'_>,
    (local, direct): (&mut Option<LocalReason>, &mut Option<LocalReason>),
) -> (TypeUse, Option<TypeUse>) {
    let file = owner.file;
    let no_result = "it does not return a `Result` with a service error, so an infrastructure error cannot be reported";
    let mut unfailing = |text: &str, span: Span, unseen: bool| {
        set_first(local, text, span, unseen);
        set_first(direct, text, span, unseen);
    };
    let Some(ty) = &function.output else {
        let span = function.place.of(file);
        unfailing(no_result, span, false);
        return (TypeUse { ty: Type::Unit, text: "()".to_owned(), span }, None);
    };
    let resolved = resolver.resolve(ty, &Scope::new(owner.module, file));
    let TypeShape::Result(parts) = resolved.shape else {
        // An alias of a crate that is not read may be a `Result`.
        unfailing(no_result, resolved.span, is_unseen(&resolved));
        return (resolved.into_use(), None);
    };
    let (ok, error) = *parts;
    if let Some(reason) = &ok.local {
        set_first(local, &reason.text, reason.span, reason.unseen);
    }
    require_owned(&ok, direct);
    let is_error = match error.shape {
        TypeShape::Definition(id) => context.names.tree.definition(id).is_some_and(|d| {
            matches!(&d.body, Body::Enum(e) if derives(context.names, d.module, &e.derives, "ServiceError"))
        }),
        _ => false,
    };
    if !is_error {
        let text = format!("`{}` does not derive `ServiceError`", error.text);
        set_first(local, &text, error.span, is_unseen(&error));
        set_first(direct, &text, error.span, is_unseen(&error));
    }
    (ok.into_use(), Some(error.into_use()))
}
