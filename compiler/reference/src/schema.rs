//! The JSON Schema of wiring files.
//!
//! Draft 7: the newest draft that Taplo reads; Tombi reads it too.
//! A file of an `extends` chain may hold any part of a wiring, so required keys are required only in a file that extends nothing.

use bp_plugin::wiring::{APP_KEYS, Grammar, INIT_KEYS, PATCH_KEYS, TABLES, reserved_names};
use bp_plugin::{Declaration, Declarations, Kind, PROCESS_SETTINGS, Setting, TablePlace};
use serde_json::{Map, Value as Json, json};

use crate::definition::definition_ref;
use crate::owned_table::{entries_schema, owned_keys, top_level_tables};
use crate::setting::{forms, key_schema, properties, setting_schema};

/// The codes of faults in a file's shape: what causes one of them, the schema refuses too.
///
/// The list leaves out what TOML itself refuses, what depends on other files, the workflow or another line, and bounds, which the schema checks for whole units only.
pub const SHAPE_CODES: &[&str] = &[
    "BP2030", "BP2031", "BP2032", "BP2034", "BP2040", "BP2041", "BP2044", "BP2050", "BP2051",
    "BP2070", "BP2071", "BP2073", "BP2074", "BP2075", "BP2076", "BP2080", "BP3003", "BP3013",
    "BP3017",
];

/// The schema as committed: indented, with a final newline.
pub fn render_schema(declarations: &Declarations) -> String {
    format!("{:#}\n", build_schema(declarations))
}

/// The JSON Schema of a wiring file, with the keys of these plugins.
pub fn build_schema(declarations: &Declarations) -> Json {
    let plugins: Vec<&Declaration> = declarations.iter().collect();
    let mut tables = Map::new();
    for name in TABLES.iter().copied() {
        tables.insert(name.to_owned(), table_schema(name, &plugins));
    }
    for (plugin, table) in top_level_tables(&plugins) {
        tables.insert(table.name.to_owned(), entries_schema(plugin, table));
    }
    json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Wiring of bp",
        "description": "Which instances exist, who is wired to whom, which scaffolding wraps each call, what runs together.",
        "type": "object",
        "properties": tables,
        "additionalProperties": false,
        "if": { "required": ["extends"] },
        "else": root_requirements(&plugins),
        "definitions": build_definitions(&plugins, &declarations.grammar()),
    })
}

/// A path that every machine with this application finds: not empty, not absolute, not in a home folder.
const RELATIVE: &str = "^([^/~]|~[^/])";

/// What a file that extends nothing must hold.
fn root_requirements(plugins: &[&Declaration]) -> Json {
    let needs = |keys: &[&str]| {
        json!({
            "patternProperties": { "^[^*]*$": { "if": { "type": "object" }, "then": { "required": keys } } }
        })
    };
    let mut tables = into_map(json!({
        "app": { "required": ["name", "workflow"] },
        "backend": needs(&["kind"]),
        "service": needs(&["impl"]),
        "init": needs(&["call"]),
    }));
    for (_, table) in top_level_tables(plugins) {
        let required = table.settings.iter().filter(|s| s.required && s.when.is_none());
        let required: Vec<&str> = required.map(|s| s.name).collect();
        // Entries that the workflow lists exist without a line.
        if !required.is_empty() && table.listed.is_none() {
            tables.insert(table.name.to_owned(), needs(&required));
        }
    }
    json!({ "required": ["app"], "properties": tables })
}

