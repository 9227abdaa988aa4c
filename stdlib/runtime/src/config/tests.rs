//! Derived settings that change while the process runs: their variants and their rules.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use bp_contract::setting::{Faults, Setting, SettingKind, Settings as _, Validate};
use serde_json::{Value, json};

use super::*;
use crate::app::ProcessTables;
use crate::method::{Interface, Method};
use crate::plan::TablePlace;
use crate::surroundings::{Surroundings, SystemFiles};
use crate::table_plugin::{TableContext, TableEntry, TablePlugin};

/// Limits calls.
#[derive(Debug, bp_contract::setting::Settings)]
#[settings(tag = "algorithm", default = "gradient", validate)]
enum Limit {
    Gradient {
        /// Fewest.
        #[setting(default = 10, tunable)]
        least: u32,
        /// Most.
        #[setting(default = 100, range = ..=1000, tunable)]
        most: u32,
    },
    Vegas {
        /// How it backs off.
        backoff: Backoff,
    },
}

#[derive(Debug, bp_contract::setting::Settings)]
struct Backoff {
    /// How often.
    #[setting(default = 3, tunable)]
    times: u32,
    /// How it grows; it does not if this is absent.
    growth: Option<Growth>,
}

#[derive(Debug, bp_contract::setting::Settings)]
struct Growth {
    /// By which factor.
    #[setting(default = 2, tunable)]
    factor: u32,
}

impl Validate for Limit {
    fn validate(&self, faults: &mut Faults) {
        if let Self::Gradient { least, most } = self
            && least > most
        {
            faults.at(Self::LEAST, "it is more than `most`").help("lower `least`");
        }
    }
}

const CART: Interface = Interface::new(
    "shop::Cart",
    "shop.Cart",
    &[Method::new(0, "list", &[]), Method::new(1, "add", &[])],
);
static CART_INTERFACE: Interface = CART;

/// What the compiler writes of the plugin.
fn plugin() -> Value {
    let tunable = |words: &[&str]| {
        json!({
            "type": "count", "tunable": true, "when": { "tag": "algorithm", "words": words },
        })
    };
    json!({
        "key": "limit", "kind": "wrapper", "shorthand": "algorithm",
        "settings": {
            "algorithm": { "type": "one_of", "words": ["gradient", "vegas"] },
            "least": tunable(&["gradient"]),
            "most": tunable(&["gradient"]),
            "backoff": { "type": "table", "when": { "tag": "algorithm", "words": ["vegas"] } },
            "backoff.times": { "type": "count", "tunable": true },
            "backoff.growth": { "type": "table" },
            "backoff.growth.factor": { "type": "count", "tunable": true },
        },
    })
}

fn plan() -> RunPlan {
    let gradient = json!({ "algorithm": "gradient", "least": 10, "most": 100 });
    let vegas = json!({ "algorithm": "vegas", "backoff": { "times": 3 } });
    let growing = json!({
        "algorithm": "vegas", "backoff": { "times": 3, "growth": { "factor": 2 } },
    });
    let edge = |caller: &str, settings: &Value, methods: Value| {
        json!({
            "caller": caller, "callee": "cart", "interface": "shop::Cart", "remote": false,
            "client": [{ "plugin": "limit", "settings": settings, "methods": methods }],
        })
    };
    let table = |place: &str, entries: Value| {
        let plugin = plugin();
        json!({
            "plugin": "limit", "place": place, "reader": "process",
            "shorthand": plugin["shorthand"], "settings": plugin["settings"], "entries": entries,
        })
    };
    let text = json!({
        "version": plan::VERSION, "app": "shop", "wiring": "local",
        "runtime": bp_contract::VERSION,
        "plugins": { "limit": plugin() },
        "instances": {},
        "edges": {
            "front->cart": edge("front", &gradient, json!({ "add": vegas })),
            "back->cart": edge("back", &gradient, json!({})),
            "side->cart": edge("side", &vegas, json!({ "add": growing })),
        },
        "processes": {},
        "tables": {
            "quota": table("top_level", json!([
                { "name": "night", "settings": gradient },
                { "name": "side-street", "settings": vegas },
            ])),
            "share": table("edge", json!([
                { "name": "front->cart", "settings": gradient, "methods": { "add": vegas } },
            ])),
        },
    });
    serde_json::from_value(text).unwrap()
}

