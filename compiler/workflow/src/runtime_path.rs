//! Which paths are the runtime's.

use bp_contract::is_runtime_library;

/// Whether a path begins with a crate of the runtime.
pub(crate) fn is_runtime_path(path: &str) -> bool {
    path.split("::").next().is_some_and(is_runtime_library)
}
