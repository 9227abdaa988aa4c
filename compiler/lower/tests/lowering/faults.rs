//! What a refused wiring is told; the full texts are cases in the golden tests.

use std::time::Duration;

use bp_contract::setting::Settings;
use bp_plugin::{ClientSlot, EdgeClasses, Meaning, Plugin, wrapper};

use crate::support::{App, MICRO, SHOP, registry};

/// Expects exactly one complaint, which starts with a code and contains a text.
fn complains(wiring: &str, code: &str, text: &str) {
    source_complains(SHOP, wiring, code, text);
}

fn source_complains(source: &str, wiring: &str, code: &str, text: &str) {
    let complaints = App::new(source, wiring).complaints();
    let [only] = complaints.as_slice() else { panic!("{code}: {complaints:#?}") };
    assert!(only.starts_with(code) && only.contains(text), "wanted {code} {text}, got {only}");
}

/// The micro wiring with one text replaced, which must be there.
fn with(from: &str, to: &str) -> String {
    assert!(MICRO.contains(from), "{from}");
    MICRO.replace(from, to)
}

#[test]
fn implementations() {
    complains(&with("\"CartImpl\"", "\"CartImp\""), "BP3001", "`CartImp`");
    complains(&with("\"CartImpl\"", "\"Cart\""), "BP3019", "is a trait");
    let two = SHOP.to_owned()
        + "pub mod other { pub struct CartImpl; impl CartImpl { pub fn new() -> Self { Self } } #[bp_std::service] impl crate::Users for CartImpl { async fn name(&self, user: String) -> Result<String, crate::ShopError> { todo!() } } }\n";
    source_complains(&two, MICRO, "BP3002", "`CartImpl` fits 2 implementations");
    let path = with("\"CartImpl\"", "\"shop_workflow::CartImpl\"");
    assert_eq!(App::new(&two, &path).complaints(), Vec::<String>::new());
}

#[test]
fn backends() {
    complains(
        &with("cart_db = { kind = \"memory\"", "cart_db = { kind = \"memroy\""),
        "BP3003",
        "`memroy`",
    );
    complains(
        &with("[service]", "old = { kind = \"memory\" }\n[service]"),
        "BP8002",
        "nothing uses `old`",
    );
    complains(
        &with("kind = \"memory\" }\nusers", "kind = \"server-db\", password = \"x\" }\nusers"),
        "BP2074",
        "password",
    );
}

#[test]
fn parameters() {
    complains(&with("page_size = 20", "page_size = 20, pages = 3"), "BP3004", "`pages`");
    complains(&with(", page_size = 20", ""), "BP3005", "`page_size`");
    complains(&with("page_size = 20", "page_size = \"20\""), "BP3009", "whole number");
    complains(&with("page_size = 20", "page_size = 4294967296"), "BP3009", "4294967295");
    complains(&with("page_size = 20", "page_size = 20, wait = \"5\""), "BP3009", "a duration");
    complains(&with("page_size = 20", "page_size = 20, cart = \"card\""), "BP3007", "`card`");
    complains(&with("page_size = 20", "page_size = 20, cart = \"users\""), "BP3008", "`users`");
    complains(&with("page_size = 20", "page_size = 20, cart = 5"), "BP3009", "name of a `Cart`");
    let two = with("cart  = {", "cart2 = { impl = \"CartImpl\", db = \"cart_db\" }\ncart  = {")
        .replace("\"UsersImpl\" }", "\"UsersImpl\", cart = \"cart\" }")
        + "\n[process.carts]\nservices = [\"cart*\"]\n";
    complains(&two, "BP3006", "2 instances offer `Cart`");
}

#[test]
fn a_backend_is_wired_by_name_only() {
    complains(&with("cart_db = {", "store = {"), "BP3005", "`db`, a `DocumentStore`");
}

#[test]
fn a_backend_has_one_interface() {
    let source = SHOP
        .replace("cache: Arc<dyn Cache>)", "cache: Arc<dyn Cache>, db: Arc<dyn DocumentStore>)");
    let wiring =
        with("\"UsersImpl\" }", "\"UsersImpl\", cache = \"users_cache\", db = \"users_cache\" }");
    source_complains(&source, &wiring, "BP3014", "`Cache` and as `DocumentStore`");
}

#[test]
fn transports() {
    complains(&with("rpc = \"http\"\n", ""), "BP3011", "client -> front");
    complains(&with("rpc = \"http\"", "rpc = \"htpt\""), "BP3013", "`htpt`");
    complains(&with("rpc = \"http\"", "rpc = \"grpc\""), "BP3023", "outside world");
    let disagree = format!(
        "{MICRO}\n[edge.\"front -> cart\"]\nrpc = {{ kind = \"grpc\", max_message = \"1MiB\" }}\n"
    );
    complains(&disagree, "BP4005", "`front->cart` and `users->cart`");
}

#[test]
fn shared_memory() {
    let shared = with("\"UsersImpl\"", "\"UsersImpl\", cache = \"cart_db\"")
        .replace("users_cache = { kind = \"memory\" }\n", "");
    let source = SHOP.replace("db: Arc<dyn DocumentStore>,", "db: Arc<dyn Cache>,");
    source_complains(&source, &shared, "BP3012", "2 different stores");
    let replicas = format!("{MICRO}\n[process.cart]\nreplicas = 3\nservices = [\"cart\"]\n");
    complains(&replicas, "BP3012", "3 different stores");
}

