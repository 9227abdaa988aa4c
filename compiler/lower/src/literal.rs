//! Values of constructor parameters, checked against the Rust type.

use bp_plan::{Value, parse_duration};
use bp_plugin::any;
use bp_wiring::{Item, Value as Written};
use bp_workflow::{FieldModel, Type, TypeKind, TypeUse, VariantShape, WorkflowModel};

/// Why a value is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Another type.
    Mismatch {
        /// What is wanted: "a whole number from 0 to 255".
        wanted: String,
        /// A value that fits, as TOML.
        example: String,
    },
    /// No wiring can write the type.
    Unwritable(String),
}

/// Types that cannot be encoded, but that a wiring can write.
const LOCAL: &[&str] =
    &["bp_runtime::Secret", "bp_std::Secret", "isize", "std::path::PathBuf", "usize"];

/// Whether a parameter is read as a value that crossed a process would be, since the runtime has no literal of its type.
pub(crate) fn is_encoded(ty: &TypeUse) -> bool {
    let sequence = ty.text.contains("VecDeque<");
    let other_map = ty.text.contains("HashMap<");
    !mentions(&ty.ty, &|t| matches!(t, Type::Local { .. }))
        && (sequence || other_map || mentions(&ty.ty, &|t| !has_literal(t)))
}

/// Whether the runtime reads such a value without an encoding, as far as its parts are concerned too.
fn has_literal(ty: &Type) -> bool {
    match ty {
        Type::Map(key, _) => **key == Type::String,
        Type::Bool
        | Type::Char
        | Type::String
        | Type::F32
        | Type::F64
        | Type::Duration
        | Type::Option(_)
        | Type::Vec(_)
        | Type::Local { .. } => true,
        ty => range(ty).is_some(),
    }
}

/// Whether a type, or one inside it, is such.
fn mentions(ty: &Type, such: &impl Fn(&Type) -> bool) -> bool {
    such(ty)
        || match ty {
            Type::Option(inner)
            | Type::Box(inner)
            | Type::Vec(inner)
            | Type::Array(inner, _)
            | Type::Set(inner) => mentions(inner, such),
            Type::Map(key, value) => mentions(key, such) || mentions(value, such),
            Type::Tuple(types) => types.iter().any(|t| mentions(t, such)),
            _ => false,
        }
}

/// A value of a parameter, as the constructor will read it.
pub(crate) fn parameter(
    workflow: &WorkflowModel,
    ty: &TypeUse,
    item: &Item,
) -> Result<Value, Fault> {
    // Nothing that a reference could hold would be such a value.
    if let Type::Local { text, .. } = &ty.ty
        && !LOCAL.contains(&text.as_str())
    {
        return Err(Fault::Unwritable(text.clone()));
    }
    let value = read(workflow, &ty.ty, item)?;
    Ok(if is_encoded(ty) { encoded(value) } else { value })
}

/// Times are encoded in seconds.
fn encoded(value: Value) -> Value {
    match value {
        Value::Duration(time) => {
            Value::Text(format!("{}.{:09}s", time.as_secs(), time.subsec_nanos()))
        }
        Value::List(values) => Value::List(values.into_iter().map(encoded).collect()),
        Value::Table(values) => {
            Value::Table(values.into_iter().map(|(name, value)| (name, encoded(value))).collect())
        }
        value => value,
    }
}

