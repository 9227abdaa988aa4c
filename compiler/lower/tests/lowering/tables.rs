//! Tables and keys that plugins own: what they resolve to, where they were written, and what is told of them.

use bp_contract::Secret;
use bp_contract::setting::{Faults, Settings, Validate};
use bp_diag::Span;
use bp_plan::{EntryPlan, Plan, Replicas, Value};
use bp_plugin::deploy::{Deployment, Options, References};
use bp_plugin::wiring::Item;
use bp_plugin::workflow::WorkflowModel;
use bp_plugin::{
    CheckContext, Feature, FillContext, ListedNames, OwnedTable, Plugin, PluginCode, Registry,
    TablePlace, WrittenCall, table, target,
};

use crate::support::{App, MICRO, SHOP, registry};

/// What is promised.
#[derive(Settings)]
#[settings(shorthand = "share", validate)]
struct Promise {
    /// The share.
    #[setting(default = 1, range = 1..=100)]
    share: u32,
    /// Whom to tell.
    tell: Option<String>,
}

impl Validate for Promise {
    fn validate(&self, faults: &mut Faults) {
        if self.share == 13 {
            faults.at(Self::SHARE, "13 is unlucky").help("take 12");
        }
    }
}

const SEEN: PluginCode = PluginCode::new("seen", "what is at a place", "");

/// Owns a key at every place.
static PROMISE: Plugin = table("promise", "Promises.")
    .tables(&[
        OwnedTable::key::<Promise>(TablePlace::App, "of_app", "a promise"),
        OwnedTable::key::<Promise>(TablePlace::Process, "of_process", "a promise")
            .feature(Feature::Autoscale),
        OwnedTable::key::<Promise>(TablePlace::Backend, "of_backend", "a promise"),
        OwnedTable::key::<Promise>(TablePlace::Edge, "of_edge", "a promise"),
        OwnedTable::key::<Promise>(TablePlace::Server, "of_server", "a promise"),
    ])
    .check_entries(&[
        ("of_process", report_place),
        ("of_backend", report_place),
        ("of_edge", report_place),
        ("of_server", report_place),
    ])
    .codes(&[SEEN])
    .fill(scale)
    .declare();

fn report_place(cx: &mut CheckContext<'_>) {
    let interface = cx.interface.map_or("-", |interface| interface.path);
    let wrappers: Vec<&str> = cx.neighbours.wrappers.iter().map(|w| w.plugin).collect();
    let (callers, replicas) = (&cx.neighbours.callers, cx.neighbours.replicas);
    let share = cx.settings.get("share").unwrap().clone();
    let text = format!(
        "{} {} {share}: {interface} {:?} {wrappers:?} {callers:?} {replicas:?}",
        cx.key, cx.place, cx.class
    );
    cx.warn(&SEEN, "share", text, "nothing is wrong");
}

/// Writes what a process promises where others read it.
fn scale(cx: &mut FillContext<'_>) {
    for (name, promise) in cx.entries::<Promise>("of_process") {
        if promise.share == 66 {
            let at = ("of_process", name.as_str(), "share");
            let fault = cx.fault(&SEEN, at, "it cannot be 66", "take 65");
            cx.diagnostics.push(fault);
        }
        let process = cx.plan.processes.get_mut(&name).unwrap();
        let least = process.replicas.least();
        process.replicas = Replicas::Between { least, most: promise.share, cpu_percent: 1 };
    }
}

/// A call, to be checked.
#[derive(Settings)]
struct Probe {
    /// The call.
    #[setting(fixed, example = "\"front.show\"")]
    call: String,
    /// Its arguments.
    #[setting(fixed)]
    arguments: std::collections::BTreeMap<String, serde_json::Value>,
    /// The answer.
    #[setting(fixed)]
    answer: Option<serde_json::Value>,
}

static PROBE: Plugin = table("probe", "Probes.")
    .tables(&[OwnedTable::top_level::<Probe>("probe", "a probe")
        .ordered()
        .verbatim()
        .read_by_mode()])
    .check_entries(&[("probe", check_probe)])
    .codes(&[SEEN])
    .declare();