#[test]
fn settings() {
    complains(&with("timeout = \"500ms\"", "timeout = true"), "BP4002", "`after`");
    complains(&with("attempts = 3", "attemps = 3"), "BP2031", "attemps");
    complains(&with("attempts = 3", "attempts = 9"), "BP2072", "attempts");
    complains(&with("budget = 0.2", "budget = { ratio = 0.2, tll = \"1s\" }"), "BP2031", "tll");
    complains(&with("timeout = \"2s\"", "timeout = \"2 s\""), "BP2071", "timeout");
    complains(&with("{ show = \"GET", "{ shaw = \"GET"), "BP4004", "`shaw`");
    complains(&with("retry = {", "replay = true\nretry = {"), "BP4003", "slot `retry`");
}

#[test]
fn inits() {
    let init = |more: &str| format!("{MICRO}\n{more}");
    complains(&init("[init.fill]\ncall = \"frnt.show\""), "BP3007", "`frnt`");
    complains(&init("[init.fill]\ncall = \"cart_db.get\""), "BP3021", "a backend");
    let published = App::new(SHOP, &init("[init.fill]\ncall = \"front.show\"")).complaints();
    let starts = ["BP2082", "BP3024", "BP3028"];
    assert!(published.iter().map(|c| &c[..6]).eq(starts), "{published:#?}");
    assert!(published[0].contains("the outside world calls it"), "{published:#?}");
}

#[test]
fn the_rest() {
    complains(&with("[\"process\"]", "[\"proces\"]"), "BP3017", "`proces`");
    complains(&with("\"client -> front\"", "\"client -> frnt\""), "BP3007", "`frnt`");
    complains(
        &with("[edge.\"*\"]", "lone = { impl = \"SizesImpl\" }\n[edge.\"*\"]"),
        "BP8001",
        "`lone`",
    );
}

#[test]
fn analyses() {
    let deep = with("attempts = 3", "attempts = 5");
    let complaints = App::new(SHOP, &deep).complaints();
    // front → cart is acyclic and 5; beyond it the cycle is left out.
    assert_eq!(complaints, Vec::<String>::new());
    let inverted = with("timeout = \"2s\"", "timeout = \"300ms\"");
    let complaints = App::new(SHOP, &inverted).complaints();
    assert!(complaints.iter().all(|c| c.starts_with("BP8103")), "{complaints:#?}");
    assert_eq!(complaints.len(), 2, "{complaints:#?}");
}

/// Sends a call to several at once, and waits no longer than for the slowest.
#[derive(Settings)]
#[settings(shorthand = "copies")]
struct Hedge {
    /// How many.
    copies: u32,
    /// How long.
    patience: Option<Duration>,
}

static HEDGE: Plugin = wrapper::<Hedge>("hedge")
    .client(ClientSlot::Attempt)
    .in_process()
    .edges(EdgeClasses::ALL)
    .means(&[
        (Meaning::Attempts, Hedge::COPIES.name()),
        (Meaning::Deadline, Hedge::PATIENCE.name()),
    ])
    .declare();

#[test]
fn analyses_read_what_settings_mean_whatever_the_plugin() {
    let complaints = |wiring: &str| {
        App::files(SHOP, &[("wiring/local.toml", wiring)], registry().with(&HEDGE)).complaints()
    };
    // Three attempts and three copies are the limit; a fourth copy is above it, and it is the hedge that repeats last.
    let hedged = |copies: &str| format!("{MICRO}\n[edge.\"front -> cart\"]\nhedge = {copies}\n");
    assert_eq!(complaints(&hedged("3")), Vec::<String>::new());
    let wiring = hedged("4");
    let line = wiring.lines().position(|line| line == "hedge = 4").map(|at| at + 1).unwrap();
    let found = complaints(&wiring);
    let [only] = found.as_slice() else { panic!("{found:#?}") };
    assert_eq!(
        *only,
        format!("BP8101 wiring/local.toml:{line} one request may become 12 calls of `cart`")
    );
    // Of two limits on one edge the lower one counts: with the timeout alone, the front waits for 2 s.
    let hurried =
        with("timeout = \"2s\"", "timeout = \"2s\"\nhedge = { copies = 1, patience = \"300ms\" }");
    let found = complaints(&hurried);
    assert_eq!(found.len(), 2, "{found:#?}");
    for complaint in &found {
        assert!(complaint.starts_with("BP8103"), "{complaint}");
        assert!(complaint.contains("`client->front` gives up after 300ms"), "{complaint}");
    }
}

#[test]
fn many_faults_in_one_run() {
    let wiring = with("\"CartImpl\"", "\"CartImp\"")
        .replace("page_size = 20", "page_sise = 20")
        .replace("rpc = \"http\"", "rpc = \"htp\"");
    let codes: Vec<String> = App::new(SHOP, &wiring)
        .complaints()
        .iter()
        .filter_map(|c| c.split(' ').next().map(str::to_owned))
        .collect();
    assert_eq!(codes, ["BP3004", "BP3001", "BP3013"]);
}
