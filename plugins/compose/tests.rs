//! Whatever text a wiring holds, the file read again is that of a harmless text with the text in its places.

use std::collections::{BTreeMap, BTreeSet};

use bp_contract::run_plan::DrainPlan;
use bp_plugin::deploy::{ImageLock, OutputLocation};
use bp_plugin::diag::{Diagnostics, SourceMap};
use bp_plugin::emit::Artifacts;
use bp_plugin::plan::*;
use bp_plugin::{ArtifactContext, Settings, Value};
use serde_json::Value as Json;

const HARMLESS: &str = "HARMLESS";

/// Texts that YAML, Compose or a shell takes for something else.
const HOSTILE: [&str; 24] = [
    "x\n    privileged: true",
    "x\nservices: {}",
    "\"q\" 'q'",
    "a: b",
    "a # b",
    "*alias",
    "&anchor",
    "!!binary x",
    "<<",
    "${HOME}",
    "$HOME $$ $(id)",
    "yes",
    "0x10",
    "1e3",
    "~",
    "null",
    "- a",
    "{a: b}",
    "[a]",
    "---\nx: y",
    "\u{85}x\u{2028}y",
    "a\\b\tc\r\n",
    "%TAG",
    " lead and trail ",
];

fn settings(values: &[(&str, Value)]) -> Settings {
    let values: BTreeMap<String, Value> =
        values.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    Settings { values: values.into(), ..Settings::default() }
}

/// A process, an init and a store whose every text that a wiring may choose is `text`.
fn plan(text: &str) -> Plan {
    let mut plan = crate::fixture::plan();
    let amounts = ResourcesPlan { cpu: 0.5, memory: 1 << 20, storage: 1 << 20 };
    let given = Value::Text(text.to_owned());
    let file = Value::Reference(Reference::File(text.to_owned()));
    let server = ServerPlan {
        address: AddressPlan { name: "CART_DB".to_owned(), port: 5432 },
        external: false,
        image: "docker.io/library/db:1".to_owned(),
        arguments: vec![text.to_owned()],
        environment: BTreeMap::from([
            ("DB_USER".to_owned(), given.clone()),
            ("DB_CONFIG".to_owned(), file.clone()),
            ("DB_MODE".to_owned(), Value::Reference(Reference::Env("DB_MODE".to_owned()))),
        ]),
        missing: Vec::new(),
        health: vec![text.to_owned()],
        data: Some("/data".to_owned()),
        user: 1,
        scratch: vec!["/tmp".to_owned()],
        resources: amounts.clone(),
    };
    let backend = BackendPlan {
        plugin: "db".to_owned(),
        plugin_origin: String::new(),
        settings: settings(&[("user", given), ("certificate", file)]),
        keeps_data: false,
        server: Some(Box::new(server)),
    };
    let instance = InstancePlan {
        kind: InstanceKind::Backend(backend),
        interface: "bp_backend::DocumentStore".to_owned(),
        processes: BTreeSet::from(["cart".to_owned(), "fill".to_owned()]),
        origin: String::new(),
    };
    plan.instances.insert("cart_db".to_owned(), instance);
    let process = ProcessPlan {
        instances: vec!["cart_db".to_owned()],
        listeners: BTreeSet::from(["cart.grpc".to_owned()]),
        admin: AddressPlan { name: "CART_ADMIN".to_owned(), port: 7002 },
        replicas: Replicas::Fixed(1),
        exclusive: false,
        drain: DrainPlan::default(),
        resources: amounts.clone(),
        origins: BTreeMap::new(),
        claims: BTreeMap::new(),
        origin: String::new(),
    };
    plan.processes.insert("cart".to_owned(), process);
    let init = InitPlan {
        callee: "plant".to_owned(),
        method: "fill".to_owned(),
        arguments: Json::Null,
        instances: vec!["cart_db".to_owned()],
        resources: amounts,
        first: true,
        origin: String::new(),
    };
    plan.inits.insert("fill".to_owned(), init);
    let own = settings(&[
        ("bind", Value::Text("127.0.0.1".to_owned())),
        ("secrets", Value::Text(text.to_owned())),
        ("config", Value::Text(text.to_owned())),
    ]);
    plan.targets.insert("compose".to_owned(), own);
    plan
}

/// The emitted file, read again.
fn emitted(text: &str) -> Json {
    let plan = plan(text);
    let (mut artifacts, mut diagnostics) = (Artifacts::default(), Diagnostics::new());
    let place = OutputLocation { to_root: "../..".to_owned(), ..OutputLocation::default() };
    crate::compose::write(&mut ArtifactContext {
        plugin: &crate::compose::PLUGIN,
        plan: &plan,
        run_plan: "",
        sources: &SourceMap::new(),
        output: &place,
        images: &ImageLock::default(),
        artifacts: &mut artifacts,
        diagnostics: &mut diagnostics,
    });
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    let file = artifacts.get("compose/compose.yaml").unwrap();
    serde_saphyr::from_slice(&file.bytes).unwrap()
}

/// Puts a text in the places of the harmless one, as Compose must be told it.
fn put(value: &mut Json, text: &str) {
    match value {
        Json::String(found) => *found = found.replace(HARMLESS, &text.replace('$', "$$")),
        Json::Array(items) => items.iter_mut().for_each(|item| put(item, text)),
        Json::Object(entries) => entries.values_mut().for_each(|item| put(item, text)),
        Json::Null | Json::Bool(_) | Json::Number(_) => {}
    }
}

#[test]
fn no_text_becomes_syntax() {
    let harmless = emitted(HARMLESS);
    let count = harmless.to_string().matches(HARMLESS).count();
    assert!(count >= 10, "{count} places are too few to prove anything: {harmless:#}");
    for text in HOSTILE {
        let mut expected = harmless.clone();
        put(&mut expected, text);
        assert_eq!(emitted(text), expected, "{text:?}");
    }
}

#[test]
fn a_process_waits_for_the_inits_that_come_first() {
    let file = emitted(HARMLESS);
    let waits = &file["services"]["cart"]["depends_on"];
    assert_eq!(waits["fill"]["condition"], "service_completed_successfully");
    assert_eq!(waits["cart-db"]["condition"], "service_healthy");
    let init = &file["services"]["fill"];
    assert_eq!(
        (init["restart"].as_str(), &init["healthcheck"]["disable"]),
        (Some("on-failure"), &Json::Bool(true))
    );
    assert_eq!(init["environment"]["BP_INIT"], "fill");
    assert!(init["depends_on"].get("cart").is_none() && init.get("ports").is_none());
}
