//! `wire.lock`: the numbers that fields, variants and arguments have on the wire, kept forever.
//!
//! It lies beside the workflow's Cargo.toml, is committed, and only grows: what is removed from the source stays as reserved.
//! Its text is TOML that has one line a number and sections in the order of their names, so that merging two branches either works or conflicts where it must.

mod format;
mod required;
mod update;

use std::collections::{BTreeMap, BTreeSet};

use bp_diag::{Diagnostics, FileId, SourceMap};
use bp_system::System;
use camino::Utf8Path;
use serde::{Deserialize, Serialize};

use crate::WorkflowModel;
use crate::source::load_text;

pub use update::update;

/// The file's name, beside the workflow's Cargo.toml.
pub const FILE_NAME: &str = "wire.lock";

/// The numbers in force: the run plan's `wire`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct WireTable {
    /// Types by definition path.
    pub types: BTreeMap<String, WireType>,
    /// Argument numbers by service, method and argument.
    pub methods: BTreeMap<String, BTreeMap<String, BTreeMap<String, u32>>>,
}

/// Numbers of one type; a struct has fields, an enum variants.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct WireType {
    /// Field numbers by name, or by position for unnamed ones.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: BTreeMap<String, u32>,
    /// Variants by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub variants: BTreeMap<String, WireVariant>,
}

/// Numbers of one variant.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct WireVariant {
    /// Its own number.
    pub number: u32,
    /// Numbers of its fields.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: BTreeMap<String, u32>,
}

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
