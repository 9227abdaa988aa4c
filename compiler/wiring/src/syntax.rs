//! The parser's errors in our words.
//!
//! The parser says what it expected; a look at the source around the place says what was meant.

use std::ops::Range;

use bp_diag::catalog::wiring as codes;
use bp_diag::{Diagnostic, FileId, Span};
use toml::de::{DeTable, Error};

use crate::guard::Scan;

/// How many syntax errors of one file are reported; later ones are mostly consequences of these.
const MAX_REPORTED: usize = 20;

/// A text with more errors than this is not recovered.
const MAX_RECOVERABLE: usize = 1000;

/// An error of the TOML parser.
#[derive(Debug)]
pub(crate) struct ParseError {
    range: Range<usize>,
    message: String,
}

impl ParseError {
    fn of(error: &Error) -> Self {
        Self { range: error.span().unwrap_or(0..0), message: error.message().to_owned() }
    }

    /// The parser stops here, and does not report what follows.
    fn is_fatal(&self) -> bool {
        self.message.starts_with("key with no value")
    }

    fn is_header(&self, text: &str) -> bool {
        let line = find_line(text, self.range.start);
        text.get(line).is_some_and(|l| l.trim_start().starts_with('['))
            && (self.message.starts_with("unclosed")
                || self.message.starts_with("invalid unquoted key"))
    }
}

/// A text without the lines that keep the parser from reading on.
#[derive(Debug)]
pub(crate) struct RecoveredText {
    /// As long as the original, so that spans hold.
    pub(crate) text: String,
    /// Every error of the parser, including those of earlier attempts.
    pub(crate) errors: Vec<ParseError>,
    /// Names of tables that stand for broken headers.
    pub(crate) placeholders: Vec<String>,
}

/// Blanks lines and replaces table headers that stop the parser or mislead it, until it reads to the end.
///
/// Without this, everything below the first `timeout: "1s"` would go unread.
pub(crate) fn recover(text: &str) -> RecoveredText {
    let mut recovered =
        RecoveredText { text: text.to_owned(), errors: Vec::new(), placeholders: Vec::new() };
    // Each round blanks one faulty line, and no more faults than this are reported.
    for _ in 0..MAX_REPORTED {
        let errors: Vec<ParseError> =
            DeTable::parse_recoverable(&recovered.text).1.iter().map(ParseError::of).collect();
        // So many errors are not typing errors: this is another kind of file, and reading on would not help.
        if errors.len() > MAX_RECOVERABLE {
            recovered.errors = errors;
            return recovered;
        }
        let worst = errors
            .iter()
            .find(|e| e.is_header(&recovered.text))
            .or_else(|| errors.iter().find(|e| e.is_fatal()));
        let Some(worst) = worst else {
            recovered.errors.extend(errors);
            return recovered;
        };
        let line = find_line(&recovered.text, worst.range.start);
        let header = worst.is_header(&recovered.text);
        let name = format!("_{:x}", line.start);
        let mut patch = " ".repeat(line.len());
        // A blank in place of a header would move the settings below it into the table above.
        if header && line.len() >= name.len() + 2 {
            patch = format!("[{name}]{}", " ".repeat(line.len() - name.len() - 2));
            recovered.placeholders.push(name);
        }
        let on_line = |e: &ParseError| e.range.start >= line.start && e.range.start <= line.end;
        recovered.errors.extend(errors.into_iter().filter(on_line));
        recovered.text.replace_range(line, &patch);
    }
    recovered
        .errors
        .extend(DeTable::parse_recoverable(&recovered.text).1.iter().map(ParseError::of));
    recovered
}

/// One diagnostic for each faulty line, with the offset of the fault.
pub(crate) fn diagnose(
    file: FileId,
    text: &str,
    scan: &Scan,
    errors: &[ParseError],
) -> Vec<(usize, Diagnostic)> {
    let mut places: Vec<&ParseError> = errors.iter().collect();
    places.sort_by_key(|e| e.range.start);
    let mut out: Vec<(usize, Diagnostic)> = Vec::new();
    let mut done_until = None;
    let mut strings = scan.unclosed_strings.iter().peekable();
    let mut last_line = None;
    for ParseError { range, message } in places {
        if out.len() >= MAX_REPORTED {
            break;
        }
        if done_until.is_some_and(|end| range.start <= end) {
            continue;
        }
        while strings.next_if(|(_, end, _)| *end < range.start).is_some() {}
        let bracket = scan.unclosed_bracket.filter(|(start, _)| *start <= range.start);
        if let Some((start, open)) = bracket {
            // Everything after an open bracket is read as its content, so further errors mean nothing.
            let (open, close) = if open == b'[' { ("[", "]") } else { ("{", "}") };
            let span = Span::new(file, start, start + 1);
            out.push((start, codes::unclosed_bracket(span, open, close)));
            break;
        }
        if let Some((start, end, quote)) =
            strings.peek().filter(|(start, _, _)| *start <= range.start)
        {
            let shown = start + quote.len();
            out.push((
                *start,
                codes::unclosed_string(Span::new(file, *start, shown.min(*end)), quote),
            ));
            done_until = Some(*end);
            continue;
        }
        let line = find_line(text, range.start);
        if last_line.as_ref() == Some(&line.start) {
            continue;
        }
        last_line = Some(line.start);
        out.push((range.start, diagnose_error(file, text, range, &line, message)));
    }
    out
}

