//! Typed readers: a leaf as a duration, size, ratio and so on, or a diagnostic that says what to type.
//!
//! Plugins' key specifications stand on these.

use std::time::Duration;

use bp_contract::units::{
    DURATION_UNITS, QuantityFault, SIZE_UNITS, format_duration, format_size, read_duration,
    read_size, unit_names,
};
use bp_diag::catalog::wiring as codes;
use bp_diag::{Applicability, Diagnostic, Edit, nearest};

use crate::{Item, Reference, Table, Value};

/// A typed value, or the reference that yields it at start-up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Typed<T> {
    /// Known now.
    Value(T),
    /// Read at start-up.
    Reference(Reference),
}

impl<T> Typed<T> {
    /// The value, if it is known now.
    pub fn value(self) -> Option<T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Reference(_) => None,
        }
    }
}

/// Inclusive bounds; `None` is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds<T> {
    /// The least value.
    pub min: Option<T>,
    /// The greatest value.
    pub max: Option<T>,
}

impl<T> Default for Bounds<T> {
    fn default() -> Self {
        Self { min: None, max: None }
    }
}

impl<T> Bounds<T> {
    /// No bounds.
    pub fn open() -> Self {
        Self::default()
    }

    /// Both bounds.
    pub fn between(min: T, max: T) -> Self {
        Self { min: Some(min), max: Some(max) }
    }

    /// A least value.
    pub fn at_least(min: T) -> Self {
        Self { min: Some(min), max: None }
    }
}

fn bounded<T: PartialOrd + Copy>(
    item: &Item,
    path: &str,
    value: T,
    bounds: &Bounds<T>,
    text: impl Fn(T) -> String,
) -> Result<Typed<T>, Diagnostic> {
    let low = bounds.min.is_some_and(|min| value < min);
    let high = bounds.max.is_some_and(|max| value > max);
    if low || high {
        let (min, max) = (bounds.min.map(&text), bounds.max.map(&text));
        return Err(codes::out_of_bounds(
            item.span,
            path,
            &text(value),
            min.as_deref(),
            max.as_deref(),
        ));
    }
    Ok(Typed::Value(value))
}

/// The readers; `path` names the setting in messages.
///
/// Each answers a reference unread, since it is known only at start-up.
impl Item {
    fn mistyped(&self, path: &str, expected: &str, example: &str) -> Diagnostic {
        codes::wrong_type(self.span, path, expected, self.type_name(), example)
    }

    /// As [`Item::mistyped`], where the example is the same value in the type that is wanted.
    fn miswritten(&self, path: &str, expected: &str, same: &str) -> Diagnostic {
        self.mistyped(path, expected, same).fix(Applicability::Sure, vec![self.edit(same)])
    }

    fn edit(&self, text: &str) -> Edit {
        Edit { span: self.span, text: text.to_owned() }
    }

    /// A unit that the wiring spells otherwise; sure where the text can mean nothing else.
    fn misspelt(
        &self,
        path: &str,
        text: &str,
        units: &str,
        forms: &Forms,
        otherwise: &str,
    ) -> Diagnostic {
        let (example, sure) = guess(text, forms, otherwise);
        let diagnostic = codes::bad_unit(self.span, path, text, units, &example);
        let edits = vec![self.edit(&example)];
        if sure { diagnostic.fix(Applicability::Sure, edits) } else { diagnostic }
    }

    /// A duration: `"500ms"`, `"1.5s"`, `"2m"`, `"1h"`.
    pub fn duration(
        &self,
        path: &str,
        bounds: &Bounds<Duration>,
    ) -> Result<Typed<Duration>, Diagnostic> {
        match &self.value {
            Value::Reference(reference) => Ok(Typed::Reference(reference.clone())),
            Value::String(text) => match read_duration(text) {
                Ok(duration) => {
                    let text = |d: Duration| format!("\"{}\"", format_duration(d));
                    bounded(self, path, duration, bounds, text)
                }
                Err(QuantityFault::Unit) => {
                    let units = unit_names(DURATION_UNITS);
                    Err(self.misspelt(path, text, &units, DURATION_FORMS, "500ms"))
                }
                Err(QuantityFault::Range) => Err(codes::out_of_bounds(
                    self.span,
                    path,
                    &format!("\"{text}\""),
                    Some("a nanosecond"),
                    Some("500 years"),
                )),
            },
            Value::Integer(n) => Err(self.mistyped(path, "a duration", &format!("\"{n}ms\""))),
            _ => Err(self.mistyped(path, "a duration", "\"500ms\"")),
        }
    }

