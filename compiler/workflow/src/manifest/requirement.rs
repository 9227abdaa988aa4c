//! What is required of a dependency that is not read, as inline TOML.

use toml::de::{DeTable, DeValue};

/// A value as one line of TOML; keys that only the using package sees (`package`, `optional`) are left out.
pub(super) fn inline_toml(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => toml::Value::String(text.to_string()).to_string(),
        DeValue::Boolean(value) => value.to_string(),
        DeValue::Integer(value) => value.as_str().to_owned(),
        DeValue::Float(value) => value.as_str().to_owned(),
        DeValue::Datetime(value) => value.to_string(),
        DeValue::Array(list) => {
            let parts: Vec<_> = list.iter().map(|v| inline_toml(v.get_ref())).collect();
            format!("[{}]", parts.join(", "))
        }
        DeValue::Table(table) => {
            let parts: Vec<_> = table
                .iter()
                .filter(|(key, _)| !matches!(&**key.get_ref(), "optional" | "workspace"))
                .map(|(key, v)| format!("{} = {}", key.get_ref(), inline_toml(v.get_ref())))
                .collect();
            format!("{{ {} }}", parts.join(", "))
        }
    }
}

/// Adds the `features` that a package asks for beside an inherited requirement.
pub(super) fn with_features(inherited: &str, added: &[String]) -> String {
    if added.is_empty() {
        return inherited.to_owned();
    }
    let Ok(mut outer) = toml::from_str::<toml::Table>(&format!("x = {inherited}")) else {
        return inherited.to_owned();
    };
    let mut requirement = match outer.remove("x") {
        Some(toml::Value::Table(table)) => table,
        Some(version) => toml::Table::from_iter([("version".to_owned(), version)]),
        None => toml::Table::new(),
    };
    let mut features = match requirement.remove("features") {
        Some(toml::Value::Array(list)) => list,
        _ => Vec::new(),
    };
    features.extend(added.iter().map(|f| toml::Value::from(f.as_str())));
    requirement.insert("features".to_owned(), toml::Value::Array(features));
    let text = format!("x = {}", toml::Value::Table(requirement));
    match DeTable::parse(&text) {
        Ok(table) => {
            table.get_ref().get("x").map_or(inherited.to_owned(), |v| inline_toml(v.get_ref()))
        }
        Err(_) => inherited.to_owned(),
    }
}
