//! Any value of the supported types comes back identical from both encodings.
//!
//! Values are compared by their `Debug` text, in which NaN equals itself and -0.0 differs from 0.0.

#![expect(clippy::option_option, reason = "nested options must come back as they are")]
#![expect(clippy::zero_sized_map_values, reason = "so must odd maps")]

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::fmt::Debug;
use std::hash::Hash;
use std::time::{Duration, SystemTime};

use bp_data::{Codec, Data, decode, encode};
use bp_macros::Data;
use bytes::Bytes;
use chrono::{DateTime, Days, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use rust_decimal::Decimal;
use uuid::Uuid;

#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Data)]
#[data(crate = ::bp_data)]
struct Key {
    part: Option<u8>,
    name: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Data)]
#[data(crate = ::bp_data)]
enum Color {
    Red,
    Green,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Data)]
#[data(crate = ::bp_data)]
struct Id(u64);

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Data)]
#[data(crate = ::bp_data)]
struct Perhaps(Option<Vec<Id>>);

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Data)]
#[data(crate = ::bp_data)]
struct Nothing;

#[derive(Debug, Clone, PartialEq, Data)]
#[data(crate = ::bp_data)]
enum Tree {
    Leaf,
    Value(f64),
    Maybe(Option<Box<Tree>>),
    Twice(Option<Option<Box<Tree>>>),
    Bytes(Vec<u8>),
    Many(Vec<Tree>),
    Pair(Box<Tree>, Vec<Option<Tree>>),
    Named { left: Option<Box<Tree>>, by_name: BTreeMap<String, Tree>, color: Color },
    Perhaps(Perhaps),
    Nothing(Nothing),
    Unit(()),
    Tuple((u8, Box<Tree>)),
}

#[derive(Debug, Clone, Data)]
#[data(crate = ::bp_data)]
struct Node {
    value: i32,
    children: Vec<Node>,
    next: Option<Box<Node>>,
}

/// Any value, with short collections: proptest's own nest to millions of items.
trait Small: Debug + Sized + 'static {
    fn small() -> BoxedStrategy<Self>;
}

fn small<T: Small>() -> BoxedStrategy<T> {
    T::small()
}

macro_rules! scalars {
    ($($scalar:ty)*) => {$(
        impl Small for $scalar {
            fn small() -> BoxedStrategy<Self> {
                any::<Self>().boxed()
            }
        }
    )*};
}

scalars!(() bool char String Duration u8 u16 u32 u64 u128 i8 i16 i32 i64 i128 f32 f64);

impl<T: Small> Small for Option<T> {
    fn small() -> BoxedStrategy<Self> {
        option::of(T::small()).boxed()
    }
}

impl<T: Small, const N: usize> Small for [T; N] {
    fn small() -> BoxedStrategy<Self> {
        let items = vec(T::small(), N);
        items.prop_filter_map("N items", |items| items.try_into().ok()).boxed()
    }
}

macro_rules! collections {
    ($([$($generics:tt)*] $list:ty, $item:ty;)*) => {$(
        impl<$($generics)*> Small for $list {
            fn small() -> BoxedStrategy<Self> {
                vec(small::<$item>(), 0..5).prop_map(|items| items.into_iter().collect()).boxed()
            }
        }
    )*};
}

collections! {
    [T: Small] Vec<T>, T;
    [T: Small] VecDeque<T>, T;
    [T: Small + Ord] BTreeSet<T>, T;
    [T: Small + Eq + Hash] HashSet<T>, T;
    [K: Small + Ord, V: Small] BTreeMap<K, V>, (K, V);
    [K: Small + Eq + Hash, V: Small] HashMap<K, V>, (K, V);
}

macro_rules! tuples {
    ($(($($name:ident)*))*) => {$(
        impl<$($name: Small),*> Small for ($($name,)*) {
            fn small() -> BoxedStrategy<Self> {
                ($($name::small(),)*).boxed()
            }
        }
    )*};
}

tuples!((A) (A B) (A B C) (A B C D) (A B C D E) (A B C D E F) (A B C D E F G));

