//! Resolved setting values, and the two units that wiring writes as text: durations and sizes.
//!
//! A value serialises to the form that wiring accepts, so a plan can be read back and a value quoted in a message can be typed.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

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

/// Reads `500ms`, `1.5s`, `2m`, `1h`, `1d`, `10us`, `7ns`; a number and one unit, nothing else.
pub fn parse_duration(text: &str) -> Option<Duration> {
    let (number, unit) = split_unit(text)?;
    let nanos: f64 = match unit {
        "ns" => 1.0,
        "us" | "µs" => 1e3,
        "ms" => 1e6,
        "s" => 1e9,
        "m" => 60e9,
        "h" => 3600e9,
        "d" => 86_400e9,
        _ => return None,
    };
    whole(number * nanos).map(Duration::from_nanos)
}

/// Reads `4MiB`, `64KiB`, `1GiB`, `10MB`, `512B`; a number and one unit, nothing else.
pub fn parse_size(text: &str) -> Option<u64> {
    let (number, unit) = split_unit(text)?;
    let bytes: f64 = match unit {
        "B" => 1.0,
        "KB" | "kB" => 1e3,
        "MB" => 1e6,
        "GB" => 1e9,
        "TB" => 1e12,
        "KiB" => 1024.0,
        "MiB" => 1_048_576.0,
        "GiB" => 1_073_741_824.0,
        "TiB" => 1_099_511_627_776.0,
        _ => return None,
    };
    whole(number * bytes)
}

/// Writes a duration in the largest unit that keeps it whole.
pub fn format_duration(value: Duration) -> String {
    let nanos = value.as_nanos();
    let units: [(u128, &str); 7] = [
        (86_400_000_000_000, "d"),
        (3_600_000_000_000, "h"),
        (60_000_000_000, "m"),
        (1_000_000_000, "s"),
        (1_000_000, "ms"),
        (1_000, "us"),
        (1, "ns"),
    ];
    format_unit(nanos, &units, "0s")
}

/// Writes a size in the largest binary unit that keeps it whole.
pub fn format_size(bytes: u64) -> String {
    let units: [(u128, &str); 5] =
        [(1 << 40, "TiB"), (1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB"), (1, "B")];
    format_unit(u128::from(bytes), &units, "0B")
}

fn format_unit(value: u128, units: &[(u128, &str)], zero: &str) -> String {
    units
        .iter()
        .find(|(scale, _)| value >= *scale && value.is_multiple_of(*scale))
        .map_or_else(|| zero.to_owned(), |(scale, unit)| format!("{}{unit}", value / scale))
}

fn split_unit(text: &str) -> Option<(f64, &str)> {
    let at = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let (number, unit) = text.split_at_checked(at)?;
    if number.is_empty() || number.starts_with('.') || number.ends_with('.') {
        return None;
    }
    Some((number.parse().ok()?, unit))
}

/// The nearest whole number, if it is one that 53 bits can tell apart from its neighbours.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "checked to be within 0 and 2^63"
)]
fn whole(value: f64) -> Option<u64> {
    (value.is_finite() && (0.0..9.2e18).contains(&value)).then(|| value.round() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_read_back() {
        for text in ["500ms", "30s", "2m", "1h", "10us", "7ns", "0s", "1d"] {
            assert_eq!(format_duration(parse_duration(text).unwrap()), text);
        }
        assert_eq!(parse_duration("1.5s"), Some(Duration::from_millis(1500)));
        for text in ["", "5", "s", "1.s", ".5s", "-1s", "1 s", "1sec", "1e3s"] {
            assert_eq!(parse_duration(text), None, "{text}");
        }
        for text in ["4MiB", "0B", "512B", "1GiB", "3KiB"] {
            assert_eq!(format_size(parse_size(text).unwrap()), text);
        }
        assert_eq!(parse_size("10MB"), Some(10_000_000));
        assert_eq!(parse_size("4mb"), None);
    }

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
