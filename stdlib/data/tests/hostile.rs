//! Invalid bytes: an error, never a panic, a hang or too much memory.

use std::collections::BTreeMap;
use std::fmt::Debug;

use bp_data::{Codec, Data, MAX_DEPTH, Problem, decode, encode};
use bp_macros::Data;
use proptest::prelude::*;

#[derive(Debug, Clone, PartialEq, Data)]
#[data(crate = ::bp_data)]
struct Chain {
    next: Option<Box<Chain>>,
}

#[derive(Debug, Clone, PartialEq, Data)]
#[data(crate = ::bp_data)]
enum Tree {
    Leaf,
    One(Box<Tree>),
    Many(Vec<Tree>),
    Named { map: BTreeMap<String, Option<Tree>>, list: Vec<Option<Vec<i32>>> },
}

/// No value of it exists, yet a decoder for it does.
#[derive(Debug, Clone, Data)]
#[data(crate = ::bp_data)]
struct Endless {
    inner: Box<Endless>,
}

fn any_outcome(codec: Codec, bytes: &[u8]) {
    fn outcome<T: Data + Debug>(codec: Codec, bytes: &[u8]) {
        if let Ok(value) = decode::<T>(codec, bytes) {
            drop(encode(codec, &value));
        }
    }
    outcome::<Tree>(codec, bytes);
    outcome::<Chain>(codec, bytes);
    outcome::<Endless>(codec, bytes);
    outcome::<Vec<Vec<u64>>>(codec, bytes);
    outcome::<BTreeMap<i64, Option<String>>>(codec, bytes);
    outcome::<(u8, i128, f32, f64, char, bool, [u8; 3], [u32; 2])>(codec, bytes);
    outcome::<(std::time::Duration, std::time::SystemTime, chrono::DateTime<chrono::Utc>)>(
        codec, bytes,
    );
    outcome::<(uuid::Uuid, rust_decimal::Decimal, chrono::NaiveTime, Option<Option<()>>)>(
        codec, bytes,
    );
}

fn tree() -> impl Strategy<Value = Tree> {
    let leaf = Just(Tree::Leaf);
    leaf.prop_recursive(5, 30, 4, |inner| {
        let map = proptest::collection::btree_map(
            "[a-c]{0,2}",
            proptest::option::of(inner.clone()),
            0..3,
        );
        prop_oneof![
            inner.clone().prop_map(|inner| Tree::One(Box::new(inner))),
            proptest::collection::vec(inner, 0..4).prop_map(Tree::Many),
            (
                map,
                proptest::collection::vec(
                    proptest::option::of(proptest::collection::vec(any::<i32>(), 0..3)),
                    0..3
                )
            )
                .prop_map(|(map, list)| Tree::Named { map, list }),
        ]
    })
}

proptest! {
    #[test]
    fn arbitrary_bytes(bytes in any::<Vec<u8>>()) {
        any_outcome(Codec::Protobuf, &bytes);
        any_outcome(Codec::Json, &bytes);
    }

    #[test]
    fn arbitrary_fields(fields in proptest::collection::vec((1..6u8, 0..8u8, any::<Vec<u8>>()), 0..8)) {
        let mut bytes = Vec::new();
        for (number, wire, content) in fields {
            bytes.push(number << 3 | wire);
            if wire == 2 {
                bytes.push(u8::try_from(content.len() & 0x7f).unwrap());
            }
            bytes.extend(content);
        }
        any_outcome(Codec::Protobuf, &bytes);
    }

    #[test]
    fn json_of_another_type(text in r#"(\[|\{"[a-z]{0,4}":|"[A-Za-z0-9:.-]{0,9}"|[0-9.eE-]{1,6}|null|\]|\}|,){0,12}"#) {
        any_outcome(Codec::Json, text.as_bytes());
    }

    #[test]
    fn damaged_values(value in tree(), at in any::<proptest::sample::Index>(), byte in any::<u8>(), cut in any::<bool>()) {
        for codec in [Codec::Protobuf, Codec::Json] {
            let mut bytes = encode(codec, &value).to_vec();
            let at = at.index(bytes.len());
            if cut { bytes.truncate(at) } else { bytes[at] = byte }
            any_outcome(codec, &bytes);
        }
    }
}

