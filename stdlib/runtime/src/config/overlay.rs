//! What `BP_SET` and `BP_CONFIG` say, in the wiring's grammar, before it is compared with the plan.

use std::borrow::Cow;
use std::sync::Arc;

use bp_contract::selector::{
    EdgeSelector, Pattern, Precedence, SelectorFault, ServerSelector, Specificity,
};
use bp_contract::variable;
use serde_json::Value;
use toml::de::{DeTable, DeValue};

use crate::error::StartError;

/// The tables of wiring that configuration may change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Table {
    Edge,
    Server,
    Backend,
    Service,
    /// A top-level table of a plugin, by name.
    Owned(Arc<str>),
}

impl Table {
    /// Those that every wiring has.
    const CORE: [Self; 4] = [Self::Edge, Self::Server, Self::Backend, Self::Service];

    /// The table called `name`; `owned` are the plan's tables of plugins.
    fn find(name: &str, owned: &[&str]) -> Result<Self, String> {
        if let Some(table) = Self::CORE.into_iter().find(|table| table.name() == name) {
            return Ok(table);
        }
        if owned.contains(&name) {
            return Ok(Self::Owned(name.into()));
        }
        let known: Vec<_> =
            Self::CORE.iter().map(Self::name).chain(owned.iter().copied()).collect();
        Err(format!("there is nothing to configure in `{name}`; known: {}", known.join(", ")))
    }

    pub(super) fn name(&self) -> &str {
        match self {
            Self::Edge => "edge",
            Self::Server => "server",
            Self::Backend => "backend",
            Self::Service => "service",
            Self::Owned(name) => name,
        }
    }
}

/// What a key of a table selects.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Selector {
    /// Edges.
    Edge(EdgeSelector),
    /// Servers.
    Server(ServerSelector),
    /// Backends, services or entries of a plugin's table.
    Name(Pattern),
}

impl Selector {
    fn parse(table: &Table, text: &str) -> Result<Self, SelectorFault> {
        Ok(match table {
            Table::Edge => Self::Edge(EdgeSelector::parse(text)?),
            Table::Server => Self::Server(ServerSelector::parse(text)?),
            Table::Backend | Table::Service | Table::Owned(_) => {
                Self::Name(Pattern::new(text.trim()))
            }
        })
    }

    /// Whether it selects `callee` as `caller` calls it, or some of its methods; only edges have a caller.
    pub(super) fn matches(&self, caller: Option<&str>, callee: &str) -> bool {
        match self {
            Self::Edge(edge) => caller.is_some_and(|caller| edge.matches_edge(caller, callee)),
            Self::Server(server) => server.service.matches(callee),
            Self::Name(name) => name.matches(callee),
        }
    }

    /// Its pattern for methods; `None` selects all of them.
    pub(super) fn method(&self) -> Option<&Pattern> {
        match self {
            Self::Edge(edge) => edge.method.as_ref(),
            Self::Server(server) => server.method.as_ref(),
            Self::Name(_) => None,
        }
    }

    /// Whether it is about `method` too.
    pub(super) fn matches_method(&self, method: &str) -> bool {
        self.method().is_none_or(|pattern| pattern.matches(method))
    }

    /// Its patterns for instances: the callee's, then the caller's.
    pub(super) fn names(&self) -> impl Iterator<Item = &Pattern> {
        let (callee, caller) = match self {
            Self::Edge(edge) => (&edge.callee, Some(&edge.caller)),
            Self::Server(server) => (&server.service, None),
            Self::Name(name) => (name, None),
        };
        std::iter::once(callee).chain(caller)
    }

    fn specificity(&self) -> Specificity {
        match self {
            Self::Edge(edge) => edge.specificity(),
            Self::Server(server) => server.specificity(),
            Self::Name(name) => Specificity::of_name(name),
        }
    }
}

/// One key below a selector, `edge."*".timeout`; in a plugin's table, what stands at the selector, `switch."*"`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    pub(super) table: Table,
    /// As written.
    pub(super) text: String,
    pub(super) selector: Selector,
    /// The plugin's key, the parameter, or the backend's setting; `None` in a plugin's table.
    pub(super) key: Option<String>,
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
            Self::Config => variable::CONFIG,
            Self::Set => variable::SET,
        }
    }
}

impl Entry {
    /// Its rank among the entries for the same leaf; the greatest wins.
    pub(super) fn precedence(&self) -> Precedence {
        Precedence { specificity: self.selector.specificity(), layer: self.source as usize }
    }

    /// Where it stands, for messages.
    pub(super) fn place(&self) -> String {
        let (source, table) = (self.source.name(), self.table.name());
        match &self.key {
            Some(key) => format!("{source}: {table}.\"{}\".{key}", self.text),
            None => format!("{source}: {table}.{}", quote_key(&self.text)),
        }
    }
}

