//! The containers that a plan asks for.

use std::time::Duration;

use bp_plugin::deploy::{Deployment, EnvValue, Flow, FlowEnd, Options, References};
use bp_plugin::plan::Replicas;

use crate::support::{App, MICRO, SHOP};

fn deployment(changes: &[(&str, &str)]) -> Deployment {
    let wiring = changes.iter().fold(MICRO.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "{from}");
        text.replace(from, to)
    });
    Deployment::of(&App::new(SHOP, &wiring).plan(), Options::default())
}

const SERVER: (&str, &str) = (
    "cart_db = { kind = \"memory\" }",
    "cart_db = { kind = \"server-db\", password = { secret = \"cart/db\" }, resources.memory = \"1GiB\" }",
);

fn text(value: &str) -> EnvValue {
    EnvValue::Text(value.to_owned())
}

fn flow(from: FlowEnd, to: FlowEnd, port: u16) -> Flow {
    Flow { from, to, port }
}

#[test]
fn a_process_listens_everywhere_and_dials_by_host() {
    let deployment = deployment(&[
        SERVER,
        ("[edge.\"*\"]", "[process.cart]\nreplicas = 3\nresources = { cpu = 0.5 }\n\n[edge.\"*\"]"),
    ]);
    let cart = &deployment.processes["cart"];
    let plan = App::new(SHOP, MICRO).plan();
    let (grpc, admin) =
        (plan.listeners["cart.grpc"].address.port, plan.processes["cart"].admin.port);
    let get = |name: &str| cart.environment.get(name).cloned();
    assert_eq!(get("BP_PROCESS"), Some(text("cart")));
    assert_eq!(get("BP_BIND_CART_GRPC"), Some(text(&format!("0.0.0.0:{grpc}"))));
    assert_eq!(get("BP_BIND_CART_ADMIN"), Some(text(&format!("0.0.0.0:{admin}"))));
    let users = plan.listeners["users.grpc"].address.port;
    assert_eq!(get("BP_ADDR_USERS_GRPC"), Some(text(&format!("dns:users:{users}"))));
    // It calls neither itself nor the front.
    assert_eq!((get("BP_ADDR_CART_GRPC"), get("BP_ADDR_FRONT_HTTP")), (None, None));
    let collector = "OTEL_EXPORTER_OTLP_ENDPOINT";
    assert_eq!(get(collector), Some(EnvValue::Optional(collector.to_owned())));
    assert_eq!(cart.replicas, Replicas::Fixed(3));
    assert_eq!((cart.resources.cpu, cart.resources.memory), (0.5, 256 << 20));
    assert_eq!(cart.health.port, admin);
    assert!(!cart.keeps_data && get("BP_DATA").is_none());
    let ports: Vec<_> =
        cart.ports.iter().map(|p| (p.name.as_str(), p.number, p.is_entry())).collect();
    assert_eq!(ports, [("cart-grpc", grpc, false), ("admin", admin, false)]);
    let entries: Vec<_> =
        deployment.processes["front"].ports.iter().filter(|p| p.is_entry()).collect();
    assert_eq!(entries.len(), 1);
}

#[test]
fn the_grace_covers_the_drain_and_the_longest_call() {
    // Half a second of delay, the limit of ten, five of margin; then a call of a minute.
    let short = deployment(&[]);
    assert_eq!(short.processes["front"].grace, Duration::from_millis(15_500));
    let long = deployment(&[("timeout = \"2s\"", "timeout = \"60s\"")]);
    assert_eq!(long.processes["front"].grace, Duration::from_millis(65_500));
    assert_eq!(long.processes["cart"].grace, Duration::from_millis(15_500));
}

#[test]
fn a_server_becomes_a_store_and_its_secret_a_file() {
    let deployment = deployment(&[SERVER]);
    let store = &deployment.stores["cart_db"];
    assert_eq!((store.host.as_str(), store.port), ("cart-db", 5000));
    assert_eq!(
        store.environment["DB_PASSWORD_FILE"],
        EnvValue::Text("/run/secrets/cart/db".to_owned())
    );
    assert_eq!(store.environment["DB_NAME"], EnvValue::Text("cart_db".to_owned()));
    assert_eq!((store.resources.cpu, store.resources.memory), (0.5, 1 << 30));
    assert_eq!(store.missing, Vec::<String>::new());
    let cart = &deployment.processes["cart"];
    assert_eq!(cart.environment["BP_ADDR_CART_DB"], EnvValue::Text("cart-db:5000".to_owned()));
    assert_eq!(cart.references.secrets, ["cart/db".to_owned()].into());
    assert_eq!(deployment.processes["front"].references, References::default());
    assert_eq!(deployment.secrets(), ["cart/db"].into());
    assert_eq!(deployment.stores_of("cart"), ["cart_db"].into());
    assert!(deployment.stores_of("users").is_empty());
}