fn load(file: &Path) -> Result<Configuration, StartError> {
    let environment = Environment::default().with(variable::CONFIG, file.to_str().unwrap());
    let interfaces = Interfaces::from([(CART.path, &CART_INTERFACE)]);
    Configuration::load(Arc::new(plan()), interfaces, environment, Arc::new(SystemFiles))
}

/// The error of a start with this configuration; an empty text if there is none.
fn refusal(text: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bp.toml");
    std::fs::write(&file, text).unwrap();
    let refused = load(&file).and_then(|configuration| {
        for edge in ["front->cart", "back->cart", "side->cart"] {
            configuration.settings(&place::client_label(edge, "limit"))?.live::<Limit>()?;
        }
        Ok(())
    });
    refused.err().map(|error| error.to_string()).unwrap_or_default()
}

#[test]
fn a_reload_that_breaks_a_rule_changes_nothing_and_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bp.toml");
    std::fs::write(&file, "edge.\"back -> cart\".limit.least = 20\n").unwrap();
    let configuration = load(&file).unwrap();
    let settings = |edge: &str| configuration.settings(&place::client_label(edge, "limit"));
    let (back, front) = (settings("back->cart").unwrap(), settings("front->cart").unwrap());
    let (back, front) = (back.live::<Limit>().unwrap(), front.live::<Limit>().unwrap());
    let [list, add] = CART_INTERFACE.methods else { panic!("two methods") };
    let now = || format!("{:?} {:?} {:?}", back.of(list), front.of(list), front.of(add));
    let before = now();
    assert!(before.starts_with("Gradient { least: 20, most: 100 }"), "{before}");
    for (text, expected) in [
        (
            "edge.\"front -> cart\".limit.most = 50\nedge.\"back -> cart\".limit.least = 101\n",
            "edge \"back->cart\", limit: `least`: it is more than `most` (lower `least`)",
        ),
        ("edge.\"back -> cart\".limit.most = 1001\n", "`most`: expected at most 1000, found 1001"),
    ] {
        std::fs::write(&file, text).unwrap();
        let error = configuration.reload().unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
        assert_eq!(now(), before, "all of it or none");
    }
    std::fs::write(&file, "edge.\"*\".limit.least = 30\n").unwrap();
    assert!(configuration.reload().unwrap());
    assert!(now().starts_with("Gradient { least: 30, most: 100 } Gradient { least: 30,"));
}

#[test]
fn rules_are_checked_at_start_up() {
    let error = refusal("edge.\"*\".limit.least = 101");
    assert!(error.contains("`least`: it is more than `most`"), "{error}");
}

#[test]
fn only_settings_of_the_plans_variant_change() {
    for (text, expected) in [
        ("edge.\"back -> cart\".limit.least = 5", ""),
        // `add` has another variant, so the setting is about `list`.
        ("edge.\"front -> cart\".limit.least = 5", ""),
        ("edge.\"*\".limit.backoff.times = 5", ""),
        (
            "edge.\"back -> cart\".limit.backoff.times = 5",
            "`backoff` is a setting of `algorithm = \"vegas\"`; here that is \"gradient\", and only a new build changes it",
        ),
        (
            "edge.\"front -> cart.add\".limit.least = 5",
            "`least` is a setting of `algorithm = \"gradient\"`; here that is \"vegas\", and only a new build changes it",
        ),
        ("edge.\"*\".limit = \"vegas\"", "`algorithm` can be changed only by a new build"),
        (
            "edge.\"*\".limit = { algorithm = \"vegas\", backoff = { times = 2 } }",
            "`algorithm` can be changed only by a new build",
        ),
    ] {
        let error = refusal(text);
        assert!(
            error.contains(expected) && error.is_empty() == expected.is_empty(),
            "{text}: {error}"
        );
    }
}

