//! Whether a document matches a filter.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::{order, path};
use crate::{Document, Filter, Json};

/// Whether `document` matches.
pub fn matches(filter: &Filter, document: &Document) -> bool {
    let compares = |path: &str, value: &Json, accept: fn(Ordering) -> bool| {
        path::get(document, path)
            .is_some_and(|found| order::compare_scalars(&found, value).is_some_and(accept))
    };
    match filter {
        Filter::All => true,
        Filter::Eq(path, value) => *value_at(document, path) == *value,
        Filter::Ne(path, value) => *value_at(document, path) != *value,
        Filter::Lt(path, value) => compares(path, value, Ordering::is_lt),
        Filter::Lte(path, value) => compares(path, value, Ordering::is_le),
        Filter::Gt(path, value) => compares(path, value, Ordering::is_gt),
        Filter::Gte(path, value) => compares(path, value, Ordering::is_ge),
        Filter::In(path, values) => values.contains(&value_at(document, path)),
        Filter::Exists(path, there) => path::get(document, path).is_some() == *there,
        Filter::Contains(path, value) => {
            matches!(path::get(document, path).as_deref(), Some(Json::Array(items)) if items.contains(value))
        }
        Filter::And(filters) => filters.iter().all(|filter| matches(filter, document)),
        Filter::Or(filters) => filters.iter().any(|filter| matches(filter, document)),
        Filter::Not(filter) => !matches(filter, document),
    }
}

/// The value at a path, null when it is missing.
pub(super) fn value_at<'d>(document: &'d Document, path: &str) -> Cow<'d, Json> {
    path::get(document, path).unwrap_or(Cow::Owned(Json::Null))
}
