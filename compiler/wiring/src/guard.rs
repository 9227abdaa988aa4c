//! Looks at raw bytes before the parser sees them.
//!
//! The parser recurses and reports poorly, so depth, control characters and unclosed strings and brackets are found here by a scan without recursion.

use std::ops::Range;

use bp_diag::catalog::wiring as codes;
use bp_diag::{Diagnostic, FileId, SourceMap, Span};

use crate::renamed;

/// Largest file read, in bytes.
pub(crate) const MAX_BYTES: usize = 16 * 1024 * 1024;
/// Deepest nesting of brackets, and most parts of a dotted key; the parser's own limit is 80.
const MAX_DEPTH: usize = 64;

/// What the scan found out; offsets are bytes.
#[derive(Debug, Default)]
pub(crate) struct Scan {
    /// Strings without end: first byte, one past the last, closing quote.
    pub(crate) unclosed_strings: Vec<(usize, usize, &'static str)>,
    /// A bracket without its counterpart.
    pub(crate) unclosed_bracket: Option<(usize, u8)>,
    /// Where a top-level table still has its old name.
    pub(crate) renamed: Vec<Range<usize>>,
}

/// Decodes a file, adds it to the source map and scans it.
pub(crate) fn decode_and_scan(
    bytes: Vec<u8>,
    path: &str,
    sources: &mut SourceMap,
) -> (FileId, Result<Scan, Diagnostic>) {
    if bytes.len() > MAX_BYTES {
        let file = sources.add(path, "");
        return (file, Err(codes::file_too_large(path, bytes.len(), MAX_BYTES)));
    }
    let text = match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let offset = error.utf8_error().valid_up_to();
            let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
            let width = text.get(offset..).and_then(|t| t.chars().next()).map_or(1, char::len_utf8);
            let file = sources.add(path, text);
            let span = Span::new(file, offset, offset + width);
            return (file, Err(codes::not_utf8(span, offset)));
        }
    };
    // A byte order mark is not part of the text; spans count from after it.
    let text = text.strip_prefix('\u{feff}').map_or(text.as_str(), |rest| rest).to_owned();
    let file = sources.add(path, text.clone());
    let found = scan(file, &text);
    (file, found)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Plain,
    Comment,
    String { quote: u8, multiline: bool, start: usize },
}

/// A scan under way.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of the place by itself")]
struct Scanner<'a> {
    file: FileId,
    bytes: &'a [u8],
    found: Scan,
    state: State,
    open: Vec<(usize, u8)>,
    /// Parts of the dotted key so far.
    dots: usize,
    /// Nothing but blanks stands before this place on its line.
    line_start: bool,
    /// Within `[table]`.
    header: bool,
    /// Below a header, where keys are no longer of the top level.
    below: bool,
    /// Whether the first key of this line or header is still to come.
    first: bool,
}

fn scan(file: FileId, text: &str) -> Result<Scan, Diagnostic> {
    let bytes = text.as_bytes();
    let mut scanner = Scanner {
        file,
        bytes,
        found: Scan::default(),
        state: State::Plain,
        open: Vec::new(),
        dots: 0,
        line_start: true,
        header: false,
        below: false,
        first: true,
    };
    let mut i = 0;
    while let Some(&byte) = bytes.get(i) {
        if (byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r')) || byte == 0x7f {
            let span = Span::new(file, i, i + 1);
            return Err(codes::control_character(span, char::from(byte)));
        }
        i = match scanner.state {
            State::Comment => {
                if byte == b'\n' {
                    scanner.end_line();
                }
                i + 1
            }
            State::String { quote, multiline: false, start } => {
                scanner.scan_line_string(i, byte, quote, start)
            }
            State::String { quote, multiline: true, .. } => {
                scanner.scan_long_string(i, byte, quote)
            }
            State::Plain => scanner.scan_plain(i, byte)?,
        };
    }
    if let State::String { quote, multiline, start } = scanner.state {
        scanner.found.unclosed_strings.push((start, bytes.len(), quote_text(quote, multiline)));
    }
    if scanner.found.unclosed_bracket.is_none() {
        scanner.found.unclosed_bracket = scanner.find_unclosed();
    }
    Ok(scanner.found)
}