fn table_schema(name: &str, plugins: &[&Declaration]) -> Json {
    match name {
        "extends" => json!({
            "description": "The wiring file that this one extends, by its path relative to this file; a value here replaces the same value there.",
            "type": "string", "pattern": RELATIVE, "examples": ["local.toml"],
        }),
        "app" => app_schema(plugins),
        "backend" => instances_schema(
            "Infrastructure instances by name. A name with `*` sets values on the instances that it matches; `= false` removes one.",
            "backend",
        ),
        "service" => instances_schema(
            "Workflow instances by name: `impl` and the constructor's parameters. A name with `*` sets values on the instances that it matches; `= false` removes one.",
            "service",
        ),
        "edge" => selectors_schema(
            "The caller's side of calls, by `\"caller -> callee\"` or `\"caller -> callee.method\"`, each with `*` for any; `client` is the outside world.",
            "edge",
        ),
        "server" => selectors_schema(
            "The callee's side of calls, by `\"service\"` or `\"service.method\"`, each with `*` for any.",
            "server",
        ),
        "process" => processes_schema(plugins),
        "target" => target_schema(plugins),
        "init" => init_schema(),
        "patch" => patch_schema(plugins),
        _ => json!({}),
    }
}

fn with_description(description: &str, schema: Json) -> Json {
    let mut out = Map::new();
    out.insert("description".to_owned(), description.into());
    match schema {
        Json::Object(schema) => out.extend(schema),
        other => {
            out.insert("allOf".to_owned(), json!([other]));
        }
    }
    Json::Object(out)
}

/// The properties, in the order of the keys that the compiler knows; a key without a schema accepts anything.
fn in_key_order(keys: &[&str], mut schemas: Map<String, Json>) -> Map<String, Json> {
    keys.iter()
        .map(|key| ((*key).to_owned(), schemas.remove(*key).unwrap_or_else(|| json!({}))))
        .collect()
}

fn into_map(value: Json) -> Map<String, Json> {
    match value {
        Json::Object(map) => map,
        _ => Map::new(),
    }
}

fn app_schema(plugins: &[&Declaration]) -> Json {
    let path = |description: &str, example: &str| {
        json!({
            "description": description, "type": "string", "pattern": RELATIVE, "examples": [example],
        })
    };
    let version = json!({
        "description": "A published version of the runtime.", "type": "string", "examples": ["0.1.0"],
    });
    let one = |name: &str, schema: Json| {
        json!({
            "type": "object", "properties": { name: schema }, "required": [name],
            "additionalProperties": false,
        })
    };
    let keys = into_map(json!({
        "name": with_description("The application's name.", definition_ref("name")),
        "workflow": path("The folder of the workflow's crate, relative to this file.", "../workflow"),
        "runtime": {
            "description": "The runtime's crates, which workflow and generated code link.",
            "anyOf": [
                one("path", path("The folder of the runtime's crates, relative to this file.", "../vendor/bp")),
                one("version", version.clone()),
                version,
            ],
        },
        "binary": {
            "description": "Which programs are built: one that serves every process.",
            "enum": ["per-application"], "default": "per-application",
        },
    }));
    let mut keys = in_key_order(APP_KEYS, keys);
    keys.extend(owned_keys(plugins, TablePlace::App));
    json!({
        "description": "The application.",
        "type": "object",
        "properties": keys,
        "additionalProperties": false,
    })
}

fn instances_schema(description: &str, kind: &str) -> Json {
    json!({
        "description": description,
        "type": "object",
        "propertyNames": { "anyOf": [{ "pattern": "\\*" }, definition_ref("name")] },
        "additionalProperties": definition_ref(kind),
    })
}

/// A part of a selector: a name, or a pattern over names.
const PART: &str = "[a-z0-9_*-]+";
const METHOD: &str = "[A-Za-z0-9_*]+";

fn selectors_schema(description: &str, kind: &str) -> Json {
    let method = format!(r"(\.\s*{METHOD}\s*)?");
    let (pattern, refused) = if kind == "edge" {
        let pattern = format!(r"^\s*(\*|{PART}\s*->\s*{PART}\s*{method})\s*$");
        // `client` is never a callee, and what it calls must be named exactly.
        let refused = json!({ "anyOf": [
            { "pattern": r"->\s*client\s*(\.|$)" },
            { "pattern": r"^\s*client\s*->[^.]*\*" },
            { "pattern": r"^\s*client\s*->[^.]*\.\s*\*+[^*\s]" },
            { "pattern": r"^\s*client\s*->[^.]*\.\s*[^*\s][^*]*\*" },
        ] });
        (pattern, refused)
    } else {
        let pattern = format!(r"^\s*{PART}\s*{method}$");
        (pattern, json!({ "pattern": r"^\s*client\s*(\.|$)" }))
    };
    json!({
        "description": description,
        "type": "object",
        "propertyNames": { "not": refused },
        "patternProperties": { pattern: definition_ref(kind) },
        "additionalProperties": false,
    })
}

