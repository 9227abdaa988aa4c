//! What an accepted wiring becomes.

use bp_ir::Ir;
use bp_lower::{PassObserver, Step, pass_names};
use bp_plan::{EdgeClass, ParameterPlan, Plan, Value};

use crate::support::{App, MICRO, SHOP, registry};

fn chain(plan: &Plan, edge: &str) -> Vec<String> {
    plan.edges[edge].client.iter().map(|w| w.plugin.clone()).collect()
}

#[test]
fn three_processes_call_over_grpc() {
    let plan = App::new(SHOP, MICRO).plan();
    let edge = &plan.edges["front->cart"];
    assert!(edge.remote && !edge.cyclic);
    assert_eq!(edge.kind, EdgeClass::Service);
    assert_eq!(edge.transport.as_ref().unwrap().plugin, "grpc");
    assert_eq!(edge.listener.as_deref(), Some("cart.grpc"));
    // By slot, whatever the order in the file; trace comes from `[server]`.
    assert_eq!(chain(&plan, "front->cart"), ["trace", "timeout", "retry"]);
    let timeout = &edge.client[1];
    assert_eq!(timeout.settings.get("after").unwrap().to_string(), "\"500ms\"");
    assert_eq!(timeout.methods["list"].get("after").unwrap().to_string(), "\"200ms\"");
    assert_eq!(timeout.methods.len(), 1);
    assert_eq!(timeout.settings.origin("after"), "wiring/local.toml:16");
    assert_eq!(timeout.methods["list"].origin("after"), "wiring/local.toml:20");
    let retry = &edge.client[2];
    assert_eq!(retry.settings.get("budget.ratio"), Some(&Value::Float(0.2)));
    assert_eq!(retry.settings.get("budget.ttl").unwrap().to_string(), "\"10s\"");
    assert_eq!(retry.settings.origin("budget.ttl"), "default");
    assert_eq!(
        plan.listeners.keys().collect::<Vec<_>>(),
        ["cart.grpc", "front.http", "users.grpc"]
    );
}

#[test]
fn the_outside_world_gets_its_own_listener() {
    let plan = App::new(SHOP, MICRO).plan();
    let listener = &plan.listeners["front.http"];
    assert!(listener.entry);
    assert_eq!(listener.process, "front");
    let served = &listener.serves["front"];
    let route = served.settings.get("routes.show").unwrap();
    assert_eq!(route.as_text(), Some("GET /items"));
    assert_eq!(listener.settings.get("routes"), None);
    assert_eq!(served.server.iter().map(|w| &*w.plugin).collect::<Vec<_>>(), ["trace"]);
    assert_eq!(chain(&plan, "client->front"), ["timeout"]);
}

#[test]
fn parameters_follow_their_types() {
    let plan = App::new(SHOP, MICRO).plan();
    let parameters = &plan.instances["front"].service().unwrap().parameters;
    assert!(
        matches!(&parameters["cart"], ParameterPlan::Instance(b) if b.edge == "front->cart" && b.origin == "automatic")
    );
    assert!(matches!(
        &parameters["page_size"],
        ParameterPlan::Value { value: Value::Integer(20), origin } if origin == "wiring/local.toml:10"
    ));
    assert_eq!(parameters["wait"], ParameterPlan::Absent);
    let cart = &plan.instances["cart"].service().unwrap().parameters;
    assert!(matches!(&cart["db"], ParameterPlan::Instance(b) if b.instance == "cart_db"));
    assert_eq!(plan.instances["users_cache"].interface, "bp_backend::Cache");
}

#[test]
fn a_cycle_is_one_component_built_first() {
    let plan = App::new(SHOP, MICRO).plan();
    let place = |name: &str| {
        let service = plan.instances[name].service().unwrap();
        (service.component, service.order)
    };
    assert_eq!((place("cart"), place("users"), place("front")), ((0, 0), (0, 1), (1, 2)));
    assert!(plan.edges["cart->users"].cyclic && plan.edges["users->cart"].cyclic);
}

#[test]
fn in_one_process_remote_wrappers_fall_away() {
    let wiring = format!("{MICRO}\n[process.all]\nservices = [\"*\"]\n");
    let plan = App::new(SHOP, &wiring).plan();
    assert_eq!(plan.processes.len(), 1);
    assert_eq!(
        plan.processes["all"].instances,
        ["cart_db", "users_cache", "cart", "users", "front"]
    );
    let edge = &plan.edges["front->cart"];
    assert!(!edge.remote && edge.transport.is_none() && edge.listener.is_none());
    assert_eq!(chain(&plan, "front->cart"), ["trace", "timeout"]);
    let dropped: Vec<&str> = plan.dropped["front->cart"].iter().map(|d| d.what.as_str()).collect();
    assert!(dropped.contains(&"retry") && dropped.contains(&"rpc = \"grpc\""), "{dropped:?}");
    assert_eq!(plan.listeners.keys().collect::<Vec<_>>(), ["front.http"]);
}

#[test]
fn in_process_keeps_a_remote_wrapper() {
    let wiring = MICRO.replace("attempts = 3,", "attempts = 3, in_process = true,")
        + "\n[process.all]\nservices = [\"*\"]\n";
    let plan = App::new(SHOP, &wiring).plan();
    assert_eq!(chain(&plan, "front->cart"), ["trace", "timeout", "retry"]);
}

