//! Flattened groups, variants, secrets and rules: what they declare, read and write.

use std::collections::BTreeMap;

use bp_contract::setting::{
    Faults, Field, PerMethod, Secret, Setting, Settings, Validate, list_faults,
};
use bp_contract::store::StoreLimits;
use serde_json::{Value, json};

/// How many calls
/// may be under way.
///
/// More on that.
#[derive(Debug, Clone, PartialEq, Settings)]
#[settings(tag = "algorithm", default = "gradient2", validate)]
enum Limit {
    Gradient2(Gradient2),
    Vegas(Vegas),
    Fixed {
        /// How many.
        limit: u32,
    },
    Off,
}

#[derive(Debug, Clone, PartialEq, Settings)]
#[settings(validate)]
struct Gradient2 {
    /// Fewest.
    #[setting(default = 10, range = 1..)]
    min: u32,
    /// Most.
    #[setting(default = 100, tunable)]
    max: u32,
}

#[derive(Debug, Clone, PartialEq, Settings)]
struct Vegas {
    /// Fewest.
    #[setting(default = 20, range = 1..)]
    min: u32,
    /// The backoff.
    backoff: Backoff,
}

#[derive(Debug, Clone, PartialEq, Settings)]
#[settings(validate)]
struct Backoff {
    /// At first.
    #[setting(default = 1.0, range = 0.0..=1)]
    init: f64,
    /// At most.
    #[setting(default = 1)]
    max: f32,
}

/// A store.
#[derive(Debug, Clone, PartialEq, Settings)]
#[settings(shorthand = "timeout", validate)]
struct Store {
    /// Who.
    user: Option<String>,
    #[setting(flatten)]
    limits: StoreLimits,
    /// The key.
    key: Option<Secret>,
    #[setting(flatten)]
    limit: Limit,
    /// By method.
    #[setting(range = 1..=5)]
    weights: PerMethod<u32>,
    /// In turn.
    #[setting(required, range = 1..=9)]
    steps: Vec<u8>,
    /// Each.
    each: Vec<Backoff>,
    /// By name.
    named: BTreeMap<String, Backoff>,
    /// Perhaps.
    maybe: Option<Backoff>,
}

impl Validate for Gradient2 {
    fn validate(&self, faults: &mut Faults) {
        if self.min > self.max {
            faults.at(Self::MIN, "it is more than `max`").help("lower `min`");
        }
    }
}

impl Validate for Limit {
    fn validate(&self, faults: &mut Faults) {
        if matches!(self, Self::Fixed { limit: 0 }) {
            faults.at(Self::LIMIT, "nothing would be called").code("nothing-called");
        }
    }
}

impl Validate for Backoff {
    fn validate(&self, faults: &mut Faults) {
        if self.init > f64::from(self.max) {
            faults.at(Self::INIT, "it is more than `max`");
        }
    }
}

impl Validate for Store {
    fn validate(&self, faults: &mut Faults) {
        if self.user.as_deref() == Some("root") {
            faults.at(Self::USER, "not as root");
            faults.at(Self::MAYBE.then(Backoff::INIT), "nor so");
            faults.at(Self::EACH.entry(1).then(Backoff::MAX), "nor so");
        }
    }
}

fn paths(settings: &[Setting]) -> Vec<String> {
    let path = |setting: &Setting| match setting.when {
        Some(when) => format!("{} ({} = {})", setting.name, when.tag, when.word),
        None => setting.name.to_owned(),
    };
    settings.iter().map(path).collect()
}

fn store(more: Value) -> Value {
    let mut store = json!({ "steps": [1] });
    if let (Some(into), Value::Object(more)) = (store.as_object_mut(), more) {
        into.extend(more);
    }
    store
}

#[test]
fn groups_stand_in_the_parents_table_in_order() {
    assert_eq!(
        paths(Store::SETTINGS),
        [
            "user",
            "pool",
            "timeout",
            "wait",
            "connect_timeout",
            "key",
            "algorithm",
            "min (algorithm = gradient2)",
            "max (algorithm = gradient2)",
            "min (algorithm = vegas)",
            "backoff (algorithm = vegas)",
            "limit (algorithm = fixed)",
            "weights",
            "steps",
            "each",
            "named",
            "maybe"
        ]
    );
    assert_eq!((Store::DOC, Store::SHORTHAND), ("A store.", Some("timeout")));
    assert_eq!(
        (Limit::DOC, Limit::SHORTHAND),
        ("How many calls may be under way.", Some("algorithm"))
    );
    let find = |name: &str| Store::SETTINGS.iter().find(|s| s.name == name).unwrap();
    assert!(find("key").secret && !find("user").secret);
    assert!(find("maybe").optional && !find("named").optional && !find("key").optional);
    assert!(find("algorithm").fixed && !find("algorithm").tunable);
    assert!(find("steps").required && !find("weights").required);
    assert_eq!(find("algorithm").doc, "How many calls may be under way.");
}