/// Offsets of values that the parser made up or read wrong.
pub(crate) fn find_unusable_values(errors: &[ParseError]) -> impl Iterator<Item = usize> + '_ {
    let usable =
        ["duplicate key", "cannot extend", "string values must be quoted", "invalid unquoted key"];
    errors
        .iter()
        .filter(move |e| !usable.iter().any(|u| e.message.starts_with(u)))
        .map(|e| e.range.start)
}

fn diagnose_error(
    file: FileId,
    text: &str,
    range: &Range<usize>,
    line: &Range<usize>,
    message: &str,
) -> Diagnostic {
    let span = Span::new(file, range.start, range.end.max(range.start));
    let at = text.get(range.clone()).unwrap_or("");
    let statement = text.get(line.clone()).unwrap_or("").trim();
    let key = key_before_equals(statement);
    if let Some(fixed) = fix_colon(statement) {
        let span = span_of_trimmed_line(file, text, line);
        return codes::not_toml_but(
            span,
            "TOML sets values with `=`",
            &format!("write `{fixed}`"),
            Some(&fixed),
        );
    }
    if let Some(value) = find_bare_text(text, line).filter(|value| value.start <= range.start) {
        return diagnose_unquoted(
            file,
            &value,
            line,
            text,
            text.get(value.clone()).unwrap_or(""),
            key,
        );
    }
    if message.starts_with("duplicate key") {
        return diagnose_duplicate(file, text, range, line, at);
    }
    if let Some(rest) = message.strip_prefix("cannot extend value of type ") {
        return diagnose_extension(file, text, range, line, at, rest);
    }
    if message.starts_with("string values must be quoted") {
        return diagnose_unquoted(file, range, line, text, at, key);
    }
    if message.starts_with("missing value") {
        return codes::missing_value(span, key);
    }
    if message.starts_with("key with no value") {
        return diagnose_missing_equals(file, text, range, line, statement);
    }
    if message.starts_with("invalid unquoted key")
        || message.starts_with("unclosed table")
        || message.starts_with("unclosed array table")
    {
        return diagnose_bare_key(file, text, range, line, statement);
    }
    if message.starts_with("invalid boolean") {
        let meant = if at.starts_with('t') { "true" } else { "false" };
        return codes::not_toml_but(
            span,
            &format!("`{at}` is not a value"),
            &format!("write `{meant}`"),
            Some(meant),
        );
    }
    if message.starts_with("unexpected key or value") {
        let help =
            "write each setting on a line of its own, and separate those in braces by commas";
        return codes::not_toml_but(
            rest_of_line(file, text, range, line),
            "the line should end here",
            help,
            None,
        );
    }
    if message.starts_with("extra `=`") {
        return codes::not_toml_but(span, "one `=` too many", "write `key = value`", Some(""));
    }
    if message.starts_with("invalid key-value pair") {
        return codes::not_toml_but(
            rest_of_line(file, text, range, line),
            "neither a setting nor a table header",
            "write `key = value` or `[table]`",
            None,
        );
    }
    match MESSAGES.iter().find(|(part, _, _)| message.contains(part)) {
        Some((_, why, help)) => codes::not_toml_but(span, why, help, None),
        None => codes::bad_toml(span, message),
    }
}

/// Part of the parser's message, what is wrong, what to do.
const MESSAGES: &[(&str, &str, &str)] = &[
    ("missing comma", "a comma is missing before this place", "separate the entries by commas"),
    ("extra assignment", "a comma is missing before this place", "separate the entries by commas"),
    ("extra comma", "one comma too many", "remove it"),
    (
        "escape",
        "`\\` starts an escape that TOML does not have",
        "write `\\\\` for a backslash, or use single quotes, in which nothing is escaped",
    ),
    ("leading zero", "a number cannot start with a zero", "remove the zero, or quote the value"),
    (
        "unquoted keys cannot be empty",
        "a key is missing here",
        "write `key = value`, or remove the stray sign",
    ),
];