fn processes_schema(plugins: &[&Declaration]) -> Json {
    let mut own = properties(PROCESS_SETTINGS);
    own.extend(owned_keys(plugins, TablePlace::Process));
    let selector = json!({ "type": "object", "properties": own, "additionalProperties": false });
    own.insert(
        "services".to_owned(),
        json!({
            "description": "The services that run in it; `*` stands for any characters.",
            "type": "array", "items": { "type": "string" }, "examples": [["frontend", "search"]],
        }),
    );
    let process = json!({ "type": "object", "properties": own, "additionalProperties": false });
    json!({
        "description": "What runs together, by name; a service that no process lists gets a process of its own. A name with `*` sets values on the processes that it matches.",
        "type": "object",
        "propertyNames": { "anyOf": [{ "pattern": "\\*" }, definition_ref("name")] },
        "patternProperties": { "\\*": { "anyOf": [selector, { "const": false }] } },
        "additionalProperties": { "anyOf": [process, { "const": false }] },
    })
}

fn target_schema(plugins: &[&Declaration]) -> Json {
    let targets = plugins.iter().filter(|m| matches!(m.kind, Kind::Target { .. }));
    let mut own = Map::new();
    let ids: Vec<&str> = targets.clone().map(|m| m.id).collect();
    // A system is first run where it is written.
    let here = targets.clone().find(|m| m.runs_here().is_some()).or(targets.clone().next());
    let examples: Vec<[&str; 1]> = here.iter().map(|m| [m.id]).collect();
    own.insert(
        "enabled".to_owned(),
        json!({
            "description": "The targets to write.",
            "type": "array", "items": { "enum": ids }, "uniqueItems": true,
            "examples": examples,
        }),
    );
    for plugin in targets {
        own.insert(
            plugin.id.to_owned(),
            key_schema(plugin.doc, &plugin.all_settings(), None, false),
        );
    }
    json!({
        "description": "Which deployments are written, and their settings.",
        "type": "object", "properties": own, "additionalProperties": false,
    })
}

fn init_schema() -> Json {
    let keys = into_map(json!({
        "call": {
            "description": "Service and method: a service of the init's own, and an idempotent method.",
            "type": "string", "pattern": r"^[^.]+\..+$", "examples": ["seed.fill"],
        },
        "arguments": { "description": "Arguments by parameter name.", "type": "object" },
    }));
    let call = json!({
        "type": "object", "properties": in_key_order(INIT_KEYS, keys), "additionalProperties": false,
    });
    json!({
        "description": "Calls that are made once, before traffic, each in a process of its own that then ends.",
        "type": "object",
        "propertyNames": definition_ref("name"),
        "additionalProperties": { "anyOf": [call, { "const": false }] },
    })
}

fn patch_schema(plugins: &[&Declaration]) -> Json {
    let manifest = plugins.iter().find_map(|m| m.runs_here()).unwrap_or("rust/Cargo.toml");
    let text = |description: &str, example: &str| {
        json!({
            "description": description, "type": "string", "pattern": r"\S", "examples": [example],
        })
    };
    let keys = into_map(json!({
        "file": text("The artifact, by its path in the output folder.", manifest),
        "pointer": {
            "description": "The place in it, as JSON Pointer (RFC 6901).",
            "type": "string", "examples": ["/processes/front/stop_ms"],
        },
        "reason": text("Why it is needed.", "the machines of this site are slow"),
        "value": { "description": "The new value." },
        "remove": { "description": "Removes what is there.", "const": true },
    }));
    json!({
        "description": "Edits of finished artifacts; each must match something.",
        "type": "array",
        "items": {
            "type": "object",
            "properties": in_key_order(PATCH_KEYS, keys),
            "additionalProperties": false,
            "required": ["file", "pointer", "reason"],
            "oneOf": [{ "required": ["value"] }, { "required": ["remove"] }],
        },
    })
}

