//! Durations and sizes, as wirings and `BP_SET` write them: a number and one unit, `"1.5s"`, `"64KiB"`.
//!
//! Texts are read exactly: a duration in whole nanoseconds, a size in whole bytes, or not at all.
//!
//! ```
//! #[derive(serde::Deserialize)]
//! struct Settings {
//!     #[serde(deserialize_with = "bp_contract::units::duration")]
//!     after: std::time::Duration,
//! }
//! let settings: Settings = serde_json::from_str(r#"{ "after": "500ms" }"#)?;
//! assert_eq!(settings.after.as_millis(), 500);
//! # Ok::<(), serde_json::Error>(())
//! ```

use std::time::Duration;

use serde::de::{Deserialize, Deserializer, Error};
use serde::ser::Serializer;

/// A unit's name, and how many nanoseconds or bytes it is.
pub type Unit = (&'static str, u64);

/// The units of durations, from the smallest to the largest.
pub const DURATION_UNITS: &[Unit] = &[
    ("us", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

/// The units of sizes, from the smallest to the largest.
pub const SIZE_UNITS: &[Unit] =
    &[("B", 1), ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("TiB", 1 << 40)];

/// The names of units for a sentence: "`us`, `ms`, `s`, `m`, `h`".
pub fn unit_names(units: &[Unit]) -> String {
    let names: Vec<String> = units.iter().map(|(name, _)| format!("`{name}`")).collect();
    names.join(", ")
}

/// What a message asks for where a duration is expected.
pub const A_DURATION: &str = "a duration such as \"500ms\"";

/// What a message asks for where a size is expected.
pub const A_SIZE: &str = "a size such as \"4MiB\"";

/// Why a text is not a duration or a size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QuantityFault {
    /// It is not a number followed by a unit of the list.
    Unit,
    /// It is more than 64 bits of nanoseconds or bytes, or not a whole number of them.
    Range,
}

/// Reads a duration: `500ms`, `1.5s`, `2m`, `1h`, `10us`.
///
/// # Errors
/// What is wrong with the text.
pub fn read_duration(text: &str) -> Result<Duration, QuantityFault> {
    read_quantity(text, DURATION_UNITS).map(Duration::from_nanos)
}

/// Reads a size in bytes: `512B`, `64KiB`, `4MiB`, `1GiB`.
///
/// # Errors
/// What is wrong with the text.
pub fn read_size(text: &str) -> Result<u64, QuantityFault> {
    read_quantity(text, SIZE_UNITS)
}

/// Reads a duration, if the text is one.
pub fn parse_duration(text: &str) -> Option<Duration> {
    read_duration(text).ok()
}

/// Reads a size in bytes, if the text is one.
pub fn parse_size(text: &str) -> Option<u64> {
    read_size(text).ok()
}

/// Writes a duration so that it reads back: in the largest unit that keeps it whole, and below a microsecond as a fraction.
pub fn format_duration(duration: Duration) -> String {
    let nanos = duration.as_nanos();
    let rest = nanos % 1_000;
    if rest > 0 {
        let fraction = format!("{rest:03}");
        return format!("{}.{}us", nanos / 1_000, fraction.trim_end_matches('0'));
    }
    format_quantity(nanos, DURATION_UNITS, "0s")
}

/// Writes a size in the largest unit that keeps it whole.
pub fn format_size(bytes: u64) -> String {
    format_quantity(u128::from(bytes), SIZE_UNITS, "0B")
}

/// Counts the smallest unit, nanoseconds or bytes, exactly.
///
/// It is `const`, so that a setting whose default is not a quantity does not compile.
#[expect(clippy::indexing_slicing, reason = "a constant has no iterators; i is in range")]
pub(crate) const fn read_quantity(text: &str, units: &[Unit]) -> Result<u64, QuantityFault> {
    let bytes = text.as_bytes();
    // The digits before the point, those behind it as a fraction of `divisor`, and how many there are of each.
    let (mut whole, mut wholes): (u128, usize) = (0, 0);
    let (mut fraction, mut fractions): (u128, usize) = (0, 0);
    let mut divisor: u128 = 1;
    let (mut point, mut in_range) = (false, true);
    let mut i = 0;
    while i < bytes.len() && (bytes[i].is_ascii_digit() || bytes[i] == b'.') {
        let digit = (bytes[i] as u128).wrapping_sub(b'0' as u128);
        if bytes[i] == b'.' {
            if point {
                return Err(QuantityFault::Unit);
            }
            point = true;
        } else if point {
            fractions += 1;
            // Beyond 30 places, only zeros are a whole number of any unit.
            if fractions <= 30 {
                fraction = fraction * 10 + digit;
                divisor *= 10;
            } else if digit != 0 {
                in_range = false;
            }
        } else {
            wholes += 1;
            whole = whole.saturating_mul(10).saturating_add(digit);
        }
        i += 1;
    }
    if wholes == 0 || (point && fractions == 0) {
        return Err(QuantityFault::Unit);
    }
    let (_, unit) = bytes.split_at(i);
    let mut u = 0;
    while u < units.len() && !is_same(units[u].0.as_bytes(), unit) {
        u += 1;
    }
    if u == units.len() {
        return Err(QuantityFault::Unit);
    }
    let scale = units[u].1 as u128;
    while fraction != 0 && fraction.is_multiple_of(10) {
        fraction /= 10;
        divisor /= 10;
    }
    let (Some(whole), Some(part)) = (whole.checked_mul(scale), fraction.checked_mul(scale)) else {
        return Err(QuantityFault::Range);
    };
    if !in_range || !part.is_multiple_of(divisor) || whole > u64::MAX as u128 {
        return Err(QuantityFault::Range);
    }
    let count = whole + part / divisor;
    if count > u64::MAX as u128 {
        return Err(QuantityFault::Range);
    }
    #[expect(clippy::cast_possible_truncation, reason = "compared above")]
    Ok(count as u64)
}

/// Whether two texts are equal; `==` is not for constants.
pub const fn is_same_text(a: &str, b: &str) -> bool {
    is_same(a.as_bytes(), b.as_bytes())
}

/// Whether two sequences of bytes are equal, for constants.
#[expect(clippy::indexing_slicing, reason = "a constant has no iterators; i is in range")]
pub(crate) const fn is_same(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    let mut i = 0;
    while i < a.len() {
        if a[i] != b[i] {
            return false;
        }
        i += 1;
    }
    true
}

fn format_quantity(count: u128, units: &[Unit], zero: &str) -> String {
    let fits = |scale: u64| count >= u128::from(scale) && count.is_multiple_of(u128::from(scale));
    match units.iter().rev().find(|(_, scale)| fits(*scale)) {
        Some((unit, scale)) => format!("{}{unit}", count / u128::from(*scale)),
        None => zero.to_owned(),
    }
}

/// For `#[serde(deserialize_with = "…")]`: `"500ms"`.
///
/// # Errors
/// The text is not a duration.
pub fn duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(deserializer)?;
    parse_duration(&text).ok_or_else(|| expected(A_DURATION, &text))
}

/// For `#[serde(default, deserialize_with = "…")]`: `"500ms"` or nothing.
///
/// # Errors
/// The text is not a duration.
pub fn optional_duration<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Duration>, D::Error> {
    let Some(text) = Option::<String>::deserialize(deserializer)? else { return Ok(None) };
    parse_duration(&text).map(Some).ok_or_else(|| expected(A_DURATION, &text))
}

/// For `#[serde(deserialize_with = "…")]`: `"4MiB"`, in bytes.
///
/// # Errors
/// The text is not a size.
pub fn size<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    let text = String::deserialize(deserializer)?;
    parse_size(&text).ok_or_else(|| expected(A_SIZE, &text))
}

