//! MongoDB's queries: they ask for all documents that may match, in a form that its indexes can answer.
//!
//! MongoDB's `{"v": 1}` also matches an array that holds 1, and its paths lead through arrays, so most of its conditions match more than the interface's: those can be used.
//! The few that match less in some cases (equality with null, which for us includes a field beyond an array) cannot.

use bp_backend::engine::ID;
use bp_backend::{Filter, Json};
use mongodb::bson::{Bson, Document as Fields, doc};

use crate::convert::to_bson;

/// Where the body is in a stored document.
pub(crate) const BODY: &str = "b";

/// A condition that all matching documents fulfil, and perhaps others; empty for all documents.
pub(crate) fn build_superset(filter: &Filter) -> Fields {
    may_match(filter).unwrap_or_default()
}

/// Whether a filter means the same to the server.
pub(crate) fn is_exact(filter: &Filter) -> bool {
    match filter {
        Filter::All => true,
        Filter::Eq(path, Json::String(_)) => path == ID,
        Filter::In(path, values) => {
            path == ID && values.iter().all(|value| matches!(value, Json::String(_)))
        }
        Filter::And(filters) => filters.iter().all(is_exact),
        _ => false,
    }
}

/// `None` when nothing can be said.
fn may_match(filter: &Filter) -> Option<Fields> {
    match filter {
        Filter::Eq(path, value) | Filter::Contains(path, value) => {
            (*value != Json::Null).then(|| build_leaf(path, "$eq", to_bson(value))).flatten()
        }
        Filter::In(path, values) if !values.contains(&Json::Null) => {
            build_leaf(path, "$in", values.iter().map(to_bson).collect::<Vec<_>>().into())
        }
        Filter::Lt(path, value) => build_leaf(path, "$lt", to_bson(value)),
        Filter::Lte(path, value) => build_leaf(path, "$lte", to_bson(value)),
        Filter::Gt(path, value) => build_leaf(path, "$gt", to_bson(value)),
        Filter::Gte(path, value) => build_leaf(path, "$gte", to_bson(value)),
        Filter::Exists(path, true) => build_leaf(path, "$exists", true.into()),
        Filter::And(filters) => {
            let parts: Vec<_> = filters.iter().filter_map(may_match).collect();
            (!parts.is_empty()).then(|| doc! { "$and": parts })
        }
        Filter::Or(filters) if !filters.is_empty() => {
            let parts: Option<Vec<_>> = filters.iter().map(may_match).collect();
            parts.map(|parts| doc! { "$or": parts })
        }
        Filter::All
        | Filter::Ne(..)
        | Filter::In(..)
        | Filter::Exists(_, false)
        | Filter::Or(_)
        | Filter::Not(_) => None,
    }
}

fn build_leaf(path: &str, operator: &str, value: Bson) -> Option<Fields> {
    Some(doc! { stored_path(path)?: { operator: value } })
}

/// A path of ours in stored documents; `None` for one that MongoDB would read as an operator.
pub(crate) fn stored_path(path: &str) -> Option<String> {
    if path == ID {
        return Some(ID.to_owned());
    }
    (!path.split('.').any(|name| name.starts_with('$'))).then(|| format!("{BODY}.{path}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_never_leaves_out_a_match() {
        assert_eq!(build_superset(&Filter::eq("a.b", 1)), doc! { "b.a.b": { "$eq": 1_i64 } });
        assert_eq!(build_superset(&Filter::eq("_id", "x")), doc! { "_id": { "$eq": "x" } });
        for all in [
            Filter::All,
            Filter::eq("a", ()),
            Filter::ne("a", 1),
            Filter::eq("a", 1).not(),
            Filter::exists("a", false),
            Filter::within("a", [Json::Null, Json::Int(1)]),
            Filter::eq("a.$x", 1),
            Filter::eq("a", 1).or(Filter::eq("b", ())),
        ] {
            assert_eq!(build_superset(&all), doc! {}, "{all:?}");
        }
        let part = Filter::eq("a", ()).and(Filter::gt("n", 2));
        assert_eq!(build_superset(&part), doc! { "$and": [{ "b.n": { "$gt": 2_i64 } }] });
    }
}
