//! Types that derive `Data` or `ServiceError`.

use std::collections::BTreeMap;

use bp_diag::{Diagnostics, FileId, Span, catalog::workflow as codes, nearest};

use super::Context;
use super::attributes::derives;
use crate::STATUS_NAMES;
use crate::error_code::error_code;
use crate::model::{
    FieldModel, LocalReason, StatusModel, Type, TypeKind, TypeModel, VariantModel, VariantShape,
};
use crate::resolve_type::{Scope, TypeResolver};
use crate::source::{Body, Field, Fields, Status, Variant};
use crate::tree::{Definition, DefinitionId};

/// Reports a definition that no other crate can name.
pub(super) fn report_unreachable(
    context: &Context<'_>,
    id: DefinitionId,
    what: &str,
    diagnostics: &mut Diagnostics,
) {
    if let (None, Some(definition)) =
        (context.names.reachable(id), context.names.tree.definition(id))
    {
        diagnostics.push(codes::unreachable(
            definition.span,
            definition.span,
            what,
            &definition.path,
        ));
    }
}

/// Reads every encoded type.
pub(super) fn read(
    context: &Context<'_>,
    diagnostics: &mut Diagnostics,
) -> BTreeMap<String, TypeModel> {
    let encoded: Vec<(DefinitionId, &String)> =
        context.marks.encoded.iter().map(|(id, path)| (*id, path)).collect();
    let types = context.read_each(&encoded, diagnostics, |(id, path), diagnostics| {
        read_type(context, *id, path, diagnostics)
    });
    types.into_iter().map(|ty| (ty.path.clone(), ty)).collect()
}

fn read_type(
    context: &Context<'_>,
    id: DefinitionId,
    path: &str,
    diagnostics: &mut Diagnostics,
) -> Option<TypeModel> {
    let definition = context.names.tree.definition(id)?;
    let mut reader = TypeReader {
        definition,
        scope: Scope::new(definition.module, definition.file),
        resolver: TypeResolver::new(context.names, context.marks, false),
        local: None,
    };
    let (paths, docs, generic) = match &definition.body {
        Body::Struct(s) => (&s.derives, &s.docs, s.generic),
        Body::Enum(e) => (&e.derives, &e.docs, e.generic),
        _ => return None,
    };
    // Each use of a generic type is reported; the type itself has no numbers.
    if generic {
        return None;
    }
    let derives_error = derives(context.names, definition.module, paths, "ServiceError");
    let kind = match &definition.body {
        Body::Struct(s) => {
            if derives_error {
                diagnostics.push(codes::error_not_enum(definition.span, &definition.name));
            }
            match &s.fields {
                Fields::Named(fields) => TypeKind::Struct(reader.read_fields(fields, diagnostics)),
                Fields::Tuple(fields) => {
                    TypeKind::TupleStruct(reader.read_fields(fields, diagnostics))
                }
                Fields::Unit => TypeKind::Unit,
            }
        }
        Body::Enum(e) => {
            TypeKind::Enum(reader.read_variants(&e.variants, derives_error, diagnostics))
        }
        _ => return None,
    };
    let infra = match &kind {
        TypeKind::Enum(variants) => variants.iter().find(|v| v.infra).map(|v| v.name.clone()),
        _ => None,
    };
    let TypeReader { local, resolver, .. } = reader;
    diagnostics.append(resolver.diagnostics);
    Some(TypeModel {
        path: path.to_owned(),
        reachable: context.names.reachable(id).map(str::to_owned),
        name: definition.name.clone(),
        kind,
        derives_data: derives(context.names, definition.module, paths, "Data"),
        derives_error,
        infra,
        local,
        docs: docs.clone(),
        span: definition.span,
    })
}

struct TypeReader<'a> {
    definition: &'a Definition,
    scope: Scope,
    resolver: TypeResolver<'a>,
    local: Option<LocalReason>,
}

