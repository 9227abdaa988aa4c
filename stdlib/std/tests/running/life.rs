//! From the start to the end of a process.

use std::process::ExitCode;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bp_std::rt::*;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::app::plan::{monolith, remote};
use crate::app::workflow::{Back, FINISHED, Front, FrontError};
use crate::app::{PATIENCE, System, app, embedded, eventually, free_port};

const ALL: [&str; 3] = ["back", "other_back", "front"];

async fn get(address: std::net::SocketAddr, path: &str) -> (u16, String) {
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    let status = text.split(' ').nth(1).unwrap().parse().unwrap();
    (status, text.split_once("\r\n\r\n").unwrap().1.to_owned())
}

#[tokio::test]
async fn probes_and_metrics_are_served() {
    let system = System::start(remote(), &["back"], Environment::default()).await;
    let admin = system.processes[0].ports()["BACK_ADMIN"];
    for path in ["/bp/live", "/bp/ready", "/bp/startup"] {
        assert_eq!(get(admin, path).await.0, 200, "{path}");
    }
    assert_eq!(get(admin, "/nothing").await.0, 404);
    let (status, metrics) = get(admin, "/metrics").await;
    assert_eq!(status, 200);
    assert!(
        metrics.contains(
            "target_info{service_namespace=\"leaf\",service_name=\"back\",bp_wiring=\"test\""
        ),
        "{metrics}"
    );
    assert!(metrics.contains("bp_in_flight 0"), "{metrics}");
    let alive = metrics.lines().find_map(|line| line.strip_prefix("bp_tasks_alive "));
    assert!(alive.unwrap().parse::<u32>().unwrap() >= 3, "{metrics}");
    system.stop().await;
}

#[tokio::test]
async fn the_mode_health_asks_the_process_beside_it() {
    let system = System::start(remote(), &["back"], Environment::default()).await;
    let mut admin = system.processes[0].ports()["BACK_ADMIN"];
    // As a container has it: the process listens on all addresses.
    admin.set_ip(std::net::Ipv4Addr::UNSPECIFIED.into());
    let environment = system.environment.clone().with("BP_PROCESS", "back");
    let ask = async |environment: Environment, probe: &str| {
        let (app, words) = (app(&system.plan), ["health".to_owned(), probe.to_owned()]);
        tokio::task::spawn_blocking(move || app.main_with(environment, &words)).await.unwrap()
    };
    let here = environment.clone().with("BP_BIND_BACK_ADMIN", admin.to_string());
    for (probe, code) in [("live", 0), ("ready", 0), ("startup", 0), ("nothing", 2)] {
        assert_eq!(ask(here.clone(), probe).await, ExitCode::from(code), "{probe}");
    }
    let elsewhere = environment.with("BP_BIND_BACK_ADMIN", free_port());
    assert_eq!(ask(elsewhere, "live").await, ExitCode::from(1));
    system.stop().await;
}

#[tokio::test]
async fn chosen_ports_are_written_to_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let environment = Environment::default()
        .with("BP_DATA", folder.path().to_str().unwrap())
        .with("BP_PORTS_FILE", "ports.json");
    let start = app(&remote()).start(environment, Hosting::Process("back".to_owned()));
    let running = start.await.unwrap();
    let text = std::fs::read_to_string(folder.path().join("ports.json")).unwrap();
    let ports: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(ports["BACK_LINE"], running.ports()["BACK_LINE"].to_string());
    assert_eq!(ports["BACK_ADMIN"], running.ports()["BACK_ADMIN"].to_string());
    assert_ne!(running.ports()["BACK_LINE"].port(), 0);
}

