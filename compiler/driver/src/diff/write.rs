//! A [`Difference`] as text and as JSON.
//!
//! The JSON is a stable format, described in `docs/formats.md`.

use std::fmt::Write as _;

use serde_json::{Value, json as object};

use super::{Difference, Fact, FactChange, FileChange, Files, Lines, Section, Thing};

/// Columns that a line should fit.
const WIDTH: usize = 80;

/// For people; every line that can be is within 80 columns.
pub fn text(difference: &Difference) -> String {
    let mut out = format!("--- {}\n+++ {}\n", difference.old, difference.new);
    for (name, section) in difference.sections() {
        section_text(&mut out, name, section);
    }
    files_text(&mut out, "artifacts", &difference.artifacts, true);
    files_text(&mut out, "lines of wiring", &difference.wiring, false);
    files_text(&mut out, "lines of workflow", &difference.workflow, false);
    out
}

/// `nodes: 1 added, 2 changed`.
fn heading(out: &mut String, name: &str, counts: [(usize, &str); 3], tail: &str) {
    let parts: Vec<String> =
        counts.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")).collect();
    let parts = if parts.is_empty() { "the same".to_owned() } else { parts.join(", ") };
    let _ = writeln!(out, "\n{name}: {parts}{tail}");
}

fn section_text(out: &mut String, name: &str, section: &Section) {
    let counts = [
        (section.added.len(), "added"),
        (section.removed.len(), "removed"),
        (section.changed.len(), "changed"),
    ];
    heading(out, name, counts, "");
    for (sign, things) in [('+', &section.added), ('-', &section.removed)] {
        for (key, thing) in things {
            placed(out, &format!("  {sign} {key}  {}", thing.kind), &thing.origin);
            for (name, fact) in &thing.facts {
                // What every thing has says nothing of one that came or went.
                if fact.value != bp_plan::Value::Bool(false) {
                    let origin = if fact.origin == thing.origin { "" } else { &fact.origin };
                    placed(out, &format!("      {name} = {}", fact.value), origin);
                }
            }
        }
    }
    for change in &section.changed {
        let _ = writeln!(out, "  ~ {}  {}", change.key, change.kind);
        for fact in &change.facts {
            fact_text(out, fact);
        }
    }
}

fn fact_text(out: &mut String, change: &FactChange) {
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
        placed(out, &line, &origins);
    } else {
        let _ = writeln!(out, "      {}:\n        {before}", change.name);
        placed(out, &format!("        -> {after}"), &origins);
    }
}

/// A line with its origin behind it, or below where both do not fit.
fn placed(out: &mut String, line: &str, origin: &str) {
    let _ = if origin.is_empty() {
        writeln!(out, "{line}")
    } else if line.chars().count() + origin.chars().count() + 4 <= WIDTH {
        writeln!(out, "{line}  ({origin})")
    } else {
        let indent = line.len() - line.trim_start().len() + 4;
        writeln!(out, "{line}\n{:indent$}({origin})", "")
    };
}

fn signed(lines: Lines) -> String {
    format!("+{} -{}", lines.added, lines.removed)
}

/// `counted` counts files in the heading, else only lines.
fn files_text(out: &mut String, name: &str, files: &Files, counted: bool) {
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
            format!("  {}", signed(files.lines))
        };
        heading(out, name, counts, &tail);
    } else {
        let _ = writeln!(out, "\n{name}: {}", signed(files.lines));
    }
    for file in &files.files {
        let lines = signed(file.lines);
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
pub fn json(difference: &Difference) -> Value {
    let mut all = object!({
        "version": 1,
        "old": difference.old,
        "new": difference.new,
        "equal": difference.is_equal(),
    });
    if let Some(fields) = all.as_object_mut() {
        for (name, section) in difference.sections() {
            fields.insert(name.to_owned(), section_json(section));
        }
        fields.insert("artifacts".to_owned(), files_json(&difference.artifacts));
        fields.insert("wiring".to_owned(), files_json(&difference.wiring));
        fields.insert("workflow".to_owned(), files_json(&difference.workflow));
    }
    all
}

fn fact_json(fact: &Fact) -> Value {
    object!({ "value": fact.value.to_json(), "origin": fact.origin })
}

fn section_json(section: &Section) -> Value {
    let things = |things: &super::Things| -> Vec<Value> { things.iter().map(thing_json).collect() };
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
                        "old": fact.old.as_ref().map(fact_json),
                        "new": fact.new.as_ref().map(fact_json),
                    })
                })
                .collect();
            object!({ "key": change.key, "kind": change.kind, "facts": facts })
        })
        .collect();
    object!({
        "added": things(&section.added), "removed": things(&section.removed), "changed": changed,
    })
}

fn thing_json((key, thing): (&String, &Thing)) -> Value {
    let facts: serde_json::Map<String, Value> =
        thing.facts.iter().map(|(name, fact)| (name.clone(), fact_json(fact))).collect();
    object!({ "key": key, "kind": thing.kind, "origin": thing.origin, "facts": facts })
}

fn files_json(files: &Files) -> Value {
    let lines = |lines: Lines| object!({ "added": lines.added, "removed": lines.removed });
    let each: Vec<Value> = files
        .files
        .iter()
        .map(|f| object!({ "old": f.old, "new": f.new, "lines": lines(f.lines) }))
        .collect();
    object!({ "lines": lines(files.lines), "files": each })
}
