//! Lays out Rust text as prettyplease would, so that generated code stays unchanged under that formatter.
//!
//! The algorithm is Oppen's ("Prettyprinting", 1980) with consistent boxes, as prettyplease uses it: a box that fits on the rest of the line, with what follows up to the next break, stays on one line; otherwise each of its breaks is a newline.

use std::fmt::Write as _;

/// The right margin of prettyplease.
const MARGIN: isize = 89;
/// What a line may hold however deep its indentation, as in prettyplease.
const MIN_SPACE: isize = 60;
/// One level of indentation.
const INDENT: isize = 4;

#[derive(Debug)]
enum Token {
    Text(String),
    /// Starts a box whose broken lines are indented further by this much.
    Begin(isize),
    End,
    /// Blanks when its box fits; a newline, after `before` and indented by `offset` more, when not.
    Break {
        blanks: usize,
        before: &'static str,
        offset: isize,
    },
    /// Never breaks, but ends the text that a box before it must fit with.
    NoBreak,
    Newline,
}

/// Collects Rust text: text, boxes and possible breaks.
#[derive(Debug, Default)]
pub(crate) struct Printer {
    tokens: Vec<Token>,
}

impl Printer {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Text that never breaks.
    pub(crate) fn text(&mut self, text: impl Into<String>) -> &mut Self {
        self.tokens.push(Token::Text(text.into()));
        self
    }

    /// A line of its own, outside every box.
    pub(crate) fn line(&mut self, text: impl Into<String>) -> &mut Self {
        self.text(text).newline()
    }

    /// The end of a line, even if more would fit.
    pub(crate) fn newline(&mut self) -> &mut Self {
        self.tokens.push(Token::Newline);
        self
    }

    /// `{` and a newline; what follows is indented until [`Printer::close`].
    pub(crate) fn open(&mut self, text: impl Into<String>) -> &mut Self {
        self.text(text).begin(INDENT).newline()
    }

    /// Ends [`Printer::open`] with `text` on a line of its own.
    pub(crate) fn close(&mut self, text: impl Into<String>) -> &mut Self {
        self.end().line(text)
    }

    /// ` = ` and what follows on the same line, as in a `let`.
    pub(crate) fn equals(&mut self) -> &mut Self {
        self.text(" = ").no_break()
    }

    /// A place that never breaks, but ends the text that a box before it must fit with.
    pub(crate) fn no_break(&mut self) -> &mut Self {
        self.tokens.push(Token::NoBreak);
        self
    }

    pub(crate) fn begin(&mut self, indent: isize) -> &mut Self {
        self.tokens.push(Token::Begin(indent));
        self
    }

    pub(crate) fn end(&mut self) -> &mut Self {
        self.tokens.push(Token::End);
        self
    }

    /// A possible break: blanks, or `before` and a newline.
    pub(crate) fn soft_break(
        &mut self,
        blanks: usize,
        before: &'static str,
        offset: isize,
    ) -> &mut Self {
        self.tokens.push(Token::Break { blanks, before, offset });
        self
    }

    /// `open item, item close`: on one line, or one item on each line with a comma after it.
    /// `padded` puts blanks inside the delimiters when on one line, as struct literals have.
    pub(crate) fn list<T>(
        &mut self,
        open: &str,
        close: &str,
        padded: bool,
        items: impl IntoIterator<Item = T>,
        mut each: impl FnMut(&mut Self, T),
    ) -> &mut Self {
        let blanks = usize::from(padded);
        self.text(open);
        let mut items = items.into_iter().peekable();
        if items.peek().is_none() {
            return self.text(close);
        }
        self.begin(INDENT).soft_break(blanks, "", 0);
        while let Some(item) = items.next() {
            each(self, item);
            if items.peek().is_some() {
                self.text(",").soft_break(1, "", 0);
            } else {
                self.soft_break(blanks, ",", -INDENT);
            }
        }
        self.end().text(close)
    }

    /// `function(argument, …)`.
    pub(crate) fn call<T>(
        &mut self,
        function: &str,
        arguments: impl IntoIterator<Item = T>,
        each: impl FnMut(&mut Self, T),
    ) -> &mut Self {
        self.text(function).list("(", ")", false, arguments, each)
    }

    /// `receiver.method(argument, …).await`; the receiver's parts may stand on lines of their own.
    pub(crate) fn awaited<T>(
        &mut self,
        receiver: &[&str],
        method: &str,
        arguments: impl IntoIterator<Item = T>,
        each: impl FnMut(&mut Self, T),
    ) -> &mut Self {
        self.begin(INDENT);
        for part in receiver {
            self.text(*part).soft_break(0, "", 0);
        }
        self.call(method, arguments, each).soft_break(0, "", 0).text(".await").end()
    }

