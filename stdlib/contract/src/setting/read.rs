//! How settings are read and written; the compiler has filled in defaults and checked what it could.

use std::fmt;

use serde_json::{Map, Value};

use super::fits::magnitude;
use super::{Faults, Literal, RuleFault, Setting, SettingKind};
use crate::units;

/// The settings of a plugin, or a table of them. Derived by [`bp_contract_derive::Settings`].
pub trait Settings: Sized {
    /// What the table is for: the first paragraph of the type's documentation.
    const DOC: &'static str;
    /// The declarations, in the order of the fields.
    const SETTINGS: &'static [Setting];
    /// The setting that a bare value stands for.
    const SHORTHAND: Option<&'static str>;
    /// Whether it or a table in it has rules.
    const HAS_RULES: bool;

    /// Reads a table of values; one that is absent has its default. Rules across settings are not checked.
    ///
    /// Names that it does not know are ignored, because several groups of settings share a table.
    ///
    /// # Errors
    /// A value that is missing, not of its setting's type, or out of its bounds.
    fn read(value: &Value) -> Result<Self, SettingFault>;

    /// Writes what [`Settings::read`] reads, secrets included, as a table without what is absent.
    fn write(&self) -> Value;

    /// Runs the rules of every table in it, then its own.
    fn check_rules(&self, faults: &mut Faults);

    /// Reads a table of values and checks the rules: what the running system uses.
    ///
    /// # Errors
    /// As [`Settings::read`], or the rules that the values break.
    fn read_checked(value: &Value) -> Result<Self, SettingFault> {
        let read = Self::read(value)?;
        let mut faults = Faults::default();
        read.check_rules(&mut faults);
        SettingFault::from_rules(&faults.into_vec()).map_or(Ok(read), Err)
    }
}

/// What is wrong with a table of values: one that cannot be read, else the rules of `T` that they break.
pub fn list_faults<T: Settings>(value: &Value) -> Vec<RuleFault> {
    match T::read(value) {
        Ok(read) => {
            let mut faults = Faults::default();
            read.check_rules(&mut faults);
            faults.into_vec()
        }
        Err(fault) => vec![RuleFault::unreadable(fault.path, fault.message)],
    }
}

/// The type of a field of [`Settings`].
pub trait SettingValue: Sized {
    /// What a wiring writes.
    const KIND: SettingKind;
    /// Whether a field without a default must be written.
    const MUST_BE_WRITTEN: bool = true;
    /// Whether a literal is refused and the value never shown.
    const SECRET: bool = false;
    /// Whether a table may be absent.
    const OPTIONAL: bool = false;
    /// Whether a table in it has rules.
    const HAS_RULES: bool = false;
    /// The greatest value of the type, or of each element, where a page shows it as the setting's bound.
    const GREATEST: Option<Literal> = None;

    /// Reads a value.
    ///
    /// # Errors
    /// It is not one of the type.
    fn read(value: &Value) -> Result<Self, SettingFault>;

    /// Writes what [`SettingValue::read`] reads; nothing if it is absent.
    fn write(&self) -> Option<Value>;

    /// What a field without a default is when nothing is written.
    fn absent() -> Option<Self> {
        None
    }

    /// Runs the rules of the tables in it.
    fn check_rules(&self, _faults: &mut Faults) {}
}

/// Why settings cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingFault {
    /// The setting's dotted path; empty for the value itself.
    path: String,
    message: String,
}

impl SettingFault {
    /// A value that is not what was expected.
    pub fn expected(what: &str, found: &Value) -> Self {
        Self::of_value(format!("expected {what}, found {found}"))
    }

    /// A value that is wrong in another way.
    pub fn of_value(message: impl Into<String>) -> Self {
        Self { path: String::new(), message: message.into() }
    }

    /// The same fault, of the setting `name`.
    pub fn of(mut self, name: &str) -> Self {
        let rest = if self.path.is_empty() { String::new() } else { format!(".{}", self.path) };
        self.path = format!("{name}{rest}");
        self
    }

    /// All broken rules as one fault; `None` if there are none.
    fn from_rules(faults: &[RuleFault]) -> Option<Self> {
        let all: Vec<String> = faults.iter().map(ToString::to_string).collect();
        (!all.is_empty()).then(|| Self::of_value(all.join("; ")))
    }
}

impl fmt::Display for SettingFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() {
            return f.write_str(&self.message);
        }
        write!(f, "`{}`: {}", self.path, self.message)
    }
}

impl std::error::Error for SettingFault {}

/// The entries of a table; nothing at all is an empty one.
#[doc(hidden)]
pub fn read_entries(value: &Value) -> Result<&Map<String, Value>, SettingFault> {
    static EMPTY: std::sync::OnceLock<Map<String, Value>> = std::sync::OnceLock::new();
    match value {
        Value::Object(entries) => Ok(entries),
        Value::Null => Ok(EMPTY.get_or_init(Map::new)),
        found => Err(SettingFault::expected("a table", found)),
    }
}