/// Reads a value of a type; a reference fits any type, since its text is known at start-up only.
pub(crate) fn read(workflow: &WorkflowModel, ty: &Type, item: &Item) -> Result<Value, Fault> {
    if let Written::Reference(_) = item.value {
        return Ok(any(item));
    }
    let mismatch = || Fault::Mismatch { wanted: wanted(ty), example: example(ty) };
    let each = |inner: &Type, items: &[Item]| -> Result<Value, Fault> {
        items
            .iter()
            .map(|item| read(workflow, inner, item))
            .collect::<Result<_, _>>()
            .map(Value::List)
    };
    match (ty, &item.value) {
        (Type::Option(inner) | Type::Box(inner), _) => read(workflow, inner, item),
        (Type::Bool, Written::Boolean(b)) => Ok(Value::Bool(*b)),
        (Type::Char, Written::String(text)) if text.chars().count() == 1 => {
            Ok(Value::Text(text.clone()))
        }
        (Type::F32 | Type::F64, Written::Float(n)) => Ok(Value::Float(*n)),
        #[expect(clippy::cast_precision_loss, reason = "what a float parameter would do anyway")]
        (Type::F32 | Type::F64, Written::Integer(n)) => Ok(Value::Float(*n as f64)),
        (Type::Duration, Written::String(text)) => {
            parse_duration(text).map(Value::Duration).ok_or_else(mismatch)
        }
        (
            Type::String
            | Type::NaiveDate
            | Type::NaiveTime
            | Type::NaiveDateTime
            | Type::DateTimeUtc
            | Type::SystemTime
            | Type::Uuid
            | Type::Decimal,
            Written::String(text),
        )
        | (
            Type::NaiveDate | Type::NaiveTime | Type::NaiveDateTime | Type::DateTimeUtc,
            Written::Datetime(text),
        ) => Ok(Value::Text(text.clone())),
        (Type::Vec(inner) | Type::Set(inner), Written::Array(items)) => each(inner, items),
        (Type::Array(inner, length), Written::Array(items)) => {
            if u64::try_from(items.len()).ok() != Some(*length) {
                return Err(mismatch());
            }
            each(inner, items)
        }
        (Type::Tuple(types), Written::Array(items)) if types.len() == items.len() => types
            .iter()
            .zip(items)
            .map(|(ty, item)| read(workflow, ty, item))
            .collect::<Result<_, _>>()
            .map(Value::List),
        (Type::Map(key, inner), Written::Table(table)) if **key == Type::String => table
            .entries
            .iter()
            .map(|(name, item)| Ok((name.clone(), read(workflow, inner, item)?)))
            .collect::<Result<_, _>>()
            .map(Value::Table),
        (Type::Named(path), _) => named(workflow, path, item),
        (Type::Local { text, .. }, written) => local(text, written),
        _ => integer(ty, item).unwrap_or_else(|| Err(mismatch())),
    }
}

/// A whole number within a type's range; `None` for types that are none.
fn integer(ty: &Type, item: &Item) -> Option<Result<Value, Fault>> {
    let (min, max) = range(ty)?;
    let fault = || Fault::Mismatch { wanted: wanted(ty), example: example(ty) };
    Some(match item.value {
        Written::Integer(n) if (min..=max).contains(&n) => {
            i64::try_from(n).map(Value::Integer).map_err(|_| fault())
        }
        _ => Err(fault()),
    })
}

/// The range of a whole number that TOML can write.
fn range(ty: &Type) -> Option<(i128, i128)> {
    Some(match ty {
        Type::U8 => (0, i128::from(u8::MAX)),
        Type::U16 => (0, i128::from(u16::MAX)),
        Type::U32 => (0, i128::from(u32::MAX)),
        Type::I8 => (i128::from(i8::MIN), i128::from(i8::MAX)),
        Type::I16 => (i128::from(i16::MIN), i128::from(i16::MAX)),
        Type::I32 => (i128::from(i32::MIN), i128::from(i32::MAX)),
        // TOML's whole numbers have 64 bits with a sign.
        Type::U64 | Type::U128 => (0, i128::from(i64::MAX)),
        Type::I64 | Type::I128 => (i128::from(i64::MIN), i128::from(i64::MAX)),
        _ => return None,
    })
}