#[test]
fn only_the_chosen_variant_is_read_and_written() {
    let read = |value: Value| <Store as Settings>::read(&store(value)).unwrap();
    let plain = read(json!({}));
    assert_eq!(plain.limit, Limit::Gradient2(Gradient2 { min: 10, max: 100 }));
    assert_eq!((plain.limits.pool, plain.maybe.is_some()), (16, false));
    let vegas = read(json!({ "algorithm": "vegas", "max": "not of vegas" }));
    let backoff = Backoff { init: 1.0, max: 1.0 };
    assert_eq!(vegas.limit, Limit::Vegas(Vegas { min: 20, backoff: backoff.clone() }));
    let fixed = read(json!({
        "algorithm": "fixed", "limit": 3, "key": "hunter2", "weights": { "get": 2 },
        "each": [{}], "named": { "a": {} }, "maybe": {}, "pool": 2,
    }));
    assert_eq!(fixed.limit, Limit::Fixed { limit: 3 });
    assert_eq!((fixed.weights.get("get"), fixed.limits.pool), (Some(&2), 2));
    assert_eq!(fixed.maybe, Some(backoff));
    assert!(!format!("{fixed:?}").contains("hunter2"));
    let off = read(json!({ "algorithm": "off" }));
    for one in [plain, vegas, fixed, off] {
        let written = Settings::write(&one);
        assert_eq!(<Store as Settings>::read(&written).unwrap(), one, "{written}");
    }
}

#[test]
fn what_cannot_be_read_is_said_with_its_place() {
    for (value, expected) in [
        (
            json!({ "algorithm": "reno" }),
            "`algorithm`: expected one of gradient2, vegas, fixed, off, found \"reno\"",
        ),
        (json!({ "algorithm": "fixed" }), "`limit`: expected a whole number, found nothing"),
        (json!({ "algorithm": "vegas", "min": 0 }), "`min`: expected at least 1, found 0"),
        (json!({ "timeout": "1h" }), "`timeout`: expected at most 10m, found \"1h\""),
        (json!({ "steps": [3, 10] }), "`steps.1`: expected at most 9, found 10"),
        (json!({ "steps": null }), "`steps`: expected a list, found null"),
        (json!({ "weights": { "get": 6 } }), "`weights.get`: expected at most 5, found 6"),
        (json!({ "maybe": { "init": 1.5 } }), "`maybe.init`: expected at most 1, found 1.5"),
        (json!({ "key": 5 }), "`key`: expected a secret"),
    ] {
        let error = <Store as Settings>::read(&store(value)).unwrap_err().to_string();
        assert_eq!(error, expected);
    }
    let error = <Store as Settings>::read(&json!({})).unwrap_err().to_string();
    assert_eq!(error, "`steps`: expected a list, found nothing");
}

#[test]
fn numbers_of_references_are_text_and_are_bounded_too() {
    let read = |value: Value| <Store as Settings>::read(&store(value));
    assert_eq!(read(json!({ "pool": "7" })).unwrap().limits.pool, 7);
    let error = read(json!({ "pool": "0" })).unwrap_err().to_string();
    assert_eq!(error, "`pool`: expected at least 1, found \"0\"");
    assert!(read(json!({ "pool": "many" })).is_err());
}

#[test]
fn rules_run_in_every_table_with_their_paths() {
    let bad = json!({ "init": 1, "max": 0.5 });
    let faults = list_faults::<Store>(&store(json!({
        "user": "root", "each": [{}, bad], "named": { "a": bad }, "maybe": bad, "min": 200,
    })));
    let found: Vec<String> = faults.iter().map(ToString::to_string).collect();
    assert_eq!(
        found,
        [
            "`min`: it is more than `max` (lower `min`)",
            "`each.1.init`: it is more than `max`",
            "`named.a.init`: it is more than `max`",
            "`maybe.init`: it is more than `max`",
            "`user`: not as root",
            "`maybe.init`: nor so",
            "`each.1.max`: nor so",
        ]
    );
    assert_eq!(faults[0].help_text(), Some("lower `min`"));
    let vegas = store(json!({ "algorithm": "vegas", "backoff": bad }));
    assert_eq!(list_faults::<Store>(&vegas)[0].path(), "backoff.init");
    let fixed = store(json!({ "algorithm": "fixed", "limit": 0 }));
    let faults = list_faults::<Store>(&fixed);
    assert_eq!((faults[0].path(), faults[0].code_name()), ("limit", Some("nothing-called")));
    let unreadable = list_faults::<Store>(&json!({}));
    assert_eq!(unreadable[0].to_string(), "`steps`: expected a list, found nothing");
    assert_eq!(list_faults::<Store>(&store(json!({}))), []);
}

#[test]
fn serde_checks_the_rules() {
    let read = |value: Value| serde_json::from_value::<Store>(store(value));
    assert!(read(json!({})).is_ok());
    let error = read(json!({ "min": 200, "user": "root" })).unwrap_err().to_string();
    assert!(
        error.starts_with("`min`: it is more than `max` (lower `min`); `user`: not"),
        "{error}"
    );
}

#[test]
fn fields_have_the_wirings_names() {
    let _: Field<Limit> = Limit::ALGORITHM;
    assert_eq!((Limit::ALGORITHM.name(), Limit::LIMIT.name()), ("algorithm", "limit"));
    assert_eq!(Store::LIMITS.name(), "", "a flattened group is the table itself");
}
