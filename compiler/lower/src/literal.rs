//! Values of constructor parameters, checked against the Rust type.

use bp_plan::{Value, parse_duration};
use bp_plugin::any;
use bp_wiring::{Item, Value as Written};
use bp_workflow::{FieldModel, Type, TypeKind, VariantShape, WorkflowModel};

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
        (Type::F32 | Type::F64, Written::Float(n)) if fits(ty, *n) => Ok(Value::Float(*n)),
        #[expect(clippy::cast_precision_loss, reason = "what a float parameter would do anyway")]
        (Type::F32 | Type::F64, Written::Integer(n)) if fits(ty, *n as f64) => {
            Ok(Value::Float(*n as f64))
        }
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
        _ => integer(ty, item).unwrap_or_else(|| match ty {
            Type::Local { text, .. } => Err(Fault::Unwritable(text.clone())),
            _ => Err(mismatch()),
        }),
    }
}

/// Whether a number stays finite in a type.
#[expect(clippy::cast_possible_truncation, reason = "what is cut off is what is asked")]
fn fits(ty: &Type, number: f64) -> bool {
    !number.is_finite() || *ty != Type::F32 || (number as f32).is_finite()
}

/// A whole number within a type's range; `None` for types that are none.
///
/// TOML's own have 64 bits with a sign, so those of wide types may be written in quotes, as the JSON of remote types has them.
fn integer(ty: &Type, item: &Item) -> Option<Result<Value, Fault>> {
    let range = range(ty)?;
    let number = match &item.value {
        Written::Integer(n) => Some(n.to_string()),
        Written::String(text) if range.wide => Some(text.clone()),
        _ => None,
    };
    let value = number.and_then(|text| range.read(&text));
    Some(value.ok_or_else(|| Fault::Mismatch { wanted: wanted(ty), example: example(ty) }))
}

/// The range of a type of whole numbers.
#[derive(Debug, Clone, Copy)]
struct Range {
    min: i128,
    max: u128,
    /// Whether some of it is beyond 32 bits.
    wide: bool,
}

impl Range {
    /// A number in decimal, without detours such as `007`.
    fn read(self, text: &str) -> Option<Value> {
        let fits = match text.parse::<i128>() {
            Ok(n) if n.to_string() == text => {
                n >= self.min && (n < 0 || u128::try_from(n).is_ok_and(|n| n <= self.max))
            }
            Ok(_) => false,
            Err(_) => text.parse::<u128>().is_ok_and(|n| n <= self.max && n.to_string() == text),
        };
        fits.then(|| match text.parse::<i64>() {
            Ok(n) => Value::Integer(n),
            Err(_) => Value::Text(text.to_owned()),
        })
    }
}

fn range(ty: &Type) -> Option<Range> {
    let signed = |min: i128, max: i128| (min, u128::try_from(max).unwrap_or(0), false);
    let (min, max, wide) = match ty {
        Type::U8 => (0, u128::from(u8::MAX), false),
        Type::U16 => (0, u128::from(u16::MAX), false),
        Type::U32 => (0, u128::from(u32::MAX), false),
        Type::U64 => (0, u128::from(u64::MAX), true),
        Type::U128 => (0, u128::MAX, true),
        Type::I8 => signed(i8::MIN.into(), i8::MAX.into()),
        Type::I16 => signed(i16::MIN.into(), i16::MAX.into()),
        Type::I32 => signed(i32::MIN.into(), i32::MAX.into()),
        Type::I64 => (i64::MIN.into(), u128::from(i64::MAX.unsigned_abs()), true),
        Type::I128 => (i128::MIN, i128::MAX.unsigned_abs(), true),
        // These cannot cross a process but can be configured.
        Type::Local { text, .. } if text == "usize" => (0, u128::from(u64::MAX), true),
        Type::Local { text, .. } if text == "isize" => {
            (i64::MIN.into(), u128::from(i64::MAX.unsigned_abs()), true)
        }
        _ => return None,
    };
    Some(Range { min, max, wide })
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
    if let Some(Range { min, max, wide }) = range(ty) {
        let beyond = u128::from(i64::MAX.unsigned_abs());
        let quoted = if wide && max > beyond { ", in quotes where TOML's 64 bits end" } else { "" };
        return format!("a whole number from {min} to {max}{quoted}");
    }
    match ty {
        Type::Bool => "`true` or `false`".to_owned(),
        Type::F32 => format!("a number from {:e} to {:e}", f32::MIN, f32::MAX),
        Type::F64 => "a number".to_owned(),
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
        Type::Local { text, .. } => format!("a `{text}`"),
        _ => "a string".to_owned(),
    }
}

/// A value that fits a type, as TOML.
pub(crate) fn example(ty: &Type) -> String {
    if let Some(range) = range(ty) {
        return if range.max > u128::from(u64::MAX) { "\"20\"" } else { "20" }.to_owned();
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
        Type::Local { .. } | Type::Named(_) => "…".to_owned(),
        _ => "\"…\"".to_owned(),
    }
}
