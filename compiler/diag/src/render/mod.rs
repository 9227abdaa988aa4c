//! Diagnostics as text: `human` drawn with the source, `short` one line each, `json` one object a line, `sarif` one document.
//!
//! All but `short` carry the same facts: code, severity, message, every label with its place, notes, help, the fix, the page.

mod human;
mod sarif;
mod text;

use crate::{Applicability, Diagnostic, Severity, SourceMap, Span};

pub use human::render_human;
pub use sarif::{render_sarif, render_sarif_result};

/// How to draw the human form.
#[derive(Debug, Clone, Copy)]
pub struct Style {
    /// Use ANSI colours.
    pub color: bool,
    /// Draw with lines and arrows, which not every terminal can show.
    pub unicode: bool,
    /// Columns to wrap at.
    pub width: usize,
}

impl Default for Style {
    fn default() -> Self {
        Self { color: false, unicode: true, width: 80 }
    }
}

fn severity_word(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}

/// `path:line:column: error[BP2104]: message`, with the help after it.
pub fn render_short(diagnostic: &Diagnostic, sources: &SourceMap) -> String {
    let place = diagnostic.primary_span().map_or_else(String::new, |span| {
        let (line, column) = sources.line_column(span);
        format!("{}:{line}:{column}: ", sources.path(span.file))
    });
    format!(
        "{place}{}[{}]: {}",
        severity_word(diagnostic.severity),
        diagnostic.code,
        diagnostic.message
    )
}

/// One JSON object: code, severity, message, labels with byte offsets, lines and columns, notes, help, fix, page.
pub fn render_json(diagnostic: &Diagnostic, sources: &SourceMap) -> serde_json::Value {
    let place = |span: Span| {
        let (line, column) = sources.line_column(span);
        let (end_line, end_column) = sources.line_column(Span { start: span.end, ..span });
        serde_json::json!({
            "file": sources.path(span.file), "start": span.start, "end": span.end,
            "line": line, "column": column, "end_line": end_line, "end_column": end_column,
        })
    };
    let labels: Vec<_> = diagnostic
        .labels
        .iter()
        .map(|l| serde_json::json!({ "span": place(l.span), "text": l.text, "primary": l.primary }))
        .collect();
    let fix = diagnostic.fix.as_ref().map(|f| {
        let edits: Vec<_> = f
            .edits
            .iter()
            .map(|e| serde_json::json!({ "span": place(e.span), "text": e.text }))
            .collect();
        serde_json::json!({ "sure": f.applicability == Applicability::Sure, "edits": edits })
    });
    serde_json::json!({
        "code": diagnostic.code.id.to_string(),
        "title": diagnostic.code.title,
        "severity": severity_word(diagnostic.severity),
        "message": diagnostic.message,
        "labels": labels,
        "notes": diagnostic.notes,
        "help": diagnostic.help,
        "fix": fix,
        "page": page(diagnostic),
    })
}

/// Where a code is explained, as seen from the root of the repository that declares it; `bp explain CODE` prints it.
fn page(diagnostic: &Diagnostic) -> String {
    diagnostic.code.id.page_path()
}
