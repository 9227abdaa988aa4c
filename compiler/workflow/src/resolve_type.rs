//! Resolves a type as written: aliases are expanded, paths are written out in full.

use std::collections::{BTreeMap, BTreeSet};

use bp_diag::catalog::workflow::{self as codes, UnwiredTrait};
use bp_diag::{Diagnostic, Diagnostics, FileId, Span};

use crate::encodable::{EncodableType, encodable_type, is_reexported, strip_runtime_prefix};
use crate::model::{InterfaceUse, LocalReason, Type, TypeUse};
use crate::names::{Names, Namespace, ResolvedName};
use crate::runtime_path::is_runtime_path;
use crate::source::{
    AliasItem, Arguments, Body, Bound, GenericArgument, Length, PathExpr, TypeExpr, TypeForm,
};
use crate::tree::{CrateId, DefinitionId, ModuleId, UnlinkedReason};

/// How many aliases one type may go through, one inside the other.
const MAX_ALIASES: usize = 64;

/// How many aliases one item may expand in all: `type A = (B, B); type B = (C, C); …` doubles at each.
const MAX_EXPANSIONS: usize = 10_000;

/// How many elements the runtime encodes a tuple of; the standard library stops there too.
const MAX_TUPLE: usize = 12;

/// A type that was read.
#[derive(Debug, Clone)]
pub(crate) struct ResolvedType {
    pub(crate) ty: Type,
    pub(crate) text: String,
    pub(crate) span: Span,
    /// Why it cannot be encoded, apart from what named types say of themselves.
    pub(crate) local: Option<LocalReason>,
    /// Whether it certainly borrows nothing, so that a call can own it.
    pub(crate) owned: bool,
    pub(crate) shape: TypeShape,
}

/// Shapes of types that matter in signatures.
#[derive(Debug, Clone)]
pub(crate) enum TypeShape {
    Plain,
    /// `Result<T, E>`; one argument is an alias of an unread crate.
    Result(Box<(ResolvedType, ResolvedType)>),
    /// `Arc<dyn T>`
    Interface(InterfaceUse),
    /// `Vec<Arc<dyn T>>`
    List(InterfaceUse),
    /// `Option<Arc<dyn T>>`
    Optional(InterfaceUse),
    /// `dyn T` itself, with the trait.
    Dyn(Result<InterfaceUse, UnwiredTrait>),
    /// `Arc<dyn T>` of a trait that cannot be wired: the object as written out, and the trait.
    Foreign(String, UnwiredTrait),
    /// A struct or enum that was read.
    Definition(DefinitionId),
}

impl ResolvedType {
    pub(crate) fn into_use(self) -> TypeUse {
        TypeUse { ty: self.ty, text: self.text, span: self.span }
    }
}

/// Definitions that attributes mark, which are found before any type is resolved.
#[derive(Debug, Default)]
pub(crate) struct MarkedDefinitions {
    /// Types that derive `Data` or `ServiceError`.
    pub(crate) encoded: BTreeMap<DefinitionId, String>,
    /// Traits marked `#[service]`.
    pub(crate) services: BTreeMap<DefinitionId, String>,
    /// Traits marked `#[interface]`, by crate and name.
    pub(crate) interfaces: BTreeMap<DefinitionId, String>,
    /// Interfaces that backends are known to offer, by crate and name; their crates may not be read.
    pub(crate) offered: BTreeSet<String>,
}

impl MarkedDefinitions {
    /// The interface that a path into a crate that is not read means; those of the runtime can be written as of any of its crates.
    pub(crate) fn find_offered(&self, path: &str) -> Option<&str> {
        if !is_runtime_path(path) {
            return self.offered.get(path).map(String::as_str);
        }
        let name = last_segment(path);
        let mut own = self.offered.iter().filter(|known| is_runtime_path(known));
        own.find(|known| last_segment(known) == name).map(String::as_str)
    }

    /// The interface that `acme_queue::queue::Queue` probably means: one of that crate and name, which the path does not lead to.
    fn find_meant(&self, path: &str) -> Option<&str> {
        let krate = path.split("::").next()?;
        let known = self.offered.get(&format!("{krate}::{}", last_segment(path)))?;
        Some(known.as_str()).filter(|known| *known != path)
    }
}

fn last_segment(path: &str) -> &str {
    path.rsplit("::").next().unwrap_or(path)
}

