//! Expected diagnostics as comments under the line they belong to.
//!
//! ```text
//! rpc = "grcp"
//! #     ^^^^^^ error[BP3013]: no transport is called `grcp`
//! # here: not a transport that `bp` knows
//! # help: did you mean `grpc`?
//! ```
//!
//! [`strip`] removes such comments and [`annotate`] writes them, so a case holds if annotating its stripped parts gives the same text, and blessing stores that text.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use bp_diag::{Diagnostic, Severity, SourceMap, Span};

use crate::archive::{Archive, Part};

/// The part that holds diagnostics without a place, or in a part that cannot hold comments.
const REST: &str = "diagnostics";
/// The part that holds the page that a case asks for.
const PAGE: &str = "explained";

/// The comment mark of a file, if comments can be put into it.
fn comment(part: &Part) -> Option<&'static str> {
    let extension = part.path.rsplit('.').next();
    match (part.escaped, extension) {
        (false, Some("rs")) => Some("//"),
        (false, Some("toml" | "lock")) => Some("#"),
        _ => None,
    }
}

/// The case without its expectations.
pub fn strip(archive: &Archive) -> Archive {
    let mut out = archive.clone();
    out.parts.retain(|p| p.path != REST && p.path != PAGE);
    for part in &mut out.parts {
        let Some(mark) = comment(part) else { continue };
        let mut expecting = false;
        part.text = part
            .text
            .split_inclusive('\n')
            .filter(|line| {
                let Some(body) = line.trim_start().strip_prefix(mark) else {
                    expecting = false;
                    return true;
                };
                let body = body.trim_start();
                let head = body.trim_start_matches('^');
                let is_head = body.starts_with('^') && is_severity(head);
                let is_tail = expecting
                    && ["here: ", "help: ", "note: ", "see: "].iter().any(|t| body.starts_with(t));
                expecting = is_head || is_tail;
                !expecting
            })
            .collect();
    }
    out
}

/// Whether a text starts as `error[BP3013]` or `warning[retry/never-tries]`.
fn is_severity(text: &str) -> bool {
    let text = text.trim_start();
    let code = ["error[", "warning[", "note["].iter().find_map(|word| text.strip_prefix(word));
    code.and_then(|rest| rest.split_once(']'))
        .is_some_and(|(code, _)| code.starts_with("BP") || code.contains('/'))
}

/// The stripped case with what the compiler said of it.
///
/// `page` is what the compiler explained, if the case asks for it.
pub fn annotate(
    stripped: &Archive,
    diagnostics: &[Diagnostic],
    sources: &SourceMap,
    page: Option<&str>,
) -> Archive {
    let mut out = stripped.clone();
    let mut comments: BTreeMap<(usize, usize), String> = BTreeMap::new();
    let mut rest = String::new();
    for diagnostic in diagnostics {
        let place = diagnostic.primary_span().and_then(|span| {
            let path = sources.path(span.file);
            let index = out.parts.iter().position(|p| p.path == path)?;
            let part = out.parts.get(index)?;
            let mark = comment(part)?;
            let (line, _) = sources.line_column(span);
            // A comment cannot follow a last line without a newline, nor stand inside a string of several lines.
            (line <= part.text.matches('\n').count()).then_some((index, line, mark, span))
        });
        if let Some((index, line, mark, span)) = place {
            let text = comments.entry((index, line)).or_default();
            write_comment(text, mark, diagnostic, span, sources);
        } else {
            let _ = writeln!(rest, "{}", bp_diag::render::render_short(diagnostic, sources));
            for help in &diagnostic.help {
                let _ = writeln!(rest, "  help: {}", one_line(help));
            }
        }
    }
    for (index, part) in out.parts.iter_mut().enumerate() {
        let mut text = String::new();
        for (number, line) in part.text.split_inclusive('\n').enumerate() {
            text.push_str(line);
            if let Some(comment) = comments.get(&(index, number + 1)) {
                text.push_str(comment);
            }
        }
        part.text = text;
    }
    if !rest.is_empty() {
        out.parts.push(Part { path: REST.to_owned(), escaped: false, text: rest });
    }
    if let Some(page) = page {
        out.parts.push(Part { path: PAGE.to_owned(), escaped: false, text: page.to_owned() });
    }
    out
}

fn write_comment(
    out: &mut String,
    mark: &str,
    diagnostic: &Diagnostic,
    span: Span,
    sources: &SourceMap,
) {
    let severity = match diagnostic.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    };
    let (_, column) = sources.line_column(span);
    let covered = sources.slice(span).lines().next().unwrap_or("").chars().count().max(1);
    // Carets are written under the span where the comment mark leaves room for them.
    let gap = (column - 1).saturating_sub(mark.len());
    let carets = if column > mark.len() {
        covered
    } else {
        (column - 1 + covered).saturating_sub(mark.len()).max(1)
    };
    let _ = writeln!(
        out,
        "{mark}{}{} {severity}[{}]: {}",
        " ".repeat(gap),
        "^".repeat(carets),
        diagnostic.code,
        one_line(&diagnostic.message)
    );
    for label in diagnostic.labels.iter().filter(|l| l.primary && !l.text.is_empty()) {
        let _ = writeln!(out, "{mark} here: {}", one_line(&label.text));
    }
    for label in diagnostic.labels.iter().filter(|l| !l.primary) {
        let (line, _) = sources.line_column(label.span);
        let path = sources.path(label.span.file);
        let _ = writeln!(out, "{mark} see: {path}:{line}: {}", one_line(&label.text));
    }
    for note in &diagnostic.notes {
        let _ = writeln!(out, "{mark} note: {}", one_line(note));
    }
    for help in &diagnostic.help {
        let _ = writeln!(out, "{mark} help: {}", one_line(help));
    }
}

fn one_line(text: &str) -> String {
    text.replace('\n', "\\n")
}
