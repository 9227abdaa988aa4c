use std::collections::BTreeMap;
use std::io::Write;
use std::process::{Command, Stdio};

use bp_plugin::deploy::OutputLocation;
use bp_plugin::diag::Diagnostics;
use bp_plugin::plan::{ListenerPlan, Plan};
use bp_plugin::wiring::WiringModel;
use bp_plugin::workflow::WorkflowModel;
use bp_plugin::{PlanContext, Settings, Value};
use serde_json::Value as Json;

use crate::http::openapi::Document;
use crate::http::route::Route;

fn http_plan(routes: &[(&str, &str)]) -> Plan {
    let mut plan = crate::fixture::plan();
    let listeners: Vec<ListenerPlan> = plan.listeners.into_values().collect();
    let mut listener = listeners.into_iter().next().unwrap();
    listener.transport = "http".into();
    let table: BTreeMap<String, Value> =
        routes.iter().map(|(m, r)| ((*m).to_owned(), Value::Text((*r).to_owned()))).collect();
    let values = BTreeMap::from([("routes".to_owned(), Value::Table(table))]);
    for served in listener.serves.values_mut() {
        served.settings = Settings { values: values.clone().into(), ..Settings::default() };
    }
    plan.listeners = BTreeMap::from([("cart.http".to_owned(), listener)]);
    plan
}

fn document(plan: &Plan) -> String {
    let mut document = Document::new(plan, "cart.http");
    document.write(&plan.listeners["cart.http"]);
    document.finish()
}

fn complaints(plan: &Plan) -> Vec<String> {
    let place = OutputLocation {
        to_root: "../..".to_owned(),
        from_root: Some("build/local".to_owned()),
        above: vec!["leaf".to_owned()],
    };
    let mut diagnostics = Diagnostics::new();
    let plugin = &crate::http::PLUGIN;
    plugin.hooks.run_check_plan(&mut PlanContext {
        plugin: Some(plugin),
        plan,
        output: &place,
        images: None,
        workflow: &WorkflowModel::default(),
        wiring: &WiringModel::default(),
        diagnostics: &mut diagnostics,
    });
    diagnostics.iter().map(|c| c.message.clone()).collect()
}

#[test]
fn a_stock_validator_accepts_the_document() {
    let plan = http_plan(&[("list_items", "GET /carts/{user}")]);
    assert_eq!(complaints(&plan), [""; 0]);
    let text = document(&plan);
    let json: Json = serde_json::from_str(&text).unwrap();
    let get = &json["paths"]["/carts/{user}"]["get"];
    assert_eq!(get["parameters"][0]["name"], "user");
    assert_eq!(get["responses"]["200"]["content"]["application/json"]["schema"]["type"], "array");
    assert!(json["paths"]["/cart/clear"]["post"].is_object(), "the default route");
    assert!(json["paths"].get("/cart/local").is_none(), "what is not remote is not offered");

    let check = "import sys, json; from openapi_spec_validator import validate; validate(json.load(sys.stdin))";
    let known = Command::new("python3")
        .args(["-c", "import openapi_spec_validator"])
        .stderr(Stdio::null())
        .status();
    if !known.is_ok_and(|status| status.success()) {
        assert!(std::env::var_os("CI").is_none(), "CI installs openapi-spec-validator");
        eprintln!(
            "skipped: python3 has no openapi-spec-validator (pip install openapi-spec-validator)"
        );
        return;
    }
    let mut python = Command::new("python3")
        .args(["-c", check])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    python.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = python.wait_with_output().unwrap();
    assert!(output.status.success(), "{}\n{text}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn one_route_of_two_services_on_a_listener_is_a_clash() {
    let mut plan = http_plan(&[("list_items", "GET /x/{user}")]);
    let listener = plan.listeners.get_mut("cart.http").unwrap();
    let second = listener.serves["cart"].clone();
    listener.serves.insert("basket".to_owned(), second);
    let found = complaints(&plan);
    assert_eq!(found.len(), 1, "default routes differ: {found:?}");
    for part in ["GET /x/{}", "cart.http", "`basket`", "`cart`"] {
        assert!(found[0].contains(part), "{found:?}");
    }
}

#[test]
fn texts_that_are_no_routes_are_refused() {
    for text in [
        "/x",
        "FETCH /x",
        "GET x",
        "GET /a//b",
        "GET /{a}/{a}",
        "GET /a*",
        "GET /a/../b",
        "GET /.",
        "GET /bp/x",
    ] {
        assert!(Route::parse(text).is_err(), "{text}");
    }
    let crossing = |a, b| Route::parse(a).unwrap().crosses(&Route::parse(b).unwrap());
    assert_eq!(crossing("GET /a/{x}/c", "GET /{y}/b/c").as_deref(), Some("/a/b/c"));
    for other in ["GET /a/b/c", "POST /{y}/b/c", "GET /{y}/b", "GET /{y}/b/d"] {
        assert_eq!(crossing("GET /a/{x}/c", other), None, "{other}");
    }
    assert_eq!(
        Route::parse("GET /a/{b}").unwrap().key(),
        Route::parse("GET /a/{c}").unwrap().key()
    );
    assert_eq!(Route::parse("POST /").unwrap().key(), "POST /");
    assert_eq!(Route::parse("GET /a/{c}").unwrap().key(), "GET /a/{}");
}
