//! What `BP_SET` and `BP_CONFIG` say, in the wiring's grammar, before it meets the plan.

use serde_json::Value;

use super::selector::Selector;
use crate::error::StartError;

/// The tables of wiring that configuration may change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Table {
    Edge,
    Server,
    Backend,
    Service,
    Knob,
}

impl Table {
    const ALL: [Table; 5] = [Self::Edge, Self::Server, Self::Backend, Self::Service, Self::Knob];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Edge => "edge",
            Self::Server => "server",
            Self::Backend => "backend",
            Self::Service => "service",
            Self::Knob => "knob",
        }
    }
}

/// One key below a selector: `edge."*".timeout`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    pub(super) table: Table,
    /// As written.
    pub(super) text: String,
    pub(super) selector: Selector,
    /// The plugin's key, the parameter, or the backend's setting; a knob's name is its selector.
    pub(super) key: String,
    pub(super) value: Value,
    /// `BP_SET` beats `BP_CONFIG` at the same specificity.
    pub(super) source: Source,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Source {
    Config,
    Set,
}

impl Source {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Config => "BP_CONFIG",
            Self::Set => "BP_SET",
        }
    }
}

impl Entry {
    /// Where it stands, for messages.
    pub(super) fn place(&self) -> String {
        let name = self.table.name();
        if self.table == Table::Knob {
            return format!("{}: {name}.{}", self.source.name(), self.text);
        }
        format!("{}: {name}.\"{}\".{}", self.source.name(), self.text, self.key)
    }
}

/// Reads a TOML text.
pub(super) fn parse(text: &str, source: Source) -> Result<Vec<Entry>, StartError> {
    let at = |message: String| StartError::new(format!("{}: {message}", source.name()));
    let document: toml::Table =
        toml::from_str(text).map_err(|error| at(error.to_string().trim_end().to_owned()))?;
    let mut entries = Vec::new();
    for (name, body) in document {
        let table = Table::ALL.into_iter().find(|table| table.name() == name).ok_or_else(|| {
            let known: Vec<_> = Table::ALL.iter().map(|table| table.name()).collect();
            at(format!("there is nothing to configure in `{name}`; known: {}", known.join(", ")))
        })?;
        let toml::Value::Table(body) = body else {
            return Err(at(format!("`{name}` is a table")));
        };
        for (text, keys) in body {
            let selector = match table {
                Table::Edge => Selector::edge(&text).map_err(&at)?,
                Table::Server => Selector::callee(&text),
                Table::Backend | Table::Service | Table::Knob => Selector::name(&text),
            };
            if table == Table::Knob {
                let (key, value) = (String::new(), json(keys));
                entries.push(Entry { table, text, selector, key, value, source });
                continue;
            }
            let toml::Value::Table(keys) = keys else {
                return Err(at(format!("`{name}.\"{text}\"` is a table")));
            };
            for (key, value) in keys {
                let (text, selector) = (text.clone(), selector.clone());
                entries.push(Entry { table, text, selector, key, value: json(value), source });
            }
        }
    }
    Ok(entries)
}

fn json(value: toml::Value) -> Value {
    match value {
        toml::Value::String(text) => Value::String(text),
        toml::Value::Integer(number) => number.into(),
        toml::Value::Float(number) => number.into(),
        toml::Value::Boolean(value) => value.into(),
        toml::Value::Datetime(time) => Value::String(time.to_string()),
        toml::Value::Array(items) => items.into_iter().map(json).collect(),
        toml::Value::Table(table) => {
            Value::Object(table.into_iter().map(|(name, value)| (name, json(value))).collect())
        }
    }
}