/// Where a type is written.
#[derive(Debug, Clone)]
pub(crate) struct Scope {
    pub(crate) module: ModuleId,
    pub(crate) file: FileId,
    /// Arguments of the alias that is being expanded.
    pub(crate) generics: BTreeMap<String, ResolvedType>,
    aliases: usize,
}

impl Scope {
    pub(crate) fn new(module: ModuleId, file: FileId) -> Self {
        Self { module, file, generics: BTreeMap::new(), aliases: 0 }
    }
}

/// Resolves types and gathers what is wrong with them.
#[derive(Debug)]
pub(crate) struct TypeResolver<'a> {
    pub(crate) names: &'a Names<'a>,
    pub(crate) marks: &'a MarkedDefinitions,
    /// Whether generated code writes the type, so that every name in it must be reachable.
    pub(crate) generated: bool,
    /// Where a stream is mentioned.
    pub(crate) stream: Option<Span>,
    pub(crate) diagnostics: Diagnostics,
    expansions: usize,
}

impl<'a> TypeResolver<'a> {
    pub(crate) fn new(names: &'a Names<'a>, marks: &'a MarkedDefinitions, generated: bool) -> Self {
        Self {
            names,
            marks,
            generated,
            stream: None,
            diagnostics: Diagnostics::new(),
            expansions: 0,
        }
    }

    /// Resolves a type.
    pub(crate) fn resolve(&mut self, ty: &TypeExpr, scope: &Scope) -> ResolvedType {
        let span = ty.place.of(scope.file);
        match &ty.form {
            TypeForm::Path(path) => self.resolve_path(path, span, scope),
            TypeForm::Paren(inner) => self.resolve(inner, scope),
            TypeForm::Tuple(parts) => self.resolve_tuple(parts, span, scope),
            TypeForm::Array(element, length) => self.resolve_array(element, length, span, scope),
            TypeForm::Reference { lifetime, mutable, target } => {
                let inner = self.resolve(target, scope);
                let lifetime = lifetime.as_ref().map_or(String::new(), |l| format!("{l} "));
                let mutable = if *mutable { "mut " } else { "" };
                let inner_text = match &inner.shape {
                    TypeShape::Dyn(_) if inner.text.contains(" + ") => format!("({})", inner.text),
                    _ => inner.text,
                };
                let text = format!("&{lifetime}{mutable}{inner_text}");
                local_type(text, span, "a reference points into this process's memory")
            }
            TypeForm::Object(bounds) => self.resolve_object(bounds, span, scope),
            TypeForm::Anonymous(bounds) => {
                let text = format!("impl {}", self.format_bounds(bounds, scope));
                local_type(text, span, "`impl Trait` has no name to decode it as")
            }
            TypeForm::Slice(element) => {
                let inner = self.resolve(element, scope);
                let reason = "a slice has no size of its own: use `Vec`";
                let owned = inner.owned;
                ResolvedType { owned, ..local_type(format!("[{}]", inner.text), span, reason) }
            }
            TypeForm::Pointer { mutable, target } => {
                let inner = self.resolve(target, scope);
                let kind = if *mutable { "mut" } else { "const" };
                local_type(
                    format!("*{kind} {}", inner.text),
                    span,
                    "a pointer points into this process's memory",
                )
            }
            TypeForm::Never => local_type("!".to_owned(), span, "there is no value of type `!`"),
            TypeForm::Other(text) => {
                unseen_type(text.clone(), span, "this form of type cannot be encoded")
            }
        }
    }

    fn resolve_tuple(&mut self, parts: &[TypeExpr], span: Span, scope: &Scope) -> ResolvedType {
        let parts: Vec<ResolvedType> = parts.iter().map(|t| self.resolve(t, scope)).collect();
        let texts: Vec<&str> = parts.iter().map(|p| p.text.as_str()).collect();
        let text = match texts.as_slice() {
            [one] => format!("({one},)"),
            _ => format!("({})", texts.join(", ")),
        };
        let owned = parts.iter().all(|p| p.owned);
        if parts.len() > MAX_TUPLE {
            let reason = format!("a tuple has at most {MAX_TUPLE} elements: use a struct");
            return ResolvedType { owned, ..local_type(text, span, &reason) };
        }
        let local = first_reason(&parts);
        let ty = if parts.is_empty() {
            Type::Unit
        } else {
            Type::Tuple(parts.into_iter().map(|p| p.ty).collect())
        };
        ResolvedType { ty, text, span, local, owned, shape: TypeShape::Plain }
    }

