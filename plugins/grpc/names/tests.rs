use std::collections::BTreeMap;

use super::*;

#[test]
fn cases() {
    assert_eq!(to_snake("NoSuchHotel"), "no_such_hotel");
    assert_eq!(to_snake("HTTPServer"), "http_server");
    assert_eq!(to_screaming("Circle"), "CIRCLE");
    assert_eq!(field_name("0"), "field_0");
    assert_eq!(map_entry("by_name"), "ByNameEntry");
    for (name, expected) in
        [("line_1", "line1"), ("line1", "line1"), ("_id", "id"), ("fooBar", "foobar"), ("__", "")]
    {
        assert_eq!(field_key(name), expected);
    }
    for (value, expected) in [("A_1", "A1"), ("A1", "A1"), ("A_B", "AB"), ("AB", "Ab")] {
        assert_eq!(value_key(value), expected);
    }
    for (name, expected) in
        [("a_1", true), ("_", true), ("1", false), ("", false), ("größe", false), ("a-b", false)]
    {
        assert_eq!(is_identifier(name), expected, "{name}");
    }
}

#[test]
fn a_name_that_two_modules_use_takes_its_module_in_front() {
    let names = name_types(["leaf::types::Stay", "leaf::rates::Stay", "leaf::Item"]);
    let names: Vec<(&str, &str)> = names.iter().map(|(a, b)| (*a, b.as_str())).collect();
    assert_eq!(
        names,
        [
            ("leaf::Item", "Item"),
            ("leaf::rates::Stay", "RatesStay"),
            ("leaf::types::Stay", "TypesStay")
        ]
    );
}

/// Every type that one more step makes of these.
fn around(types: &[TypePlan]) -> Vec<TypePlan> {
    let boxed = |ty: &TypePlan| Box::new(ty.clone());
    let mut all = types.to_vec();
    for a in types {
        all.extend([
            TypePlan::Option(boxed(a)),
            TypePlan::List(boxed(a)),
            TypePlan::Tuple(vec![a.clone()]),
        ]);
        for b in types {
            all.push(TypePlan::Map(boxed(a), boxed(b)));
            all.push(TypePlan::Tuple(vec![a.clone(), b.clone()]));
        }
    }
    all
}

#[test]
fn two_types_never_share_a_description() {
    let hostile = ["A", "AAndB", "AToB", "OptionOfA", "TupleOfAAndB", "String", "To", "Total"];
    let named = hostile.map(|name| TypePlan::Named(name.into()));
    let leaves: Vec<TypePlan> = named.into_iter().chain([TypePlan::String]).collect();
    let mut types = around(&around(&leaves));
    // Where tuples of three end, too.
    let few = around(&leaves[..1]);
    for a in &few {
        for b in &few {
            for c in &few {
                let three = TypePlan::Tuple(vec![a.clone(), b.clone(), c.clone()]);
                types.push(TypePlan::Tuple(vec![three.clone(), a.clone()]));
                types.push(three);
            }
        }
    }
    let mut seen: BTreeMap<String, &TypePlan> = BTreeMap::new();
    for ty in &types {
        let description = describe_type(ty, &|path| path.to_owned());
        assert!(is_identifier(&description), "{description}");
        let other = seen.insert(description.clone(), ty);
        assert!(other.is_none_or(|other| other == ty), "{description}: {other:?}, {ty:?}");
    }
}
