//! Messages and enums, collected as types are named.

use std::collections::{BTreeMap, BTreeSet};

use bp_plugin::plan::{FieldPlan, Shape, TypeBody, TypeDefPlan, TypePlan, VariantPlan};
use bp_plugin::{NameSource, OutputName, Plan};

use super::{Body, Definition, Field, FieldType, TypeName};
use crate::grpc::names;

/// Collects the definitions that a file needs.
#[derive(Debug)]
pub(super) struct Messages<'a> {
    types: &'a BTreeMap<String, TypeDefPlan>,
    /// Names of the types that the workflow defines, by path.
    names: BTreeMap<&'a str, String>,
    definitions: Vec<Definition<'a>>,
    /// Names of the messages that have no Rust type of their own.
    anonymous: BTreeSet<String>,
    /// Types and errors whose definition is made or under way, which ends recursion.
    seen: BTreeSet<&'a str>,
    errors: BTreeSet<&'a str>,
}

impl<'a> Messages<'a> {
    /// No messages yet, of the plan's types.
    pub(super) fn new(plan: &'a Plan) -> Self {
        Self {
            types: &plan.types,
            names: names::name_types(plan.types.keys().map(String::as_str)),
            definitions: Vec::new(),
            anonymous: BTreeSet::new(),
            seen: BTreeSet::new(),
            errors: BTreeSet::new(),
        }
    }

    pub(super) fn into_definitions(self) -> Vec<Definition<'a>> {
        self.definitions
    }

    /// The message that an application error is encoded in: the error as field 1.
    pub(super) fn define_error(&mut self, path: &'a str) -> String {
        let error = self.define_named(path);
        let name = match &error {
            TypeName::Defined(error) => format!("{error}Detail"),
            TypeName::Scalar(scalar) => format!("{scalar}Detail"),
        };
        if self.errors.insert(path) {
            let ty = FieldType::Single(error);
            let of = NameSource::Own("the field of every error's detail");
            let field = Field { name: "error".into(), ty, number: 1, doc: "", of };
            self.definitions.push(Definition {
                named: OutputName::part(name.clone(), "the detail of", NameSource::Type(path)),
                doc: "".into(),
                body: Body::Message(vec![field]),
            });
        }
        name
    }

    /// How a field of this type is declared.
    pub(super) fn declare_field(&mut self, ty: &'a TypePlan) -> FieldType {
        match ty {
            TypePlan::Option(inner) => FieldType::Optional(self.declare_single(inner)),
            TypePlan::List(inner) | TypePlan::Array(inner, _) | TypePlan::Set(inner) => {
                FieldType::Repeated(self.declare_single(inner))
            }
            TypePlan::Map(key, value) => {
                let (key_type, value_type) = (self.declare_single(key), self.declare_single(value));
                if is_map_key(key) {
                    return FieldType::Map(key_type, value_type);
                }
                let name =
                    format!("EntryOf{}To{}", self.describe_type(key), self.describe_type(value));
                let single = FieldType::Single;
                let fields = [("key", single(key_type)), ("value", single(value_type))];
                FieldType::Repeated(self.define_anonymous(name, "the entry of a map", fields))
            }
            _ => FieldType::Single(self.declare_single(ty)),
        }
    }

    /// A type that stands alone: optional and repeated ones get a message around them.
    fn declare_single(&mut self, ty: &'a TypePlan) -> TypeName {
        let what = match ty {
            TypePlan::Bool => return TypeName::Scalar("bool"),
            TypePlan::Char | TypePlan::Integer { signed: false, bits: ..=32 } => {
                return TypeName::Scalar("uint32");
            }
            TypePlan::Integer { signed: false, bits: 33..=64 } => {
                return TypeName::Scalar("uint64");
            }
            TypePlan::Integer { signed: true, bits: ..=32 } => return TypeName::Scalar("sint32"),
            TypePlan::Integer { signed: true, bits: 33..=64 } => return TypeName::Scalar("sint64"),
            TypePlan::Integer { .. } | TypePlan::Bytes => return TypeName::Scalar("bytes"),
            TypePlan::Float { bits: ..=32 } => return TypeName::Scalar("float"),
            TypePlan::Float { .. } => return TypeName::Scalar("double"),
            TypePlan::String | TypePlan::Known(_) => return TypeName::Scalar("string"),
            TypePlan::Named(path) => return self.define_named(path),
            // A method with an opaque type is not offered over gRPC, so this is never written.
            TypePlan::Unit | TypePlan::Opaque(_) => return self.define_unit(),
            TypePlan::Duration => return self.define_time("Duration", "the message of a duration"),
            TypePlan::SystemTime => {
                return self.define_time("SystemTime", "the message of a point in time");
            }
            TypePlan::Tuple(items) => {
                let fields = items.iter().enumerate();
                let fields: Vec<_> =
                    fields.map(|(i, ty)| (format!("field_{i}"), self.declare_field(ty))).collect();
                let name = self.describe_type(ty);
                return self.define_anonymous(name, "the message of a tuple", fields);
            }
            TypePlan::Option(_) => "the message of an optional value",
            TypePlan::List(_) | TypePlan::Array(..) | TypePlan::Set(_) => "the message of a list",
            TypePlan::Map(..) => "the message of a map",
        };
        let declared = self.declare_field(ty);
        let name = self.describe_type(ty);
        self.define_anonymous(name, what, [("value", declared)])
    }

    fn define_unit(&mut self) -> TypeName {
        self.define_anonymous(
            "Unit".into(),
            "the message without content",
            [] as [(&str, FieldType); 0],
        )
    }

    fn define_time(&mut self, name: &str, what: &'static str) -> TypeName {
        let scalar = |name| FieldType::Single(TypeName::Scalar(name));
        let fields = [("seconds", scalar("sint64")), ("nanos", scalar("uint32"))];
        self.define_anonymous(name.into(), what, fields)
    }

    /// A message without a Rust type of its own: the name says what is in it.
    fn define_anonymous<N: Into<String>>(
        &mut self,
        name: String,
        what: &'static str,
        fields: impl IntoIterator<Item = (N, FieldType)>,
    ) -> TypeName {
        let of = NameSource::Own(what);
        if self.anonymous.insert(name.clone()) {
            let fields = fields.into_iter().zip(1..);
            let fields = fields.map(|((name, ty), number)| Field {
                name: name.into(),
                ty,
                number,
                doc: "",
                of,
            });
            let body = Body::Message(fields.collect());
            let named = OutputName::new(name.clone(), of);
            self.definitions.push(Definition { named, doc: "".into(), body });
        }
        TypeName::Defined(name)
    }

    fn describe_type(&self, ty: &TypePlan) -> String {
        let named = |path: &str| self.names.get(path).cloned().unwrap_or_else(|| "Unit".into());
        names::describe_type(ty, &named)
    }

    /// Names a type that the workflow defines, defining it on the first use.
    fn define_named(&mut self, path: &'a str) -> TypeName {
        let (Some(name), Some(definition)) = (self.names.get(path).cloned(), self.types.get(path))
        else {
            return self.define_unit();
        };
        if self.seen.insert(path) {
            let body = match &definition.body {
                TypeBody::Struct { fields, .. } => {
                    Body::Message(self.build_fields(path, None, fields))
                }
                TypeBody::Enum { variants } if !definition.error && is_plain_enum(variants) => {
                    Body::Enum(build_values(path, &name, variants))
                }
                TypeBody::Enum { variants } => {
                    Body::OneOf(self.build_choices(path, &name, variants))
                }
            };
            let named = OutputName::new(name.clone(), NameSource::Type(path));
            self.definitions.push(Definition { named, doc: (&*definition.doc).into(), body });
        }
        TypeName::Defined(name)
    }

    fn build_fields(
        &mut self,
        owner: &'a str,
        variant: Option<&'a str>,
        fields: &'a [FieldPlan],
    ) -> Vec<Field<'a>> {
        let mut sorted: Vec<&FieldPlan> = fields.iter().collect();
        sorted.sort_by_key(|field| field.number);
        let field = |field: &'a FieldPlan| Field {
            name: names::field_name(&field.name),
            ty: self.declare_field(&field.ty),
            number: field.number,
            doc: &field.doc,
            of: NameSource::Field { owner, variant, field: &field.name },
        };
        sorted.into_iter().map(field).collect()
    }

    /// The variants of an enum with content: one field each.
    fn build_choices(
        &mut self,
        path: &'a str,
        owner: &str,
        variants: &'a [VariantPlan],
    ) -> Vec<Field<'a>> {
        let choice = |variant: &'a VariantPlan| Field {
            name: names::to_snake(&variant.name),
            ty: FieldType::Single(self.define_content(path, owner, variant)),
            number: variant.number,
            doc: &variant.doc,
            of: NameSource::Variant { owner: path, variant: &variant.name },
        };
        sort_by_number(variants).map(choice).collect()
    }

    fn define_content(&mut self, path: &'a str, owner: &str, variant: &'a VariantPlan) -> TypeName {
        match (variant.shape, variant.fields.as_slice()) {
            (Shape::Unit, _) => self.define_unit(),
            (Shape::Tuple, [only]) => self.declare_single(&only.ty),
            (Shape::Tuple | Shape::Named, fields) => {
                let name = format!("{owner}{}", variant.name);
                let body = Body::Message(self.build_fields(path, Some(&variant.name), fields));
                let of = NameSource::Variant { owner: path, variant: &variant.name };
                let named = OutputName::part(name.clone(), "the content of", of);
                self.definitions.push(Definition { named, doc: "".into(), body });
                TypeName::Defined(name)
            }
        }
    }
}