#[test]
fn a_reload_that_breaks_a_rule_of_what_was_read_once_changes_nothing_and_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bp.toml");
    std::fs::write(&file, "").unwrap();
    let configuration = load(&file).unwrap();
    let settings = configuration.settings(&place::client_label("back->cart", "limit")).unwrap();
    let now = || format!("{:?}", settings.read::<Limit>().unwrap());
    let before = now();
    assert_eq!(before, "Gradient { least: 10, most: 100 }");
    assert!(!settings.was_followed());
    std::fs::write(&file, "edge.\"back -> cart\".limit.least = 101\n").unwrap();
    let error = configuration.reload().unwrap_err().to_string();
    let expected = "edge \"back->cart\", limit: `least`: it is more than `most` (lower `least`)";
    assert_eq!(error, expected);
    assert_eq!(now(), before);
    std::fs::write(&file, "edge.\"back -> cart\".limit.least = 99\n").unwrap();
    assert!(configuration.reload().unwrap());
    assert_eq!(now(), "Gradient { least: 99, most: 100 }");
}

#[test]
fn an_entry_of_a_table_changes_like_any_place() {
    let another = "which entries there are can be changed only by a new build";
    for (text, expected) in [
        ("quota.night.least = 5", ""),
        ("quota.\"*\".least = 5", ""),
        ("quota.\"side_street\".backoff.times = 5", ""),
        (
            "quota.side-street.least = 5",
            "BP_CONFIG: quota.side-street: `least` is a setting of `algorithm = \"gradient\"`",
        ),
        ("quota.night = \"vegas\"", "`algorithm` can be changed only by a new build"),
        ("quota.day.least = 5", "there is no `day` in `quota`; known: night, side-street"),
        ("quota = 5", "`quota` is a table"),
        ("share.\"front -> cart\".least = 5", "nothing to configure in `share`; known: edge"),
    ] {
        let error = refusal(text);
        assert!(
            error.contains(expected) && error.is_empty() == expected.is_empty(),
            "{text}: {error}"
        );
    }
    // Without a shorthand a bare value means nothing.
    let mut plan = plan();
    plan.tables.get_mut("quota").unwrap().shorthand = None;
    let environment = Environment::default().with(variable::SET, "quota.night = false");
    let interfaces = Interfaces::from([(CART.path, &CART_INTERFACE)]);
    let error = Configuration::load(Arc::new(plan), interfaces, environment, Arc::new(SystemFiles))
        .unwrap_err();
    assert_eq!(error.to_string(), format!("BP_SET: quota.night: {another}"));
}

#[test]
fn a_reload_that_breaks_a_rule_of_an_entry_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bp.toml");
    std::fs::write(&file, "").unwrap();
    let configuration = load(&file).unwrap();
    let label = place::table_label("quota", TablePlace::TopLevel, "night");
    let night = configuration.settings(&label).unwrap();
    night.read::<Limit>().unwrap();
    std::fs::write(&file, "quota.night.least = 101\n").unwrap();
    let error = configuration.reload().unwrap_err().to_string();
    assert_eq!(error, "quota.night: `least`: it is more than `most` (lower `least`)");
    assert_eq!(night.read::<Limit>().unwrap().write()["least"], 10);
}

#[test]
fn an_entry_about_an_edge_has_settings_by_method_even_if_the_interface_is_not_linked() {
    let label = place::table_label("share", TablePlace::Edge, "front->cart");
    assert_eq!(label, "edge.\"front->cart\".share");
    let own = place::method_entry("front->cart", "add");
    let own = place::table_label("share", TablePlace::Edge, &own);
    assert_eq!(own, "edge.\"front->cart.add\".share");
    for interfaces in [Interfaces::new(), Interfaces::from([(CART.path, &CART_INTERFACE)])] {
        let environment = Environment::default();
        let configuration =
            Configuration::load(Arc::new(plan()), interfaces, environment, Arc::new(SystemFiles))
                .unwrap();
        let read = |label: &str| configuration.settings(label).unwrap().read::<Limit>().unwrap();
        assert!(matches!(read(&label), Limit::Gradient { .. }));
        assert!(matches!(read(&own), Limit::Vegas { .. }));
    }
}

