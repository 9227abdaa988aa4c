//! The types that fields of settings may have.

use std::collections::BTreeMap;
use std::ops::Deref;
use std::time::Duration;

use serde_json::Value;

use super::read::{read_count, read_entries, read_number};
use super::{Faults, Literal, SettingFault, SettingKind, SettingValue};
use crate::{Secret, units};

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
    Ratio: Ratio, value => read_number(value).and_then(Ratio::new), this => this.0;
    f32: Float, value => read_number(value).and_then(narrow), this => *this;
    f64: Float, value => read_number(value), this => *this;
    bool: Bool, value => value.as_bool().or_else(|| value.as_str()?.trim().parse().ok()), this => *this;
    String: Text, value => value.as_str().map(str::to_owned), this => this.as_str();
    u64: Count, value => read_count(value), this => *this;
}

/// Implements [`SettingValue`] for a whole number of fewer bits than a wiring can write; `$greatest` is its greatest value where that bounds the setting.
macro_rules! narrow_counts {
    ($($type:ty: $greatest:expr;)*) => {$(
        impl SettingValue for $type {
            const KIND: SettingKind = SettingKind::Count;
            const GREATEST: Option<Literal> = $greatest;

            fn read(value: &Value) -> Result<Self, SettingFault> {
                let expected = Self::KIND.value_type().expected();
                let Some(number) = read_count(value) else {
                    return Err(SettingFault::expected(expected, value));
                };
                Self::try_from(number).map_err(|_| {
                    SettingFault::expected(&format!("{expected} up to {}", Self::MAX), value)
                })
            }

            fn write(&self) -> Option<Value> {
                Some(Value::from(*self))
            }
        }
    )*};
}

// A bound of billions says nothing to who reads a page of settings, so it is only in the message of a value that is over it.
narrow_counts! {
    u8: Some(Literal::Int(Self::MAX as i64));
    u16: Some(Literal::Int(Self::MAX as i64));
    u32: None;
    usize: None;
}

/// A number in single precision, unless it is too large for that.
#[expect(clippy::cast_possible_truncation, reason = "the field asks for single precision")]
fn narrow(number: f64) -> Option<f32> {
    Some(number as f32).filter(|narrow| narrow.is_finite())
}

impl SettingValue for Secret {
    const KIND: SettingKind = SettingKind::Text;
    const SECRET: bool = true;

    fn read(value: &Value) -> Result<Self, SettingFault> {
        // The value itself is not quoted.
        let text = value.as_str().ok_or_else(|| SettingFault::of_value("expected a secret"))?;
        Ok(Self::new(text))
    }

    fn write(&self) -> Option<Value> {
        Some(self.expose().into())
    }
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
    const SECRET: bool = T::SECRET;
    const OPTIONAL: bool = true;
    const HAS_RULES: bool = T::HAS_RULES;
    const GREATEST: Option<Literal> = T::GREATEST;

    fn read(value: &Value) -> Result<Self, SettingFault> {
        if value.is_null() {
            return Ok(None);
        }
        T::read(value).map(Some)
    }

    fn write(&self) -> Option<Value> {
        self.as_ref().and_then(T::write)
    }

    fn absent() -> Option<Self> {
        Some(None)
    }

    fn check_rules(&self, faults: &mut Faults) {
        if let Some(value) = self {
            value.check_rules(faults);
        }
    }
}

/// Stops the compilation of a list or a map of secrets, which a wiring could not write.
const fn refuse_secrets<T: SettingValue>() -> bool {
    assert!(!T::SECRET, "a secret stands in a field of its own, not in a list or a map");
    false
}

impl<T: SettingValue> SettingValue for Vec<T> {
    const KIND: SettingKind = SettingKind::List(&T::KIND);
    const MUST_BE_WRITTEN: bool = false;
    const SECRET: bool = refuse_secrets::<T>();
    const HAS_RULES: bool = T::HAS_RULES;
    const GREATEST: Option<Literal> = T::GREATEST;

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

    fn check_rules(&self, faults: &mut Faults) {
        for (index, item) in self.iter().enumerate() {
            faults.within(&index.to_string(), |faults| item.check_rules(faults));
        }
    }
}

impl<T: SettingValue> SettingValue for BTreeMap<String, T> {
    const KIND: SettingKind = SettingKind::Map(&T::KIND);
    const MUST_BE_WRITTEN: bool = false;
    const SECRET: bool = refuse_secrets::<T>();
    const HAS_RULES: bool = T::HAS_RULES;
    const GREATEST: Option<Literal> = T::GREATEST;

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

    fn check_rules(&self, faults: &mut Faults) {
        for (name, item) in self {
            faults.within(name, |faults| item.check_rules(faults));
        }
    }
}

/// Values by the callee's methods; `bp` checks that the methods exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PerMethod<T>(pub BTreeMap<String, T>);

impl<T> Default for PerMethod<T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<T> Deref for PerMethod<T> {
    type Target = BTreeMap<String, T>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<T: SettingValue> SettingValue for PerMethod<T> {
    const KIND: SettingKind = SettingKind::PerMethod(&T::KIND);
    const MUST_BE_WRITTEN: bool = false;
    const SECRET: bool = refuse_secrets::<T>();
    const HAS_RULES: bool = T::HAS_RULES;
    const GREATEST: Option<Literal> = T::GREATEST;

    fn read(value: &Value) -> Result<Self, SettingFault> {
        BTreeMap::read(value).map(Self)
    }

    fn write(&self) -> Option<Value> {
        self.0.write()
    }

    fn absent() -> Option<Self> {
        Some(Self::default())
    }

    fn check_rules(&self, faults: &mut Faults) {
        self.0.check_rules(faults);
    }
}
