//! Resolved setting values.
//!
//! A value serialises to the form that wiring accepts, so a plan can be read back and a value quoted in a message can be typed.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use bp_contract::units::{format_duration, format_size};
use serde::{Serialize, Serializer};

/// A setting's value after defaults, selectors and units are resolved.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// A number with a fraction, or a ratio.
    Float(f64),
    /// Text, or the chosen one of a list of words.
    Text(String),
    /// A span of time, written `500ms`.
    Duration(Duration),
    /// Bytes, written `4MiB`.
    Size(u64),
    /// Found at start-up.
    Reference(Reference),
    /// Several values.
    List(Vec<Value>),
    /// Values by name.
    Table(BTreeMap<String, Value>),
}

/// Where a value that is not in the wiring is found at start-up.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reference {
    /// An environment variable.
    Env(String),
    /// A secret of the platform.
    Secret(String),
    /// A file's content.
    File(String),
}

impl Reference {
    /// `env`, `secret` or `file`, and the name.
    pub fn parts(&self) -> (&'static str, &str) {
        match self {
            Self::Env(name) => ("env", name),
            Self::Secret(name) => ("secret", name),
            Self::File(name) => ("file", name),
        }
    }
}

impl Value {
    /// The text, for text.
    pub fn as_text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    /// The truth value, for one.
    pub fn as_bool(&self) -> Option<bool> {
        if let Self::Bool(value) = self { Some(*value) } else { None }
    }

    /// The whole number, for one.
    pub fn as_integer(&self) -> Option<i64> {
        if let Self::Integer(value) = self { Some(*value) } else { None }
    }

    /// The number, for any.
    #[expect(clippy::cast_precision_loss, reason = "settings are far below 2^53")]
    pub fn as_float(&self) -> Option<f64> {
        match self {
            Self::Float(value) => Some(*value),
            Self::Integer(value) => Some(*value as f64),
            _ => None,
        }
    }

    /// The span of time, for one.
    pub fn as_duration(&self) -> Option<Duration> {
        if let Self::Duration(value) = self { Some(*value) } else { None }
    }

    /// The bytes, for a size.
    pub fn as_size(&self) -> Option<u64> {
        if let Self::Size(value) = self { Some(*value) } else { None }
    }

    /// The entries, for a table.
    pub fn as_table(&self) -> Option<&BTreeMap<String, Value>> {
        if let Self::Table(table) = self { Some(table) } else { None }
    }

    /// The items, for a list.
    pub fn as_list(&self) -> Option<&[Value]> {
        if let Self::List(items) = self { Some(items) } else { None }
    }

    /// The value as JSON, in the form that wiring accepts.
    pub fn to_json(&self) -> serde_json::Value {
        match self {
            Self::Bool(value) => (*value).into(),
            Self::Integer(value) => (*value).into(),
            Self::Float(value) => serde_json::Number::from_f64(*value)
                .map_or_else(|| special(*value).into(), serde_json::Value::Number),
            Self::Text(text) => text.as_str().into(),
            Self::Duration(value) => format_duration(*value).into(),
            Self::Size(value) => format_size(*value).into(),
            Self::Reference(reference) => {
                let (kind, name) = reference.parts();
                let entry = (kind.to_owned(), serde_json::Value::from(name));
                serde_json::Value::Object(std::iter::once(entry).collect())
            }
            Self::List(items) => items.iter().map(Self::to_json).collect(),
            Self::Table(table) => table_json(table),
        }
    }
}

/// A table as JSON.
pub(crate) fn table_json(table: &BTreeMap<String, Value>) -> serde_json::Value {
    table.iter().map(|(name, value)| (name.clone(), value.to_json())).collect()
}

/// As a wiring writes it: `"500ms"`, `{ env = "TOKEN" }`, `["a", "b"]`.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(value) => value.fmt(f),
            Self::Integer(value) => value.fmt(f),
            Self::Float(value) if value.is_nan() => f.write_str("nan"),
            // `{:?}` keeps the point that makes it a float.
            Self::Float(value) => write!(f, "{value:?}"),
            Self::Text(text) => quoted(text, f),
            Self::Duration(value) => quoted(&format_duration(*value), f),
            Self::Size(value) => quoted(&format_size(*value), f),
            Self::Reference(reference) => {
                let (kind, name) = reference.parts();
                write!(f, "{{ {kind} = ")?;
                quoted(name, f)?;
                f.write_str(" }")
            }
            Self::List(items) => {
                f.write_str("[")?;
                for (i, item) in items.iter().enumerate() {
                    f.write_str(if i > 0 { ", " } else { "" })?;
                    item.fmt(f)?;
                }
                f.write_str("]")
            }
            Self::Table(table) if table.is_empty() => f.write_str("{}"),
            Self::Table(table) => {
                for (i, (name, value)) in table.iter().enumerate() {
                    f.write_str(if i > 0 { ", " } else { "{ " })?;
                    let bare = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
                    if !name.is_empty() && name.chars().all(bare) {
                        f.write_str(name)?;
                    } else {
                        quoted(name, f)?;
                    }
                    write!(f, " = {value}")?;
                }
                f.write_str(" }")
            }
        }
    }
}

/// A number that JSON has none for, as the JSON of remote types has it.
fn special(value: f64) -> &'static str {
    match value {
        _ if value.is_nan() => "NaN",
        _ if value > 0.0 => "Infinity",
        _ => "-Infinity",
    }
}

/// Text as a basic string of TOML, whose escapes are those of JSON.
fn quoted(text: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    fmt::Display::fmt(&serde_json::Value::from(text), f)
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Integer(value)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_json().serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_shown_as_a_wiring_writes_it() {
        let table = BTreeMap::from([
            ("budget".to_owned(), Value::Float(1.0)),
            ("a b".to_owned(), Value::List(vec![Value::from("x\"y"), Value::from(3)])),
            ("key".to_owned(), Value::Reference(Reference::Secret("token".to_owned()))),
        ]);
        assert_eq!(
            Value::Table(table).to_string(),
            r#"{ "a b" = ["x\"y", 3], budget = 1.0, key = { secret = "token" } }"#
        );
        assert_eq!(Value::Duration(Duration::from_millis(500)).to_string(), "\"500ms\"");
        for (float, toml, json) in [
            (f64::NAN, "nan", "\"NaN\""),
            (f64::INFINITY, "inf", "\"Infinity\""),
            (f64::NEG_INFINITY, "-inf", "\"-Infinity\""),
            (-0.0, "-0.0", "-0.0"),
        ] {
            let value = Value::Float(float);
            assert_eq!(
                (value.to_string().as_str(), value.to_json().to_string().as_str()),
                (toml, json)
            );
        }
    }
}
