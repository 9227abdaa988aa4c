//! Paths into documents: field names joined by dots.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::{Document, Json};

/// The path that means a document's id.
pub const ID: &str = "_id";

/// What a path leads to; `None` when it is missing.
pub fn get<'d>(document: &'d Document, path: &str) -> Option<Cow<'d, Json>> {
    if path == ID {
        return Some(Cow::Owned(Json::String(document.id.clone())));
    }
    let mut value = &document.body;
    for name in path.split('.') {
        value = value.field(name)?;
    }
    Some(Cow::Borrowed(value))
}

/// The part of a document's body that these paths cover, each field where it was; all of it for no paths.
pub fn project(body: &Json, paths: &[String]) -> Json {
    if paths.is_empty() {
        return body.clone();
    }
    let mut kept = Json::Object(BTreeMap::new());
    for path in paths {
        if let Some(part) = project_one(body, path) {
            merge(&mut kept, part);
        }
    }
    kept
}

/// The value with only this path in it.
fn project_one(value: &Json, path: &str) -> Option<Json> {
    let (name, rest) = path.split_once('.').map_or((path, None), |(name, rest)| (name, Some(rest)));
    let inner = value.field(name)?;
    let inner = match rest {
        Some(rest) => project_one(inner, rest)?,
        None => inner.clone(),
    };
    Some(Json::object([(name, inner)]))
}

/// Adds the fields of `part` to `kept`; both come from one document, so where both have a scalar it is the same.
fn merge(kept: &mut Json, part: Json) {
    if let (Json::Object(kept), Json::Object(part)) = (kept, part) {
        for (name, value) in part {
            match kept.get_mut(&name) {
                Some(there) => merge(there, value),
                None => {
                    kept.insert(name, value);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body() -> Json {
        Json::from(
            serde_json::json!({ "a": { "b": 1, "c": { "d": 2 } }, "e": [ { "b": 3 } ], "f": null }),
        )
    }

    #[test]
    fn a_path_leads_through_objects_only() {
        let document = Document::new("x", body());
        assert_eq!(get(&document, "a.c.d").as_deref(), Some(&Json::Int(2)));
        assert_eq!(get(&document, "f").as_deref(), Some(&Json::Null));
        assert_eq!(get(&document, "_id").as_deref(), Some(&Json::from("x")));
        for missing in ["e.b", "e.0", "a.b.c", "f.g", "z"] {
            assert_eq!(get(&document, missing), None, "{missing}");
        }
    }

    #[test]
    fn a_projection_is_the_union_of_its_paths() {
        let paths = |list: &[&str]| list.iter().map(|&path| path.to_owned()).collect::<Vec<_>>();
        let expected = Json::from(serde_json::json!({ "a": { "b": 1, "c": { "d": 2 } } }));
        for list in [&["a"][..], &["a.b", "a"], &["a", "a.c.d"], &["a.c", "a.b", "e.b", "z"]] {
            assert_eq!(project(&body(), &paths(list)), expected, "{list:?}");
        }
        assert_eq!(project(&body(), &[]), body());
        assert_eq!(project(&body(), &paths(&["z"])), Json::Object(BTreeMap::new()));
    }
}
