//! How `wire.lock` grows.

mod common;

use std::collections::BTreeSet;

use bp_diag::{SourceMap, render};
use bp_workflow::WorkflowModel;
use bp_workflow::wire_lock::{LockFile, LockUpdate, all_roots, update};
use common::accept;

const FIRST: &str = "
#[service] pub trait Cart { async fn add(&self, user: String, item: Item) -> Result<Shape, E>; async fn clear(&self) -> Result<(), E>; async fn here(&self, n: usize) -> Result<(), E>; }
#[derive(Data)] pub struct Item { pub sku: String, pub note: Option<String>, pub quantity: u32 }
#[derive(Data)] pub enum Shape { Circle { r: f64 }, Named(String), Empty }
#[derive(Data)] pub enum Color { Red, Green }
#[derive(Data)] pub struct Unsent(u8);
#[service] pub trait Paint { async fn with(&self, color: Vec<Color>) -> Result<(), E>; }
";

const FIRST_LOCK: &str = r#"# Numbers of fields, variants and arguments on the wire.
# Written by `bp build`; commit it. It only grows: what is removed stays reserved.
version = 1

[enum."shop::Color"]
1 = "Red"
2 = "Green"

[oneof."shop::E"]

[struct."shop::Item"]
1 = "sku: String"
2 = "note: Option<String>"
3 = "quantity: u32"

[oneof."shop::Shape"]
1 = "Circle: struct"
2 = "Named: String"
3 = "Empty: ()"

[oneof."shop::Shape".Circle]
1 = "r: f64"

[method."shop::Cart".add]
1 = "user: String"
2 = "item: shop::Item"

[method."shop::Paint".with]
1 = "color: Vec<shop::Color>"
"#;

fn lock(text: &str) -> (LockFile, SourceMap) {
    let mut sources = SourceMap::new();
    let file = sources.add("wire.lock", text);
    (LockFile { file, text: text.to_owned() }, sources)
}

/// Updates a lock that fits the model.
fn grow(text: &str, model: &WorkflowModel) -> LockUpdate {
    let (lock, sources) = lock(text);
    let (found, diagnostics) = update(Some(&lock), model, &all_roots(model));
    let said: Vec<String> = diagnostics.iter().map(|d| render::render_short(d, &sources)).collect();
    assert_eq!(said, Vec::<String>::new());
    found
}

#[test]
fn a_first_lock_follows_the_order_of_declaration() {
    let model = accept(FIRST);
    let (found, diagnostics) = update(None, &model, &all_roots(&model));
    assert!(diagnostics.is_empty());
    assert_eq!(found.text, FIRST_LOCK);
    assert!(found.changed);
    assert_eq!(
        serde_json::to_value(&found.table).unwrap(),
        serde_json::json!({
            "types": {
                "shop::Color": { "variants": { "Red": { "number": 1 }, "Green": { "number": 2 } } },
                "shop::Item": { "fields": { "sku": 1, "note": 2, "quantity": 3 } },
                "shop::Shape": { "variants": {
                    "Circle": { "number": 1, "fields": { "r": 1 } }, "Named": { "number": 2 }, "Empty": { "number": 3 } } },
                "shop::E": {},
            },
            "methods": {
                "shop::Cart": { "add": { "user": 1, "item": 2 } },
                "shop::Paint": { "with": { "color": 1 } },
            },
        })
    );
}

#[test]
fn nothing_new_changes_nothing() {
    let found = grow(FIRST_LOCK, &accept(FIRST));
    assert_eq!((found.changed, found.changes.len(), found.text.as_str()), (false, 0, FIRST_LOCK));
    let windows = FIRST_LOCK.replace('\n', "\r\n");
    assert!(!grow(&windows, &accept(FIRST)).changed);
}

