//! The drawn form, for a terminal of a given width; miette draws it.
//!
//! miette wraps what is said, but neither labels nor lines of a source, and it would pass control characters on.
//! So it is not given the sources but a [`MietteReport`]: the labelled lines of every file concerned, cropped around their labels, and the labels broken to the columns right of their place.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

use miette::{
    GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError, MietteSpanContents,
    SourceCode, SourceSpan, SpanContents, ThemeCharacters, ThemeStyles,
};
use textwrap::{WordSeparator, WordSplitter};

use super::text::{byte_at_column, count_columns, crop, draw_chars, replace_control, wrap_label};
use super::{Style, render_short, severity_word};
use crate::source::Source;
use crate::{Applicability, Diagnostic, FileId, Label, Severity, SourceMap};

/// Least columns for a label's text; where there would be less, the line is cropped on its left.
const MIN_LABEL_COLUMNS: usize = 20;
/// Columns between a label's place and its text: `╰── `.
const HOOK_COLUMNS: usize = 4;
/// Columns of source kept left of a label when a line is cropped.
const COLUMNS_BEFORE_LABEL: usize = 16;
/// Bytes of a line that are looked at before and after a label: a line of a damaged file may be as long as the file.
const MAX_BYTES_AROUND: usize = 1000;

/// The drawn form: code, message, source excerpts of every file concerned, help, notes.
pub fn render_human(diagnostic: &Diagnostic, sources: &SourceMap, style: Style) -> String {
    let theme = GraphicalTheme {
        characters: if style.unicode {
            ThemeCharacters::unicode()
        } else {
            ThemeCharacters::ascii()
        },
        styles: if style.color { ThemeStyles::ansi() } else { ThemeStyles::none() },
    };
    let mut handler = GraphicalReportHandler::new_themed(theme)
        .with_width(style.width)
        // A command or a path in a message is typed as it stands there.
        .with_word_splitter(WordSplitter::NoHyphenation)
        .with_word_separator(WordSeparator::AsciiSpace);
    let notes: Vec<String> =
        diagnostic.notes.iter().map(|note| format!("note: {}", replace_control(note))).collect();
    if !notes.is_empty() {
        handler = handler.with_footer(notes.join("\n"));
    }
    let mut out = String::new();
    let report = MietteReport::new(diagnostic, sources, style.width);
    match handler.render_report(&mut out, &report) {
        Ok(()) => out.lines().flat_map(|line| [line.trim_end(), "\n"]).collect(),
        Err(fmt::Error) => render_short(diagnostic, sources) + "\n",
    }
}

/// A diagnostic as miette is to draw it.
#[derive(Debug)]
struct MietteReport<'a> {
    diagnostic: &'a Diagnostic,
    /// The lines of all excerpts.
    text: String,
    excerpts: Vec<Excerpt>,
    /// In bytes of `text`.
    labels: Vec<LabeledSpan>,
}

/// Lines of one file.
#[derive(Debug)]
struct Excerpt {
    path: String,
    /// In bytes of the report's text.
    range: Range<usize>,
    /// The number of the first line, from 0.
    first: usize,
    /// Line and column, from 0, of the label to look at first.
    place: (usize, usize),
}

/// A label on one line, in columns of the line as drawn.
struct LabelColumns<'a> {
    label: &'a Label,
    from: usize,
    to: usize,
}

/// Lines with their labels, each at most one line apart from the one before.
type LabelledLines<'a> = Vec<(usize, Vec<&'a Label>)>;

impl<'a> MietteReport<'a> {
    fn new(diagnostic: &'a Diagnostic, sources: &SourceMap, width: usize) -> Self {
        let mut report =
            Self { diagnostic, text: String::new(), excerpts: Vec::new(), labels: Vec::new() };
        let last = diagnostic.labels.iter().map(|l| sources.line_column(l.span).0).max();
        let number = last.unwrap_or(1).to_string().len();
        // What miette draws before a line: blank, number, blank, bar, blank.
        let room = width.saturating_sub(number + 4).max(MIN_LABEL_COLUMNS + HOOK_COLUMNS + 1);
        for (file, run) in collect_lines(diagnostic, sources) {
            let Some(source) = sources.get(file) else { continue };
            let mut all = vec![run];
            // What does not fit beside other labels of its line is drawn with that line once more.
            while let Some(run) = all.pop() {
                let rest = report.write_excerpt(source, &run, sources, room);
                all.extend(rest.into_iter().rev().map(|line| vec![line]));
            }
        }
        report
    }

