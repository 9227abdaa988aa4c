//! The `grpc-timeout` header: at most eight digits and a unit.
//!
//! Format: <https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md>, "Timeout".

use std::time::Duration;

/// The largest value that eight digits hold.
const LARGEST: u128 = 99_999_999;

/// Writes a duration in the finest unit that holds it, rounded down so that a callee never waits longer than its caller.
pub(crate) fn write(timeout: Duration) -> String {
    let nanos = timeout.as_nanos();
    for (unit, size) in
        [("n", 1), ("u", 1_000), ("m", 1_000_000), ("S", 1_000_000_000), ("M", 60_000_000_000)]
    {
        if nanos / size <= LARGEST {
            return format!("{}{unit}", nanos / size);
        }
    }
    format!("{}H", (nanos / 3_600_000_000_000).min(LARGEST))
}

/// Reads a header value; `None` if it does not follow the format.
pub(crate) fn read(text: &str) -> Option<Duration> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if digits.is_empty() || digits.len() > 8 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let value: u64 = digits.parse().ok()?;
    Some(match unit {
        "n" => Duration::from_nanos(value),
        "u" => Duration::from_micros(value),
        "m" => Duration::from_millis(value),
        "S" => Duration::from_secs(value),
        "M" => Duration::from_secs(value * 60),
        "H" => Duration::from_secs(value * 3600),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finest_unit_that_fits_is_written_and_read_back() {
        for (duration, text) in [
            (Duration::ZERO, "0n"),
            (Duration::from_nanos(99_999_999), "99999999n"),
            (Duration::from_nanos(100_000_999), "100000u"),
            (Duration::from_secs(30), "30000000u"),
            (Duration::from_secs(100), "100000m"),
            (Duration::from_secs(200_000), "200000S"),
            (Duration::from_secs(u64::MAX), "99999999H"),
        ] {
            assert_eq!(write(duration), text);
            assert!(read(text).unwrap() <= duration, "{text} reads as more than was written");
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for text in ["", "n", "5", "123456789n", "+5m", "5x", "-1S", "5 m", "é"] {
            assert_eq!(read(text), None, "{text:?}");
        }
    }
}
