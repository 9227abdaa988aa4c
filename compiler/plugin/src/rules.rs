//! The rules that a plugin's derived settings have, at compile time.

use std::collections::BTreeMap;

use bp_contract::setting::{RuleFault, Setting, SettingKind};
use bp_plan::Value;
use serde_json::{Map, Value as Json};

/// Finds what is wrong with a table of values: what derived settings refuse to read, else their rules that are broken.
pub type RuleCheck = fn(&Json) -> Vec<RuleFault>;

/// What stands for a secret while rules run.
const PLACEHOLDER: &str = "•••";

/// The values that `declared` knows, as derived settings read them; `None` if one of them is known only at start-up.
///
/// A secret is replaced by a placeholder: rules never see one.
pub(crate) fn collect_known_values(
    declared: &[Setting],
    values: &BTreeMap<String, Value>,
) -> Option<Json> {
    let mut out = Map::new();
    for (name, value) in values {
        // `in_process` and `port`, say, are not the plugin's own.
        let Some(setting) = declared.iter().find(|s| s.name == name) else { continue };
        out.insert(name.clone(), to_known(&setting.kind, setting.secret, value)?);
    }
    Some(Json::Object(out))
}

fn to_known(kind: &SettingKind, secret: bool, value: &Value) -> Option<Json> {
    match (value, kind) {
        (Value::Reference(_), _) => secret.then(|| PLACEHOLDER.into()),
        (Value::Table(values), SettingKind::Table { settings, .. }) => {
            collect_known_values(settings, values)
        }
        (Value::Table(values), SettingKind::Map(inner) | SettingKind::PerMethod(inner)) => {
            let entry =
                |(name, value): (&String, _)| Some((name.clone(), to_known(inner, secret, value)?));
            values.iter().map(entry).collect::<Option<Map<_, _>>>().map(Json::Object)
        }
        (Value::List(items), SettingKind::List(inner)) => {
            items.iter().map(|item| to_known(inner, secret, item)).collect()
        }
        (Value::List(items), kind) => items.iter().map(|i| to_known(kind, secret, i)).collect(),
        (Value::Table(values), kind) => {
            let entry =
                |(name, value): (&String, _)| Some((name.clone(), to_known(kind, secret, value)?));
            values.iter().map(entry).collect::<Option<Map<_, _>>>().map(Json::Object)
        }
        (value, _) => Some(value.to_json()),
    }
}

/// Whether the wiring's value at a dotted path was left out, because it is wrong or missing.
///
/// Names in a map may have dots of their own, so a name is taken off the path as a whole.
pub(crate) fn is_left_out(values: &BTreeMap<String, Value>, path: &str) -> bool {
    let is_here = |(name, value): (&String, &Value)| match (path.strip_prefix(name.as_str()), value)
    {
        (Some(""), _) => true,
        (Some(rest), value) => rest.strip_prefix('.').is_some_and(|rest| match value {
            Value::Table(inner) => !is_left_out(inner, rest),
            _ => true,
        }),
        (None, _) => false,
    };
    !values.iter().any(is_here)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_in_a_map_may_have_dots() {
        let table = |entries: &[(&str, Value)]| {
            let entries = entries.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
            entries.collect::<BTreeMap<String, Value>>()
        };
        let ports = Value::Table(table(&[("front.http", 8080.into())]));
        let values = table(&[("publish", ports), ("hosts", Value::List(vec!["a".into()]))]);
        for path in ["publish", "publish.front.http", "hosts", "hosts.0"] {
            assert!(!is_left_out(&values, path), "{path}");
        }
        for path in ["bind", "publish.front", "publish.front.grpc", "publish.x.http", "pub"] {
            assert!(is_left_out(&values, path), "{path}");
        }
    }
}
