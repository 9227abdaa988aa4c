//! Which crates are the runtime's.

/// Whether a path begins with a crate of the runtime.
pub(crate) fn is_runtime_path(path: &str) -> bool {
    let first = path.split("::").next().unwrap_or("");
    matches!(first, "bp_std" | "bp_data" | "bp_macros" | "bp_runtime" | "bp_backend")
}