    fn resolve_array(
        &mut self,
        element: &TypeExpr,
        length: &Length,
        span: Span,
        scope: &Scope,
    ) -> ResolvedType {
        let inner = self.resolve(element, scope);
        let length = match length {
            Length::Number(number) => *number,
            Length::Other(length) => {
                let text = format!("[{}; {length}]", inner.text);
                return local_type(
                    text,
                    span,
                    "the length of an array must be written as a number",
                );
            }
        };
        ResolvedType {
            ty: Type::Array(Box::new(inner.ty), length),
            text: format!("[{}; {length}]", inner.text),
            span,
            local: inner.local,
            owned: inner.owned,
            shape: TypeShape::Plain,
        }
    }

    fn resolve_object(&mut self, bounds: &[Bound], span: Span, scope: &Scope) -> ResolvedType {
        let interface = match bounds {
            [Bound::Trait { path, .. }] => self
                .resolve_interface(path, scope)
                .ok_or_else(|| self.describe_unwired(path, scope)),
            _ => Err(UnwiredTrait::Other),
        };
        let text = format!("dyn {}", self.format_bounds(bounds, scope));
        let mut resolved_type = local_type(text, span, "a trait object is code, not data");
        resolved_type.shape = TypeShape::Dyn(interface);
        resolved_type
    }

    /// The service, or the interface that backends offer, that a path names.
    fn resolve_interface(&mut self, path: &PathExpr, scope: &Scope) -> Option<InterfaceUse> {
        let span = path.name.of(scope.file);
        match self.names.resolve(scope.module, &path.path, Namespace::Types) {
            ResolvedName::Definition(id) => {
                let service = self.marks.services.get(&id);
                let path = service.or_else(|| self.marks.interfaces.get(&id))?;
                let reachable = self.names.reachable(id).unwrap_or(path);
                Some(InterfaceUse {
                    path: path.clone(),
                    reachable: reachable.to_owned(),
                    backend: service.is_none(),
                    span,
                })
            }
            ResolvedName::External(written) => {
                let path = self.marks.find_offered(&written)?;
                // Workflows link the runtime as one crate, which re-exports the others.
                let reachable = if is_runtime_path(path) {
                    format!("bp_std::{}", last_segment(path))
                } else {
                    path.to_owned()
                };
                Some(InterfaceUse { path: path.to_owned(), reachable, backend: true, span })
            }
            _ => None,
        }
    }

    /// What a trait is that is neither a service nor an interface.
    fn describe_unwired(&self, path: &PathExpr, scope: &Scope) -> UnwiredTrait {
        let tree = &self.names.tree;
        match self.names.resolve(scope.module, &path.path, Namespace::Types) {
            ResolvedName::Definition(id) => {
                let Some(found) = tree.definition(id) else { return UnwiredTrait::Other };
                let krate = |module| tree.module(module).map(|module| module.krate);
                if krate(found.module) == krate(scope.module) {
                    UnwiredTrait::Own(found.name.clone())
                } else {
                    UnwiredTrait::OfReadCrate(found.name.clone())
                }
            }
            ResolvedName::External(path) if !path.starts_with("std::") => {
                match self.marks.find_meant(&path) {
                    Some(meant) => UnwiredTrait::BelowTheRoot(meant.to_owned()),
                    None => UnwiredTrait::OfUnreadCrate(path),
                }
            }
            _ => UnwiredTrait::Other,
        }
    }

    fn format_bounds(&mut self, bounds: &[Bound], scope: &Scope) -> String {
        let mut texts = Vec::new();
        for bound in bounds {
            match bound {
                Bound::Trait { place, maybe, path } => {
                    let (_, head) = self.resolve_head(path, place.of(scope.file), scope);
                    let tail = self.format_arguments(&path.arguments, scope);
                    let maybe = if *maybe { "?" } else { "" };
                    texts.push(format!("{maybe}{head}{tail}"));
                }
                Bound::Other(text) => texts.push(text.clone()),
            }
        }
        texts.join(" + ")
    }

