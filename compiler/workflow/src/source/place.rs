//! Where something stands in a file, and the paths that are written there.

use bp_diag::{FileId, Span};
use serde::{Deserialize, Serialize};

/// A byte range of the file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Place {
    pub(crate) start: u32,
    pub(crate) end: u32,
}

impl Place {
    /// The bytes `start..end`, clamped as [`Span::new`] does.
    pub(crate) fn new(start: usize, end: usize) -> Self {
        let start = u32::try_from(start).unwrap_or(u32::MAX);
        let end = u32::try_from(end).unwrap_or(u32::MAX).max(start);
        Self { start, end }
    }

    /// This place once its file has a number.
    pub(crate) fn of(self, file: FileId) -> Span {
        Span { file, start: self.start, end: self.end }
    }

    pub(crate) fn contains(self, offset: u32) -> bool {
        (self.start..self.end).contains(&offset)
    }
}

/// A path without its arguments, identifiers without `r#`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct UsePath {
    /// Whether it begins with `::`.
    pub(crate) global: bool,
    pub(crate) segments: Vec<String>,
}
