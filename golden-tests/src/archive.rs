//! The case format: several files in one text, in the manner of Go's `txtar`.
//!
//! A line `-- path --` starts a part; what stands before the first such line is prose.
//! `-- path escape --` marks a part written with escapes, for bytes that a text file cannot hold:
//! `\xNN` is a byte, `\\` a backslash, and `\{N:text}` the text repeated N times; its final newline is not part of it.

use std::fmt::Write as _;

/// One file of a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Path inside the case.
    pub path: String,
    /// Whether the text is written with escapes.
    pub escaped: bool,
    /// The text as it stands in the case.
    pub text: String,
}

impl Part {
    /// The bytes that the compiler gets to see.
    pub fn bytes(&self) -> Vec<u8> {
        if self.escaped {
            unescape(self.text.strip_suffix('\n').unwrap_or(&self.text))
        } else {
            self.text.clone().into_bytes()
        }
    }
}

/// A case: prose and parts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Archive {
    /// What the case is about.
    pub prose: String,
    /// Its files, in order.
    pub parts: Vec<Part>,
}

impl Archive {
    /// Reads a case; any text is one.
    pub fn parse(text: &str) -> Self {
        let mut archive = Self::default();
        for line in text.split_inclusive('\n') {
            if let Some(header) =
                line.trim_end().strip_prefix("-- ").and_then(|l| l.strip_suffix(" --"))
            {
                let (path, escaped) =
                    header.strip_suffix(" escape").map_or((header, false), |p| (p, true));
                archive.parts.push(Part { path: path.to_owned(), escaped, text: String::new() });
            } else if let Some(part) = archive.parts.last_mut() {
                part.text.push_str(line);
            } else {
                archive.prose.push_str(line);
            }
        }
        archive
    }

    /// The part with this path.
    pub fn part(&self, path: &str) -> Option<&Part> {
        self.parts.iter().find(|p| p.path == path)
    }

    /// Writes the case back.
    pub fn print(&self) -> String {
        let mut out = self.prose.clone();
        for part in &self.parts {
            let mark = if part.escaped { " escape" } else { "" };
            let _ = writeln!(out, "-- {}{mark} --", part.path);
            out.push_str(&part.text);
        }
        out
    }
}

fn unescape(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        let (before, after) = rest.split_at(at);
        out.extend_from_slice(before.as_bytes());
        rest = after.get(1..).unwrap_or("");
        if let Some(tail) = rest.strip_prefix('\\') {
            out.push(b'\\');
            rest = tail;
        } else if let Some(byte) = rest
            .strip_prefix('x')
            .and_then(|t| t.get(..2))
            .and_then(|h| u8::from_str_radix(h, 16).ok())
        {
            out.push(byte);
            rest = rest.get(3..).unwrap_or("");
        } else if let Some((count, unit, tail)) = parse_repetition(rest) {
            out.extend_from_slice(unit.repeat(count).as_bytes());
            rest = tail;
        }
    }
    out.extend_from_slice(rest.as_bytes());
    out
}

/// Splits `{N:text}tail`.
fn parse_repetition(text: &str) -> Option<(usize, &str, &str)> {
    let (count, rest) = text.strip_prefix('{')?.split_once(':')?;
    let (unit, tail) = rest.split_once('}')?;
    Some((count.parse().ok()?, unit, tail))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_what_it_parsed() {
        let text = "about\n-- a/b.toml --\nx = 1\n-- c escape --\n\\x00\\{3:[}\\\\\n";
        let archive = Archive::parse(text);
        assert_eq!(archive.print(), text);
        assert_eq!(archive.parts[1].bytes(), b"\0[[[\\");
    }
}
