//! Two builds of one application that differ by a field, an argument and a variant understand each other.

#![expect(clippy::unwrap_used, reason = "a failing test says where")]

use bp_data::wire::{self, ArgumentNumbers, InstallError, WireTable};
use bp_data::{ArgumentTuple, Codec, Problem, decode, encode};

const BOTH: [Codec; 2] = [Codec::Protobuf, Codec::Json];

type Old = (String, v1::Item);
type New = (Option<bool>, v2::Item, String);

/// The older build.
mod v1 {
    use bp_macros::Data;

    #[derive(Debug, Clone, PartialEq, Data)]
    #[data(crate = ::bp_data)]
    pub(crate) struct Item {
        pub(crate) sku: String,
        pub(crate) quantity: u32,
    }

    #[derive(Debug, Clone, PartialEq, Data)]
    #[data(crate = ::bp_data)]
    pub(crate) enum Event {
        Added { item: Item },
        Cleared,
    }

    #[derive(Debug, Clone, Copy, PartialEq, Data)]
    #[data(crate = ::bp_data)]
    pub(crate) enum Color {
        Red,
        Green,
    }
}

/// The newer one: everything is added in front, so that only the numbers keep the two together.
mod v2 {
    use std::collections::BTreeMap;

    use bp_macros::Data;

    #[derive(Debug, Clone, PartialEq, Data)]
    #[data(crate = ::bp_data)]
    pub(crate) struct Item {
        pub(crate) notes: BTreeMap<String, Vec<u8>>,
        pub(crate) gift: Option<bool>,
        pub(crate) quantity: u32,
        pub(crate) sku: String,
    }

    #[derive(Debug, Clone, PartialEq, Data)]
    #[data(crate = ::bp_data)]
    pub(crate) enum Event {
        Moved(u32, u32),
        Cleared,
        Added { silently: bool, item: Item },
    }

    #[derive(Debug, Clone, Copy, PartialEq, Data)]
    #[data(crate = ::bp_data)]
    pub(crate) enum Color {
        Blue,
        Green,
        Red,
    }
}

/// A module whose name is a keyword, which stands in the table as it is.
mod r#type {
    use bp_macros::Data;

    #[derive(Debug, Clone, PartialEq, Data)]
    #[data(crate = ::bp_data)]
    pub(crate) struct B {
        pub left: u8,
        pub right: u8,
    }
}

fn table() -> WireTable {
    serde_json::from_value(serde_json::json!({
        "types": {
            "evolution::v1::Item": { "fields": { "sku": 2, "quantity": 1 } },
            "evolution::v2::Item": { "fields": { "sku": 2, "quantity": 1, "notes": 7, "gift": 900 } },
            "evolution::v1::Event": { "variants": {
                "Added": { "number": 3, "fields": { "item": 4 } },
                "Cleared": { "number": 1 },
            } },
            "evolution::v2::Event": { "variants": {
                "Added": { "number": 3, "fields": { "item": 4, "silently": 5 } },
                "Cleared": { "number": 1 },
                "Moved": { "number": 4, "fields": { "0": 1, "1": 3 } },
            } },
            "evolution::type::B": { "fields": { "left": 8, "right": 9 } },
            "evolution::v1::Color": { "variants": { "Red": { "number": 2 }, "Green": { "number": 5 } } },
            "evolution::v2::Color": { "variants": {
                "Red": { "number": 2 }, "Green": { "number": 5 }, "Blue": { "number": 6 },
            } },
        },
        "methods": {
            "v1::Cart": { "add": { "user": 3, "item": 1 } },
            "v2::Cart": { "add": { "user": 3, "item": 1, "urgent": 4 } },
        },
    }))
    .unwrap()
}

fn install() {
    wire::install(table()).unwrap();
}

fn old_item() -> v1::Item {
    v1::Item { sku: "tea".into(), quantity: 2 }
}

fn new_item() -> v2::Item {
    v2::Item {
        notes: [("why".to_owned(), vec![1, 2])].into(),
        gift: Some(true),
        quantity: 2,
        sku: "tea".into(),
    }
}

#[test]
fn numbers_come_from_the_table() {
    install();
    assert_eq!(encode(Codec::Protobuf, &v1::Color::Green).to_vec(), [0x08, 5]);
    let item = v1::Item { sku: "a".into(), quantity: 9 };
    assert_eq!(encode(Codec::Protobuf, &item).to_vec(), [0x0a, 5, 0x12, 1, b'a', 0x08, 9]);
    let b = r#type::B { left: 1, right: 2 };
    assert_eq!(encode(Codec::Protobuf, &b).to_vec(), [0x0a, 4, 8 << 3, 1, 9 << 3, 2]);
    assert_eq!(wire::install(table()), Ok(()), "the same table again is fine");
    assert_eq!(wire::install(WireTable::default()), Err(InstallError::Different));
}

