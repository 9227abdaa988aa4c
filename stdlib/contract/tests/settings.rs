//! Settings that are derived: what they declare, and what they read.

use std::collections::BTreeMap;
use std::time::Duration;

use bp_contract::setting::{
    Literal, PerMethod, Ratio, Secret, Setting, SettingKind, Settings, Size,
};
use serde_json::json;

/// One of everything.
#[derive(Debug, Clone, PartialEq, Settings)]
#[settings(shorthand = "attempts")]
struct Everything {
    /// How many.
    ///
    /// In all.
    #[setting(default = 3, range = 1..=5, tunable)]
    attempts: u32,
    /// Which part.
    #[setting(default = 0.5, tunable)]
    part: Ratio,
    /// How long.
    #[setting(range = "1ms".., name = "for", example = "\"5s\"")]
    r#for: Duration,
    /// How large.
    #[setting(range = ..="1GiB", renamed_from = "bytes")]
    size: Option<Size>,
    /// In which order.
    #[setting(default = "last_first")]
    order: Order,
    /// What it takes.
    names: Vec<String>,
    /// By name.
    limits: BTreeMap<String, u64>,
    /// Below.
    budget: Budget,
    /// Who.
    token: Option<Secret>,
}

#[derive(Debug, Clone, Copy, PartialEq, Settings)]
enum Order {
    FirstIn,
    LastFirst,
}

#[derive(Debug, Clone, PartialEq, Settings)]
#[settings(shorthand = "ratio")]
struct Budget {
    /// The share.
    #[setting(default = 0.1, fixed)]
    ratio: Ratio,
    /// Growth.
    #[setting(default = 2.0)]
    growth: f64,
}

/// A table in which something must be written.
#[derive(Debug, Settings)]
struct Outer {
    /// Below.
    inner: Inner,
}

#[derive(Debug, Settings)]
struct Inner {
    /// Needed.
    must: u32,
}

#[test]
fn declarations_follow_from_the_fields() {
    const BUDGET: &[Setting] = &[
        Setting::new("ratio", SettingKind::Ratio, "The share.")
            .default(Literal::Float(0.1))
            .fixed(),
        Setting::new("growth", SettingKind::Float, "Growth.").default(Literal::Float(2.0)),
    ];
    let expected = [
        Setting::new("attempts", SettingKind::Count, "How many. In all.")
            .default(Literal::Int(3))
            .bounds(Literal::Int(1), Literal::Int(5))
            .tunable(),
        Setting::new("part", SettingKind::Ratio, "Which part.")
            .default(Literal::Float(0.5))
            .tunable(),
        Setting::new("for", SettingKind::Duration, "How long.")
            .required()
            .at_least(Literal::Text("1ms"))
            .example("\"5s\""),
        Setting::new("size", SettingKind::Size, "How large.")
            .at_most(Literal::Text("1GiB"))
            .renamed_from("bytes"),
        Setting::new("order", SettingKind::OneOf(&["first_in", "last_first"]), "In which order.")
            .default(Literal::Text("last_first")),
        Setting::new("names", SettingKind::List(&SettingKind::Text), "What it takes."),
        Setting::new("limits", SettingKind::Map(&SettingKind::Count), "By name."),
        Setting::new(
            "budget",
            SettingKind::Table { settings: BUDGET, shorthand: Some("ratio") },
            "Below.",
        ),
        Setting::new("token", SettingKind::Text, "Who.").secret(),
    ];
    for (found, expected) in Everything::SETTINGS.iter().zip(&expected) {
        assert_eq!(found, expected);
    }
    assert_eq!(Everything::SETTINGS.len(), expected.len());
    assert_eq!(Everything::SHORTHAND, Some("attempts"));
}

#[test]
fn values_are_read_and_defaults_filled_in() {
    let least = Everything::read(&json!({ "for": "2s" })).unwrap();
    let expected = Everything {
        attempts: 3,
        part: Ratio::new(0.5).unwrap(),
        r#for: Duration::from_secs(2),
        size: None,
        order: Order::LastFirst,
        names: Vec::new(),
        limits: BTreeMap::new(),
        budget: Budget { ratio: Ratio::new(0.1).unwrap(), growth: 2.0 },
        token: None,
    };
    assert_eq!(least, expected);
    let text = json!({
        "attempts": 5, "part": 0, "for": "1h", "size": "4KiB", "order": "first_in",
        "names": ["a"], "limits": { "x": 7 }, "budget": { "growth": 3 }, "token": "t",
    });
    let all: Everything = serde_json::from_value(text).unwrap();
    assert_eq!((all.attempts, all.part.get(), all.order), (5, 0.0, Order::FirstIn));
    assert_eq!((all.size, all.budget.growth), (Some(Size::of_bytes(4096)), 3.0));
    assert_eq!((all.names[0].as_str(), all.limits["x"]), ("a", 7));
    for one in [least, all] {
        assert_eq!(Everything::read(&one.write()).unwrap(), one, "what is written is read");
    }
}