/// Each step takes the position of a byte and returns the position to continue from.
impl Scanner<'_> {
    fn end_line(&mut self) {
        self.state = State::Plain;
        self.dots = 0;
        self.header = false;
        self.line_start = true;
        self.first = true;
    }

    fn scan_line_string(&mut self, i: usize, byte: u8, quote: u8, start: usize) -> usize {
        match byte {
            b'\n' => {
                self.found.unclosed_strings.push((start, i, quote_text(quote, false)));
                self.end_line();
            }
            // The escaped byte ends nothing, unless the line ends with it.
            b'\\' if quote == b'"' && self.bytes.get(i + 1).is_some_and(|b| *b != b'\n') => {
                return i + 2;
            }
            b if b == quote => self.state = State::Plain,
            _ => {}
        }
        i + 1
    }

    fn scan_long_string(&mut self, i: usize, byte: u8, quote: u8) -> usize {
        if byte == b'\\' && quote == b'"' {
            return i + 2;
        }
        if !starts_triple(self.bytes, i, quote) {
            return i + 1;
        }
        self.state = State::Plain;
        // Up to two quotes may stand right before the closing three.
        let extra = self.bytes.iter().skip(i + 3).take(2).take_while(|b| **b == quote).count();
        i + 3 + extra
    }

    fn scan_plain(&mut self, i: usize, byte: u8) -> Result<usize, Diagnostic> {
        let mut next = i + 1;
        self.note_old_name(i, byte);
        match byte {
            b'\n' => {
                self.end_line();
                return Ok(next);
            }
            b'#' => self.state = State::Comment,
            b'"' | b'\'' => {
                let multiline = starts_triple(self.bytes, i, byte);
                self.state = State::String { quote: byte, multiline, start: i };
                if multiline {
                    next = i + 3;
                }
            }
            b'.' => {
                self.dots += 1;
                self.check_depth(self.dots, i)?;
            }
            b'=' | b',' => self.dots = 0,
            b'[' if self.opens_header(byte) => {
                self.header = true;
                self.below = true;
            }
            b'[' | b'{' => {
                self.dots = 0;
                self.check_depth(self.open.len(), i)?;
                self.open.push((i, byte));
            }
            b']' | b'}' if !self.header => self.close(byte),
            _ => {}
        }
        if !matches!(byte, b' ' | b'\t' | b'\r') {
            self.line_start = false;
        }
        Ok(next)
    }

    fn opens_header(&self, byte: u8) -> bool {
        byte == b'[' && self.open.is_empty() && (self.line_start || self.header)
    }

    /// Remembers a top-level table under an old name, if its first key begins here.
    fn note_old_name(&mut self, i: usize, byte: u8) {
        if byte.is_ascii_whitespace() || self.opens_header(byte) || !self.first {
            return;
        }
        self.first = false;
        if self.open.is_empty()
            && (self.header || !self.below)
            && let Some(width) = self.bytes.get(i..).and_then(renamed::old_key_len)
        {
            self.found.renamed.push(i..i + width);
        }
    }

    fn close(&mut self, byte: u8) {
        let Some((start, open)) = self.open.pop() else { return };
        let fits = (open == b'[') == (byte == b']');
        if !fits && self.found.unclosed_bracket.is_none() {
            self.found.unclosed_bracket = Some((start, open));
        }
    }

    /// The bracket to close first: the last one opened on the line of the first.
    fn find_unclosed(&self) -> Option<(usize, u8)> {
        let (first, _) = self.open.first()?;
        let rest = self.bytes.get(*first..)?;
        let end = rest.iter().position(|b| *b == b'\n').map_or(self.bytes.len(), |n| first + n);
        self.open.iter().rev().find(|(start, _)| *start < end).copied()
    }

    fn check_depth(&self, depth: usize, i: usize) -> Result<(), Diagnostic> {
        if depth < MAX_DEPTH {
            return Ok(());
        }
        Err(codes::nested_too_deep(Span::new(self.file, i, i + 1), MAX_DEPTH))
    }
}

fn starts_triple(bytes: &[u8], at: usize, quote: u8) -> bool {
    bytes.get(at..at + 3).is_some_and(|three| three.iter().all(|b| *b == quote))
}

fn quote_text(quote: u8, multiline: bool) -> &'static str {
    match (quote, multiline) {
        (b'"', false) => "\"",
        (b'"', true) => "\"\"\"",
        (_, false) => "'",
        (_, true) => "'''",
    }
}
