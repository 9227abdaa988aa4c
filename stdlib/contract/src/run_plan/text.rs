//! The run plan as text.

use std::fmt::Write as _;

use serde::Serialize;

use super::{RunPlan, TablePlan};

/// An object with a section a key, and in each section an entry a line.
pub(super) fn write(plan: &RunPlan) -> String {
    let wire =
        [("types", section(6, &plan.wire.types)), ("methods", section(6, &plan.wire.methods))];
    let tables = plan.tables.iter().map(|(name, table)| (name.as_str(), write_table(table)));
    let sections = [
        ("version", to_json(&plan.version)),
        ("app", to_json(&plan.app)),
        ("wiring", to_json(&plan.wiring)),
        ("runtime", to_json(&plan.runtime)),
        ("plugins", section(4, &plan.plugins)),
        ("descriptions", section(4, &plan.descriptions)),
        ("stacks", section(4, plan.stacks.iter())),
        ("instances", section(4, &plan.instances)),
        ("edges", section(4, &plan.edges)),
        ("listeners", section(4, &plan.listeners)),
        ("processes", section(4, &plan.processes)),
        ("inits", section(4, &plan.inits)),
        ("tables", lines(4, tables)),
        ("wire", lines(4, wire)),
    ];
    let mut text = lines(2, sections);
    text.push('\n');
    text
}

pub(super) fn to_json<T: Serialize + ?Sized>(value: &T) -> String {
    // A structure of texts, numbers and maps with text keys always has a form in JSON.
    serde_json::to_string(value).unwrap_or_default()
}

/// An object with an entry a line, indented by `indent`.
fn lines<'a>(indent: usize, entries: impl IntoIterator<Item = (&'a str, String)>) -> String {
    let mut text = String::from("{");
    let mut first = true;
    for (name, value) in entries {
        let comma = if std::mem::take(&mut first) { "" } else { "," };
        let _ = write!(text, "{comma}\n{:indent$}{}: {value}", "", to_json(name));
    }
    if !first {
        let outer = indent.saturating_sub(2);
        let _ = write!(text, "\n{:outer$}", "");
    }
    text.push('}');
    text
}

fn section<'a, T: Serialize + 'a>(
    indent: usize,
    map: impl IntoIterator<Item = (&'a String, &'a T)>,
) -> String {
    lines(indent, map.into_iter().map(|(name, value)| (name.as_str(), to_json(value))))
}

/// A table of a plugin: a line for each thing that it declares, and one for each entry.
fn write_table(table: &TablePlan) -> String {
    let TablePlan { plugin, place, reader, shorthand, verbatim, settings, entries } = table;
    let mut declared =
        vec![("plugin", to_json(plugin)), ("place", to_json(place)), ("reader", to_json(reader))];
    declared.extend(shorthand.as_ref().map(|setting| ("shorthand", to_json(setting))));
    declared.extend(verbatim.then(|| ("verbatim", to_json(verbatim))));
    declared.extend([("settings", to_json(settings)), ("entries", list(8, entries))]);
    lines(6, declared)
}

/// A list with an item a line, indented by `indent`.
fn list<T: Serialize>(indent: usize, items: &[T]) -> String {
    let items: Vec<String> =
        items.iter().map(|item| format!("\n{:indent$}{}", "", to_json(item))).collect();
    if items.is_empty() {
        return String::from("[]");
    }
    let outer = indent.saturating_sub(2);
    format!("[{}\n{:outer$}]", items.join(","), "")
}