#[test]
fn a_store_elsewhere_has_no_container_but_a_flow() {
    let address =
        "{ kind = \"server-db\", address = { env = \"CART_DB\" }, password = { secret = \"p\" } }";
    let deployment =
        deployment(&[("cart_db = { kind = \"memory\" }", &format!("cart_db = {address}"))]);
    assert!(deployment.stores.is_empty());
    let cart = &deployment.processes["cart"];
    assert_eq!(cart.environment.get("BP_ADDR_CART_DB"), None);
    assert_eq!(cart.environment["CART_DB"], EnvValue::Required("CART_DB".to_owned()));
    let external = flow(FlowEnd::Process("cart".into()), FlowEnd::External("cart_db".into()), 5000);
    assert!(deployment.flows.contains(&external));
}

#[test]
fn a_server_without_its_secret_is_known() {
    let deployment =
        deployment(&[("cart_db = { kind = \"memory\" }", "cart_db = { kind = \"server-db\" }")]);
    assert_eq!(deployment.stores["cart_db"].missing, ["password"]);
}

#[test]
fn flows_are_the_remote_edges() {
    let deployment = deployment(&[SERVER]);
    let plan = App::new(SHOP, MICRO).plan();
    let port = |name: &str| plan.listeners[name].address.port;
    let process = |name: &str| FlowEnd::Process(name.to_owned());
    let expected = [
        flow(FlowEnd::Client, process("front"), port("front.http")),
        flow(process("front"), process("cart"), port("cart.grpc")),
        flow(process("front"), process("users"), port("users.grpc")),
        flow(process("cart"), process("users"), port("users.grpc")),
        flow(process("users"), process("cart"), port("cart.grpc")),
        flow(process("cart"), FlowEnd::Store("cart_db".into()), 5000),
    ];
    assert_eq!(deployment.flows, expected.into());
    let monolith = deployment_of_one();
    assert_eq!(monolith.flows, [flow(FlowEnd::Client, process("shop"), port("front.http"))].into());
}

fn deployment_of_one() -> Deployment {
    deployment(&[("[edge.\"*\"]", "[process.shop]\nservices = [\"*\"]\n\n[edge.\"*\"]")])
}

#[test]
fn files_on_disk_get_a_volume() {
    let deployment = deployment(&[(
        "users_cache = { kind = \"memory\" }",
        "users_cache = { kind = \"filed\" }",
    )]);
    let users = &deployment.processes["users"];
    assert!(users.keeps_data && !deployment.processes["cart"].keeps_data);
    assert_eq!(users.environment["BP_DATA"], EnvValue::Text("/data".to_owned()));
}

/// `plant` is a service of its own: called by an init, and calling a process as well as stores.
const INIT: (&str, &str) = (
    "\n[edge.\"*\"]",
    "plant = { impl = \"CartImpl\", db = \"cart_db\" }\n\n[init.fill]\ncall = \"plant.list\"\narguments = { user = \"ann\" }\n\n[edge.\"*\"]",
);

#[test]
fn an_init_is_a_container_of_its_own() {
    let named = [
        ("page_size = 20 }", "page_size = 20, cart = \"cart\" }"),
        ("UsersImpl\" }", "UsersImpl\", cart = \"cart\" }"),
    ];
    let deployment = deployment(&[SERVER, named[0], named[1], INIT]);
    assert!(!deployment.processes.contains_key("fill"));
    let init = &deployment.inits["fill"];
    assert_eq!(init.environment.get("BP_INIT"), Some(&text("fill")));
    assert_eq!(init.environment.get("BP_PROCESS"), None);
    assert!(!init.environment.keys().any(|name| name.starts_with("BP_BIND_")));
    assert_eq!(init.environment.get("BP_ADDR_CART_DB"), Some(&text("cart-db:5000")));
    assert_eq!(init.references.secrets, ["cart/db".to_owned()].into());
    assert_eq!((init.resources.cpu, init.resources.memory), (1.0, 256 << 20));
    // It calls `users`, so it can run only when that is up.
    assert!(!init.first && !init.keeps_data);
    assert_eq!(deployment.processes_of("fill"), ["users"].into());
    assert_eq!(deployment.stores_of("fill"), ["cart_db"].into());
    let from_init = |f: &&Flow| f.from == FlowEnd::Init("fill".into());
    assert_eq!(deployment.flows.iter().filter(from_init).count(), 2);
    // Every end of a flow is deployed.
    for flow in &deployment.flows {
        for end in [&flow.from, &flow.to] {
            let there = match end {
                FlowEnd::Client | FlowEnd::External(_) => true,
                FlowEnd::Process(name) => deployment.processes.contains_key(name),
                FlowEnd::Init(name) => deployment.inits.contains_key(name),
                FlowEnd::Store(name) => deployment.stores.contains_key(name),
            };
            assert!(there, "{end:?}");
        }
    }
}
