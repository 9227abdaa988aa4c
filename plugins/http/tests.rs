use std::collections::BTreeMap;
use std::io::Write;
use std::process::{Command, Stdio};

use bp_plugin::plan::{ListenerPlan, Plan};
use bp_plugin::{Settings, Value};
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

fn document(plan: &Plan) -> (String, Vec<String>) {
    let mut document = Document::new(plan, "cart.http");
    document.write(&plan.listeners["cart.http"]);
    let (text, complaints) = document.finish();
    (text, complaints.iter().map(|c| c.message.clone()).collect())
}

#[test]
fn a_stock_validator_accepts_the_document() {
    let (text, complaints) = document(&http_plan(&[("list_items", "GET /carts/{user}")]));
    assert!(complaints.is_empty(), "{complaints:?}");
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
fn routes_that_do_not_fit_are_complaints() {
    let (_, complaints) = document(&http_plan(&[("list_items", "GET /x"), ("clear", "GET /x")]));
    assert!(complaints.iter().any(|c| c.contains("have the same route")), "{complaints:?}");
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
}
