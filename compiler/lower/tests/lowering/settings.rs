//! Derived settings from the wiring to the plan: variants, rules, secrets, by place and by method.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::Duration;

use bp_contract::setting::{Faults, Ratio, Secret, Settings, Validate};
use bp_contract::store::{StoreAddress, StoreLimits};
use bp_plugin::{ClientSlot, Plugin, PluginCode, Registry, ServerSlot, backend, wrapper};

use crate::support::{App, DOCUMENT_STORE, DOCUMENT_STORES, MICRO, SHOP, registry};

/// Limits calls.
#[derive(Debug, Settings)]
#[settings(tag = "algorithm", default = "gradient", validate)]
enum Limit {
    Gradient(Gradient),
    Vegas {
        /// Fewest.
        #[setting(default = 2)]
        least: u32,
        /// How it backs off.
        backoff: Option<Backoff>,
    },
    Off,
}

#[derive(Debug, Settings)]
struct Gradient {
    /// Fewest.
    #[setting(default = 10)]
    least: u32,
    /// Most.
    #[setting(default = 100, tunable)]
    most: u32,
}

/// Backs off.
#[derive(Debug, Settings)]
#[settings(tag = "kind")]
enum Backoff {
    Fixed {
        /// How long.
        wait: Duration,
    },
    None,
}

impl Validate for Limit {
    fn validate(&self, faults: &mut Faults) {
        match self {
            Self::Gradient(Gradient { least, most }) if least > most => {
                faults
                    .at(Gradient::LEAST, "it is more than `most`")
                    .help("lower `least`")
                    .code("least-above-most");
            }
            _ => {}
        }
    }
}

static LIMIT: Plugin = wrapper::<Limit>("limit")
    .client(ClientSlot::Cap)
    .in_process()
    .codes(&[LEAST_ABOVE_MOST])
    .declare();

const LEAST_ABOVE_MOST: PluginCode = PluginCode::new(
    "least-above-most",
    "the limits contradict each other",
    "# limit/least-above-most: the limits contradict each other\n",
);

static SHED: Plugin = wrapper::<Limit>("shed").server(ServerSlot::Metrics).declare();

/// A store.
#[derive(Debug, Settings)]
#[settings(validate)]
struct Store {
    /// Where.
    address: Option<StoreAddress>,
    #[setting(flatten)]
    limits: StoreLimits,
    /// Who.
    user: Option<String>,
    /// The key.
    password: Option<Secret>,
    /// Which part.
    #[setting(default = 0.5, range = 0.1..)]
    part: Ratio,
    /// In turn.
    #[setting(range = "1s"..="5s", fixed)]
    steps: Vec<Duration>,
    /// By name.
    #[setting(range = 1..=5)]
    weights: BTreeMap<String, f64>,
}

impl Validate for Store {
    fn validate(&self, faults: &mut Faults) {
        if self.password.is_some() && self.user.is_none() {
            faults.at(Self::PASSWORD, "whose is it?");
        }
        if self.limits.wait > self.limits.timeout {
            faults.at(StoreLimits::WAIT, "it is longer than `timeout`");
        }
    }
}

static STORE: Plugin = backend::<Store>("store", &[DOCUMENT_STORE]).declare();

/// Sees what a hook reads.
static SEEING: Plugin = backend::<Store>("seeing", &[DOCUMENT_STORE])
    .check(|cx| SEEN.with_borrow_mut(|seen| seen.push(cx.read::<Store>())))
    .declare();

thread_local! {
    static SEEN: RefCell<Vec<Option<Store>>> = const { RefCell::new(Vec::new()) };
}

fn plugins() -> Registry {
    registry().with(&LIMIT).with(&SHED).with(&STORE).with(&SEEING)
}

fn app(more: &str) -> App {
    let wiring = format!("{MICRO}\n{more}\n");
    App::files(SHOP, &[("wiring/local.toml", &wiring)], plugins())
}

/// The complaints, without their places.
fn complaints(app: &App) -> Vec<String> {
    let all = app.complaints();
    all.iter()
        .map(|c| {
            c.splitn(3, ' ')
                .enumerate()
                .filter(|(i, _)| *i != 1)
                .map(|(_, t)| t)
                .collect::<Vec<_>>()
                .join(" ")
        })
        .collect()
}

fn store(settings: &str) -> App {
    let wiring =
        MICRO.replace("cart_db = { kind = \"memory\" }", &format!("cart_db = {{ {settings} }}"));
    App::files(SHOP, &[("wiring/local.toml", &wiring)], plugins())
}

#[test]
fn the_declarations_are_sound() {
    assert_eq!(
        Registry::new([&LIMIT, &SHED, &STORE, &SEEING, &DOCUMENT_STORES]).faults(),
        Vec::<String>::new()
    );
}

