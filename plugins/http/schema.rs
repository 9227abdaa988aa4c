//! JSON Schemas (2020-12, as OpenAPI 3.1 has them) of types, in step with the table of `bp-data`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use bp_plugin::Plan;
use bp_plugin::plan::{FieldPlan, KnownType, Shape, TypeBody, TypePlan, VariantPlan};
use serde_json::{Map, Value, json};

/// The schemas of a document, collected as types are named.
#[derive(Debug)]
pub(crate) struct Schemas<'a> {
    plan: &'a Plan,
    names: BTreeMap<String, String>,
    definitions: BTreeMap<String, Value>,
}

impl<'a> Schemas<'a> {
    pub(crate) fn new(plan: &'a Plan) -> Self {
        Self { plan, names: name_types(plan), definitions: BTreeMap::new() }
    }

    /// The collected definitions, by name.
    pub(crate) fn into_definitions(self) -> BTreeMap<String, Value> {
        self.definitions
    }

    /// The schema of a type.
    pub(crate) fn build_schema(&mut self, ty: &TypePlan) -> Value {
        match ty {
            TypePlan::Bool => json!({ "type": "boolean" }),
            TypePlan::Char => json!({ "type": "string", "minLength": 1, "maxLength": 1 }),
            TypePlan::Integer { signed, bits: bits @ ..=32 } => {
                let (min, max) = if *signed {
                    (-(1_i64 << (bits - 1)), (1_i64 << (bits - 1)) - 1)
                } else {
                    (0, (1_i64 << bits) - 1)
                };
                json!({ "type": "integer", "minimum": min, "maximum": max })
            }
            TypePlan::Integer { signed, .. } => {
                let pattern = if *signed { "^-?[0-9]+$" } else { "^[0-9]+$" };
                json!({ "type": ["string", "integer"], "pattern": pattern })
            }
            TypePlan::Float { .. } => json!({
                "oneOf": [{ "type": "number" }, { "enum": ["NaN", "Infinity", "-Infinity"] }],
            }),
            TypePlan::String => json!({ "type": "string" }),
            TypePlan::Bytes => json!({ "type": "string", "contentEncoding": "base64" }),
            TypePlan::Unit => json!({ "type": "null" }),
            TypePlan::Option(inner) => {
                let inner_schema = self.build_schema(inner);
                let some = if self.is_nullable(inner) {
                    json!({
                        "type": "object",
                        "properties": { "some": inner_schema },
                        "required": ["some"],
                    })
                } else {
                    inner_schema
                };
                json!({ "anyOf": [some, { "type": "null" }] })
            }
            TypePlan::List(inner) => json!({ "type": "array", "items": self.build_schema(inner) }),
            TypePlan::Set(inner) => {
                json!({ "type": "array", "items": self.build_schema(inner), "uniqueItems": true })
            }
            TypePlan::Array(inner, length) => json!({
                "type": "array", "items": self.build_schema(inner), "minItems": length, "maxItems": length,
            }),
            TypePlan::Map(key, value) if **key == TypePlan::String => {
                json!({ "type": "object", "additionalProperties": self.build_schema(value) })
            }
            TypePlan::Map(key, value) => {
                let entry = self.build_tuple([&**key, &**value]);
                json!({ "type": "array", "items": entry })
            }
            TypePlan::Tuple(items) => self.build_tuple(items),
            TypePlan::Named(path) => self.define_named(path),
            TypePlan::Duration => json!({ "type": "string", "pattern": "^-?[0-9]+(\\.[0-9]+)?s$" }),
            TypePlan::SystemTime => json!({ "type": "string", "format": "date-time" }),
            TypePlan::Known(known) => match known {
                KnownType::Date => json!({ "type": "string", "format": "date" }),
                KnownType::Instant => json!({ "type": "string", "format": "date-time" }),
                KnownType::Uuid => json!({ "type": "string", "format": "uuid" }),
                KnownType::Decimal => {
                    json!({ "type": "string", "pattern": "^-?[0-9]+(\\.[0-9]+)?$" })
                }
                KnownType::Time | KnownType::DateTime => json!({ "type": "string" }),
            },
            // A method with such a type is not offered.
            TypePlan::Opaque(_) => json!({}),
        }
    }

