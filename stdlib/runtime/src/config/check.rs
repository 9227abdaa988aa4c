//! Whether a configured value fits its setting.

use serde_json::Value;

use crate::environment::parse_reference;
use crate::plan::{SettingKind, SettingPlan};
use crate::units::{parse_duration, parse_size};

/// Says what is wrong with `value`, if something is.
pub(super) fn check(setting: &SettingPlan, value: &Value) -> Result<(), String> {
    if parse_reference(value).is_some() {
        return Ok(());
    }
    if setting.secret {
        return Err("a secret is written as { secret = \"name\" } or { env = \"NAME\" }".to_owned());
    }
    let wanted = match setting.kind {
        SettingKind::Duration => "a duration such as \"500ms\"",
        SettingKind::Size => "a size such as \"4MiB\"",
        SettingKind::Ratio => "a number from 0 to 1",
        SettingKind::Count => "a whole number",
        SettingKind::Float => "a number",
        SettingKind::Bool => "true or false",
        SettingKind::Text => "text in quotes",
        SettingKind::OneOf => return check_word(setting, value),
        SettingKind::List => "a list",
        SettingKind::Table | SettingKind::Map | SettingKind::PerMethod => "a table",
        SettingKind::Any => return Ok(()),
    };
    if !fits(setting.kind, value) {
        return Err(format!("{value} is not {wanted}"));
    }
    check_bounds(setting, value)
}

fn check_word(setting: &SettingPlan, value: &Value) -> Result<(), String> {
    let known = value.as_str().is_some_and(|text| setting.words.iter().any(|word| word == text));
    if known {
        Ok(())
    } else {
        Err(format!("expected one of {}, found {value}", setting.words.join(", ")))
    }
}

fn fits(kind: SettingKind, value: &Value) -> bool {
    match kind {
        SettingKind::Duration | SettingKind::Size => read_magnitude(kind, value).is_some(),
        SettingKind::Ratio => value.as_f64().is_some_and(|v| (0.0..=1.0).contains(&v)),
        SettingKind::Count => value.is_u64(),
        SettingKind::Float => value.is_number(),
        SettingKind::Bool => value.is_boolean(),
        SettingKind::Text => value.is_string(),
        SettingKind::List => value.is_array(),
        SettingKind::Table | SettingKind::Map | SettingKind::PerMethod => value.is_object(),
        SettingKind::OneOf | SettingKind::Any => true,
    }
}

fn check_bounds(setting: &SettingPlan, value: &Value) -> Result<(), String> {
    let Some(number) = read_magnitude(setting.kind, value) else { return Ok(()) };
    // A bound may be text in the plan even where the setting is a number.
    let bound =
        |bound: &Option<Value>| bound.as_ref().and_then(|b| read_magnitude(setting.kind, b));
    if let (Some(least), Some(text)) = (bound(&setting.min), &setting.min)
        && number < least
    {
        return Err(format!("{value} is less than {text}"));
    }
    if let (Some(greatest), Some(text)) = (bound(&setting.max), &setting.max)
        && number > greatest
    {
        return Err(format!("{value} is more than {text}"));
    }
    Ok(())
}

/// The number behind a value that has an order.
#[expect(clippy::cast_precision_loss, reason = "bounds are far below 2^53")]
fn read_magnitude(kind: SettingKind, value: &Value) -> Option<f64> {
    match (kind, value) {
        (SettingKind::Duration, Value::String(text)) => {
            parse_duration(text).map(|duration| duration.as_secs_f64())
        }
        (SettingKind::Size, Value::String(text)) => {
            parse_size(text).map(|size| size as f64).or_else(|| text.parse().ok())
        }
        (SettingKind::Ratio | SettingKind::Count | SettingKind::Float, Value::String(text)) => {
            text.parse().ok()
        }
        (
            SettingKind::Size | SettingKind::Ratio | SettingKind::Count | SettingKind::Float,
            Value::Number(number),
        ) => number.as_f64(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_checked_against_type_and_bounds() {
        let setting = |text: Value| serde_json::from_value::<SettingPlan>(text).unwrap();
        let after =
            setting(json!({ "type": "duration", "tunable": true, "min": "1ms", "max": "1h" }));
        assert_eq!(check(&after, &json!("200ms")), Ok(()));
        assert_eq!(check(&after, &json!("2h")), Err("\"2h\" is more than \"1h\"".to_owned()));
        assert_eq!(check(&after, &json!("0s")), Err("\"0s\" is less than \"1ms\"".to_owned()));
        assert!(check(&after, &json!(200)).unwrap_err().contains("a duration such as"));
        assert!(check(&after, &json!("200")).is_err());
        let attempts = setting(json!({ "type": "count", "min": "1", "max": 10 }));
        assert_eq!(check(&attempts, &json!(10)), Ok(()));
        assert!(check(&attempts, &json!(0)).is_err() && check(&attempts, &json!(-1)).is_err());
        let kind = setting(json!({ "type": "one_of", "words": ["a", "b"] }));
        assert_eq!(check(&kind, &json!("c")), Err("expected one of a, b, found \"c\"".to_owned()));
        let secret = setting(json!({ "type": "text", "secret": true }));
        assert!(check(&secret, &json!("hunter2")).is_err());
        assert_eq!(check(&secret, &json!({ "env": "X" })), Ok(()));
    }
}
