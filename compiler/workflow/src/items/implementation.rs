//! Implementations: `#[service] impl Trait for Type`, with the type's constructor and background task.

use std::collections::BTreeMap;

use bp_diag::{Diagnostics, FileId, Span, catalog::workflow as codes};
use syn::{FnArg, ImplItem, ImplItemFn, Item, ItemImpl, Pat, ReceiverKind, Visibility};

use super::Context;
use super::attributes::service_mark;
use super::types::visible_problem;
use crate::lower::{Form, Lowered, Lowering, Scope, use_path};
use crate::model::{
    ConstructorModel, ImplementationModel, ParameterKind, ParameterModel, RunModel, Type,
};
use crate::names::{Namespace, Resolved};
use crate::tree::{
    Condition, Definition, DefinitionId, ModuleId, condition, docs, ident_span, plain, span_of,
    written,
};

/// An inherent `impl` and where it is.
struct Inherent<'a> {
    module: ModuleId,
    file: FileId,
    item: &'a ItemImpl,
}

#[derive(Default)]
struct Found<'a> {
    inherent: BTreeMap<DefinitionId, Vec<Inherent<'a>>>,
    services: BTreeMap<DefinitionId, BTreeMap<String, Span>>,
}

/// Reads every implementation.
pub(super) fn read(
    context: &Context<'_>,
    diagnostics: &mut Diagnostics,
) -> BTreeMap<String, ImplementationModel> {
    let mut found = Found::default();
    for id in context.names.tree.module_ids() {
        let Some(module) = context.names.tree.module(id) else { continue };
        for item in &module.impls {
            let Item::Impl(item) = &**item else { continue };
            let place = Inherent { module: id, file: module.file, item };
            block(context, place, module.condition, &mut found, diagnostics);
        }
    }
    let mut implementations = BTreeMap::new();
    for (id, services) in &found.services {
        let Some(definition) = context.names.tree.definition(*id) else { continue };
        visible_problem(context, *id, "implementation", diagnostics);
        let blocks = found.inherent.get(id).map_or(&[][..], Vec::as_slice);
        let attributes = match &*definition.item {
            Item::Struct(s) => &s.attrs,
            Item::Enum(e) => &e.attrs,
            _ => continue,
        };
        if let Some(span) = definition.condition {
            let what = format!("implementation `{}`", definition.name);
            diagnostics.push(codes::conditional(span, &what));
        }
        let model = ImplementationModel {
            path: definition.path.clone(),
            reachable: context.names.reachable(*id).unwrap_or(&definition.path).to_owned(),
            name: definition.name.clone(),
            services: services.clone(),
            constructor: constructor(context, *id, definition, blocks, diagnostics),
            run: run(context, definition, blocks, diagnostics),
            docs: docs(attributes),
            span: definition.span,
        };
        implementations.insert(model.path.clone(), model);
    }
    implementations
}

/// Sorts one `impl` block.
fn block<'a>(
    context: &Context<'_>,
    place: Inherent<'a>,
    outer: Option<Span>,
    found: &mut Found<'a>,
    diagnostics: &mut Diagnostics,
) {
    let (module, file, item) = (place.module, place.file, place.item);
    let mark = service_mark(context.names, module, &item.attrs);
    let owner = self_type(context, module, &item.self_ty);
    let Some((path, _)) = &item.trait_ else {
        if let Some(mark) = mark {
            diagnostics.push(codes::implementation_shape(
                span_of(file, mark),
                "`#[service]` marks an `impl` of no trait",
                "put it on `impl Trait for Type`, and leave the type's own methods unmarked",
            ));
        }
        if let Some(id) = owner {
            found.inherent.entry(id).or_default().push(place);
        }
        return;
    };
    let Some(service) = service_of(context, &place, path, mark.is_some(), diagnostics) else {
        return;
    };
    let at = span_of(file, path);
    let named = use_path(path).segments.join("::");
    let type_span = span_of(file, &item.self_ty);
    let what = written(&item.self_ty);
    if !item.generics.params.is_empty() || owner.is_some_and(|id| is_generic(context, id)) {
        diagnostics.push(codes::implementation_shape(
            type_span,
            &format!("implementation `{what}` is generic"),
            "write the types out: the wiring names one concrete type",
        ));
        return;
    }
    let Some(owner) = owner else {
        diagnostics.push(codes::implementation_shape(
            type_span,
            &format!("`{what}` is no struct of this application"),
            "implement the service for a struct declared here",
        ));
        return;
    };
    let own = match condition(file, &item.attrs) {
        Condition::Other(span) => Some(span),
        _ => outer,
    };
    if let Some(span) = own {
        diagnostics.push(codes::conditional(span, &format!("implementation `{what}`")));
    }
    let services = found.services.entry(owner).or_default();
    if let Some(first) = services.get(service) {
        let what = format!("the implementation of `{named}` for");
        let name = context.names.tree.definition(owner).map_or("", |d| &d.name);
        diagnostics.push(codes::defined_twice(at, *first, &what, name));
        return;
    }
    services.insert(service.clone(), at);
}

