//! Keys of secondary indexes, and which index answers a filter.
//!
//! A key is the concatenated encodings of an index's values, then the id.
//! Encodings are made so that equal values have equal bytes and none is another's prefix.
//! Values that differ may have equal bytes (integers beyond 2⁵³, two objects), so candidates are matched again.

use super::filter::value_at;
use super::order::rank;
use crate::{Document, Filter, Index, Json};

/// The key of a document in an index.
pub fn key(index: &Index, document: &Document) -> Vec<u8> {
    let mut key = Vec::new();
    for path in &index.paths {
        encode(&value_at(document, path), &mut key);
    }
    key.extend_from_slice(document.id.as_bytes());
    key
}

/// The index that fixes most values of a filter, with the prefixes of the keys it may match; `None` when none helps.
///
/// Every document that matches the filter has a key with one of these prefixes.
pub fn choose<'i>(
    filter: &Filter,
    indexes: impl IntoIterator<Item = &'i Index>,
) -> Option<(&'i Index, Vec<Vec<u8>>)> {
    let best = indexes
        .into_iter()
        .map(|index| (find_fixed_values(filter, index), index))
        .filter(|((depth, _), _)| *depth > 0)
        .max_by_key(|((depth, _), index)| (*depth, std::cmp::Reverse(index.name.clone())));
    best.map(|((_, mut prefixes), index)| {
        prefixes.sort();
        prefixes.dedup();
        (index, prefixes)
    })
}

/// How many leading paths of an index a filter fixes, and to which encodings.
fn find_fixed_values(filter: &Filter, index: &Index) -> (usize, Vec<Vec<u8>>) {
    /// Bounds the product of several `In` lists.
    const MOST_PREFIXES: usize = 1024;
    let mut prefixes = vec![Vec::new()];
    let mut depth = 0;
    for path in &index.paths {
        let Some(values) = find_equal_values(filter, path) else { break };
        if values.len().saturating_mul(prefixes.len()) > MOST_PREFIXES {
            break;
        }
        prefixes = prefixes
            .iter()
            .flat_map(|prefix| {
                values.iter().map(move |value| {
                    let mut longer = prefix.clone();
                    encode(value, &mut longer);
                    longer
                })
            })
            .collect();
        depth += 1;
    }
    (depth, prefixes)
}

/// The values, one of which a matching document has at `path`, if the filter says so.
fn find_equal_values<'f>(filter: &'f Filter, path: &str) -> Option<Vec<&'f Json>> {
    match filter {
        Filter::Eq(at, value) if at == path => Some(vec![value]),
        Filter::In(at, values) if at == path => Some(values.iter().collect()),
        Filter::And(filters) => filters.iter().find_map(|filter| find_equal_values(filter, path)),
        _ => None,
    }
}

#[expect(clippy::cast_precision_loss, reason = "candidates are matched again")]
fn encode(value: &Json, key: &mut Vec<u8>) {
    key.push(rank(value));
    match value {
        Json::Null | Json::Object(_) | Json::Array(_) => {}
        Json::Bool(value) => key.push(u8::from(*value)),
        Json::Int(number) => key.extend_from_slice(&(*number as f64).to_be_bytes()),
        // Adding 0.0 makes -0.0 the other zero.
        Json::Float(number) => key.extend_from_slice(&(*number + 0.0).to_be_bytes()),
        Json::String(text) => {
            // Stores hold no NUL, so it can end a string.
            key.extend_from_slice(text.as_bytes());
            key.push(0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index(name: &str, paths: &[&str]) -> Index {
        Index::new(name, paths.iter().copied())
    }

    #[test]
    fn equal_values_have_equal_keys_and_a_fixed_value_is_a_prefix() {
        let by_city = index("by_city", &["city", "stars"]);
        let document = Document::new(
            "h1",
            Json::object([("city", Json::from("Oslo")), ("stars", Json::Int(4))]),
        );
        let float = Document::new(
            "h1",
            Json::object([("city", Json::from("Oslo")), ("stars", Json::Float(4.0))]),
        );
        assert_eq!(key(&by_city, &document), key(&by_city, &float));
        let filter = Filter::gt("price", 3)
            .and(Filter::eq("stars", 4))
            .and(Filter::within("city", ["Os", "Oslo"]));
        let (chosen, prefixes) = choose(&filter, [&by_city]).unwrap();
        assert_eq!(chosen, &by_city);
        assert_eq!(prefixes.len(), 2);
        let hits =
            prefixes.iter().filter(|prefix| key(&by_city, &document).starts_with(prefix)).count();
        assert_eq!(hits, 1, "no prefix is another's");
    }

    #[test]
    fn the_index_that_fixes_most_is_chosen_and_none_for_a_range() {
        let (one, two) = (index("one", &["a"]), index("two", &["a", "b"]));
        let both = Filter::eq("a", 1).and(Filter::eq("b", 2));
        assert_eq!(choose(&both, [&one, &two]).unwrap().0.name, "two");
        assert_eq!(choose(&Filter::eq("b", 2), [&one, &two]), None);
        assert_eq!(choose(&Filter::gt("a", 2), [&one, &two]), None);
        assert_eq!(choose(&Filter::Or(vec![both]), [&one, &two]), None);
    }
}
