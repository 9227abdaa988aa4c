//! Values of the wiring with their spans.

use std::collections::BTreeMap;
use std::fmt;

use bp_diag::Span;

/// A value that is known only where the process runs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reference {
    /// `{ env = "NAME" }`: an environment variable.
    Env(String),
    /// `{ secret = "name" }`: a secret of the target.
    Secret(String),
    /// `{ file = "path" }`: a file's content.
    File(String),
}

/// A value as written.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A string.
    String(String),
    /// An integer; more than TOML's 64 bits.
    Integer(i128),
    /// A float.
    Float(f64),
    /// `true` or `false`.
    Boolean(bool),
    /// A date or time, as written.
    Datetime(String),
    /// An array.
    Array(Vec<Item>),
    /// A table.
    Table(Table),
    /// A value read at start-up.
    Reference(Reference),
}

/// Entries by key.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Table {
    /// The entries.
    pub entries: BTreeMap<String, Item>,
    /// Inherited entries end here: the table came from `= true`, or follows a `= false`.
    pub reset: bool,
}

/// A value and where it was written.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// The value.
    pub value: Value,
    /// The value's place; for a table, its header or braces.
    pub span: Span,
    /// The key's place; the value's own for an array's element.
    pub key: Span,
}

impl Item {
    /// The table, if it is one.
    pub fn as_table(&self) -> Option<&Table> {
        match &self.value {
            Value::Table(table) => Some(table),
            _ => None,
        }
    }

    /// The string, if it is one.
    pub fn as_str(&self) -> Option<&str> {
        match &self.value {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// The elements, if it is an array.
    pub fn as_array(&self) -> Option<&[Item]> {
        match &self.value {
            Value::Array(items) => Some(items),
            _ => None,
        }
    }

    /// The boolean, if it is one.
    pub fn as_bool(&self) -> Option<bool> {
        match self.value {
            Value::Boolean(b) => Some(b),
            _ => None,
        }
    }

    /// What it is, with its article: "a string".
    pub fn type_name(&self) -> &'static str {
        match self.value {
            Value::String(_) => "a string",
            Value::Integer(_) => "an integer",
            Value::Float(_) => "a number",
            Value::Boolean(_) => "a boolean",
            Value::Datetime(_) => "a date",
            Value::Array(_) => "an array",
            Value::Table(_) => "a table",
            Value::Reference(_) => "a reference",
        }
    }

    /// As JSON: a reference as its table, a date as a string; integers beyond 64 bits, NaN and infinities as strings.
    pub fn to_json(&self) -> serde_json::Value {
        self.value.to_json()
    }

    /// Whether both have one value, wherever they were written.
    pub fn same_value(&self, other: &Self) -> bool {
        self.value.same(&other.value)
    }
}

impl Value {
    /// Whether both are one value, wherever they were written.
    pub fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Array(a), Self::Array(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.same_value(b))
            }
            (Self::Table(a), Self::Table(b)) => a.same(b),
            // NaN is what was written, whatever arithmetic says.
            (Self::Float(a), Self::Float(b)) => a.to_bits() == b.to_bits(),
            (a, b) => a == b,
        }
    }

    /// See [`Item::to_json`].
    pub fn to_json(&self) -> serde_json::Value {
        match self {
            Self::String(text) | Self::Datetime(text) => text.clone().into(),
            Self::Integer(n) => i64::try_from(*n)
                .map(Into::into)
                .or_else(|_| u64::try_from(*n).map(Into::into))
                .unwrap_or_else(|_| n.to_string().into()),
            Self::Float(n) => serde_json::Number::from_f64(*n)
                .map_or_else(|| special_float(*n).into(), serde_json::Value::Number),
            Self::Boolean(b) => (*b).into(),
            Self::Array(items) => items.iter().map(Item::to_json).collect(),
            Self::Table(table) => table.to_json(),
            Self::Reference(reference) => reference.to_json(),
        }
    }
}