/// Reads the entry `night` in `install`, and panics at a limit of 66; the other entry it reads once, or it follows it.
struct Quotas {
    follows: bool,
    followed: Mutex<Option<crate::settings::Live<Limit>>>,
}

impl TablePlugin for Quotas {
    fn install(&self, cx: &TableContext) -> Result<(), StartError> {
        let [night, side] = cx.entries("quota") else { panic!("two entries") };
        if let Limit::Gradient { most: 66, .. } = night.settings.read()? {
            panic!("an unlucky number");
        }
        let mut followed = lock(&self.followed);
        if self.follows && followed.is_none() {
            *followed = Some(side.settings.live()?);
        }
        Ok(())
    }
}

/// A configuration with this file and the plugin [`Quotas`].
fn install_quotas(file: &Path, follows: bool) -> Result<Configuration, StartError> {
    let configuration = load(file)?;
    let entry = |name: &str| {
        let label = place::table_label("quota", TablePlace::TopLevel, name);
        TableEntry::new(name, configuration.settings(&label).unwrap())
    };
    let entries = vec![entry("night"), entry("side-street")];
    let context =
        TableContext::new([("quota".to_owned(), entries)].into(), Surroundings::default());
    // As a plugin's work does that does not look again.
    let [_, side] = context.entries("quota") else { panic!("two entries") };
    side.settings.read::<Limit>().unwrap();
    let plugin: Arc<dyn TablePlugin> = Arc::new(Quotas { follows, followed: Mutex::default() });
    let tables = ProcessTables::new(vec![("quotas".to_owned(), plugin, context)]);
    configuration.install(Arc::new(tables))?;
    Ok(configuration)
}

#[test]
fn a_change_that_nothing_follows_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bp.toml");
    for (follows, later) in [(false, &["quota.side-street"][..]), (true, &[])] {
        std::fs::write(&file, "").unwrap();
        let configuration = install_quotas(&file, follows).unwrap();
        let text = "quota.side-street.backoff.times = 5\nquota.night.least = 20\n";
        std::fs::write(&file, text).unwrap();
        let found = configuration.apply_file().unwrap().unwrap();
        assert_eq!(found, later, "`night` is installed again");
        assert_eq!(configuration.apply_file().unwrap(), None);
    }
}

#[test]
fn an_entry_whose_follower_ended_is_named_and_a_place_that_loses_its_wrapper_for_a_while_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bp.toml");
    std::fs::write(&file, "").unwrap();
    let configuration = install_quotas(&file, false).unwrap();
    let side = place::table_label("quota", TablePlace::TopLevel, "side-street");
    let side = configuration.settings(&side).unwrap();
    let back = configuration.settings(&place::client_label("back->cart", "limit")).unwrap();
    let mut follower = Some(side.live::<Limit>().unwrap());
    drop(back.live::<Limit>().unwrap());
    for (times, later) in [(5, &[][..]), (6, &["quota.side-street"])] {
        let text = format!(
            "quota.side-street.backoff.times = {times}\nedge.\"back -> cart\".limit.least = {times}\n"
        );
        std::fs::write(&file, text).unwrap();
        assert_eq!(configuration.apply_file().unwrap().unwrap(), later, "{times}");
        let wrapper = back.live::<Limit>().unwrap();
        assert_eq!(wrapper.get().write()["least"], times, "the next wrapper has the new values");
        follower = None;
    }
    assert!(follower.is_none());
}

type Followed<T> = Arc<Mutex<Vec<crate::settings::Live<T>>>>;

