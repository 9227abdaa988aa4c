//! The workflow front end: from a crate's source to a [`WorkflowModel`], and the `wire.lock` that goes with it.
//!
//! The source is parsed and never executed.
//! Non-goals: type checking, which is rustc's; knowing anything of a wiring.

#[path = "../../../stdlib/backend/src/engine/name.rs"]
mod collection_name;
mod dump;
mod encodable;
#[path = "../../../stdlib/macros/src/error_code.rs"]
mod error_code;
mod files;
mod interface_source;
mod items;
mod load;
mod manifest;
mod model;
mod names;
mod packages;
mod resolve_type;
mod runtime_path;
mod source;
mod tree;
pub mod wire_lock;

use std::collections::BTreeSet;
use std::sync::OnceLock;

use bp_diag::{Diagnostics, SourceMap};
use bp_system::System;
use camino::Utf8Path;
use files::{FileSource, NoOutlines};
use rayon::{ThreadPool, ThreadPoolBuilder};

pub use files::Outlines;
pub use interface_source::read_interface;
pub use model::*;
pub use source::Outline;

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

/// The code of an application error, by its variant's name: `NoSuchItem` → `no_such_item`.
pub fn error_code(variant: &str) -> String {
    error_code::error_code(variant)
}

/// Reads the workflow crate in `dir` and the path dependencies it uses.
///
/// `offered` are the paths of the interfaces that backends are known to offer, `bp_backend::Cache`: those in crates that are not read are known by them alone.
/// A fault in one file or item is reported and does not hide the others'; the model holds what could be understood.
pub fn read(
    system: &dyn System,
    sources: &mut SourceMap,
    dir: &Utf8Path,
    offered: &BTreeSet<&str>,
) -> (WorkflowModel, Diagnostics) {
    read_with_outlines(system, sources, dir, offered, &NoOutlines)
}

/// As [`read`], but a file whose outline is known is not parsed.
pub fn read_with_outlines(
    system: &dyn System,
    sources: &mut SourceMap,
    dir: &Utf8Path,
    offered: &BTreeSet<&str>,
    outlines: &dyn Outlines,
) -> (WorkflowModel, Diagnostics) {
    let source = FileSource { system, outlines };
    match pool() {
        Some(pool) => pool.install(|| read_with_pool(Some(pool), source, sources, dir, offered)),
        // A machine that has no thread to give still has this one.
        None => read_with_pool(None, source, sources, dir, offered),
    }
}

/// What the parser may use of the stack: its depth is bounded by the scan before it, at some tens of kilobytes a level in a debug build.
const STACK_BYTES: usize = 64 * 1024 * 1024;

/// The reader has its own threads, because shared ones have smaller stacks.
pub(crate) fn pool() -> Option<&'static ThreadPool> {
    static POOL: OnceLock<Option<ThreadPool>> = OnceLock::new();
    POOL.get_or_init(|| make_pool(0)).as_ref()
}

/// Makes a pool of this many threads; for 0, rayon chooses.
fn make_pool(threads: usize) -> Option<ThreadPool> {
    ThreadPoolBuilder::new()
        .num_threads(threads)
        .thread_name(|index| format!("workflow {index}"))
        .stack_size(STACK_BYTES)
        .build()
        .ok()
}

fn read_with_pool(
    pool: Option<&ThreadPool>,
    source: FileSource<'_>,
    sources: &mut SourceMap,
    dir: &Utf8Path,
    offered: &BTreeSet<&str>,
) -> (WorkflowModel, Diagnostics) {
    let load::LoadedTree { tree, externals, mut diagnostics } =
        load::load(source, pool, sources, dir);
    let mut model = WorkflowModel { dir: dir.to_owned(), externals, ..WorkflowModel::default() };
    if let Some(krate) = tree.crates.first() {
        model.package.clone_from(&krate.package);
        model.crate_name.clone_from(&krate.name);
        model.version.clone_from(&krate.version);
    }
    let names = names::Names::new(&tree, offered);
    items::collect(&names, offered, pool.is_some(), &mut model, &mut diagnostics);
    (model, diagnostics)
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use bp_system::MemorySystem;

    use super::*;

    const MANIFEST: &str = "[package]\nname = \"shop\"\n[dependencies]\nbp-std = \"0.1\"\n";

    /// Files three levels deep, one that two modules are made of, one that holds itself, and faults on every level.
    fn deep() -> MemorySystem {
        let mut system = MemorySystem::new().with_file("/w/Cargo.toml", MANIFEST);
        let mut root = String::from(
            "#[path = \"shared.rs\"] mod one;\n#[path = \"shared.rs\"] mod two;\nmod missing;\nmod round;\nmod bytes;\n#[cfg(test)] mod tests;\n",
        );
        for a in 0..12 {
            let _ = writeln!(root, "pub mod a{a} {{ pub mod inner; pub struct S; }}");
            let inner = "pub mod b;\n#[derive(bp_std::Data)] pub struct S { a: usize, é: Vec<Missing> }\nstruct ;\n";
            system = system.with_file(format!("/w/src/a{a}/inner.rs"), inner);
            let leaf = format!("#[bp_std::service] pub trait T{a} {{ fn f(é: u8); }}\n}}");
            system = system.with_file(format!("/w/src/a{a}/inner/b/mod.rs"), leaf);
        }
        system
            .with_file("/w/src/lib.rs", root)
            .with_file("/w/src/shared.rs", "pub struct D;\nstruct D;\nfn f() { tokio::spawn(x) }")
            .with_file("/w/src/round.rs", "#[path = \"round.rs\"] mod round;")
            .with_file("/w/src/bytes.rs", b"\xff".to_vec())
    }

    #[test]
    fn any_number_of_threads_gives_the_same() {
        let system = deep();
        let read_with = |pool: Option<&ThreadPool>| {
            let mut sources = SourceMap::new();
            let source = FileSource { system: &system, outlines: &NoOutlines };
            let (model, diagnostics) =
                read_with_pool(pool, source, &mut sources, Utf8Path::new("/w"), &BTreeSet::new());
            let texts: Vec<_> = sources.iter().map(|(_, s)| s.path.clone()).collect();
            format!("{model:?}\n{diagnostics:?}\n{texts:?}")
        };
        let without = read_with(None);
        for threads in [1, 2, 8] {
            assert_eq!(read_with(make_pool(threads).as_ref()), without, "{threads} threads");
        }
        assert!(without.contains("a11/inner/b/mod.rs"), "the deepest files are read");
    }
}
