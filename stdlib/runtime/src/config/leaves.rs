//! A configured value taken apart into leaves, each checked against the settings that are declared for its place.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::environment::parse_reference;
use crate::plan::{PluginPlan, SettingPlan, SettingType, TablePlan};

/// What may be configured at a place: the settings of a plugin, or those of an entry of its table.
#[derive(Debug, Clone, Copy)]
pub(super) struct DeclaredSettings<'a> {
    /// The setting that a bare value stands for.
    shorthand: Option<&'a str>,
    /// By dotted path.
    settings: &'a BTreeMap<String, SettingPlan>,
    /// What a bare `true` or `false` would change, for the message that refuses it.
    presence: &'static str,
    /// Whether no value is a reference.
    verbatim: bool,
}

impl<'a> From<&'a PluginPlan> for DeclaredSettings<'a> {
    fn from(plugin: &'a PluginPlan) -> Self {
        Self {
            shorthand: plugin.shorthand.as_deref(),
            settings: &plugin.settings,
            presence: "what is wrapped",
            verbatim: false,
        }
    }
}

impl<'a> From<&'a TablePlan> for DeclaredSettings<'a> {
    fn from(table: &'a TablePlan) -> Self {
        Self {
            shorthand: table.shorthand.as_deref(),
            settings: &table.settings,
            presence: "which entries there are",
            verbatim: table.verbatim,
        }
    }
}

impl DeclaredSettings<'_> {
    /// Whether a value stands for another one, which is looked up when it is used.
    fn is_reference(self, value: &Value) -> bool {
        !self.verbatim && parse_reference(value).is_some()
    }
}

/// The leaves of `value` by dotted path. A bare value stands for the shorthand.
pub(super) fn collect_leaves(
    declared: DeclaredSettings<'_>,
    value: &Value,
) -> Result<BTreeMap<String, Value>, String> {
    let mut found = BTreeMap::new();
    collect_below(declared, "", declared.shorthand, value, &mut found)?;
    Ok(found)
}

fn collect_below(
    declared: DeclaredSettings<'_>,
    prefix: &str,
    shorthand: Option<&str>,
    value: &Value,
    found: &mut BTreeMap<String, Value>,
) -> Result<(), String> {
    if let Value::Object(entries) = value
        && !declared.is_reference(value)
    {
        for (name, value) in entries {
            insert_leaf(declared, &join_path(prefix, name), value, found)?;
        }
        return Ok(());
    }
    let Some(shorthand) = shorthand else {
        return Err(if value.is_boolean() {
            format!("{} can be changed only by a new build", declared.presence)
        } else {
            format!("write a table with {}", list_known(declared, prefix))
        });
    };
    insert_leaf(declared, &join_path(prefix, shorthand), value, found)
}

fn insert_leaf(
    declared: DeclaredSettings<'_>,
    path: &str,
    value: &Value,
    found: &mut BTreeMap<String, Value>,
) -> Result<(), String> {
    let Some(setting) = declared.settings.get(path) else {
        let prefix = path.rsplit_once('.').map_or("", |(prefix, _)| prefix);
        return Err(format!("unknown setting `{path}`; known: {}", list_known(declared, prefix)));
    };
    if setting.kind == SettingType::Table {
        return collect_below(declared, path, setting.shorthand.as_deref(), value, found);
    }
    if !setting.tunable {
        return Err(format!("`{path}` can be changed only by a new build"));
    }
    check(declared, setting, value).map_err(|error| format!("`{path}`: {error}"))?;
    found.insert(path.to_owned(), value.clone());
    Ok(())
}

/// What is wrong with `value`, if something is; a reference is read and checked later.
fn check(
    declared: DeclaredSettings<'_>,
    setting: &SettingPlan,
    value: &Value,
) -> Result<(), String> {
    if declared.is_reference(value) {
        return Ok(());
    }
    if setting.secret {
        return Err("a secret is written as { secret = \"name\" } or { env = \"NAME\" }".to_owned());
    }
    setting.check(value)
}

