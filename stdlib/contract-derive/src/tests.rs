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
        ("struct S { /// A.\n #[setting(secret)] a: u32 }", "of the type `bp_contract::Secret`"),
        (
            "struct S { /// A.\n #[setting(default = 1, required)] a: u32 }",
            "a default need not be written",
        ),
        ("struct S { #[setting(flatten, tunable)] a: A }", "no attribute but `flatten`"),
        ("#[settings(tag = \"a\")] struct S { /// A.\n a: u32 }", "only an enum has variants"),
        ("#[settings(default = \"a\")] struct S { /// A.\n a: u32 }", "only an enum has variants"),
        ("enum E { A, B(u32) }", "variants with settings need `#[settings(tag"),
        ("enum E {}", "expected at least one word"),
        ("#[settings(validate)] enum E { A }", "words have no rules"),
        ("#[settings(default = \"a\")] enum E { A }", "neither a shorthand nor a default"),
        ("#[settings(tag = \"t\")] enum E { A }", "what its tag chooses"),
        ("/// E.\n #[settings(tag = \"t\")] enum E {}", "at least one variant"),
        (
            "/// E.\n #[settings(tag = \"t\", default = \"c\")] enum E { A, B(B) }",
            "expected one of the variants a, b",
        ),
        (
            "/// E.\n #[settings(tag = \"t\", shorthand = \"x\")] enum E { A }",
            "the shorthand of variants is their tag",
        ),
        (
            "/// E.\n #[settings(tag = \"t\")] enum E { A(A, B) }",
            "a variant has one type, named fields or nothing",
        ),
        (
            "/// E.\n #[settings(tag = \"t\")] enum E { A { a: u32 } }",
            "a setting says in its documentation what it does",
        ),
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
