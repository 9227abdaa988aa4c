//! Bounds of quantities as regular expressions, because a schema can compare numbers but not text.
//!
//! A pattern is exact for whole numbers of a unit, and accepts some decimals that `bp` then checks; it never refuses what `bp` accepts.

use bp_contract::units::Unit;
use bp_plugin::{Literal, Setting};
use serde_json::{Value as Json, json};

use crate::definition::definition_ref;

/// A quantity of this definition within the setting's bounds; `parse` counts it in the smallest unit.
pub(crate) fn quantity_schema(
    name: &str,
    setting: &Setting,
    units: &[Unit],
    parse: impl Fn(&str) -> Option<u64>,
) -> Json {
    let bound = |literal: Option<Literal>| match literal {
        Some(Literal::Text(text)) => parse(text),
        _ => None,
    };
    let (min, max) = (bound(setting.min), bound(setting.max));
    if min.is_none() && max.is_none() {
        return definition_ref(name);
    }
    let pattern = range_pattern(min.unwrap_or(0), max.unwrap_or(u64::MAX), units);
    json!({ "allOf": [definition_ref(name), { "pattern": pattern }] })
}

/// The quantities from `min` to `max` of the smallest unit.
fn range_pattern(min: u64, max: u64, units: &[Unit]) -> String {
    let mut forms = Vec::new();
    for (unit, scale) in units {
        let (low, high) = (min / scale, max / scale);
        let mut numbers = Vec::new();
        if low == 0 && min > 0 {
            // Less than one, but more than zero.
            numbers.push(r"0+\.0*[1-9][0-9]*".to_owned());
        }
        if low.max(u64::from(min > 0)) <= high {
            let whole = number_patterns(low.max(u64::from(min > 0)), high).join("|");
            numbers.push(format!(r"0*({whole})(\.[0-9]+)?"));
        }
        if !numbers.is_empty() {
            forms.push(format!("({}){unit}", numbers.join("|")));
        }
    }
    format!("^({})$", forms.join("|"))
}

/// Patterns of the whole numbers from `low` to `high`, without leading zeros.
fn number_patterns(low: u64, high: u64) -> Vec<String> {
    let mut all = Vec::new();
    let mut from = low;
    while from <= high {
        // Numbers with the same number of digits.
        let digits = from.to_string().len();
        let most = "9".repeat(digits).parse().unwrap_or(u64::MAX).min(high);
        all.extend(same_length_patterns(&from.to_string(), &most.to_string()));
        let Some(next) = most.checked_add(1) else { break };
        from = next;
    }
    all
}

/// Patterns of the numbers between two that have the same number of digits.
fn same_length_patterns(low: &str, high: &str) -> Vec<String> {
    let (Some((first, low)), Some((last, high))) =
        (split_first_digit(low), split_first_digit(high))
    else {
        return vec![String::new()];
    };
    let behind =
        |digit: char, all: Vec<String>| all.into_iter().map(move |p| format!("{digit}{p}"));
    if first == last {
        return behind(first, same_length_patterns(low, high)).collect();
    }
    let rest = low.len();
    let (mut from, mut to) = (first, last);
    let (mut start, mut end) = (Vec::new(), Vec::new());
    if low.bytes().any(|d| d != b'0') {
        start.extend(behind(first, same_length_patterns(low, &"9".repeat(rest))));
        from = step_digit(first, 1);
    }
    if high.bytes().any(|d| d != b'9') {
        end.extend(behind(last, same_length_patterns(&"0".repeat(rest), high)));
        to = step_digit(last, -1);
    }
    if from <= to {
        let digit = if from == to { from.to_string() } else { format!("[{from}-{to}]") };
        start.push(match rest {
            0 => digit,
            1 => format!("{digit}[0-9]"),
            _ => format!("{digit}[0-9]{{{rest}}}"),
        });
    }
    start.extend(end);
    start
}

/// The first digit and the others.
fn split_first_digit(digits: &str) -> Option<(char, &str)> {
    let first = digits.chars().next()?;
    Some((first, digits.get(1..)?))
}

/// The previous or next digit.
fn step_digit(digit: char, step: i32) -> char {
    let value = digit.to_digit(10).and_then(|d| d.checked_add_signed(step));
    value.and_then(|d| char::from_digit(d, 10)).unwrap_or(digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNITS: &[Unit] = &[("us", 1), ("ms", 1_000), ("s", 1_000_000), ("m", 60_000_000)];

    #[test]
    fn a_pattern_takes_what_is_within_bounds_and_no_whole_quantity_that_is_not() {
        for (min, max) in [
            (0, 60_000_000),
            (1_000, 3_600_000_000),
            (100_000, 999_999),
            (1, 1),
            (5_000, 5_000_000),
            (25_000, 13_000_000),
            (1_000_000, u64::MAX),
        ] {
            let schema = json!({ "type": "string", "pattern": range_pattern(min, max, UNITS) });
            let schema = jsonschema::validator_for(&schema).unwrap();
            let takes = |text: String| schema.is_valid(&Json::String(text));
            for (unit, scale) in UNITS {
                let near = |n: u64| (n / scale).saturating_sub(2)..=(n / scale).saturating_add(2);
                let numbers = (0..=1200).chain(near(min)).chain(near(max));
                for n in numbers {
                    let inside = n.checked_mul(*scale).is_some_and(|n| (min..=max).contains(&n));
                    let text = format!("{n}{unit}");
                    if n.checked_mul(*scale).is_some() {
                        assert_eq!(takes(text.clone()), inside, "{text} in {min}..={max}");
                    }
                    if inside && n > 0 {
                        assert!(takes(format!("00{n}.0{unit}")), "{text} in {min}..={max}");
                    }
                }
            }
            assert!(!takes("1".to_owned()) && !takes("s".to_owned()) && !takes(" 5s".to_owned()));
        }
        let half = json!({ "type": "string", "pattern": range_pattern(1_000, 3_000_000, UNITS) });
        let half = jsonschema::validator_for(&half).unwrap();
        for (text, takes) in [("0.5s", true), ("0.0s", false), ("0s", false), ("1.5ms", true)] {
            assert_eq!(half.is_valid(&json!(text)), takes, "{text}");
        }
    }
}