fn build_definitions(plugins: &[&Declaration], grammar: &Grammar) -> Json {
    let named = |kind: &str, name: &str| {
        let pattern = match kind {
            "env" => "^[A-Za-z_][A-Za-z0-9_]*$",
            "secret" => "^[A-Za-z0-9_./-]+$",
            _ => r"^[^\u0000-\u001f\u007f]+$",
        };
        json!({
            "type": "object",
            "properties": { kind: { "type": "string", "pattern": pattern, "examples": [name] } },
            "required": [kind],
            "additionalProperties": false,
        })
    };
    json!({
        "name": {
            "description": "Lowercase letters, digits, and single `_` or `-` between them.",
            "type": "string",
            "pattern": "^[a-z][a-z0-9]*([_-][a-z0-9]+)*$",
            "maxLength": 40,
            "not": { "enum": reserved_names(grammar) },
        },
        "duration": {
            "type": "string", "pattern": r"^[0-9]+(\.[0-9]+)?(us|ms|s|m|h)$",
            "examples": ["500ms", "1.5s", "2m"],
        },
        "size": {
            "type": "string", "pattern": r"^[0-9]+(\.[0-9]+)?(B|KiB|MiB|GiB|TiB)$",
            "examples": ["64KiB", "4MiB"],
        },
        "reference": {
            "description": "A value that is known only where the process runs.",
            "anyOf": [
                named("env", "DB_PASSWORD"),
                named("secret", "db-password"),
                named("file", "/run/secrets/db-password"),
            ],
        },
        "value": {
            "anyOf": [
                { "type": ["string", "number", "boolean", "array"] },
                {
                    "type": "object",
                    "not": {
                        "maxProperties": 1,
                        "anyOf": [
                            { "required": ["env"] }, { "required": ["secret"] }, { "required": ["file"] },
                        ],
                    },
                },
                definition_ref("reference"),
            ],
        },
        "backend": backend_schema(plugins),
        "service": service_schema(),
        "edge": edge_schema(plugins),
        "server": server_schema(plugins),
    })
}

fn backend_schema(plugins: &[&Declaration]) -> Json {
    let kinds = plugins.iter().filter(|m| matches!(m.kind, Kind::Backend { .. }));
    let ids: Vec<&str> = kinds.clone().map(|m| m.id).collect();
    let keys = owned_keys(plugins, TablePlace::Backend);
    let mut forms: Vec<Json> =
        kinds.flat_map(|m| variant_schemas(m, &m.all_settings(), &keys)).collect();
    forms.push(json!({ "description": "The kind, with its defaults.", "enum": ids }));
    forms.push(json!({ "const": false }));
    json!({ "anyOf": forms })
}

/// An identifier of Rust: letters and digits of any script, and a keyword's `r#`.
const IDENTIFIER: &str = r"(r#)?([A-Za-z_]|[^\x00-\x7F])([0-9A-Za-z_]|[^\x00-\x7F])*";

fn service_schema() -> Json {
    let implementation = json!({
        "description": "The type that implements it, as the workflow's crate sees it.",
        "type": "string",
        "pattern": format!("^{IDENTIFIER}(::{IDENTIFIER})*$"),
        "examples": ["CartImpl", "rates::RateServiceImpl"],
    });
    json!({
        "anyOf": [
            implementation,
            { "const": false },
            {
                "type": "object",
                "properties": { "impl": implementation },
                "additionalProperties": with_description(
                    "A constructor's parameter: an instance's name, a list of names, or a value.",
                    definition_ref("value"),
                ),
            },
        ],
    })
}

