//! Text in the columns of a terminal: what a character takes, and what of a line is shown.

use textwrap::{WordSeparator, WordSplitter};
use unicode_width::UnicodeWidthChar as _;

/// What is drawn for each character of a source line, and its columns.
pub(super) fn draw_chars(line: &str) -> impl Iterator<Item = (String, usize)> {
    line.chars().map(|c| match c {
        '\t' => ("    ".to_owned(), 4),
        // Also characters that reverse text or hide it.
        c if c.is_control() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}') => {
            ("\u{fffd}".to_owned(), 1)
        }
        c => (c.to_string(), c.width().unwrap_or(0)),
    })
}

/// The columns of a line, as drawn.
pub(super) fn count_columns(line: &str) -> usize {
    draw_chars(line).map(|(_, width)| width).sum()
}

/// The byte of a drawn line at a column.
pub(super) fn byte_at_column(drawn: &str, column: usize) -> usize {
    let mut used = 0;
    let at = drawn.char_indices().find(|(_, c)| {
        let here = used >= column;
        used += c.width().unwrap_or(0);
        here
    });
    at.map_or(drawn.len(), |(i, _)| i)
}

/// A text whose control characters are replaced as they are drawn; line ends stay.
pub(super) fn replace_control(text: &str) -> String {
    text.split('\n')
        .map(|l| draw_chars(l).map(|(t, _)| t).collect::<String>())
        .collect::<Vec<_>>()
        .join("\n")
}

/// A label's text in lines that fit; none where it says nothing.
pub(super) fn wrap_label(text: &str, room: usize) -> Option<String> {
    let options = textwrap::Options::new(room)
        .word_splitter(WordSplitter::NoHyphenation)
        .word_separator(WordSeparator::AsciiSpace);
    (!text.is_empty()).then(|| textwrap::fill(&replace_control(text), options))
}

/// At most `room` columns of a line, from column `start` on, with `…` where something is left out.
pub(super) fn crop(line: &str, start: usize, room: usize) -> String {
    let total = count_columns(line);
    let mut out = if start > 0 { "…".to_owned() } else { String::new() };
    let (mut at, mut used) = (0, usize::from(start > 0));
    for (text, width) in draw_chars(line) {
        at += width;
        if at <= start {
            continue;
        }
        let more = usize::from(at < total);
        if used + width + more > room {
            out.push('…');
            break;
        }
        used += width;
        out.push_str(&text);
    }
    out
}
