//! Counters in a cache: an `i64` as its shortest decimal text.

use crate::BackendError;

/// The counter's value after adding `by`; a missing one counts as 0.
pub fn add(key: &str, value: Option<&[u8]>, by: i64) -> Result<i64, BackendError> {
    let present = match value {
        None => 0,
        Some(text) => parse(text).ok_or_else(|| {
            BackendError::WrongType(format!("`{key}` does not hold a decimal integer"))
        })?,
    };
    let sum = present.checked_add(by);
    sum.ok_or_else(|| BackendError::Invalid(format!("`{key}`: {present} + {by} is out of range")))
}

/// Only the shortest text, as Redis takes it: no plus sign, leading zero or space.
fn parse(text: &[u8]) -> Option<i64> {
    let number: i64 = std::str::from_utf8(text).ok()?.parse().ok()?;
    (number.to_string().as_bytes() == text).then_some(number)
}