/// `usize` and `isize` cannot cross a process but can be configured.
fn local(text: &str, written: &Written) -> Result<Value, Fault> {
    let fits = match (text, written) {
        ("usize", Written::Integer(n)) => *n >= 0,
        ("isize", Written::Integer(_)) => true,
        ("usize" | "isize", _) => false,
        _ => return Err(Fault::Unwritable(text.to_owned())),
    };
    match written {
        Written::Integer(n) if fits => i64::try_from(*n).map(Value::Integer).map_err(|_| ()),
        _ => Err(()),
    }
    .map_err(|()| Fault::Mismatch { wanted: "a whole number".to_owned(), example: "20".to_owned() })
}

/// A struct as a table, a newtype as its value, an enum as a variant's name or a table of one.
fn named(workflow: &WorkflowModel, path: &str, item: &Item) -> Result<Value, Fault> {
    let short = crate::parameter::short(path);
    let Some(model) = workflow.types.get(path) else {
        return Err(Fault::Unwritable(short.to_owned()));
    };
    match (&model.kind, &item.value) {
        (TypeKind::Struct(fields), Written::Table(_)) => fields_of(workflow, short, fields, item),
        (TypeKind::TupleStruct(fields), _) => match fields.as_slice() {
            [only] => read(workflow, &only.ty.ty, item),
            _ => positional(workflow, short, fields, item),
        },
        (TypeKind::Enum(variants), Written::String(text)) => {
            let unit =
                variants.iter().any(|v| v.name == *text && matches!(v.shape, VariantShape::Unit));
            if unit { Ok(Value::Text(text.clone())) } else { Err(variant_fault(short, variants)) }
        }
        (TypeKind::Enum(variants), Written::Table(table)) => {
            let mut entries = table.entries.iter();
            let (Some((name, inner)), None) = (entries.next(), entries.next()) else {
                return Err(variant_fault(short, variants));
            };
            let Some(variant) = variants.iter().find(|v| v.name == *name) else {
                return Err(variant_fault(short, variants));
            };
            let value = match (&variant.shape, variant.shape.fields()) {
                (VariantShape::Tuple(_), [only]) => read(workflow, &only.ty.ty, inner)?,
                (VariantShape::Tuple(_), fields) => positional(workflow, short, fields, inner)?,
                (VariantShape::Struct(_), fields) => fields_of(workflow, short, fields, inner)?,
                (VariantShape::Unit, _) => return Err(variant_fault(short, variants)),
            };
            Ok(Value::Table(std::iter::once((name.clone(), value)).collect()))
        }
        (TypeKind::Struct(_), _) => Err(Fault::Mismatch {
            wanted: format!("a table with the fields of `{short}`"),
            example: "{ … }".to_owned(),
        }),
        (TypeKind::Enum(variants), _) => Err(variant_fault(short, variants)),
        (TypeKind::Unit, _) => Err(Fault::Unwritable(short.to_owned())),
    }
}

fn fields_of(
    workflow: &WorkflowModel,
    short: &str,
    fields: &[FieldModel],
    item: &Item,
) -> Result<Value, Fault> {
    let names: Vec<String> = fields.iter().map(|f| format!("`{}`", f.name)).collect();
    let fault = || Fault::Mismatch {
        wanted: format!("a table with the fields of `{short}`: {}", names.join(", ")),
        example: "{ … }".to_owned(),
    };
    let table = item.as_table().ok_or_else(fault)?;
    if table.entries.keys().any(|key| !fields.iter().any(|f| f.name == *key)) {
        return Err(fault());
    }
    let mut values = std::collections::BTreeMap::new();
    for field in fields {
        match table.entries.get(&field.name) {
            Some(item) => {
                values.insert(field.name.clone(), read(workflow, &field.ty.ty, item)?);
            }
            None if matches!(field.ty.ty, Type::Option(_)) => {}
            None => return Err(fault()),
        }
    }
    Ok(Value::Table(values))
}