    fn format_arguments(&mut self, arguments: &Arguments, scope: &Scope) -> String {
        match arguments {
            Arguments::None => String::new(),
            Arguments::Angle(list) => {
                let parts: Vec<String> = list
                    .iter()
                    .map(|a| match a {
                        GenericArgument::Type(t) => self.resolve(t, scope).text,
                        GenericArgument::Assigned(name, t) => {
                            format!("{name} = {}", self.resolve(t, scope).text)
                        }
                        GenericArgument::Other(text) => text.clone(),
                    })
                    .collect();
                format!("<{}>", parts.join(", "))
            }
            Arguments::Parenthesized(inputs, output) => {
                let inputs: Vec<String> =
                    inputs.iter().map(|i| self.resolve(i, scope).text).collect();
                let output = match output {
                    None => String::new(),
                    Some(t) => format!(" -> {}", self.resolve(t, scope).text),
                };
                format!("({}){output}", inputs.join(", "))
            }
        }
    }

    /// What a path names, and how generated code writes it without arguments.
    fn resolve_head(
        &mut self,
        path: &PathExpr,
        span: Span,
        scope: &Scope,
    ) -> (ResolvedName, String) {
        let path = &path.path;
        let resolved = self.names.resolve(scope.module, path, Namespace::Types);
        let text = match &resolved {
            ResolvedName::Definition(id) => self.format_definition(*id, span),
            ResolvedName::External(path) => match short_name(path) {
                Some(short) => short.to_owned(),
                // Generated code does not link every crate that the workflow links; the runtime re-exports these.
                None if is_reexported(strip_runtime_prefix(path)) => {
                    format!("bp_std::{}", strip_runtime_prefix(path))
                }
                None => path.clone(),
            },
            ResolvedName::Primitive(name) => name.clone(),
            _ => path.segments.join("::"),
        };
        (resolved, text)
    }

    fn format_definition(&mut self, id: DefinitionId, span: Span) -> String {
        let Some(definition) = self.names.tree.definition(id) else { return String::new() };
        if let Some(path) = self.names.reachable(id) {
            return path.to_owned();
        }
        // An alias is expanded, so generated code never names it.
        if self.generated && !matches!(definition.body, Body::Alias(_)) {
            let what = match definition.body {
                Body::Trait(_) => "trait",
                _ => "type",
            };
            self.diagnostics.push(codes::unreachable(
                span,
                definition.span,
                what,
                &definition.path,
            ));
        }
        definition.path.clone()
    }

    fn resolve_path(&mut self, path: &PathExpr, span: Span, scope: &Scope) -> ResolvedType {
        if let Some(ident) = path.ident()
            && let Some(argument) = scope.generics.get(ident)
        {
            return argument.clone();
        }
        let (resolved, head) = self.resolve_head(path, span, scope);
        let name = path.path.segments.last().map_or("", String::as_str);
        let arguments = &path.arguments;
        if is_stream_name(name) && !matches!(resolved, ResolvedName::Definition(_)) {
            self.stream.get_or_insert(span);
        }
        match resolved {
            ResolvedName::Primitive(name) => resolve_primitive(&name, span),
            ResolvedName::Definition(id) => {
                self.resolve_definition(id, head, arguments, span, scope)
            }
            ResolvedName::External(full) => {
                self.resolve_external(&full, &head, arguments, span, scope)
            }
            ResolvedName::Module(_) => {
                self.diagnostics.push(codes::unknown_name(span, &head, None));
                unseen_type(head, span, "it is a module")
            }
            ResolvedName::Undecided(condition) => {
                let fault = codes::undecided(span, condition, &format!("what `{head}` is"));
                self.diagnostics.push(fault);
                unseen_type(head, span, "builds differ in what it is")
            }
            ResolvedName::Unlinked(krate, name) => {
                self.diagnostics.extend(explain_unlinked(self.names, krate, &name, span));
                unseen_type(head, span, "its crate is not linked")
            }
            ResolvedName::Unknown { certain } => {
                let tail = self.format_arguments(arguments, scope);
                if certain && head != "Self" && !head.starts_with("Self::") {
                    let near = self.names.suggest(scope.module, &path.path);
                    if near.is_some() || !self.names.may_be_unread(scope.module, &path.path) {
                        self.diagnostics.push(codes::unknown_name(span, &head, near));
                    }
                }
                unseen_type(format!("{head}{tail}"), span, "its definition is not seen")
            }
        }
    }

