//! A small Rust lexer over bytes: enough to find brackets, strings and comments, without recursion.

use std::ops::Range;

use super::place::Place;

/// A token's kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `(`, `[` or `{`
    Open(u8),
    /// `)`, `]` or `}`
    Close(u8),
    /// Any other punctuation, one byte.
    Punct(u8),
    /// An identifier or keyword, `r#` included.
    Ident,
    /// A lifetime, number, character or string.
    Literal,
}

/// A token and its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

impl Token {
    pub(crate) fn range(self) -> Range<usize> {
        self.start..self.end
    }

    pub(crate) fn place(self) -> Place {
        Place::new(self.start, self.end)
    }
}

/// What is opened at `start` and never closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unclosed {
    pub(crate) what: &'static str,
    pub(crate) start: usize,
}

struct Lexer<'a> {
    bytes: &'a [u8],
    at: usize,
}

/// The tokens of a text, without comments.
pub(crate) fn lex(text: &str) -> Result<Vec<Token>, Unclosed> {
    let mut lexer = Lexer { bytes: text.as_bytes(), at: 0 };
    // `#!` at the very start is a shell's line, unless it begins an inner attribute.
    if text.starts_with("#!") && !text.get(2..).unwrap_or("").trim_start().starts_with('[') {
        lexer.skip_line();
    }
    // About what most files have; a guess that is too large makes the system clear memory that is never used.
    let mut tokens = Vec::with_capacity(text.len() / 6);
    while let Some(byte) = lexer.peek(0) {
        let start = lexer.at;
        if let Some(kind) = lexer.read_token(byte)? {
            tokens.push(Token { kind, start, end: lexer.at });
        }
    }
    Ok(tokens)
}

fn is_ident_start(byte: u8) -> bool {
    byte == b'_' || byte.is_ascii_alphabetic() || byte >= 0x80
}

fn is_ident_part(byte: u8) -> bool {
    is_ident_start(byte) || byte.is_ascii_digit()
}

