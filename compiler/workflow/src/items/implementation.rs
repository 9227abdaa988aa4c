//! Implementations: `#[service] impl Trait for Type`, with the type's constructor and background task.

use std::collections::BTreeMap;

use bp_diag::{Diagnostics, FileId, Span, catalog::workflow as codes};

use super::Context;
use super::attributes::find_service_mark;
use super::types::report_unreachable;
use crate::model::{
    ConstructorModel, ImplementationModel, ParameterKind, ParameterModel, RunModel, Type,
};
use crate::names::{Namespace, ResolvedName};
use crate::resolve_type::{ResolvedType, Scope, TypeResolver, TypeShape, explain_unlinked};
use crate::source::{Body, Function, ImplItem, Pattern, UsePath};
use crate::tree::{Definition, DefinitionId, ModuleId};

/// An inherent `impl` and where it is.
struct InherentImpl<'a> {
    module: ModuleId,
    file: FileId,
    item: &'a ImplItem,
}

#[derive(Default)]
struct ImplBlocks<'a> {
    inherent: BTreeMap<DefinitionId, Vec<InherentImpl<'a>>>,
    services: BTreeMap<DefinitionId, BTreeMap<String, Span>>,
}

/// Reads every implementation.
pub(super) fn read(
    context: &Context<'_>,
    diagnostics: &mut Diagnostics,
) -> BTreeMap<String, ImplementationModel> {
    let mut found = ImplBlocks::default();
    for id in context.names.tree.module_ids() {
        let Some(module) = context.names.tree.module(id) else { continue };
        for item in &module.impls {
            let place = InherentImpl { module: id, file: module.file, item };
            classify_block(context, place, module.condition, &mut found, diagnostics);
        }
    }
    let implementing: Vec<DefinitionId> = found.services.keys().copied().collect();
    let implementations = context.read_each(&implementing, diagnostics, |id, diagnostics| {
        read_implementation(context, *id, &found, diagnostics)
    });
    implementations.into_iter().map(|model| (model.path.clone(), model)).collect()
}

fn read_implementation(
    context: &Context<'_>,
    id: DefinitionId,
    found: &ImplBlocks<'_>,
    diagnostics: &mut Diagnostics,
) -> Option<ImplementationModel> {
    let (definition, services) = (context.names.tree.definition(id)?, found.services.get(&id)?);
    report_unreachable(context, id, "implementation", diagnostics);
    let blocks = found.inherent.get(&id).map_or(&[][..], Vec::as_slice);
    let docs = match &definition.body {
        Body::Struct(s) => &s.docs,
        Body::Enum(e) => &e.docs,
        _ => return None,
    };
    if let Some(span) = definition.condition {
        let what = format!("implementation `{}`", definition.name);
        diagnostics.push(codes::conditional(span, &what));
    }
    Some(ImplementationModel {
        path: definition.path.clone(),
        reachable: context.names.reachable(id).unwrap_or(&definition.path).to_owned(),
        name: definition.name.clone(),
        services: services.clone(),
        constructor: read_constructor(context, id, definition, blocks, diagnostics),
        run: read_run(context, definition, blocks, diagnostics),
        docs: docs.clone(),
        span: definition.span,
    })
}

/// Adds one `impl` block to the inherent ones or to those of services.
fn classify_block<'a>(
    context: &Context<'_>,
    place: InherentImpl<'a>,
    outer: Option<Span>,
    found: &mut ImplBlocks<'a>,
    diagnostics: &mut Diagnostics,
) {
    let (module, file, item) = (place.module, place.file, place.item);
    let mark = find_service_mark(context.names, module, &item.marks);
    let owner = item.path.as_ref().and_then(|path| resolve_self_type(context, module, path));
    let Some((path, place_of_trait)) = &item.of else {
        if let Some(mark) = mark {
            diagnostics.push(codes::implementation_shape(
                mark.place.of(file),
                "`#[service]` marks an `impl` without a trait",
                "put it on `impl Trait for Type`, and leave the type's own methods unmarked",
            ));
        }
        if let Some(id) = owner {
            found.inherent.entry(id).or_default().push(place);
        }
        return;
    };
    let at = place_of_trait.of(file);
    let Some(service) = find_service(context, &place, (path, at), mark.is_some(), diagnostics)
    else {
        return;
    };
    let named = path.segments.join("::");
    let type_span = item.place.of(file);
    let what = &item.text;
    if item.generic || owner.is_some_and(|id| is_generic(context, id)) {
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
            &format!("`{what}` is not a struct of this application"),
            "implement the service for a struct declared here",
        ));
        return;
    };
    let condition = item.condition.as_ref().map(|c| c.place.of(file)).or(outer);
    if let Some(span) = condition {
        diagnostics.push(codes::conditional(span, &format!("implementation `{what}`")));
    }
    let services = found.services.entry(owner).or_default();
    // Two of which each has a condition may be one at a time, and have been reported.
    if condition.is_none()
        && let Some(first) = services.get(service)
    {
        let what = format!("the implementation of `{named}` for");
        let name = context.names.tree.definition(owner).map_or("", |d| &d.name);
        diagnostics.push(codes::defined_twice(at, *first, &what, name));
        return;
    }
    services.insert(service.clone(), at);
}