    fn resolve_type_arguments(
        &mut self,
        arguments: &Arguments,
        scope: &Scope,
    ) -> Vec<ResolvedType> {
        let Arguments::Angle(list) = arguments else { return Vec::new() };
        list.iter()
            .filter_map(|a| match a {
                GenericArgument::Type(t) => Some(self.resolve(t, scope)),
                _ => None,
            })
            .collect()
    }

    fn resolve_definition(
        &mut self,
        id: DefinitionId,
        head: String,
        arguments: &Arguments,
        span: Span,
        scope: &Scope,
    ) -> ResolvedType {
        let Some(definition) = self.names.tree.definition(id) else {
            return local_type(head, span, "its definition is not seen");
        };
        let generic = match &definition.body {
            Body::Alias(alias) => return self.resolve_alias(id, alias, arguments, span, scope),
            Body::Struct(s) => s.generic,
            Body::Enum(e) => e.generic,
            Body::Union => return local_type(head, span, "a union has no known contents"),
            Body::Trait(_) | Body::TraitAlias => {
                return local_type(head, span, "a trait is not a type");
            }
        };
        let tail = self.format_arguments(arguments, scope);
        let text = format!("{head}{tail}");
        if generic {
            let reason = format!("`{}` is generic", definition.name);
            return local_type(text, span, &reason);
        }
        if let Some(path) = self.marks.encoded.get(&id) {
            let ty = Type::Named(path.clone());
            let shape = TypeShape::Definition(id);
            return ResolvedType { ty, text, span, local: None, owned: true, shape };
        }
        let reason = format!("`{}` does not derive `Data`", definition.name);
        ResolvedType {
            shape: TypeShape::Definition(id),
            owned: true,
            ..local_type(text, span, &reason)
        }
    }

    fn resolve_alias(
        &mut self,
        id: DefinitionId,
        alias: &AliasItem,
        arguments: &Arguments,
        span: Span,
        scope: &Scope,
    ) -> ResolvedType {
        let Some(definition) = self.names.tree.definition(id) else {
            return local_type(String::new(), span, "its definition is not seen");
        };
        if scope.aliases >= MAX_ALIASES {
            self.diagnostics.push(codes::alias_cycle(definition.span, &definition.name));
            return local_type(definition.path.clone(), span, "the alias refers to itself");
        }
        self.expansions += 1;
        if self.expansions > MAX_EXPANSIONS {
            if self.expansions == MAX_EXPANSIONS + 1 {
                self.diagnostics.push(codes::nested_too_deep(span, MAX_EXPANSIONS));
            }
            return local_type(definition.path.clone(), span, "it is too large when written out");
        }
        let given = self.resolve_type_arguments(arguments, scope);
        let mut inner = Scope {
            module: definition.module,
            file: definition.file,
            generics: BTreeMap::new(),
            aliases: scope.aliases + 1,
        };
        let mut given = given.into_iter();
        for (name, default) in &alias.parameters {
            let argument = match (given.next(), default) {
                (Some(argument), _) => argument,
                (None, Some(default)) => self.resolve(default, &inner),
                (None, None) => continue,
            };
            inner.generics.insert(name.clone(), argument);
        }
        let resolved_type = self.resolve(&alias.ty, &inner);
        ResolvedType { span, ..resolved_type }
    }

