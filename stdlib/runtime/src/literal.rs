//! Constructor parameters that are plain values.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;

use crate::units::{parse_duration, parse_size};
use bp_contract::Secret;

/// A type that a constructor may take as a literal.
pub trait Literal: Sized {
    /// What the wiring writes for it.
    fn wanted() -> String;

    /// Reads a plan's value; `None` when it is of another type or out of range.
    fn read(value: &Value) -> Option<Self>;
}

macro_rules! integers {
    ($($type:ty)*) => {$(
        impl Literal for $type {
            fn wanted() -> String {
                format!("a whole number from {} to {}", <$type>::MIN, <$type>::MAX)
            }

            fn read(value: &Value) -> Option<Self> {
                // A size such as "4MiB" is a number of bytes; what JSON's numbers cannot hold is text, and so is a value from a variable.
                if let Some(text) = value.as_str() {
                    let bytes = || parse_size(text).and_then(|bytes| Self::try_from(bytes).ok());
                    return text.trim().parse().ok().or_else(bytes);
                }
                let number = value.as_i64().map(i128::from);
                number.or_else(|| value.as_u64().map(i128::from)).and_then(|n| Self::try_from(n).ok())
            }
        }
    )*};
}

integers!(i8 i16 i32 i64 i128 isize u8 u16 u32 u64 u128 usize);

macro_rules! literals {
    ($($type:ty, $wanted:literal, $value:ident => $read:expr;)*) => {$(
        impl Literal for $type {
            fn wanted() -> String { $wanted.to_owned() }

            fn read($value: &Value) -> Option<Self> { $read }
        }
    )*};
}

literals! {
    bool, "true or false", value => match value.as_str() {
        Some(text) => text.trim().parse().ok(),
        None => value.as_bool(),
    };
    String, "text in quotes", value => value.as_str().map(str::to_owned);
    f64, "a number", value => read_float(value);
    f32, "a number", value => {
        let number = read_float(value)?;
        let narrow = narrow_to_f32(number);
        (narrow.is_finite() || !number.is_finite()).then_some(narrow)
    };
    char, "one character in quotes", value => {
        let mut characters = value.as_str()?.chars();
        characters.next().filter(|_| characters.next().is_none())
    };
    PathBuf, "a path in quotes", value => value.as_str().map(PathBuf::from);
    Duration, "a duration such as \"500ms\"", value => value.as_str().and_then(parse_duration);
    Secret, "a reference such as { secret = \"name\" }", value => value.as_str().map(Secret::new);
}

/// A number, or its text: from a variable, or one that JSON cannot write as a number.
fn read_float(value: &Value) -> Option<f64> {
    let Some(text) = value.as_str() else { return value.as_f64() };
    let text = text.trim();
    let number: f64 = text.parse().ok()?;
    // Digits that become infinite only by rounding are out of range.
    (number.is_finite() || !text.contains(|c: char| c.is_ascii_digit())).then_some(number)
}

#[expect(clippy::cast_possible_truncation, reason = "the constructor asks for single precision")]
fn narrow_to_f32(number: f64) -> f32 {
    number as f32
}

impl<T: Literal> Literal for Option<T> {
    fn wanted() -> String {
        T::wanted()
    }

    fn read(value: &Value) -> Option<Self> {
        if value.is_null() { Some(None) } else { T::read(value).map(Some) }
    }
}

impl<T: Literal> Literal for Vec<T> {
    fn wanted() -> String {
        format!("a list of {}", T::wanted())
    }

    fn read(value: &Value) -> Option<Self> {
        value.as_array()?.iter().map(T::read).collect()
    }
}

impl<T: Literal> Literal for BTreeMap<String, T> {
    fn wanted() -> String {
        format!("a table of {}", T::wanted())
    }

    fn read(value: &Value) -> Option<Self> {
        value.as_object()?.iter().map(|(k, v)| Some((k.clone(), T::read(v)?))).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn literals_are_checked() {
        assert_eq!(u32::read(&json!(20)), Some(20));
        assert_eq!(u8::read(&json!(256)), None);
        assert_eq!(u64::read(&json!(u64::MAX)), Some(u64::MAX));
        assert_eq!(u64::read(&json!("4KiB")), Some(4096));
        assert_eq!(u32::read(&json!(1.5)), None);
        assert_eq!(Duration::read(&json!("2s")), Some(Duration::from_secs(2)));
        assert_eq!(<Option<u32>>::read(&json!(null)), Some(None));
        assert_eq!(<Vec<String>>::read(&json!(["a", 1])), None);
        assert_eq!(char::read(&json!("ab")), None);
        // Numbers that JSON's cannot hold, and those of variables.
        assert_eq!(u64::read(&json!("18446744073709551615")), Some(u64::MAX));
        assert_eq!(u64::read(&json!("18446744073709551616")), None);
        assert_eq!(u128::read(&json!(u128::MAX.to_string())), Some(u128::MAX));
        assert_eq!(i128::read(&json!(i128::MIN.to_string())), Some(i128::MIN));
        assert_eq!(u8::read(&json!("20\n")), Some(20));
        assert_eq!(u8::read(&json!("-1")), None);
        assert_eq!(bool::read(&json!("true")), Some(true));
        assert_eq!(f64::read(&json!("Infinity")), Some(f64::INFINITY));
        assert!(f64::read(&json!("NaN")).is_some_and(f64::is_nan));
        assert_eq!(f64::read(&json!(-0.0)).map(f64::to_bits), Some((-0.0f64).to_bits()));
        assert_eq!((f64::read(&json!("1e400")), f32::read(&json!(1e39))), (None, None));
    }
}