/// The service that a marked `impl` is of; what is wrong with the pair is reported.
fn find_service<'c>(
    context: &Context<'c>,
    place: &InherentImpl<'_>,
    (path, at): (&UsePath, Span),
    marked: bool,
    diagnostics: &mut Diagnostics,
) -> Option<&'c String> {
    let module = place.module;
    let resolved = context.names.resolve(module, path, Namespace::Types);
    let named = path.segments.join("::");
    let service = match &resolved {
        ResolvedName::Definition(id) => context.marks.services.get(id),
        _ => None,
    };
    if marked && service.is_some() {
        return service;
    }
    let by_hand =
        place.item.marks.iter().any(|m| m.path.segments.last().is_some_and(|s| s == "async_trait"));
    match &resolved {
        _ if service.is_some() && !by_hand => diagnostics.push(codes::implementation_shape(
            at,
            &format!("this `impl` of service `{named}` is not marked"),
            "write `#[service]` above it",
        )),
        // A store of the application itself.
        ResolvedName::Definition(id) if context.marks.interfaces.contains_key(id) => {}
        ResolvedName::Definition(_) if marked => diagnostics.push(codes::implementation_shape(
            at,
            &format!("`{named}` is not a service"),
            "write `#[service]` above its trait",
        )),
        ResolvedName::Unknown { certain: true } if marked => {
            let near = context.names.suggest(module, path);
            diagnostics.push(codes::unknown_name(at, &named, near));
        }
        ResolvedName::Undecided(condition) if marked => {
            let what = format!("what `{named}` is");
            diagnostics.push(codes::undecided(at, *condition, &what));
        }
        ResolvedName::Unlinked(krate, name) if marked => {
            diagnostics.extend(explain_unlinked(context.names, *krate, name, at));
        }
        // A backend of the application itself, something that is not seen, or nothing that concerns `bp`.
        _ => {}
    }
    None
}

/// The struct or enum behind the path of an `impl`'s type.
fn resolve_self_type(
    context: &Context<'_>,
    module: ModuleId,
    path: &UsePath,
) -> Option<DefinitionId> {
    let (mut module, mut path) = (module, path);
    // Aliases of aliases end soon; a cycle is reported where it is used as a type.
    for _ in 0..8 {
        let ResolvedName::Definition(id) = context.names.resolve(module, path, Namespace::Types)
        else {
            return None;
        };
        let definition = context.names.tree.definition(id)?;
        match &definition.body {
            Body::Struct(_) | Body::Enum(_) => return Some(id),
            Body::Alias(alias) => {
                path = alias.ty.path()?;
                module = definition.module;
            }
            _ => return None,
        }
    }
    None
}

fn is_generic(context: &Context<'_>, id: DefinitionId) -> bool {
    match context.names.tree.definition(id).map(|d| &d.body) {
        Some(Body::Struct(s)) => s.generic,
        Some(Body::Enum(e)) => e.generic,
        _ => false,
    }
}

/// Functions of this name in a type's own `impl` blocks.
fn find_functions<'b>(
    blocks: &'b [InherentImpl<'_>],
    name: &'b str,
) -> impl Iterator<Item = (&'b InherentImpl<'b>, &'b Function)> {
    blocks.iter().flat_map(move |block| {
        block.item.functions.iter().filter(move |f| f.name == name).map(move |f| (block, f))
    })
}