fn sort_by_number(variants: &[VariantPlan]) -> impl Iterator<Item = &VariantPlan> {
    let mut sorted: Vec<&VariantPlan> = variants.iter().collect();
    sorted.sort_by_key(|variant| variant.number);
    sorted.into_iter()
}

/// The values of an enum of bare names.
fn build_values<'a>(path: &'a str, name: &str, variants: &'a [VariantPlan]) -> Vec<Field<'a>> {
    let prefix = names::value_prefix(name);
    let value = |variant: &'a VariantPlan| Field {
        name: format!("{prefix}{}", names::to_screaming(&variant.name)),
        ty: FieldType::Single(TypeName::Scalar("enum")),
        number: variant.number,
        doc: &variant.doc,
        of: NameSource::Variant { owner: path, variant: &variant.name },
    };
    sort_by_number(variants).map(value).collect()
}

/// Whether every variant is a bare name, which a proto enum can hold.
fn is_plain_enum(variants: &[VariantPlan]) -> bool {
    !variants.is_empty() && variants.iter().all(|variant| variant.shape == Shape::Unit)
}

/// Keys that the language of `.proto` allows in a map; on the wire a map is the same as repeated entries.
fn is_map_key(key: &TypePlan) -> bool {
    matches!(
        key,
        TypePlan::Bool
            | TypePlan::Char
            | TypePlan::Integer { bits: ..=64, .. }
            | TypePlan::String
            | TypePlan::Known(_)
    )
}
