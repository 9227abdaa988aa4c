//! What derived types look like in both encodings.

#![expect(clippy::unwrap_used, reason = "a failing test says where")]
#![expect(clippy::needless_pass_by_value, reason = "values are written in place")]

use std::collections::BTreeMap;

use bp_data::{Codec, Data, DecodeError, Problem, decode, encode};
use bp_macros::Data;
use serde_json::{Value, json};

mod nested {
    use bp_macros::Data;

    #[derive(Debug, Clone, PartialEq, Data)]
    #[data(crate = ::bp_data)]
    pub(crate) struct Private {
        hidden: u32,
        pub(crate) r#type: String,
    }

    impl Private {
        pub(crate) fn new() -> Self {
            Self { hidden: 7, r#type: "t".into() }
        }
    }
}

#[derive(Debug, Clone, PartialEq, Data)]
#[data(crate = ::bp_data)]
struct Unit;

#[derive(Debug, Clone, PartialEq, Data)]
#[data(crate = ::bp_data)]
struct Newtype(Option<u32>);

#[derive(Debug, Clone, PartialEq, Data)]
#[data(crate = "::bp_data")]
struct Pair(u32, String);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Data)]
#[data(crate = ::bp_data)]
enum Color {
    Red = 10,
    Green = 20,
}

#[derive(Debug, Clone, PartialEq, Data)]
#[data(crate = ::bp_data)]
enum Shape {
    Nothing,
    Circle(f64),
    Path(Vec<Pair>),
    Segment(u32, u32),
    Box { width: u32, color: Color },
    Group(Box<Shape>, Option<Box<Shape>>),
}

fn both<T: Data + PartialEq + std::fmt::Debug>(value: T, expected: Value) {
    let text: Value = serde_json::from_slice(&encode(Codec::Json, &value)).unwrap();
    assert_eq!(text, expected);
    for codec in [Codec::Protobuf, Codec::Json] {
        assert_eq!(decode::<T>(codec, &encode(codec, &value)).unwrap(), value, "{codec:?}");
    }
}

#[test]
fn structs() {
    both(Unit, json!(null));
    both(Newtype(Some(3)), json!(3));
    both(Newtype(None), json!(null));
    both(Some(Newtype(None)), json!({"some": null}));
    both(Pair(1, "x".into()), json!([1, "x"]));
    both(nested::Private::new(), json!({"hidden": 7, "type": "t"}));
}

#[test]
fn enums() {
    both(Color::Green, json!("Green"));
    both(vec![Color::Green, Color::Red], json!(["Green", "Red"]));
    both(Shape::Nothing, json!("Nothing"));
    both(Shape::Circle(0.0), json!({"Circle": 0.0}));
    both(Shape::Path(vec![]), json!({"Path": []}));
    both(Shape::Path(vec![Pair(0, String::new())]), json!({"Path": [[0, ""]]}));
    both(Shape::Segment(1, 0), json!({"Segment": [1, 0]}));
    both(Shape::Box { width: 0, color: Color::Red }, json!({"Box": {"width": 0, "color": "Red"}}));
    both(Shape::Group(Box::new(Shape::Nothing), None), json!({"Group": ["Nothing", null]}));
    both(BTreeMap::from([(Color::Red, 1u64)]), json!([["Red", "1"]]));
}

#[test]
fn bytes_follow_the_table() {
    let bytes = |value: &Shape| encode(Codec::Protobuf, value).to_vec();
    assert_eq!(bytes(&Shape::Nothing), [0x0a, 2, 0x0a, 0]);
    // A variant is there even if its content is empty.
    assert_eq!(bytes(&Shape::Circle(0.0)), [0x0a, 9, 0x11, 0, 0, 0, 0, 0, 0, 0, 0]);
    // A list in a variant is wrapped.
    assert_eq!(bytes(&Shape::Path(vec![])), [0x0a, 2, 0x1a, 0]);
    assert_eq!(encode(Codec::Protobuf, &Color::Green).to_vec(), [0x08, 2]);
    assert_eq!(encode(Codec::Protobuf, &Pair(0, "a".into())).to_vec(), [0x0a, 3, 0x12, 1, b'a']);
}

fn fails<T: Data + std::fmt::Debug>(text: &str) -> DecodeError {
    decode::<T>(Codec::Json, text.as_bytes()).unwrap_err()
}

#[test]
fn errors_name_the_place() {
    let error = fails::<Shape>(r#"{"Path": [[1, "a"], [2, 3]]}"#);
    assert_eq!(error.path(), "Path[1][1]");
    assert_eq!(error.to_string(), "Path[1][1]: expected a string, found 3");
    let error = fails::<Shape>(r#"{"Box": {"width": 1, "color": "Blue"}}"#);
    assert_eq!(error.path(), "Box.color");
    assert_eq!(*error.problem(), Problem::UnknownVariant { of: "Color", variant: "Blue".into() });
    let error = fails::<Shape>(r#"{"Box": {"width": 1}}"#);
    assert_eq!(*error.problem(), Problem::MissingVariant { of: "Color" });
    assert_eq!(error.path(), "Box.color");
    assert_eq!(fails::<Shape>(r#""Circle""#).path(), "Circle");
    assert_eq!(fails::<Vec<u8>>(r#""a-b""#).path(), "");
    assert_eq!(fails::<Vec<i8>>("[1, 200]").path(), "[1]");

    let error = decode::<Color>(Codec::Protobuf, &[0x08, 9]).unwrap_err();
    assert_eq!(*error.problem(), Problem::UnknownVariant { of: "Color", variant: "9".into() });
    let error = decode::<Shape>(Codec::Protobuf, &[0x0a, 2, 0x7a, 0]).unwrap_err();
    assert_eq!(*error.problem(), Problem::UnknownVariant { of: "Shape", variant: "15".into() });
    let error = decode::<Shape>(Codec::Protobuf, &[]).unwrap_err();
    assert_eq!(*error.problem(), Problem::MissingVariant { of: "Shape" });
    let error = decode::<Pair>(Codec::Protobuf, &[0x0a, 3, 0x12, 1, 0xff]).unwrap_err();
    assert_eq!(error.to_string(), "1: expected a string, found invalid UTF-8");
}
