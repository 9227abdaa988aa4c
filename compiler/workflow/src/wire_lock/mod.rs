//! `wire.lock`: the numbers that fields, variants and arguments have on the wire, kept forever.
//!
//! It lies beside the workflow's Cargo.toml, is committed, and only grows: what is removed from the source stays as reserved.
//! Its text is TOML that has one line a number and sections in the order of their names, so that merging two branches either works or conflicts where it must.

mod format;
mod required;
mod update;

use std::collections::BTreeSet;

use bp_contract::wire::WireTable;
use bp_diag::{Diagnostics, FileId, SourceMap};
use bp_system::System;
use camino::Utf8Path;

use crate::WorkflowModel;
use crate::source::load_text;

pub use update::update;

/// The file's name, beside the workflow's Cargo.toml.
pub const FILE_NAME: &str = "wire.lock";

/// A lock's text and where it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockFile {
    /// Its place in the source map.
    pub file: FileId,
    /// Its text.
    pub text: String,
}

/// What [`update`] found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LockUpdate {
    /// The numbers in force.
    pub table: WireTable,
    /// The lock's new text; equal to the old one when nothing changes.
    pub text: String,
    /// What changed, one sentence each, in the lock's order: "`leaf_workflow::Item`: field `note` gets number 3".
    pub changes: Vec<String>,
    /// Whether the text differs from the old one, which `--locked` forbids.
    pub changed: bool,
}

/// Reads the lock beside the workflow's Cargo.toml; `None` if there is none yet or it is unreadable, which is reported.
pub fn read_lock(
    system: &dyn System,
    sources: &mut SourceMap,
    dir: &Utf8Path,
) -> (Option<LockFile>, Diagnostics) {
    let mut diagnostics = Diagnostics::new();
    let path = dir.join(FILE_NAME);
    if system.kind(&path).is_none() {
        return (None, diagnostics);
    }
    let lock = load_text(system, sources, &path, None, &mut diagnostics)
        .map(|(file, text)| LockFile { file, text });
    (lock, diagnostics)
}

/// All services: the roots to lock so that every wiring of an application has the same numbers.
pub fn all_roots(model: &WorkflowModel) -> BTreeSet<String> {
    model.services.keys().cloned().collect()
}
