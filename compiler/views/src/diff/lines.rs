//! Counts changed lines.
//!
//! An *effective* line is one that is not empty after its comment and the blanks around it are removed.
//! Two texts differ by the effective lines that a line diff (Myers) adds and removes; a changed line is one of each.

use imara_diff::{Algorithm, Diff, InternedInput};

/// How many lines differ between two texts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LineCount {
    /// Only in the second.
    pub added: usize,
    /// Only in the first.
    pub removed: usize,
}

impl LineCount {
    /// Whether neither has a line of its own.
    pub fn is_empty(self) -> bool {
        self == Self::default()
    }
}

impl std::ops::AddAssign for LineCount {
    fn add_assign(&mut self, other: Self) {
        self.added += other.added;
        self.removed += other.removed;
    }
}

/// How many lines were added and removed.
pub(crate) fn count_changes<T: AsRef<str>>(before: &[T], after: &[T]) -> LineCount {
    let mut input: InternedInput<&str> = InternedInput::default();
    input.update_before(before.iter().map(AsRef::as_ref));
    input.update_after(after.iter().map(AsRef::as_ref));
    let diff = Diff::compute(Algorithm::Myers, &input);
    LineCount { added: diff.count_additions() as usize, removed: diff.count_removals() as usize }
}

/// How a language writes comments and strings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    /// `#` to the end of the line, outside strings.
    Toml,
    /// Lines that begin with `//`.
    Rust,
}

/// The effective lines of a text.
pub(crate) fn effective_lines(text: &str, language: Language) -> Vec<String> {
    let mut open: Option<&str> = None;
    let mut lines = Vec::new();
    for line in text.lines() {
        let kept = match language {
            Language::Rust if line.trim_start().starts_with("//") => "",
            Language::Rust => line,
            Language::Toml => line.get(..find_toml_end(line, &mut open)).unwrap_or(line),
        };
        let kept = kept.trim();
        if !kept.is_empty() {
            lines.push(kept.to_owned());
        }
    }
    lines
}

/// Where a line of TOML ends, its comment left out; `open` is the quote of a string that continues on the next line.
fn find_toml_end(line: &str, open: &mut Option<&'static str>) -> usize {
    let mut at = 0;
    while let Some(rest) = line.get(at..).filter(|r| !r.is_empty()) {
        let step = rest.chars().next().map_or(1, char::len_utf8);
        match *open {
            Some(quote) if rest.starts_with(quote) => {
                *open = None;
                at += quote.len();
            }
            // An escape, which single quotes do not have.
            Some(quote) if quote.starts_with('"') && rest.starts_with('\\') => {
                at += 1 + rest.chars().nth(1).map_or(0, char::len_utf8);
            }
            Some(_) => at += step,
            None if rest.starts_with('#') => return at,
            None => {
                *open = ["\"\"\"", "'''", "\"", "'"].into_iter().find(|q| rest.starts_with(q));
                at += open.map_or(step, str::len);
            }
        }
    }
    // Only strings in triple quotes continue on the next line.
    *open = open.filter(|quote| quote.len() == 3);
    line.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_blank_lines_are_no_lines() {
        let text =
            "# head\n\na = 1 # one\n  b = \"#2\" # two\nc = '''\n# kept\n'''\nd = '\\' # x\n";
        assert_eq!(
            effective_lines(text, Language::Toml),
            ["a = 1", "b = \"#2\"", "c = '''", "# kept", "'''", "d = '\\'"]
        );
        assert_eq!(effective_lines("// a\n\n//! b\nlet x = 1; // c\n", Language::Rust).len(), 1);
    }

    #[test]
    fn a_changed_line_is_one_more_and_one_less() {
        let lines = count_changes(&["a", "b", "c"], &["a", "x", "c", "d"]);
        assert_eq!(lines, LineCount { added: 2, removed: 1 });
        assert!(count_changes(&["a"], &["a"]).is_empty());
        assert_eq!(count_changes::<&str>(&[], &["a"]), LineCount { added: 1, removed: 0 });
    }
}