#[test]
fn only_the_chosen_variant_has_defaults() {
    let settings = |limit: &str| {
        let plan = app(&format!("[edge.\"front -> cart\"]\nlimit = {limit}")).plan();
        let wrapper = plan.edges["front->cart"].client.iter().find(|w| w.plugin == "limit");
        serde_json::to_string(&wrapper.unwrap().settings.to_json()).unwrap()
    };
    for (limit, expected) in [
        ("true", r#"{"algorithm":"gradient","least":10,"most":100}"#),
        ("\"vegas\"", r#"{"algorithm":"vegas","least":2}"#),
        ("\"off\"", r#"{"algorithm":"off"}"#),
        ("{ most = 20 }", r#"{"algorithm":"gradient","least":10,"most":20}"#),
        (
            "{ algorithm = \"vegas\", backoff = { kind = \"fixed\", wait = \"1s\" } }",
            r#"{"algorithm":"vegas","backoff":{"kind":"fixed","wait":"1s"},"least":2}"#,
        ),
        (
            "{ algorithm = \"vegas\", backoff = \"none\" }",
            r#"{"algorithm":"vegas","backoff":{"kind":"none"},"least":2}"#,
        ),
        ("{ algorithm = \"vegas\", backoff = false }", r#"{"algorithm":"vegas","least":2}"#),
    ] {
        assert_eq!(settings(limit), expected, "{limit}");
    }
}

#[test]
fn a_setting_of_another_variant_says_whose_it_is() {
    for (limit, expected) in [
        (
            "{ algorithm = \"vegas\", most = 3 }",
            vec![
                "BP4001 `limit.most`: it belongs to `limit.algorithm` = \"gradient\", not to \"vegas\"",
            ],
        ),
        (
            "{ algorithm = \"vegas\", backoff = { kind = \"none\", wait = \"1s\" } }",
            vec![
                "BP4001 `limit.backoff.wait`: it belongs to `limit.backoff.kind` = \"fixed\", not to \"none\"",
            ],
        ),
        (
            "{ algorithm = \"off\", least = 3 }",
            vec![
                "BP4001 `limit.least`: it belongs to `limit.algorithm` = \"gradient\" or \"vegas\", not to \"off\"",
            ],
        ),
        ("{ algorithm = \"off\", mots = 3 }", vec!["BP2031 unknown key `mots` in `limit`"]),
    ] {
        let app = app(&format!("[edge.\"front -> cart\"]\nlimit = {limit}"));
        assert_eq!(complaints(&app), expected, "{limit}");
        assert!(app.complaints()[0].contains(" wiring/local.toml:"), "{limit}");
    }
    // Of a wrong tag nothing but the tag is wrong.
    for wrong in ["{ algorithm = \"vega\", most = 3 }", "{ algorithm = { env = \"X\" }, most = 3 }"]
    {
        let found = complaints(&app(&format!("[edge.\"front -> cart\"]\nlimit = {wrong}")));
        assert!(found.len() == 1 && found[0].contains("limit.algorithm"), "{found:#?}");
    }
}

#[test]
fn a_later_file_or_selector_that_changes_the_tag_drops_the_old_variant() {
    let settings = |wirings: &[(&str, &str)], edge: &str| {
        let app = App::files(SHOP, wirings, plugins());
        let plan = app.plan();
        let wrapper = plan.edges[edge].client.iter().find(|w| w.plugin == "limit").cloned();
        serde_json::to_string(&wrapper.unwrap().settings.to_json()).unwrap()
    };
    let base = format!(
        "{MICRO}\n[edge.\"* -> cart\"]\nlimit = {{ most = 20 }}\n[edge.\"front -> cart\"]\nlimit = \"vegas\"\n"
    );
    let one = [("wiring/local.toml", base.as_str())];
    assert_eq!(settings(&one, "front->cart"), r#"{"algorithm":"vegas","least":2}"#);
    let child = "extends = \"local.toml\"\n[edge.\"front -> cart\"]\nlimit = { algorithm = \"vegas\", backoff = { kind = \"fixed\", wait = \"1s\" } }\n";
    let grandchild =
        "extends = \"child.toml\"\n[edge.\"front -> cart\"]\nlimit.backoff = \"none\"\n";
    let all = [
        ("wiring/local.toml", base.as_str()),
        ("wiring/child.toml", child),
        ("wiring/grandchild.toml", grandchild),
    ];
    assert_eq!(
        settings(&all, "front->cart"),
        r#"{"algorithm":"vegas","backoff":{"kind":"none"},"least":2}"#
    );
    let back = "extends = \"child.toml\"\n[edge.\"front -> cart\"]\nlimit = \"gradient\"\n";
    let all = [
        ("wiring/local.toml", base.as_str()),
        ("wiring/child.toml", child),
        ("wiring/back.toml", back),
    ];
    assert_eq!(settings(&all, "front->cart"), r#"{"algorithm":"gradient","least":10,"most":100}"#);
}

#[test]
fn rules_run_at_every_place_and_for_every_method() {
    let broken = "limit/least-above-most `limit.least`: it is more than `most`";
    for wiring in [
        "[edge.\"front -> cart\"]\nlimit = { least = 101 }",
        "[edge.\"front -> cart.list\"]\nlimit = { least = 101 }",
        "[edge.\"front -> cart\"]\nlimit = { most = 200 }\n[edge.\"front -> cart.list\"]\nlimit = { least = 201 }",
    ] {
        assert_eq!(complaints(&app(wiring)), [broken], "{wiring}");
    }
    for wiring in [
        "[server.\"cart\"]\nshed = { least = 101 }",
        "[server.\"cart.list\"]\nshed = { least = 101 }",
    ] {
        let found = complaints(&app(wiring));
        assert_eq!(found, ["BP4001 `shed.least`: it is more than `most`"], "{wiring}");
    }
    let found =
        app("[edge.\"front -> cart\"]\nlimit = { least = 101 }").lower().diagnostics.sorted();
    assert_eq!(found[0].help.as_slice(), ["lower `least`"]);
    let found = app("[server.\"cart\"]\nshed = { least = 101 }").lower().diagnostics.sorted();
    assert_eq!(found[0].notes, ["`shed` does not declare the code `least-above-most`"]);
}

#[test]
fn rules_wait_for_what_is_known_at_start_up_but_not_for_secrets() {
    let found = |settings: &str| complaints(&store(&format!("kind = \"store\", {settings}")));
    let wait = "BP4001 `cart_db.wait`: it is longer than `timeout`";
    assert_eq!(found("wait = \"6s\""), [wait]);
    assert_eq!(found("wait = \"6s\", timeout = { env = \"T\" }"), Vec::<String>::new());
    let whose = "BP4001 `cart_db.password`: whose is it?";
    assert_eq!(found("password = { secret = \"p\" }"), [whose]);
    // What is wrong by itself is said once, and its default breaks no rule.
    assert_eq!(found("wait = \"3s\", timeout = 4").len(), 1);
}

#[test]
fn bounds_are_those_of_elements_too() {
    let found = |settings: &str| complaints(&store(&format!("kind = \"store\", {settings}")));
    for right in ["part = 0.1", "steps = [\"1s\", \"5s\"]", "weights = { a = 1, b = 4.5 }"] {
        assert_eq!(found(right), Vec::<String>::new(), "{right}");
    }
    for (wrong, path) in [
        ("part = 0.05", "cart_db.part"),
        ("part = 1.5", "cart_db.part"),
        ("steps = [\"1s\", \"6s\"]", "cart_db.steps"),
        ("steps = [{ env = \"STEP\" }]", "cart_db.steps"),
        ("weights = { a = 1, b = 5.5 }", "cart_db.weights.b"),
    ] {
        let found = found(wrong);
        assert!(found.len() == 1 && found[0].contains(path), "{wrong}: {found:#?}");
    }
}

#[test]
fn a_wrong_address_is_found_where_it_is_written() {
    let app = store("kind = \"store\", address = \"db:5432,db2:5432\"");
    let found = app.complaints();
    assert_eq!(found.len(), 1, "{found:#?}");
    assert!(found[0].starts_with("BP4001 wiring/local.toml:"), "{found:#?}");
    assert!(
        found[0].contains("`cart_db.address`: expected the address of one server"),
        "{found:#?}"
    );
}

#[test]
fn hooks_read_typed_settings() {
    let seen = |settings: &str| {
        store(&format!("kind = \"seeing\", {settings}")).lower();
        SEEN.with_borrow_mut(std::mem::take).remove(0)
    };
    let read = seen("user = \"u\", pool = 3, password = { secret = \"p\" }").unwrap();
    assert_eq!((read.limits.pool, read.limits.wait), (3, Duration::from_secs(1)));
    assert!(read.password.is_some_and(|placeholder| placeholder.expose() != "p"));
    assert!(seen("pool = { env = \"POOL\" }").is_none());
    assert!(seen("address = \"nowhere\"").is_none());
}

#[test]
fn the_run_plan_says_which_variants_have_a_setting() {
    let plan = LIMIT.plan();
    let when = |path: &str| plan.settings[path].when.clone().map(|when| (when.tag, when.words));
    let words = |words: &[&str]| words.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>();
    assert_eq!(when("algorithm"), None);
    assert_eq!(when("least"), Some(("algorithm".to_owned(), words(&["gradient", "vegas"]))));
    assert_eq!(when("backoff"), Some(("algorithm".to_owned(), words(&["vegas"]))));
    assert_eq!(when("backoff.wait"), Some(("kind".to_owned(), words(&["fixed"]))));
    assert!(!plan.settings["algorithm"].tunable && plan.settings["most"].tunable);
}