impl Lexer<'_> {
    fn peek(&self, ahead: usize) -> Option<u8> {
        self.bytes.get(self.at + ahead).copied()
    }

    fn skip_line(&mut self) {
        while self.peek(0).is_some_and(|b| b != b'\n') {
            self.at += 1;
        }
    }

    fn skip_word(&mut self) {
        while self.peek(0).is_some_and(is_ident_part) {
            self.at += 1;
        }
    }

    /// Reads one token; `None` for space and comments.
    fn read_token(&mut self, byte: u8) -> Result<Option<Kind>, Unclosed> {
        match byte {
            b'/' if self.peek(1) == Some(b'/') => {
                self.skip_line();
                Ok(None)
            }
            b'/' if self.peek(1) == Some(b'*') => self.skip_block_comment().map(|()| None),
            b'(' | b'[' | b'{' => {
                self.at += 1;
                Ok(Some(Kind::Open(byte)))
            }
            b')' | b']' | b'}' => {
                self.at += 1;
                Ok(Some(Kind::Close(byte)))
            }
            b'"' => self.skip_string().map(|()| Some(Kind::Literal)),
            b'\'' => self.read_quote().map(Some),
            b if b.is_ascii_digit() => {
                self.skip_number();
                Ok(Some(Kind::Literal))
            }
            b if is_ident_start(b) => self.read_ident_or_prefixed().map(Some),
            b if b.is_ascii_whitespace() => {
                self.at += 1;
                Ok(None)
            }
            b => {
                self.at += 1;
                Ok(Some(Kind::Punct(b)))
            }
        }
    }

    fn skip_block_comment(&mut self) -> Result<(), Unclosed> {
        let start = self.at;
        let mut depth = 0_usize;
        loop {
            match (self.peek(0), self.peek(1)) {
                (Some(b'/'), Some(b'*')) => {
                    depth += 1;
                    self.at += 2;
                }
                (Some(b'*'), Some(b'/')) => {
                    depth = depth.saturating_sub(1);
                    self.at += 2;
                    if depth == 0 {
                        return Ok(());
                    }
                }
                (Some(_), _) => self.at += 1,
                (None, _) => return Err(Unclosed { what: "a comment `/*`", start }),
            }
        }
    }

    fn skip_string(&mut self) -> Result<(), Unclosed> {
        let start = self.at;
        self.at += 1;
        loop {
            match self.peek(0) {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(());
                }
                Some(b'\\') => self.at += 2,
                Some(_) => self.at += 1,
                None => {
                    self.at = self.bytes.len();
                    return Err(Unclosed { what: "a string", start });
                }
            }
        }
    }

    /// At the `#`s or the quote of a raw string; false when it is not one.
    fn skip_raw_string(&mut self) -> Result<bool, Unclosed> {
        let mut hashes = 0;
        while self.peek(hashes) == Some(b'#') {
            hashes += 1;
        }
        if self.peek(hashes) != Some(b'"') {
            return Ok(false);
        }
        let start = self.at;
        self.at += hashes + 1;
        while let Some(byte) = self.peek(0) {
            self.at += 1;
            if byte == b'"' && (0..hashes).all(|i| self.peek(i) == Some(b'#')) {
                self.at += hashes;
                return Ok(true);
            }
        }
        Err(Unclosed { what: "a raw string", start })
    }

    fn skip_number(&mut self) {
        self.skip_word();
        if self.peek(0) == Some(b'.') && self.peek(1).is_some_and(|b| b.is_ascii_digit()) {
            self.at += 1;
            self.skip_word();
        }
    }

    fn read_ident_or_prefixed(&mut self) -> Result<Kind, Unclosed> {
        let start = self.at;
        self.skip_word();
        let word = self.bytes.get(start..self.at).unwrap_or_default();
        match word {
            b"r" | b"br" | b"cr" => {
                if self.skip_raw_string()? {
                    return Ok(Kind::Literal);
                }
                if word == b"r"
                    && self.peek(0) == Some(b'#')
                    && self.peek(1).is_some_and(is_ident_start)
                {
                    self.at += 1;
                    self.skip_word();
                }
                Ok(Kind::Ident)
            }
            b"b" | b"c" if self.peek(0) == Some(b'"') => self.skip_string().map(|()| Kind::Literal),
            b"b" if self.peek(0) == Some(b'\'') => self.read_quote(),
            _ => Ok(Kind::Ident),
        }
    }

    /// A character or a lifetime.
    fn read_quote(&mut self) -> Result<Kind, Unclosed> {
        let start = self.at;
        self.at += 1;
        let Some(first) = self.peek(0) else {
            return Err(Unclosed { what: "a character", start });
        };
        if first == b'\\' {
            self.at += 2;
            while let Some(byte) = self.peek(0) {
                if byte == b'\n' {
                    break;
                }
                self.at += 1;
                if byte == b'\'' {
                    return Ok(Kind::Literal);
                }
            }
            return Err(Unclosed { what: "a character", start });
        }
        let width = match first {
            0..0x80 => 1,
            0x80..0xe0 => 2,
            0xe0..0xf0 => 3,
            _ => 4,
        };
        if self.peek(width) == Some(b'\'') && first != b'\'' {
            self.at += width + 1;
            return Ok(Kind::Literal);
        }
        if is_ident_start(first) {
            self.skip_word();
            return Ok(Kind::Literal);
        }
        Err(Unclosed { what: "a character", start })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shapes(text: &str) -> Vec<&str> {
        lex(text).unwrap().into_iter().map(|t| &text[t.range()]).collect()
    }

    #[test]
    fn strings_comments_and_lifetimes_hide_brackets() {
        assert_eq!(shapes("a /* ( /* [ */ */ b // {\nc"), ["a", "b", "c"]);
        assert_eq!(
            shapes(r##"x("{", r#"}"}"#, b'[', '\'', 'é', br"(")"##),
            [
                "x",
                "(",
                "\"{\"",
                ",",
                "r#\"}\"}\"#",
                ",",
                "b'['",
                ",",
                r"'\''",
                ",",
                "'é'",
                ",",
                "br\"(\"",
                ")"
            ]
        );
        assert_eq!(
            shapes("&'a str 'x' r#type 1.5e3 0..2"),
            ["&", "'a", "str", "'x'", "r#type", "1.5e3", "0", ".", ".", "2"]
        );
    }

    #[test]
    fn what_never_ends_is_named() {
        assert_eq!(lex("a \"b").unwrap_err(), Unclosed { what: "a string", start: 2 });
        assert_eq!(lex("/* /* */").unwrap_err().what, "a comment `/*`");
        assert_eq!(lex("r##\"x\"#").unwrap_err().what, "a raw string");
        assert_eq!(lex("'\\").unwrap_err().what, "a character");
    }

    #[test]
    fn a_shell_line_is_skipped_and_an_inner_attribute_is_not() {
        assert_eq!(shapes("#!/bin/sh (\nx"), ["x"]);
        assert_eq!(shapes("#![a]"), ["#", "!", "[", "a", "]"]);
    }
}