/// A field of a table, within the bounds of its declaration.
#[doc(hidden)]
pub fn read_field<T: SettingValue>(
    entries: &Map<String, Value>,
    setting: &Setting,
) -> Result<T, SettingFault> {
    let name = setting.name;
    let read = |value: &Value| {
        let read = T::read(value).and_then(|read| check_bounds(setting, value).map(|()| read));
        read.map_err(|fault| fault.of(name))
    };
    match (entries.get(name), setting.default) {
        (Some(value), _) => read(value),
        (None, Some(default)) => read(&default.to_json()),
        (None, None) => match (T::absent().filter(|_| !setting.required), T::KIND) {
            (Some(value), _) => Ok(value),
            // The settings in it have defaults of their own, or say that they are missing.
            (None, SettingKind::Table { .. }) => read(&Value::Null),
            (None, kind) => {
                let message = format!("expected {}, found nothing", kind.expected());
                Err(SettingFault { path: name.to_owned(), message })
            }
        },
    }
}

/// Whether a value, or each element of it, is within the bounds. The compiler has checked literals; values of references are seen only here.
fn check_bounds(setting: &Setting, value: &Value) -> Result<(), SettingFault> {
    if setting.min.is_none() && setting.max.is_none() {
        return Ok(());
    }
    check_bounds_within(setting, &setting.kind, value)
}

/// The same for a value of the type `kind`, which is the setting's or that of elements below it.
fn check_bounds_within(
    setting: &Setting,
    kind: &SettingKind,
    value: &Value,
) -> Result<(), SettingFault> {
    match (value, kind) {
        (Value::Array(items), SettingKind::List(inner)) => {
            items.iter().enumerate().try_for_each(|(index, item)| {
                check_bounds_within(setting, inner, item)
                    .map_err(|fault| fault.of(&index.to_string()))
            })
        }
        (Value::Object(entries), SettingKind::Map(inner) | SettingKind::PerMethod(inner)) => {
            entries.iter().try_for_each(|(name, item)| {
                check_bounds_within(setting, inner, item).map_err(|fault| fault.of(name))
            })
        }
        (value, _) => check_bounds_of_one(setting, value),
    }
}

#[expect(clippy::cast_precision_loss, reason = "bounds are far below 2^53")]
fn check_bounds_of_one(setting: &Setting, value: &Value) -> Result<(), SettingFault> {
    let kind = setting.kind.bounded();
    let number = match (kind, value) {
        (SettingKind::Duration, Value::String(text)) => {
            units::parse_duration(text).map(|span| span.as_nanos() as f64)
        }
        (SettingKind::Size, Value::String(text)) => {
            units::parse_size(text).map(|bytes| bytes as f64)
        }
        (_, value) => read_number(value),
    };
    let Some(number) = number else { return Ok(()) };
    let written = |literal: Literal| match literal {
        Literal::Text(text) => text.to_owned(),
        literal => literal.to_json().to_string(),
    };
    if let Some(min) = setting.min.filter(|min| number < magnitude(kind, *min)) {
        return Err(SettingFault::expected(&format!("at least {}", written(min)), value));
    }
    if let Some(max) = setting.max.filter(|max| number > magnitude(kind, *max)) {
        return Err(SettingFault::expected(&format!("at most {}", written(max)), value));
    }
    Ok(())
}

/// A number, or the text of one, which is what a reference stands for.
pub(super) fn read_number(value: &Value) -> Option<f64> {
    let finite = |text: &str| text.trim().parse().ok().filter(|number: &f64| number.is_finite());
    value.as_f64().or_else(|| value.as_str().and_then(finite))
}

/// A whole number, or the text of one, which is what a reference stands for.
pub(super) fn read_count(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str().and_then(|text| text.trim().parse().ok()))
}

/// A table of the fields that are not absent.
#[doc(hidden)]
pub fn write_fields<const N: usize>(fields: [(&str, Option<Value>); N]) -> Value {
    let present = fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    Value::Object(present.collect())
}

/// A table with the entries of others.
#[doc(hidden)]
pub fn join_tables<const N: usize>(tables: [Value; N]) -> Value {
    let entries = tables.into_iter().filter_map(|table| match table {
        Value::Object(entries) => Some(entries),
        _ => None,
    });
    Value::Object(entries.flatten().collect())
}

/// The place of a table's variant among its words.
#[doc(hidden)]
pub fn read_tag(
    entries: &Map<String, Value>,
    tag: &Setting,
    words: &[&str],
) -> Result<usize, SettingFault> {
    let default = tag.default.map(Literal::to_json);
    let Some(value) = entries.get(tag.name).or(default.as_ref()) else {
        let message = format!("expected one of {}, found nothing", words.join(", "));
        return Err(SettingFault { path: tag.name.to_owned(), message });
    };
    let found = value.as_str().and_then(|text| words.iter().position(|word| *word == text));
    found.ok_or_else(|| {
        SettingFault::expected(&format!("one of {}", words.join(", ")), value).of(tag.name)
    })
}

/// One of several words.
#[doc(hidden)]
pub fn read_word<T: Copy>(value: &Value, words: &[(&str, T)]) -> Result<T, SettingFault> {
    let found = value.as_str().and_then(|text| words.iter().find(|(word, _)| *word == text));
    found.map(|(_, word)| *word).ok_or_else(|| {
        let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        SettingFault::expected(&format!("one of {}", known.join(", ")), value)
    })
}