    fn resolve_external(
        &mut self,
        full: &str,
        head: &str,
        arguments: &Arguments,
        span: Span,
        scope: &Scope,
    ) -> ResolvedType {
        let Some(kind) = encodable_type(full) else {
            let tail = self.format_arguments(arguments, scope);
            return unencoded_type(full, head, &tail, span);
        };
        let parts = self.resolve_type_arguments(arguments, scope);
        let texts: Vec<&str> = parts.iter().map(|p| p.text.as_str()).collect();
        let text = match (texts.as_slice(), arguments) {
            ([], _) => head.to_owned(),
            (list, _) => format!("{head}<{}>", list.join(", ")),
        };
        let reason = first_reason(&parts);
        let owned = parts.iter().all(|p| p.owned);
        let mut parts = parts.into_iter();
        let (first, second) = (parts.next(), parts.next());
        let extra = parts.next().is_some();
        let plain = |ty: Type| ResolvedType {
            ty,
            text: text.clone(),
            span,
            local: reason.clone(),
            owned,
            shape: TypeShape::Plain,
        };
        match (kind, first, second) {
            (EncodableType::String, None, _) => plain(Type::String),
            (EncodableType::Bytes, None, _) => plain(Type::Bytes),
            (EncodableType::Duration, None, _) => plain(Type::Duration),
            (EncodableType::SystemTime, None, _) => plain(Type::SystemTime),
            (EncodableType::NaiveDate, None, _) => plain(Type::NaiveDate),
            (EncodableType::NaiveTime, None, _) => plain(Type::NaiveTime),
            (EncodableType::NaiveDateTime, None, _) => plain(Type::NaiveDateTime),
            (EncodableType::Uuid, None, _) => plain(Type::Uuid),
            (EncodableType::Decimal, None, _) => plain(Type::Decimal),
            (EncodableType::DateTime, Some(zone), None) if is_utc(&zone) => {
                ResolvedType { local: None, owned: true, ..plain(Type::DateTimeUtc) }
            }
            (EncodableType::Option, Some(inner), None) => {
                let shape = container_shape(inner.shape, TypeShape::Optional);
                ResolvedType { shape, ..plain(Type::Option(Box::new(inner.ty))) }
            }
            (EncodableType::Vec, Some(inner), None) => {
                let ty = match inner.ty {
                    Type::U8 => Type::Bytes,
                    ty => Type::Vec(Box::new(ty)),
                };
                let shape = container_shape(inner.shape, TypeShape::List);
                ResolvedType { shape, ..plain(ty) }
            }
            (EncodableType::Deque, Some(inner), None) => plain(Type::Vec(Box::new(inner.ty))),
            (EncodableType::Box, Some(inner), None) => plain(Type::Box(Box::new(inner.ty))),
            (EncodableType::Set | EncodableType::Map, Some(key), _) if holds_float(&key.ty) => {
                let reason = "a float cannot be a key: NaN is not equal to itself";
                local_type(text.clone(), span, reason)
            }
            (EncodableType::Set, Some(inner), None) => plain(Type::Set(Box::new(inner.ty))),
            (EncodableType::Map, Some(key), Some(value)) if !extra => {
                plain(Type::Map(Box::new(key.ty), Box::new(value.ty)))
            }
            (EncodableType::Result, Some(ok), Some(error)) => {
                let reason = "`Result` is only encoded as what a method returns";
                let shape = TypeShape::Result(Box::new((ok, error)));
                ResolvedType { shape, ..local_type(text.clone(), span, reason) }
            }
            (EncodableType::Arc, Some(inner), None) => {
                let reason = "`Arc` is memory that this process shares";
                let owned = inner.owned;
                ResolvedType {
                    owned,
                    shape: arc_shape(inner),
                    ..local_type(text.clone(), span, reason)
                }
            }
            (EncodableType::DateTime, ..) => {
                local_type(text.clone(), span, "only `DateTime<Utc>` is encoded")
            }
            _ => local_type(text.clone(), span, "with these arguments it has no encoding"),
        }
    }
}

/// Says why a crate that a Cargo.toml mentions is not linked, and what to write there.
pub(crate) fn explain_unlinked(
    names: &Names<'_>,
    krate: CrateId,
    name: &str,
    span: Span,
) -> Option<Diagnostic> {
    let krate = names.tree.krate(krate)?;
    let unlinked = krate.unlinked.get(name)?;
    let (why, help) = match unlinked.why {
        UnlinkedReason::TestsOnly => {
            ("it is a dependency of tests alone", "move it to `[dependencies]`".to_owned())
        }
        UnlinkedReason::BuildScriptOnly => (
            "it is a dependency of the build script alone",
            "move it to `[dependencies]`".to_owned(),
        ),
        UnlinkedReason::OtherTarget => (
            "it is a dependency of targets other than Linux",
            "move it to `[dependencies]`, or to `[target.'cfg(unix)'.dependencies]`".to_owned(),
        ),
        UnlinkedReason::Optional => (
            "it is optional, and no feature that is on turns it on",
            format!(
                "remove `optional`, or write `default = [\"dep:{name}\"]` below `[features]` of `{}`",
                krate.package
            ),
        ),
    };
    Some(codes::crate_not_linked(span, unlinked.span, name, why, &help))
}

/// The shape of a container; `of` makes the one for wired instances.
fn container_shape(shape: TypeShape, of: fn(InterfaceUse) -> TypeShape) -> TypeShape {
    match shape {
        TypeShape::Interface(interface) => of(interface),
        foreign @ TypeShape::Foreign(..) => foreign,
        _ => TypeShape::Plain,
    }
}