    /// Writes labelled lines and the line before them; hands back the labels that found no room.
    fn write_excerpt<'l>(
        &mut self,
        source: &Source,
        run: &LabelledLines<'l>,
        sources: &SourceMap,
        room: usize,
    ) -> LabelledLines<'l> {
        let labels = || run.iter().flat_map(|(_, labels)| labels);
        let Some(first) = labels().find(|l| l.primary).or(labels().next()) else {
            return Vec::new();
        };
        let (line, column) = sources.line_column(first.span);
        let start = self.text.len();
        let mut rest = Vec::new();
        let mut next = run.first().map_or(0, |(line, _)| line.saturating_sub(1));
        let top = next;
        for (line, labels) in run {
            for between in next..*line {
                self.text.push_str(&crop(part_around(source, between, None).0, 0, room));
                self.text.push('\n');
            }
            let left = self.write_line(source, *line, labels, room);
            if !left.is_empty() {
                rest.push((*line, left));
            }
            next = line + 1;
        }
        self.excerpts.push(Excerpt {
            path: replace_control(&source.path),
            range: start..self.text.len(),
            first: top,
            place: (line - 1, column - 1),
        });
        rest
    }

    /// Writes a line with as many of its labels as fit beside the first; hands back the others.
    fn write_line<'l>(
        &mut self,
        source: &Source,
        line: usize,
        labels: &[&'l Label],
        room: usize,
    ) -> Vec<&'l Label> {
        let (written, base) =
            part_around(source, line, labels.first().map(|l| l.span.start as usize));
        let mut start = 0;
        let (mut shown, mut rest) = (String::new(), Vec::new());
        let mut taken: Vec<LabelColumns<'_>> = Vec::new();
        for label in labels {
            let mut mark = locate_label(label, written, base);
            if taken.is_empty() {
                start = choose_start(&mut mark, count_columns(written), room);
                shown = crop(written, start, room);
            } else if mark.from < start {
                rest.push(*label);
                continue;
            }
            // Where something is left out, a `…` takes the first column.
            let shift = start.saturating_sub(usize::from(start > 0));
            mark.from -= shift;
            mark.to = (mark.to - shift).min(count_columns(&shown)).max(mark.from + 1);
            let least = count_columns(&label.text).min(MIN_LABEL_COLUMNS);
            let fits = mark.centre() + HOOK_COLUMNS + least <= room
                && taken.iter().all(|t| t.to <= mark.from || mark.to <= t.from);
            if fits || taken.is_empty() {
                taken.push(mark);
            } else {
                rest.push(*label);
            }
        }
        for mark in taken {
            let (from, to) = (byte_at_column(&shown, mark.from), byte_at_column(&shown, mark.to));
            // A wide character is drawn whole, wherever the line is cropped.
            let column = |byte: usize| count_columns(shown.get(..byte).unwrap_or_default());
            let drawn =
                LabelColumns { from: column(from), to: column(to).max(column(from) + 1), ..mark };
            let text =
                wrap_label(&mark.label.text, room.saturating_sub(drawn.centre() + HOOK_COLUMNS));
            let span = SourceSpan::new((self.text.len() + from).into(), to - from);
            self.labels.push(if mark.label.primary {
                LabeledSpan::new_primary_with_span(text, span)
            } else {
                LabeledSpan::new_with_span(text, span)
            });
        }
        self.text.push_str(&shown);
        self.text.push('\n');
        rest
    }
}