    /// A size in bytes: `"512B"`, `"64KiB"`, `"4MiB"`, `"1GiB"`.
    pub fn size(&self, path: &str, bounds: &Bounds<u64>) -> Result<Typed<u64>, Diagnostic> {
        match &self.value {
            Value::Reference(reference) => Ok(Typed::Reference(reference.clone())),
            Value::String(text) => match read_size(text) {
                Ok(bytes) => {
                    bounded(self, path, bytes, bounds, |n| format!("\"{}\"", format_size(n)))
                }
                Err(QuantityFault::Unit) => {
                    let units = unit_names(SIZE_UNITS);
                    Err(self.misspelt(path, text, &units, SIZE_FORMS, "4MiB"))
                }
                Err(QuantityFault::Range) => Err(codes::out_of_bounds(
                    self.span,
                    path,
                    &format!("\"{text}\""),
                    Some("\"1B\""),
                    Some("\"16777215TiB\""),
                )),
            },
            Value::Integer(n) => Err(self.mistyped(path, "a size", &format!("\"{n}B\""))),
            _ => Err(self.mistyped(path, "a size", "\"4MiB\"")),
        }
    }

    /// A part of one: from 0 to 1.
    pub fn ratio(&self, path: &str) -> Result<Typed<f64>, Diagnostic> {
        if let Value::String(text) = &self.value
            && let Some(percent) = text.strip_suffix('%').and_then(|t| t.trim().parse::<f64>().ok())
        {
            return Err(self.miswritten(
                path,
                "a number from 0 to 1",
                &Value::Float(percent / 100.0).to_string(),
            ));
        }
        self.real(path, &Bounds::between(0.0, 1.0), "a number from 0 to 1", "0.1")
    }

    /// A number with or without a point.
    pub fn number(&self, path: &str, bounds: &Bounds<f64>) -> Result<Typed<f64>, Diagnostic> {
        self.real(path, bounds, "a number", "0.5")
    }

    fn real(
        &self,
        path: &str,
        bounds: &Bounds<f64>,
        expected: &str,
        example: &str,
    ) -> Result<Typed<f64>, Diagnostic> {
        let number = match &self.value {
            Value::Reference(reference) => return Ok(Typed::Reference(reference.clone())),
            Value::Float(n) if n.is_finite() => *n,
            #[expect(
                clippy::cast_precision_loss,
                reason = "a setting that large is out of bounds anyway"
            )]
            Value::Integer(n) => *n as f64,
            _ => return Err(self.mistyped(path, expected, example)),
        };
        bounded(self, path, number, bounds, |n| n.to_string())
    }

    /// A whole number.
    pub fn integer(&self, path: &str, bounds: &Bounds<i128>) -> Result<Typed<i128>, Diagnostic> {
        match &self.value {
            Value::Reference(reference) => Ok(Typed::Reference(reference.clone())),
            Value::Integer(n) => bounded(self, path, *n, bounds, |n| n.to_string()),
            Value::String(text) if text.parse::<i128>().is_ok() => {
                Err(self.miswritten(path, "a whole number", text))
            }
            _ => Err(self.mistyped(path, "a whole number", "3")),
        }
    }

    /// A whole number that is not negative.
    pub fn count(&self, path: &str, bounds: &Bounds<u64>) -> Result<Typed<u64>, Diagnostic> {
        let wide = Bounds {
            min: Some(i128::from(bounds.min.unwrap_or(0))),
            max: bounds.max.map(i128::from),
        };
        Ok(match self.integer(path, &wide)? {
            Typed::Reference(reference) => Typed::Reference(reference),
            // Within bounds that begin at 0, and the parser admits nothing above 64 bits.
            Typed::Value(n) => Typed::Value(u64::try_from(n).unwrap_or(u64::MAX)),
        })
    }

    /// `true` or `false`.
    pub fn boolean(&self, path: &str) -> Result<Typed<bool>, Diagnostic> {
        match &self.value {
            Value::Reference(reference) => Ok(Typed::Reference(reference.clone())),
            Value::Boolean(b) => Ok(Typed::Value(*b)),
            Value::String(text) if text == "true" || text == "false" => {
                Err(self.miswritten(path, "`true` or `false`", text))
            }
            _ => Err(self.mistyped(path, "`true` or `false`", "true")),
        }
    }

    /// A string.
    pub fn string(&self, path: &str) -> Result<Typed<String>, Diagnostic> {
        match &self.value {
            Value::Reference(reference) => Ok(Typed::Reference(reference.clone())),
            Value::String(text) => Ok(Typed::Value(text.clone())),
            Value::Integer(_) | Value::Float(_) | Value::Boolean(_) | Value::Datetime(_) => {
                Err(self.miswritten(path, "a string", &format!("\"{}\"", self.value)))
            }
            _ => Err(self.mistyped(path, "a string", "\"…\"")),
        }
    }

    /// A string that must come from outside the wiring.
    pub fn secret(&self, path: &str) -> Result<Reference, Diagnostic> {
        match &self.value {
            Value::Reference(reference) => Ok(reference.clone()),
            _ => Err(codes::literal_secret(self.span, path)),
        }
    }

    /// One of some strings.
    pub fn choice(&self, path: &str, choices: &[&str]) -> Result<Typed<String>, Diagnostic> {
        match &self.value {
            Value::Reference(reference) => Ok(Typed::Reference(reference.clone())),
            Value::String(text) if choices.contains(&text.as_str()) => {
                Ok(Typed::Value(text.clone()))
            }
            Value::String(text) => Err(codes::not_a_choice(
                self.span,
                path,
                text,
                choices,
                nearest(text, choices.iter().copied()),
            )),
            _ => {
                let example =
                    choices.first().map_or_else(|| "\"…\"".to_owned(), |c| format!("\"{c}\""));
                Err(self.mistyped(path, "a string", &example))
            }
        }
    }

    /// An array, element by element.
    pub fn list(&self, path: &str) -> Result<&[Item], Diagnostic> {
        match &self.value {
            Value::Array(items) => Ok(items),
            Value::Table(_) | Value::Reference(_) => Err(self.mistyped(path, "an array", "[…]")),
            value => Err(self.miswritten(path, "an array", &format!("[{value}]"))),
        }
    }

    /// A table.
    pub fn table(&self, path: &str) -> Result<&Table, Diagnostic> {
        self.as_table().ok_or_else(|| self.mistyped(path, "a table", "{ … }"))
    }
}

