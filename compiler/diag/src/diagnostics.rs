//! A list of diagnostics, which keeps only the first of a flood.

use crate::catalog::internal;
use crate::diagnostic::{Diagnostic, Severity};

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
            self.all.push(internal::more(self.more));
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