/// At each change, begins to follow the settings of another's place as a `T`.
struct Latecomer<T> {
    settings: Settings,
    followed: Followed<T>,
    started: AtomicBool,
}

impl<T: serde::de::DeserializeOwned + Send + Sync + 'static> TablePlugin for Latecomer<T> {
    fn install(&self, _: &TableContext) -> Result<(), StartError> {
        if self.started.swap(true, Ordering::Relaxed) {
            lock(&self.followed).push(self.settings.live()?);
        }
        Ok(())
    }
}

/// A configuration with this file and a [`Latecomer`] to an edge, and what that follows.
fn install_latecomer<T>(file: &Path) -> (Configuration, Followed<T>)
where
    T: serde::de::DeserializeOwned + Send + Sync + 'static,
{
    let configuration = load(file).unwrap();
    let settings = configuration.settings(&place::client_label("back->cart", "limit")).unwrap();
    let night = place::table_label("quota", TablePlace::TopLevel, "night");
    let night = TableEntry::new("night", configuration.settings(&night).unwrap());
    let context =
        TableContext::new([("quota".to_owned(), vec![night])].into(), Surroundings::default());
    let followed = Followed::<T>::default();
    let started = AtomicBool::new(false);
    let plugin: Arc<dyn TablePlugin> =
        Arc::new(Latecomer { settings, followed: followed.clone(), started });
    let tables = ProcessTables::new(vec![("latecomer".to_owned(), plugin, context)]);
    configuration.install(Arc::new(tables)).unwrap();
    (configuration, followed)
}

#[test]
fn whoever_begins_to_follow_a_place_while_a_change_is_installed_follows_the_change() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bp.toml");
    std::fs::write(&file, "").unwrap();
    let (configuration, followed) = install_latecomer::<Limit>(&file);
    for (least, followers) in [(20, 1), (30, 2)] {
        std::fs::write(&file, format!("edge.\"back -> cart\".limit.least = {least}\n")).unwrap();
        assert_eq!(configuration.reload(), Ok(true));
        let now: Vec<_> =
            lock(&followed).iter().map(|live| live.get().write()["least"].clone()).collect();
        assert_eq!(now, vec![json!(least); followers]);
    }
}

#[test]
fn a_change_that_does_not_fit_what_is_followed_since_its_installation_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bp.toml");
    std::fs::write(&file, "").unwrap();
    let (configuration, followed) = install_latecomer::<Touchy>(&file);
    assert!(lock(&followed).is_empty(), "nobody reads that type when the change is checked");
    let back = configuration.settings(&place::client_label("back->cart", "limit")).unwrap();
    let label = place::table_label("quota", TablePlace::TopLevel, "night");
    let night = configuration.settings(&label).unwrap();
    let least = |settings: &Settings| settings.read::<Limit>().unwrap().write()["least"].clone();
    std::fs::write(&file, "edge.\"*\".limit.least = 66\nquota.night.least = 20\n").unwrap();
    let error = configuration.reload().unwrap_err().to_string();
    assert!(error.starts_with("edge \"back->cart\", limit: the plugin panicked: "), "{error}");
    assert_eq!((least(&back), least(&night)), (json!(10), json!(10)));
}

#[test]
fn a_plugin_that_panics_over_its_tables_refuses_them() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bp.toml");
    let refusal = "plugin `quotas` panicked over its tables: an unlucky number";
    std::fs::write(&file, "quota.night.most = 66\n").unwrap();
    let error = install_quotas(&file, true).unwrap_err().to_string();
    assert_eq!(error, refusal, "at the start");

    std::fs::write(&file, "quota.night.most = 65\n").unwrap();
    let configuration = install_quotas(&file, true).unwrap();
    let label = place::table_label("quota", TablePlace::TopLevel, "night");
    let night = configuration.settings(&label).unwrap();
    let most = || night.read::<Limit>().unwrap().write()["most"].clone();
    std::fs::write(&file, "quota.night.most = 66\n").unwrap();
    assert_eq!(configuration.reload().unwrap_err().to_string(), refusal);
    assert_eq!(most(), 65);
    std::fs::write(&file, "quota.night.most = 67\n").unwrap();
    assert_eq!(configuration.reload(), Ok(true));
    assert_eq!(most(), 67);
}