#[tokio::test]
async fn a_call_under_way_ends_well_while_new_connections_are_refused() {
    let mut plan = remote();
    plan["processes"]["back"]["drain"] = json!({ "delay_ms": 2500, "limit_ms": 60_000 });
    let mut system = System::start(plan, &ALL, Environment::default()).await;
    let front = system.front();
    let long = tokio::spawn({
        let front = front.clone();
        async move { front.wait(5000).await }
    });
    let back = system.processes.remove(0);
    eventually("the call is under way", || back.in_flight() == 1).await;
    let admin = back.ports()["BACK_ADMIN"];
    let stop = tokio::spawn(back.stop(std::future::pending()));
    let end = Instant::now() + PATIENCE;
    while get(admin, "/bp/ready").await.0 != 503 {
        assert!(Instant::now() < end, "still ready");
    }
    // Unready first, yet still serving, so that callers have time to notice.
    assert_eq!(get(admin, "/bp/live").await.0, 200);
    assert!(front.describe("x".to_owned()).await.is_ok(), "still within the delay");
    let refused = loop {
        match front.describe("x".to_owned()).await {
            Ok(_) => assert!(Instant::now() < end, "still answered"),
            Err(refused) => break refused,
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    let FrontError::Infra(infra) = refused else { panic!("{refused}") };
    assert_eq!(infra.kind, InfraKind::Unavailable);
    assert!(long.await.unwrap().is_ok(), "the call under way came to its end");
    assert!(stop.await.unwrap().drained);
    system.stop().await;
}

#[tokio::test]
async fn a_drain_has_a_limit_and_can_be_hurried() {
    let mut plan = remote();
    plan["processes"]["back"]["drain"]["limit_ms"] = json!(100);
    for hurried in [false, true] {
        if hurried {
            plan["processes"]["back"]["drain"]["limit_ms"] = json!(600_000);
        }
        let mut system = System::start(plan.clone(), &ALL, Environment::default()).await;
        let front = system.front();
        let long = tokio::spawn(async move { front.wait(60_000).await });
        let back = system.processes.remove(0);
        eventually("the call is under way", || back.in_flight() == 1).await;
        let hurry = tokio::time::sleep(Duration::from_millis(if hurried { 50 } else { 60_000 }));
        let stopped = tokio::time::timeout(PATIENCE / 2, back.stop(hurry)).await;
        assert!(!stopped.unwrap().drained);
        let error = long.await.unwrap().unwrap_err();
        let FrontError::Infra(infra) = error else { panic!("{error}") };
        assert_eq!(infra.processed, Processed::Maybe, "the callee may have acted");
        system.stop().await;
    }
}

#[tokio::test]
async fn spawned_and_shielded_work_outlives_its_caller_within_the_drain() {
    let mut plan = remote();
    plan["processes"]["back"]["drain"]["limit_ms"] = json!(60_000);
    let mut system = System::start(plan, &ALL, Environment::default()).await;
    let back = system.processes.remove(0);
    let line = back.ports()["BACK_LINE"].to_string();
    assert!(!line.is_empty());
    let plan = system.plan.clone();
    let environment = system.environment.clone().with("BP_TEST_TARGET", "running");
    let before = FINISHED.load(Ordering::SeqCst);
    let called = tokio::task::spawn_blocking(move || {
        bp_std::__private::test::run_in(app(&plan), "later", environment, async |targets| {
            let back = targets.service::<dyn Back>("back");
            let mut context = Context::empty();
            context.set_tenant(Some("acme"));
            context.clone().scope(back.later(6000, false)).await.unwrap();
            context.limit_deadline(Instant::now() + Duration::from_secs(1));
            // The caller gives up, the shielded work does not.
            context.scope(back.later(6000, true)).await.unwrap_err();
        });
    });
    called.await.unwrap();
    // The callee may learn a moment after the caller that the deadline passed.
    let patience = Instant::now() + Duration::from_secs(2);
    while back.in_flight() > 2 && Instant::now() < patience {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert_eq!(back.in_flight(), 2, "one spawned, one shielded");
    assert_eq!(FINISHED.load(Ordering::SeqCst), before);
    assert!(back.stop(std::future::pending()).await.drained);
    assert_eq!(FINISHED.load(Ordering::SeqCst), before + 2, "the drain waited for both");
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn background_work_runs_and_its_failure_fails_the_process() {
    for fails in [true, false] {
        let mut plan = monolith();
        plan["instances"]["back"]["implementation"] = json!("WorkerImpl");
        plan["instances"]["back"]["parameters"] = json!({ "fails": { "value": fails } });
        let running = embedded(&plan, Environment::default()).await;
        let failed = tokio::time::timeout(Duration::from_secs(1), running.failed()).await;
        if fails {
            assert_eq!(failed.unwrap(), "`back`: its background work failed: out of ideas");
        } else {
            assert!(failed.is_err());
        }
        assert!(running.stop(std::future::pending()).await.drained);
    }
}

#[tokio::test]
async fn a_port_in_use_stops_the_start_by_its_variable() {
    let taken = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let environment = Environment::default().with("BP_BIND_BACK_LINE", address.clone());
    let start = app(&remote()).start(environment, Hosting::Process("back".to_owned()));
    let error = start.await.unwrap_err().to_string();
    assert!(
        error.starts_with(&format!("BP_BIND_BACK_LINE: cannot listen on {address}")),
        "{error}"
    );
}

#[tokio::test]
async fn an_unknown_process_is_refused_with_those_known() {
    let start = app(&remote()).start(Environment::default(), Hosting::Process("bcak".to_owned()));
    let error = start.await.unwrap_err().to_string();
    assert!(error.contains("no process `bcak`; known: back, front, other_back"), "{error}");
}

#[tokio::test]
async fn all_processes_can_be_one() {
    let environment = Environment::default();
    let running =
        app(&remote()).start(environment, Hosting::Process("*".to_owned())).await.unwrap();
    let front = running.instance::<dyn Front>("front").unwrap();
    assert_eq!(front.all().await.unwrap(), ["one", "two"]);
    assert!(running.ports().contains_key("FRONT_LINE"));
    assert!(running.stop(std::future::pending()).await.drained);
}