fn check_probe(cx: &mut CheckContext<'_>) {
    let entry = cx.entry.unwrap();
    let arguments = entry.written.get("arguments").and_then(Item::as_table);
    let Some(call) = entry.written.get("call").and_then(|c| WrittenCall::read(c, arguments)) else {
        cx.report(&SEEN, "call", "not a call", "write one");
        return;
    };
    let Some(called) = entry.calls.check_call(&call, "a probe calls a service", cx.diagnostics)
    else {
        return;
    };
    if !called.published {
        cx.report(&SEEN, "call", format!("`{}` is not published", called.service), "publish it");
    }
    if let Some(answer) = entry.written.get("answer") {
        entry.calls.check_answer(&called, "answer", answer, cx.diagnostics);
    }
}

/// Whether something is on.
#[derive(Settings)]
#[settings(shorthand = "on")]
struct Switch {
    /// On.
    #[setting(default = true, tunable)]
    on: bool,
    /// Who may turn it.
    token: Option<Secret>,
}

static SWITCH: Plugin = table("switch", "Switches.")
    .tables(&[OwnedTable::top_level::<Switch>("switch", "a switch")
        .listed(ListedNames { list: list_knobs, unknown: bp_diag::catalog::binding::unknown_knob })
        .read_by_processes()])
    .declare();

fn list_knobs(workflow: &WorkflowModel) -> Vec<(String, Span)> {
    workflow.knobs.iter().map(|(name, knob)| (name.clone(), knob.span)).collect()
}

/// What processes need of a place.
#[derive(Settings)]
#[settings(shorthand = "key")]
struct Token {
    /// The key.
    key: Option<Secret>,
}

/// Owns a key at every place that one process holds.
static TOKEN: Plugin = table("token", "Tokens.")
    .runtime()
    .tables(&[
        OwnedTable::key::<Token>(TablePlace::Process, "process_token", "a token")
            .read_by_processes(),
        OwnedTable::key::<Token>(TablePlace::Backend, "backend_token", "a token")
            .read_by_processes(),
        OwnedTable::key::<Token>(TablePlace::Edge, "edge_token", "a token").read_by_processes(),
        OwnedTable::key::<Token>(TablePlace::Server, "server_token", "a token").read_by_processes(),
    ])
    .declare();

/// Who is let in.
#[derive(Settings)]
#[settings(shorthand = "who")]
struct Guard {
    /// The name.
    #[setting(required, example = "\"ann\"")]
    who: String,
    /// How they prove it.
    token: Option<Secret>,
}

static GUARD: Plugin = table("guard", "Guards.")
    .tables(&[
        OwnedTable::top_level::<Guard>("guard", "a guard")
            .feature(Feature::Autoscale)
            .read_by_processes(),
        OwnedTable::key::<Guard>(TablePlace::Edge, "guarded", "guarding").read_by_processes(),
    ])
    .runtime()
    .declare();

fn with_tables() -> Registry {
    registry().with(&PROMISE).with(&PROBE).with(&SWITCH).with(&GUARD).with(&TOKEN)
}

/// A wiring with more in it, and one that extends it, for a target that can neither keep secrets nor scale: the places and texts of one code.
fn complaints_of_plain(code: &str, base: &str, child: &str) -> Vec<String> {
    /// Local.
    #[derive(Settings)]
    struct Plain {}
    static PLAIN: Plugin =
        target::<Plain>("process", &[Feature::Processes, Feature::Inits]).declare();
    let base = format!("{MICRO}\n{base}");
    let child = format!("extends = \"local.toml\"\n{child}");
    let files = [("wiring/local.toml", base.as_str()), ("wiring/child.toml", child.as_str())];
    let all = App::files(SHOP, &files, with_tables().with(&PLAIN)).complaints();
    let of_code = |line: &String| line.strip_prefix(code)?.strip_prefix(' ').map(str::to_owned);
    all.iter().filter_map(of_code).collect()
}

/// The micro wiring and what follows it, in one file.
fn app(more: &str) -> App {
    let wiring = format!("{MICRO}\n{more}");
    App::files(SHOP, &[("wiring/local.toml", &wiring)], with_tables())
}

