//! The [`Diagnostic`] value and a list of them.

use crate::{Code, Span};

/// How bad it is: an error fails the run, a warning does not, a note only informs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Information.
    Note,
    /// Worth a look; the run succeeds.
    Warning,
    /// The run fails.
    Error,
}

/// A remark tied to a place in a source text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// The place.
    pub span: Span,
    /// Why here; empty for a bare underline.
    pub text: String,
    /// Whether this is the place to look at first; exactly one label of a located diagnostic is.
    pub primary: bool,
}

/// How safe a [`Fix`] is to apply unseen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applicability {
    /// Surely what was meant.
    Sure,
    /// Probably what was meant.
    Maybe,
}

/// The replacement of a span by a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// What to replace; empty to insert.
    pub span: Span,
    /// The replacement.
    pub text: String,
}

/// Edits that repair the fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fix {
    /// The edits, in no particular order, not overlapping.
    pub edits: Vec<Edit>,
    /// How safe they are.
    pub applicability: Applicability,
}

/// One thing to tell the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Its code, which names its page.
    pub code: Code,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong, in the present tense, names in backticks, no period.
    pub message: String,
    /// Where, and why there.
    pub labels: Vec<Label>,
    /// Facts that help to understand.
    pub notes: Vec<String>,
    /// What to type.
    pub help: Vec<String>,
    /// Edits that `bp check --fix` can make.
    pub fix: Option<Fix>,
}

impl Diagnostic {
    pub(crate) fn new(code: Code, severity: Severity, message: impl Into<String>) -> Self {
        Self {
            code,
            severity,
            message: message.into(),
            labels: Vec::new(),
            notes: Vec::new(),
            help: Vec::new(),
            fix: None,
        }
    }

    pub(crate) fn error(code: Code, message: impl Into<String>) -> Self {
        Self::new(code, Severity::Error, message)
    }

    pub(crate) fn warning(code: Code, message: impl Into<String>) -> Self {
        Self::new(code, Severity::Warning, message)
    }

    /// Adds the primary label, or a further one when there is a primary label already.
    pub fn at(mut self, span: Span, text: impl Into<String>) -> Self {
        let primary = !self.labels.iter().any(|l| l.primary);
        self.labels.push(Label { span, text: text.into(), primary });
        self
    }

    /// Adds a note.
    pub fn note(mut self, text: impl Into<String>) -> Self {
        self.notes.push(text.into());
        self
    }

    /// Adds a help line.
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help.push(text.into());
        self
    }

    /// Adds `did you mean …` when there is a suggestion.
    pub fn suggest(self, suggestion: Option<&str>) -> Self {
        match suggestion {
            Some(s) => self.help(format!("did you mean `{s}`?")),
            None => self,
        }
    }

    /// Adds the fix that replaces a name by the only one of `known` that is close; `quoted` where the name is a string.
    pub fn rename<'a>(
        self,
        span: Span,
        typed: &str,
        known: impl IntoIterator<Item = &'a str>,
        quoted: bool,
    ) -> Self {
        let Some(meant) = crate::nearest_certain(typed, known) else { return self };
        let text = if quoted { format!("\"{meant}\"") } else { meant.to_owned() };
        self.fix(Applicability::Sure, vec![Edit { span, text }])
    }

    /// Sets the fix.
    pub fn fix(mut self, applicability: Applicability, edits: Vec<Edit>) -> Self {
        self.fix = Some(Fix { edits, applicability });
        self
    }

    /// The span to look at first.
    pub fn primary_span(&self) -> Option<Span> {
        self.labels.iter().find(|l| l.primary).map(|l| l.span)
    }
}

/// Diagnostics gathered by a stage.
///
/// Of errors and of the rest only the first [`Diagnostics::MAX_KEPT`] each are kept: more would not help, and a damaged file of 10 MB could fill the memory with them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Diagnostics {
    all: Vec<Diagnostic>,
    /// How many of those in `all` are errors.
    errors: usize,
    /// How many were left out.
    more: usize,
}

impl Diagnostics {
    /// How many errors are kept, and how many others.
    pub const MAX_KEPT: usize = 1000;

    /// An empty list.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        let error = diagnostic.severity == Severity::Error;
        let kept = if error { self.errors } else { self.all.len() - self.errors };
        if kept >= Self::MAX_KEPT {
            self.more += 1;
            return;
        }
        self.errors += usize::from(error);
        self.all.push(diagnostic);
    }

    /// Adds all of another list.
    pub fn append(&mut self, other: Self) {
        self.more += other.more;
        self.extend(other.all);
    }

    /// Whether any is an error.
    pub fn has_errors(&self) -> bool {
        self.errors > 0
    }

    /// Whether no further error would be kept, so that nothing need be spent on finding one.
    pub fn is_full(&self) -> bool {
        self.errors >= Self::MAX_KEPT
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// In the order they were added.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.all.iter()
    }

    /// Sorted by file, place, code and message, without exact repeats: the order in which they are shown.
    pub fn sorted(mut self) -> Vec<Diagnostic> {
        self.all.sort_by(|a, b| {
            (a.primary_span(), a.code.id, &a.message).cmp(&(
                b.primary_span(),
                b.code.id,
                &b.message,
            ))
        });
        self.all.dedup();
        self.into_shown()
    }

    /// All that are kept, and how many are not.
    fn into_shown(mut self) -> Vec<Diagnostic> {
        if self.more > 0 {
            self.all.push(crate::catalog::internal::more(self.more));
        }
        self.all
    }
}

impl IntoIterator for Diagnostics {
    type Item = Diagnostic;
    type IntoIter = std::vec::IntoIter<Diagnostic>;
    fn into_iter(self) -> Self::IntoIter {
        self.into_shown().into_iter()
    }
}

impl<'a> IntoIterator for &'a Diagnostics {
    type Item = &'a Diagnostic;
    type IntoIter = std::slice::Iter<'a, Diagnostic>;
    fn into_iter(self) -> Self::IntoIter {
        self.all.iter()
    }
}

impl FromIterator<Diagnostic> for Diagnostics {
    fn from_iter<I: IntoIterator<Item = Diagnostic>>(iter: I) -> Self {
        let mut all = Self::new();
        all.extend(iter);
        all
    }
}

impl Extend<Diagnostic> for Diagnostics {
    fn extend<I: IntoIterator<Item = Diagnostic>>(&mut self, iter: I) {
        for diagnostic in iter {
            self.push(diagnostic);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::internal::failed;

    #[test]
    fn a_flood_is_counted_and_hides_no_error() {
        let mut all = Diagnostics::new();
        for n in 0..Diagnostics::MAX_KEPT + 7 {
            all.push(Diagnostic { severity: Severity::Warning, ..failed(&n.to_string()) });
        }
        assert!(!all.has_errors() && !all.is_full());
        let mut more = Diagnostics::new();
        more.push(failed("an error"));
        all.append(more);
        assert!(all.has_errors() && all.len() == Diagnostics::MAX_KEPT + 1);
        let shown = all.sorted();
        let last = shown.last().map(|d| d.message.as_str());
        assert_eq!(last, Some("7 more diagnostics are not shown"));
    }
}
