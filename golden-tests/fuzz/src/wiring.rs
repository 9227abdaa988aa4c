//! The text of one wiring.

use std::sync::OnceLock;

use bp_diag::SourceMap;
use bp_plugin::Registry;
use bp_system::MemorySystem;
use camino::Utf8Path;

use crate::diagnostics;

/// The plugins that come with `bp`.
pub(crate) fn registry() -> &'static Registry {
    static REGISTRY: OnceLock<Registry> = OnceLock::new();
    REGISTRY.get_or_init(bp_build::builtin)
}

pub(crate) fn run(data: &[u8]) {
    let system = MemorySystem::new().with_file("/wiring/local.toml", data);
    let mut sources = SourceMap::new();
    let grammar = registry().grammar();
    let path = Utf8Path::new("/wiring/local.toml");
    let (model, found) = bp_wiring::read(&system, &mut sources, &grammar, path);
    let _ = model.dump();
    let _ = bp_wiring::resolve_processes(&model, &grammar);
    for (name, table) in &grammar.entry_tables {
        let _ = bp_wiring::resolve_entries(&model, name, table, None);
    }
    diagnostics::check(found, &sources);
}