/// The micro wiring, and a file that extends it.
fn extended(more: &str) -> App {
    let child = format!("extends = \"local.toml\"\n{more}");
    App::files(SHOP, &[("wiring/local.toml", MICRO), ("wiring/child.toml", &child)], with_tables())
}

/// What a plan holds of a table: each entry with the share of it and of its methods.
fn shares(plan: &Plan, table: &str) -> Vec<String> {
    let share = |settings: &bp_plan::Settings| match settings.get("share") {
        Some(value) => format!("{value}@{}", settings.origin("share")),
        None => "none".to_owned(),
    };
    let show = |entry: &EntryPlan| {
        let first = format!("{} {}", entry.name, share(&entry.settings));
        let methods = entry.methods.iter().map(|(method, of)| format!("{method}={}", share(of)));
        let off = entry.off.iter().map(|method| format!("-{method}"));
        let parts: Vec<String> = std::iter::once(first).chain(methods).chain(off).collect();
        parts.join(" ")
    };
    plan.tables.get(table).map_or_else(Vec::new, |t| t.entries.iter().map(show).collect())
}

/// What checks see of keys, without file and line.
fn seen(app: &App) -> Vec<String> {
    let found = app.complaints();
    let texts = found.iter().filter_map(|line| line.strip_prefix("promise/seen ")?.split_once(' '));
    let mut seen: Vec<String> = texts.map(|(_, text)| text.to_owned()).collect();
    seen.sort();
    seen
}

#[test]
fn a_key_of_the_application_is_an_entry() {
    let app = extended("app.of_app = { share = 2, tell = \"ann\" }\n");
    let plan = app.plan();
    assert_eq!(shares(&plan, "of_app"), ["app 2@wiring/child.toml:2"]);
    let table = &plan.tables["of_app"];
    assert_eq!((table.plugin.as_str(), table.place), ("promise", TablePlace::App));
    assert_eq!((table.shorthand.as_deref(), table.reader), (Some("share"), None));
    assert_eq!(table.entries[0].settings.get("tell"), Some(&Value::Text("ann".to_owned())));
    assert_eq!(table.entries[0].origin, "wiring/child.toml:2");
    assert_eq!(table.settings.keys().collect::<Vec<_>>(), ["share", "tell"]);
}

#[test]
fn a_key_of_processes_is_merged_and_removed_like_their_settings() {
    let app = extended(
        "[process.\"*\"]\nof_process = 4\n[process.front]\nreplicas = 3\nof_process = { tell = \"bob\" }\n[process.cart]\nof_process = false\n[process.users]\nof_process = 1\n",
    );
    let plan = app.plan();
    let expected = ["front 4@wiring/child.toml:3", "users 1@wiring/child.toml:10"];
    assert_eq!(shares(&plan, "of_process"), expected);
    let between = Replicas::Between { least: 3, most: 4, cpu_percent: 1 };
    assert_eq!(plan.processes["front"].replicas, between);
    assert_eq!(plan.processes["cart"].replicas, Replicas::Fixed(1));
    let seen = seen(&app);
    assert_eq!(
        seen,
        [
            "process.front.of_process front 4: - None [] [] Some(3)",
            "process.users.of_process users 1: - None [] [] Some(1)",
        ]
    );
}

#[test]
fn a_key_of_backends_is_none_of_their_settings() {
    let app = extended("backend.cart_db.of_backend = 5\n");
    let plan = app.plan();
    assert_eq!(shares(&plan, "of_backend"), ["cart_db 5@wiring/child.toml:2"]);
    let backend = plan.instances["cart_db"].backend().unwrap();
    assert_eq!(backend.settings.get("of_backend"), None);
    assert_eq!(
        seen(&app),
        ["cart_db.of_backend cart_db 5: bp_backend::DocumentStore None [] [\"cart\"] None"]
    );
}

