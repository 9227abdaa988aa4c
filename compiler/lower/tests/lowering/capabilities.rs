//! Interfaces that extend others: who offers them, and what a backend that several take is opened as.

use bp_contract::setting::Settings;
use bp_plugin::{CheckContext, Package, Plugin, PluginCode, Registry, backend, interface};

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

const QUEUE: &str = "#[derive(bp_std::ServiceError)] pub enum E { #[infra] Infra(bp_std::Infra) } #[bp_std::interface] pub trait Queue { async fn push(&self) -> Result<(), E>; }";
const LOG: &str = "use acme_queue::Queue;\n#[interface] pub trait Log: Queue {}";

static QUEUES: Plugin = interface("queue", "Hands over.", "acme_queue::Queue", QUEUE)
    .carries(Package { name: "acme-queue", files: &[("src/lib.rs", QUEUE)] })
    .declare();
static LOGS: Plugin = interface("log", "Notes.", "acme_log::Log", LOG).declare();
static SHELF: Plugin = backend::<Store>("shelf", &["acme_log::Log", "bp_backend::Cache"])
    .carries(Package {
        name: "bp-rt-shelf",
        files: &[
            (
                "Cargo.toml",
                "[package]\nname = \"bp-rt-shelf\"\n[dependencies]\nacme-queue = \"1\"\nacme-log = \"1\"\nacme-words = \"1\"\n",
            ),
            ("src/lib.rs", ""),
        ],
    })
    .declare();
static WORDS: Plugin = carrying_backend("words", "acme-words");
static UNUSED: Plugin = carrying_backend("unused", "acme-unused");

/// A plugin of a kind of backend that no wiring here names.
const fn carrying_backend(id: &'static str, package: &'static str) -> Plugin {
    let package = Package { name: package, files: &[("src/lib.rs", "")] };
    backend::<Store>(id, &["bp_backend::Cache"]).carries(package).declare()
}

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
    let registry = registry().with(&QUEUES).with(&LOGS).with(&SHELF).with(&WORDS).with(&UNUSED);
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
    // What the workflow has is not written again, and what nobody uses is not written at all.
    assert_eq!(plan.app.carried.iter().collect::<Vec<_>>(), ["acme-words", "bp-rt-shelf"]);
}

/// What is said of an application whose crate of queues is `source`, while `QUEUES` and `DELAYS` are declared.
fn complain_of_queue(source: &str, kind: &str) -> Vec<bp_diag::Diagnostic> {
    const DECLARED: &str = "use crate::Queue;
#[interface] pub trait Delayed: Queue + bp_backend::Cache {
    #[idempotent] async fn push_at(&self, item: String, at: u64) -> Result<(), E>;
    async fn cancel(&self, item: String) -> Result<(), E>;
}";
    static DELAYS: Plugin =
        interface("delayed", "Later.", "acme_queue::Delayed", DECLARED).declare();
    static DELAYING: Plugin = backend::<Store>("delaying", &["acme_queue::Delayed"]).declare();
    let manifest = "[package]\nname = \"shop-workflow\"\n[dependencies]\nbp-std = \"0.1\"\nacme-queue = { path = \"../vendor/queue\" }\n";
    let queue_manifest = "[package]\nname = \"acme-queue\"\n[dependencies]\nbp-std = \"0.1\"\n";
    let wiring = format!(
        "[app]
name = \"shop\"
workflow = \"../workflow\"
[backend]
store = {{ kind = \"memory\" }}
queue = {{ kind = \"{kind}\" }}
[service]
front = {{ impl = \"FrontImpl\", cache = \"store\" }}
back = {{ impl = \"BackImpl\", cache = \"store\" }}
[edge.\"*\"]
rpc = \"http\"
timeout = \"1s\"
[edge.\"client -> front\"]
rpc = \"http\"
[target]
enabled = [\"process\"]
"
    );
    let files = [
        ("workflow/Cargo.toml", manifest),
        ("vendor/queue/Cargo.toml", queue_manifest),
        ("vendor/queue/src/lib.rs", source),
        ("wiring/local.toml", &wiring),
    ];
    let workflow = workflow("cache: Arc<dyn Cache>", "cache: Arc<dyn Cache>");
    let registry = registry().with(&QUEUES).with(&DELAYS).with(&DELAYING);
    let app = App::files(&workflow, &files, registry);
    assert_eq!(app.front_end, []);
    let found = app.lower().diagnostics.sorted();
    found.into_iter().filter(|d| d.code.id == "BP3052").collect()
}

#[test]
fn an_interface_that_is_linked_is_the_declared_one() {
    let delayed = "#[bp_std::interface] pub trait Delayed: Queue + bp_std::Cache {
    async fn cancel(&self, item: String) -> Result<(), E>;
    /// Other words, another order and other types are no difference.
    #[idempotent] async fn push_at(&self, item: Vec<u8>, at: u64) -> Result<u64, E>;
}";
    let right = format!("{QUEUE}\n{delayed}");
    assert_eq!(complain_of_queue(&right, "delaying"), []);
    let wrong = right
        .replace("#[idempotent] async fn push_at", "async fn push_at")
        .replace("at: u64", "when: u64")
        .replace("async fn cancel(&self", "#[idempotent] async fn cancel(&self")
        .replace("Queue + bp_std::Cache", "bp_std::DocumentStore + Queue")
        .replace("async fn push(", "async fn put(");
    let found = complain_of_queue(&wrong, "delaying");
    let said: Vec<_> = found.iter().map(|d| (d.message.as_str(), d.notes.join("\n"))).collect();
    let not_declared =
        |path: &str| format!("`{path}` is not the interface that this `bp` declares");
    let (queue, delayed) = (not_declared("acme_queue::Queue"), not_declared("acme_queue::Delayed"));
    assert_eq!(
        said,
        [
            (
                queue.as_str(),
                "method `put` is not declared\nmethod `push` is declared, and the linked one lacks it"
                    .to_owned()
            ),
            (
                delayed.as_str(),
                "`cancel` is marked `#[idempotent]`, and is declared without\n\
                 `push_at` is declared `#[idempotent]`, and is not marked\n\
                 `push_at` takes `(item, when)`, and is declared with `(item, at)`\n\
                 it extends `bp_backend::DocumentStore`, which is not declared\n\
                 it is declared to extend `bp_backend::Cache`, and the linked one does not"
                    .to_owned()
            ),
        ]
    );
}

#[test]
fn a_crate_has_the_interfaces_that_backends_in_use_offer() {
    let found = complain_of_queue(QUEUE, "delaying");
    let [only] = found.as_slice() else { panic!("{found:#?}") };
    assert_eq!(only.message, "`acme_queue::Delayed` is not the interface that this `bp` declares");
    assert_eq!(only.notes, ["the linked crate does not have it"]);
    assert_eq!(complain_of_queue(QUEUE, "memory"), []);
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
