//! Warns of tasks that the runtime does not know.

use bp_diag::{Diagnostics, catalog::workflow as codes};

use crate::names::{Names, Namespace, ResolvedName};

/// Reports calls of `tokio::spawn`, however it was imported.
pub(super) fn check(names: &Names<'_>, diagnostics: &mut Diagnostics) {
    for spawn in &names.tree.spawns {
        let resolved = names.resolve(spawn.module, &spawn.path, Namespace::Macros);
        let written = spawn.path.segments.join("::");
        let bare = match resolved {
            ResolvedName::External(path) => is_bare(&path),
            // A body may name a crate that the manifest gets from elsewhere.
            ResolvedName::Unknown { .. } => is_bare(&written),
            _ => false,
        };
        if bare {
            diagnostics.push(codes::bare_spawn(spawn.span));
        }
    }
}

fn is_bare(path: &str) -> bool {
    matches!(path, "tokio::spawn" | "tokio::task::spawn")
}
