//! Values of constructor parameters, checked against the Rust type.

use bp_plan::{Value, parse_duration};
use bp_wiring::{Item, Value as Written};
use bp_workflow::Type;

use crate::walk::Why;

/// Reads a value that has no parts.
///
/// # Errors
/// It does not fit.
pub(crate) fn read(ty: &Type, item: &Item) -> Result<Value, Why> {
    match (ty, &item.value) {
        (Type::Bool, Written::Boolean(b)) => Ok(Value::Bool(*b)),
        (Type::Char, Written::String(text)) if text.chars().count() == 1 => {
            Ok(Value::Text(text.clone()))
        }
        (Type::F32 | Type::F64, Written::Float(n)) => Ok(Value::Float(*n)),
        #[expect(clippy::cast_precision_loss, reason = "what a float parameter would do anyway")]
        (Type::F32 | Type::F64, Written::Integer(n)) => Ok(Value::Float(*n as f64)),
        (Type::Duration, Written::String(text)) => {
            parse_duration(text).map(Value::Duration).ok_or_else(|| mismatch(ty))
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
        (Type::Local { text, .. }, written) => local(text, written),
        _ => integer(ty, item).unwrap_or_else(|| Err(mismatch(ty))),
    }
}

/// That a value is of another type than this.
pub(crate) fn mismatch(ty: &Type) -> Why {
    Why::Mismatch { wanted: wanted(ty), example: example(ty) }
}

/// A whole number within a type's range; `None` for types that are none.
fn integer(ty: &Type, item: &Item) -> Option<Result<Value, Why>> {
    let (min, max) = range(ty)?;
    let fault = || mismatch(ty);
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
fn local(text: &str, written: &Written) -> Result<Value, Why> {
    let fits = match (text, written) {
        ("usize", Written::Integer(n)) => *n >= 0,
        ("isize", Written::Integer(_)) => true,
        ("usize" | "isize", _) => false,
        _ => return Err(Why::Unwritable(text.to_owned())),
    };
    match written {
        Written::Integer(n) if fits => i64::try_from(*n).map(Value::Integer).map_err(|_| ()),
        _ => Err(()),
    }
    .map_err(|()| Why::Mismatch { wanted: "a whole number".to_owned(), example: "20".to_owned() })
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
