//! The schema of tables and keys that plugins own.

use bp_plugin::{Declaration, OwnedTable, TablePlace};
use serde_json::{Map, Value as Json, json};

use crate::definition::definition_ref;
use crate::setting::key_schema;

/// Every table at a place that a plugin owns, with the plugin.
fn tables_at<'p>(
    plugins: &[&'p Declaration],
    place: TablePlace,
) -> impl Iterator<Item = (&'p Declaration, &'static OwnedTable)> {
    let all: Vec<_> = plugins
        .iter()
        .flat_map(|plugin| plugin.tables.iter().map(move |table| (*plugin, table)))
        .filter(|(_, table)| table.place == place)
        .collect();
    all.into_iter()
}

pub(crate) fn top_level_tables<'p>(
    plugins: &[&'p Declaration],
) -> impl Iterator<Item = (&'p Declaration, &'static OwnedTable)> {
    tables_at(plugins, TablePlace::TopLevel)
}

/// The keys that plugins own at a place.
pub(crate) fn owned_keys(plugins: &[&Declaration], place: TablePlace) -> Map<String, Json> {
    tables_at(plugins, place)
        .map(|(_, key)| {
            let schema = key_schema(key.doc, key.settings, key.shorthand, true);
            (key.name.to_owned(), schema)
        })
        .collect()
}

/// A top-level table of a plugin: entries by name, and selectors over them.
pub(crate) fn entries_schema(plugin: &Declaration, table: &OwnedTable) -> Json {
    let mut entry = key_schema(table.doc, table.settings, table.shorthand, true);
    if table.verbatim {
        free_values(&mut entry);
    }
    json!({
        "description": plugin.doc,
        "type": "object",
        "propertyNames": { "anyOf": [{ "pattern": "\\*" }, definition_ref("name")] },
        "additionalProperties": entry,
    })
}

/// Lets a value be anything where the schema says that it is one a wiring can refer to: in a verbatim table, `{ env = 3 }` is a table.
fn free_values(schema: &mut Json) {
    match schema {
        Json::Object(parts) => {
            if parts.get("$ref") == definition_ref("value").get("$ref") {
                parts.remove("$ref");
            }
            parts.values_mut().for_each(free_values);
        }
        Json::Array(parts) => parts.iter_mut().for_each(free_values),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use bp_contract::setting::Settings;
    use bp_plugin::{Plugin, Registry, backend, table};

    use super::*;
    use crate::build_schema;

    /// A call.
    #[derive(Settings)]
    struct Sent {
        /// What is sent.
        #[setting(fixed)]
        value: std::collections::BTreeMap<String, serde_json::Value>,
        /// What comes back.
        #[setting(fixed, pattern = "^a", excludes = "value")]
        back: Option<String>,
    }

    /// How much.
    #[derive(Settings)]
    #[settings(shorthand = "most")]
    struct Much {
        /// Most.
        #[setting(range = 1..=9, fixed)]
        most: u32,
    }

    const SENT: OwnedTable =
        OwnedTable::top_level::<Sent>("sent", "a call").verbatim().read_by_mode();
    static STORE: Plugin = backend::<Much>("store", &[]).declare();
    const EACH: [OwnedTable; 5] = [
        OwnedTable::key::<Much>(TablePlace::App, "in_app", "much"),
        OwnedTable::key::<Much>(TablePlace::Process, "in_process_table", "much"),
        OwnedTable::key::<Much>(TablePlace::Backend, "in_backend", "much"),
        OwnedTable::key::<Much>(TablePlace::Edge, "in_edge", "much"),
        OwnedTable::key::<Much>(TablePlace::Server, "in_server", "much"),
    ];
    static OWNER: Plugin = table("owner", "Owns.").tables(&[SENT]).runtime().declare();
    static KEYS: Plugin = table("keys", "Owns keys.").tables(&EACH).declare();

    #[test]
    fn tables_and_keys_of_plugins_stand_in_their_places() {
        let registry = Registry::default().with(&OWNER).with(&KEYS).with(&STORE);
        let schema = build_schema(&registry);
        let accepts = |wiring: &Json| jsonschema::draft7::is_valid(&schema, wiring);
        let child = |table: &str, value: Json| json!({ "extends": "a.toml", table: value });
        for (table, value, expected) in [
            (
                "sent",
                json!({ "a": { "value": { "x": { "env": 3 }, "y": [{ "file": "" }] } } }),
                true,
            ),
            ("sent", json!({ "a*": { "back": "ab" }, "b": false }), true),
            ("sent", json!({ "a": { "back": "ba" } }), false),
            ("sent", json!({ "a": { "back": "ab", "value": {} } }), false),
            ("sent", json!({ "A": {} }), false),
            ("app", json!({ "in_app": 3 }), true),
            ("app", json!({ "in_app": 10 }), false),
            ("process", json!({ "a": { "in_process_table": { "most": 9 } } }), true),
            ("process", json!({ "*": { "in_process_table": false } }), true),
            ("process", json!({ "a": { "in_process_table": { "least": 9 } } }), false),
            ("backend", json!({ "a": { "kind": "store", "in_backend": 3 } }), true),
            ("backend", json!({ "a": { "kind": "store", "in_edge": 3 } }), false),
            ("edge", json!({ "a -> b.get": { "in_edge": 3 } }), true),
            ("edge", json!({ "a -> b": { "in_server": 3 } }), false),
            // `most` must be written.
            ("server", json!({ "a": { "in_server": true } }), true),
            ("server", json!({ "a": { "in_server": { "most": 1 } } }), true),
        ] {
            assert_eq!(accepts(&child(table, value.clone())), expected, "{table}: {value}");
        }
        let whole = |table: Json| {
            accepts(&json!({ "app": { "name": "a", "workflow": "w" }, "sent": { "a": table } }))
        };
        assert!(whole(json!({})) && whole(json!(true)));
    }
}
