//! Values of calls, read as the runtime reads their JSON: what is accepted here decodes there.
//!
//! The table is that of `bp_data`, whose libraries read dates, numbers and bytes here too.

use std::collections::BTreeSet;
use std::str::FromStr;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use bp_contract::units::parse_duration;
use bp_diag::Span;
use bp_plan::Value;
use bp_plugin::to_value;
use bp_wiring::{Item, Table, Value as Written};
use bp_workflow::{Type, TypeKind, WorkflowModel};
use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime};
use rust_decimal::Decimal;
use uuid::Uuid;

use crate::literal;
use crate::value_fault::FaultKind;

/// Reads base64 with and without padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);
/// More nested newtypes than anybody writes; without a limit, one that holds itself would never end.
const MAX_DEPTH: u32 = 100;
/// A longer value is not repeated in a message.
const MAX_SHOWN: usize = 40;

/// Reads a value that has no parts.
///
/// # Errors
/// It does not fit.
pub(crate) fn read(ty: &Type, item: &Item) -> Result<Value, FaultKind> {
    let fits = match ty {
        Type::Bool => {
            matches!(item.value, Written::Boolean(_))
                || matches!(as_text(item), Some("true" | "false"))
        }
        Type::Char => as_text(item).is_some_and(|text| text.chars().count() == 1),
        Type::String => as_text(item).is_some(),
        Type::F32 | Type::F64 => is_float(item),
        Type::U8 => is_integer::<u64, u8>(item),
        Type::U16 => is_integer::<u64, u16>(item),
        Type::U32 => is_integer::<u64, u32>(item),
        Type::U64 => is_integer::<u64, u64>(item),
        Type::U128 => is_integer::<u128, u128>(item),
        Type::I8 => is_integer::<i64, i8>(item),
        Type::I16 => is_integer::<i64, i16>(item),
        Type::I32 => is_integer::<i64, i32>(item),
        Type::I64 => is_integer::<i64, i64>(item),
        Type::I128 => is_integer::<i128, i128>(item),
        Type::Bytes => decode_bytes(item).is_some(),
        Type::Array(_, length) => decode_bytes(item)
            .is_some_and(|bytes| bytes.is_empty() || u64::try_from(bytes.len()) == Ok(*length)),
        Type::Duration => {
            as_text(item).is_some_and(|text| is_negative_seconds(text) == Some(false))
        }
        Type::SystemTime => {
            as_text(item).is_some_and(|text| is_negative_seconds(text).is_some() || is_utc(text))
        }
        Type::NaiveDate => parses::<NaiveDate>(item),
        Type::NaiveTime => parses::<NaiveTime>(item),
        Type::NaiveDateTime => parses::<NaiveDateTime>(item),
        Type::DateTimeUtc => as_text(item).is_some_and(is_utc),
        Type::Uuid => parses::<Uuid>(item),
        Type::Decimal => parses::<Decimal>(item),
        // TOML has no `null`.
        Type::Unit => return Err(FaultKind::Unwritable("()".to_owned())),
        // Types that only Rust can call were reported.
        _ => true,
    };
    if fits { Ok(to_value(item)) } else { Err(describe_mismatch_of(ty, item)) }
}

/// Describes that a value is not of this type.
pub(crate) fn describe_mismatch(ty: &Type) -> FaultKind {
    let (wanted, example) = match ty {
        Type::Duration => ("a duration in seconds", "\"1.5s\""),
        Type::Bytes => ("bytes in base64", "\"aGVsbG8=\""),
        Type::Array(inner, length) if **inner == Type::U8 => {
            let wanted = format!("{length} bytes in base64");
            return FaultKind::Mismatch { wanted, example: "\"…\"".to_owned() };
        }
        Type::NaiveDate => ("a date that exists", "\"2026-01-31\""),
        Type::NaiveTime => ("a time of day", "\"12:00:00\""),
        Type::NaiveDateTime => ("a date with a time", "\"2026-01-31T12:00:00\""),
        Type::DateTimeUtc | Type::SystemTime => {
            ("a date with a time and its zone", "\"2026-01-31T12:00:00Z\"")
        }
        Type::Uuid => ("a UUID", "\"67e55044-10b1-426f-9247-bb680e5fe0c8\""),
        Type::Decimal => ("a decimal number in quotes", "\"1.50\""),
        Type::Map(key, inner) if **key != Type::String => {
            let (key, value) = (literal::format_example(key), literal::format_example(inner));
            return FaultKind::Mismatch {
                wanted: "a list of pairs, each a key and its value".to_owned(),
                example: format!("[[{key}, {value}]]"),
            };
        }
        Type::U64 => ("a whole number from 0 to 18446744073709551615", "20"),
        Type::I64 => ("a whole number from -9223372036854775808 to 9223372036854775807", "20"),
        Type::U128 => ("a whole number from 0 of at most 128 bits", "20"),
        Type::I128 => ("a whole number of at most 128 bits", "20"),
        _ => return literal::describe_mismatch(ty),
    };
    FaultKind::Mismatch { wanted: wanted.to_owned(), example: example.to_owned() }
}

