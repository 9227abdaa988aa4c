//! Types of the standard library and of well-known crates that the encoding supports.

use crate::runtime_path::is_runtime_path;

/// A supported type, without its arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EncodableType {
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
pub(crate) fn encodable_type(path: &str) -> Option<EncodableType> {
    let path = strip_runtime_prefix(path);
    let (krate, rest) = path.split_once("::")?;
    let (modules, name) = rest.rsplit_once("::").unwrap_or(("", rest));
    let ty = match (krate, modules, name) {
        ("std", "option", "Option") => EncodableType::Option,
        ("std", "result", "Result") => EncodableType::Result,
        ("std", "vec", "Vec") => EncodableType::Vec,
        ("std", "collections" | "collections::vec_deque", "VecDeque") => EncodableType::Deque,
        ("std", "string", "String") => EncodableType::String,
        ("std", "boxed", "Box") => EncodableType::Box,
        ("std", "sync", "Arc") => EncodableType::Arc,
        ("std", "collections" | "collections::hash_map", "HashMap")
        | ("std", "collections" | "collections::btree_map", "BTreeMap") => EncodableType::Map,
        ("std", "collections" | "collections::hash_set", "HashSet")
        | ("std", "collections" | "collections::btree_set", "BTreeSet") => EncodableType::Set,
        ("std", "time", "Duration") => EncodableType::Duration,
        ("std", "time", "SystemTime") => EncodableType::SystemTime,
        ("bytes", "", "Bytes") => EncodableType::Bytes,
        ("chrono", _, "NaiveDate") => EncodableType::NaiveDate,
        ("chrono", _, "NaiveTime") => EncodableType::NaiveTime,
        ("chrono", _, "NaiveDateTime") => EncodableType::NaiveDateTime,
        ("chrono", _, "DateTime") => EncodableType::DateTime,
        ("chrono", _, "Utc") => EncodableType::Utc,
        ("uuid", _, "Uuid") => EncodableType::Uuid,
        ("rust_decimal", _, "Decimal") => EncodableType::Decimal,
        _ => return None,
    };
    Some(ty)
}

/// Whether a path names a supported type.
pub(crate) fn is_encodable(path: &str) -> bool {
    encodable_type(path).is_some()
}

/// The crates whose types the encoding supports, and that the runtime re-exports.
const REEXPORTED: [&str; 4] = ["bytes", "chrono", "rust_decimal", "uuid"];

/// Whether a path is one of a crate that the runtime re-exports.
pub(crate) fn is_reexported(path: &str) -> bool {
    path.split_once("::").is_some_and(|(name, _)| REEXPORTED.contains(&name))
}

/// A path through a re-export of the runtime, `bp_std::chrono::NaiveDate`, without the runtime's part.
pub(crate) fn strip_runtime_prefix(path: &str) -> &str {
    if !is_runtime_path(path) {
        return path;
    }
    REEXPORTED
        .iter()
        .find_map(|name| path.find(&format!("::{name}::")).and_then(|at| path.get(at + 2..)))
        .unwrap_or(path)
}
