//! Interfaces that extend others: who offers them, and what a backend that several take is opened as.

use bp_contract::Package;
use bp_contract::setting::Settings;
use bp_plugin::{CheckContext, Plugin, PluginCode, Registry, backend, interface};

use crate::support::{App, CACHES, DOCUMENT_STORES, registry};

const SOURCE: &str = "
    use bp_macros::interface;
    use crate::Cache;
    #[interface(crate = ::bp_runtime)]
    pub trait SortedSets: Cache {
        #[idempotent] async fn rank(&self, key: String) -> Result<u64, BackendError>;
        async fn add(&self, key: String) -> Result<(), BackendError>;
    }
    #[interface(crate = ::bp_runtime)]
    pub trait Lists: Cache { async fn push(&self, key: String) -> Result<(), BackendError>; }
";

static SORTED_SETS: Plugin =
    interface("sorted_sets", "Keeps sets in order.", "bp_backend::SortedSets", SOURCE).declare();
static LISTS: Plugin = interface("lists", "Keeps lists.", "bp_backend::Lists", SOURCE).declare();

/// Keeps things.
#[derive(Settings)]
struct Store {}

const SEEN: PluginCode = PluginCode::new("seen", "what is opened", "");

/// Tells as what it is opened.
fn check(cx: &mut CheckContext<'_>) {
    let Some(place) = cx.interface else { return };
    let cache = place.extends("bp_backend::Cache");
    let text = format!("{}: {} {} {cache}", cx.place, place.path, place.methods.len());
    cx.warn(&SEEN, "", text, "");
}

static RANKED: Plugin = backend::<Store>(
    "ranked",
    &["bp_backend::Cache", "bp_backend::DocumentStore", "bp_backend::SortedSets"],
)
.codes(&[SEEN])
.check(check)
.declare();
static LISTED: Plugin =
    backend::<Store>("listed", &["bp_backend::Lists", "bp_backend::SortedSets"]).declare();

fn registry_of_sets() -> Registry {
    registry().with(&SORTED_SETS).with(&LISTS).with(&RANKED).with(&LISTED)
}

