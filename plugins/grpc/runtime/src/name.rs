//! How gRPC names a method; the compile half reads this file too, so that the `.proto` and the paths cannot differ.

/// `list_items` → `ListItems`.
///
/// A name in a `.proto` has ASCII letters, digits and `_` only: the compiler refuses others.
pub(crate) fn to_pascal(name: &str) -> String {
    let mut pascal = String::with_capacity(name.len());
    for part in name.split('_') {
        let mut chars = part.chars();
        pascal.extend(chars.next().map(|first| first.to_ascii_uppercase()));
        pascal.push_str(chars.as_str());
    }
    pascal
}

#[cfg(test)]
mod tests {
    use super::to_pascal;

    #[test]
    fn every_part_begins_with_a_capital() {
        for (name, expected) in [
            ("get_rates", "GetRates"),
            ("list", "List"),
            ("list_v2", "ListV2"),
            ("list_v_2", "ListV2"),
            ("_get", "Get"),
            ("a__b_", "AB"),
            ("HTTPServer", "HTTPServer"),
            ("type", "Type"),
        ] {
            assert_eq!(to_pascal(name), expected, "{name}");
        }
    }
}
