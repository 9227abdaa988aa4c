//! Services that call each other.

use std::time::Duration;

use bp_std::rt::*;
use serde_json::json;

use crate::app::plan::{cyclic, monolith, remote};
use crate::app::workflow::{Back, Front};
use crate::app::{System, app, embedded, refused};

#[tokio::test]
async fn a_cycle_starts_in_one_process() {
    let one = embedded(&cyclic(monolith()), Environment::default()).await;
    let back = one.instance::<dyn Back>("back").unwrap();
    assert_eq!(back.around("hello".to_owned()).await.unwrap(), "hello");
    assert_eq!(one.instance::<dyn Front>("front").unwrap().all().await.unwrap(), ["one", "two"]);
}

#[tokio::test]
async fn a_cycle_starts_across_processes_in_any_order() {
    for names in [["back", "other_back", "front"], ["front", "other_back", "back"]] {
        let system = System::start(cyclic(remote()), &names, Environment::default()).await;
        let back = system.processes.iter().find_map(|p| p.instance::<dyn Back>("back")).unwrap();
        assert_eq!(back.around("hello".to_owned()).await.unwrap(), "hello");
        assert_eq!(system.front().all().await.unwrap(), ["one", "two"]);
        system.stop().await;
    }
}

const MESSAGE: &str = "the constructor of `back` (EagerImpl) makes a call on `back->front`";

#[tokio::test]
async fn a_constructor_that_calls_into_its_cycle_fails_the_start_by_name() {
    let mut plan = cyclic(monolith());
    plan["instances"]["back"]["implementation"] = json!("EagerImpl");
    let error = refused(&plan, Environment::default()).await;
    assert!(error.contains(MESSAGE), "{error}");
}

#[tokio::test]
async fn it_fails_at_once_across_processes_too() {
    let mut plan = cyclic(remote());
    plan["instances"]["back"]["implementation"] = json!("EagerImpl");
    let environment = Environment::default();
    let start = app(&plan).start(environment, Hosting::Process("back".to_owned()));
    let error = tokio::time::timeout(Duration::from_mins(1), start).await.unwrap().unwrap_err();
    assert!(error.to_string().contains(MESSAGE), "{error}");
}

/// A ring in one process: each front calls its own back and the next pair's, each back its own front, so that every service reaches every other.
fn ring(pairs: usize) -> serde_json::Value {
    let mut plan = monolith();
    let (mut instances, mut edges) = (serde_json::Map::new(), serde_json::Map::new());
    let mut edge = |caller: &str, callee: &str, interface: &str| {
        let key = format!("{caller}->{callee}");
        let plan = json!({
            "caller": caller, "callee": callee, "interface": interface, "remote": false, "cyclic": true, "client": [],
        });
        edges.insert(key.clone(), plan);
        json!({ "instance": callee, "edge": key })
    };
    for i in 0..pairs {
        let (front, back) = (format!("front{i}"), format!("back{i}"));
        let next = format!("back{}", (i + 1) % pairs);
        let parameters = json!({
            "back": edge(&front, &back, "leaf::Back"),
            "others": { "instances": [edge(&front, &next, "leaf::Back")] },
        });
        instances.insert(
            front.clone(),
            json!({
                "kind": "service", "implementation": "FrontImpl", "interface": "leaf::Front",
                "process": "front", "component": 0, "order": 2 * i, "parameters": parameters,
            }),
        );
        let parameters = json!({
            "label": { "value": back, "tunable": true },
            "front": edge(&back, &front, "leaf::Front"),
        });
        instances.insert(
            back.clone(),
            json!({
                "kind": "service", "implementation": "BackImpl", "interface": "leaf::Back",
                "process": "front", "component": 0, "order": 2 * i + 1, "parameters": parameters,
            }),
        );
    }
    plan["instances"] = instances.into();
    plan["edges"] = edges.into();
    plan["listeners"] = json!({});
    plan["tables"] = json!({});
    plan["processes"]["front"]["listeners"] = json!([]);
    plan
}

#[tokio::test]
async fn a_cycle_of_several_hundred_starts_in_one_process() {
    const PAIRS: usize = 250;
    let one = embedded(&ring(PAIRS), Environment::default()).await;
    for i in 0..PAIRS {
        let front = one.instance::<dyn Front>(&format!("front{i}")).unwrap();
        let labels = [format!("back{i}"), format!("back{}", (i + 1) % PAIRS)];
        assert_eq!(front.all().await.unwrap(), labels);
        let back = one.instance::<dyn Back>(&format!("back{i}")).unwrap();
        assert_eq!(back.around("hello".to_owned()).await.unwrap(), "hello");
    }
}
