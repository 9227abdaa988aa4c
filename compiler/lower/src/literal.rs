//! Values of constructor parameters, checked against the Rust type.

use bp_contract::units::parse_duration;
use bp_plan::Value;
use bp_wiring::{Item, Value as Written};
use bp_workflow::Type;

use crate::value_fault::FaultKind;

/// Reads a value that has no parts.
///
/// # Errors
/// It does not fit.
pub(crate) fn read(ty: &Type, item: &Item) -> Result<Value, FaultKind> {
    match (ty, &item.value) {
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
            parse_duration(text).map(Value::Duration).ok_or_else(|| describe_mismatch(ty))
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
        _ => read_integer(ty, item).unwrap_or_else(|| match ty {
            Type::Local { text, .. } => Err(FaultKind::Unwritable(text.clone())),
            _ => Err(describe_mismatch(ty)),
        }),
    }
}

/// Describes that a value is not of this type.
pub(crate) fn describe_mismatch(ty: &Type) -> FaultKind {
    FaultKind::Mismatch { wanted: describe_type(ty), example: format_example(ty) }
}

/// Whether a number stays finite in a type.
#[expect(clippy::cast_possible_truncation, reason = "what is cut off is what is asked")]
fn fits(ty: &Type, number: f64) -> bool {
    !number.is_finite() || *ty != Type::F32 || (number as f32).is_finite()
}

/// A whole number within a type's range; `None` for types that are not whole numbers.
///
/// TOML's integers have 64 bits with a sign, so numbers of wide types may be written in quotes, as in the JSON of remote types.
fn read_integer(ty: &Type, item: &Item) -> Option<Result<Value, FaultKind>> {
    let range = integer_range(ty)?;
    let number = match &item.value {
        Written::Integer(n) => Some(n.to_string()),
        Written::String(text) if range.wide => Some(text.clone()),
        _ => None,
    };
    let value = number.and_then(|text| range.read(&text));
    Some(value.ok_or_else(|| describe_mismatch(ty)))
}

/// The range of a type of whole numbers.
#[derive(Debug, Clone, Copy)]
struct IntegerRange {
    min: i128,
    max: u128,
    /// Whether it goes beyond 32 bits.
    wide: bool,
}

impl IntegerRange {
    /// A number in its shortest decimal form: not `007`.
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

/// Whether a type is a whole number.
pub(crate) fn is_whole(ty: &Type) -> bool {
    integer_range(ty).is_some()
}

fn integer_range(ty: &Type) -> Option<IntegerRange> {
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
    Some(IntegerRange { min, max, wide })
}

/// A type in words, as a message asks for it.
pub(crate) fn describe_type(ty: &Type) -> String {
    if let Some(IntegerRange { min, max, wide }) = integer_range(ty) {
        let beyond = u128::from(i64::MAX.unsigned_abs());
        let quoted = if wide && max > beyond {
            ", in quotes if it does not fit in TOML's 64 bits"
        } else {
            ""
        };
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
        Type::Vec(inner) | Type::Set(inner) => {
            format!("a list, each item {}", describe_type(inner))
        }
        Type::Array(inner, length) => {
            format!("a list of {length}, each item {}", describe_type(inner))
        }
        Type::Tuple(types) => format!("a list of {}", types.len()),
        Type::Map(_, inner) => format!("a table, each value {}", describe_type(inner)),
        Type::Option(inner) | Type::Box(inner) => describe_type(inner),
        Type::Named(path) => format!("a `{}`", crate::names::short_name(path)),
        Type::Local { text, .. } => format!("a `{text}`"),
        _ => "a string".to_owned(),
    }
}

/// A value that fits a type, as TOML.
pub(crate) fn format_example(ty: &Type) -> String {
    if let Some(range) = integer_range(ty) {
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
            format!("[{}]", format_example(inner))
        }
        Type::Map(_, inner) => format!("{{ name = {} }}", format_example(inner)),
        Type::Option(inner) | Type::Box(inner) => format_example(inner),
        Type::Tuple(types) => {
            format!("[{}]", types.iter().map(format_example).collect::<Vec<_>>().join(", "))
        }
        Type::Local { .. } | Type::Named(_) => "…".to_owned(),
        _ => "\"…\"".to_owned(),
    }
}
