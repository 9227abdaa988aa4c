//! What is said about a key whose value another file, or a selector, has set: at the line that is in force, not where the instance is declared.

use bp_contract::setting::Settings;
use bp_plugin::plan::Replicas;
use bp_plugin::{Feature, Plugin, Registry, backend, table, target};

use crate::support::{App, DOCUMENT_STORE, MICRO, SHOP, registry};

/// Loses everything.
#[derive(Settings)]
struct Brief {}

static BRIEF: Plugin =
    backend::<Brief>("brief", &[DOCUMENT_STORE]).one_process().forgets().declare();

/// Must be told where.
#[derive(Settings)]
struct Strict {
    /// Where.
    #[setting(example = "\"db:1\"")]
    address: String,
}

static STRICT: Plugin = backend::<Strict>("strict", &[DOCUMENT_STORE]).declare();

/// Local.
#[derive(Settings)]
struct Plain {}

/// Expresses neither secrets nor resources.
static PLAIN: Plugin =
    target::<Plain>("process", &[Feature::Processes, Feature::Replicas, Feature::Inits]).declare();

/// Lets every process run more than once.
static MANY: Plugin = table("many", "Many.")
    .fill(|cx| {
        for process in cx.plan.processes.values_mut() {
            process.replicas = Replicas::Between { least: 1, most: 3, cpu_percent: 50 };
        }
    })
    .declare();

fn with_kinds() -> Registry {
    registry().with(&BRIEF).with(&STRICT)
}

/// The labels of a code, each with its place, of a wiring that extends the micro one.
fn labels(
    code: &str,
    (source, base, child): (&str, &str, &str),
    registry: Registry,
) -> Vec<String> {
    let child = format!("extends = \"local.toml\"\n{child}");
    let files = [("wiring/local.toml", base), ("wiring/child.toml", child.as_str())];
    let app = App::files(source, &files, registry);
    let found = app.lower().diagnostics.sorted();
    let of_code = found.iter().filter(|diagnostic| diagnostic.code.id == code);
    let labels = of_code.flat_map(|diagnostic| &diagnostic.labels);
    labels.map(|label| format!("{} {}", app.sources.locate(label.span), label.text)).collect()
}

fn on_server() -> String {
    MICRO.replace("cart_db = { kind = \"memory\" }", "cart_db = { kind = \"server-db\" }")
}

const MEMORY_IN_CHILD: &str = "wiring/child.toml:2 `memory` keeps its content in one process";

#[test]
fn what_a_kind_does_not_offer_is_said_where_the_kind_is_set() {
    let said = |child: &str| labels("BP3008", (SHOP, MICRO, child), registry());
    let offers = "wiring/child.toml:2 offers `DocumentStore`";
    assert_eq!(said("backend.users_cache.kind = \"server-db\"\n")[0], offers);
    assert_eq!(said("backend.\"users_*\".kind = \"server-db\"\n")[0], offers);
    assert_eq!(said("backend.users_cache = \"server-db\"\n")[0], offers);
    let declared =
        MICRO.replace("users_cache = { kind = \"memory\" }", "users_cache = \"server-db\"");
    let found = labels("BP3008", (SHOP, &declared, ""), registry());
    assert_eq!(found[0], "wiring/local.toml:7 offers `DocumentStore`");
}

#[test]
fn that_a_kind_is_of_one_process_is_said_where_the_kind_is_set() {
    let kind = "backend.cart_db.kind = \"memory\"\n";
    let source = SHOP.replace("cache: Arc<dyn Cache>", "cache: Arc<dyn DocumentStore>");
    let shared = on_server().replace("\"UsersImpl\"", "\"UsersImpl\", cache = \"cart_db\"");
    let found = labels("BP3012", (&source, &shared, kind), registry());
    assert_eq!(found, [MEMORY_IN_CHILD]);
    let replicas = format!("{}\n[process.cart]\nreplicas = 3\n", on_server());
    let found = labels("BP3012", (SHOP, &replicas, kind), registry());
    assert_eq!(found, [MEMORY_IN_CHILD, "wiring/local.toml:34 more than one"]);
    let found = labels("BP3012", (SHOP, &on_server(), kind), registry().with(&MANY));
    assert_eq!(found[0], MEMORY_IN_CHILD);
}

#[test]
fn that_a_kind_forgets_is_said_where_the_kind_is_set() {
    let source = format!(
        "{SHOP}
#[service]
pub trait Seed {{ #[idempotent] async fn fill(&self) -> Result<u32, ShopError>; }}
pub struct SeedImpl {{ db: Arc<dyn DocumentStore> }}
impl SeedImpl {{ pub fn new(db: Arc<dyn DocumentStore>) -> Self {{ todo!() }} }}
#[service]
impl Seed for SeedImpl {{ async fn fill(&self) -> Result<u32, ShopError> {{ todo!() }} }}
"
    );
    let base = on_server()
        .replace("[service]\n", "seed_db = \"server-db\"\n[service]\nseed = \"SeedImpl\"\n");
    let base = format!("{base}\n[init.seed]\ncall = \"seed.fill\"\n");
    let found =
        labels("BP3029", (&source, &base, "backend.seed_db.kind = \"brief\"\n"), with_kinds());
    assert_eq!(found[0], "wiring/child.toml:2 `brief` forgets when its process ends");
}

#[test]
fn what_a_kind_needs_is_said_where_the_kind_is_set() {
    let kind = "backend.cart_db.kind = \"strict\"\n";
    let found = labels("BP4002", (SHOP, &on_server(), kind), with_kinds());
    assert_eq!(found, ["wiring/child.toml:2 not set"]);
}

#[test]
fn what_an_implementation_needs_is_said_where_it_is_chosen() {
    let other = |parameters: &str| {
        format!(
            "{SHOP}
pub struct OtherImpl;
impl OtherImpl {{ pub fn new({parameters}) -> Self {{ todo!() }} }}
#[service]
impl Users for OtherImpl {{ async fn name(&self, user: String) -> Result<String, ShopError> {{ todo!() }} }}
"
        )
    };
    let chosen = "service.users.impl = \"OtherImpl\"\n";
    let missing = |parameters: &str| {
        labels("BP3005", (&other(parameters), MICRO, chosen), registry())[0].clone()
    };
    assert_eq!(missing("limit: u32"), "wiring/child.toml:2 `limit` is not set");
    assert_eq!(missing("caches: Vec<Arc<dyn Cache>>"), "wiring/child.toml:2 `caches` is not set");
    let several = MICRO.replace("users = {", "cart2 = \"CartImpl\"\nusers = {");
    let found = labels("BP3006", (&other("list: Arc<dyn Cart>"), &several, chosen), registry());
    assert!(found[0].starts_with("wiring/child.toml:2 "), "{found:?}");
}

#[test]
fn what_a_target_cannot_express_of_a_store_is_said_where_it_is_asked_for() {
    let base = on_server();
    let said = |child: &str| labels("BP6040", (SHOP, &base, child), registry().with(&PLAIN));
    let asked = ["wiring/child.toml:2 asked for here"];
    assert_eq!(said("backend.cart_db.resources.cpu = 0.25\n"), asked);
    assert_eq!(said("backend.\"*_db\".resources = { storage = \"1GiB\" }\n"), asked);
    assert_eq!(said("backend.cart_db.password = { secret = \"p\" }\n"), asked);
}
