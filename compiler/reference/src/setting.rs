//! The schema of one setting: what `read_settings` accepts, as far as a schema can say it.

use std::fmt::Write as _;

use bp_contract::units::{DURATION_UNITS, SIZE_UNITS, parse_duration, parse_size, unit_names};
use bp_plugin::{Literal, Setting, SettingKind, is_switch, variant_forms, variant_tag};
use serde_json::{Map, Value as Json, json};

use crate::definition::definition_ref;
use crate::quantity;

/// The schema of a setting's value.
pub(crate) fn setting_schema(setting: &Setting) -> Json {
    let mut out = Map::new();
    out.insert("description".to_owned(), describe(setting).into());
    if setting.secret {
        out.insert("allOf".to_owned(), json!([definition_ref("reference")]));
        return Json::Object(out);
    }
    let base = kind_schema(&setting.kind, setting);
    // A list or a table cannot be a reference itself, only the values inside it.
    let leaf = !matches!(
        setting.kind,
        SettingKind::List(_)
            | SettingKind::Table { .. }
            | SettingKind::Map(_)
            | SettingKind::PerMethod(_)
    );
    if leaf && !setting.fixed {
        out.insert("anyOf".to_owned(), json!([base, definition_ref("reference")]));
    } else if let Json::Object(base) = base {
        out.extend(base);
    }
    if let Some(pattern) = setting.pattern {
        out.insert("pattern".to_owned(), pattern.into());
    }
    if let Some(default) = setting.default {
        out.insert("default".to_owned(), default.to_json());
    }
    if let Some(example) = parse_example(setting) {
        out.insert("examples".to_owned(), json!([example]));
    }
    Json::Object(out)
}

/// The properties of a table of settings.
pub(crate) fn properties(settings: &[Setting]) -> Map<String, Json> {
    settings.iter().map(|s| (s.name.to_owned(), setting_schema(s))).collect()
}

/// The properties of each form of a table: one for each variant, of which the tag, if it is written, has the word.
pub(crate) fn forms(settings: &[Setting]) -> Vec<Map<String, Json>> {
    let tag = variant_tag(settings);
    let forms = variant_forms(settings).into_iter().map(|(word, form)| {
        let mut own = properties(&form);
        if let (Some(tag), Some(word)) = (tag, word)
            && let Some(Json::Object(schema)) = own.get_mut(tag.name)
        {
            schema.remove("default");
            schema.insert("enum".to_owned(), json!([word]));
        }
        own
    });
    forms.collect()
}

/// A table of settings, in each of its forms; nothing is required, because another file or selector may set it.
fn table_schemas(settings: &[Setting]) -> Vec<Json> {
    let excluding = settings.iter().filter_map(|s| Some(exclusion(settings, s, s.excludes?)));
    let excluding: Vec<Json> = excluding.collect();
    let table = |own| {
        let mut table = Map::new();
        table.insert("type".to_owned(), "object".into());
        table.insert("properties".to_owned(), Json::Object(own));
        table.insert("additionalProperties".to_owned(), false.into());
        if !excluding.is_empty() {
            table.insert("not".to_owned(), json!({ "anyOf": excluding }));
        }
        Json::Object(table)
    };
    forms(settings).into_iter().map(table).collect()
}

/// A table that has both of two settings that exclude each other; `false` leaves out a table that may be absent.
fn exclusion(settings: &[Setting], setting: &Setting, other: &str) -> Json {
    let both = [Some(setting), settings.iter().find(|s| s.name == other)];
    let present = both.into_iter().flatten().filter(|s| s.optional);
    let present = present.map(|s| (s.name.to_owned(), json!({ "not": { "const": false } })));
    let mut out = Map::new();
    out.insert("required".to_owned(), json!([setting.name, other]));
    let present: Map<String, Json> = present.collect();
    if !present.is_empty() {
        out.insert("properties".to_owned(), Json::Object(present));
    }
    Json::Object(out)
}

/// What a key takes: a table, or what may stand for it.
pub(crate) fn key_schema(
    doc: &str,
    settings: &[Setting],
    shorthand: Option<&str>,
    removable: bool,
) -> Json {
    let mut forms = table_schemas(settings);
    forms.extend(stand_ins(settings, shorthand, removable));
    json!({ "description": doc, "anyOf": forms })
}

/// What may stand for a table: `true`, `false` if it can be removed or left out, or the value of its shorthand; what `true` lacks, another file or selector may set.
fn stand_ins(settings: &[Setting], shorthand: Option<&str>, removable: bool) -> Vec<Json> {
    let mut forms = Vec::new();
    // Of such a table they are values of the shorthand.
    if !is_switch(settings, shorthand) {
        forms.push(if removable {
            json!({ "enum": [true, false] })
        } else {
            json!({ "const": true })
        });
    }
    let leaf = shorthand.and_then(|name| settings.iter().find(|s| s.name == name));
    forms.extend(leaf.map(setting_schema));
    forms
}

