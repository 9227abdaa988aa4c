//! What the macros refuse: each error in words, all errors of one item at once.

use proc_macro2::TokenStream;
use syn::{DeriveInput, Result};

fn complaints(expanded: Result<TokenStream>) -> Vec<String> {
    let error = expanded.expect_err("refused");
    error.into_iter().map(|error| error.to_string()).collect()
}

fn derive(expand: fn(&DeriveInput) -> Result<TokenStream>, item: &str) -> Vec<String> {
    complaints(expand(&syn::parse_str(item).expect("an item")))
}

fn service(arguments: &str, item: &str) -> Vec<String> {
    let tokens = |text: &str| text.parse().expect("tokens");
    complaints(crate::service::expand(tokens(arguments), tokens(item)))
}

fn interface(arguments: &str, item: &str) -> Vec<String> {
    let tokens = |text: &str| text.parse().expect("tokens");
    complaints(crate::interface::expand(tokens(arguments), tokens(item)))
}

fn test(item: &str) -> Vec<String> {
    complaints(crate::test::expand(TokenStream::new(), item.parse().expect("tokens")))
}

#[track_caller]
fn are(complaints: &[String], expected: &[&str]) {
    assert_eq!(complaints.len(), expected.len(), "{complaints:#?}");
    for (complaint, expected) in complaints.iter().zip(expected) {
        assert!(complaint.contains(expected), "{complaint}\nlacks: {expected}");
    }
}

#[test]
fn data() {
    let data = |item| derive(crate::data::expand, item);
    are(&data("struct Page<T> { items: Vec<T> }"), &["`Page` has parameters"]);
    are(&data("struct View<'a>(&'a str);"), &["`View` has parameters"]);
    are(&data("enum Never<T> {}"), &["`Never` has parameters", "an enum without variants"]);
    are(&data("union Bits { a: u32, b: f32 }"), &["a union does not know"]);
    are(&data("#[data(rename = \"x\")] struct A;"), &["the only option is `crate = path`"]);
}

#[test]
fn service_errors() {
    let error = |item| derive(crate::service_error::expand, item);
    are(&error("struct Broken;"), &["a service's error is an enum"]);
    let item = r#"enum E {
        A,
        #[status(no_such)] B,
        #[status(not_found, "{1} of {}")] C(u32),
        #[status(not_found, "{what}")] D,
        #[status(not_found, "{0")] E(u32),
        #[status(not_found)] #[status(aborted)] F,
        #[status(not_found, "a", "b")] G,
    }"#;
    are(
        &error(item),
        &[
            "add `#[infra] Infra(Infra)`",
            "`A` needs a status",
            "there is no status `no_such`; write one of invalid_argument, not_found",
            "`C` has no field `1`; it has {0}",
            "`D` has no fields to show",
            "an unmatched brace",
            "a second `#[status(…)]`",
            "expected `#[status(code)]`",
        ],
    );
    are(&error("enum E { #[infra] A(Infra), #[infra] B(Infra) }"), &["a second `#[infra]`"]);
    are(&error("enum E { #[infra] A { infra: Infra } }"), &["write `#[infra] A(Infra)`"]);
    let classed = "enum E { #[infra] #[status(internal)] A(Infra) }";
    are(&error(classed), &["an infrastructure failure has its own status"]);
}

#[test]
fn services() {
    let item = "trait Cart<T> {
        type Item;
        fn now(&self);
        async fn take(self);
        async fn change(&mut self);
        async fn make() -> u32;
        async fn show<D: Display>(&self, what: D);
    }";
    are(
        &service("", item),
        &[
            "`Cart` has parameters",
            "a service can have only methods",
            "`now` may run in another process",
            "`take` is called by several callers at once",
            "`change` is called by several callers at once",
            "`make` is called by several callers at once",
            "`show` has type or lifetime parameters",
        ],
    );
    are(&service("", "struct Cart;"), &["`#[service]` goes on a trait"]);
    are(&service("", "impl Cart { }"), &["`#[service]` goes on a trait"]);
    are(&service("name = \"cart\"", "trait Cart {}"), &["the only option is `crate = path`"]);
}

#[test]
fn interfaces() {
    let item = "trait Queue<T>: Store<u8> {
        const SIZE: u32;
        async fn push(&self, text: &str, like: Vec<&'static str>);
        async fn each(&self, _: u8, visit: impl Fn(u8)) -> Result<(), E>;
        #[cfg(unix)] async fn sync(self) -> Result<(), E>;
        fn len(&self) -> Result<u64, E>;
    }";
    are(
        &interface("", item),
        &[
            "other crates name the interface `Queue`: write `pub trait Queue`",
            "an interface extends interfaces, which have no parameters",
            "a call of `push` may leave the process and cannot carry a reference",
            "a call of `push` may leave the process and cannot carry a reference",
            "a call of `push` can fail on its way: return `Result<T, E>`",
            "an argument of `each` is encoded by its name",
            "a call of `each` may leave the process and cannot carry an `impl Trait`",
            "`sync` cannot have `#[cfg]`",
            "`Queue` has parameters, but an interface is one trait",
            "an interface can have only methods",
            "`sync` is called by several callers at once",
            "`len` may run in another process",
        ],
    );
    are(&interface("", "impl Queue for Memory { }"), &["an `impl` of one has `#[service]`"]);
    are(&interface("", "pub struct Queue;"), &["`#[interface]` goes on a trait"]);
    are(&interface("name = \"q\"", "pub trait Queue {}"), &["the only option is `crate = path`"]);
}