/// Counts how often it is asked, and refuses every time but the first if it is stubborn.
struct Counting {
    asked: Arc<AtomicU32>,
    stubborn: bool,
}

impl TablePlugin for Counting {
    fn install(&self, _: &TableContext) -> Result<(), StartError> {
        let again = self.asked.fetch_add(1, Ordering::Relaxed) > 0;
        if again && self.stubborn { Err(StartError::new("no")) } else { Ok(()) }
    }
}

#[test]
fn every_plugin_is_asked_to_put_its_tables_back_whatever_others_say() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bp.toml");
    std::fs::write(&file, "").unwrap();
    let configuration = load(&file).unwrap();
    let asked = [(); 2].map(|()| Arc::new(AtomicU32::new(0)));
    let plugin = |number: usize, stubborn| {
        let plugin: Arc<dyn TablePlugin> =
            Arc::new(Counting { asked: asked[number].clone(), stubborn });
        let context = TableContext::new(BTreeMap::new(), Surroundings::default());
        (number.to_string(), plugin, context)
    };
    let tables = ProcessTables::new(vec![plugin(0, true), plugin(1, false)]);
    configuration.install(Arc::new(tables)).unwrap();
    std::fs::write(&file, "quota.night.least = 20\n").unwrap();
    assert_eq!(configuration.reload().unwrap_err().to_string(), "no");
    let asked = asked.map(|asked| asked.load(Ordering::Relaxed));
    assert_eq!(asked, [3, 2], "the second was not asked before, but to put back what it has");
}

/// Settings whose reading panics.
#[derive(Debug)]
struct Touchy;

impl<'de> serde::Deserialize<'de> for Touchy {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        assert_ne!(value["least"], 66, "an unlucky number");
        Ok(Self)
    }
}

#[test]
fn a_plugin_that_panics_over_settings_refuses_the_change() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bp.toml");
    std::fs::write(&file, "").unwrap();
    let configuration = load(&file).unwrap();
    let settings = configuration.settings(&place::client_label("back->cart", "limit")).unwrap();
    settings.read::<Touchy>().unwrap();
    std::fs::write(&file, "edge.\"back -> cart\".limit.least = 66\n").unwrap();
    let error = configuration.reload().unwrap_err().to_string();
    assert!(error.starts_with("edge \"back->cart\", limit: the plugin panicked: "), "{error}");
    std::fs::write(&file, "edge.\"back -> cart\".limit.least = 67\n").unwrap();
    assert_eq!(configuration.reload(), Ok(true));
}