/// For `#[serde(deserialize_with = "…")]`: a number from 0 to 1.
///
/// # Errors
/// The number is outside.
pub fn ratio<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    let number = f64::deserialize(deserializer)?;
    if (0.0..=1.0).contains(&number) {
        return Ok(number);
    }
    Err(D::Error::custom(format!("expected a number from 0 to 1, found {number}")))
}

/// For `#[serde(serialize_with = "…", skip_serializing_if = "Option::is_none")]`: what [`optional_duration`] reads.
///
/// # Errors
/// The serializer's own.
pub fn write_optional_duration<S: Serializer>(
    value: &Option<Duration>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match value {
        Some(duration) => serializer.serialize_str(&format_duration(*duration)),
        None => serializer.serialize_none(),
    }
}

fn expected<E: Error>(what: &str, text: &str) -> E {
    E::custom(format!("expected {what}, found `{text}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_back() {
        for text in ["500ms", "30s", "2m", "1h", "24h", "10us", "1.5us", "0.007us", "0s"] {
            assert_eq!(format_duration(parse_duration(text).unwrap()), text);
        }
        for micros in [1, 999, 1_001, 60_000_000, 61_000_000, 3_600_000_000, u64::MAX / 1_000] {
            let duration = Duration::from_micros(micros);
            assert_eq!(parse_duration(&format_duration(duration)), Some(duration));
        }
        for (text, nanos) in [("1.5s", 1_500_000_000), ("0.000001s", 1_000), ("0.5us", 500)] {
            assert_eq!(parse_duration(text), Some(Duration::from_nanos(nanos)), "{text}");
        }
        assert_eq!(read_duration("0.0001us"), Err(QuantityFault::Range), "a tenth of a nanosecond");
        assert_eq!(read_duration("99999999h"), Err(QuantityFault::Range));
        let refused = [
            "", "5", "s", "1.s", ".5s", "-1s", "1 s", "1sec", "1e3s", "1.2.3s", "1S", "1d", "7ns",
            "1µs",
        ];
        for text in refused {
            assert_eq!(read_duration(text), Err(QuantityFault::Unit), "{text}");
        }
    }

    #[test]
    fn sizes_read_back() {
        for text in ["4MiB", "0B", "512B", "1GiB", "3KiB", "2TiB"] {
            assert_eq!(format_size(parse_size(text).unwrap()), text);
        }
        assert_eq!(parse_size("0.5KiB"), Some(512));
        assert_eq!(read_size("0.3B"), Err(QuantityFault::Range));
        for text in ["4mb", "10MB", "10kB", "4"] {
            assert_eq!(read_size(text), Err(QuantityFault::Unit), "{text}");
        }
    }
}