fn same<T: Data + Debug>(value: &T) -> Result<(), TestCaseError> {
    for codec in [Codec::Protobuf, Codec::Json] {
        let bytes = encode(codec, value);
        let back = decode::<T>(codec, &bytes);
        let back =
            back.map_err(|error| TestCaseError::fail(format!("{codec:?} {error}: {value:?}")))?;
        prop_assert_eq!(format!("{value:?}"), format!("{back:?}"), "{:?}", codec);
        prop_assert_eq!(bytes, encode(codec, &back), "equal values, equal bytes: {:?}", codec);
    }
    Ok(())
}

fn key() -> impl Strategy<Value = Key> {
    (any::<Option<u8>>(), "[a-z\u{e9}\u{1F600}\"]{0,3}").prop_map(|(part, name)| Key { part, name })
}

fn color() -> impl Strategy<Value = Color> {
    prop_oneof![Just(Color::Red), Just(Color::Green)]
}

fn ids() -> impl Strategy<Value = Vec<Id>> {
    vec(any::<u64>().prop_map(Id), 0..4)
}

fn tree() -> impl Strategy<Value = Tree> {
    let leaf = prop_oneof![
        Just(Tree::Leaf),
        any::<f64>().prop_map(Tree::Value),
        vec(any::<u8>(), 0..5).prop_map(Tree::Bytes),
        option::of(ids()).prop_map(|ids| Tree::Perhaps(Perhaps(ids))),
        Just(Tree::Nothing(Nothing)),
        Just(Tree::Unit(())),
    ];
    leaf.prop_recursive(6, 40, 4, |inner| {
        let boxed = inner.clone().prop_map(Box::new);
        let named = (
            option::of(boxed.clone()),
            proptest::collection::btree_map(small::<String>(), inner.clone(), 0..3),
            color(),
        );
        prop_oneof![
            option::of(boxed.clone()).prop_map(Tree::Maybe),
            option::of(option::of(boxed.clone())).prop_map(Tree::Twice),
            vec(inner.clone(), 0..4).prop_map(Tree::Many),
            (boxed.clone(), vec(option::of(inner), 0..3)).prop_map(|(a, b)| Tree::Pair(a, b)),
            named.prop_map(|(left, by_name, color)| Tree::Named { left, by_name, color }),
            (any::<u8>(), boxed).prop_map(Tree::Tuple),
        ]
    })
}

fn node() -> impl Strategy<Value = Node> {
    let leaf = any::<i32>().prop_map(|value| Node { value, children: vec![], next: None });
    leaf.prop_recursive(8, 60, 4, |inner| {
        (any::<i32>(), vec(inner.clone(), 0..4), option::of(inner.prop_map(Box::new)))
            .prop_map(|(value, children, next)| Node { value, children, next })
    })
}

fn date() -> impl Strategy<Value = NaiveDate> {
    let days = (NaiveDate::MAX - NaiveDate::MIN).num_days();
    let usual = -40_000..60_000i64;
    prop_oneof![
        (0..=days).prop_filter_map("a date", |days| {
            NaiveDate::MIN.checked_add_days(Days::new(days.cast_unsigned()))
        }),
        usual.prop_filter_map("a date", |days| {
            NaiveDate::default().checked_add_signed(chrono::TimeDelta::days(days))
        }),
    ]
}

fn time() -> impl Strategy<Value = NaiveTime> {
    let nanos = prop_oneof![Just(0), Just(500_000_000), 0..2_000_000_000u32];
    (0..86_400u32, nanos).prop_filter_map("a leap second ends a minute", |(seconds, nanos)| {
        NaiveTime::from_num_seconds_from_midnight_opt(seconds, nanos)
    })
}

fn date_time() -> impl Strategy<Value = NaiveDateTime> {
    (date(), time()).prop_map(|(date, time)| date.and_time(time))
}

fn utc() -> impl Strategy<Value = DateTime<Utc>> {
    date_time().prop_map(|plain| plain.and_utc())
}

fn decimal() -> impl Strategy<Value = Decimal> {
    (-(1i128 << 95)..(1i128 << 95), 0..=28u32)
        .prop_map(|(number, scale)| Decimal::from_i128_with_scale(number, scale))
}

