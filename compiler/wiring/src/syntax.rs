//! The parser's complaints in our words.
//!
//! The parser says what it expected; a look at the source around the place says what was meant.

use std::ops::Range;

use bp_diag::catalog::wiring as codes;
use bp_diag::{Diagnostic, FileId, Span};
use toml::de::{DeTable, Error};

use crate::guard::Scan;

/// Most syntax errors reported for one file; what follows is mostly their echo.
const MOST: usize = 20;

/// More complaints than this are not healed.
const HOPELESS: usize = 1000;

/// A complaint of the parser.
#[derive(Debug)]
pub(crate) struct Complaint {
    range: Range<usize>,
    message: String,
}

impl Complaint {
    fn of(error: &Error) -> Self {
        Self { range: error.span().unwrap_or(0..0), message: error.message().to_owned() }
    }

    /// The parser ends its work here, and says nothing of what follows.
    fn is_fatal(&self) -> bool {
        self.message.starts_with("key with no value")
    }

    fn is_header(&self, text: &str) -> bool {
        let line = line_around(text, self.range.start);
        text.get(line).is_some_and(|l| l.trim_start().starts_with('['))
            && (self.message.starts_with("unclosed")
                || self.message.starts_with("invalid unquoted key"))
    }
}

/// A text without the lines that keep the parser from reading on.
#[derive(Debug)]
pub(crate) struct Healed {
    /// As long as the original, so that spans hold.
    pub(crate) text: String,
    /// Everything the parser complained of, on the way too.
    pub(crate) complaints: Vec<Complaint>,
    /// Names of tables that stand for broken headers.
    pub(crate) placeholders: Vec<String>,
}

/// Blanks lines and replaces table headers that stop the parser or mislead it, until it reads to the end.
///
/// Without this, everything below the first `timeout: "1s"` would go unread.
pub(crate) fn heal(text: &str) -> Healed {
    let mut healed =
        Healed { text: text.to_owned(), complaints: Vec::new(), placeholders: Vec::new() };
    for _ in 0..MOST {
        let complaints: Vec<Complaint> =
            DeTable::parse_recoverable(&healed.text).1.iter().map(Complaint::of).collect();
        // So many faults are no slips: this is another kind of file, and reading on would tell nothing.
        if complaints.len() > HOPELESS {
            healed.complaints = complaints;
            return healed;
        }
        let worst = complaints
            .iter()
            .find(|c| c.is_header(&healed.text))
            .or_else(|| complaints.iter().find(|c| c.is_fatal()));
        let Some(worst) = worst else {
            healed.complaints.extend(complaints);
            return healed;
        };
        let line = line_around(&healed.text, worst.range.start);
        let header = worst.is_header(&healed.text);
        let name = format!("_{:x}", line.start);
        let mut patch = " ".repeat(line.len());
        if header && line.len() >= name.len() + 2 {
            patch = format!("[{name}]{}", " ".repeat(line.len() - name.len() - 2));
            healed.placeholders.push(name);
        }
        let on_line = |c: &Complaint| c.range.start >= line.start && c.range.start <= line.end;
        healed.complaints.extend(complaints.into_iter().filter(on_line));
        healed.text.replace_range(line, &patch);
    }
    healed.complaints.extend(DeTable::parse_recoverable(&healed.text).1.iter().map(Complaint::of));
    healed
}

/// One diagnostic for each faulty line, with the offset of the fault.
pub(crate) fn explain(
    file: FileId,
    text: &str,
    scan: &Scan,
    complaints: &[Complaint],
) -> Vec<(usize, Diagnostic)> {
    let mut places: Vec<&Complaint> = complaints.iter().collect();
    places.sort_by_key(|c| c.range.start);
    let mut out: Vec<(usize, Diagnostic)> = Vec::new();
    let mut done_until = None;
    let mut strings = scan.unclosed_strings.iter().peekable();
    let mut last_line = None;
    for Complaint { range, message } in places {
        if out.len() >= MOST {
            break;
        }
        if done_until.is_some_and(|end| range.start <= end) {
            continue;
        }
        while strings.next_if(|(_, end, _)| *end < range.start).is_some() {}
        let bracket = scan.unclosed_bracket.filter(|(start, _)| *start <= range.start);
        if let Some((start, open)) = bracket {
            // Everything behind an open bracket is read as its content, so further errors say nothing.
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
        let line = line_around(text, range.start);
        if last_line.as_ref() == Some(&line.start) {
            continue;
        }
        last_line = Some(line.start);
        out.push((range.start, one(file, text, range, &line, message)));
    }
    out
}

/// Offsets of values that the parser made up or read wrong.
pub(crate) fn unusable(complaints: &[Complaint]) -> impl Iterator<Item = usize> + '_ {
    let usable =
        ["duplicate key", "cannot extend", "string values must be quoted", "invalid unquoted key"];
    complaints
        .iter()
        .filter(move |c| !usable.iter().any(|u| c.message.starts_with(u)))
        .map(|c| c.range.start)
}