#[test]
fn a_key_of_edges_may_differ_by_method() {
    let app = extended(
        "[edge.\"*\"]\nof_edge = 6\n[edge.\"front -> cart.list\"]\nof_edge = 7\n[edge.\"front -> cart.add\"]\nof_edge = false\n[edge.\"front -> users\"]\nof_edge = false\n[edge.\"front -> users.name\"]\nof_edge = true\n",
    );
    let plan = app.plan();
    let (six, seven) = ("6@wiring/child.toml:3", "7@wiring/child.toml:5");
    assert_eq!(
        shares(&plan, "of_edge"),
        [
            format!("cart->cart_db {six}"),
            format!("cart->users {six}"),
            format!("front->cart {six} list={seven} -add"),
            "front->users 1@default name=1@default".to_owned(),
            format!("users->cart {six}"),
            format!("users->users_cache {six}"),
        ]
    );
    let seen = seen(&app);
    let of_front = "of_edge front->cart 6: shop_workflow::Cart Some(Service) [\"trace\", \"timeout\", \"retry\"] [] None";
    assert!(seen.iter().any(|line| line == of_front), "{seen:#?}");
    assert!(seen.iter().any(|line| line.starts_with("of_edge front->cart 7:")), "{seen:#?}");
    // Settings that were read once are checked at each place.
    assert_eq!(seen.iter().filter(|line| line.contains(" 6: ")).count(), 5, "{seen:#?}");
}

#[test]
fn a_key_of_servers_may_differ_by_method() {
    let app = extended("[server.\"cart\"]\nof_server = 8\n[server.\"cart.add\"]\nof_server = 9\n");
    let (eight, nine) = ("8@wiring/child.toml:3", "9@wiring/child.toml:5");
    assert_eq!(shares(&app.plan(), "of_server"), [format!("cart {eight} add={nine}")]);
    assert_eq!(seen(&app)[0], "of_server cart 8: shop_workflow::Cart None [\"trace\"] [] None");
}

#[test]
fn rules_and_bounds_of_an_entry_are_reported_once_however_many_places_share_it() {
    let rule = app("[edge.\"* -> *\"]\nof_edge = 13\n").complaints();
    let faults: Vec<&String> = rule.iter().filter(|line| line.starts_with("BP4001")).collect();
    assert_eq!(faults, ["BP4001 wiring/local.toml:34 `of_edge.share`: 13 is unlucky"], "{rule:#?}");
    let bound = app("[process.cart]\nof_process = 101\n").complaints();
    let first = bound.iter().find(|line| line.starts_with("BP2072"));
    assert!(first.is_some_and(|l| l.contains("`process.cart.of_process.share`")), "{bound:#?}");
}

#[test]
fn an_entry_that_cannot_be_filled_in_leaves_no_plan() {
    let app = app("[process.cart]\nof_process = 66\n");
    let lowered = app.lower();
    assert!(lowered.plan.is_none());
    let fault = lowered.diagnostics.iter().find(|d| d.message.contains("66")).unwrap();
    let place = app.sources.locate(fault.primary_span().unwrap());
    assert_eq!(
        (place.as_str(), fault.code.id.to_string().as_str()),
        ("wiring/local.toml:34", "promise/seen")
    );
}

#[test]
fn replicas_that_a_plugin_gives_to_a_store_in_one_process_are_refused_at_its_key() {
    let found = extended("[process.\"*\"]\nof_process = 1\n[process.users]\nof_process = 4\n");
    let found = found.complaints();
    let faults: Vec<&String> = found.iter().filter(|line| line.starts_with("BP")).collect();
    let [only] = faults.as_slice() else { panic!("{found:#?}") };
    assert!(
        only.starts_with("BP3012 wiring/child.toml:5 `users_cache` would be up to 4"),
        "{only}"
    );
}

#[test]
fn a_target_must_express_the_feature_of_a_key() {
    let asked = |child: &str| complaints_of_plain("BP6040", "", child);
    let found = asked("[process.cart]\nreplicas = 1\nof_process = 2\n");
    let [only] = found.as_slice() else { panic!("{found:#?}") };
    assert!(only.starts_with("wiring/child.toml:4 ") && only.contains("autoscaling"));
    assert_eq!(asked("[process.cart]\nof_process = false\n"), Vec::<String>::new());
    let secret = asked("switch.\"*\".token = { secret = \"token\" }\n");
    let [only] = secret.as_slice() else { panic!("{secret:#?}") };
    assert!(only.starts_with("wiring/child.toml:2 ") && only.contains("secrets"));
    let guarded =
        "[edge.\"front -> cart\"]\nguarded = { who = \"ann\", token = { secret = \"t\" } }\n";
    let secret = asked(guarded);
    let [only] = secret.as_slice() else { panic!("{secret:#?}") };
    assert!(only.starts_with("wiring/child.toml:3 ") && only.contains("secrets"));
}