/// The service that a marked `impl` is of; what is wrong with the pair is reported.
fn service_of<'c>(
    context: &Context<'c>,
    place: &Inherent<'_>,
    path: &syn::Path,
    marked: bool,
    diagnostics: &mut Diagnostics,
) -> Option<&'c String> {
    let (module, at) = (place.module, span_of(place.file, path));
    let resolved = context.names.resolve(module, &use_path(path), Namespace::Types);
    let named = use_path(path).segments.join("::");
    let service = match &resolved {
        Resolved::Definition(id) => context.marks.services.get(id),
        _ => None,
    };
    if marked && service.is_some() {
        return service;
    }
    let by_hand = place
        .item
        .attrs
        .iter()
        .any(|a| a.path().segments.last().is_some_and(|s| s.ident == "async_trait"));
    match resolved {
        _ if service.is_some() && !by_hand => diagnostics.push(codes::implementation_shape(
            at,
            &format!("this `impl` of service `{named}` is not marked"),
            "write `#[service]` above it",
        )),
        Resolved::Definition(_) if marked => diagnostics.push(codes::implementation_shape(
            at,
            &format!("`{named}` is not a service"),
            "write `#[service]` above its trait",
        )),
        Resolved::Unknown { certain: true } if marked => {
            let near = bp_diag::nearest(&named, context.names.candidates(module));
            diagnostics.push(codes::unknown_name(at, &named, near));
        }
        // A backend of the application's own, something that is not seen, or no business of `bp`.
        _ => {}
    }
    None
}

/// The struct or enum behind an `impl`'s type.
fn self_type(context: &Context<'_>, module: ModuleId, ty: &syn::Type) -> Option<DefinitionId> {
    let syn::Type::Path(path) = ty else { return None };
    let mut module = module;
    let mut path = use_path(&path.path);
    // Aliases of aliases end soon; a cycle is reported where it is used as a type.
    for _ in 0..8 {
        let Resolved::Definition(id) = context.names.resolve(module, &path, Namespace::Types)
        else {
            return None;
        };
        let definition = context.names.tree.definition(id)?;
        match &*definition.item {
            Item::Struct(_) | Item::Enum(_) => return Some(id),
            Item::Type(alias) => {
                let syn::Type::Path(next) = &*alias.ty else { return None };
                module = definition.module;
                path = use_path(&next.path);
            }
            _ => return None,
        }
    }
    None
}

fn is_generic(context: &Context<'_>, id: DefinitionId) -> bool {
    match context.names.tree.definition(id).map(|d| &*d.item) {
        Some(Item::Struct(s)) => !s.generics.params.is_empty(),
        Some(Item::Enum(e)) => !e.generics.params.is_empty(),
        _ => false,
    }
}

/// Functions of this name in a type's own `impl` blocks, tests aside.
fn functions<'b>(
    blocks: &'b [Inherent<'_>],
    name: &'b str,
) -> impl Iterator<Item = (&'b Inherent<'b>, &'b ImplItemFn)> {
    blocks.iter().flat_map(move |block| {
        block.item.items.iter().filter_map(move |item| match item {
            ImplItem::Fn(function)
                if plain(&function.sig.ident) == name
                    && condition(block.file, &function.attrs) != Condition::Test =>
            {
                Some((block, function))
            }
            _ => None,
        })
    })
}