/// A front that takes one service and its own backends, and a service with others.
fn workflow(front: &str, back: &str) -> String {
    format!(
        "use std::sync::Arc;
use bp_std::{{Cache, DocumentStore, Infra, Lists, ServiceError, SortedSets, service}};
#[derive(Debug, ServiceError)]
pub enum E {{ #[infra] Infra(Infra) }}
#[service] pub trait Front {{ async fn show(&self) -> Result<(), E>; }}
#[service] pub trait Back {{ async fn work(&self) -> Result<(), E>; }}
pub struct FrontImpl;
impl FrontImpl {{ pub fn new(back: Arc<dyn Back>, {front}) -> Self {{ todo!() }} }}
#[service] impl Front for FrontImpl {{}}
pub struct BackImpl;
impl BackImpl {{ pub fn new({back}) -> Self {{ todo!() }} }}
#[service] impl Back for BackImpl {{}}
"
    )
}

fn app(kind: &str, front: (&str, &str), back: (&str, &str)) -> App {
    let wiring = format!(
        "[app]
name = \"shop\"
workflow = \"../workflow\"

[backend]
store = {{ kind = \"{kind}\" }}

[service]
front = {{ impl = \"FrontImpl\"{} }}
back = {{ impl = \"BackImpl\"{} }}

[edge.\"client -> front\"]
rpc = \"http\"
timeout = \"1s\"

[edge.\"front -> back\"]
rpc = \"grpc\"
timeout = \"1s\"

[edge.\"front -> store.rank\"]
timeout = \"1s\"

[target]
enabled = [\"process\"]
",
        front.1, back.1
    );
    let files = [("wiring/local.toml", wiring.as_str())];
    App::files(&workflow(front.0, back.0), &files, registry_of_sets())
}

#[test]
fn a_backend_is_opened_once_and_each_caller_has_what_it_takes() {
    let declared = Registry::new([&CACHES, &DOCUMENT_STORES, &SORTED_SETS, &LISTS, &LISTED]);
    assert_eq!(declared.faults(), Vec::<String>::new());
    let app = app(
        "ranked",
        ("sets: Arc<dyn SortedSets>", ", sets = \"store\""),
        ("cache: Arc<dyn Cache>", ", cache = \"store\""),
    );
    let plan = app.plan();
    assert_eq!(plan.instances["store"].interface, "bp_backend::SortedSets");
    assert_eq!(plan.edges["front->store"].interface, "bp_backend::SortedSets");
    assert_eq!(plan.edges["back->store"].interface, "bp_backend::Cache");
    // A method of the capability may be named at the caller that takes it.
    let timeout = &plan.edges["front->store"].client[0];
    assert_eq!(timeout.methods.keys().collect::<Vec<_>>(), ["rank"]);
    let ir = app.lower().ir;
    let methods = |key: &str| {
        let edge = ir.edge(&bp_ir::EdgeKey::new(key.to_owned())).unwrap();
        match &edge.kind {
            bp_ir::EdgeKind::Calls { methods, .. } => methods.join(" "),
            _ => String::new(),
        }
    };
    assert_eq!(methods("front->store"), "get get_many put delete put_if increment rank add");
    assert_eq!(methods("back->store"), "get get_many put delete put_if increment");
    let seen = app.complaints();
    assert!(
        seen.iter().any(|line| line.ends_with("store: bp_backend::SortedSets 8 true")),
        "{seen:#?}"
    );
}

#[test]
fn only_kinds_that_offer_a_capability_give_it() {
    let app = app(
        "memory",
        ("sets: Arc<dyn SortedSets>", ", sets = \"store\""),
        ("cache: Arc<dyn Cache>", ", cache = \"store\""),
    );
    let diagnostics = app.lower().diagnostics.sorted();
    let [only] = diagnostics.as_slice() else { panic!("{diagnostics:#?}") };
    assert_eq!(only.code.id, "BP3008");
    assert_eq!(only.message, "`store` does not offer `SortedSets`");
    assert_eq!(only.notes, ["kinds that offer `SortedSets`: listed, ranked"]);
}

#[test]
fn a_kind_that_lists_a_capability_alone_serves_what_it_extends() {
    let app = app(
        "listed",
        ("sets: Arc<dyn SortedSets>", ", sets = \"store\""),
        ("cache: Arc<dyn Cache>", ", cache = \"store\""),
    );
    let plan = app.plan();
    assert_eq!(plan.instances["store"].interface, "bp_backend::SortedSets");
    assert_eq!(plan.edges["back->store"].interface, "bp_backend::Cache");
}

#[test]
fn uses_that_no_interface_unites_are_shown_at_both_places() {
    let app = app(
        "listed",
        ("sets: Arc<dyn SortedSets>", ", sets = \"store\""),
        ("lists: Arc<dyn Lists>", ", lists = \"store\""),
    );
    let diagnostics = app.lower().diagnostics.sorted();
    let [only] = diagnostics.as_slice() else { panic!("{diagnostics:#?}") };
    assert_eq!(only.code.id, "BP3014");
    assert_eq!(only.message, "`store` is used as `Lists` and as `SortedSets`");
    let places: Vec<String> =
        only.labels.iter().map(|label| app.sources.locate(label.span)).collect();
    assert_eq!(places, ["wiring/local.toml:9", "wiring/local.toml:10"]);
    assert_eq!(
        only.notes,
        ["`listed` offers `Lists`, `SortedSets`, `Cache`, and none of them is both"]
    );
}

#[test]
fn one_service_takes_an_instance_through_one_interface() {
    let app = app(
        "ranked",
        (
            "sets: Arc<dyn SortedSets>, cache: Arc<dyn Cache>",
            ", sets = \"store\", cache = \"store\"",
        ),
        ("cache: Arc<dyn Cache>", ", cache = \"store\""),
    );
    let diagnostics = app.lower().diagnostics.sorted();
    let errors: Vec<_> = diagnostics.iter().filter(|d| d.code.id == "BP3014").collect();
    let [only] = errors.as_slice() else { panic!("{diagnostics:#?}") };
    assert_eq!(only.message, "`store` is used as `SortedSets` and as `Cache`");
    assert_eq!(only.help, ["take `SortedSets` in both parameters: it extends `Cache`"]);
}

#[test]
fn an_interface_that_no_kind_offers_is_told_from_a_backend_that_is_not_declared() {
    static TREES: Plugin =
        interface("trees", "Grows.", "bp_backend::Trees", "#[interface] pub trait Trees {}")
            .declare();
    let workflow = workflow("trees: Arc<dyn bp_std::Trees>", "cache: Arc<dyn Cache>");
    let wiring = "[app]
name = \"shop\"
workflow = \"../workflow\"
[backend]
back_cache = { kind = \"memory\" }
[service]
front = { impl = \"FrontImpl\" }
back = { impl = \"BackImpl\" }
[edge.\"*\"]
rpc = \"http\"
timeout = \"1s\"
[edge.\"client -> front\"]
rpc = \"http\"
[target]
enabled = [\"process\"]
";
    let app =
        App::files(&workflow, &[("wiring/local.toml", wiring)], registry_of_sets().with(&TREES));
    let diagnostics = app.lower().diagnostics.sorted();
    let only = diagnostics.iter().find(|d| d.code.id == "BP3005").unwrap();
    assert_eq!(only.message, "`front` needs `trees`, a `Trees`");
    assert_eq!(
        only.help,
        ["build `bp` with a plugin whose backends offer `bp_backend::Trees`: no kind does"]
    );
}

const QUEUE: &str =
    "pub struct E; #[bp_std::interface] pub trait Queue { async fn push(&self) -> Result<(), E>; }";
const LOG: &str = "use acme_queue::Queue;\n#[interface] pub trait Log: Queue {}";

static QUEUES: Plugin = interface("queue", "Hands over.", "acme_queue::Queue", QUEUE).declare();
static LOGS: Plugin = interface("log", "Notes.", "acme_log::Log", LOG).declare();
static SHELF: Plugin = backend::<Store>("shelf", &["acme_log::Log", "bp_backend::Cache"]).declare();

#[test]
fn the_plan_says_where_the_crates_of_interfaces_come_from() {
    let manifest = "[package]\nname = \"shop-workflow\"\n[dependencies]\nbp-std = \"0.1\"\nqueue = { package = \"acme-queue\", path = \"../vendor/queue\" }\n[dependencies.acme-log]\nversion = \"1\"\nfeatures = [\"x\"]\n";
    let queue_manifest = "[package]\nname = \"acme-queue\"\n[dependencies]\nbp-std = \"0.1\"\n";
    let wiring = "[app]
name = \"shop\"
workflow = \"../workflow\"
[backend]
store = { kind = \"shelf\" }
[service]
front = { impl = \"FrontImpl\", jobs = \"store\" }
back = { impl = \"BackImpl\", log = \"store\" }
[edge.\"*\"]
rpc = \"http\"
timeout = \"1s\"
[edge.\"client -> front\"]
rpc = \"http\"
[target]
enabled = [\"process\"]
";
    let files = [
        ("workflow/Cargo.toml", manifest),
        ("vendor/queue/Cargo.toml", queue_manifest),
        ("vendor/queue/src/lib.rs", QUEUE),
        ("wiring/local.toml", wiring),
    ];
    let workflow = workflow("jobs: Arc<dyn queue::Queue>", "log: Option<Arc<dyn acme_log::Log>>");
    let registry = registry().with(&QUEUES).with(&LOGS).with(&SHELF);
    let plan = App::files(&workflow, &files, registry).plan();
    assert_eq!(plan.instances["store"].interface, "acme_log::Log");
    assert_eq!(plan.edges["front->store"].interface, "acme_queue::Queue");
    let crates: Vec<String> = plan
        .app
        .interface_crates
        .iter()
        .map(|(name, krate)| format!("{name} {} {:?}", krate.package, krate.source))
        .collect();
    assert_eq!(
        crates,
        [
            "acme_log acme-log Requirement(\"{ features = [\\\"x\\\"], version = \\\"1\\\" }\")",
            "acme_queue acme-queue Path(\"vendor/queue\")",
        ]
    );
}

/// One crate with the interface and with the store that offers it.
const ONE_CRATE: Package = Package {
    name: "acme-queue",
    files: &[
        ("Cargo.toml", "[package]\nname = \"acme-queue\"\nversion = \"0.1.0\"\n"),
        ("src/lib.rs", QUEUE),
    ],
};

static QUEUES_OF_ONE: Plugin =
    interface("queue", "Hands over.", "acme_queue::Queue", QUEUE).carries(ONE_CRATE).declare();
static STORE_OF_ONE: Plugin =
    backend::<Store>("shelf", &["acme_queue::Queue"]).carries(ONE_CRATE).declare();

/// A workflow that has the crate `acme-queue` beside it.
fn app_of_one_crate(registry: Registry) -> App {
    let manifest = "[package]\nname = \"shop-workflow\"\n[dependencies]\nbp-std = \"0.1\"\nacme-queue = { path = \"../vendor/queue\" }\n";
    let queue_manifest = "[package]\nname = \"acme-queue\"\n[dependencies]\nbp-std = \"0.1\"\n";
    let wiring = "[app]
name = \"shop\"
workflow = \"../workflow\"
[backend]
store = { kind = \"shelf\" }
[service]
front = { impl = \"FrontImpl\", jobs = \"store\" }
back = { impl = \"BackImpl\" }
[edge.\"*\"]
rpc = \"http\"
timeout = \"1s\"
[edge.\"client -> front\"]
rpc = \"http\"
[target]
enabled = [\"process\"]
";
    let files = [
        ("workflow/Cargo.toml", manifest),
        ("vendor/queue/Cargo.toml", queue_manifest),
        ("vendor/queue/src/lib.rs", QUEUE),
        ("wiring/local.toml", wiring),
    ];
    App::files(&workflow("jobs: Arc<dyn acme_queue::Queue>", "size: u32 /**/"), &files, registry)
}

#[test]
fn one_crate_may_hold_an_interface_and_the_store_that_offers_it() {
    static OTHER: Plugin = backend::<Store>("other", &["bp_backend::Cache"])
        .carries(Package { name: "shop-workflow", files: ONE_CRATE.files })
        .declare();
    let registry = || registry().with(&QUEUES_OF_ONE).with(&STORE_OF_ONE);
    let declared = Registry::new([&QUEUES_OF_ONE, &STORE_OF_ONE]);
    assert_eq!(declared.faults(), Vec::<String>::new());
    let complaints = app_of_one_crate(registry()).complaints();
    assert!(!complaints.iter().any(|line| line.contains("BP3050")), "{complaints:#?}");
    // A runtime half of another plugin is still another package than the workflow's of its name.
    let complaints = app_of_one_crate(registry().with(&OTHER)).complaints();
    assert!(complaints.iter().any(|line| line.contains("BP3050")), "{complaints:#?}");
}

#[test]
fn three_uses_that_only_pairs_unite_are_all_named() {
    const PAIRS: &str = "
        use crate::{Cache, DocumentStore};
        #[interface] pub trait Streams { async fn read(&self) -> Result<(), E>; }
        #[interface] pub trait CacheStreams: Cache + Streams {}
        #[interface] pub trait Stored: Cache + DocumentStore {}
        #[interface] pub trait StoredStreams: DocumentStore + Streams {}
    ";
    static STREAMS: Plugin = interface("streams", "Flows.", "bp_backend::Streams", PAIRS).declare();
    static FIRST: Plugin = interface("first", "Both.", "bp_backend::CacheStreams", PAIRS).declare();
    static SECOND: Plugin = interface("second", "Both.", "bp_backend::Stored", PAIRS).declare();
    static THIRD: Plugin =
        interface("third", "Both.", "bp_backend::StoredStreams", PAIRS).declare();
    static PAIRED: Plugin = backend::<Store>(
        "paired",
        &["bp_backend::CacheStreams", "bp_backend::Stored", "bp_backend::StoredStreams"],
    )
    .declare();
    let registry =
        [&STREAMS, &FIRST, &SECOND, &THIRD, &PAIRED].into_iter().fold(registry(), Registry::with);
    let workflow = format!(
        "{}
#[service] pub trait Side {{ async fn work(&self) -> Result<(), E>; }}
pub struct SideImpl;
impl SideImpl {{ pub fn new(streams: Arc<dyn bp_std::Streams>) -> Self {{ todo!() }} }}
#[service] impl Side for SideImpl {{}}
",
        workflow("side: Arc<dyn Side>, cache: Arc<dyn Cache>", "documents: Arc<dyn DocumentStore>")
    );
    let wiring = "[app]
name = \"shop\"
workflow = \"../workflow\"
[backend]
store = { kind = \"paired\" }
[service]
back = { impl = \"BackImpl\", documents = \"store\" }
front = { impl = \"FrontImpl\", cache = \"store\" }
side = { impl = \"SideImpl\", streams = \"store\" }
[edge.\"*\"]
rpc = \"http\"
timeout = \"1s\"
[edge.\"client -> front\"]
rpc = \"http\"
[target]
enabled = [\"process\"]
";
    let app = App::files(&workflow, &[("wiring/local.toml", wiring)], registry);
    let diagnostics = app.lower().diagnostics.sorted();
    let [only] = diagnostics.as_slice() else { panic!("{diagnostics:#?}") };
    assert_eq!(only.code.id, "BP3014");
    let [note] = only.notes.as_slice() else { panic!("{only:#?}") };
    let expected = "none unites `DocumentStore`, `Cache` and `Streams`";
    assert!(note.ends_with(expected), "{note}");
}

#[test]
fn an_optional_parameter_may_be_left_absent() {
    let wiring = "[app]
name = \"shop\"
workflow = \"../workflow\"
[backend]
sets = { kind = \"memory\" }
[service]
front = { impl = \"FrontImpl\" }
back = { impl = \"BackImpl\", size = 3 }
[edge.\"*\"]
rpc = \"http\"
timeout = \"1s\"
[edge.\"client -> front\"]
rpc = \"http\"
[target]
enabled = [\"process\"]
";
    let said = |wiring: &str| {
        let workflow = workflow("sets: Option<Arc<dyn SortedSets>>", "size: u32");
        let app = App::files(&workflow, &[("wiring/local.toml", wiring)], registry_of_sets());
        app.lower().diagnostics.sorted()
    };
    let diagnostics = said(wiring);
    let only = diagnostics.iter().find(|d| d.code.id == "BP3008").unwrap();
    let help = only.help.last().map(String::as_str);
    assert_eq!(help, Some("write `sets = false` to leave it absent"));
    let absent = said(&wiring.replace("\"FrontImpl\" }", "\"FrontImpl\", sets = false }"));
    assert!(!absent.iter().any(|d| d.code.id == "BP3008"), "{absent:#?}");
}

#[test]
fn an_interface_with_a_wrong_source_names_its_plugin() {
    static GONE: Plugin =
        interface("gone", "Gone.", "acme_log::Log", "#[interface] pub trait Other {}").declare();
    static SHELVES: Plugin = backend::<Store>("shelves", &["acme_log::Log"]).declare();
    let manifest =
        "[package]\nname = \"shop-workflow\"\n[dependencies]\nbp-std = \"0.1\"\nacme-log = \"1\"\n";
    let wiring = "[app]
name = \"shop\"
workflow = \"../workflow\"
[backend]
store = { kind = \"shelves\" }
[service]
front = { impl = \"FrontImpl\", log = \"store\" }
back = { impl = \"BackImpl\", size = 3 }
[edge.\"*\"]
rpc = \"http\"
timeout = \"1s\"
[edge.\"client -> front\"]
rpc = \"http\"
[target]
enabled = [\"process\"]
";
    let files = [("workflow/Cargo.toml", manifest), ("wiring/local.toml", wiring)];
    let workflow = workflow("log: Arc<dyn acme_log::Log>", "size: u32");
    let app = App::files(&workflow, &files, registry().with(&GONE).with(&SHELVES));
    let diagnostics = app.lower().diagnostics.sorted();
    let only = diagnostics.iter().find(|d| d.code.id == "BP3005").unwrap();
    let expected = "mend the plugin `gone`, which declares `acme_log::Log`: its source does not declare a trait `Log`";
    assert_eq!(only.help, [expected]);
}

#[test]
fn a_method_that_only_another_caller_may_name_says_what_is_taken() {
    let text = "[app]
name = \"shop\"
workflow = \"../workflow\"
[backend]
store = { kind = \"ranked\" }
[service]
front = { impl = \"FrontImpl\", sets = \"store\" }
back = { impl = \"BackImpl\", cache = \"store\" }
[edge.\"*\"]
rpc = \"http\"
timeout = \"1s\"
[edge.\"client -> front\"]
rpc = \"http\"
[edge.\"back -> store.rank\"]
timeout = \"1s\"
[edge.\"* -> store.add_\"]
timeout = \"1s\"
[target]
enabled = [\"process\"]
";
    let workflow = workflow("sets: Arc<dyn SortedSets>", "cache: Arc<dyn Cache>");
    let app = App::files(&workflow, &[("wiring/local.toml", text)], registry_of_sets());
    let diagnostics = app.lower().diagnostics.sorted();
    let found: Vec<_> = diagnostics.iter().filter(|d| d.code.id == "BP2053").collect();
    let [first, second] = found.as_slice() else { panic!("{diagnostics:#?}") };
    assert_eq!(first.labels[0].text, "`back` takes `store` as `Cache`, which has no `rank`");
    assert_eq!(second.labels[0].text, "`store` has no such method");
    assert!(format!("{second:?}").contains("`add`"), "{second:#?}");
}