/// `depth` chained messages, inside the root.
fn chain(depth: u32) -> Chain {
    (1..depth).fold(Chain { next: None }, |next, _| Chain { next: Some(Box::new(next)) })
}

#[test]
fn depth_has_one_limit_in_both_encodings() {
    // The root is a message too.
    let deepest = chain(MAX_DEPTH - 1);
    for codec in [Codec::Protobuf, Codec::Json] {
        assert_eq!(decode::<Chain>(codec, &encode(codec, &deepest)).as_ref(), Ok(&deepest));
    }
    // In JSON a variant takes two levels.
    let tree = (2..MAX_DEPTH / 2).fold(Tree::Leaf, |inner, _| Tree::Many(vec![inner]));
    for codec in [Codec::Protobuf, Codec::Json] {
        assert_eq!(decode::<Tree>(codec, &encode(codec, &tree)).as_ref(), Ok(&tree));
    }
    let deeper = encode(Codec::Protobuf, &chain(MAX_DEPTH));
    let error = decode::<Chain>(Codec::Protobuf, &deeper).unwrap_err();
    assert_eq!(*error.problem(), Problem::TooDeep);
}

#[test]
fn nesting_two_hundred_thousand_deep_is_an_error() {
    let depth = 200_000;
    let mut message = Vec::new();
    // Written backwards: content, length, tag.
    for _ in 0..depth {
        let mut length = message.len();
        let mut prefix = vec![0x0a];
        while length >= 0x80 {
            prefix.push(u8::try_from(length & 0x7f).unwrap() | 0x80);
            length >>= 7;
        }
        prefix.push(u8::try_from(length).unwrap());
        message.extend(prefix.iter().rev());
    }
    message.reverse();
    let error = decode::<Chain>(Codec::Protobuf, &message).unwrap_err();
    assert_eq!(*error.problem(), Problem::TooDeep);

    for open in ["[", r#"{"next":"#, r#"{"One":"#] {
        let text = open.repeat(depth);
        for bytes in [text.as_bytes(), format!("{{\"skipped\":{text}").as_bytes()] {
            let error = decode::<Chain>(Codec::Json, bytes).unwrap_err();
            assert_eq!(*error.problem(), Problem::TooDeep);
        }
    }
    // Brackets inside a string do not nest.
    let text = format!("\"\\\"{}\"", "[".repeat(depth));
    assert_eq!(decode::<String>(Codec::Json, text.as_bytes()).unwrap().len(), depth + 1);
}

#[test]
fn a_type_without_values_has_no_empty_value() {
    let error = decode::<Endless>(Codec::Protobuf, &[]).unwrap_err();
    assert_eq!(*error.problem(), Problem::TooDeep);
    assert!(decode::<Endless>(Codec::Json, b"{}").is_err());
}

#[test]
fn malformed_protobuf_is_named() {
    let cases: [(&[u8], &str); 9] = [
        (&[0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f, 1], "the message is cut short"),
        (
            &[0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1],
            "the message is cut short",
        ),
        (&[0x0b], "a protobuf group, which is not supported"),
        (&[0x0c], "a protobuf group, which is not supported"),
        (&[0x0e], "an unknown protobuf wire type"),
        (&[0x02, 0], "a field number out of range"),
        (
            &[0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2],
            "an integer of more than 64 bits",
        ),
        (&[0x08], "the message is cut short"),
        (&[0x0d, 1, 2, 3], "the message is cut short"),
    ];
    for (bytes, expected) in cases {
        assert_eq!(decode::<u64>(Codec::Protobuf, bytes).unwrap_err().to_string(), expected);
    }
    let error = decode::<u8>(Codec::Protobuf, &[0x08, 0xac, 2]).unwrap_err();
    assert_eq!(error.to_string(), "expected an integer from 0 to 255, found 300");
    let error = decode::<u8>(Codec::Protobuf, &[0x0a, 0]).unwrap_err();
    assert_eq!(error.to_string(), "expected an integer from 0 to 255, found bytes or a message");
    assert!(decode::<char>(Codec::Protobuf, &[0x08, 0x80, 0xb0, 3]).is_err(), "a surrogate");
    assert!(decode::<[u32; 3]>(Codec::Protobuf, &[0x0a, 2, 1, 2]).is_err());
    assert!(decode::<u64>(Codec::Json, b"1 2").is_err(), "something after the value");
}
