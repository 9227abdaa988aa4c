//! The order of values, as [`DocumentStore`](crate::DocumentStore) defines it.

use std::cmp::Ordering;

use crate::Json;
pub use crate::json::compare_numbers;

/// The place of a value's type in the order.
pub fn rank(value: &Json) -> u8 {
    match value {
        Json::Null => 0,
        Json::Int(_) | Json::Float(_) => 1,
        Json::String(_) => 2,
        Json::Object(_) => 3,
        Json::Array(_) => 4,
        Json::Bool(_) => 5,
    }
}

/// The order of any two values: by type, then scalars by value; objects are equal to each other, arrays too.
///
/// A missing field is given as [`Json::Null`].
pub fn compare(a: &Json, b: &Json) -> Ordering {
    match (a, b) {
        (Json::Bool(a), Json::Bool(b)) => a.cmp(b),
        (Json::String(a), Json::String(b)) => a.cmp(b),
        (Json::Int(_) | Json::Float(_), Json::Int(_) | Json::Float(_)) => compare_numbers(a, b),
        _ => rank(a).cmp(&rank(b)),
    }
}

/// The order of two scalars of one type; `None` for two types, and for what has no order of its own.
pub fn compare_scalars(a: &Json, b: &Json) -> Option<Ordering> {
    let scalar = matches!(rank(a), 1 | 2 | 5);
    (scalar && rank(a) == rank(b)).then(|| compare(a, b))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A chain of values in ascending order, one per class of equals.
    fn chain() -> Vec<Json> {
        vec![
            Json::Null,
            Json::Float(-1e300),
            Json::Int(i64::MIN),
            Json::Int(-1),
            Json::Float(-0.5),
            Json::Int(0),
            Json::Float(0.5),
            Json::Int((1 << 53) - 1),
            Json::Float(9_007_199_254_740_992.0),
            Json::Int((1 << 53) + 1),
            Json::Int(i64::MAX),
            Json::Float(9_223_372_036_854_775_808.0),
            Json::from(""),
            Json::from("Z"),
            Json::from("a"),
            Json::from("é"),
            Json::from("\u{ffff}"),
            Json::from("\u{10000}"),
            Json::object([("a", 1)]),
            Json::from(vec![1]),
            Json::Bool(false),
            Json::Bool(true),
        ]
    }

    #[test]
    fn the_order_is_total_over_a_chain_of_all_types() {
        let chain = chain();
        for (i, a) in chain.iter().enumerate() {
            for (j, b) in chain.iter().enumerate() {
                assert_eq!(compare(a, b), i.cmp(&j), "{a} against {b}");
                assert_eq!(a == b, i == j, "{a} against {b}");
            }
        }
    }

    #[test]
    fn numbers_are_equal_by_value() {
        assert_eq!(Json::Int(1), Json::Float(1.0));
        assert_eq!(Json::Float(0.0), Json::Float(-0.0));
        assert_ne!(Json::Int(i64::MAX), Json::Float(9_223_372_036_854_775_807.0));
    }

    #[test]
    fn scalars_of_two_types_have_no_order() {
        assert_eq!(compare_scalars(&Json::Int(1), &Json::from("1")), None);
        assert_eq!(compare_scalars(&Json::Null, &Json::Null), None);
        assert_eq!(compare_scalars(&Json::Int(1), &Json::Float(1.5)), Some(Ordering::Less));
    }
}