#[test]
fn a_target_must_express_what_is_in_force() {
    let asked = |base: &str, child: &str| complaints_of_plain("BP6040", base, child);
    let nothing = Vec::<String>::new();
    let base = "[guard]\nann = { who = \"ann\", token = { secret = \"t\" } }\n";
    let both = asked(base, "");
    let places: Vec<&str> = both.iter().filter_map(|line| line.split(' ').next()).collect();
    assert_eq!(places, ["wiring/local.toml:34"; 2], "{both:#?}");
    assert_eq!(asked(base, "guard.ann = false\n"), nothing);
    // Neither asks the target for anything: there is no such entry.
    assert_eq!(asked("", "guard.\"*\".token = { secret = \"t\" }\n"), nothing);
    let overridden = asked(base, "guard.ann.token = { env = \"T\" }\n");
    let [only] = overridden.as_slice() else { panic!("{overridden:#?}") };
    assert!(only.contains("autoscaling"), "{only}");
    let again = asked(base, "guard.ann = true\nguard.\"*\".who = \"bob\"\n");
    let [only] = again.as_slice() else { panic!("{again:#?}") };
    assert!(only.starts_with("wiring/child.toml:2 "), "{only}");
    // The later file's line is in force, also where it changes a part only.
    let key =
        asked("[process.cart]\nof_process = { tell = \"ann\" }\n", "process.cart.of_process = 3\n");
    let [only] = key.as_slice() else { panic!("{key:#?}") };
    assert!(only.starts_with("wiring/child.toml:2 "), "{only}");
}

#[test]
fn what_is_not_set_is_reported_at_the_line_in_force() {
    let missing = |base: &str, child: &str| complaints_of_plain("BP4002", base, child);
    let entry = missing("[guard]\nann = \"ann\"\n", "guard.ann = true\n");
    let line = "[edge.\"front -> cart\"]\nguarded = ";
    let key = missing(&format!("{line}\"ann\"\n"), &format!("{line}true\n"));
    // Nothing of the first line is left here either, and everything there.
    let token = "{ token = { env = \"T\" } }\n";
    let replaced = missing(&format!("{line}{token}"), &format!("{line}{token}"));
    let kept = missing(&format!("{line}{token}"), &format!("{line}{{}}\n"));
    let [entry, key, replaced, kept] = [entry, key, replaced, kept].map(|found| found.concat());
    assert!(entry.starts_with("wiring/child.toml:2 `guard.ann` needs `who`"), "{entry}");
    assert!(key.starts_with("wiring/child.toml:3 `guarded` needs `who`"), "{key}");
    assert!(replaced.starts_with("wiring/child.toml:3 `guarded` needs `who`"), "{replaced}");
    assert!(kept.starts_with("wiring/local.toml:34 `guarded` needs `who`"), "{kept}");
}

#[test]
fn plugins_are_in_the_plan_if_a_file_names_a_table_of_theirs() {
    let named = |app: &App| {
        let plan = app.plan();
        ["promise", "probe", "switch"].map(|id| plan.plugins.contains_key(id))
    };
    assert_eq!(named(&extended("")), [false, false, true], "the workflow lists a switch");
    let removed = extended("[process.cart]\nof_process = false\n");
    assert_eq!(named(&removed), [true, false, true]);
    assert!(removed.plan().tables.keys().eq(["switch"]));
    // So that every wiring of the chain links the same runtime halves.
    for (base, child) in [
        ("app.of_app = 2", "app.of_app = false"),
        ("backend.cart_db.of_backend = 2", "backend.cart_db.of_backend = false"),
        ("backend.\"*\".of_backend = 2", "backend.\"*\".of_backend = false"),
    ] {
        let base = format!("extends = \"local.toml\"\n{base}\n");
        let child = format!("extends = \"base.toml\"\n{child}\n");
        let files = [
            ("wiring/local.toml", MICRO),
            ("wiring/base.toml", base.as_str()),
            ("wiring/child.toml", child.as_str()),
        ];
        let off = App::files(SHOP, &files, with_tables());
        assert_eq!(named(&off), [true, false, true], "{child}");
        assert!(off.plan().tables.keys().eq(["switch"]));
    }
    let probe = extended("[probe.one]\ncall = \"front.show\"\narguments = { user = \"ann\" }\n");
    assert_eq!(named(&probe), [false, true, true]);
    assert_eq!(named(&extended("[edge.\"*\"]\nof_edge = 1\n")), [true, false, true]);
}