/// The labelled lines by file, in groups of close lines; the group with the primary label first, then in the order of files and lines.
fn collect_lines<'a>(
    diagnostic: &'a Diagnostic,
    sources: &SourceMap,
) -> Vec<(FileId, LabelledLines<'a>)> {
    let mut lines: BTreeMap<(FileId, usize), Vec<&Label>> = BTreeMap::new();
    for label in &diagnostic.labels {
        let line = sources.line_column(label.span).0 - 1;
        lines.entry((label.span.file, line)).or_default().push(label);
    }
    let mut runs: Vec<(FileId, LabelledLines<'a>)> = Vec::new();
    for ((file, line), mut labels) in lines {
        labels.sort_by_key(|l| (!l.primary, l.span));
        let near = |run: &LabelledLines<'_>| run.last().is_some_and(|(last, _)| last + 2 >= line);
        match runs.last_mut() {
            Some((other, run)) if *other == file && near(run) => run.push((line, labels)),
            _ => runs.push((file, vec![(line, labels)])),
        }
    }
    let first = diagnostic.primary_span().map(|s| s.file);
    runs.sort_by_key(|(file, run)| {
        let primary = run.iter().flat_map(|(_, labels)| labels).any(|l| l.primary);
        (!primary, Some(*file) != first)
    });
    runs
}

impl LabelColumns<'_> {
    /// The column from which miette hangs the label's text.
    fn centre(&self) -> usize {
        usize::midpoint(self.from, self.to)
    }
}

impl fmt::Display for MietteReport<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&replace_control(&self.diagnostic.message))
    }
}

impl std::error::Error for MietteReport<'_> {}

impl miette::Diagnostic for MietteReport<'_> {
    fn code<'b>(&'b self) -> Option<Box<dyn fmt::Display + 'b>> {
        let word = severity_word(self.diagnostic.severity);
        Some(Box::new(format!("{word}[{}]", self.diagnostic.code)))
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.diagnostic.severity {
            Severity::Error => miette::Severity::Error,
            Severity::Warning => miette::Severity::Warning,
            Severity::Note => miette::Severity::Advice,
        })
    }

    fn help<'b>(&'b self) -> Option<Box<dyn fmt::Display + 'b>> {
        let mut help: Vec<String> =
            self.diagnostic.help.iter().map(|h| replace_control(h)).collect();
        let fix = self.diagnostic.fix.as_ref();
        if fix.is_some_and(|f| f.applicability == Applicability::Sure) {
            help.push("`bp check --fix` does that".to_owned());
        }
        (!help.is_empty()).then(|| Box::new(help.join("\n")) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        (!self.excerpts.is_empty()).then_some(self as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(self.labels.iter().cloned()))
    }
}

impl SourceCode for MietteReport<'_> {
    /// The whole excerpt that holds the span; without context, where its label stands in the file.
    ///
    /// A span of two excerpts cannot be read, so they stay apart.
    fn read_span<'b>(
        &'b self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'b> + 'b>, MietteError> {
        let (start, end) = (span.offset(), span.offset() + span.len());
        let holds = |e: &&Excerpt| e.range.start <= start && end <= e.range.end;
        let excerpt = self.excerpts.iter().find(holds).ok_or(MietteError::OutOfBounds)?;
        let (line, column) = if before + after == 0 { excerpt.place } else { (excerpt.first, 0) };
        let text = self.text.get(excerpt.range.clone()).unwrap_or_default();
        Ok(Box::new(MietteSpanContents::new_named(
            excerpt.path.clone(),
            text.as_bytes(),
            SourceSpan::new(excerpt.range.start.into(), text.len()),
            line,
            column,
            text.matches('\n').count(),
        )))
    }
}

/// The column from which on a line is drawn, so that there is room for a label's text; for that, a long label is shortened.
fn choose_start(mark: &mut LabelColumns<'_>, width: usize, room: usize) -> usize {
    let limit =
        room.saturating_sub(HOOK_COLUMNS + count_columns(&mark.label.text).min(MIN_LABEL_COLUMNS));
    if width <= room && mark.centre() <= limit {
        return 0;
    }
    // Half of it is right of the text's place.
    mark.to = mark.to.min(mark.from + limit);
    let start = mark.from.saturating_sub(COLUMNS_BEFORE_LABEL).min(width.saturating_sub(room / 2));
    start.max((mark.centre() + 1).saturating_sub(limit)).min(mark.from)
}

/// The part of a line, counted from 0, that may be drawn around a place, and where it starts in the text.
fn part_around(source: &Source, line: usize, place: Option<usize>) -> (&str, usize) {
    let text = &*source.text;
    let starts = source.lines();
    let at = |line: usize| starts.get(line).map_or(text.len(), |start| *start as usize);
    let (start, end) = (at(line), at(line + 1));
    let place = place.unwrap_or(start).clamp(start, end);
    let from = text.floor_char_boundary(place.saturating_sub(MAX_BYTES_AROUND)).max(start);
    let to = text.ceil_char_boundary(place + MAX_BYTES_AROUND).min(end);
    (text.get(from..to).unwrap_or_default().trim_end_matches(['\n', '\r']), from)
}

