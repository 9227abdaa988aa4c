//! `[app]`, `[target]`, `[smoke]`, `[knob]` and `[[patch]]`.

use std::collections::BTreeMap;

use bp_diag::catalog::wiring as codes;
use bp_diag::{Diagnostic, Span, Spanned};
use camino::{Utf8Path, Utf8PathBuf};

use crate::build::Builder;
use crate::{
    AppModel, Item, Patch, RuntimeSource, SmokeCall, Table, TargetModel, Value, WiringModel,
    layers, names,
};

/// The keys of `[app]`.
pub const APP_KEYS: &[&str] = &["binary", "name", "runtime", "workflow"];
/// The keys of a `[[patch]]`.
pub const PATCH_KEYS: &[&str] = &["file", "pointer", "reason", "remove", "value"];
/// The keys of a smoke call.
pub const SMOKE_KEYS: &[&str] = &["arguments", "call", "expect", "expect_error"];

/// Reads `[app]`.
pub(crate) fn app(builder: &mut Builder<'_>) -> AppModel {
    let mut app = AppModel::default();
    let merged = builder.merged("app");
    let (table, place) = match merged {
        Some((table, span)) => (table, Some(span)),
        None => (Table::default(), builder.layers.last().map(|l| Span::whole(l.file))),
    };
    builder.out.extend(table.unknown_keys("`[app]`", APP_KEYS));
    if let Some(item) = table.get("name")
        && let Some(name) = builder.string(item, "`name`", "name = \"shop\"")
    {
        names::check("an application", &name, item.span, builder.out);
        app.name = Some(Spanned::new(name, item.span));
    }
    if let Some(item) = table.get("workflow") {
        app.workflow =
            path(builder, item, "`workflow`", |to| format!("workflow = \"{to}\""), "../workflow");
    }
    if let Some(item) = table.get("runtime") {
        app.runtime = runtime(builder, item);
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

/// A path, resolved against the folder of the file that wrote it; `line` writes one, such as `usual`.
fn path(
    builder: &mut Builder<'_>,
    item: &Item,
    what: &str,
    line: impl Fn(&str) -> String,
    usual: &str,
) -> Option<Spanned<Utf8PathBuf>> {
    let text = builder.string(item, what, &line(usual))?;
    if text.is_empty() {
        let found = "an empty string";
        builder.out.push(codes::wrong_shape(item.span, what, "a path", found, &line(usual)));
        return None;
    }
    let from = builder.layers.iter().find(|l| l.file == item.span.file)?;
    if let Some(found) = layers::of_one_machine(builder.here, &from.path, &text) {
        // The same place, as every machine that has this application finds it.
        let named = from.path.parent().unwrap_or(Utf8Path::new("")).join(&text);
        let way = layers::way(builder.here, &from.path, &named);
        let written = if text.starts_with('~') { usual } else { way.as_str() };
        let expected = "a path relative to this file's folder";
        builder.out.push(codes::wrong_shape(item.span, what, expected, found, &line(written)));
        return None;
    }
    Some(Spanned::new(layers::resolve(&from.path, &text), item.span))
}

fn runtime(builder: &mut Builder<'_>, item: &Item) -> Option<RuntimeSource> {
    let usual = "../vendor/bp";
    let line = |path: &str| format!("runtime = {{ path = \"{path}\" }}");
    let example = &line(usual);
    match &item.value {
        Value::String(version) => {
            Some(RuntimeSource::Version(Spanned::new(version.clone(), item.span)))
        }
        Value::Table(table) => {
            builder.out.extend(table.unknown_keys("`runtime`", &["path", "version"]));
            match (table.get("path"), table.get("version")) {
                (Some(item), None) => {
                    path(builder, item, "`runtime.path`", line, usual).map(RuntimeSource::Path)
                }
                (None, Some(item)) => {
                    let version = builder.string(
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
                        "a table without, or with both",
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

/// Reads `[target]`.
pub(crate) fn target(builder: &mut Builder<'_>) -> TargetModel {
    let Some((mut settings, _)) = builder.merged("target") else { return TargetModel::default() };
    let mut enabled: Vec<Spanned<String>> = Vec::new();
    if let Some(item) = settings.entries.remove("enabled") {
        for (text, item) in builder.strings(&item, "`enabled`", "enabled = [\"process\"]") {
            match enabled.iter().find(|e| e.value == text) {
                Some(first) => {
                    builder.out.push(codes::set_twice(item.span, text, Some(first.span)));
                }
                None => enabled.push(Spanned::new(text.to_owned(), item.span)),
            }
        }
    }
    TargetModel { enabled, settings }
}

/// Reads `[smoke]`.
pub(crate) fn smoke(builder: &mut Builder<'_>, model: &WiringModel) -> Vec<SmokeCall> {
    let Some((table, _)) = builder.merged("smoke") else { return Vec::new() };
    let mut calls = Vec::new();
    for (name, item) in &table.entries {
        // Removed by a later file.
        if matches!(item.value, Value::Boolean(false))
            || !names::check("a smoke call", name, item.key, builder.out)
        {
            continue;
        }
        let Some(table) = item.as_table() else {
            let example = format!("{name} = {{ call = \"service.method\" }}");
            builder.out.push(codes::wrong_shape(
                item.span,
                &format!("smoke call `{name}`"),
                "a table",
                item.type_name(),
                &example,
            ));
            continue;
        };
        builder.out.extend(table.unknown_keys("a smoke call", SMOKE_KEYS));
        if let Some(call) = smoke_call(builder, model, name, item, table) {
            calls.push(call);
        }
    }
    calls.sort_by_key(|c| (model.layer(c.name.span), c.name.span.start));
    calls
}

/// A table that says what is called.
pub(crate) struct CallKind {
    /// "smoke call".
    pub(crate) what: &'static str,
    /// A service and a method.
    pub(crate) example: &'static str,
    /// Reports a malformed one.
    pub(crate) bad: fn(Span, &str, &str, &str) -> Diagnostic,
}

/// `call` and `arguments` of a table.
pub(crate) struct Called {
    pub(crate) callee: Spanned<String>,
    pub(crate) method: Spanned<String>,
    pub(crate) arguments: BTreeMap<String, Item>,
}

/// Reads `call` and `arguments`.
pub(crate) fn called(
    builder: &mut Builder<'_>,
    model: &WiringModel,
    kind: &CallKind,
    name: &str,
    item: &Item,
    table: &Table,
) -> Option<Called> {
    let example = format!("call = \"{}\"", kind.example);
    let Some(call) = table.get("call") else {
        if !builder.broken {
            let place = format!("{} `{name}`", kind.what);
            builder.out.push(codes::missing_key(item.key, "call", &place, &example));
        }
        return None;
    };
    let text = builder.string(call, "`call`", &example)?;
    let Some((callee, method)) =
        text.split_once('.').filter(|(c, m)| !c.is_empty() && !m.is_empty())
    else {
        let why = "expected a service and a method, joined by `.`";
        builder.out.push((kind.bad)(call.span, name, why, &example));
        return None;
    };
    // Whether the service exists, and has the method, is known where the workflow is.
    if let Some(removed) = model.removed(callee) {
        builder.out.push(codes::removed_instance(call.span, callee, removed.removed));
    }
    let arguments = match table.get("arguments") {
        None => BTreeMap::new(),
        Some(item) => {
            let Some(arguments) = item.as_table() else {
                builder.out.push(codes::wrong_shape(
                    item.span,
                    "`arguments`",
                    "a table",
                    item.type_name(),
                    "arguments = { user = \"ann\" }",
                ));
                return None;
            };
            arguments.entries.clone()
        }
    };
    let spanned = |text: &str| Spanned::new(text.to_owned(), call.span);
    Some(Called { callee: spanned(callee), method: spanned(method), arguments })
}

fn smoke_call(
    builder: &mut Builder<'_>,
    model: &WiringModel,
    name: &str,
    item: &Item,
    table: &Table,
) -> Option<SmokeCall> {
    let kind =
        CallKind { what: "smoke call", example: "frontend.list", bad: codes::bad_smoke_call };
    let Called { callee, method, arguments } = called(builder, model, &kind, name, item, table)?;
    let expect = table.get("expect").cloned();
    let expect_error = match table.get("expect_error") {
        None => None,
        Some(item) => Some(Spanned::new(
            builder.string(item, "`expect_error`", "expect_error = \"not_found\"")?,
            item.span,
        )),
    };
    if let (Some(answer), Some(error)) = (&expect, &expect_error) {
        builder.out.push(
            codes::bad_smoke_call(
                error.span,
                name,
                "a call is answered or fails, not both",
                "keep one of `expect` and `expect_error`",
            )
            .at(answer.key, "and an answer is expected here"),
        );
    }
    Some(SmokeCall {
        name: Spanned::new(name.to_owned(), item.key),
        callee,
        method,
        arguments,
        expect,
        expect_error,
    })
}

/// Reads `[knob]`: anything but a table is the default.
pub(crate) fn knobs(builder: &mut Builder<'_>) -> BTreeMap<String, Item> {
    let Some((table, _)) = builder.merged("knob") else { return BTreeMap::new() };
    let mut knobs = BTreeMap::new();
    for (name, item) in table.entries {
        if !names::check("a knob", &name, item.key, builder.out) {
            continue;
        }
        let item = if item.as_table().is_some() {
            item
        } else {
            let entries = BTreeMap::from([("default".to_owned(), item.clone())]);
            Item { value: Value::Table(Table { entries, reset: false }), ..item }
        };
        knobs.insert(name, item);
    }
    knobs
}

/// Reads `[[patch]]`; the only thing that files append to.
pub(crate) fn patches(builder: &mut Builder<'_>) -> Vec<Patch> {
    let mut patches = Vec::new();
    for layer in builder.layers {
        let Some(item) = layer.root.get("patch") else { continue };
        let tables = item
            .as_array()
            .map(|items| items.iter().map(|i| (i, i.as_table())).collect::<Vec<_>>());
        let Some(tables) = tables else {
            builder.out.push(codes::wrong_shape(
                item.span,
                "`patch`",
                "a list of tables",
                item.type_name(),
                "[[patch]]",
            ));
            continue;
        };
        for (item, table) in tables {
            let Some(table) = table else {
                builder.out.push(codes::wrong_shape(
                    item.span,
                    "an entry of `patch`",
                    "a table",
                    item.type_name(),
                    "[[patch]]",
                ));
                continue;
            };
            builder.out.extend(table.unknown_keys("a patch", PATCH_KEYS));
            patches.extend(patch(builder, item.span, table));
        }
    }
    patches
}

fn patch(builder: &mut Builder<'_>, span: Span, table: &Table) -> Option<Patch> {
    let file = patch_text(builder, span, table, "file", "file = \"process/run.json\"");
    let pointer =
        patch_text(builder, span, table, "pointer", "pointer = \"/processes/front/stop_ms\"");
    let reason = patch_text(builder, span, table, "reason", "reason = \"why this is needed\"");
    let value = match (table.get("value"), table.get("remove")) {
        (Some(item), None) => Some(item.clone()),
        (None, Some(item)) if item.as_bool() == Some(true) => None,
        (None, None) => {
            builder.out.push(codes::missing_key(span, "value", "a patch", "value = …"));
            return None;
        }
        (value, Some(item)) => {
            let found = if value.is_some() { "beside a `value`" } else { item.type_name() };
            let expected = "`true`, in place of a `value`";
            builder.out.push(codes::wrong_shape(
                item.span,
                "`remove`",
                expected,
                found,
                "remove = true",
            ));
            return None;
        }
    };
    Some(Patch { span, file: file?, pointer: pointer?, value, reason: reason? })
}

/// A text that a patch needs.
fn patch_text(
    builder: &mut Builder<'_>,
    span: Span,
    table: &Table,
    key: &str,
    example: &str,
) -> Option<Spanned<String>> {
    let Some(item) = table.get(key) else {
        builder.out.push(codes::missing_key(span, key, "a patch", example));
        return None;
    };
    let what = format!("`{key}`");
    let text = builder.string(item, &what, example)?;
    // The empty pointer is the whole document.
    if text.trim().is_empty() && key != "pointer" {
        builder.out.push(codes::wrong_shape(item.span, &what, "a text", "empty", example));
        return None;
    }
    Some(Spanned::new(text, item.span))
}