fn read_constructor(
    context: &Context<'_>,
    id: DefinitionId,
    definition: &Definition,
    blocks: &[InherentImpl<'_>],
    diagnostics: &mut Diagnostics,
) -> ConstructorModel {
    let name = &definition.name;
    let mut all = find_functions(blocks, "new");
    let Some((block, function)) = all.next() else {
        diagnostics.push(codes::constructor_missing(definition.span, name));
        return ConstructorModel::default();
    };
    let file = block.file;
    let span = function.place.of(file);
    for (other, again) in all {
        let at = again.place.of(other.file);
        diagnostics.push(codes::defined_twice(at, span, "the constructor of", name));
    }
    let before = diagnostics.len();
    for condition in
        [function.condition, block.item.condition.as_ref().map(|w| w.place)].into_iter().flatten()
    {
        let what = format!("the constructor of `{name}`");
        diagnostics.push(codes::conditional(condition.of(file), &what));
    }
    if let Some(insert) = function.unpublished {
        diagnostics.push(codes::constructor_private(span, insert.of(file), name));
    }
    let mut shape = |at: Span, problem: &str| {
        diagnostics.push(codes::constructor_shape(at, name, problem, None));
    };
    if let Some(receiver) = function.receiver {
        shape(receiver.place.of(file), "takes `self`");
    }
    if let Some(generics) = function.generics {
        shape(generics.place.of(file), "is generic");
    }
    let mut resolver = TypeResolver::new(context.names, context.marks, false);
    let mut scope = Scope::new(block.module, file);
    scope.generics.insert("Self".to_owned(), own_type(id, definition));
    let mut fallible = false;
    match &function.output {
        None => shape(span, "returns nothing"),
        Some(ty) => {
            let resolved = resolver.resolve(ty, &scope);
            let is_own = |l: &ResolvedType| matches!(l.shape, TypeShape::Definition(d) if d == id);
            match &resolved.shape {
                TypeShape::Result(parts) if is_own(&parts.0) => fallible = true,
                _ if is_own(&resolved) => {}
                _ => shape(resolved.span, "returns neither `Self` nor `Result<Self, E>`"),
            }
        }
    }
    resolver.generated = true;
    let params = read_parameters(name, function, &mut resolver, &scope, diagnostics);
    diagnostics.append(resolver.diagnostics);
    ConstructorModel {
        known: diagnostics.len() == before,
        is_async: function.is_async,
        fallible,
        params,
        span: Some(span),
    }
}

fn read_parameters(
    name: &str,
    function: &Function,
    resolver: &mut TypeResolver<'_>,
    scope: &Scope,
    diagnostics: &mut Diagnostics,
) -> Vec<ParameterModel> {
    let mut params = Vec::new();
    for argument in &function.arguments {
        let pattern = match &argument.pattern {
            Pattern::Name(pattern) => pattern,
            Pattern::Other(place) => {
                let what = format!("a parameter of `{name}::new`");
                diagnostics.push(codes::unnamed_argument(place.of(scope.file), &what));
                continue;
            }
        };
        let resolved = resolver.resolve(&argument.ty, scope);
        let kind = match resolved.shape.clone() {
            TypeShape::Interface(interface) => ParameterKind::Instance(interface),
            TypeShape::List(interface) => ParameterKind::List(interface),
            TypeShape::Optional(interface) => ParameterKind::Optional(interface),
            TypeShape::Foreign(object, unwired) => {
                let problem = format!("takes `{object}`, which is neither a service nor a backend");
                let span = resolved.span;
                diagnostics.push(codes::constructor_shape(span, name, &problem, Some(&unwired)));
                continue;
            }
            _ => ParameterKind::Literal(resolved.into_use()),
        };
        let span = argument.place.of(scope.file);
        params.push(ParameterModel { name: pattern.clone(), kind, span });
    }
    params
}

/// `Self` in the type's own `impl`.
fn own_type(id: DefinitionId, definition: &Definition) -> ResolvedType {
    ResolvedType {
        ty: Type::Named(definition.path.clone()),
        text: definition.path.clone(),
        span: definition.span,
        local: None,
        owned: true,
        shape: TypeShape::Definition(id),
    }
}

fn read_run(
    context: &Context<'_>,
    definition: &Definition,
    blocks: &[InherentImpl<'_>],
    diagnostics: &mut Diagnostics,
) -> Option<RunModel> {
    let name = &definition.name;
    // A `run` without a receiver is an ordinary function, not the background task.
    let (block, function) = find_functions(blocks, "run").find(|(_, f)| f.receiver.is_some())?;
    let file = block.file;
    let span = function.place.of(file);
    let mut shape = |at: Span, problem: &str| {
        diagnostics.push(codes::run_shape(at, name, problem));
    };
    let receiver = function.receiver?;
    if !receiver.shared {
        shape(receiver.place.of(file), "does not take `&self`");
    }
    if !function.is_async {
        shape(span, "is not async");
    }
    if function.unpublished.is_some() {
        shape(span, "is private");
    }
    if let Some(extra) = function.arguments.first() {
        shape(extra.place.of(file), "takes an argument");
    }
    let mut fallible = false;
    if let Some(ty) = &function.output {
        let mut resolver = TypeResolver::new(context.names, context.marks, false);
        let resolved = resolver.resolve(ty, &Scope::new(block.module, file));
        match &resolved.shape {
            TypeShape::Result(parts) if matches!(parts.0.ty, Type::Unit) || parts.0.text == "!" => {
                fallible = true;
            }
            _ if matches!(resolved.ty, Type::Unit) || resolved.text == "!" => {}
            _ => shape(resolved.span, "returns a value that is never used"),
        }
        diagnostics.append(resolver.diagnostics);
    }
    Some(RunModel { is_async: function.is_async, fallible, span })
}
