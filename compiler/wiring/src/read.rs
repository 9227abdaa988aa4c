//! From a file's path to its model.

use bp_diag::{Diagnostics, SourceMap};
use bp_system::System;
use camino::Utf8Path;

use crate::{Grammar, WiringModel, build, layers};

/// Reads a wiring file and its `extends` chain.
///
/// The model holds what could be read; every fault is in the diagnostics.
pub fn read(
    system: &dyn System,
    sources: &mut SourceMap,
    grammar: &Grammar,
    path: &Utf8Path,
) -> (WiringModel, Diagnostics) {
    let mut out = Diagnostics::new();
    let chain = layers::load(system, sources, grammar, path, &mut out);
    let here = system.current_directory().unwrap_or_default();
    let model = build::build(&chain, grammar, &here, &mut out);
    (model, out)
}