/// The table of one kind or transport, in each of its forms; `kind` may be missing where another file or selector chooses it.
///
/// It also takes `keys`, whatever its kind.
fn variant_schemas(
    plugin: &Declaration,
    settings: &[Setting],
    keys: &Map<String, Json>,
) -> Vec<Json> {
    let table = |form| {
        let mut own = Map::new();
        own.insert("kind".to_owned(), json!({ "description": plugin.doc, "const": plugin.id }));
        own.extend::<Map<String, Json>>(form);
        own.extend(keys.clone());
        json!({
            "description": plugin.doc,
            "type": "object",
            "properties": own,
            "additionalProperties": false,
        })
    };
    forms(settings).into_iter().map(table).collect()
}

fn edge_schema(plugins: &[&Declaration]) -> Json {
    let mut own = Map::new();
    let mut forms = Vec::new();
    let mut ids = Vec::new();
    for plugin in plugins {
        match plugin.kind {
            Kind::Wrapper { client: Some(_), .. } => {
                own.insert(plugin.key.to_owned(), wrapper_schema(plugin));
            }
            Kind::Transport { beside, .. } => {
                ids.push(plugin.id);
                forms.extend(variant_schemas(plugin, &plugin.all_settings(), &Map::new()));
                for beside in beside {
                    // `= false` removes a key that another file or selector set.
                    let taken = json!({ "anyOf": [setting_schema(beside), { "const": false }] });
                    own.insert(beside.name.to_owned(), with_description(beside.doc, taken));
                }
            }
            Kind::Wrapper { .. }
            | Kind::Backend { .. }
            | Kind::Interface { .. }
            | Kind::Target { .. }
            | Kind::Table { .. } => {}
        }
    }
    forms.push(json!({ "enum": ids }));
    forms.push(json!({ "const": false }));
    own.extend(owned_keys(plugins, TablePlace::Edge));
    own.insert(
        "rpc".to_owned(),
        json!({ "description": "The transport that carries the calls.", "anyOf": forms }),
    );
    json!({ "type": "object", "properties": own, "additionalProperties": false })
}

fn server_schema(plugins: &[&Declaration]) -> Json {
    let mut own = Map::new();
    for plugin in plugins {
        if let Kind::Wrapper { server: Some(_), .. } = plugin.kind {
            own.insert(plugin.key.to_owned(), wrapper_schema(plugin));
        }
    }
    own.extend(owned_keys(plugins, TablePlace::Server));
    json!({ "type": "object", "properties": own, "additionalProperties": false })
}

