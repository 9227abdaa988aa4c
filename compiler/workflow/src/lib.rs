//! The workflow front end: from a crate's source to a [`WorkflowModel`], and the `wire.lock` that goes with it.
//!
//! The source is parsed and never executed.
//! Non-goals: type checking, which is rustc's; knowing anything of a wiring.

mod dump;
mod files;
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

use std::sync::OnceLock;

use bp_diag::{Diagnostics, SourceMap};
use bp_system::System;
use camino::Utf8Path;
use rayon::{ThreadPool, ThreadPoolBuilder};

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
    match pool() {
        Some(pool) => pool.install(|| read_on(Some(pool), system, sources, dir)),
        // A machine that has no thread to give still has this one.
        None => read_on(None, system, sources, dir),
    }
}

/// What the parser may use of the stack: its depth is bounded by the scan before it, at some tens of kilobytes a level in a debug build.
const STACK_BYTES: usize = 64 * 1024 * 1024;

/// Threads of the reader's own, since those that others share have smaller stacks.
fn pool() -> Option<&'static ThreadPool> {
    static POOL: OnceLock<Option<ThreadPool>> = OnceLock::new();
    POOL.get_or_init(|| new_pool(0)).as_ref()
}

/// So many threads; as many as rayon takes by itself for 0.
fn new_pool(threads: usize) -> Option<ThreadPool> {
    ThreadPoolBuilder::new()
        .num_threads(threads)
        .thread_name(|index| format!("workflow {index}"))
        .stack_size(STACK_BYTES)
        .build()
        .ok()
}

fn read_on(
    pool: Option<&ThreadPool>,
    system: &dyn System,
    sources: &mut SourceMap,
    dir: &Utf8Path,
) -> (WorkflowModel, Diagnostics) {
    let load::Loaded { tree, externals, mut diagnostics } = load::load(system, pool, sources, dir);
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