fn one(
    file: FileId,
    text: &str,
    range: &Range<usize>,
    line: &Range<usize>,
    message: &str,
) -> Diagnostic {
    let span = Span::new(file, range.start, range.end.max(range.start));
    let at = text.get(range.clone()).unwrap_or("");
    let statement = text.get(line.clone()).unwrap_or("").trim();
    let key = key_of(statement);
    if let Some(fixed) = colon(statement) {
        let span = trimmed_line(file, text, line);
        return codes::not_toml_but(
            span,
            "TOML sets values with `=`",
            &format!("write `{fixed}`"),
            Some(&fixed),
        );
    }
    if let Some(value) = bare_text(text, line).filter(|value| value.start <= range.start) {
        return unquoted(file, &value, line, text, text.get(value.clone()).unwrap_or(""), key);
    }
    if message.starts_with("duplicate key") {
        return duplicate(file, text, range, line, at);
    }
    if let Some(rest) = message.strip_prefix("cannot extend value of type ") {
        return extended(file, text, range, line, at, rest);
    }
    if message.starts_with("string values must be quoted") {
        return unquoted(file, range, line, text, at, key);
    }
    if message.starts_with("missing value") {
        return codes::missing_value(span, key);
    }
    if message.starts_with("key with no value") {
        return no_equals(file, text, range, line, statement);
    }
    if message.starts_with("invalid unquoted key")
        || message.starts_with("unclosed table")
        || message.starts_with("unclosed array table")
    {
        return bare_key(file, text, range, line, statement);
    }
    if message.starts_with("invalid boolean") {
        let meant = if at.starts_with('t') { "true" } else { "false" };
        return codes::not_toml_but(
            span,
            &format!("`{at}` is no value"),
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
    match COMPLAINTS.iter().find(|(part, _, _)| message.contains(part)) {
        Some((_, why, help)) => codes::not_toml_but(span, why, help, None),
        None => codes::bad_toml(span, message),
    }
}

/// Part of the parser's message, what is wrong, what to do.
const COMPLAINTS: &[(&str, &str, &str)] = &[
    ("missing comma", "a comma is missing before this place", "separate the entries by commas"),
    ("extra assignment", "a comma is missing before this place", "separate the entries by commas"),
    ("extra comma", "one comma too many", "remove it"),
    (
        "escape",
        "`\\` starts an escape that TOML does not have",
        "write `\\\\` for a backslash, or use single quotes, in which nothing is escaped",
    ),
    ("leading zero", "a number starts with no zero", "remove the zero, or quote the value"),
    (
        "unquoted keys cannot be empty",
        "a key is missing here",
        "write `key = value`, or remove the stray sign",
    ),
];

fn line_around(text: &str, offset: usize) -> Range<usize> {
    let offset = floor(text, offset);
    // A fault at the very end of a line belongs to that line.
    let start = text.get(..offset).and_then(|t| t.rfind('\n')).map_or(0, |i| i + 1);
    let end = text.get(offset..).and_then(|t| t.find('\n')).map_or(text.len(), |i| offset + i);
    start..end
}

fn floor(text: &str, offset: usize) -> usize {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}

/// A line without the blanks around it.
fn trimmed_line(file: FileId, text: &str, line: &Range<usize>) -> Span {
    let whole = text.get(line.clone()).unwrap_or("");
    let start = line.start + (whole.len() - whole.trim_start().len());
    Span::new(file, start, start + whole.trim().len())
}

/// `key: value` as it should be.
fn colon(statement: &str) -> Option<String> {
    let (key, value) = statement.split_once(':')?;
    let bare = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | ' ');
    let (key, value) = (key.trim(), value.trim());
    (!key.is_empty() && key.chars().all(bare) && !value.starts_with('='))
        .then(|| format!("{key} = {value}"))
}

/// The place of a value that can only be a string without quotes: `../workflow`.
fn bare_text(text: &str, line: &Range<usize>) -> Option<Range<usize>> {
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
fn key_of(statement: &str) -> &str {
    statement.split('=').next().unwrap_or("").trim()
}

fn rest_of_line(file: FileId, text: &str, range: &Range<usize>, line: &Range<usize>) -> Span {
    let rest = text.get(range.start..line.end.max(range.start)).unwrap_or("");
    Span::new(file, range.start, range.start + rest.trim_end().len())
}

fn unquoted(
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
            &format!("`{at}` is no value"),
            &format!("write `{meant}`"),
            Some(meant),
        ),
        None => codes::unquoted_value(span, at),
    }
}

fn no_equals(
    file: FileId,
    text: &str,
    range: &Range<usize>,
    line: &Range<usize>,
    statement: &str,
) -> Diagnostic {
    let span = trimmed_line(file, text, line);
    let after = text.get(range.start..line.end.max(range.start)).unwrap_or("").trim_start();
    if after.starts_with('*') || after.starts_with("->") {
        return codes::unquoted_key(span, key_of(statement), "edge.\"* -> cart\".timeout = \"1s\"");
    }
    codes::missing_value(span, statement)
}

fn bare_key(
    file: FileId,
    text: &str,
    range: &Range<usize>,
    line: &Range<usize>,
    statement: &str,
) -> Diagnostic {
    let span = trimmed_line(file, text, line);
    let Some(inner) = statement.strip_prefix('[') else {
        let at = text.get(range.clone()).unwrap_or("");
        let key = if at.is_empty() { key_of(statement) } else { at };
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

fn duplicate(
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
        earlier_in_table(text, line.start, key).map(|r| Span::new(file, r.start, r.end)),
    )
}

fn assigns(statement: &str, key: &str) -> bool {
    statement.strip_prefix(key).is_some_and(|rest| rest.trim_start().starts_with(['=', '.']))
}

/// The statement that sets `key` above `before`, within the same table.
fn earlier_in_table(text: &str, before: usize, key: &str) -> Option<Range<usize>> {
    let mut end = before;
    while end > 0 {
        let line = line_around(text, end - 1);
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

fn extended(
    file: FileId,
    text: &str,
    range: &Range<usize>,
    line: &Range<usize>,
    key: &str,
    rest: &str,
) -> Diagnostic {
    let span = Span::new(file, range.start, range.end);
    let first = earlier_in_table(text, line.start, key);
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