/// As [`describe_mismatch`], with the value that the user probably meant as the example.
fn describe_mismatch_of(ty: &Type, item: &Item) -> FaultKind {
    let why = describe_mismatch(ty);
    let meant = match (ty, &item.value) {
        (Type::Duration, Written::String(text)) => parse_duration(text).map(format_seconds),
        (Type::Decimal, Written::Integer(n)) => Some(format!("\"{n}\"")),
        (Type::Decimal, Written::Float(n)) => Some(format!("\"{n}\"")),
        (Type::String, Written::Integer(_) | Written::Float(_) | Written::Boolean(_)) => {
            Some(format!("\"{}\"", item.value))
        }
        _ => None,
    };
    match (why, meant) {
        (FaultKind::Mismatch { wanted, .. }, Some(example)) => {
            FaultKind::Mismatch { wanted, example }
        }
        (why, _) => why,
    }
}

/// `"0.5s"`, the form that calls take.
fn format_seconds(length: Duration) -> String {
    let text = format!("{}.{:09}", length.as_secs(), length.subsec_nanos());
    format!("\"{}s\"", text.trim_end_matches('0').trim_end_matches('.'))
}

/// The written value if it is short, else its type.
pub(crate) fn show(item: &Item) -> String {
    let text = item.value.to_string();
    let is_short = text.chars().count() <= MAX_SHOWN && !text.contains(['\n', '`']);
    if is_short { format!("`{text}`") } else { item.type_name().to_owned() }
}

/// A date is a text of JSON as well.
fn as_text(item: &Item) -> Option<&str> {
    match &item.value {
        Written::String(text) | Written::Datetime(text) => Some(text),
        _ => None,
    }
}

fn parses<T: FromStr>(item: &Item) -> bool {
    as_text(item).is_some_and(|text| text.parse::<T>().is_ok())
}

/// A whole number, or a text of one, that is read as `R` and has to be a `T`.
fn is_integer<R: FromStr, T: TryFrom<R>>(item: &Item) -> bool {
    let read = match &item.value {
        // JSON's numbers have 64 bits here, with a sign or without.
        Written::Integer(n) if i64::try_from(*n).is_ok() || u64::try_from(*n).is_ok() => {
            n.to_string().parse::<R>().ok()
        }
        Written::String(text) => text.parse::<R>().ok(),
        _ => None,
    };
    read.is_some_and(|number| T::try_from(number).is_ok())
}

fn is_float(item: &Item) -> bool {
    match &item.value {
        Written::Float(_) | Written::Integer(_) => true,
        Written::String(text) => match text.as_str() {
            "NaN" | "Infinity" | "-Infinity" => true,
            text => {
                text.ends_with(|c: char| c.is_ascii_digit() || c == '.')
                    && text.parse::<f64>().is_ok()
            }
        },
        _ => false,
    }
}

fn decode_bytes(item: &Item) -> Option<Vec<u8>> {
    BASE64.decode(as_text(item)?).ok()
}

