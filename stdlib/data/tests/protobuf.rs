//! Our bytes against an independent implementation, prost, for every row of the mapping table:
//! what we write it reads as the same value, and what it writes we read as the same value.

#![expect(clippy::unwrap_used, reason = "a failing test says where")]

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt::Debug;
use std::time::{Duration, SystemTime};

use bp_data::{Codec, Data, decode, encode};
use bp_macros::Data;
use prost::Message;

/// Ours to theirs and back.
fn agree<T: Data + PartialEq + Debug, M: Message + Default + PartialEq + Debug>(
    ours: &T,
    theirs: &M,
) {
    let read = M::decode(encode(Codec::Protobuf, ours)).unwrap();
    assert_eq!(&read, theirs, "prost reads what we wrote");
    let read: T = decode(Codec::Protobuf, &theirs.encode_to_vec()).unwrap();
    assert_eq!(&read, ours, "we read what prost wrote");
}

/// `message R { T result = 1; }` for a few T.
macro_rules! roots {
    ($($name:ident { $(#[$attribute:meta])* $ty:ty })*) => {$(
        #[derive(Clone, PartialEq, Message)]
        struct $name {
            $(#[$attribute])*
            result: $ty,
        }
    )*};
}

roots! {
    Bool { #[prost(bool, tag = "1")] bool }
    U32 { #[prost(uint32, tag = "1")] u32 }
    U64 { #[prost(uint64, tag = "1")] u64 }
    S32 { #[prost(sint32, tag = "1")] i32 }
    S64 { #[prost(sint64, tag = "1")] i64 }
    Float { #[prost(float, tag = "1")] f32 }
    Double { #[prost(double, tag = "1")] f64 }
    Text { #[prost(string, tag = "1")] String }
    Raw { #[prost(bytes = "vec", tag = "1")] Vec<u8> }
    Unit { #[prost(message, optional, tag = "1")] Option<Empty> }
    MaybeU32 { #[prost(uint32, optional, tag = "1")] Option<u32> }
    MaybeText { #[prost(string, optional, tag = "1")] Option<String> }
    MaybeRaw { #[prost(bytes = "vec", optional, tag = "1")] Option<Vec<u8>> }
    Packed { #[prost(sint32, repeated, tag = "1")] Vec<i32> }
    Unpacked { #[prost(sint32, repeated, packed = "false", tag = "1")] Vec<i32> }
    PackedU32 { #[prost(uint32, repeated, tag = "1")] Vec<u32> }
    Doubles { #[prost(double, repeated, tag = "1")] Vec<f64> }
    Floats { #[prost(float, repeated, tag = "1")] Vec<f32> }
    Bools { #[prost(bool, repeated, tag = "1")] Vec<bool> }
    Texts { #[prost(string, repeated, tag = "1")] Vec<String> }
    Raws { #[prost(bytes = "vec", repeated, tag = "1")] Vec<Vec<u8>> }
    Lists { #[prost(message, repeated, tag = "1")] Vec<PackedU32> }
    MaybeList { #[prost(message, optional, tag = "1")] Option<PackedU32> }
    Maybes { #[prost(message, repeated, tag = "1")] Vec<MaybeU32> }
    MaybeMaybe { #[prost(message, optional, tag = "1")] Option<MaybeU32> }
    Named { #[prost(btree_map = "string, uint64", tag = "1")] BTreeMap<String, u64> }
    Numbered { #[prost(btree_map = "sint32, string", tag = "1")] BTreeMap<i32, String> }
    Switches { #[prost(btree_map = "bool, message", tag = "1")] BTreeMap<bool, Pair> }
    Colored { #[prost(btree_map = "uint32, enumeration(Hue)", tag = "1")] BTreeMap<u32, i32> }
    NamedLists { #[prost(btree_map = "string, message", tag = "1")] BTreeMap<String, PackedU32> }
    NamedMaybes { #[prost(btree_map = "string, message", tag = "1")] BTreeMap<String, MaybeU32> }
    Entries { #[prost(message, repeated, tag = "1")] Vec<Entry> }
    Pairs { #[prost(message, repeated, tag = "1")] Vec<Pair> }
    Hues { #[prost(enumeration = "Hue", repeated, tag = "1")] Vec<i32> }
    AHue { #[prost(enumeration = "Hue", tag = "1")] i32 }
    MaybeHue { #[prost(enumeration = "Hue", optional, tag = "1")] Option<i32> }
    ATime { #[prost(message, optional, tag = "1")] Option<Moment> }
    AStruct { #[prost(message, optional, tag = "1")] Option<Order> }
    Events { #[prost(message, repeated, tag = "1")] Vec<AnEvent> }
}

#[derive(Clone, PartialEq, Message)]
struct Empty {}

#[derive(Clone, PartialEq, Message)]
struct Pair {
    #[prost(uint32, tag = "1")]
    first: u32,
    #[prost(string, tag = "2")]
    second: String,
}

/// A map's entry whose key protobuf's `map` does not take.
#[derive(Clone, PartialEq, Message)]
struct Entry {
    #[prost(message, optional, tag = "1")]
    key: Option<Pair>,
    #[prost(double, tag = "2")]
    value: f64,
}

#[derive(Clone, PartialEq, Message)]
struct Moment {
    #[prost(sint64, tag = "1")]
    seconds: i64,
    #[prost(uint32, tag = "2")]
    nanos: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, prost::Enumeration)]
#[repr(i32)]
enum Hue {
    Unspecified = 0,
    Red = 1,
    Green = 2,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Data)]
#[data(crate = ::bp_data)]
enum Color {
    Red,
    Green,
}

#[derive(Clone, PartialEq, Message)]
struct Order {
    #[prost(string, tag = "1")]
    id: String,
    #[prost(message, repeated, tag = "2")]
    lines: Vec<Pair>,
    #[prost(sint64, optional, tag = "3")]
    limit: Option<i64>,
    #[prost(message, optional, tag = "4")]
    wrapped: Option<U64>,
    #[prost(enumeration = "Hue", tag = "5")]
    hue: i32,
    #[prost(message, optional, boxed, tag = "6")]
    previous: Option<Box<Order>>,
    #[prost(message, optional, tag = "7")]
    unit: Option<Empty>,
    #[prost(bytes = "vec", tag = "8")]
    wide: Vec<u8>,
    #[prost(message, optional, tag = "9")]
    three: Option<Three>,
}

#[derive(Clone, PartialEq, Message)]
struct Three {
    #[prost(sint32, tag = "1")]
    first: i32,
    #[prost(bool, tag = "2")]
    second: bool,
    #[prost(uint32, optional, tag = "3")]
    third: Option<u32>,
}

#[derive(Debug, Clone, PartialEq, Data)]
#[data(crate = ::bp_data)]
struct Line(u32, String);

#[derive(Debug, Clone, PartialEq, Data)]
#[data(crate = ::bp_data)]
struct Wrapped(u64);

#[derive(Debug, Clone, PartialEq, Data)]
#[data(crate = ::bp_data)]
struct Marker;

#[derive(Debug, Clone, PartialEq, Data)]
#[data(crate = ::bp_data)]
struct OurOrder {
    id: String,
    lines: Vec<Line>,
    limit: Option<i64>,
    wrapped: Wrapped,
    color: Color,
    previous: Option<Box<OurOrder>>,
    unit: Marker,
    wide: i128,
    three: (i16, bool, Option<u8>),
}

#[derive(Clone, PartialEq, Message)]
struct AnEvent {
    #[prost(oneof = "OneOf", tags = "1, 2, 3, 4, 5, 6, 7, 8")]
    event: Option<OneOf>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
enum OneOf {
    #[prost(message, tag = "1")]
    Nothing(Empty),
    #[prost(uint32, tag = "2")]
    Count(u32),
    #[prost(message, tag = "3")]
    Line(Pair),
    #[prost(message, tag = "4")]
    List(PackedU32),
    #[prost(message, tag = "5")]
    Maybe(MaybeText),
    #[prost(message, tag = "6")]
    Tuple(Pair),
    #[prost(message, tag = "7")]
    Named(Packed),
    #[prost(enumeration = "Hue", tag = "8")]
    Hue(i32),
}

#[derive(Debug, Clone, PartialEq, Data)]
#[data(crate = ::bp_data)]
enum Event {
    Nothing,
    Count(u16),
    Line(Line),
    List(Vec<u32>),
    Maybe(Option<String>),
    Tuple(u32, String),
    Named { deltas: Vec<i8> },
    Color(Color),
}

fn pair(first: u32, second: &str) -> Pair {
    Pair { first, second: second.into() }
}

#[test]
fn scalars() {
    for value in [false, true] {
        agree(&value, &Bool { result: value });
    }
    for value in [0, 1, 127, 128, u32::MAX] {
        agree(&value, &U32 { result: value });
        agree(&u64::from(value), &U64 { result: value.into() });
    }
    agree(&200u8, &U32 { result: 200 });
    agree(&60_000u16, &U32 { result: 60_000 });
    agree(&'\u{1F600}', &U32 { result: 0x1F600 });
    agree(&u64::MAX, &U64 { result: u64::MAX });
    for value in [0, 1, -1, i32::MIN, i32::MAX] {
        agree(&value, &S32 { result: value });
        agree(&i64::from(value), &S64 { result: value.into() });
    }
    agree(&i8::MIN, &S32 { result: -128 });
    agree(&i16::MIN, &S32 { result: -32768 });
    agree(&i64::MIN, &S64 { result: i64::MIN });
    for value in [0.0, 1.5, f32::INFINITY, f32::MIN_POSITIVE] {
        agree(&value, &Float { result: value });
        agree(&f64::from(value), &Double { result: value.into() });
    }
    agree(&u128::MAX, &Raw { result: vec![0xff; 16] });
    agree(&-2i128, &Raw { result: [vec![0xff; 15], vec![0xfe]].concat() });
    agree(&0i128, &Raw { result: vec![] });
}

#[test]
fn strings_bytes_unit() {
    for value in ["", "a", "Grüße", &"x".repeat(1000)] {
        agree(&value.to_owned(), &Text { result: value.into() });
        agree(&value.as_bytes().to_vec(), &Raw { result: value.into() });
        agree(&bytes::Bytes::from(value.to_owned()), &Raw { result: value.into() });
    }
    agree(b"abc", &Raw { result: b"abc".into() });
    agree(&(), &Unit { result: Some(Empty {}) });
}

#[test]
fn options() {
    for value in [None, Some(0), Some(7)] {
        agree(&value, &MaybeU32 { result: value });
    }
    for value in [None, Some(String::new()), Some("a".to_owned())] {
        agree(&value.clone(), &MaybeText { result: value });
    }
    for value in [None, Some(vec![]), Some(vec![0, 1])] {
        agree(&value.clone(), &MaybeRaw { result: value });
    }
    agree(&Some(()), &Unit { result: Some(Empty {}) });
    agree(&None::<()>, &Unit { result: None });
    for value in [None, Some(None), Some(Some(0)), Some(Some(7))] {
        agree(&value, &MaybeMaybe { result: value.map(|result| MaybeU32 { result }) });
    }
    for value in [None, Some(vec![]), Some(vec![0, 300])] {
        agree(&value.clone(), &MaybeList { result: value.map(|result| PackedU32 { result }) });
    }
}

#[test]
fn lists() {
    let numbers = vec![0, -1, 300, i32::MIN];
    agree(&numbers, &Packed { result: numbers.clone() });
    agree(&Vec::<i32>::new(), &Packed { result: vec![] });
    let unpacked = Unpacked { result: numbers.clone() }.encode_to_vec();
    assert_eq!(decode(Codec::Protobuf, &unpacked), Ok(numbers.clone()));
    agree(&VecDeque::from(numbers.clone()), &Packed { result: numbers });
    agree(&BTreeSet::from([1u8, 2, 200]), &PackedU32 { result: vec![1, 2, 200] });
    agree(&[1u32, 0, 2], &PackedU32 { result: vec![1, 0, 2] });
    agree(&vec!['a', 'b'], &PackedU32 { result: vec![97, 98] });
    agree(&vec![0.0, 1.5], &Doubles { result: vec![0.0, 1.5] });
    agree(&vec![0.0f32, 1.5], &Floats { result: vec![0.0, 1.5] });
    agree(&vec![true, false], &Bools { result: vec![true, false] });
    let texts = vec![String::new(), "a".to_owned(), String::new()];
    agree(&texts, &Texts { result: texts.clone() });
    let raws = vec![vec![], vec![1, 2], vec![]];
    agree(&raws, &Raws { result: raws.clone() });
    let lists = vec![vec![], vec![1, 2, 3], vec![0]];
    let wrapped = lists.iter().cloned().map(|result| PackedU32 { result }).collect();
    agree(&lists, &Lists { result: wrapped });
    let maybes = vec![None, Some(0), Some(5)];
    let wrapped = maybes.iter().copied().map(|result| MaybeU32 { result }).collect();
    agree(&maybes, &Maybes { result: wrapped });
    let pairs = vec![(0u32, String::new()), (1, "x".to_owned())];
    agree(&pairs, &Pairs { result: vec![pair(0, ""), pair(1, "x")] });
}

#[test]
fn maps() {
    let named = BTreeMap::from([(String::new(), 0), ("a".to_owned(), u64::MAX)]);
    agree(&named.clone(), &Named { result: named });
    let numbered = BTreeMap::from([(0, String::new()), (-5, "a".to_owned())]);
    agree(&numbered.clone(), &Numbered { result: numbered });
    let switches = BTreeMap::from([(false, (0u32, String::new())), (true, (1, "x".to_owned()))]);
    let theirs = [(false, pair(0, "")), (true, pair(1, "x"))];
    agree(&switches, &Switches { result: theirs.into() });
    let colored = BTreeMap::from([('a', Color::Red), ('b', Color::Green)]);
    agree(&colored, &Colored { result: [(97, 1), (98, 2)].into() });
    let lists = BTreeMap::from([("a".to_owned(), vec![]), ("b".to_owned(), vec![1, 0])]);
    let theirs = lists.clone().into_iter().map(|(key, result)| (key, PackedU32 { result }));
    agree(&lists, &NamedLists { result: theirs.collect() });
    let maybes = BTreeMap::from([("a".to_owned(), None), ("b".to_owned(), Some(0))]);
    let theirs = maybes.clone().into_iter().map(|(key, result)| (key, MaybeU32 { result }));
    agree(&maybes, &NamedMaybes { result: theirs.collect() });
    let keyed = BTreeMap::from([((0u32, String::new()), 0.0), ((1, "x".to_owned()), 2.5)]);
    let theirs = [(pair(0, ""), 0.0), (pair(1, "x"), 2.5)];
    let theirs = theirs.map(|(key, value)| Entry { key: Some(key), value });
    agree(&keyed, &Entries { result: theirs.into() });
}

#[test]
fn enums() {
    agree(&Color::Red, &AHue { result: 1 });
    agree(&Some(Color::Green), &MaybeHue { result: Some(2) });
    agree(&None::<Color>, &MaybeHue { result: None });
    agree(&vec![Color::Green, Color::Red], &Hues { result: vec![2, 1] });
    let cases = [
        (Event::Nothing, OneOf::Nothing(Empty {})),
        (Event::Count(0), OneOf::Count(0)),
        (Event::Count(9), OneOf::Count(9)),
        (Event::Line(Line(0, String::new())), OneOf::Line(pair(0, ""))),
        (Event::List(vec![]), OneOf::List(PackedU32 { result: vec![] })),
        (Event::List(vec![0, 300]), OneOf::List(PackedU32 { result: vec![0, 300] })),
        (Event::Maybe(None), OneOf::Maybe(MaybeText { result: None })),
        (
            Event::Maybe(Some(String::new())),
            OneOf::Maybe(MaybeText { result: Some(String::new()) }),
        ),
        (Event::Tuple(4, "x".into()), OneOf::Tuple(pair(4, "x"))),
        (Event::Named { deltas: vec![-1, 5] }, OneOf::Named(Packed { result: vec![-1, 5] })),
        (Event::Color(Color::Green), OneOf::Hue(2)),
    ];
    let (ours, theirs): (Vec<_>, Vec<_>) = cases.into_iter().unzip();
    let theirs = theirs.into_iter().map(|event| AnEvent { event: Some(event) }).collect();
    agree(&ours, &Events { result: theirs });
}

#[test]
fn structs() {
    let empty = OurOrder {
        id: String::new(),
        lines: vec![],
        limit: None,
        wrapped: Wrapped(0),
        color: Color::Red,
        previous: None,
        unit: Marker,
        wide: 0,
        three: (0, false, None),
    };
    let full = OurOrder {
        id: "7".into(),
        lines: (0..50).map(|number| Line(number, "x".repeat(number as usize))).collect(),
        limit: Some(0),
        wrapped: Wrapped(u64::MAX),
        color: Color::Green,
        previous: Some(Box::new(empty.clone())),
        unit: Marker,
        wide: 1 << 64,
        three: (-3, true, Some(0)),
    };
    let their_empty = Order {
        wrapped: Some(U64 { result: 0 }),
        hue: 1,
        unit: Some(Empty {}),
        three: Some(Three::default()),
        ..Order::default()
    };
    let their_full = Order {
        id: "7".into(),
        lines: (0..50).map(|number| pair(number, &"x".repeat(number as usize))).collect(),
        limit: Some(0),
        wrapped: Some(U64 { result: u64::MAX }),
        hue: 2,
        previous: Some(Box::new(their_empty.clone())),
        unit: Some(Empty {}),
        wide: (1i128 << 64).to_be_bytes().into(),
        three: Some(Three { first: -3, second: true, third: Some(0) }),
    };
    agree(&empty, &AStruct { result: Some(their_empty) });
    agree(&full, &AStruct { result: Some(their_full) });
}

#[test]
fn times_and_texts() {
    let length = Duration::new(5, 7);
    agree(&length, &ATime { result: Some(Moment { seconds: 5, nanos: 7 }) });
    agree(
        &(SystemTime::UNIX_EPOCH - length),
        &ATime { result: Some(Moment { seconds: -6, nanos: 999_999_993 }) },
    );
    let text = |text: &str| Text { result: text.into() };
    agree(&chrono::NaiveDate::from_ymd_opt(2024, 5, 1).unwrap(), &text("2024-05-01"));
    agree(&chrono::NaiveTime::from_hms_opt(12, 30, 0).unwrap(), &text("12:30:00"));
    let plain: chrono::NaiveDateTime = "2024-05-01T12:30:00".parse().unwrap();
    agree(&plain, &text("2024-05-01T12:30:00"));
    agree(&plain.and_utc(), &text("2024-05-01T12:30:00Z"));
    agree(&uuid::Uuid::from_u128(1), &text("00000000-0000-0000-0000-000000000001"));
    agree(&rust_decimal::Decimal::new(110, 2), &text("1.10"));
}

#[test]
fn parts_of_a_message_are_merged() {
    let first = Order { id: "1".into(), lines: vec![pair(1, "a")], hue: 1, ..Order::default() };
    let second = Order { limit: Some(4), lines: vec![pair(2, "b")], hue: 2, ..Order::default() };
    let bytes =
        [first, second].map(|order| AStruct { result: Some(order) }.encode_to_vec()).concat();
    let theirs = AStruct::decode(&*bytes).unwrap().result.unwrap();
    let ours: OurOrder = decode(Codec::Protobuf, &bytes).unwrap();
    assert_eq!(theirs.lines, [pair(1, "a"), pair(2, "b")]);
    assert_eq!(ours.lines, [Line(1, "a".into()), Line(2, "b".into())]);
    assert_eq!((ours.id.as_str(), ours.limit, ours.color), ("1", Some(4), Color::Green));
    assert_eq!((theirs.id.as_str(), theirs.limit, theirs.hue), ("1", Some(4), 2));
}
