//! What the source needs numbers for.

use std::collections::{BTreeMap, BTreeSet};

use bp_diag::Span;

use super::format::{Key, Lock, SectionKind};
use crate::items::{encoded_fields, visit_named};
use crate::model::{
    FieldModel, Type, TypeKind, TypeModel, VariantModel, VariantShape, WorkflowModel,
};

/// A field, variant or argument.
#[derive(Debug, Clone)]
pub(super) struct Member {
    pub(super) name: String,
    /// How it is encoded.
    pub(super) encoding: String,
    pub(super) span: Span,
}

/// The members of one type, variant or method, in the order of declaration.
#[derive(Debug, Clone)]
pub(super) struct RequiredSection {
    pub(super) kind: SectionKind,
    pub(super) span: Span,
    pub(super) members: Vec<Member>,
}

/// Everything that the services in `roots` can send, and what the lock has numbered before and the source still has.
pub(super) fn collect_required(
    model: &WorkflowModel,
    roots: &BTreeSet<String>,
    lock: &Lock,
) -> BTreeMap<Key, RequiredSection> {
    let mut all = BTreeMap::new();
    let mut waiting: Vec<&str> = Vec::new();
    for service in model.services.values() {
        for method in service.methods.iter().filter(|m| m.is_remote()) {
            let key =
                Key { method: true, path: service.path.clone(), member: Some(method.name.clone()) };
            if !roots.contains(&service.path) && !lock.contains_key(&key) {
                continue;
            }
            for ty in
                method.arguments.iter().map(|a| &a.ty).chain([&method.ok]).chain(&method.error)
            {
                visit_named(&ty.ty, &mut |path| waiting.push(path));
            }
            // Without arguments there is nothing to number, unless there were some once, whose numbers stay reserved.
            if method.arguments.is_empty() && !lock.contains_key(&key) {
                continue;
            }
            let members = method
                .arguments
                .iter()
                .map(|a| Member {
                    name: a.name.clone(),
                    encoding: encoding(&a.ty.ty),
                    span: a.span,
                })
                .collect();
            all.insert(
                key,
                RequiredSection { kind: SectionKind::Method, span: method.span, members },
            );
        }
    }
    waiting
        .extend(lock.keys().filter(|k| !k.method && k.member.is_none()).map(|k| k.path.as_str()));
    let mut seen = BTreeSet::new();
    while let Some(path) = waiting.pop() {
        let Some(ty) = model.types.get(path).filter(|t| t.local.is_none()) else { continue };
        if !seen.insert(path) {
            continue;
        }
        for field in encoded_fields(ty) {
            visit_named(&field.ty.ty, &mut |path| waiting.push(path));
        }
        add_sections(ty, &mut all);
    }
    all
}

fn add_sections(ty: &TypeModel, all: &mut BTreeMap<Key, RequiredSection>) {
    let key = Key { method: false, path: ty.path.clone(), member: None };
    let (kind, members) = match &ty.kind {
        TypeKind::Struct(fields) => (SectionKind::Struct, members(fields)),
        TypeKind::TupleStruct(fields) => match fields.len() {
            0 => (SectionKind::Unit, Vec::new()),
            1 => (SectionKind::Newtype, members(fields)),
            _ => (SectionKind::Tuple, members(fields)),
        },
        TypeKind::Unit => (SectionKind::Unit, Vec::new()),
        TypeKind::Enum(variants) => {
            let sent: Vec<&VariantModel> = variants.iter().filter(|v| !v.infra).collect();
            let bare = |v: &&VariantModel| matches!(v.shape, VariantShape::Unit);
            let kind = if ty.derives_error || !sent.iter().all(bare) {
                SectionKind::OneOf
            } else {
                SectionKind::Enum
            };
            for variant in &sent {
                if let Some(fields) = own_fields(variant) {
                    let key = Key { member: Some(variant.name.clone()), ..key.clone() };
                    let members = members(fields);
                    all.insert(
                        key,
                        RequiredSection { kind: SectionKind::OneOf, span: variant.span, members },
                    );
                }
            }
            let members = sent
                .iter()
                .map(|v| Member {
                    name: v.name.clone(),
                    encoding: if kind == SectionKind::Enum { String::new() } else { content(v) },
                    span: v.span,
                })
                .collect();
            (kind, members)
        }
    };
    all.insert(key, RequiredSection { kind, span: ty.span, members });
}

fn members(fields: &[FieldModel]) -> Vec<Member> {
    fields
        .iter()
        .map(|f| Member { name: f.name.clone(), encoding: encoding(&f.ty.ty), span: f.span })
        .collect()
}

/// The fields of a variant that is a message of its own; a single unnamed one is sent as itself.
fn own_fields(variant: &VariantModel) -> Option<&[FieldModel]> {
    match &variant.shape {
        VariantShape::Unit => None,
        VariantShape::Tuple(fields) if fields.len() < 2 => None,
        VariantShape::Tuple(fields) | VariantShape::Struct(fields) => Some(fields),
    }
}

/// How a variant's contents are encoded.
fn content(variant: &VariantModel) -> String {
    match &variant.shape {
        VariantShape::Unit => "()".to_owned(),
        VariantShape::Tuple(fields) => match fields.as_slice() {
            [] => "()".to_owned(),
            [one] => encoding(&one.ty.ty),
            _ => "tuple".to_owned(),
        },
        VariantShape::Struct(_) => "struct".to_owned(),
    }
}

/// A type as far as its bytes are concerned: two types with one text are encoded alike.
fn encoding(ty: &Type) -> String {
    let text = match ty {
        Type::Unit => "()",
        Type::Bool => "bool",
        Type::Char => "char",
        Type::U8 => "u8",
        Type::U16 => "u16",
        Type::U32 => "u32",
        Type::U64 => "u64",
        Type::U128 => "u128",
        Type::I8 => "i8",
        Type::I16 => "i16",
        Type::I32 => "i32",
        Type::I64 => "i64",
        Type::I128 => "i128",
        Type::F32 => "f32",
        Type::F64 => "f64",
        Type::String => "String",
        Type::Bytes => "Bytes",
        Type::Duration => "Duration",
        Type::SystemTime => "SystemTime",
        Type::NaiveDate => "NaiveDate",
        Type::NaiveTime => "NaiveTime",
        Type::NaiveDateTime => "NaiveDateTime",
        Type::DateTimeUtc => "DateTime",
        Type::Uuid => "Uuid",
        Type::Decimal => "Decimal",
        Type::Named(path) => path,
        // Such a type is never sent; its method is not locked.
        Type::Local { text, .. } => text,
        Type::Box(inner) => return encoding(inner),
        Type::Option(inner) => return format!("Option<{}>", encoding(inner)),
        Type::Vec(inner) => return format!("Vec<{}>", encoding(inner)),
        Type::Set(inner) => return format!("Set<{}>", encoding(inner)),
        Type::Array(inner, length) => return format!("[{}; {length}]", encoding(inner)),
        Type::Map(key, value) => return format!("Map<{}, {}>", encoding(key), encoding(value)),
        Type::Tuple(list) => {
            let parts: Vec<String> = list.iter().map(encoding).collect();
            return format!("({})", parts.join(", "));
        }
    };
    text.to_owned()
}