fn special_float(n: f64) -> &'static str {
    if n.is_nan() {
        "NaN"
    } else if n > 0.0 {
        "Infinity"
    } else {
        "-Infinity"
    }
}

impl Table {
    /// An entry.
    pub fn get(&self, key: &str) -> Option<&Item> {
        self.entries.get(key)
    }

    /// Whether both have the same entries, wherever they were written.
    pub fn same(&self, other: &Self) -> bool {
        self.reset == other.reset
            && self.entries.len() == other.entries.len()
            && self
                .entries
                .iter()
                .zip(&other.entries)
                .all(|((ka, a), (kb, b))| ka == kb && a.same_value(b))
    }

    /// See [`Item::to_json`].
    pub fn to_json(&self) -> serde_json::Value {
        let entries = self.entries.iter().map(|(k, v)| (k.clone(), v.to_json()));
        serde_json::Value::Object(entries.collect())
    }

    /// Every leaf with its dotted path, sorted; an empty table counts as a leaf.
    pub fn leaves(&self) -> Vec<(String, &Item)> {
        let mut out = Vec::new();
        self.collect_leaves("", &mut out);
        out
    }

    fn collect_leaves<'a>(&'a self, prefix: &str, out: &mut Vec<(String, &'a Item)>) {
        for (key, item) in &self.entries {
            let path = join(prefix, key);
            match item.as_table() {
                Some(table) if !table.entries.is_empty() => table.collect_leaves(&path, out),
                _ => out.push((path, item)),
            }
        }
    }
}

impl Reference {
    /// `{"env": "NAME"}` and so on.
    pub fn to_json(&self) -> serde_json::Value {
        let (kind, name) = self.parts();
        serde_json::json!({ kind: name })
    }

    fn parts(&self) -> (&'static str, &str) {
        match self {
            Self::Env(name) => ("env", name),
            Self::Secret(name) => ("secret", name),
            Self::File(name) => ("file", name),
        }
    }
}

/// As TOML.
impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, name) = self.parts();
        write!(f, "{{ {kind} = {} }}", quote(name))
    }
}

/// As TOML on one line.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::String(text) => f.write_str(&quote(text)),
            Self::Integer(n) => n.fmt(f),
            Self::Float(n) if n.is_nan() => f.write_str("nan"),
            Self::Float(n) if n.is_infinite() => f.write_str(if *n > 0.0 { "inf" } else { "-inf" }),
            // `{:?}` keeps the point that makes it a float.
            Self::Float(n) => write!(f, "{n:?}"),
            Self::Boolean(b) => b.fmt(f),
            Self::Datetime(text) => f.write_str(text),
            Self::Array(items) => {
                f.write_str("[")?;
                for (i, item) in items.iter().enumerate() {
                    if i > 0 {
                        f.write_str(", ")?;
                    }
                    item.value.fmt(f)?;
                }
                f.write_str("]")
            }
            Self::Table(table) => table.fmt(f),
            Self::Reference(reference) => reference.fmt(f),
        }
    }
}

/// As TOML in braces; `true` for a plugin's defaults.
impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.entries.is_empty() {
            return f.write_str(if self.reset { "true" } else { "{}" });
        }
        f.write_str("{ ")?;
        for (i, (key, item)) in self.entries.iter().enumerate() {
            if i > 0 {
                f.write_str(", ")?;
            }
            write!(f, "{} = {}", quote_key(key), item.value)?;
        }
        f.write_str(" }")
    }
}

/// A key as TOML, quoted where it must be.
pub(crate) fn quote_key(key: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if !key.is_empty() && key.chars().all(bare) { key.to_owned() } else { quote(key) }
}

/// A dotted path as TOML.
pub(crate) fn join(prefix: &str, key: &str) -> String {
    let key = quote_key(key);
    if prefix.is_empty() { key } else { format!("{prefix}.{key}") }
}

fn quote(text: &str) -> String {
    use fmt::Write as _;
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04X}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