impl Table {
    /// A diagnostic for each key that is not in `known`; `place` describes the table: "`retry`".
    pub fn unknown_keys(&self, place: &str, known: &[&str]) -> Vec<Diagnostic> {
        let stranger = |key: &&String| !known.contains(&key.as_str());
        let report = |(key, item): (&String, &Item)| {
            let near = nearest(key, known.iter().copied());
            let mut diagnostic = codes::unknown_key(item.key, key, place, near, known);
            // Renamed, it would be there twice.
            let there = near.and_then(|near| self.entries.get(near));
            if there.is_some_and(|there| there.key.file == item.key.file) {
                diagnostic.fix = None;
            }
            diagnostic
        };
        self.entries.iter().filter(|(key, _)| stranger(key)).map(report).collect()
    }
}

/// Forms in which people write a unit, by unit; the first unit is meant where none is written.
type Forms = [(&'static str, &'static [&'static str])];

const DURATION_FORMS: &Forms = &[
    ("ms", &["", "ms", "msec", "millis", "milliseconds"]),
    ("us", &["us", "µs", "usec"]),
    ("s", &["s", "sec", "secs", "second", "seconds"]),
    ("m", &["m", "min", "mins", "minute", "minutes"]),
    ("h", &["h", "hr", "hour", "hours"]),
];

const SIZE_FORMS: &Forms = &[
    ("B", &["", "b", "byte", "bytes"]),
    ("KiB", &["k", "kb", "kib"]),
    ("MiB", &["m", "mb", "mib"]),
    ("GiB", &["g", "gb", "gib"]),
    ("TiB", &["t", "tb", "tib"]),
];

/// What a text that is not a quantity probably means, in quotes, and whether it can mean nothing else.
fn guess(text: &str, forms: &Forms, otherwise: &str) -> (String, bool) {
    let text = text.trim();
    let end = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let unit = unit.trim().to_lowercase();
    let meant = forms.iter().find(|(_, forms)| forms.contains(&unit.as_str()));
    match meant {
        Some((meant, _)) if number.parse::<f64>().is_ok() => {
            // A number alone has no unit, and `MB` may be a million bytes or 2^20.
            let decimal = meant.ends_with("iB") && !unit.ends_with("ib");
            (format!("\"{number}{meant}\""), !unit.is_empty() && !decimal)
        }
        _ => (format!("\"{otherwise}\""), false),
    }
}
