//! What the derive refuses, and why.

use super::*;

fn refusal(item: &str) -> String {
    let item: DeriveInput = syn::parse_str(item).unwrap();
    expand(&item).unwrap_err().to_string()
}

#[test]
fn what_cannot_be_settings_is_refused() {
    for (item, expected) in [
        ("struct S<T> { a: T }", "settings have no parameters"),
        ("struct S(u32);", "settings are named fields"),
        ("struct S { a: u32 }", "a setting says in its documentation what it does"),
        ("struct S { /// A.\n #[setting(tuneable)] a: u32 }", "expected `default`, `range`"),
        ("struct S { /// A.\n #[setting(default = x)] a: u32 }", "expected a literal"),
        ("struct S { /// A.\n #[setting(range = 1..5)] a: u32 }", "bounds are inclusive"),
        ("struct S { /// A.\n #[setting(range = 5)] a: u32 }", "expected a range"),
        ("#[settings(shorthand = \"b\")] struct S { /// A.\n a: u32 }", "the name of a setting"),
        ("#[settings(short = \"a\")] struct S { /// A.\n a: u32 }", "expected `shorthand"),
        ("enum E { A, B(u32) }", "expected a variant without content"),
        ("enum E {}", "expected at least one word"),
    ] {
        let found = refusal(item);
        assert!(found.contains(expected), "{item}\n{found}");
    }
}

#[test]
fn names_are_those_of_wirings() {
    for (ident, expected) in
        [("RoundRobin", "round_robin"), ("P2c", "p2c"), ("max_items", "max_items")]
    {
        let ident = Ident::new(ident, proc_macro2::Span::call_site());
        assert_eq!(wiring_name(&ident).value(), expected);
    }
    let raw = Ident::new_raw("for", proc_macro2::Span::call_site());
    assert_eq!(wiring_name(&raw).value(), "for");
}
