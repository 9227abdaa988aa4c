//! A [`Difference`] as text and as JSON.
//!
//! The JSON is a stable format, described in `docs/formats.md`.

use std::fmt::Write as _;

use serde_json::{Value, json as object};

use super::{Difference, FactChange, FileChange, FileChanges, LineCount, Section};
use crate::facts::{Element, Elements, Fact};

/// Columns that a line should fit.
const WIDTH: usize = 80;

/// For people; lines are kept within 80 columns where possible.
pub fn render_text(difference: &Difference) -> String {
    let mut out = format!("--- {}\n+++ {}\n", difference.old, difference.new);
    for (name, section) in difference.sections() {
        write_section(&mut out, name, section);
    }
    write_files(&mut out, "artifacts", &difference.artifacts, true);
    write_files(&mut out, "lines of wiring", &difference.wiring, false);
    write_files(&mut out, "lines of workflow", &difference.workflow, false);
    out
}

/// `nodes: 1 added, 2 changed`.
fn write_heading(out: &mut String, name: &str, counts: [(usize, &str); 3], tail: &str) {
    let parts: Vec<String> =
        counts.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")).collect();
    let parts = if parts.is_empty() { "the same".to_owned() } else { parts.join(", ") };
    let _ = writeln!(out, "\n{name}: {parts}{tail}");
}

fn write_section(out: &mut String, name: &str, section: &Section) {
    let counts = [
        (section.added.len(), "added"),
        (section.removed.len(), "removed"),
        (section.changed.len(), "changed"),
    ];
    write_heading(out, name, counts, "");
    for (sign, elements) in [('+', &section.added), ('-', &section.removed)] {
        for (key, element) in elements {
            write_with_origin(out, &format!("  {sign} {key}  {}", element.kind), &element.origin);
            for (name, fact) in &element.facts {
                // `false` is the usual value, so it is not worth showing for an element that was added or removed.
                if fact.value != bp_plan::Value::Bool(false) {
                    let origin = if fact.origin == element.origin { "" } else { &fact.origin };
                    write_with_origin(out, &format!("      {name} = {}", fact.value), origin);
                }
            }
        }
    }
    for change in &section.changed {
        let _ = writeln!(out, "  ~ {}  {}", change.key, change.kind);
        for fact in &change.facts {
            write_fact(out, fact);
        }
    }
}

fn write_fact(out: &mut String, change: &FactChange) {
    let value = |fact: &Option<Fact>| {
        fact.as_ref().map_or_else(|| "nothing".to_owned(), |f| f.value.to_string())
    };
    let origin = |fact: &Option<Fact>| fact.as_ref().map_or("", |f| f.origin.as_str()).to_owned();
    let (old, new) = (origin(&change.old), origin(&change.new));
    let origins = match (old.as_str(), new.as_str()) {
        (one, "") | ("", one) => one.to_owned(),
        (a, b) if a == b => old,
        (a, b) => format!("{a} -> {b}"),
    };
    let (before, after) = (value(&change.old), value(&change.new));
    let line = format!("      {}: {before} -> {after}", change.name);
    if line.chars().count() <= WIDTH {
        write_with_origin(out, &line, &origins);
    } else {
        let _ = writeln!(out, "      {}:\n        {before}", change.name);
        write_with_origin(out, &format!("        -> {after}"), &origins);
    }
}

/// A line with its origin after it, or below it if both do not fit.
fn write_with_origin(out: &mut String, line: &str, origin: &str) {
    let _ = if origin.is_empty() {
        writeln!(out, "{line}")
    } else if line.chars().count() + origin.chars().count() + 4 <= WIDTH {
        writeln!(out, "{line}  ({origin})")
    } else {
        let indent = line.len() - line.trim_start().len() + 4;
        writeln!(out, "{line}\n{:indent$}({origin})", "")
    };
}

fn format_counts(lines: LineCount) -> String {
    format!("+{} -{}", lines.added, lines.removed)
}

/// With `counted`, the heading counts files, else only lines.
fn write_files(out: &mut String, name: &str, files: &FileChanges, counted: bool) {
    if counted {
        let number = |test: fn(&FileChange) -> bool| files.files.iter().filter(|f| test(f)).count();
        let counts = [
            (number(|f| f.old.is_none()), "added"),
            (number(|f| f.new.is_none()), "removed"),
            (number(|f| f.old.is_some() && f.new.is_some()), "changed"),
        ];
        let tail = if files.files.is_empty() {
            String::new()
        } else {
            format!("  {}", format_counts(files.lines))
        };
        write_heading(out, name, counts, &tail);
    } else {
        let _ = writeln!(out, "\n{name}: {}", format_counts(files.lines));
    }
    for file in &files.files {
        let lines = format_counts(file.lines);
        let _ = match (&file.old, &file.new) {
            (None, Some(path)) => writeln!(out, "  + {path}  {lines}"),
            (Some(path), None) => writeln!(out, "  - {path}  {lines}"),
            (Some(a), Some(b)) if a == b => writeln!(out, "  ~ {a}  {lines}"),
            (Some(a), Some(b)) => writeln!(out, "  ~ {a} -> {b}  {lines}"),
            (None, None) => Ok(()),
        };
    }
}

/// For programs.
pub fn render_json(difference: &Difference) -> Value {
    let mut all = object!({
        "version": 1,
        "old": difference.old,
        "new": difference.new,
        "equal": difference.is_equal(),
    });
    if let Some(fields) = all.as_object_mut() {
        for (name, section) in difference.sections() {
            fields.insert(name.to_owned(), encode_section(section));
        }
        fields.insert("artifacts".to_owned(), encode_files(&difference.artifacts));
        fields.insert("wiring".to_owned(), encode_files(&difference.wiring));
        fields.insert("workflow".to_owned(), encode_files(&difference.workflow));
    }
    all
}

fn encode_fact(fact: &Fact) -> Value {
    object!({ "value": fact.value.to_json(), "origin": fact.origin })
}

fn encode_section(section: &Section) -> Value {
    let elements =
        |elements: &Elements| -> Vec<Value> { elements.iter().map(encode_element).collect() };
    let changed: Vec<Value> = section
        .changed
        .iter()
        .map(|change| {
            let facts: Vec<Value> = change
                .facts
                .iter()
                .map(|fact| {
                    object!({
                        "name": fact.name,
                        "old": fact.old.as_ref().map(encode_fact),
                        "new": fact.new.as_ref().map(encode_fact),
                    })
                })
                .collect();
            object!({ "key": change.key, "kind": change.kind, "facts": facts })
        })
        .collect();
    object!({
        "added": elements(&section.added), "removed": elements(&section.removed), "changed": changed,
    })
}

fn encode_element((key, element): (&String, &Element)) -> Value {
    let facts: serde_json::Map<String, Value> =
        element.facts.iter().map(|(name, fact)| (name.clone(), encode_fact(fact))).collect();
    object!({ "key": key, "kind": element.kind, "origin": element.origin, "facts": facts })
}

fn encode_files(files: &FileChanges) -> Value {
    let lines = |lines: LineCount| object!({ "added": lines.added, "removed": lines.removed });
    let each: Vec<Value> = files
        .files
        .iter()
        .map(|f| object!({ "old": f.old, "new": f.new, "lines": lines(f.lines) }))
        .collect();
    object!({ "lines": lines(files.lines), "files": each })
}