fn wrapper_schema(plugin: &Declaration) -> Json {
    key_schema(plugin.doc, &plugin.all_settings(), plugin.shorthand, true)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bp_contract::setting::{Secret, Settings};
    use bp_plugin::{ClientSlot, Plugin, Registry, backend, wrapper};

    use super::*;

    /// Waits.
    #[derive(Settings)]
    #[settings(shorthand = "for")]
    struct Pause {
        /// How long.
        #[setting(name = "for", range = "1ms"..="1s", example = "\"5ms\"")]
        wait: Duration,
        /// A secret.
        code: Option<Secret>,
    }

    static PAUSE: Plugin = wrapper::<Pause>("pause").client(ClientSlot::Cap).declare();

    #[test]
    fn every_plugin_of_the_registry_is_in_it() {
        let schema = build_schema(&Registry::default().with(&PAUSE));
        let pause = schema.pointer("/definitions/edge/properties/pause").expect("the key");
        assert_eq!(pause["description"], "Waits.");
        let own = pause.pointer("/anyOf/0/properties").expect("a table");
        assert_eq!(own["for"]["examples"], json!(["5ms"]));
        assert_eq!(
            own["for"]["description"],
            "How long. Unit: `us`, `ms`, `s`, `m`, `h`. From 1ms to 1s. Required."
        );
        assert_eq!(own["code"]["allOf"], json!([{ "$ref": "#/definitions/reference" }]));
        assert!(own.get("in_process").is_some());
        assert!(schema.pointer("/definitions/server/properties/pause").is_none());
    }

    /// Limits calls.
    #[derive(bp_contract::setting::Settings)]
    #[settings(tag = "algorithm", default = "gradient")]
    enum Limit {
        Gradient {
            /// Fewest.
            #[setting(default = 10, range = 1..)]
            least: u32,
        },
        Vegas {
            /// Fewest.
            #[setting(default = 20, range = 1..)]
            least: u32,
            /// The share.
            #[setting(default = 0.5, range = 0.1..)]
            share: bp_contract::setting::Ratio,
        },
        Off,
    }

    /// Waits.
    #[derive(bp_contract::setting::Settings)]
    struct Nested {
        /// Limits.
        limit: Limit,
        /// Perhaps.
        maybe: Option<Limit>,
        /// In turn.
        #[setting(range = 1..=5)]
        steps: Vec<u32>,
    }

    static LIMIT: Plugin = wrapper::<Limit>("limit").client(ClientSlot::Cap).in_process().declare();
    static NESTED: Plugin =
        wrapper::<Nested>("nested").client(ClientSlot::Cap).in_process().declare();
    static STORE: Plugin = backend::<Limit>("store", &[]).declare();

    #[test]
    fn a_table_with_variants_has_the_settings_of_one_of_them() {
        let registry = Registry::default().with(&LIMIT).with(&NESTED).with(&STORE);
        let schema = build_schema(&registry);
        let accepts = |key: &str, value: &Json| {
            let root = json!({ "$ref": format!("#/definitions/{key}"), "definitions": schema["definitions"] });
            jsonschema::draft7::is_valid(&root, value)
        };
        for (value, expected) in [
            (json!("vegas"), true),
            (json!("reno"), false),
            (json!(true), true),
            (json!({}), true),
            (json!({ "least": 5 }), true),
            // Another file may choose `vegas`.
            (json!({ "share": 0.2 }), true),
            (json!({ "algorithm": "vegas", "least": 5, "share": 0.2 }), true),
            (json!({ "algorithm": "vegas", "share": 0.05 }), false),
            (json!({ "algorithm": "gradient", "share": 0.2 }), false),
            (json!({ "algorithm": "off", "least": 5 }), false),
            (json!({ "algorithm": "off" }), true),
            (json!({ "algorithm": { "env": "X" } }), false),
            (json!({ "algorithm": "reno" }), false),
            (json!({ "least": 0 }), false),
        ] {
            assert_eq!(accepts("edge", &json!({ "limit": value })), expected, "{value}");
            assert_eq!(
                accepts("edge", &json!({ "nested": { "limit": value } })),
                expected,
                "{value}"
            );
            assert_eq!(
                accepts("edge", &json!({ "nested": { "maybe": value } })),
                expected,
                "{value}"
            );
            if let Json::Object(mut settings) = value {
                settings.insert("kind".to_owned(), "store".into());
                assert_eq!(accepts("backend", &json!(settings)), expected, "{settings:?}");
            }
        }
        let nested = |value: Json| accepts("edge", &json!({ "nested": value }));
        assert!(nested(json!({ "maybe": false })) && !nested(json!({ "limit": false })));
        assert!(nested(json!({ "steps": [1, 5] })) && !nested(json!({ "steps": [1, 6] })));
    }

    #[test]
    fn every_table_and_key_has_a_schema_of_its_own() {
        let schema = build_schema(&Registry::default());
        let empty = |value: &Json| value.as_object().is_some_and(Map::is_empty);
        for table in TABLES {
            assert!(!empty(&schema["properties"][table]), "{table}");
        }
        let places = [
            ("/properties/app/properties", APP_KEYS),
            ("/properties/patch/items/properties", PATCH_KEYS),
            ("/properties/init/additionalProperties/anyOf/0/properties", INIT_KEYS),
        ];
        for (place, keys) in places {
            let properties = schema.pointer(place).expect(place);
            assert!(keys.iter().all(|k| !empty(&properties[*k])), "{place}: {properties}");
        }
    }
}
