//! Constructor parameters that are plain values.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;

use crate::secret::Secret;
use crate::units::{parse_duration, parse_size};

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
                // A size such as "4MiB" is a number of bytes.
                if let Some(bytes) = value.as_str().and_then(parse_size) {
                    return Self::try_from(bytes).ok();
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
    bool, "true or false", value => value.as_bool();
    String, "text in quotes", value => value.as_str().map(str::to_owned);
    f64, "a number", value => value.as_f64();
    f32, "a number", value => value.as_f64().map(narrow);
    char, "one character in quotes", value => {
        let mut characters = value.as_str()?.chars();
        characters.next().filter(|_| characters.next().is_none())
    };
    PathBuf, "a path in quotes", value => value.as_str().map(PathBuf::from);
    Duration, "a duration such as \"500ms\"", value => value.as_str().and_then(parse_duration);
    Secret, "a reference such as { secret = \"name\" }", value => value.as_str().map(Secret::new);
}

#[expect(clippy::cast_possible_truncation, reason = "the constructor asks for single precision")]
fn narrow(number: f64) -> f32 {
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
    }
}