/// The columns of a label's part of a line, as drawn; `base` is where the part starts in the text.
fn locate_label<'a>(label: &'a Label, line: &str, base: usize) -> LabelColumns<'a> {
    let column = |offset: usize| -> usize {
        let inside = offset.saturating_sub(base);
        let parts = line.char_indices().zip(draw_chars(line));
        parts.take_while(|((i, _), _)| *i < inside).map(|(_, (_, w))| w).sum()
    };
    let from = column(label.span.start as usize);
    // A label of several lines is underlined to the end of the first.
    let to = column(label.span.end as usize).max(from + 1);
    LabelColumns { label, from, to }
}

#[cfg(test)]
mod tests {
    use unicode_width::UnicodeWidthChar as _;

    use super::*;
    use crate::Span;
    use crate::catalog::{target, wiring};

    fn width(text: &str) -> usize {
        let of = |l: &str| l.chars().map(|c| c.width().unwrap_or(0)).sum();
        text.lines().map(of).max().unwrap_or(0)
    }

    #[test]
    fn a_label_stands_under_its_place_and_help_before_notes() {
        let mut sources = SourceMap::new();
        let text = "[app]\nedge.\"*\".retry.attemps = 2\n";
        let file = sources.add("wiring/local.toml", text);
        let at = text.find("attemps").unwrap();
        let known = ["attempts", "budget"];
        let fault = wiring::unknown_key(
            Span::new(file, at, at + 7),
            "attemps",
            "`retry`",
            Some("attempts"),
            &known,
        );
        let expected = "\
error[BP2031]

  × unknown key `attemps` in `retry`
   ╭─[wiring/local.toml:2:16]
 1 │ [app]
 2 │ edge.\"*\".retry.attemps = 2
   ·                ───┬───
   ·                   ╰── not known here
   ╰────
  help: did you mean `attempts`?

  note: `retry` takes `attempts` and `budget`
";
        let drawn = render_human(&Diagnostic { fix: None, ..fault }, &sources, Style::default());
        assert_eq!(drawn, expected);
        // A note alone is a note.
        let alone = render_human(
            &target::mode_failed("smoke calls", "exit status: 3"),
            &sources,
            Style::default(),
        );
        assert!(alone.contains("\n  note: what it did") && !alone.contains("help"), "{alone}");
    }

    #[test]
    fn whatever_is_said_fits_and_no_escape_gets_through() {
        let mut sources = SourceMap::new();
        let line = format!(
            "{}name = \"{}\u{1b}[31m\" # {}",
            "\t".repeat(3),
            "x".repeat(200),
            "宽".repeat(60)
        );
        let text = format!("{line}\n{line}\nshort\n");
        let file = sources.add("w/".repeat(60), text.as_str());
        for start in [0, 3, 40, 150, 260, line.len() - 3] {
            for word in ["short", &"long ".repeat(40), &"y".repeat(300), "\u{1b}]0;evil\u{7}"] {
                let fault = wiring::bad_toml(Span::new(file, start, start + 3), word)
                    .at(Span::new(file, line.len() + 1, line.len() + 20), word)
                    .help(word)
                    .note(word);
                for columns in [40, 80, 120] {
                    let drawn = render_human(
                        &fault,
                        &sources,
                        Style { width: columns, ..Style::default() },
                    );
                    let paths = drawn.lines().filter(|l| !l.contains("w/w/"));
                    let widest = paths.map(width).max().unwrap();
                    assert!(widest <= columns, "{widest} > {columns}:\n{drawn}");
                    assert!(!drawn.contains('\u{1b}') && !drawn.contains('\u{7}'), "{drawn}");
                }
            }
        }
    }

