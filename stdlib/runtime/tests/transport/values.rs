//! Values of every type that may cross a process.

#![expect(clippy::option_option, reason = "nested options must come back as they are")]

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime};

use bp_std::Data;
use bp_std::rt::{MessageLimit, TransportPlugin};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::probe::{ECHO, ProbeError, connect_with, named, serve_at};

#[derive(Debug, Clone, PartialEq, Data)]
pub(crate) struct Everything {
    pub numbers: Numbers,
    pub text: String,
    pub character: char,
    pub bytes: Vec<u8>,
    pub unit: (),
    pub option: Option<u32>,
    pub nested_options: Option<Option<Option<String>>>,
    pub lists: Vec<Vec<i32>>,
    pub options: Vec<Option<bool>>,
    pub by_text: BTreeMap<String, Vec<u64>>,
    pub by_number: BTreeMap<i64, Option<String>>,
    pub by_pair: BTreeMap<(u8, String), f64>,
    pub set: BTreeSet<char>,
    pub tuple: (u8, String, Option<f64>),
    pub array: [u16; 3],
    pub shape: Shape,
    pub shapes: Vec<Shape>,
    pub boxed: Option<Box<Shape>>,
    pub duration: Duration,
    pub time: SystemTime,
    pub wrapper: Wrapper,
    pub nothing: Nothing,
}

#[derive(Debug, Clone, PartialEq, Data)]
pub(crate) struct Numbers {
    pub truth: bool,
    pub u8: u8,
    pub u16: u16,
    pub u32: u32,
    pub u64: u64,
    pub u128: u128,
    pub i8: i8,
    pub i16: i16,
    pub i32: i32,
    pub i64: i64,
    pub i128: i128,
    pub f32: f32,
    pub f64: f64,
}

#[derive(Debug, Clone, PartialEq, Data)]
pub(crate) struct Wrapper(pub Vec<Option<u8>>);

#[derive(Debug, Clone, PartialEq, Data)]
pub(crate) struct Nothing;

#[derive(Debug, Clone, PartialEq, Data)]
pub(crate) enum Shape {
    Empty,
    Circle(f64),
    Label(Option<String>),
    Line(i32, i32),
    Named { name: String, tags: Vec<String>, colour: Colour },
    Group(Vec<Shape>),
}

#[derive(Debug, Clone, Copy, PartialEq, Data)]
pub(crate) enum Colour {
    Red,
    Green,
}

fn numbers() -> impl Strategy<Value = Numbers> {
    let small = any::<(bool, u8, u16, u32, i8, i16, i32)>();
    let wide = any::<(u64, u128, i64, i128)>();
    let floats = (proptest::num::f32::ANY, proptest::num::f64::ANY);
    (small, wide, floats).prop_map(
        |((truth, u8, u16, u32, i8, i16, i32), (u64, u128, i64, i128), (f32, f64))| Numbers {
            truth,
            u8,
            u16,
            u32,
            u64,
            u128,
            i8,
            i16,
            i32,
            i64,
            i128,
            f32,
            f64,
        },
    )
}

fn shape() -> impl Strategy<Value = Shape> {
    let colour = prop_oneof![Just(Colour::Red), Just(Colour::Green)];
    let leaf = prop_oneof![
        Just(Shape::Empty),
        proptest::num::f64::ANY.prop_map(Shape::Circle),
        any::<Option<String>>().prop_map(Shape::Label),
        any::<(i32, i32)>().prop_map(|(a, b)| Shape::Line(a, b)),
        (any::<String>(), any::<Vec<String>>(), colour)
            .prop_map(|(name, tags, colour)| Shape::Named { name, tags, colour }),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        proptest::collection::vec(inner, 0..3).prop_map(Shape::Group)
    })
}

fn few<T: Strategy>(item: T) -> impl Strategy<Value = Vec<T::Value>>
where
    T::Value: std::fmt::Debug,
{
    proptest::collection::vec(item, 0..4)
}

pub(crate) fn everything() -> impl Strategy<Value = Everything> {
    let texts = (any::<String>(), any::<char>(), few(any::<u8>()), any::<Option<u32>>());
    let nested = (
        any::<Option<Option<Option<String>>>>(),
        few(few(any::<i32>())),
        few(any::<Option<bool>>()),
        few(any::<Option<u8>>()),
    );
    let maps = (
        few((any::<String>(), few(any::<u64>()))),
        few(any::<(i64, Option<String>)>()),
        few(((any::<u8>(), any::<String>()), proptest::num::f64::ANY)),
        few(any::<char>()),
    );
    let rest = (
        (any::<u8>(), any::<String>(), any::<Option<f64>>()),
        any::<[u16; 3]>(),
        shape(),
        few(shape()),
        proptest::option::of(shape().prop_map(Box::new)),
    );
    let times = (any::<u32>(), 0..1_000_000_000_u32, -10_000_000_000_i64..10_000_000_000);
    (numbers(), texts, nested, maps, rest, times).prop_map(
        |(numbers, texts, nested, maps, rest, (seconds, nanos, since))| {
            let (text, character, bytes, option) = texts;
            let (nested_options, lists, options, wrapped) = nested;
            let (by_text, by_number, by_pair, set) = maps;
            let (tuple, array, shape, shapes, boxed) = rest;
            let offset = Duration::new(since.unsigned_abs(), nanos);
            let epoch = SystemTime::UNIX_EPOCH;
            Everything {
                numbers,
                text,
                character,
                bytes,
                unit: (),
                option,
                nested_options,
                lists,
                options,
                by_text: by_text.into_iter().collect(),
                by_number: by_number.into_iter().collect(),
                by_pair: by_pair.into_iter().collect(),
                set: set.into_iter().collect(),
                tuple,
                array,
                shape,
                shapes,
                boxed,
                duration: Duration::new(seconds.into(), nanos),
                time: if since < 0 { epoch - offset } else { epoch + offset },
                wrapper: Wrapper(wrapped),
                nothing: Nothing,
            }
        },
    )
}

pub(crate) fn any_value_round_trips(transport: &dyn TransportPlugin) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let unlimited = MessageLimit { bytes: 1 << 24 };
    let (server, client) = runtime.block_on(async {
        let server = serve_at("127.0.0.1:0", transport, vec![named("probe")], unlimited).await;
        let client = connect_with(transport, "probe", &[server.address], unlimited);
        (server, client)
    });
    let mut runner =
        TestRunner::new(Config { cases: 256, failure_persistence: None, ..Config::default() });
    let checked = runner.run(&everything(), |value| {
        let back: Everything = runtime
            .block_on(client.call::<_, _, ProbeError>(ECHO, (value.clone(),)))
            .map_err(|error| TestCaseError::fail(error.to_string()))?;
        // By text, in which NaN equals NaN and -0.0 differs from 0.0.
        prop_assert_eq!(format!("{back:?}"), format!("{value:?}"));
        Ok(())
    });
    drop(server);
    checked.unwrap();
}
