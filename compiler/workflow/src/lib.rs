//! The workflow front end: from a crate's source to a [`WorkflowModel`], and the `wire.lock` that goes with it.
//!
//! The source is parsed and never executed.
//! Non-goals: type checking, which is rustc's; knowing anything of a wiring.

mod dump;
mod items;
mod known;
mod load;
mod lower;
mod manifest;
mod model;
mod names;
mod source;
mod tree;
pub mod wire_lock;

use bp_diag::{Diagnostics, SourceMap};
use bp_system::System;
use camino::Utf8Path;

pub use model::*;

/// The canonical status names that `#[status(…)]` takes, those of gRPC in snake case.
pub const STATUS_NAMES: &[&str] = &[
    "invalid_argument",
    "not_found",
    "already_exists",
    "permission_denied",
    "unauthenticated",
    "resource_exhausted",
    "failed_precondition",
    "aborted",
    "out_of_range",
    "unimplemented",
    "internal",
    "unavailable",
    "data_loss",
];

/// Reads the workflow crate in `dir` and the path dependencies it uses.
///
/// A fault in one file or item is reported and does not hide the others'; the model holds what could be understood.
pub fn read(
    system: &dyn System,
    sources: &mut SourceMap,
    dir: &Utf8Path,
) -> (WorkflowModel, Diagnostics) {
    let mut done = None;
    std::thread::scope(|scope| {
        let builder =
            std::thread::Builder::new().name("workflow".to_owned()).stack_size(STACK_BYTES);
        let work = || done = Some(read_here(system, sources, dir));
        if let Ok(handle) = builder.spawn_scoped(scope, work)
            && let Err(panic) = handle.join()
        {
            std::panic::resume_unwind(panic);
        }
    });
    // A machine that has no thread to give still has this one.
    done.unwrap_or_else(|| read_here(system, sources, dir))
}

/// What the parser may use of the stack: its depth is bounded by the scan before it, at some tens of kilobytes a level in a debug build.
const STACK_BYTES: usize = 64 * 1024 * 1024;

fn read_here(
    system: &dyn System,
    sources: &mut SourceMap,
    dir: &Utf8Path,
) -> (WorkflowModel, Diagnostics) {
    let load::Loaded { tree, externals, mut diagnostics } = load::load(system, sources, dir);
    let mut model = WorkflowModel { dir: dir.to_owned(), externals, ..WorkflowModel::default() };
    if let Some(krate) = tree.crates.first() {
        model.package.clone_from(&krate.package);
        model.crate_name.clone_from(&krate.name);
        model.version.clone_from(&krate.version);
    }
    let names = names::Names::new(&tree);
    items::collect(&names, &mut model, &mut diagnostics);
    (model, diagnostics)
}