/// The schema of a kind alone; the setting adds bounds, secrecy and references.
fn kind_schema(kind: &SettingKind, setting: &Setting) -> Json {
    match kind {
        SettingKind::Duration => {
            quantity::quantity_schema("duration", setting, DURATION_UNITS, |text| {
                u64::try_from(parse_duration(text)?.as_nanos()).ok()
            })
        }
        SettingKind::Size => quantity::quantity_schema("size", setting, SIZE_UNITS, parse_size),
        SettingKind::Ratio => {
            number_schema("number", setting, (Some(Literal::Int(0)), Some(Literal::Int(1))))
        }
        SettingKind::Count => number_schema("integer", setting, (Some(Literal::Int(0)), None)),
        SettingKind::Float => number_schema("number", setting, (None, None)),
        SettingKind::Bool => json!({ "type": "boolean" }),
        SettingKind::Text => json!({ "type": "string" }),
        SettingKind::OneOf(words) => json!({ "enum": words }),
        SettingKind::List(inner) => {
            json!({ "type": "array", "items": element_schema(inner, setting) })
        }
        SettingKind::Table { settings, shorthand } => {
            let mut forms = table_schemas(settings);
            forms.extend(stand_ins(settings, *shorthand, setting.optional));
            json!({ "anyOf": forms })
        }
        SettingKind::Map(inner) | SettingKind::PerMethod(inner) => {
            json!({ "type": "object", "additionalProperties": element_schema(inner, setting) })
        }
        SettingKind::Any => definition_ref("value"),
    }
}

/// A value inside a list or map: each may be a reference where the setting may.
fn element_schema(kind: &SettingKind, setting: &Setting) -> Json {
    let base = kind_schema(kind, setting);
    if setting.fixed { base } else { json!({ "anyOf": [base, definition_ref("reference")] }) }
}

/// A number within the setting's bounds, or else within those of its type.
fn number_schema(
    kind: &str,
    setting: &Setting,
    (least, most): (Option<Literal>, Option<Literal>),
) -> Json {
    let mut out = Map::new();
    out.insert("type".to_owned(), kind.into());
    if let Some(min) = setting.min.or(least) {
        out.insert("minimum".to_owned(), min.to_json());
    }
    if let Some(max) = setting.max.or(most) {
        out.insert("maximum".to_owned(), max.to_json());
    }
    Json::Object(out)
}

/// The documentation, with what a schema's keywords cannot say: unit, bounds of quantities, and when it may change.
fn describe(setting: &Setting) -> String {
    let mut text = setting.doc.to_owned();
    let units = match setting.kind {
        SettingKind::Duration => Some(DURATION_UNITS),
        SettingKind::Size => Some(SIZE_UNITS),
        _ => None,
    };
    if let Some(units) = units {
        let _ = write!(text, " Unit: {}.", unit_names(units));
    }
    if let Some(bounds) = describe_bounds(setting) {
        let _ = write!(text, " {bounds}.");
    }
    if setting.required {
        text.push_str(" Required.");
    }
    if setting.tunable {
        text.push_str(" May change without a rebuild.");
    }
    text
}

/// `From 1ms to 1h`, or what of it is declared.
pub(crate) fn describe_bounds(setting: &Setting) -> Option<String> {
    match (
        setting.min.map(|literal| literal.to_string()),
        setting.max.map(|literal| literal.to_string()),
    ) {
        (Some(min), Some(max)) => Some(format!("From {min} to {max}")),
        (Some(min), None) => Some(format!("At least {min}")),
        (None, Some(max)) => Some(format!("At most {max}")),
        (None, None) => None,
    }
}

/// The declared example, as JSON.
fn parse_example(setting: &Setting) -> Option<Json> {
    if setting.example.is_empty() {
        return None;
    }
    let table: toml::Table = format!("example = {}", setting.example).parse().ok()?;
    serde_json::to_value(table.get("example")?).ok()
}

#[cfg(test)]
mod tests {
    use bp_contract::setting::Settings;

    use super::*;

    /// Whether it is on.
    #[derive(Settings)]
    #[settings(shorthand = "on")]
    struct Switch {
        /// On.
        #[setting(default = true)]
        on: bool,
    }

    /// Who it is.
    #[derive(Settings)]
    struct Named {
        /// The name.
        #[setting(required, example = "\"ann\"")]
        name: String,
    }

    /// Tables in a table.
    #[derive(Settings)]
    struct Parts {
        /// One that may be absent.
        switch: Option<Switch>,
        /// One that may be absent, and needs a setting.
        named: Option<Named>,
    }

    /// Needs a setting in one of its forms.
    #[derive(Settings)]
    #[settings(tag = "kind", default = "plain")]
    enum Form {
        Plain,
        Named(Named),
    }

    /// What stands for a table, beside the table itself and references.
    fn words(schema: &Json) -> Vec<Json> {
        let forms = schema["anyOf"].as_array().cloned().unwrap_or_default();
        let words = forms.iter().flat_map(|form| match (&form["enum"], form.get("const")) {
            (Json::Array(words), _) => words.clone(),
            (_, Some(word)) => vec![word.clone()],
            _ => Vec::new(),
        });
        words.filter(Json::is_boolean).collect()
    }

    #[test]
    fn true_is_offered_even_where_another_file_must_write_the_rest() {
        let of = |settings, removable| words(&key_schema("", settings, None, removable));
        for settings in [Parts::SETTINGS, Form::SETTINGS, Named::SETTINGS] {
            assert_eq!(of(settings, true), [json!(true), json!(false)]);
            assert_eq!(of(settings, false), [json!(true)]);
        }
        let properties = properties(Parts::SETTINGS);
        assert_eq!(words(&properties["named"]), [json!(true), json!(false)]);
    }

    #[test]
    fn true_and_false_are_offered_as_values_of_a_shorthand_that_takes_them() {
        let key = key_schema("", Switch::SETTINGS, Some("on"), true);
        let nested = &properties(Parts::SETTINGS)["switch"];
        for schema in [&key, nested] {
            assert_eq!(words(schema), [] as [Json; 0], "{schema}");
            assert!(schema.to_string().contains("\"type\":\"boolean\""), "{schema}");
        }
    }
}