/// Whether `1.5s` or `-1.5s` is negative; `None` for what is neither.
fn is_negative_seconds(text: &str) -> Option<bool> {
    let number = text.strip_suffix('s')?;
    let (is_negative, number) = match number.strip_prefix('-') {
        Some(number) => (true, number),
        None => (false, number),
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let fits =
        digits(whole) && digits(fraction) && fraction.len() <= 9 && whole.parse::<u64>().is_ok();
    fits.then_some(is_negative)
}

fn is_utc(text: &str) -> bool {
    let plain = text.strip_suffix('Z').is_some_and(|t| t.parse::<NaiveDateTime>().is_ok());
    plain || DateTime::parse_from_rfc3339(text).is_ok()
}

/// The list that a text stands for: JSON, or itself alone.
pub(crate) fn parse_list(item: &Item) -> Option<Vec<Item>> {
    let text = as_text(item)?;
    if !text.starts_with('[') {
        return Some(vec![item.clone()]);
    }
    match parse_json(text, item)?.value {
        Written::Array(items) => Some(items),
        _ => None,
    }
}

/// The table that a text of JSON stands for.
pub(crate) fn parse_table(item: &Item) -> Option<Table> {
    let text = as_text(item).filter(|text| text.starts_with('{'))?;
    match parse_json(text, item)?.value {
        Written::Table(table) => Some(table),
        _ => None,
    }
}

fn parse_json(text: &str, at: &Item) -> Option<Item> {
    json_to_item(&serde_json::from_str(text).ok()?, at)
}

/// JSON as if it had been written at the place of `at`; `None` for `null`, which TOML cannot write.
pub(crate) fn json_to_item(value: &serde_json::Value, at: &Item) -> Option<Item> {
    use serde_json::Value as Json;
    let value = match value {
        Json::Null => return None,
        Json::Bool(b) => Written::Boolean(*b),
        Json::Number(n) => match (n.as_i64(), n.as_u64()) {
            (Some(n), _) => Written::Integer(n.into()),
            (None, Some(n)) => Written::Integer(n.into()),
            (None, None) => Written::Float(n.as_f64()?),
        },
        Json::String(text) => Written::String(text.clone()),
        Json::Array(items) => {
            Written::Array(items.iter().map(|v| json_to_item(v, at)).collect::<Option<_>>()?)
        }
        Json::Object(members) => {
            let entry = |(name, v): (&String, &Json)| Some((name.clone(), json_to_item(v, at)?));
            let entries = members.iter().map(entry).collect::<Option<_>>()?;
            Written::Table(Table { entries, ..Table::default() })
        }
    };
    let (span, key): (Span, Span) = (at.span, at.span);
    Some(Item { value, span, key })
}

/// Whether a value may be `null` in JSON, so that an option around it says `{ some = … }`.
pub(crate) fn is_nullable(workflow: &WorkflowModel, ty: &Type) -> bool {
    let mut ty = ty;
    for _ in 0..MAX_DEPTH {
        ty = match ty {
            Type::Unit | Type::Option(_) => return true,
            Type::Box(inner) => inner,
            Type::Named(path) => match workflow.types.get(path).map(|model| &model.kind) {
                Some(TypeKind::Unit) => return true,
                Some(TypeKind::Struct(fields)) => return fields.is_empty(),
                Some(TypeKind::TupleStruct(fields)) => match fields.as_slice() {
                    [] => return true,
                    [only] => &only.ty.ty,
                    _ => return false,
                },
                Some(TypeKind::Enum(_)) | None => return false,
            },
            _ => return false,
        };
    }
    false
}

/// Whether a missing value has a meaning: all but enums and what holds one.
pub(crate) fn has_empty(workflow: &WorkflowModel, ty: &Type) -> bool {
    has_empty_beside(workflow, ty, &mut BTreeSet::new())
}

/// `seen` are the types that were visited; meeting one again changes nothing, so each is visited once.
fn has_empty_beside<'a>(
    workflow: &'a WorkflowModel,
    ty: &'a Type,
    seen: &mut BTreeSet<&'a str>,
) -> bool {
    match ty {
        Type::Box(inner) => has_empty_beside(workflow, inner, seen),
        Type::Array(inner, length) => *length == 0 || has_empty_beside(workflow, inner, seen),
        Type::Tuple(types) => types.iter().all(|ty| has_empty_beside(workflow, ty, seen)),
        Type::Named(path) if seen.insert(path) => {
            match workflow.types.get(path).map(|model| &model.kind) {
                Some(TypeKind::Struct(fields) | TypeKind::TupleStruct(fields)) => {
                    fields.iter().all(|field| has_empty_beside(workflow, &field.ty.ty, seen))
                }
                Some(TypeKind::Unit) => true,
                Some(TypeKind::Enum(_)) | None => false,
            }
        }
        _ => true,
    }
}