#[test]
fn an_added_field() {
    install();
    for codec in BOTH {
        let forward: v2::Item = decode(codec, &encode(codec, &old_item())).unwrap();
        assert_eq!(
            forward,
            v2::Item { notes: [].into(), gift: None, quantity: 2, sku: "tea".into() }
        );
        let back: v1::Item = decode(codec, &encode(codec, &new_item())).unwrap();
        assert_eq!(back, old_item());
        let list: Vec<v1::Item> = decode(codec, &encode(codec, &vec![new_item(); 3])).unwrap();
        assert_eq!(list, vec![old_item(); 3]);
    }
}

#[test]
fn an_added_field_in_a_variant() {
    install();
    for codec in BOTH {
        let old = v1::Event::Added { item: old_item() };
        let forward: v2::Event = decode(codec, &encode(codec, &old)).unwrap();
        let v2::Event::Added { silently: false, item } = forward else { panic!("{forward:?}") };
        assert_eq!(item.sku, "tea");
        let new = v2::Event::Added { silently: true, item: new_item() };
        assert_eq!(decode(codec, &encode(codec, &new)), Ok(old));
    }
}

#[test]
fn an_added_variant() {
    install();
    for codec in BOTH {
        let cleared: v1::Event = decode(codec, &encode(codec, &v2::Event::Cleared)).unwrap();
        assert_eq!(cleared, v1::Event::Cleared);
        let red: v1::Color = decode(codec, &encode(codec, &v2::Color::Red)).unwrap();
        assert_eq!(red, v1::Color::Red);
        let red: v2::Color = decode(codec, &encode(codec, &v1::Color::Red)).unwrap();
        assert_eq!(red, v2::Color::Red);

        let error =
            decode::<v1::Event>(codec, &encode(codec, &v2::Event::Moved(1, 2))).unwrap_err();
        assert!(matches!(error.problem(), Problem::UnknownVariant { of: "Event", .. }), "{error}");
        let error = decode::<v1::Color>(codec, &encode(codec, &v2::Color::Blue)).unwrap_err();
        assert!(matches!(error.problem(), Problem::UnknownVariant { of: "Color", .. }), "{error}");
        let moved: v2::Event = decode(codec, &encode(codec, &v2::Event::Moved(1, 2))).unwrap();
        assert_eq!(moved, v2::Event::Moved(1, 2));
    }
}

#[test]
fn an_added_argument() {
    install();
    let old: ArgumentNumbers = wire::arguments("v1::Cart", "add", &["user", "item"]);
    let new: ArgumentNumbers = wire::arguments("v2::Cart", "add", &["urgent", "item", "user"]);
    assert_eq!((old.numbers(), new.numbers()), (&[3, 1][..], &[4, 1, 3][..]));
    for codec in BOTH {
        let sent = ("ada".to_owned(), old_item()).encode_arguments(codec, &old);
        let (urgent, item, user) = New::decode_arguments(codec, &sent, &new).unwrap();
        assert_eq!((urgent, item.sku.as_str(), user.as_str()), (None, "tea", "ada"));

        let sent = (Some(true), new_item(), "ada".to_owned()).encode_arguments(codec, &new);
        let got = Old::decode_arguments(codec, &sent, &old).unwrap();
        assert_eq!(got, ("ada".to_owned(), old_item()));
        assert_eq!(
            <()>::decode_arguments(codec, &sent, &wire::arguments("v1::Cart", "no", &[])),
            Ok(())
        );
        let error =
            <(u8,)>::decode_arguments(codec, &sent, &wire::arguments("v2::Cart", "add", &["user"]))
                .unwrap_err();
        assert_eq!(error.path(), "user");
    }
}

#[test]
fn what_the_table_lacks_gets_a_free_number() {
    install();
    let numbers = wire::arguments("v1::Cart", "add", &["before", "user", "item", "behind"]);
    assert_eq!(numbers.numbers(), [4, 3, 1, 5]);
    assert_eq!(wire::arguments("v1::Cart", "unknown", &["a", "b"]).numbers(), [1, 2]);
}

#[test]
fn a_table_with_impossible_numbers_is_refused() {
    let table = |json: serde_json::Value| serde_json::from_value::<WireTable>(json).unwrap();
    let zero = table(serde_json::json!({ "types": { "a::B": { "fields": { "x": 0 } } } }));
    assert_eq!(wire::install(zero), Err(InstallError::Number("a::B".into(), 0)));
    let great = table(serde_json::json!({ "methods": { "a::B": { "m": { "x": 536_870_912 } } } }));
    assert_eq!(wire::install(great), Err(InstallError::Number("a::B::m".into(), 536_870_912)));
    let variants = serde_json::json!({ "X": { "number": 1 }, "Y": { "number": 1 } });
    let twice = table(serde_json::json!({ "types": { "a::B": { "variants": variants } } }));
    assert_eq!(wire::install(twice), Err(InstallError::Twice("a::B".into(), 1)));
}