fn constructor(
    context: &Context<'_>,
    id: DefinitionId,
    definition: &Definition,
    blocks: &[Inherent<'_>],
    diagnostics: &mut Diagnostics,
) -> ConstructorModel {
    let name = &definition.name;
    let mut all = functions(blocks, "new");
    let Some((block, function)) = all.next() else {
        diagnostics.push(codes::constructor_missing(definition.span, name));
        return ConstructorModel::default();
    };
    let file = block.file;
    let span = ident_span(file, &function.sig.ident);
    for (other, again) in all {
        let at = ident_span(other.file, &again.sig.ident);
        diagnostics.push(codes::defined_twice(at, span, "the constructor of", name));
    }
    let before = diagnostics.len();
    for attributes in [&function.attrs, &block.item.attrs] {
        if let Condition::Other(at) = condition(file, attributes) {
            diagnostics.push(codes::conditional(at, &format!("the constructor of `{name}`")));
        }
    }
    if !matches!(function.vis, Visibility::Public(_)) {
        let start = span_of(file, &function.sig).start as usize;
        let from = match &function.vis {
            Visibility::Restricted(restricted) => span_of(file, restricted).start as usize,
            _ => start,
        };
        let insert = Span::new(file, from, start);
        diagnostics.push(codes::constructor_private(span, insert, name));
    }
    let mut shape = |at: Span, problem: &str| {
        diagnostics.push(codes::constructor_shape(at, name, problem));
    };
    if let Some(receiver) = function.sig.receiver() {
        shape(span_of(file, receiver), "takes `self`");
    }
    if !function.sig.generics.params.is_empty() {
        shape(span_of(file, &function.sig.generics), "is generic");
    }
    let mut lowering = Lowering::new(context.names, context.marks, false);
    let mut scope = Scope::new(block.module, file);
    scope.generics.insert("Self".to_owned(), own_type(id, definition));
    let mut fallible = false;
    match &function.sig.output {
        syn::ReturnType::Default => shape(span, "returns nothing"),
        syn::ReturnType::Type(_, ty) => {
            let lowered = lowering.ty(ty, &scope);
            let is_own = |l: &Lowered| matches!(l.form, Form::Definition(d) if d == id);
            match &lowered.form {
                Form::Result(parts) if is_own(&parts.0) => fallible = true,
                _ if is_own(&lowered) => {}
                _ => shape(lowered.span, "returns neither `Self` nor `Result<Self, E>`"),
            }
        }
    }
    lowering.generated = true;
    let params = parameters(name, &function.sig, &mut lowering, &scope, diagnostics);
    diagnostics.append(lowering.diagnostics);
    ConstructorModel {
        known: diagnostics.len() == before,
        is_async: function.sig.asyncness.is_some(),
        fallible,
        params,
        span: Some(span),
    }
}

fn parameters(
    name: &str,
    signature: &syn::Signature,
    lowering: &mut Lowering<'_>,
    scope: &Scope,
    diagnostics: &mut Diagnostics,
) -> Vec<ParameterModel> {
    let mut params = Vec::new();
    for input in &signature.inputs {
        let FnArg::Typed(input) = input else { continue };
        let Pat::Ident(pattern) = &*input.pat else {
            let what = format!("a parameter of `{name}::new`");
            diagnostics.push(codes::unnamed_argument(span_of(scope.file, &input.pat), &what));
            continue;
        };
        let lowered = lowering.ty(&input.ty, scope);
        let kind = match lowered.form.clone() {
            Form::Interface(interface) => ParameterKind::Instance(interface),
            Form::List(interface) => ParameterKind::List(interface),
            Form::Optional(interface) => ParameterKind::Optional(interface),
            Form::Foreign(object) => {
                let problem = format!("takes `{object}`, which is neither a service nor a backend");
                diagnostics.push(codes::constructor_shape(lowered.span, name, &problem));
                continue;
            }
            _ => ParameterKind::Literal(lowered.into_use()),
        };
        params.push(ParameterModel {
            name: plain(&pattern.ident),
            kind,
            span: span_of(scope.file, input),
        });
    }
    params
}

/// `Self` in the type's own `impl`.
fn own_type(id: DefinitionId, definition: &Definition) -> Lowered {
    Lowered {
        ty: Type::Named(definition.path.clone()),
        text: definition.path.clone(),
        span: definition.span,
        local: None,
        owned: true,
        form: Form::Definition(id),
    }
}

fn run(
    context: &Context<'_>,
    definition: &Definition,
    blocks: &[Inherent<'_>],
    diagnostics: &mut Diagnostics,
) -> Option<RunModel> {
    let name = &definition.name;
    let (block, function) = functions(blocks, "run").find(|(_, f)| f.sig.receiver().is_some())?;
    let file = block.file;
    let span = ident_span(file, &function.sig.ident);
    let mut shape = |at: Span, problem: &str| {
        diagnostics.push(codes::run_shape(at, name, problem));
    };
    let receiver = function.sig.receiver()?;
    if !matches!(receiver.kind, ReceiverKind::Reference(_, _, None)) {
        shape(span_of(file, receiver), "does not take `&self`");
    }
    if function.sig.asyncness.is_none() {
        shape(span, "is not async");
    }
    if !matches!(function.vis, Visibility::Public(_)) {
        shape(span, "is private");
    }
    if let Some(extra) = function.sig.inputs.iter().nth(1) {
        shape(span_of(file, extra), "takes an argument");
    }
    let mut fallible = false;
    if let syn::ReturnType::Type(_, ty) = &function.sig.output {
        let mut lowering = Lowering::new(context.names, context.marks, false);
        let lowered = lowering.ty(ty, &Scope::new(block.module, file));
        match &lowered.form {
            Form::Result(parts) if matches!(parts.0.ty, Type::Unit) || parts.0.text == "!" => {
                fallible = true;
            }
            _ if matches!(lowered.ty, Type::Unit) || lowered.text == "!" => {}
            _ => shape(lowered.span, "returns a value that nobody takes"),
        }
        diagnostics.append(lowering.diagnostics);
    }
    Some(RunModel { is_async: function.sig.asyncness.is_some(), fallible, span })
}
