//! Spans to `file:line`, with an index of lines.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::OnceLock;

use bp_diag::{FileId, SourceMap, Span};

/// Writes spans as `file:line`.
///
/// A plan holds tens of thousands of origins; counting lines from the start for each would be quadratic.
pub(crate) struct Locator<'a> {
    sources: &'a SourceMap,
    /// Where the lines of each file begin, computed on first use.
    lines: OnceLock<BTreeMap<FileId, OnceLock<Vec<u32>>>>,
}

impl fmt::Debug for Locator<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Locator").finish_non_exhaustive()
    }
}

impl<'a> Locator<'a> {
    pub(crate) fn new(sources: &'a SourceMap) -> Self {
        Self { sources, lines: OnceLock::new() }
    }

    /// `path:line` of a span.
    pub(crate) fn at(&self, span: Span) -> String {
        let files = || self.sources.iter().map(|(file, _)| (file, OnceLock::new())).collect();
        let file = self.lines.get_or_init(files).get(&span.file);
        let starts = file.map(|lines| lines.get_or_init(|| self.find_line_starts(span)));
        let starts = starts.map_or(&[][..], Vec::as_slice);
        let line = starts.partition_point(|start| *start <= span.start) + 1;
        format!("{}:{line}", self.sources.path(span.file))
    }

    fn find_line_starts(&self, span: Span) -> Vec<u32> {
        let text = self.sources.get(span.file).map_or("", |s| &*s.text);
        text.bytes()
            .enumerate()
            .filter(|(_, b)| *b == b'\n')
            .filter_map(|(i, _)| u32::try_from(i + 1).ok())
            .collect()
    }

    /// `path:line`, or `otherwise` for what no line asks for.
    pub(crate) fn at_or(&self, span: Option<Span>, otherwise: &str) -> String {
        span.map_or_else(|| otherwise.to_owned(), |span| self.at(span))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_the_source_map() {
        let mut sources = SourceMap::new();
        let file = sources.add("a.toml", "one\ntwo\n\nfour");
        let locator = Locator::new(&sources);
        for start in 0..13 {
            let span = Span::new(file, start, start);
            assert_eq!(locator.at(span), sources.locate(span), "{start}");
        }
    }
}