fn system_time() -> impl Strategy<Value = SystemTime> {
    (any::<bool>(), any::<Duration>(), 0..64u32).prop_filter_map("a time", |(after, far, shift)| {
        let far = Duration::new(far.as_secs() >> shift, far.subsec_nanos());
        if after {
            SystemTime::UNIX_EPOCH.checked_add(far)
        } else {
            SystemTime::UNIX_EPOCH.checked_sub(far)
        }
    })
}

macro_rules! properties {
    ($($name:ident: $strategy:expr;)*) => {
        proptest! {
            #![proptest_config(ProptestConfig::with_cases(128))]
            $(
                #[test]
                fn $name(value in $strategy) {
                    same(&value)?;
                }
            )*
        }
    };
}

properties! {
    small_integers: small::<(u8, u16, u32, i8, i16, i32)>();
    wide_integers: small::<(u64, i64, u128, i128)>();
    booleans_characters_strings: small::<(bool, char, String, ())>();
    floats: small::<(f32, f64, Vec<f32>, Vec<f64>, Option<f32>)>();
    bytes: small::<(Vec<u8>, [u8; 5], Option<Vec<u8>>, Vec<Vec<u8>>, [[u8; 2]; 2], [u8; 0])>();
    external_bytes: vec(any::<u8>(), 0..9).prop_map(|bytes| (Bytes::from(bytes.clone()), Some(Bytes::from(bytes))));
    options: small::<(Option<u32>, Option<Option<u32>>, Option<Option<Option<bool>>>, Option<()>, Option<Option<()>>)>();
    options_of_lists: small::<(Option<Vec<u32>>, Option<Option<Vec<String>>>, Option<Vec<Option<u8>>>)>();
    lists: small::<(Vec<u32>, Vec<i64>, Vec<String>, Vec<bool>, Vec<char>, Vec<()>, Vec<u128>)>();
    lists_of_lists: small::<(Vec<Vec<u32>>, Vec<Vec<Vec<bool>>>, Vec<Option<bool>>, Vec<Option<Vec<Option<u64>>>>)>();
    arrays: small::<([i32; 3], [String; 2], [Vec<u8>; 2], [Option<u64>; 2], Option<[u16; 2]>, Vec<[u16; 2]>)>();
    queues: small::<(VecDeque<u64>, Vec<VecDeque<u8>>, Option<VecDeque<String>>)>();
    sets: small::<(BTreeSet<u32>, BTreeSet<String>, BTreeSet<u8>, BTreeSet<Vec<u8>>, BTreeSet<Option<i8>>, Option<BTreeSet<u64>>)>();
    string_maps: small::<(BTreeMap<String, u64>, BTreeMap<String, Option<u8>>, BTreeMap<String, Vec<u32>>, Vec<BTreeMap<String, String>>)>();
    integer_maps: small::<(BTreeMap<u8, u8>, BTreeMap<i64, String>, BTreeMap<u64, ()>, BTreeMap<u128, bool>, BTreeMap<i32, BTreeMap<i8, Option<char>>>)>();
    other_maps: small::<(BTreeMap<bool, u8>, BTreeMap<char, u8>, BTreeMap<Vec<u8>, u8>, BTreeMap<Vec<u32>, u8>, BTreeMap<Option<u16>, Option<BTreeMap<String, u8>>>, BTreeMap<(u8, String), Vec<Vec<u8>>>)>();
    typed_maps: proptest::collection::btree_map(key(), proptest::collection::btree_map(color(), ids(), 0..3), 0..5);
    known_maps: vec((any::<u128>(), date(), decimal(), any::<Duration>()), 0..4).prop_map(|entries| {
        let entries = entries.into_iter();
        entries.map(|(uuid, date, decimal, duration)| ((Uuid::from_u128(uuid), date), (decimal, duration))).collect::<BTreeMap<_, _>>()
    });
    tuples: small::<((u8,), (u8, String), ((), (Option<u8>, Vec<u8>), u64, i8, bool, char, u16))>();
    newtypes: (ids(), option::of(option::of(ids()).prop_map(Perhaps)), vec(option::of(ids()).prop_map(Perhaps), 0..4));
    units: vec(option::of(Just(Nothing)), 0..4);
    enums: (color(), vec(color(), 0..5), option::of(color()), vec(option::of(color()), 0..5));
    boxes: small::<(u32, Option<u8>, String)>().prop_map(|(a, b, c)| (Box::new(a), vec![Box::new(b)], Some(Box::new(c))));
    durations: small::<(Duration, Option<Duration>, Vec<Duration>)>();
    system_times: (system_time(), vec(system_time(), 0..3));
    dates: (date(), time(), date_time(), utc(), vec(utc(), 0..3));
    decimals: (decimal(), option::of(decimal()));
    uuids: small::<(u128, u128)>().prop_map(|(a, b)| (Uuid::from_u128(a), vec![Uuid::from_u128(b)]));
    trees: tree();
    nodes: node();
}