fn positional(
    workflow: &WorkflowModel,
    short: &str,
    fields: &[FieldModel],
    item: &Item,
) -> Result<Value, Fault> {
    let fault = || Fault::Mismatch {
        wanted: format!("a list with the {} fields of `{short}`", fields.len()),
        example: "[…]".to_owned(),
    };
    let items = item.as_array().filter(|i| i.len() == fields.len()).ok_or_else(fault)?;
    fields
        .iter()
        .zip(items)
        .map(|(field, item)| read(workflow, &field.ty.ty, item))
        .collect::<Result<_, _>>()
        .map(Value::List)
}

fn variant_fault(short: &str, variants: &[bp_workflow::VariantModel]) -> Fault {
    let names: Vec<String> = variants.iter().map(|v| format!("`{}`", v.name)).collect();
    let example = variants.first().map_or("…", |v| v.name.as_str());
    Fault::Mismatch {
        wanted: format!("a variant of `{short}`: {}", names.join(", ")),
        example: format!("\"{example}\""),
    }
}

/// What a type wants, in words.
pub(crate) fn wanted(ty: &Type) -> String {
    if let Some((min, max)) = range(ty) {
        return match ty {
            Type::I64 | Type::I128 => "a whole number".to_owned(),
            Type::U64 | Type::U128 => "a whole number from 0".to_owned(),
            _ => format!("a whole number from {min} to {max}"),
        };
    }
    match ty {
        Type::Bool => "`true` or `false`".to_owned(),
        Type::F32 | Type::F64 => "a number".to_owned(),
        Type::Char => "one character".to_owned(),
        Type::Duration => "a duration".to_owned(),
        Type::NaiveDate => "a date".to_owned(),
        Type::NaiveTime => "a time".to_owned(),
        Type::NaiveDateTime | Type::DateTimeUtc | Type::SystemTime => {
            "a date with a time".to_owned()
        }
        Type::Vec(inner) | Type::Set(inner) => format!("a list, each item {}", wanted(inner)),
        Type::Array(inner, length) => format!("a list of {length}, each item {}", wanted(inner)),
        Type::Tuple(types) => format!("a list of {}", types.len()),
        Type::Map(_, inner) => format!("a table, each value {}", wanted(inner)),
        Type::Option(inner) | Type::Box(inner) => wanted(inner),
        Type::Named(path) => format!("a `{}`", crate::parameter::short(path)),
        Type::Local { text, .. } if text == "usize" || text == "isize" => {
            "a whole number".to_owned()
        }
        Type::Local { text, .. } => format!("a `{text}`"),
        _ => "a string".to_owned(),
    }
}

/// A value that fits a type, as TOML.
pub(crate) fn example(ty: &Type) -> String {
    if range(ty).is_some() {
        return "20".to_owned();
    }
    match ty {
        Type::Bool => "true".to_owned(),
        Type::F32 | Type::F64 => "0.5".to_owned(),
        Type::Char => "\"x\"".to_owned(),
        Type::Duration => "\"500ms\"".to_owned(),
        Type::NaiveDate => "\"2026-01-31\"".to_owned(),
        Type::NaiveTime => "\"12:00:00\"".to_owned(),
        Type::NaiveDateTime => "\"2026-01-31T12:00:00\"".to_owned(),
        Type::DateTimeUtc | Type::SystemTime => "\"2026-01-31T12:00:00Z\"".to_owned(),
        Type::Vec(inner) | Type::Set(inner) | Type::Array(inner, _) => {
            format!("[{}]", example(inner))
        }
        Type::Map(_, inner) => format!("{{ name = {} }}", example(inner)),
        Type::Option(inner) | Type::Box(inner) => example(inner),
        Type::Tuple(types) => {
            format!("[{}]", types.iter().map(example).collect::<Vec<_>>().join(", "))
        }
        Type::Local { .. } => "20".to_owned(),
        Type::Named(_) => "…".to_owned(),
        _ => "\"…\"".to_owned(),
    }
}
