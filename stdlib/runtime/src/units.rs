//! Durations and sizes as wiring writes them, for plugins' settings:
//!
//! ```
//! #[derive(serde::Deserialize)]
//! struct Settings {
//!     #[serde(deserialize_with = "bp_runtime::units::duration")]
//!     after: std::time::Duration,
//! }
//! let settings: Settings = serde_json::from_str(r#"{ "after": "500ms" }"#)?;
//! assert_eq!(settings.after.as_millis(), 500);
//! # Ok::<(), serde_json::Error>(())
//! ```

use std::time::Duration;

use serde::de::{Deserialize, Deserializer, Error};

/// For `#[serde(deserialize_with = "…")]`: `"500ms"`.
///
/// # Errors
/// The text is no duration.
pub fn duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(deserializer)?;
    parse_duration(&text)
        .ok_or_else(|| D::Error::custom(format!("`{text}` is no duration such as \"500ms\"")))
}

/// For `#[serde(deserialize_with = "…")]`: `"4MiB"`, in bytes.
///
/// # Errors
/// The text is no size.
pub fn size<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    let text = String::deserialize(deserializer)?;
    parse_size(&text)
        .ok_or_else(|| D::Error::custom(format!("`{text}` is no size such as \"4MiB\"")))
}

/// For `#[serde(default, deserialize_with = "…")]`: `"500ms"` or nothing.
///
/// # Errors
/// The text is no duration.
pub fn optional_duration<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Duration>, D::Error> {
    let Some(text) = Option::<String>::deserialize(deserializer)? else { return Ok(None) };
    parse_duration(&text)
        .map(Some)
        .ok_or_else(|| D::Error::custom(format!("`{text}` is no duration such as \"500ms\"")))
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
    Err(D::Error::custom(format!("{number} is not from 0 to 1")))
}

/// Reads `500ms`, `1.5s`, `2m`, `1h`, `1d`, `10us`, `7ns`: a number and one unit.
pub fn parse_duration(text: &str) -> Option<Duration> {
    let (number, unit) = split(text)?;
    let nanos: f64 = match unit {
        "ns" => 1.0,
        "us" | "µs" => 1e3,
        "ms" => 1e6,
        "s" => 1e9,
        "m" => 60e9,
        "h" => 3600e9,
        "d" => 86_400e9,
        _ => return None,
    };
    whole(number * nanos).map(Duration::from_nanos)
}

/// Reads `4MiB`, `64KiB`, `10MB`, `512B`: a number and one unit.
pub fn parse_size(text: &str) -> Option<u64> {
    let (number, unit) = split(text)?;
    let bytes: f64 = match unit {
        "B" => 1.0,
        "KB" | "kB" => 1e3,
        "MB" => 1e6,
        "GB" => 1e9,
        "TB" => 1e12,
        "KiB" => 1024.0,
        "MiB" => 1_048_576.0,
        "GiB" => 1_073_741_824.0,
        "TiB" => 1_099_511_627_776.0,
        _ => return None,
    };
    whole(number * bytes)
}

fn split(text: &str) -> Option<(f64, &str)> {
    let at = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let (number, unit) = text.split_at_checked(at)?;
    if number.is_empty() || number.starts_with('.') || number.ends_with('.') {
        return None;
    }
    Some((number.parse().ok()?, unit))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "checked to be within 0 and 2^63"
)]
fn whole(value: f64) -> Option<u64> {
    (value.is_finite() && (0.0..9.2e18).contains(&value)).then(|| value.round() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units() {
        assert_eq!(parse_duration("500ms"), Some(Duration::from_millis(500)));
        assert_eq!(parse_duration("1.5s"), Some(Duration::from_millis(1500)));
        assert_eq!(parse_duration("2m"), Some(Duration::from_mins(2)));
        assert_eq!(parse_size("4MiB"), Some(4 << 20));
        assert_eq!(parse_size("10kB"), Some(10_000));
        for text in ["", "5", "s", "1.s", ".5s", "-1s", "1 s", "1sec", "1e3s", "4mb"] {
            assert_eq!((parse_duration(text), parse_size(text)), (None, None), "{text}");
        }
    }
}