#[test]
fn a_table_that_the_plan_lacks_is_not_switched_on() {
    let absent = "`backoff.growth` is not in the plan, and only a new build adds it";
    for (text, expected) in [
        ("edge.\"front -> cart.add\".limit.backoff.growth.factor = 5", absent),
        ("edge.\"side -> cart.list\".limit.backoff.growth.factor = 5", absent),
        ("edge.\"side -> cart\".limit.backoff.growth.factor = 5", ""),
        ("edge.\"*\".limit.backoff.growth.factor = 5", ""),
    ] {
        let error = refusal(text);
        assert!(
            error.contains(expected) && error.is_empty() == expected.is_empty(),
            "{text}: {error}"
        );
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bp.toml");
    std::fs::write(&file, "edge.\"*\".limit.backoff = { times = 1, growth = { factor = 5 } }\n")
        .unwrap();
    let configuration = load(&file).unwrap();
    let side = configuration.settings(&place::client_label("side->cart", "limit")).unwrap();
    let side = side.live::<Limit>().unwrap();
    let [list, add] = CART_INTERFACE.methods else { panic!("two methods") };
    let written = |method| side.of(method).write()["backoff"].clone();
    assert_eq!(written(list), json!({ "times": 1 }));
    assert_eq!(written(add), json!({ "times": 1, "growth": { "factor": 5 } }));
}

#[test]
fn the_plans_rows_are_what_the_derive_writes() {
    let plan = plan();
    let wrappers = plan.edges.values().flat_map(|edge| edge.client.iter());
    let rows: Vec<&Value> = wrappers
        .flat_map(|wrapper| std::iter::once(&wrapper.settings).chain(wrapper.methods.values()))
        .collect();
    assert_eq!(rows.len(), 5);
    for row in rows {
        assert_eq!(Limit::read_checked(row).unwrap().write(), *row);
    }
}

#[test]
fn the_plans_settings_are_those_of_the_derive() {
    fn describe(prefix: &str, settings: &[Setting], found: &mut Vec<(String, Value)>) {
        for setting in settings {
            let path = format!("{prefix}{}", setting.name);
            let when = setting.when.map(|when| json!({ "tag": when.tag, "words": [when.word] }));
            let kind = setting.kind.value_type();
            let fact = json!({ "type": kind, "tunable": setting.tunable, "when": when });
            if let SettingKind::Table { settings, .. } = setting.kind {
                describe(&format!("{path}."), settings, found);
            }
            found.push((path, fact));
        }
    }
    let mut expected = Vec::new();
    describe("", Limit::SETTINGS, &mut expected);
    let expected: Value = expected.into_iter().collect();
    // The text that a plan is; what it leaves out is said here.
    let mut found = plugin()["settings"].clone();
    for setting in found.as_object_mut().unwrap().values_mut() {
        let setting = setting.as_object_mut().unwrap();
        setting.remove("words");
        setting.entry("tunable").or_insert(false.into());
        setting.entry("when").or_insert(Value::Null);
    }
    assert_eq!(found, expected);
}

#[test]
fn what_methods_share_is_not_set_for_one_of_them() {
    let mut plan = plan();
    let limit = plan.plugins.get_mut("limit").unwrap();
    limit.shared_by_methods = ["least".to_owned(), "backoff".to_owned()].into();
    let rest = json!({ "off": ["add"], "plugin": "limit", "settings": { "algorithm": "gradient", "least": 10, "most": 100 } });
    let mut single = plan.edges["back->cart"].clone();
    single.client = serde_json::from_value(json!([rest])).unwrap();
    single.caller = "half".to_owned();
    plan.edges.insert("half->cart".to_owned(), single);
    let plan = Arc::new(plan);
    let refuse = |text: &str| {
        let environment = Environment::default().with(variable::SET, text);
        let interfaces = Interfaces::from([(CART.path, &CART_INTERFACE)]);
        let loaded =
            Configuration::load(Arc::clone(&plan), interfaces, environment, Arc::new(SystemFiles));
        loaded.err().map(|error| error.to_string()).unwrap_or_default()
    };
    let whole = "all methods share `limit.least`; set it for the whole edge: edge.\"back -> cart\".limit.least";
    for (text, expected) in [
        ("edge.\"back -> cart\".limit.least = 5", String::new()),
        ("edge.\"back -> cart.list\".limit.most = 50", String::new()),
        ("edge.\"back -> cart.list\".limit.least = 10", String::new()),
        ("edge.\"back -> cart.*\".limit.least = 5", String::new()),
        // The wrapper is on this one method only.
        ("edge.\"half -> cart.list\".limit.least = 5", String::new()),
        (
            "edge.\"back -> cart.list\".limit.least = 5",
            format!("BP_SET: edge.\"back -> cart.list\".limit: {whole}"),
        ),
        (
            "edge.\"back -> cart.add\".limit.least = 5",
            format!("BP_SET: edge.\"back -> cart.add\".limit: {whole}"),
        ),
    ] {
        assert_eq!(refuse(text), expected, "{text}");
    }
}