    /// A type, which may break inside its angle brackets and parentheses.
    pub(crate) fn ty(&mut self, rust: &str) -> &mut Self {
        let mut text = String::new();
        let mut nested: Vec<char> = Vec::new();
        let mut chars = rust.chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                '<' | '(' => {
                    text.push(c);
                    self.text(std::mem::take(&mut text));
                    if c == '(' && chars.peek() == Some(&')') {
                        nested.push(' ');
                    } else {
                        nested.push(c);
                        self.begin(INDENT).soft_break(0, "", 0);
                    }
                }
                ',' if !nested.is_empty() => {
                    while chars.peek() == Some(&' ') {
                        chars.next();
                    }
                    self.text(std::mem::take(&mut text));
                    if chars.peek() == Some(&')') {
                        // The comma of a tuple of one element stays.
                        self.text(",").soft_break(0, "", -INDENT).end();
                        nested.pop();
                        nested.push(' ');
                    } else {
                        self.text(",").soft_break(1, "", 0);
                    }
                }
                '>' | ')' if !nested.is_empty() => {
                    self.text(std::mem::take(&mut text));
                    if nested.pop() != Some(' ') {
                        self.soft_break(0, ",", -INDENT).end();
                    }
                    text.push(c);
                }
                _ => text.push(c),
            }
        }
        self.text(text)
    }

    /// The text.
    pub(crate) fn finish(&self) -> String {
        let mut out = String::new();
        let mut layout = Layout { boxes: Vec::new(), pending: 0, space: MARGIN, fresh: true };
        for (token, size) in self.tokens.iter().zip(self.measure()) {
            match token {
                Token::Text(text) => layout.text(&mut out, text),
                Token::Begin(by) => layout.begin(*by, size),
                Token::End => {
                    layout.boxes.pop();
                }
                Token::Break { blanks, before, offset } => {
                    if layout.boxes.last().is_some_and(|b| b.1) {
                        layout.text(&mut out, before);
                        layout.newline(&mut out, *offset);
                    } else {
                        layout.pending += blanks;
                        layout.space -= isize::try_from(*blanks).unwrap_or(isize::MAX);
                    }
                }
                Token::NoBreak => {}
                Token::Newline => {
                    layout.newline(&mut out, 0);
                    layout.fresh = true;
                }
            }
        }
        out
    }

    /// For each `Begin`, the width from it to the first break after its end that is not in a later box; a newline inside makes it too wide for any line.
    fn measure(&self) -> Vec<usize> {
        const TOO_WIDE: usize = 1 << 20;
        let mut sizes = vec![0; self.tokens.len()];
        let mut total = 0_usize;
        let mut open: Vec<(usize, usize)> = Vec::new();
        let mut ended: Vec<(usize, usize, usize)> = Vec::new();
        for (at, token) in self.tokens.iter().enumerate() {
            match token {
                Token::Text(text) => total += text.len(),
                Token::Begin(_) => open.push((at, total)),
                Token::End => {
                    ended.extend(open.pop().map(|(begin, start)| (begin, start, open.len())));
                }
                Token::Break { .. } | Token::NoBreak | Token::Newline => {
                    // A break inside a box that was opened since does not end what follows an earlier one.
                    ended.retain(|(begin, start, depth)| {
                        let settled = *depth >= open.len() || matches!(token, Token::Newline);
                        if settled && let Some(size) = sizes.get_mut(*begin) {
                            *size = total - start;
                        }
                        !settled
                    });
                    total += match token {
                        Token::Break { blanks, .. } => *blanks,
                        Token::NoBreak => 0,
                        _ if open.is_empty() => 0,
                        _ => TOO_WIDE,
                    };
                }
            }
        }
        for (begin, start) in ended.into_iter().map(|(b, s, _)| (b, s)).chain(open) {
            if let Some(size) = sizes.get_mut(begin) {
                *size = total - start;
            }
        }
        sizes
    }
}

struct Layout {
    /// Each open box: where its broken lines start, and whether it broke.
    boxes: Vec<(usize, bool)>,
    /// Blanks to write before the next text.
    pending: usize,
    /// Columns left on this line.
    space: isize,
    /// Whether the line's indentation is that of the box which is open when its first text comes.
    fresh: bool,
}

impl Layout {
    fn indent(&self) -> usize {
        self.boxes.last().map_or(0, |b| b.0)
    }

    fn start_line(&mut self) {
        if self.fresh {
            self.pending = self.indent();
            self.space = space_after(self.pending);
            self.fresh = false;
        }
    }

    fn text(&mut self, out: &mut String, text: &str) {
        if text.is_empty() {
            return;
        }
        self.start_line();
        let pending = std::mem::take(&mut self.pending);
        let _ = write!(out, "{:pending$}{text}", "");
        self.space -= isize::try_from(text.len()).unwrap_or(isize::MAX);
    }

    fn begin(&mut self, by: isize, size: usize) {
        self.start_line();
        let outer = self.indent();
        let fits = isize::try_from(size).is_ok_and(|size| size <= self.space);
        let inner = if fits { outer } else { outer.saturating_add_signed(by) };
        self.boxes.push((inner, !fits));
    }

    fn newline(&mut self, out: &mut String, offset: isize) {
        out.push('\n');
        self.pending = self.indent().saturating_add_signed(offset);
        self.space = space_after(self.pending);
    }
}

fn space_after(indent: usize) -> isize {
    MIN_SPACE.max(MARGIN.saturating_sub_unsigned(indent))
}