#[test]
fn listed_entries_are_those_of_the_workflow() {
    let switch = |app: &App| {
        let plan = app.plan();
        let [only] = plan.tables["switch"].entries.as_slice() else { panic!("one switch") };
        (only.settings.get("on").cloned(), only.origin.clone())
    };
    let on = |on, origin: &str| (Some(Value::Bool(on)), origin.to_owned());
    let declared = switch(&extended(""));
    assert!(declared.1.starts_with("workflow/src/lib.rs:"), "{declared:?}");
    assert_eq!(declared.0, Some(Value::Bool(true)));
    assert_eq!(switch(&extended("switch.related = false\n")), on(false, "wiring/child.toml:2"));
    let globbed = extended("switch.\"*\" = false\n");
    assert_eq!(switch(&globbed), on(false, &declared.1));
    let settings = &globbed.plan().tables["switch"].entries[0].settings;
    assert_eq!(settings.origin("on"), "wiring/child.toml:2");
    let unknown = extended("switch.relate = false\n").complaints();
    assert!(unknown[0].starts_with("BP3016 wiring/child.toml:2 "), "{unknown:#?}");
}

#[test]
fn references_of_tables_that_processes_read_reach_every_process() {
    let plan = extended("switch.related = { env = \"RELATED\" }\n").plan();
    let deployment = Deployment::of(&plan, Options::default());
    assert_eq!(deployment.processes.len(), 3);
    for (name, process) in &deployment.processes {
        assert!(process.environment.contains_key("RELATED"), "{name}");
    }
}

#[test]
fn a_secret_in_a_key_is_mounted_where_its_place_is_and_known_to_checks() {
    for (key, reader) in [
        ("process.cart.process_token", "cart"),
        ("backend.cart_db.backend_token", "cart"),
        ("server.cart.server_token", "cart"),
        ("edge.\"front -> cart\".edge_token", "front"),
        ("edge.\"cart -> cart_db\".edge_token", "cart"),
        ("edge.\"client -> front\".edge_token", "front"),
        ("edge.\"front -> cart.list\".edge_token", "front"),
    ] {
        let plan = extended(&format!("{key} = {{ secret = \"own\" }}\n")).plan();
        let deployment = Deployment::of(&plan, Options::default());
        let mounted = deployment
            .processes
            .iter()
            .filter(|(_, process)| process.references.secrets.contains("own"));
        assert_eq!(mounted.map(|(name, _)| name).collect::<Vec<_>>(), [reader], "{key}");
        assert!(References::of(&plan).secrets.contains("own"), "{key}");
    }
}

#[test]
fn an_init_gets_the_secrets_of_what_it_holds() {
    let init = "[service]\nplant = { impl = \"CartImpl\", db = \"cart_db\" }\nfront = { cart = \"cart\" }\nusers = { cart = \"cart\" }\n[init.fill]\ncall = \"plant.list\"\narguments = { user = \"ann\" }\n";
    for (key, expected) in [
        ("backend.cart_db.backend_token", true),
        ("edge.\"plant -> cart_db\".edge_token", true),
        ("edge.\"cart -> cart_db\".edge_token", false),
        ("process.cart.process_token", false),
    ] {
        // Processes and inits can share a server.
        let shared = MICRO.replacen("\"memory\"", "\"server-db\"", 1);
        let child = format!("extends = \"local.toml\"\n{key} = {{ secret = \"own\" }}\n{init}");
        let files = [("wiring/local.toml", shared.as_str()), ("wiring/child.toml", &child)];
        let plan = App::files(SHOP, &files, with_tables()).plan();
        let fill = &Deployment::of(&plan, Options::default()).inits["fill"];
        assert_eq!(fill.references.secrets.contains("own"), expected, "{key}");
    }
}