/// A key of a path as TOML writes it: `tips`, `"*"`.
pub(super) fn quote_key(text: &str) -> Cow<'_, str> {
    let bare = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if !text.is_empty() && text.chars().all(bare) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(format!("\"{text}\""))
}

/// Reads a TOML text; `owned` are the tables of plugins that it may change.
pub(super) fn parse(text: &str, source: Source, owned: &[&str]) -> Result<Vec<Entry>, StartError> {
    let at = |message: String| StartError::new(format!("{}: {message}", source.name()));
    let document =
        DeTable::parse(text).map_err(|error| at(error.to_string().trim_end().to_owned()))?;
    let mut entries = Vec::new();
    for (name, body) in document.get_ref() {
        let name = &**name.get_ref();
        let table = Table::find(name, owned).map_err(&at)?;
        let DeValue::Table(body) = body.get_ref() else {
            return Err(at(format!("`{name}` is a table")));
        };
        for (text, keys) in body {
            let text = text.get_ref().to_string();
            let selector =
                Selector::parse(&table, &text).map_err(|fault| at(format!("`{text}`: {fault}")))?;
            let entry = |key: Option<String>, value: &DeValue<'_>| {
                let (table, text, selector) = (table.clone(), text.clone(), selector.clone());
                let value = to_json(value).map_err(&at)?;
                Ok(Entry { table, text, selector, key, value, source })
            };
            if matches!(table, Table::Owned(_)) {
                entries.push(entry(None, keys.get_ref())?);
                continue;
            }
            let DeValue::Table(keys) = keys.get_ref() else {
                return Err(at(format!("`{name}.\"{text}\"` is a table")));
            };
            for (key, value) in keys {
                entries.push(entry(Some(key.get_ref().to_string()), value.get_ref())?);
            }
        }
    }
    Ok(entries)
}

/// As the compiler writes a plan: whole numbers beyond 64 bits, NaN and infinities are text.
fn to_json(value: &DeValue<'_>) -> Result<Value, String> {
    Ok(match value {
        DeValue::String(text) => Value::String(text.to_string()),
        DeValue::Integer(number) => {
            let (text, radix) = (number.as_str(), number.radix());
            if let Ok(number) = i64::from_str_radix(text, radix) {
                return Ok(number.into());
            }
            let wide = i128::from_str_radix(text, radix).map_err(|_| {
                format!("{text} does not fit 128 bits with a sign: write it in quotes")
            })?;
            Value::String(wide.to_string())
        }
        DeValue::Float(number) => {
            let text = number.as_str();
            let read: f64 = text.parse().map_err(|_| format!("{text} is not a number"))?;
            match serde_json::Number::from_f64(read) {
                Some(number) => Value::Number(number),
                None if text.contains(|c: char| c.is_ascii_digit()) => {
                    return Err(format!("{text} is too large for 64 bits"));
                }
                None if read.is_nan() => "NaN".into(),
                None => if read > 0.0 { "Infinity" } else { "-Infinity" }.into(),
            }
        }
        DeValue::Boolean(value) => (*value).into(),
        DeValue::Datetime(time) => Value::String(time.to_string()),
        DeValue::Array(items) => {
            items.iter().map(|item| to_json(item.get_ref())).collect::<Result<_, _>>()?
        }
        DeValue::Table(table) => {
            let entries = table.iter();
            let entries =
                entries.map(|(k, v)| Ok((k.get_ref().to_string(), to_json(v.get_ref())?)));
            Value::Object(entries.collect::<Result<_, String>>()?)
        }
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_arrive_unchanged_or_not_at_all() {
        let value = |text: &str| {
            let entries = parse(&format!("service.shop.x = {text}"), Source::Set, &[]);
            entries.map(|all| all[0].value.clone()).map_err(|error| error.to_string())
        };
        for (text, expected) in [
            ("20", json!(20)),
            ("-0x1", json!(null)),
            ("0xff", json!(255)),
            ("9223372036854775807", json!(i64::MAX)),
            ("18446744073709551615", json!("18446744073709551615")),
            ("\"340282366920938463463374607431768211455\"", json!(u128::MAX.to_string())),
            ("-170141183460469231731687303715884105728", json!(i128::MIN.to_string())),
            ("1.5", json!(1.5)),
            ("-0.0", json!(-0.0)),
            ("nan", json!("NaN")),
            ("-inf", json!("-Infinity")),
            ("[1, 1e3]", json!([1, 1e3])),
        ] {
            if expected.is_null() {
                assert!(value(text).is_err(), "{text}");
            } else {
                assert_eq!(value(text), Ok(expected), "{text}");
            }
        }
        assert!(
            value("170141183460469231731687303715884105728").unwrap_err().contains("in quotes")
        );
        assert!(value("1e400").unwrap_err().contains("too large"));
    }
}
