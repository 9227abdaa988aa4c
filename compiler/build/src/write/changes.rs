//! What a build does to its output folder.

/// What a build did, or would do, to its output folder; paths are relative to it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OutputChanges {
    /// Files that are new.
    pub created: Vec<String>,
    /// Files whose bytes changed.
    pub changed: Vec<String>,
    /// How many files were up to date.
    pub unchanged: usize,
    /// Generated files that no longer belong.
    pub removed: Vec<String>,
}

impl OutputChanges {
    /// Whether the folder was up to date.
    pub fn is_clean(&self) -> bool {
        self.created.is_empty() && self.changed.is_empty() && self.removed.is_empty()
    }
}
