//! SARIF 2.1.0 (OASIS): one document for all diagnostics of a run, as code scanners and editors read it.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{page, severity_word};
use crate::{Applicability, Code, Diagnostic, Label, SourceMap, Span, all_codes};

/// A path as a relative URI reference.
fn encode_uri(path: &str) -> String {
    let mut out = String::new();
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            use std::fmt::Write as _;
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

fn encode_artifact(span: Span, sources: &SourceMap) -> Value {
    json!({ "uri": encode_uri(sources.path(span.file)) })
}

fn encode_region(span: Span, sources: &SourceMap) -> Value {
    let (line, column) = sources.line_column(span);
    let (end_line, end_column) = sources.line_column(Span { start: span.end, ..span });
    json!({
        "startLine": line, "startColumn": column, "endLine": end_line, "endColumn": end_column,
        "byteOffset": span.start, "byteLength": span.end.saturating_sub(span.start),
    })
}

fn encode_location(label: &Label, sources: &SourceMap) -> Value {
    let mut location = json!({
        "physicalLocation": {
            "artifactLocation": encode_artifact(label.span, sources),
            "region": encode_region(label.span, sources),
        },
    });
    if !label.text.is_empty() {
        set(&mut location, "message", json!({ "text": label.text }));
    }
    location
}

fn set(object: &mut Value, name: &str, value: Value) {
    if let Some(fields) = object.as_object_mut() {
        fields.insert(name.to_owned(), value);
    }
}

/// One diagnostic as a result; [`render_sarif`] puts results together.
pub fn render_sarif_result(diagnostic: &Diagnostic, sources: &SourceMap) -> Value {
    let places = |primary: bool| -> Vec<Value> {
        let labels = diagnostic.labels.iter().filter(|l| l.primary == primary);
        labels.map(|l| encode_location(l, sources)).collect()
    };
    let mut result = json!({
        "ruleId": diagnostic.code.id.to_string(),
        "level": severity_word(diagnostic.severity),
        "message": { "text": diagnostic.message },
        "locations": places(true),
        "relatedLocations": places(false),
        "properties": { "notes": diagnostic.notes, "help": diagnostic.help, "page": page(diagnostic) },
    });
    if let Some(fix) = &diagnostic.fix {
        let mut changes: Vec<(Value, Vec<Value>)> = Vec::new();
        for edit in &fix.edits {
            let replacement = json!({
                "deletedRegion": encode_region(edit.span, sources),
                "insertedContent": { "text": edit.text },
            });
            let file = encode_artifact(edit.span, sources);
            match changes.iter_mut().find(|(known, _)| *known == file) {
                Some((_, all)) => all.push(replacement),
                None => changes.push((file, vec![replacement])),
            }
        }
        let changes: Vec<Value> = changes
            .into_iter()
            .map(|(file, all)| json!({ "artifactLocation": file, "replacements": all }))
            .collect();
        let sure = fix.applicability == Applicability::Sure;
        let fixes = json!([{ "artifactChanges": changes, "properties": { "sure": sure } }]);
        set(&mut result, "fixes", fixes);
    }
    result
}

fn encode_rule(code: Code) -> Value {
    json!({
        "id": code.id.to_string(),
        "shortDescription": { "text": code.title },
        "help": { "text": code.page, "markdown": code.page },
    })
}

/// The whole document; `version` is that of `bp`, and `plugin_codes` are the codes that its plugins declare.
pub fn render_sarif(mut results: Vec<Value>, plugin_codes: &[Code], version: &str) -> Value {
    let rules: Vec<Value> =
        all_codes().chain(plugin_codes.iter().copied()).map(encode_rule).collect();
    let places: BTreeMap<&str, usize> = rules
        .iter()
        .enumerate()
        .filter_map(|(index, rule)| Some((rule.get("id")?.as_str()?, index)))
        .collect();
    for result in &mut results {
        let rule = result.get("ruleId").and_then(Value::as_str);
        if let Some(index) = rule.and_then(|id| places.get(id)).copied() {
            set(result, "ruleIndex", index.into());
        }
    }
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {
                "driver": {
                    "name": "bp", "version": version,
                    "rules": rules,
                },
            },
            // Columns count characters, not UTF-16 units.
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}