/// Why a leaf does not belong into a row of the plan, if so: it, or a table around it, is of another variant than the row's, or the row lacks such a table.
pub(super) fn explain_unplanned(
    declared: DeclaredSettings<'_>,
    row: &Value,
    leaf: &str,
) -> Option<String> {
    let ends = leaf.match_indices('.').map(|(end, _)| end).chain([leaf.len()]);
    ends.filter_map(|end| leaf.get(..end)).find_map(|path| {
        explain_other_variant(declared, row, path).or_else(|| {
            // The plan has every table but those that may be absent, and their presence switches something on.
            (path != leaf && !find(row, path).is_some_and(Value::is_object))
                .then(|| format!("`{path}` is not in the plan, and only a new build adds it"))
        })
    })
}

/// Why the setting at `path` does not belong into a row, if it is of another variant.
fn explain_other_variant(
    declared: DeclaredSettings<'_>,
    row: &Value,
    path: &str,
) -> Option<String> {
    let when = declared.settings.get(path)?.when.as_ref()?;
    let tag = match path.rsplit_once('.') {
        Some((table, _)) => format!("{table}.{}", when.tag),
        None => when.tag.clone(),
    };
    // A plan has every tag that its variants need.
    let chosen = find(row, &tag).and_then(Value::as_str);
    if chosen.is_some_and(|chosen| when.words.iter().any(|word| word == chosen)) {
        return None;
    }
    let variants: Vec<_> = when.words.iter().map(|word| format!("`{tag} = \"{word}\"`")).collect();
    let chosen = chosen.map_or_else(|| "not set".to_owned(), |chosen| format!("\"{chosen}\""));
    Some(format!(
        "`{path}` is a setting of {}; here that is {chosen}, and only a new build changes it",
        variants.join(" or ")
    ))
}

/// What a row has at a dotted path.
pub(super) fn find<'a>(row: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.').try_fold(row, |at, part| at.get(part))
}

/// The settings right below `prefix`.
fn list_known(declared: DeclaredSettings<'_>, prefix: &str) -> String {
    let below = declared.settings.keys().filter_map(|path| {
        let rest = if prefix.is_empty() {
            path.as_str()
        } else {
            path.strip_prefix(prefix)?.strip_prefix('.')?
        };
        (!rest.contains('.')).then_some(rest)
    });
    below.collect::<Vec<_>>().join(", ")
}

fn join_path(prefix: &str, name: &str) -> String {
    if prefix.is_empty() { name.to_owned() } else { format!("{prefix}.{name}") }
}

/// Sets the leaf at a dotted path, in a table that the row has.
pub(super) fn set(row: &mut Value, path: &str, value: &Value) {
    // A plan may write nothing at all where no setting has a value.
    if row.is_null() {
        *row = Value::Object(Map::new());
    }
    let (tables, name) = path.rsplit_once('.').unwrap_or(("", path));
    let mut tables = tables.split('.').filter(|table| !table.is_empty());
    let table = tables.try_fold(row, |at, table| at.get_mut(table));
    if let Some(entries) = table.and_then(Value::as_object_mut) {
        entries.insert(name.to_owned(), value.clone());
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_secret_is_only_ever_a_reference() {
        let plugin: PluginPlan = serde_json::from_value(json!({
            "key": "login", "settings": { "password": { "type": "text", "tunable": true, "secret": true } },
        }))
        .unwrap();
        let leaves = |value: Value| collect_leaves((&plugin).into(), &value);
        assert!(leaves(json!({ "password": "hunter2" })).is_err());
        assert!(leaves(json!({ "password": { "env": "X" } })).is_ok());
    }

    #[test]
    fn a_table_as_written_has_no_references() {
        let table = |verbatim: bool| -> TablePlan {
            serde_json::from_value(json!({
                "plugin": "note", "place": "top_level", "reader": "process", "verbatim": verbatim,
                "shorthand": "text", "settings": { "text": { "type": "text", "tunable": true } },
            }))
            .unwrap()
        };
        let leaves = |verbatim| collect_leaves((&table(verbatim)).into(), &json!({ "env": "X" }));
        assert_eq!(leaves(false).unwrap()["text"], json!({ "env": "X" }));
        assert_eq!(leaves(true).unwrap_err(), "unknown setting `env`; known: text");
    }
}
