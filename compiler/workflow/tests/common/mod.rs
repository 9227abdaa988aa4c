//! A workflow in memory.

#![allow(dead_code, clippy::allow_attributes, reason = "each test file uses a part of it")]

use bp_diag::{Diagnostics, SourceMap, render};
use bp_system::MemorySystem;
use bp_workflow::WorkflowModel;
use camino::Utf8Path;

/// The Cargo.toml of a crate `shop` that uses the runtime.
pub(crate) const CARGO: &str =
    "[package]\nname = \"shop\"\n[dependencies]\nbp-std = \"0.1\"\nchrono = \"0.4\"\n";

/// What workflow code starts with.
pub(crate) const HEAD: &str = "use std::sync::Arc;\nuse bp_std::{Cache, Data, Infra, InitError, ServiceError, service};\n#[derive(Debug, ServiceError)]\npub enum E { #[infra] Infra(Infra) }\n";

/// The interfaces that backends offer here.
pub(crate) const OFFERED: [&str; 3] =
    ["bp_backend::Cache", "bp_backend::DocumentStore", "acme_log::Log"];

/// What was read, and what was said of it.
pub(crate) struct Checked {
    pub(crate) model: WorkflowModel,
    pub(crate) diagnostics: Diagnostics,
    pub(crate) sources: SourceMap,
}

impl Checked {
    /// `path:line:column: error[BP1003]: …`, sorted.
    pub(crate) fn said(&self) -> Vec<String> {
        self.diagnostics
            .clone()
            .sorted()
            .iter()
            .map(|d| render::render_short(d, &self.sources))
            .collect()
    }
}

/// Reads `/workflow` of a machine with these files.
pub(crate) fn check(files: &[(&str, &str)]) -> Checked {
    let mut system = MemorySystem::new().with_file("/workflow/Cargo.toml", CARGO);
    for (path, text) in files {
        system = system.with_file(path, *text);
    }
    let mut sources = SourceMap::new();
    let dir = Utf8Path::new("/workflow");
    let (model, diagnostics) = bp_workflow::read(&system, &mut sources, dir, &OFFERED.into());
    Checked { model, diagnostics, sources }
}

/// Reads a crate whose `src/lib.rs` is [`HEAD`] and `source`, which must be right.
pub(crate) fn accept(source: &str) -> WorkflowModel {
    let checked = check(&[("/workflow/src/lib.rs", &format!("{HEAD}{source}"))]);
    assert_eq!(checked.said(), Vec::<String>::new());
    checked.model
}