#[test]
fn a_method_may_go_without_a_wrapper_or_be_the_only_one() {
    let wiring = format!(
        "{MICRO}\n[edge.\"front -> cart.add\"]\nretry = false\n[edge.\"front -> users\"]\nretry = false\n[edge.\"front -> users.name\"]\nretry = 2\n"
    );
    let plan = App::new(SHOP, &wiring).plan();
    let retry = |edge: &str| plan.edges[edge].client.iter().find(|w| w.plugin == "retry").cloned();
    assert_eq!(retry("front->cart").unwrap().off.into_iter().collect::<Vec<_>>(), ["add"]);
    let users = retry("front->users").unwrap();
    assert_eq!(users.settings.get("attempts"), Some(&Value::Integer(2)));
}

#[test]
fn plugins_that_the_wiring_names_are_linked_even_when_unused() {
    let one = App::new(SHOP, &format!("{MICRO}\n[process.all]\nservices = [\"*\"]\n")).plan();
    let many = App::new(SHOP, MICRO).plan();
    assert_eq!(one.plugins, many.plugins);
    assert!(one.plugins.contains_key("grpc") && one.plugins.contains_key("retry"));
}

#[test]
fn a_port_stays_when_a_service_comes() {
    let before = App::new(SHOP, MICRO).plan();
    let after =
        App::new(SHOP, &MICRO.replace("users = {", "aaa = { impl = \"SizesImpl\" }\nusers = {"))
            .plan();
    assert_eq!(before.listeners["cart.grpc"].address, after.listeners["cart.grpc"].address);
    assert_eq!(before.processes["users"].admin, after.processes["users"].admin);
    assert!(after.processes.contains_key("aaa"));
}

#[test]
fn a_port_may_be_asked_for() {
    let wiring = MICRO.replace("rpc = \"http\"", "rpc = { kind = \"http\", port = 8080 }");
    let plan = App::new(SHOP, &wiring).plan();
    assert_eq!(plan.listeners["front.http"].address.port, 8080);
    assert_eq!(plan.listeners["front.http"].settings.get("port"), None);
    assert_eq!(plan.edges["client->front"].transport.as_ref().unwrap().settings.get("port"), None);
}

#[test]
fn a_type_that_cannot_cross_is_fine_inside_a_process() {
    let source = SHOP.replace(
        "pub fn new(cart: Arc<dyn Cart>, users: Arc<dyn Users>, page_size",
        "pub fn new(sizes: Arc<dyn Sizes>, cart: Arc<dyn Cart>, users: Arc<dyn Users>, page_size",
    );
    let micro = MICRO.replace("users = {", "sizes = { impl = \"SizesImpl\" }\nusers = {");
    let apart = App::new(&source, &micro).complaints();
    assert!(apart.iter().any(|c| c.starts_with("BP3010 workflow/src/lib.rs")), "{apart:#?}");
    let together = format!("{micro}\n[process.web]\nservices = [\"front\", \"sizes\"]\n");
    let plan = App::new(&source, &together).plan();
    assert!(!plan.interfaces["shop_workflow::Sizes"].methods[0].remote);
}

#[test]
fn interfaces_types_and_constructors_are_complete() {
    let plan = App::new(SHOP, MICRO).plan();
    let cart = &plan.interfaces["shop_workflow::Cart"];
    assert_eq!(cart.wire_name, "shop.Cart");
    assert_eq!(cart.method("list").unwrap().index, 0);
    assert!(cart.method("list").unwrap().idempotent && !cart.method("add").unwrap().idempotent);
    assert_eq!(
        cart.method("list").unwrap().returns_rust,
        "Result<Vec<shop_workflow::Item>, shop_workflow::ShopError>"
    );
    let types: Vec<&String> = plan.types.keys().collect();
    assert_eq!(types, ["shop_workflow::Item", "shop_workflow::Shape", "shop_workflow::ShopError"]);
    let json = serde_json::to_value(&plan).unwrap();
    let error = &json["types"]["shop_workflow::ShopError"]["body"]["enum"]["variants"];
    assert_eq!(error.as_array().unwrap().len(), 1, "the infra variant is left out");
    assert_eq!(error[0]["status"], "not_found");
    let front = &plan.implementations["shop_workflow::FrontImpl"];
    let wait = serde_json::to_value(&front.parameters[3].kind).unwrap();
    assert!(wait["optional_value"].as_str().unwrap().ends_with("Duration"), "{wait}");
    assert!(plan.implementations["shop_workflow::CartImpl"].task.is_some());
    assert_eq!(json["version"], 1);
}

#[test]
fn the_passes_run_in_the_order_of_their_stages() {
    struct Names(Vec<&'static str>);
    impl PassObserver for Names {
        fn after(&mut self, step: Step, ir: &Ir) {
            assert!(ir.nodes().count() > 0);
            self.0.push(step.pass);
        }
    }
    let mut names = Names(Vec::new());
    App::new(SHOP, MICRO).watch(&mut names);
    let expected = ["bind", "group", "wrap", "transport", "address", "check"];
    assert_eq!(names.0, expected);
    assert_eq!(pass_names(&registry()), expected);
}