#[test]
fn what_is_added_gets_the_next_number_and_what_is_removed_stays_reserved() {
    let second = FIRST
        .replace("user: String, item: Item", "gift: bool, item: Item")
        .replace(
            "pub note: Option<String>, pub quantity: u32",
            "pub color: Color, pub quantity: u32, pub count: u8",
        )
        .replace(
            "Circle { r: f64 }, Named(String), Empty",
            "Square { a: f64, b: f64 }, Empty, Circle { x: f64, r: f64 }",
        );
    let model = accept(&second);
    let found = grow(FIRST_LOCK, &model);
    let changed = FIRST_LOCK
        .replace("2 = \"note: Option<String>\"\n3 = \"quantity: u32\"\n", "2 = \"reserved note: Option<String>\"\n3 = \"quantity: u32\"\n4 = \"color: shop::Color\"\n5 = \"count: u8\"\n")
        .replace("2 = \"Named: String\"\n3 = \"Empty: ()\"\n", "2 = \"reserved Named: String\"\n3 = \"Empty: ()\"\n4 = \"Square: struct\"\n")
        .replace("1 = \"r: f64\"\n", "1 = \"r: f64\"\n2 = \"x: f64\"\n\n[oneof.\"shop::Shape\".Square]\n1 = \"a: f64\"\n2 = \"b: f64\"\n")
        .replace("1 = \"user: String\"\n2 = \"item: shop::Item\"\n", "1 = \"reserved user: String\"\n2 = \"item: shop::Item\"\n3 = \"gift: bool\"\n");
    assert_eq!(found.text, changed);
    assert_eq!(
        found.changes,
        [
            "`shop::Item`: field `note` is removed, its number stays reserved",
            "`shop::Item`: field `color` gets number 4",
            "`shop::Item`: field `count` gets number 5",
            "`shop::Shape`: variant `Named` is removed, its number stays reserved",
            "`shop::Shape`: variant `Square` gets number 4",
            "`shop::Shape::Circle`: field `x` gets number 2",
            "`shop::Shape::Square` is new",
            "`shop::Shape::Square`: field `a` gets number 1",
            "`shop::Shape::Square`: field `b` gets number 2",
            "`shop::Cart::add`: argument `user` is removed, its number stays reserved",
            "`shop::Cart::add`: argument `gift` gets number 3",
        ]
    );
    assert_eq!(found.table.types["shop::Item"].fields["color"], 4);
    assert!(!found.table.types["shop::Item"].fields.contains_key("note"));
    // What comes back is new: whoever reads the old number may read another meaning into it.
    let third = grow(&found.text, &accept(FIRST));
    assert!(third.text.contains("2 = \"reserved note: Option<String>\"\n3 = \"quantity: u32\"\n4 = \"reserved color: shop::Color\"\n5 = \"reserved count: u8\"\n6 = \"note: Option<String>\"\n"));
    assert!(!grow(&third.text, &accept(FIRST)).changed);
}

#[test]
fn what_is_gone_or_not_sent_keeps_its_lines() {
    let found = grow(FIRST_LOCK, &accept("#[service] pub trait Other {}"));
    assert_eq!((found.changed, found.text.as_str()), (false, FIRST_LOCK));
    let left: Vec<&str> = found.table.types.keys().map(String::as_str).collect();
    assert_eq!((left, found.table.methods.len()), (vec!["shop::E"], 0));
    // The order of declaration is nothing to the lock, nor is which services a wiring sends.
    let model = accept(&FIRST.replace(
        "pub sku: String, pub note: Option<String>",
        "pub note: Option<String>, pub sku: Box<String>",
    ));
    let (lock, _) = lock(FIRST_LOCK);
    let (found, diagnostics) = update(Some(&lock), &model, &BTreeSet::new());
    assert!(diagnostics.is_empty() && !found.changed);
    assert_eq!(found.table.types["shop::Item"].fields["sku"], 1);
    assert_eq!(found.table.methods["shop::Cart"]["add"]["item"], 2);
}

#[test]
fn roots_decide_what_is_locked_first() {
    let model = accept(FIRST);
    let (found, _) = update(None, &model, &BTreeSet::from(["shop::Paint".to_owned()]));
    let sections: Vec<&str> = found.text.lines().filter(|l| l.starts_with('[')).collect();
    assert_eq!(
        sections,
        ["[enum.\"shop::Color\"]", "[oneof.\"shop::E\"]", "[method.\"shop::Paint\".with]"]
    );
    let (none, _) = update(None, &model, &BTreeSet::new());
    assert!(!none.changed);
}

#[test]
fn numbers_that_protobuf_keeps_are_skipped() {
    let text = FIRST_LOCK
        .replace("3 = \"quantity: u32\"", "3 = \"quantity: u32\"\n18998 = \"reserved old: u8\"");
    let model =
        accept(&FIRST.replace("pub quantity: u32", "pub quantity: u32, pub a: u8, pub b: u8"));
    let found = grow(&text, &model);
    let fields = &found.table.types["shop::Item"].fields;
    assert_eq!((fields["a"], fields["b"]), (18_999, 20_000));
}

#[test]
fn a_fault_leaves_the_text_alone() {
    let retyped = accept(&FIRST.replace("pub quantity: u32", "pub quantity: u64, pub new: u8"));
    let (lock, sources) = lock(FIRST_LOCK);
    let (found, diagnostics) = update(Some(&lock), &retyped, &all_roots(&retyped));
    assert!(diagnostics.has_errors());
    assert_eq!((found.changed, found.text.as_str()), (false, FIRST_LOCK));
    let retype = diagnostics.iter().next().unwrap();
    assert_eq!(
        retype.message,
        "field `quantity` of `shop::Item` was `u32` on the wire and is now `u64`"
    );
    assert_eq!(sources.slice(retype.labels[1].span), "3 = \"quantity: u32\"");
    assert_eq!(retype.help.len(), 3);
}

#[test]
fn an_enum_that_gets_its_first_contents_is_retyped_and_an_error_is_not() {
    let model = accept(&FIRST.replace("Red, Green", "Red, Green(u8)"));
    let (lock, _) = lock(FIRST_LOCK);
    let (_, diagnostics) = update(Some(&lock), &model, &all_roots(&model));
    let said: Vec<&str> = diagnostics.iter().map(|d| d.message.as_str()).collect();
    assert_eq!(said, ["the form of `shop::Color` was `enum` on the wire and is now `oneof`"]);
}
