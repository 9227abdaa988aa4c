//! How settings are read and written; the compiler has filled in defaults and checked what it could.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde_json::{Map, Value};

use super::{Literal, Setting, SettingKind};
use crate::units;

/// The settings of a plugin, or a table of them. Derived by [`bp_contract_derive::Settings`].
pub trait Settings: Sized {
    /// What the type's documentation says in its first paragraph: for a plugin, what it does.
    const DOC: &'static str;
    /// The declarations, in the order of the fields.
    const SETTINGS: &'static [Setting];
    /// The setting that a bare value stands for.
    const SHORTHAND: Option<&'static str>;

    /// Reads a table of values; one that is absent has its default.
    ///
    /// # Errors
    /// A value that is missing or not of its setting's type.
    fn read(value: &Value) -> Result<Self, SettingFault>;

    /// Writes what [`Settings::read`] reads, as a table without what is absent.
    fn write(&self) -> Value;
}

/// The type of a field of [`Settings`].
pub trait SettingValue: Sized {
    /// What a wiring writes.
    const KIND: SettingKind;
    /// Whether a field without a default must be written.
    const MUST_BE_WRITTEN: bool = true;

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
}

/// Why a setting cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingFault {
    /// The setting's dotted path; empty for the value itself.
    path: String,
    message: String,
}

impl SettingFault {
    /// A value that is not what was expected.
    pub fn expected(what: &str, found: &Value) -> Self {
        Self { path: String::new(), message: format!("expected {what}, found {found}") }
    }

    /// The same fault, of the setting `name`.
    pub fn of(mut self, name: &str) -> Self {
        let rest = if self.path.is_empty() { String::new() } else { format!(".{}", self.path) };
        self.path = format!("{name}{rest}");
        self
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

/// A number from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Ratio(f64);

impl Ratio {
    /// A ratio, if the number is from 0 to 1.
    pub fn new(value: f64) -> Option<Self> {
        (0.0..=1.0).contains(&value).then_some(Self(value))
    }

    /// The number.
    pub const fn get(self) -> f64 {
        self.0
    }
}

/// An amount of memory or disk, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Size(u64);

impl Size {
    /// A size of so many bytes.
    pub const fn of_bytes(bytes: u64) -> Self {
        Self(bytes)
    }

    /// The bytes.
    pub const fn bytes(self) -> u64 {
        self.0
    }
}

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

/// The field `name` of a table.
#[doc(hidden)]
pub fn read_field<T: SettingValue>(
    entries: &Map<String, Value>,
    name: &str,
    default: Option<Literal>,
) -> Result<T, SettingFault> {
    let read = |value: &Value| T::read(value).map_err(|fault| fault.of(name));
    match (entries.get(name), default) {
        (Some(value), _) => read(value),
        (None, Some(default)) => read(&default.to_json()),
        (None, None) => match (T::absent(), T::KIND) {
            (Some(value), _) => Ok(value),
            // The settings in it have defaults of their own, or say that they are missing.
            (None, SettingKind::Table { .. }) => read(&Value::Null),
            (None, kind) => {
                let message = format!("expected {}, found nothing", kind.value_type().expected());
                Err(SettingFault { path: name.to_owned(), message })
            }
        },
    }
}

/// A table of the fields that are not absent.
#[doc(hidden)]
pub fn write_fields<const N: usize>(fields: [(&str, Option<Value>); N]) -> Value {
    let present = fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    Value::Object(present.collect())
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

/// Implements [`SettingValue`] for a type that is read by one expression and written by another.
macro_rules! values {
    ($($type:ty: $kind:ident, $value:ident => $read:expr, $this:ident => $write:expr;)*) => {$(
        impl SettingValue for $type {
            const KIND: SettingKind = SettingKind::$kind;

            fn read($value: &Value) -> Result<Self, SettingFault> {
                let read: Option<Self> = $read;
                read.ok_or_else(|| {
                    SettingFault::expected(Self::KIND.value_type().expected(), $value)
                })
            }

            fn write(&self) -> Option<Value> {
                let $this = self;
                Some(Value::from($write))
            }
        }
    )*};
}

values! {
    Duration: Duration, value => value.as_str().and_then(units::parse_duration), this => units::format_duration(*this);
    Size: Size, value => value.as_str().and_then(units::parse_size).map(Size), this => units::format_size(this.0);
    Ratio: Ratio, value => value.as_f64().and_then(Ratio::new), this => this.0;
    f64: Float, value => value.as_f64(), this => *this;
    bool: Bool, value => value.as_bool(), this => *this;
    String: Text, value => value.as_str().map(str::to_owned), this => this.as_str();
    u16: Count, value => value.as_u64().and_then(|n| Self::try_from(n).ok()), this => *this;
    u32: Count, value => value.as_u64().and_then(|n| Self::try_from(n).ok()), this => *this;
    u64: Count, value => value.as_u64(), this => *this;
    usize: Count, value => value.as_u64().and_then(|n| Self::try_from(n).ok()), this => *this;
}

impl SettingValue for Value {
    const KIND: SettingKind = SettingKind::Any;
    const MUST_BE_WRITTEN: bool = false;

    fn read(value: &Value) -> Result<Self, SettingFault> {
        Ok(value.clone())
    }

    fn write(&self) -> Option<Value> {
        Some(self.clone())
    }

    fn absent() -> Option<Self> {
        Some(Self::Null)
    }
}

impl<T: SettingValue> SettingValue for Option<T> {
    const KIND: SettingKind = T::KIND;
    const MUST_BE_WRITTEN: bool = false;

    fn read(value: &Value) -> Result<Self, SettingFault> {
        T::read(value).map(Some)
    }

    fn write(&self) -> Option<Value> {
        self.as_ref().and_then(T::write)
    }

    fn absent() -> Option<Self> {
        Some(None)
    }
}

impl<T: SettingValue> SettingValue for Vec<T> {
    const KIND: SettingKind = SettingKind::List(&T::KIND);
    const MUST_BE_WRITTEN: bool = false;

    fn read(value: &Value) -> Result<Self, SettingFault> {
        let items = value.as_array().ok_or_else(|| SettingFault::expected("a list", value))?;
        let items = items.iter().enumerate();
        items.map(|(i, item)| T::read(item).map_err(|f| f.of(&i.to_string()))).collect()
    }

    fn write(&self) -> Option<Value> {
        Some(self.iter().filter_map(T::write).collect())
    }

    fn absent() -> Option<Self> {
        Some(Self::new())
    }
}

impl<T: SettingValue> SettingValue for BTreeMap<String, T> {
    const KIND: SettingKind = SettingKind::Map(&T::KIND);
    const MUST_BE_WRITTEN: bool = false;

    fn read(value: &Value) -> Result<Self, SettingFault> {
        let entries = read_entries(value)?.iter();
        entries
            .map(|(name, item)| Ok((name.clone(), T::read(item).map_err(|f| f.of(name))?)))
            .collect()
    }

    fn write(&self) -> Option<Value> {
        Some(self.iter().filter_map(|(name, item)| Some((name.clone(), item.write()?))).collect())
    }

    fn absent() -> Option<Self> {
        Some(Self::new())
    }
}