fn find_line(text: &str, offset: usize) -> Range<usize> {
    let offset = floor_char_boundary(text, offset);
    // A fault at the very end of a line belongs to that line.
    let start = text.get(..offset).and_then(|t| t.rfind('\n')).map_or(0, |i| i + 1);
    let end = text.get(offset..).and_then(|t| t.find('\n')).map_or(text.len(), |i| offset + i);
    start..end
}

fn floor_char_boundary(text: &str, offset: usize) -> usize {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}

/// A line without the blanks around it.
fn span_of_trimmed_line(file: FileId, text: &str, line: &Range<usize>) -> Span {
    let whole = text.get(line.clone()).unwrap_or("");
    let start = line.start + (whole.len() - whole.trim_start().len());
    Span::new(file, start, start + whole.trim().len())
}

/// `key: value` as it should be.
fn fix_colon(statement: &str) -> Option<String> {
    let (key, value) = statement.split_once(':')?;
    let bare = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | ' ');
    let (key, value) = (key.trim(), value.trim());
    (!key.is_empty() && key.chars().all(bare) && !value.starts_with('='))
        .then(|| format!("{key} = {value}"))
}

/// The place of a value that can only be a string without quotes: `../workflow`.
fn find_bare_text(text: &str, line: &Range<usize>) -> Option<Range<usize>> {
    let whole = text.get(line.clone())?;
    let (head, value) = whole.split_once('=')?;
    let value = value.split('#').next().unwrap_or("");
    let first = value.trim().chars().next()?;
    let starts_value = first.is_ascii_digit() || matches!(first, '+' | '-' | 't' | 'f' | 'i' | 'n');
    if starts_value || value.contains(['"', '\'', '[', ']', '{', '}', '=', ',']) {
        return None;
    }
    let start = line.start + head.len() + 1 + (value.len() - value.trim_start().len());
    Some(start..start + value.trim().len())
}

/// What stands before the `=` of a statement.
fn key_before_equals(statement: &str) -> &str {
    statement.split('=').next().unwrap_or("").trim()
}

fn rest_of_line(file: FileId, text: &str, range: &Range<usize>, line: &Range<usize>) -> Span {
    let rest = text.get(range.start..line.end.max(range.start)).unwrap_or("");
    Span::new(file, range.start, range.start + rest.trim_end().len())
}

fn diagnose_unquoted(
    file: FileId,
    range: &Range<usize>,
    line: &Range<usize>,
    text: &str,
    at: &str,
    key: &str,
) -> Diagnostic {
    let span = Span::new(file, range.start, range.end);
    if at.is_empty() {
        // The key, since an empty place shows nothing.
        let head = text.get(line.start..range.start).unwrap_or("");
        let start = line.start + (head.len() - head.trim_start().len());
        let end = line.start + head.trim_end().len();
        return codes::missing_value(Span::new(file, start, end), key);
    }
    let curly = |c: char| matches!(c, '\u{201c}' | '\u{201d}' | '\u{2018}' | '\u{2019}');
    if at.contains(curly) {
        let plain = format!("\"{}\"", at.trim_matches(curly));
        return codes::not_toml_but(
            span,
            "these are not plain quotes",
            &format!("write `{plain}`"),
            Some(&plain),
        );
    }
    if at.contains([' ', '\t']) {
        return codes::not_toml_but(
            span,
            "a string without quotes, or two settings on one line",
            "put a string into quotes; write each setting on a line of its own",
            None,
        );
    }
    let meant = match at {
        "yes" | "on" | "True" | "TRUE" => Some("true"),
        "no" | "off" | "False" | "FALSE" => Some("false"),
        _ => None,
    };
    match meant {
        Some(meant) => codes::not_toml_but(
            span,
            &format!("`{at}` is not a value"),
            &format!("write `{meant}`"),
            Some(meant),
        ),
        None => codes::unquoted_value(span, at),
    }
}

fn diagnose_missing_equals(
    file: FileId,
    text: &str,
    range: &Range<usize>,
    line: &Range<usize>,
    statement: &str,
) -> Diagnostic {
    let span = span_of_trimmed_line(file, text, line);
    let after = text.get(range.start..line.end.max(range.start)).unwrap_or("").trim_start();
    if after.starts_with('*') || after.starts_with("->") {
        return codes::unquoted_key(
            span,
            key_before_equals(statement),
            "edge.\"* -> cart\".timeout = \"1s\"",
        );
    }
    codes::missing_value(span, statement)
}