#[test]
fn what_a_call_of_an_interface_cannot_carry() {
    let item = "pub trait Queue {
        async fn push(&self, text: Cow<'_, str>) -> Result<Option<Cow<'a, str>>, E>;
        async fn merge(&self, other: Vec<Self>) -> Result<Self::Merged, E>;
        async fn peek(&self) -> Result<&str, E>;
        async fn each(&self) -> Result<impl Iterator, E>;
        async fn sort(&self) -> Result<(), E> where Self: Sized;
        async fn name(&self) -> Result<Cow<'static, str>, E>;
    }";
    are(
        &interface("", item),
        &[
            "a call of `push` may leave the process and cannot carry what has a lifetime: take a value",
            "a call of `push` may leave the process and cannot carry what has a lifetime: return a value",
            "a call of `merge` may leave the process and cannot carry `Self`, which is another type in every store: take",
            "a call of `merge` may leave the process and cannot carry `Self`, which is another type in every store: return",
            "a call of `peek` may leave the process and cannot carry a reference: return a value",
            "a call of `each` may leave the process and cannot carry an `impl Trait`: return a value",
            "`sort` cannot have a `where` clause",
        ],
    );
}

#[test]
fn what_an_interface_cannot_extend() {
    let item = "pub trait Queue: ?Sized + Unpin + std::fmt::Debug + core::marker::Unpin + std::Send + Send<u8> {}";
    are(
        &interface("", item),
        &[
            "`Sized` is not an interface",
            "`Unpin` is not an interface: an interface extends interfaces alone, and is `Send` and `Sync` anyway",
            "`std::fmt::Debug` is not an interface",
            "`core::marker::Unpin` is not an interface",
            "`std::Send` is not an interface",
            "an interface extends interfaces, which have no parameters",
        ],
    );
    for name in ["Send", "Sync"] {
        are(&interface("", &format!("pub trait {name} {{}}")), &["give it another name"]);
    }
}

/// What an accepted interface extends, each in tokens.
fn extended(item: &str) -> String {
    let expanded = crate::interface::expand(TokenStream::new(), item.parse().expect("tokens"));
    let text = expanded.expect("accepted").to_string();
    let (_, list) = text.split_once("__BP_EXTENDS : ").expect("a list");
    let (_, list) = list.split_once("= & [").expect("a list");
    list.split_once("] ;").expect("an end").0.to_owned()
}

#[test]
fn what_every_interface_has_anyway_is_not_extended() {
    let markers = "Send + Sync + std::marker::Send + ::core::marker::Sync + 'static";
    assert_eq!(extended(&format!("pub trait Queue: {markers} {{}}")), "");
    for path in ["acme::Send", "self::Sync", "acme::marker::Send"] {
        let list = extended(&format!("pub trait Queue: {path} {{}}"));
        assert!(list.contains(&path.replace("::", " :: ")), "{list}");
    }
}

#[test]
fn tests() {
    let parameter = "a test's parameters are instances";
    are(&test("fn t(cart: Arc<dyn Cart>) {}"), &["write `async fn`"]);
    let item = "async fn t<T>(a: Box<dyn Cart>, b: Arc<CartImpl>, (c, d): (u8, u8)) {}";
    are(&test(item), &["cannot have type or lifetime parameters", parameter, parameter, parameter]);
}

#[test]
fn idempotent_is_not_left_for_rustc() {
    let item = "trait Cart { #[doc = \"d\"] #[idempotent] async fn list(&self); }";
    let expanded = crate::service::expand(TokenStream::new(), item.parse().expect("tokens"));
    let text = expanded.expect("accepted").to_string();
    assert!(text.contains("doc") && text.contains("Future"), "{text}");
    assert!(!text.contains("idempotent"), "{text}");
    let item = "pub trait Queue { #[idempotent] async fn len(&self) -> Result<u64, E>; }";
    let expanded = crate::interface::expand(TokenStream::new(), item.parse().expect("tokens"));
    let text = expanded.expect("accepted").to_string();
    assert!(text.contains(". idempotent ()"), "{text}");
    assert!(!text.contains("[idempotent]") && !text.contains("[ idempotent ]"), "{text}");
}