impl TypeReader<'_> {
    fn file(&self) -> FileId {
        self.definition.file
    }

    fn read_fields(&mut self, fields: &[Field], diagnostics: &mut Diagnostics) -> Vec<FieldModel> {
        let mut models = Vec::new();
        for field in fields {
            if let Some(place) = field.condition {
                let what = format!("field `{}::{}`", self.definition.name, field.name);
                diagnostics.push(codes::conditional(place.of(self.file()), &what));
            }
            let resolved = self.resolver.resolve(&field.ty, &self.scope);
            if self.local.is_none() {
                self.local.clone_from(&resolved.local);
            }
            models.push(FieldModel {
                name: field.name.clone(),
                ty: resolved.into_use(),
                docs: field.docs.clone(),
                span: field.place.of(self.file()),
            });
        }
        models
    }

    fn read_variants(
        &mut self,
        variants: &[Variant],
        error: bool,
        diagnostics: &mut Diagnostics,
    ) -> Vec<VariantModel> {
        let mut models: Vec<VariantModel> = Vec::new();
        // Clients tell errors apart by code; an infrastructure failure has codes of its own.
        let mut taken: BTreeMap<String, (String, Span)> = BTreeMap::new();
        for variant in variants {
            if let Some(place) = variant.condition {
                let what = format!("variant `{}::{}`", self.definition.name, variant.name);
                diagnostics.push(codes::conditional(place.of(self.file()), &what));
            }
            let model = self.read_variant(variant, error, diagnostics);
            if model.infra {
                if let Some(first) = models.iter().find(|m| m.infra) {
                    let name = &self.definition.name;
                    diagnostics.push(codes::infra_count(model.span, Some(first.span), name));
                }
                let holds = match &model.shape {
                    VariantShape::Tuple(fields) => match fields.as_slice() {
                        [one] => one.ty.text.rsplit("::").next() == Some("Infra"),
                        _ => false,
                    },
                    _ => false,
                };
                if !holds {
                    diagnostics.push(codes::infra_shape(model.span, &model.name));
                }
            } else if error && variant.status.is_none() {
                diagnostics.push(codes::status_missing(model.span, &model.name));
            }
            if error && !model.infra {
                let code = error_code(&model.name);
                match taken.get(&code) {
                    // rustc reports a variant that is declared twice.
                    Some((other, _)) if *other == model.name => {}
                    Some((other, span)) => diagnostics.push(codes::error_code_taken(
                        &code,
                        (other, *span),
                        (&model.name, model.span),
                    )),
                    None => drop(taken.insert(code, (model.name.clone(), model.span))),
                }
            }
            models.push(model);
        }
        if error && !models.iter().any(|m| m.infra) {
            let definition = self.definition;
            diagnostics.push(codes::infra_count(definition.span, None, &definition.name));
        }
        models
    }

    fn read_variant(
        &mut self,
        variant: &Variant,
        error: bool,
        diagnostics: &mut Diagnostics,
    ) -> VariantModel {
        let infra = error && variant.infra;
        let before = self.local.clone();
        let shape = match &variant.fields {
            Fields::Unit => VariantShape::Unit,
            Fields::Tuple(fields) => VariantShape::Tuple(self.read_fields(fields, diagnostics)),
            Fields::Named(fields) => VariantShape::Struct(self.read_fields(fields, diagnostics)),
        };
        if infra {
            // It is made by the runtime on the caller's side, never sent.
            self.local = before;
        }
        VariantModel {
            name: variant.name.strip_prefix("r#").unwrap_or(&variant.name).to_owned(),
            shape,
            status: if error { read_status(self.file(), variant, diagnostics) } else { None },
            infra,
            docs: variant.docs.clone(),
            span: variant.place.of(self.file()),
        }
    }
}

fn read_status(
    file: FileId,
    variant: &Variant,
    diagnostics: &mut Diagnostics,
) -> Option<StatusModel> {
    let (code, span, message) = match variant.status.as_ref()? {
        Status::Given { code, place, message } => (code.clone(), place.of(file), message.clone()),
        Status::Malformed(place) => {
            diagnostics.push(codes::status_shape(place.of(file)));
            return None;
        }
    };
    if !STATUS_NAMES.contains(&code.as_str()) {
        let near = nearest(&code, STATUS_NAMES.iter().copied());
        diagnostics.push(codes::status_unknown(span, &code, near, STATUS_NAMES));
        return None;
    }
    Some(StatusModel { code, message, span })
}

/// Calls `visit` for every named type inside a type.
pub(crate) fn visit_named<'t>(ty: &'t Type, visit: &mut dyn FnMut(&'t str)) {
    match ty {
        Type::Named(path) => visit(path),
        Type::Option(t) | Type::Box(t) | Type::Vec(t) | Type::Array(t, _) | Type::Set(t) => {
            visit_named(t, visit);
        }
        Type::Map(k, v) => {
            visit_named(k, visit);
            visit_named(v, visit);
        }
        Type::Tuple(list) => list.iter().for_each(|t| visit_named(t, visit)),
        _ => {}
    }
}