    #[test]
    fn of_a_long_line_only_what_is_around_the_place_is_drawn() {
        let mut sources = SourceMap::new();
        let text = format!("a = 1\n{}here{}\nb = 2\n", "x".repeat(100_000), "y".repeat(100_000));
        let file = sources.add("a.toml", text.as_str());
        let at = 6 + 100_000;
        let fault = |from, to| {
            crate::catalog::internal::failed("it").at(Span::new(file, from, to), "this one")
        };
        let drawn = render_human(&fault(at, at + 4), &sources, Style::default());
        assert!(
            drawn.contains("…xxxxxxxxxxxxxxxxhereyyy") || drawn.contains("xhereyyy"),
            "{drawn}"
        );
        assert!(drawn.contains("╰── this one") && drawn.contains("a.toml:2:100001"), "{drawn}");
        assert!(width(&drawn) <= 80);
        // The same of a label on the whole line.
        let drawn = render_human(&fault(6, text.len() - 7), &sources, Style::default());
        assert!(drawn.contains("this one") && width(&drawn) <= 80, "{drawn}");
    }

    #[test]
    fn places_are_counted_in_lines_and_characters() {
        let mut sources = SourceMap::new();
        let file = sources.add("a.toml", "é = 1\n\nb = é x");
        let place = |at| sources.line_column(Span::new(file, at, at));
        let found = [0, 2, 6, 7, 8, 14, 99].map(place);
        assert_eq!(found, [(1, 1), (1, 2), (1, 6), (2, 1), (3, 1), (3, 6), (3, 8)]);
    }

    #[test]
    fn labels_of_several_lines_and_files_stand_in_excerpts_of_their_own() {
        let mut sources = SourceMap::new();
        let local = sources.add("local.toml", "[service]\ncart = \"A\"\n\n\ncart = \"B\"\n");
        let lib = sources.add("lib.rs", "struct A;\nstruct B;\n");
        let fault = crate::catalog::internal::failed("it")
            .at(Span::new(local, 23, 27), "the second of this name")
            .at(Span::new(lib, 7, 8), "made of this")
            .at(Span::new(local, 10, 14), "the first")
            .at(Span::new(local, 17, 20), "and its implementation")
            .at(Span::new(local, 10, 20), "all of it");
        let expected = "
   ╭─[local.toml:5:1]
 4 │
 5 │ cart = \"B\"
   · ──┬─
   ·   ╰── the second of this name
   ╰────
   ╭─[local.toml:2:1]
 1 │ [service]
 2 │ cart = \"A\"
   · ──┬─   ─┬─
   ·   │     ╰── and its implementation
   ·   ╰── the first
   ╰────
   ╭─[local.toml:2:1]
 1 │ [service]
 2 │ cart = \"A\"
   · ─────┬────
   ·      ╰── all of it
   ╰────
   ╭─[lib.rs:1:8]
 1 │ struct A;
   ·        ┬
   ·        ╰── made of this
   ╰────
";
        let drawn = render_human(&fault, &sources, Style::default());
        let (_, excerpts) = drawn.split_once("it").unwrap();
        let (excerpts, _) = excerpts.rsplit_once("────\n").unwrap();
        assert_eq!(format!("{excerpts}────\n"), expected, "{drawn}");
        let ascii = render_human(&fault, &sources, Style { unicode: false, ..Style::default() });
        assert!(ascii.is_ascii() && ascii.contains("`-- the first"), "{ascii}");
    }

    #[test]
    fn what_is_far_to_the_right_is_drawn_where_its_label_has_room() {
        let mut sources = SourceMap::new();
        let line = format!("edge.\"{}\".timeout = \"2 sec\"", "a".repeat(45));
        let file = sources.add("a.toml", line.as_str());
        let said = "expected a number with one of `us`, `ms`, `s`, `m`, `h`";
        let at = Span::new(file, line.len() - 7, line.len());
        let drawn = render_human(
            &crate::catalog::internal::failed("it").at(at, said),
            &sources,
            Style::default(),
        );
        let expected = "
 1 │ …aaaaaaaaaaaaaaaaaa\".timeout = \"2 sec\"
   ·                                ───┬───
   ·                                   ╰─┤ expected a number with one of `us`,
   ·                                     │ `ms`, `s`, `m`, `h`
";
        assert!(drawn.contains(expected) && width(&drawn) <= 80, "{drawn}");
        // At the end of a file, and in an empty one.
        let empty = sources.add("b.toml", "");
        for span in [Span::new(file, line.len(), line.len()), Span::start_of(empty)] {
            let fault = crate::catalog::internal::failed("it").at(span, "here");
            let drawn = render_human(&fault, &sources, Style::default());
            assert!(drawn.contains("▲") && drawn.contains("╰── here"), "{drawn}");
        }
    }
}
