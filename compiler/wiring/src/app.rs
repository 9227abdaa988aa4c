//! Reads `[app]`.

use bp_diag::catalog::wiring as codes;
use bp_diag::{Span, Spanned};
use camino::{Utf8Path, Utf8PathBuf};

use crate::builder::Builder;
use crate::merge::drop_turned_off;
use crate::{AppModel, Item, RuntimeSource, Table, Value, layers};

/// The keys of `[app]`.
pub const APP_KEYS: &[&str] = &["binary", "name", "runtime", "workflow"];

/// Reads `[app]`.
pub(crate) fn read(builder: &mut Builder<'_>) -> AppModel {
    let mut app = AppModel::default();
    let keys = &builder.grammar.app_keys;
    let merged = builder.merge_section("app", keys);
    let (mut table, place) = match merged {
        Some((table, span)) => (table, Some(span)),
        None => (Table::default(), builder.layers.last().map(|l| Span::start_of(l.file))),
    };
    let mut known: Vec<&str> =
        keys.keys().map(String::as_str).chain(APP_KEYS.iter().copied()).collect();
    known.sort_unstable();
    builder.out.extend(table.unknown_keys("`[app]`", &known));
    app.named_keys = table.entries.keys().filter(|key| keys.contains_key(*key)).cloned().collect();
    drop_turned_off(&mut table, keys);
    app.keys.entries = table.entries.extract_if(.., |key, _| keys.contains_key(key)).collect();
    if let Some(item) = table.get("name")
        && let Some(name) = builder.read_string(item, "`name`", "name = \"shop\"")
    {
        builder.check_name("an application", &name, item.span);
        app.name = Some(Spanned::new(name, item.span));
    }
    if let Some(item) = table.get("workflow") {
        app.workflow = read_path(
            builder,
            item,
            "`workflow`",
            |to| format!("workflow = \"{to}\""),
            "../workflow",
        );
    }
    if let Some(item) = table.get("runtime") {
        app.runtime = read_runtime(builder, item);
    }
    if let Some(item) = table.get("binary") {
        match item.choice("binary", &["per-application", "per-process"]) {
            Ok(choice) if choice.clone().value().as_deref() != Some("per-application") => {
                builder.out.push(codes::nothing_reads(
                    item.span,
                    "a binary for each process",
                    "remove the line: one binary serves every process, and `BP_PROCESS` picks which it is",
                ));
            }
            Ok(_) => {}
            Err(diagnostic) => builder.out.push(diagnostic),
        }
    }
    if let Some(place) = place.filter(|_| !builder.broken) {
        if table.get("name").is_none() {
            builder.out.push(codes::missing_key(place, "name", "`[app]`", "name = \"shop\""));
        }
        if table.get("workflow").is_none() {
            builder.out.push(codes::missing_key(
                place,
                "workflow",
                "`[app]`",
                "workflow = \"../workflow\"",
            ));
        }
    }
    app
}

/// Reads a path and resolves it against the folder of the file that wrote it; `line` makes an example of a path such as `example_path`.
fn read_path(
    builder: &mut Builder<'_>,
    item: &Item,
    what: &str,
    line: impl Fn(&str) -> String,
    example_path: &str,
) -> Option<Spanned<Utf8PathBuf>> {
    let text = builder.read_string(item, what, &line(example_path))?;
    if text.is_empty() {
        let found = "an empty string";
        builder.out.push(codes::wrong_shape(item.span, what, "a path", found, &line(example_path)));
        return None;
    }
    let from = builder.layers.iter().find(|l| l.file == item.span.file)?;
    if let Some(found) = layers::describe_unportable(builder.here, &from.path, &text) {
        // The same place, as every machine that has this application finds it.
        let named = from.path.parent().unwrap_or(Utf8Path::new("")).join(&text);
        let relative = layers::relative_path(builder.here, &from.path, &named);
        let written = if text.starts_with('~') { example_path } else { relative.as_str() };
        let expected = "a path relative to this file's folder";
        builder.out.push(codes::wrong_shape(item.span, what, expected, found, &line(written)));
        return None;
    }
    Some(Spanned::new(layers::resolve_path(&from.path, &text), item.span))
}

fn read_runtime(builder: &mut Builder<'_>, item: &Item) -> Option<RuntimeSource> {
    let example_path = "../vendor/bp";
    let line = |path: &str| format!("runtime = {{ path = \"{path}\" }}");
    let example = &line(example_path);
    match &item.value {
        Value::String(version) => {
            Some(RuntimeSource::Version(Spanned::new(version.clone(), item.span)))
        }
        Value::Table(table) => {
            builder.out.extend(table.unknown_keys("`runtime`", &["path", "version"]));
            match (table.get("path"), table.get("version")) {
                (Some(item), None) => {
                    read_path(builder, item, "`runtime.path`", line, example_path)
                        .map(RuntimeSource::Path)
                }
                (None, Some(item)) => {
                    let version = builder.read_string(
                        item,
                        "`runtime.version`",
                        "runtime = { version = \"0.1.0\" }",
                    )?;
                    Some(RuntimeSource::Version(Spanned::new(version, item.span)))
                }
                _ => {
                    let expected = "a table with one of `path` and `version`";
                    builder.out.push(codes::wrong_shape(
                        item.span,
                        "`runtime`",
                        expected,
                        "a table with neither or both",
                        example,
                    ));
                    None
                }
            }
        }
        _ => {
            builder.out.push(codes::wrong_shape(
                item.span,
                "`runtime`",
                "a table",
                item.type_name(),
                example,
            ));
            None
        }
    }
}
