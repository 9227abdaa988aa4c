//! The top-level tables of the language itself.

use crate::renamed;

/// The top-level tables that every wiring may have.
pub const TABLES: &[&str] = &[
    "app", "backend", "edge", "extends", "init", "patch", "process", "server", "service", "target",
];

/// Whether a top-level table belongs to the language itself, or did under an old name.
pub fn is_core_table(name: &str) -> bool {
    TABLES.contains(&name) || renamed::is_old_name(name)
}