#[test]
fn what_cannot_be_read_is_said_with_its_place() {
    for (value, expected) in [
        (json!({}), "`for`: expected a duration such as \"500ms\", found nothing"),
        (json!({ "for": 5 }), "`for`: expected a duration such as \"500ms\", found 5"),
        (json!({ "for": "1s", "attempts": -1 }), "`attempts`: expected a whole number, found -1"),
        (
            json!({ "for": "1s", "order": "random" }),
            "`order`: expected one of first_in, last_first, found \"random\"",
        ),
        (
            json!({ "for": "1s", "budget": { "ratio": 2 } }),
            "`budget.ratio`: expected a number from 0 to 1, found 2",
        ),
        (json!({ "for": "1s", "names": ["a", 1] }), "`names.1`: expected text in quotes, found 1"),
        (json!(7), "expected a table, found 7"),
    ] {
        assert_eq!(Everything::read(&value).unwrap_err().to_string(), expected);
    }
    let error = Outer::read(&json!({})).unwrap_err().to_string();
    assert_eq!(error, "`inner.must`: expected a whole number, found nothing");
}

/// Numbers whose types bound them.
#[derive(Debug, Settings)]
struct Counts {
    /// By name.
    ports: BTreeMap<String, u16>,
    /// In turn.
    bytes: Vec<u8>,
    /// Bounded below.
    #[setting(range = 1..)]
    port: Option<u16>,
    /// Bounded above.
    #[setting(range = ..=9)]
    digit: Option<u8>,
    /// By method, then in turn.
    #[setting(range = 1..=5)]
    weights: PerMethod<Vec<u32>>,
    /// Too large to show a bound.
    large: Option<u32>,
}

#[test]
fn a_number_of_few_bits_is_bounded_by_its_type() {
    let bounds = |name: &str| {
        let setting = Counts::SETTINGS.iter().find(|setting| setting.name == name).unwrap();
        (setting.min, setting.max)
    };
    assert_eq!(bounds("ports"), (None, Some(Literal::Int(65535))));
    assert_eq!(bounds("bytes"), (None, Some(Literal::Int(255))));
    assert_eq!(bounds("port"), (Some(Literal::Int(1)), Some(Literal::Int(65535))));
    assert_eq!(bounds("digit"), (None, Some(Literal::Int(9))));
    assert_eq!(bounds("large"), (None, None));
    for (value, expected) in [
        (
            json!({ "ports": { "a": 70000 } }),
            "`ports.a`: expected a whole number up to 65535, found 70000",
        ),
        (json!({ "digit": 10 }), "`digit`: expected at most 9, found 10"),
        (
            json!({ "large": "4294967296" }),
            "`large`: expected a whole number up to 4294967295, found \"4294967296\"",
        ),
        (json!({ "large": -1 }), "`large`: expected a whole number, found -1"),
    ] {
        assert_eq!(Counts::read(&value).unwrap_err().to_string(), expected);
    }
    let most = Counts::read(&json!({ "ports": { "a": 65535 }, "large": u32::MAX })).unwrap();
    assert_eq!((most.ports["a"], most.large), (u16::MAX, Some(u32::MAX)));
}

#[test]
fn bounds_hold_at_any_depth() {
    let error = Counts::read(&json!({ "weights": { "get": [5, 6] } })).unwrap_err().to_string();
    assert_eq!(error, "`weights.get.1`: expected at most 5, found 6");
    assert!(Counts::read(&json!({ "weights": { "get": [1, 5] } })).is_ok());
}

/// A table that may be absent, and a word that may not.
#[derive(Debug, Settings)]
struct Perhaps {
    /// Below.
    inner: Option<Inner>,
    /// In which order.
    order: Order,
}

#[test]
fn nothing_is_absent_and_a_word_is_asked_for_by_name() {
    let absent = Perhaps::read(&json!({ "inner": null, "order": "first_in" })).unwrap();
    assert!(absent.inner.is_none());
    assert!(Perhaps::read(&json!({ "inner": {}, "order": "first_in" })).is_err());
    let error = Perhaps::read(&json!({})).unwrap_err().to_string();
    assert_eq!(error, "`order`: expected one of \"first_in\", \"last_first\", found nothing");
}

/// Fields whose constants have the names of the trait's.
#[derive(Debug, Settings)]
#[settings(shorthand = "settings")]
struct Namesakes {
    /// The first.
    #[setting(default = 1)]
    settings: u32,
    /// The second.
    #[setting(default = 2)]
    doc: u32,
    /// The third.
    #[setting(default = 3)]
    shorthand: u32,
}

/// A table of them.
#[derive(Debug, Settings)]
struct OfNamesakes {
    /// Below.
    below: Namesakes,
    #[setting(flatten)]
    beside: Namesakes,
}

#[test]
fn fields_may_have_the_names_of_constants() {
    let constants =
        [Namesakes::SETTINGS.name(), Namesakes::DOC.name(), Namesakes::SHORTHAND.name()];
    assert_eq!(constants, ["settings", "doc", "shorthand"]);
    assert_eq!(<Namesakes as Settings>::SHORTHAND, Some("settings"));
    assert_eq!(<Namesakes as Settings>::SETTINGS.len(), 3);
    let read = OfNamesakes::read(&json!({ "doc": 7 })).unwrap();
    let Namesakes { settings, doc, shorthand } = read.beside;
    assert_eq!((settings, doc, shorthand), (1, 7, 3));
    assert_eq!(read.below.doc, 2);
}
