//! The shapes of JSON values, whatever their types: reading text, and taking apart strings, arrays, objects and variants.

use serde::Deserialize as _;
use serde_json::{Map, Value};

use crate::MAX_DEPTH;
use crate::error::{DecodeError, Problem};

/// Arrays and objects that one protobuf message level may take in JSON, at most: a variant is an object around its content.
const LEVELS: u32 = 2;

/// Parses JSON text; nesting beyond what [`MAX_DEPTH`] messages need is an error, found before anything recurses.
pub fn parse(text: &[u8]) -> Result<Value, DecodeError> {
    check_depth(text)?;
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    deserializer.disable_recursion_limit();
    Value::deserialize(&mut deserializer)
        .and_then(|value| deserializer.end().map(|()| value))
        .map_err(|error| DecodeError::malformed(format!("not JSON: {error}")))
}

fn check_depth(text: &[u8]) -> Result<(), DecodeError> {
    let mut depth = 0u32;
    let mut bytes = text.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'[' | b'{' => {
                depth += 1;
                if depth > LEVELS * MAX_DEPTH + LEVELS {
                    return Err(DecodeError::new(Problem::TooDeep));
                }
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            b'"' => {
                while let Some(byte) = bytes.next() {
                    match byte {
                        b'\\' => drop(bytes.next()),
                        b'"' => break,
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// A value's kind, for "expected …, found …".
pub fn describe_kind(value: &Value) -> String {
    match value {
        Value::Null => "null".into(),
        Value::Bool(value) => format!("{value}"),
        Value::Number(value) => format!("{value}"),
        Value::String(text) if text.chars().count() <= 40 => format!("{text:?}"),
        Value::String(_) => "a long string".into(),
        Value::Array(_) => "an array".into(),
        Value::Object(_) => "an object".into(),
    }
}

/// The error for a JSON value of the wrong kind.
#[cold]
pub fn unexpected(expected: &'static str, value: &Value) -> DecodeError {
    DecodeError::expected(expected, describe_kind(value))
}

/// The content of a string.
pub fn take_string(value: Value, expected: &'static str) -> Result<String, DecodeError> {
    match value {
        Value::String(text) => Ok(text),
        other => Err(unexpected(expected, &other)),
    }
}

/// The items of an array; a single text is an array of one, because a URL's query cannot write an array with one item.
pub fn take_array(value: Value, expected: &'static str) -> Result<Vec<Value>, DecodeError> {
    match value {
        Value::Array(items) => Ok(items),
        Value::String(text) if text.starts_with('[') => {
            take_array(parse(text.as_bytes())?, expected)
        }
        Value::String(text) => Ok(vec![Value::String(text)]),
        other => Err(unexpected(expected, &other)),
    }
}

/// The members of an object, which is a text in a URL's path or query.
pub fn take_object(
    value: Value,
    expected: &'static str,
) -> Result<Map<String, Value>, DecodeError> {
    match value {
        Value::Object(members) => Ok(members),
        Value::String(text) if text.starts_with('{') => {
            take_object(parse(text.as_bytes())?, expected)
        }
        other => Err(unexpected(expected, &other)),
    }
}

/// An enum's variant: its name, and its content if it has one.
pub fn take_variant(
    value: Value,
    of: &'static str,
) -> Result<(String, Option<Value>), DecodeError> {
    match value {
        Value::String(text) if text.starts_with('{') => take_variant(parse(text.as_bytes())?, of),
        Value::String(name) => Ok((name, None)),
        Value::Null => Err(DecodeError::missing_variant(of)),
        Value::Object(members) if members.len() == 1 => members
            .into_iter()
            .next()
            .map(|(name, content)| (name, Some(content)))
            .ok_or_else(|| DecodeError::missing_variant(of)),
        other => Err(unexpected("a variant's name, or an object with it as only member", &other)),
    }
}

/// A variant with content: `{"Name": content}`.
pub fn build_tagged(name: &'static str, content: Value) -> Value {
    Value::Object(Map::from_iter([(name.to_owned(), content)]))
}

/// The content of a variant that must have content.
pub fn take_content(content: Option<Value>, of: &'static str) -> Result<Value, DecodeError> {
    content
        .ok_or_else(|| DecodeError::expected("the variant's content", format!("{of} without it")))
}

/// Checks the value of a type without fields: `null`, or an object, as a newer build with fields would send.
pub fn check_unit(value: &Value) -> Result<(), DecodeError> {
    match value {
        Value::Null | Value::Object(_) => Ok(()),
        other => Err(unexpected("null", other)),
    }
}

/// An object with these members.
pub fn build_object<const N: usize>(members: [(&'static str, Value); N]) -> Value {
    Value::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}
