//! Types that derive `Data` or `ServiceError`.

use std::collections::BTreeMap;

use bp_diag::{Diagnostics, FileId, catalog::workflow as codes, nearest};
use syn::{Fields, Item, ItemEnum, Variant};

use super::Context;
use super::attributes::derives;
use crate::STATUS_NAMES;
use crate::lower::{Lowering, Scope};
use crate::model::{
    FieldModel, LocalReason, StatusModel, Type, TypeKind, TypeModel, VariantModel, VariantShape,
};
use crate::tree::{
    Condition, Definition, DefinitionId, condition, docs, ident_span, plain, span_of,
};

/// Reports a definition that no other crate can name.
pub(super) fn visible_problem(
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
    let mut types = BTreeMap::new();
    for (id, path) in &context.marks.encoded {
        let Some(definition) = context.names.tree.definition(*id) else { continue };
        let mut reader = Reader {
            definition,
            scope: Scope::new(definition.module, definition.file),
            lowering: Lowering::new(context.names, context.marks, false),
            local: None,
        };
        let (attributes, generics) = match &*definition.item {
            Item::Struct(s) => (&s.attrs, &s.generics),
            Item::Enum(e) => (&e.attrs, &e.generics),
            _ => continue,
        };
        // What uses a generic type says so; by itself it has no numbers.
        if !generics.params.is_empty() {
            continue;
        }
        let derives_error = derives(context.names, definition.module, attributes, "ServiceError");
        let kind = match &*definition.item {
            Item::Struct(s) => {
                if derives_error {
                    diagnostics.push(codes::error_not_enum(definition.span, &definition.name));
                }
                match &s.fields {
                    Fields::Named(_) => TypeKind::Struct(reader.fields(&s.fields, diagnostics)),
                    Fields::Unnamed(_) => {
                        TypeKind::TupleStruct(reader.fields(&s.fields, diagnostics))
                    }
                    Fields::Unit => TypeKind::Unit,
                }
            }
            Item::Enum(e) => TypeKind::Enum(reader.variants(e, derives_error, diagnostics)),
            _ => continue,
        };
        let infra = match &kind {
            TypeKind::Enum(variants) => variants.iter().find(|v| v.infra).map(|v| v.name.clone()),
            _ => None,
        };
        let Reader { local, lowering, .. } = reader;
        diagnostics.append(lowering.diagnostics);
        let model = TypeModel {
            path: path.clone(),
            reachable: context.names.reachable(*id).map(str::to_owned),
            name: definition.name.clone(),
            kind,
            derives_data: derives(context.names, definition.module, attributes, "Data"),
            derives_error,
            infra,
            local,
            docs: docs(attributes),
            span: definition.span,
        };
        types.insert(path.clone(), model);
    }
    types
}

struct Reader<'a> {
    definition: &'a Definition,
    scope: Scope,
    lowering: Lowering<'a>,
    local: Option<LocalReason>,
}

impl Reader<'_> {
    fn file(&self) -> FileId {
        self.definition.file
    }

    fn fields(&mut self, fields: &Fields, diagnostics: &mut Diagnostics) -> Vec<FieldModel> {
        let mut models = Vec::new();
        for (index, field) in fields.iter().enumerate() {
            let name = field.ident.as_ref().map_or_else(|| index.to_string(), plain);
            match condition(self.file(), &field.attrs) {
                Condition::Always => {}
                Condition::Test => continue,
                Condition::Other(span) => {
                    let what = format!("field `{}::{name}`", self.definition.name);
                    diagnostics.push(codes::conditional(span, &what));
                }
            }
            let lowered = self.lowering.ty(&field.ty, &self.scope);
            if self.local.is_none() {
                self.local.clone_from(&lowered.local);
            }
            models.push(FieldModel {
                name,
                ty: lowered.into_use(),
                docs: docs(&field.attrs),
                span: span_of(self.file(), field),
            });
        }
        models
    }

    fn variants(
        &mut self,
        item: &ItemEnum,
        error: bool,
        diagnostics: &mut Diagnostics,
    ) -> Vec<VariantModel> {
        let mut models: Vec<VariantModel> = Vec::new();
        for variant in &item.variants {
            match condition(self.file(), &variant.attrs) {
                Condition::Always => {}
                Condition::Test => continue,
                Condition::Other(span) => {
                    let what = format!("variant `{}::{}`", self.definition.name, variant.ident);
                    diagnostics.push(codes::conditional(span, &what));
                }
            }
            let model = self.variant(variant, error, diagnostics);
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
            } else if error && !has_status(variant) {
                diagnostics.push(codes::status_missing(model.span, &model.name));
            }
            models.push(model);
        }
        if error && !models.iter().any(|m| m.infra) {
            let definition = self.definition;
            diagnostics.push(codes::infra_count(definition.span, None, &definition.name));
        }
        models
    }

    fn variant(
        &mut self,
        variant: &Variant,
        error: bool,
        diagnostics: &mut Diagnostics,
    ) -> VariantModel {
        let infra = error && variant.attrs.iter().any(|a| a.path().is_ident("infra"));
        let before = self.local.clone();
        let fields = self.fields(&variant.fields, diagnostics);
        if infra {
            // It is made by the runtime on the caller's side, never sent.
            self.local = before;
        }
        let shape = match &variant.fields {
            Fields::Unit => VariantShape::Unit,
            Fields::Unnamed(_) => VariantShape::Tuple(fields),
            Fields::Named(_) => VariantShape::Struct(fields),
        };
        VariantModel {
            name: plain(&variant.ident),
            shape,
            status: if error { status(self.file(), variant, diagnostics) } else { None },
            infra,
            docs: docs(&variant.attrs),
            span: ident_span(self.file(), &variant.ident),
        }
    }
}

fn has_status(variant: &Variant) -> bool {
    variant.attrs.iter().any(|a| a.path().is_ident("status"))
}

fn status(file: FileId, variant: &Variant, diagnostics: &mut Diagnostics) -> Option<StatusModel> {
    let attribute = variant.attrs.iter().find(|a| a.path().is_ident("status"))?;
    let parse =
        |input: syn::parse::ParseStream<'_>| -> syn::Result<(syn::Ident, Option<syn::LitStr>)> {
            let code: syn::Ident = input.parse()?;
            let mut message = None;
            if input.parse::<Option<syn::Token![,]>>()?.is_some() && !input.is_empty() {
                message = Some(input.parse()?);
                input.parse::<Option<syn::Token![,]>>()?;
            }
            Ok((code, message))
        };
    let Ok((code, message)) = attribute.parse_args_with(parse) else {
        diagnostics.push(codes::status_shape(span_of(file, attribute)));
        return None;
    };
    let span = ident_span(file, &code);
    let code = code.to_string();
    if !STATUS_NAMES.contains(&code.as_str()) {
        let near = nearest(&code, STATUS_NAMES.iter().copied());
        diagnostics.push(codes::status_unknown(span, &code, near, STATUS_NAMES));
        return None;
    }
    Some(StatusModel { code, message: message.map(|m| m.value()), span })
}

/// Calls `visit` for every named type inside a type.
pub(crate) fn named<'t>(ty: &'t Type, visit: &mut dyn FnMut(&'t str)) {
    match ty {
        Type::Named(path) => visit(path),
        Type::Option(t) | Type::Box(t) | Type::Vec(t) | Type::Array(t, _) | Type::Set(t) => {
            named(t, visit);
        }
        Type::Map(k, v) => {
            named(k, visit);
            named(v, visit);
        }
        Type::Tuple(list) => list.iter().for_each(|t| named(t, visit)),
        _ => {}
    }
}