fn diagnose_bare_key(
    file: FileId,
    text: &str,
    range: &Range<usize>,
    line: &Range<usize>,
    statement: &str,
) -> Diagnostic {
    let span = span_of_trimmed_line(file, text, line);
    let Some(inner) = statement.strip_prefix('[') else {
        let at = text.get(range.clone()).unwrap_or("");
        let key = if at.is_empty() { key_before_equals(statement) } else { at };
        let quoted = format!("\"{key}\"");
        let example = statement.replacen(key, &quoted, 1);
        return codes::unquoted_key(Span::new(file, range.start, range.end), key, &example);
    };
    let doubled = inner.starts_with('[');
    let inner = inner.trim_start_matches('[');
    let content = inner.split(']').next().unwrap_or(inner).trim();
    let (open, close) = if doubled { ("[[", "]]") } else { ("[", "]") };
    let odd =
        |c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '"' | '\'' | ' '));
    if !content.contains(odd) && !content.contains(' ') {
        return codes::unclosed_bracket(
            Span { end: span.start + u32::from(doubled) + 1, ..span },
            open,
            close,
        );
    }
    let (table, rest) = content.split_once('.').unwrap_or(("edge", content));
    let rest = rest.replace('"', "");
    let example = format!("{open}{}.\"{}\"{close}", table.trim(), rest.trim());
    codes::unquoted_key(span, rest.trim(), &example)
}

fn diagnose_duplicate(
    file: FileId,
    text: &str,
    range: &Range<usize>,
    line: &Range<usize>,
    key: &str,
) -> Diagnostic {
    let span = Span::new(file, range.start, range.end);
    let statement = text.get(line.clone()).unwrap_or("").trim();
    if statement.starts_with('[') {
        let header = statement.split(']').next().unwrap_or(statement);
        let mut offset = 0;
        for candidate in text.get(..line.start).unwrap_or("").split_inclusive('\n') {
            let trimmed = candidate.trim();
            let indent = candidate.len() - candidate.trim_start().len();
            let first = Span::new(file, offset + indent, offset + indent + trimmed.len());
            if trimmed.strip_prefix(header).is_some_and(|rest| rest.starts_with(']')) {
                return codes::set_twice(span, &format!("{header}]"), Some(first));
            }
            if assigns(trimmed, key) && trimmed.contains('{') {
                return codes::braces_extended(span, key, Some(first), None);
            }
            offset += candidate.len();
        }
        return codes::set_twice(span, key, None);
    }
    codes::set_twice(
        span,
        key,
        find_earlier_in_table(text, line.start, key).map(|r| Span::new(file, r.start, r.end)),
    )
}

fn assigns(statement: &str, key: &str) -> bool {
    statement.strip_prefix(key).is_some_and(|rest| rest.trim_start().starts_with(['=', '.']))
}

/// The statement that sets `key` above `before`, within the same table.
fn find_earlier_in_table(text: &str, before: usize, key: &str) -> Option<Range<usize>> {
    let mut end = before;
    while end > 0 {
        let line = find_line(text, end - 1);
        let statement = text.get(line.clone())?;
        let trimmed = statement.trim();
        if trimmed.starts_with('[') {
            return None;
        }
        if assigns(trimmed, key) {
            let start = line.start + (statement.len() - statement.trim_start().len());
            return Some(start..start + trimmed.len());
        }
        end = line.start;
    }
    None
}

fn diagnose_extension(
    file: FileId,
    text: &str,
    range: &Range<usize>,
    line: &Range<usize>,
    key: &str,
    rest: &str,
) -> Diagnostic {
    let span = Span::new(file, range.start, range.end);
    let first = find_earlier_in_table(text, line.start, key);
    let first_span = first.clone().map(|r| Span::new(file, r.start, r.end));
    if !rest.starts_with("inline table") {
        return codes::set_twice(span, key, first_span);
    }
    let statement = text.get(line.clone()).unwrap_or("").trim();
    let addition =
        statement.strip_prefix(key).map(|s| s.trim_start().trim_start_matches('.').trim());
    let example = first
        .and_then(|r| text.get(r))
        .and_then(|t| t.split_once('}').map(|(head, _)| head.trim_end()))
        .zip(addition.filter(|a| a.contains('=')))
        .map(|(head, addition)| format!("{head}, {addition} }}"));
    codes::braces_extended(span, key, first_span, example.as_deref())
}