#[test]
fn ordered_entries_are_in_the_order_written() {
    let call = "call = \"front.show\"\narguments = { user = \"ann\" }\n";
    let base = format!("{MICRO}\n[probe.z]\n{call}[probe.a]\n{call}[probe.m]\n{call}");
    let child = format!("extends = \"local.toml\"\n[probe.b]\n{call}[probe]\na = false\n");
    let files = [("wiring/local.toml", base.as_str()), ("wiring/child.toml", child.as_str())];
    let plan = App::files(SHOP, &files, with_tables()).plan();
    let names: Vec<&str> = plan.tables["probe"].entries.iter().map(|e| e.name.as_str()).collect();
    assert_eq!(names, ["z", "m", "b"]);
    assert!(plan.dropped["probe:a"].iter().any(|d| d.what == "probe.a.call = \"front.show\""));
}

#[test]
fn verbatim_values_are_kept_as_written() {
    let app = app(
        "[probe.one]\ncall = \"front.show\"\narguments = { user = \"ann\", page = 2 }\nanswer = []\n",
    );
    let settings = &app.plan().tables["probe"].entries[0].settings;
    assert_eq!(settings.get("arguments.page"), Some(&Value::Integer(2)));
    assert_eq!(settings.get("answer"), Some(&Value::List(Vec::new())));
}

#[test]
fn calls_of_entries_are_checked() {
    let complains = |call: &str, code: &str, text: &str| {
        let found = app(&format!("[probe.one]\n{call}\n")).complaints();
        let [only] = found.as_slice() else { panic!("{code}: {found:#?}") };
        assert!(only.starts_with(code) && only.contains(text), "wanted {code} {text}, got {only}");
    };
    complains("call = \"frnt.show\"", "BP3007", "`frnt`");
    complains("call = \"cart_db.get\"", "BP3021", "a backend");
    complains("call = \"front.shwo\"", "BP3015", "`shwo`");
    let unknown = "call = \"front.show\"\narguments = { user = \"ann\", usr = 1 }";
    complains(unknown, "BP3024", "`usr`");
    complains("call = \"front.show\"", "BP3024", "needs the argument `user`");
    let inside = "call = \"users.name\"\narguments = { user = \"ann\" }";
    complains(inside, "probe/seen", "`users` is not published");
    let both = app("[probe.one]\ncall = \"users.nam\"\nanswer = 1\n").complaints();
    let codes: Vec<&str> = both.iter().filter_map(|line| line.split(' ').next()).collect();
    assert_eq!(codes, ["BP3015", "probe/seen"], "{both:#?}");
    complains("call = \"front\"", "probe/seen", "not a call");
    let answer = "call = \"front.show\"\narguments = { user = \"ann\" }\nanswer = 3";
    complains(answer, "BP3055", "`answer` of `front.show`");
    let removed = extended("service.users = false\n[probe.one]\ncall = \"users.name\"\n");
    let found = removed.complaints();
    assert!(found.iter().any(|line| line.starts_with("BP2043 wiring/child.toml:4")), "{found:#?}");
}

#[test]
fn entries_are_read_after_other_faults_too() {
    let app = app("[process.cart]\nreplcas = 2\nof_process = 101\n[probe.one]\nother = 1\n");
    let found = app.complaints();
    let has = |code: &str| found.iter().any(|line| line.starts_with(code));
    assert!(has("BP2031") && has("BP2072") && has("BP4002"), "{found:#?}");
    // Whether the outside world calls a service is not known then.
    let hidden = extended(
        "service.front.impl = \"No\"\n[probe.one]\ncall = \"users.name\"\narguments = { user = \"a\" }\n",
    );
    let found = hidden.complaints();
    assert!(!found.iter().any(|line| line.starts_with("probe/")), "{found:#?}");
}
