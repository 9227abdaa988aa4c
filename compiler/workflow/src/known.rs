//! Types of the standard library and of well-known crates that the encoding supports.

use crate::names::is_runtime_path;

/// A supported type, without its arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Known {
    Option,
    Result,
    Vec,
    /// `VecDeque`, encoded as `Vec`.
    Deque,
    String,
    Box,
    Arc,
    Map,
    Set,
    Bytes,
    Duration,
    SystemTime,
    NaiveDate,
    NaiveTime,
    NaiveDateTime,
    DateTime,
    Utc,
    Uuid,
    Decimal,
}

/// The supported type behind a path, whichever of its crate's paths was taken.
pub(crate) fn known(path: &str) -> Option<Known> {
    let path = unwrapped(path);
    let (krate, rest) = path.split_once("::")?;
    let (modules, name) = rest.rsplit_once("::").unwrap_or(("", rest));
    let known = match (krate, modules, name) {
        ("std", "option", "Option") => Known::Option,
        ("std", "result", "Result") => Known::Result,
        ("std", "vec", "Vec") => Known::Vec,
        ("std", "collections" | "collections::vec_deque", "VecDeque") => Known::Deque,
        ("std", "string", "String") => Known::String,
        ("std", "boxed", "Box") => Known::Box,
        ("std", "sync", "Arc") => Known::Arc,
        ("std", "collections" | "collections::hash_map", "HashMap")
        | ("std", "collections" | "collections::btree_map", "BTreeMap") => Known::Map,
        ("std", "collections" | "collections::hash_set", "HashSet")
        | ("std", "collections" | "collections::btree_set", "BTreeSet") => Known::Set,
        ("std", "time", "Duration") => Known::Duration,
        ("std", "time", "SystemTime") => Known::SystemTime,
        ("bytes", "", "Bytes") => Known::Bytes,
        ("chrono", _, "NaiveDate") => Known::NaiveDate,
        ("chrono", _, "NaiveTime") => Known::NaiveTime,
        ("chrono", _, "NaiveDateTime") => Known::NaiveDateTime,
        ("chrono", _, "DateTime") => Known::DateTime,
        ("chrono", _, "Utc") => Known::Utc,
        ("uuid", _, "Uuid") => Known::Uuid,
        ("rust_decimal", _, "Decimal") => Known::Decimal,
        _ => return None,
    };
    Some(known)
}

/// Whether a path names a supported type.
pub(crate) fn is_known(path: &str) -> bool {
    known(path).is_some()
}

/// The crates whose types the encoding supports, and that the runtime re-exports.
const HANDED_ON: [&str; 4] = ["bytes", "chrono", "rust_decimal", "uuid"];

/// Whether a path is one of a crate that the runtime re-exports.
pub(crate) fn is_handed_on(path: &str) -> bool {
    path.split_once("::").is_some_and(|(name, _)| HANDED_ON.contains(&name))
}

/// A path through a re-export of the runtime, `bp_std::chrono::NaiveDate`, without the runtime's part.
pub(crate) fn unwrapped(path: &str) -> &str {
    if !is_runtime_path(path) {
        return path;
    }
    HANDED_ON
        .iter()
        .find_map(|name| path.find(&format!("::{name}::")).and_then(|at| path.get(at + 2..)))
        .unwrap_or(path)
}
