//! The [`Diagnostic`] value.

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
