//! What a plan says of a plugin's setting, so that the running system accepts or refuses changes.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::units::{A_DURATION, A_SIZE, parse_duration, parse_size};

/// The type of a setting's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SettingType {
    /// A span of time, `"500ms"`.
    Duration,
    /// Bytes, `"4MiB"`.
    Size,
    /// A number from 0 to 1.
    Ratio,
    /// A whole number from 0.
    Count,
    /// Any number.
    Float,
    /// `true` or `false`.
    Bool,
    /// Text.
    Text,
    /// One of several words.
    OneOf,
    /// Several values of one type.
    List,
    /// Settings below this one.
    Table,
    /// A table with free keys and values of one type.
    Map,
    /// A table keyed by the callee's methods.
    PerMethod,
    /// Anything; the plugin checks it.
    Any,
}

impl SettingType {
    /// What a message asks for: `a duration such as "500ms"`.
    pub const fn expected(self) -> &'static str {
        match self {
            Self::Duration => A_DURATION,
            Self::Size => A_SIZE,
            Self::Ratio => "a number from 0 to 1",
            Self::Count => "a whole number",
            Self::Float => "a number",
            Self::Bool => "true or false",
            Self::Text => "text in quotes",
            Self::OneOf => "a word",
            Self::List => "a list",
            Self::Table | Self::Map | Self::PerMethod => "a table",
            Self::Any => "a value",
        }
    }

    /// Whether a value is one of this type, bounds and words aside.
    pub fn fits(self, value: &Value) -> bool {
        match self {
            Self::Duration => value.as_str().and_then(parse_duration).is_some(),
            Self::Size => value.as_str().and_then(parse_size).is_some(),
            Self::Ratio => value.as_f64().is_some_and(|v| (0.0..=1.0).contains(&v)),
            Self::Count => value.is_u64(),
            Self::Float => value.is_number(),
            Self::Bool => value.is_boolean(),
            Self::Text | Self::OneOf => value.is_string(),
            Self::List => value.is_array(),
            Self::Table | Self::Map | Self::PerMethod => value.is_object(),
            Self::Any => true,
        }
    }
}

/// A setting, as the running system must know it to accept changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SettingPlan {
    /// The type of its value.
    #[serde(rename = "type")]
    pub kind: SettingType,
    /// Whether it may change without a rebuild.
    #[serde(default)]
    pub tunable: bool,
    /// Least value, as wiring writes it without quotes: `1ms`, `0.5`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<String>,
    /// Greatest value, as wiring writes it without quotes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<String>,
    /// The words of a [`SettingType::OneOf`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub words: Vec<String>,
    /// For a table: the setting that a bare value stands for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shorthand: Option<String>,
    /// Whether its value is never shown.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub secret: bool,
    /// The variants of its table to which it belongs; `None` if it belongs to all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<WhenPlan>,
}

/// Where a setting of some variants of a table may be written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WhenPlan {
    /// The setting of the same table that chooses the variant.
    pub tag: String,
    /// The variants, as values of the tag.
    pub words: Vec<String>,
}

impl SettingPlan {
    /// Checks a value's type, words and bounds.
    ///
    /// # Errors
    /// What was expected, and what was found.
    pub fn check(&self, value: &Value) -> Result<(), String> {
        if self.kind == SettingType::OneOf {
            let known = value.as_str().is_some_and(|text| self.words.iter().any(|w| w == text));
            let words = self.words.join(", ");
            return if known {
                Ok(())
            } else {
                Err(format!("expected one of {words}, found {value}"))
            };
        }
        if !self.kind.fits(value) {
            return Err(format!("expected {}, found {value}", self.kind.expected()));
        }
        let Some(number) = self.magnitude_of(value) else { return Ok(()) };
        let bound =
            |text: &Option<String>| text.as_deref().and_then(|t| self.magnitude_of_bound(t));
        let written = |text: &Option<String>| text.clone().unwrap_or_default();
        if bound(&self.min).is_some_and(|least| number < least) {
            return Err(format!("expected at least {}, found {value}", written(&self.min)));
        }
        if bound(&self.max).is_some_and(|greatest| number > greatest) {
            return Err(format!("expected at most {}, found {value}", written(&self.max)));
        }
        Ok(())
    }

    /// The number behind a value that has an order.
    fn magnitude_of(&self, value: &Value) -> Option<f64> {
        match value {
            Value::String(text) => self.magnitude_of_bound(text),
            value => value.as_f64(),
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "bounds are far below 2^53")]
    fn magnitude_of_bound(&self, text: &str) -> Option<f64> {
        match self.kind {
            SettingType::Duration => parse_duration(text).map(|duration| duration.as_secs_f64()),
            SettingType::Size => parse_size(text).map(|bytes| bytes as f64),
            SettingType::Ratio | SettingType::Count | SettingType::Float => text.parse().ok(),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_checked_against_type_words_and_bounds() {
        let setting = |text: Value| serde_json::from_value::<SettingPlan>(text).unwrap();
        let after =
            setting(json!({ "type": "duration", "tunable": true, "min": "1ms", "max": "1h" }));
        assert_eq!(after.check(&json!("200ms")), Ok(()));
        assert_eq!(after.check(&json!("2h")).unwrap_err(), "expected at most 1h, found \"2h\"");
        assert_eq!(after.check(&json!("0s")).unwrap_err(), "expected at least 1ms, found \"0s\"");
        for wrong in [json!(200), json!("200"), json!({})] {
            assert!(after.check(&wrong).unwrap_err().starts_with("expected a duration such as"));
        }
        let attempts = setting(json!({ "type": "count", "min": "1", "max": "10" }));
        assert_eq!(attempts.check(&json!(10)), Ok(()));
        for wrong in [json!(0), json!(-1), json!(11), json!("3"), json!(1.5)] {
            assert!(attempts.check(&wrong).is_err(), "{wrong}");
        }
        let size = setting(json!({ "type": "size", "max": "4KiB" }));
        assert_eq!(size.check(&json!("4KiB")), Ok(()));
        assert!(size.check(&json!("5KiB")).is_err());
        let word = setting(json!({ "type": "one_of", "words": ["a", "b"] }));
        assert_eq!(word.check(&json!("a")), Ok(()));
        assert_eq!(word.check(&json!("c")).unwrap_err(), "expected one of a, b, found \"c\"");
    }
}