    fn build_tuple<'t>(&mut self, items: impl IntoIterator<Item = &'t TypePlan>) -> Value {
        let items: Vec<Value> = items.into_iter().map(|item| self.build_schema(item)).collect();
        json!({ "type": "array", "prefixItems": items })
    }

    /// A reference to a type that the workflow defines, which is defined on the first use.
    pub(crate) fn define_named(&mut self, path: &str) -> Value {
        let plan = self.plan;
        let (Some(name), Some(definition)) = (self.names.get(path).cloned(), plan.types.get(path))
        else {
            return json!({});
        };
        if !self.definitions.contains_key(&name) {
            // Inserted before its content is built, so that a recursive type ends here.
            self.definitions.insert(name.clone(), Value::Null);
            let mut schema = match &definition.body {
                TypeBody::Struct { shape, fields } => self.build_content(*shape, fields),
                TypeBody::Enum { variants } => self.build_choice(variants),
            };
            if let Some(object) = schema.as_object_mut() {
                if !definition.doc.is_empty() {
                    object.insert("description".into(), definition.doc.clone().into());
                }
                if !path.is_ascii() {
                    object.insert("title".into(), last_segment(path).into());
                }
            }
            self.definitions.insert(name.clone(), schema);
        }
        json!({ "$ref": format!("#/components/schemas/{name}") })
    }

    fn build_content(&mut self, shape: Shape, fields: &[FieldPlan]) -> Value {
        match (shape, fields) {
            (Shape::Unit, _) => json!({ "type": "null" }),
            (Shape::Tuple, [only]) => self.build_schema(&only.ty),
            (Shape::Tuple, fields) => self.build_tuple(fields.iter().map(|field| &field.ty)),
            (Shape::Named, fields) => {
                self.build_object(fields.iter().map(|f| (f.name.as_str(), &f.ty, f.doc.as_str())))
            }
        }
    }

    /// An object; nothing in it is required, because a missing member is its type's empty value.
    pub(crate) fn build_object<'f>(
        &mut self,
        members: impl IntoIterator<Item = (&'f str, &'f TypePlan, &'f str)>,
    ) -> Value {
        let mut properties = Map::new();
        for (name, ty, doc) in members {
            let mut schema = self.build_schema(ty);
            if let Some(object) = schema.as_object_mut().filter(|_| !doc.is_empty()) {
                object.insert("description".into(), doc.into());
            }
            properties.insert(name.to_owned(), schema);
        }
        json!({ "type": "object", "properties": properties })
    }

    fn build_choice(&mut self, variants: &[VariantPlan]) -> Value {
        let (bare, full): (Vec<_>, Vec<_>) = variants.iter().partition(|v| v.shape == Shape::Unit);
        let mut choices = Vec::new();
        if !bare.is_empty() {
            let names: Vec<&str> = bare.iter().map(|v| v.name.as_str()).collect();
            choices.push(json!({ "type": "string", "enum": names }));
        }
        for variant in full {
            let content = self.build_content(variant.shape, &variant.fields);
            let properties: Map<String, Value> =
                std::iter::once((variant.name.clone(), content)).collect();
            choices.push(json!({
                "type": "object",
                "properties": properties,
                "required": [variant.name],
                "additionalProperties": false,
            }));
        }
        match choices.as_slice() {
            // Nothing is a value of an enum without variants.
            [] => json!({ "not": {} }),
            [only] => only.clone(),
            _ => json!({ "oneOf": choices }),
        }
    }

    /// Whether a value of the type may be `null`, so that an option around it says `{"some": …}`.
    fn is_nullable(&self, ty: &TypePlan) -> bool {
        let mut seen = BTreeSet::new();
        let mut ty = ty;
        loop {
            ty = match ty {
                TypePlan::Unit | TypePlan::Option(_) => return true,
                TypePlan::Named(path) if seen.insert(path) => match self.plan.types.get(path) {
                    Some(definition) => match &definition.body {
                        TypeBody::Struct { shape: Shape::Unit, .. } => return true,
                        TypeBody::Struct { shape: Shape::Tuple, fields } => match fields.as_slice()
                        {
                            [only] => &only.ty,
                            _ => return false,
                        },
                        _ => return false,
                    },
                    None => return false,
                },
                _ => return false,
            };
        }
    }
}

/// Names for types: the last segment of the path, or all of it where two share that.
fn name_types(plan: &Plan) -> BTreeMap<String, String> {
    let mut count: BTreeMap<&str, usize> = BTreeMap::new();
    for path in plan.types.keys() {
        *count.entry(last_segment(path)).or_default() += 1;
    }
    let name = |path: &String| {
        let short = last_segment(path);
        if count.get(short) == Some(&1) {
            escape_name(short)
        } else {
            escape_name(&path.replace("::", "."))
        }
    };
    plan.types.keys().map(|path| (path.clone(), name(path))).collect()
}

fn last_segment(path: &str) -> &str {
    path.rsplit("::").next().unwrap_or(path)
}

/// A name as a document can hold it: `Größe` → `Gr-f6--df-e`. No name in Rust has a `-`, so two stay two.
fn escape_name(name: &str) -> String {
    let mut key = String::with_capacity(name.len());
    for c in name.chars() {
        if c.is_ascii() {
            key.push(c);
        } else {
            let _ = write!(key, "-{:x}-", u32::from(c));
        }
    }
    key
}