/// The shape of `Arc<inner>`.
fn arc_shape(inner: ResolvedType) -> TypeShape {
    match inner.shape {
        TypeShape::Dyn(Ok(interface)) => TypeShape::Interface(interface),
        TypeShape::Dyn(Err(unwired)) => TypeShape::Foreign(inner.text, unwired),
        _ => TypeShape::Plain,
    }
}

fn is_utc(zone: &ResolvedType) -> bool {
    encodable_type(&zone.text) == Some(EncodableType::Utc)
}

fn first_reason(parts: &[ResolvedType]) -> Option<LocalReason> {
    parts.iter().find_map(|p| p.local.clone())
}

/// Whether values of a type contain floats, named types aside.
fn holds_float(ty: &Type) -> bool {
    match ty {
        Type::F32 | Type::F64 => true,
        Type::Option(inner)
        | Type::Box(inner)
        | Type::Vec(inner)
        | Type::Array(inner, _)
        | Type::Set(inner) => holds_float(inner),
        Type::Map(key, value) => holds_float(key) || holds_float(value),
        Type::Tuple(types) => types.iter().any(holds_float),
        _ => false,
    }
}

/// A type of a crate that is not read, or of Rust's own, that is not known to have an encoding.
fn unencoded_type(full: &str, head: &str, tail: &str, span: Span) -> ResolvedType {
    let (text, reason) = (format!("{head}{tail}"), format!("`{head}` has no encoding"));
    if full.starts_with("std::") {
        local_type(text, span, &reason)
    } else {
        unseen_type(text, span, &reason)
    }
}

/// A type whose definition is not known, so that it may be encoded all the same.
fn unseen_type(text: String, span: Span, reason: &str) -> ResolvedType {
    let resolved = local_type(text, span, reason);
    let local = resolved.local.map(|local| LocalReason { unseen: true, ..local });
    ResolvedType { local, ..resolved }
}

fn local_type(text: String, span: Span, reason: &str) -> ResolvedType {
    ResolvedType {
        ty: Type::Local { text: text.clone(), reason: reason.to_owned() },
        text,
        span,
        local: Some(LocalReason { text: reason.to_owned(), span, unseen: false }),
        owned: false,
        shape: TypeShape::Plain,
    }
}

/// The short form of a name of the prelude.
fn short_name(path: &str) -> Option<&str> {
    match path {
        "std::option::Option"
        | "std::result::Result"
        | "std::vec::Vec"
        | "std::string::String"
        | "std::boxed::Box"
        | "std::marker::Send"
        | "std::marker::Sync"
        | "std::marker::Unpin"
        | "std::marker::Sized"
        | "std::ops::Fn"
        | "std::ops::FnMut"
        | "std::ops::FnOnce" => path.rsplit("::").next(),
        _ => None,
    }
}

fn is_stream_name(name: &str) -> bool {
    matches!(
        name,
        "Stream"
            | "BoxStream"
            | "LocalBoxStream"
            | "ReceiverStream"
            | "Streaming"
            | "AsyncIterator"
    )
}

fn resolve_primitive(name: &str, span: Span) -> ResolvedType {
    let ty = match name {
        "bool" => Type::Bool,
        "char" => Type::Char,
        "u8" => Type::U8,
        "u16" => Type::U16,
        "u32" => Type::U32,
        "u64" => Type::U64,
        "u128" => Type::U128,
        "i8" => Type::I8,
        "i16" => Type::I16,
        "i32" => Type::I32,
        "i64" => Type::I64,
        "i128" => Type::I128,
        "f32" => Type::F32,
        "f64" => Type::F64,
        "str" => {
            let reason = "`str` has no size of its own: use `String`";
            return ResolvedType { owned: true, ..local_type(name.to_owned(), span, reason) };
        }
        _ => {
            let wide = if name == "usize" { "u64" } else { "i64" };
            let reason = format!("`{name}` has another size on other machines: use `{wide}`");
            return ResolvedType { owned: true, ..local_type(name.to_owned(), span, &reason) };
        }
    };
    ResolvedType {
        ty,
        text: name.to_owned(),
        span,
        local: None,
        owned: true,
        shape: TypeShape::Plain,
    }
}