type Hashed = (
    HashMap<i32, Vec<String>>,
    HashMap<String, Option<u8>>,
    HashSet<u64>,
    Vec<HashMap<u8, HashSet<i8>>>,
);

proptest! {
    #[test]
    fn hashed_collections(
        map in small::<HashMap<i32, Vec<String>>>(),
        by_name in small::<HashMap<String, Option<u8>>>(),
        set in small::<HashSet<u64>>(),
        nested in small::<Vec<HashMap<u8, HashSet<i8>>>>(),
    ) {
        let value = (map, by_name, set, nested);
        for codec in [Codec::Protobuf, Codec::Json] {
            let bytes = encode(codec, &value);
            let back: Hashed =
                decode(codec, &bytes).map_err(|error| TestCaseError::fail(error.to_string()))?;
            prop_assert_eq!(&value, &back);
            prop_assert_eq!(bytes, encode(codec, &back), "whatever the hasher's order");
        }
    }
}

#[test]
fn extremes() {
    let check = |result: Result<(), TestCaseError>| result.expect("round trip");
    check(same(&(u64::MAX, (1u64 << 53) + 1, i64::MIN, u128::MAX, i128::MIN)));
    check(same(&(
        f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
        -0.0f64,
        f64::MIN_POSITIVE,
        f64::MAX,
    )));
    check(same(&(
        f32::NAN,
        f32::INFINITY,
        f32::NEG_INFINITY,
        -0.0f32,
        f32::MIN_POSITIVE,
        f32::MAX,
        0.1f32,
    )));
    check(same(&(Duration::MAX, Duration::ZERO, SystemTime::UNIX_EPOCH)));
    check(same(&(Decimal::MAX, Decimal::MIN, Decimal::new(110, 2))));
    check(same(&(NaiveDate::MIN, NaiveDate::MAX, NaiveDateTime::MIN, NaiveDateTime::MAX)));
    check(same(&(DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC)));
    check(same(&(String::from("\0\"\\\u{2028}"), '\0', char::MAX, vec![(); 300])));
    check(same(&(
        vec![0u32; 5],
        vec![String::new(); 3],
        vec![vec![0u8; 0]; 2],
        Some(String::new()),
        Some(0u8),
    )));
    check(same(&BTreeMap::from([(String::new(), String::new())])));
    check(same(&"x".repeat(100_000)));
}

#[test]
fn numbers_are_accepted_where_strings_are_written() {
    let json = |text: &str| text.as_bytes().to_vec();
    assert_eq!(decode(Codec::Json, &json("18446744073709551615")), Ok(u64::MAX));
    assert_eq!(decode(Codec::Json, &json("-5")), Ok(-5i128));
    assert_eq!(decode(Codec::Json, &json("\"7\"")), Ok(7u64));
    assert_eq!(decode(Codec::Json, &json("3")), Ok(3.0f64));
    assert_eq!(decode(Codec::Json, &json("\"AA\"")), Ok(vec![0u8]));
    assert_eq!(
        decode(Codec::Json, &json("\"2024-05-01T14:00:00+02:00\"")),
        Ok("2024-05-01T12:00:00Z".parse::<DateTime<Utc>>().expect("a time"))
    );
    for wrong in ["1.5", "-1", "\"x\"", "null", "1e3", "18446744073709551616"] {
        assert!(decode::<u64>(Codec::Json, wrong.as_bytes()).is_err(), "{wrong}");
    }
}
