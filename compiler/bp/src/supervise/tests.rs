//! The supervisor with shell scripts for processes.

use std::cell::RefCell;
use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::PermissionsExt as _;

use super::*;

fn manifest(stop_ms: u32) -> RunManifest {
    let text = r#"{
        "version": 1, "app": "leaf", "wiring": "local", "package": "leaf-app", "rust": "rust", "plan": "plan.json",
        "processes": {
            "back": { "replicas": 2, "instances": ["back"], "admin": { "address": "BACK_ADMIN", "port": 9001 }, "stop_ms": STOP_MS,
                      "listeners": { "back.grpc": { "address": "BACK_GRPC", "port": 7001, "transport": "grpc", "entry": false } } },
            "front": { "replicas": 1, "instances": ["front"], "admin": { "address": "FRONT_ADMIN", "port": 9002 }, "stop_ms": STOP_MS,
                       "listeners": { "front.http": { "address": "FRONT_HTTP", "port": 8080, "transport": "http", "entry": true } } }
        },
        "inits": { "seed": { "first": true }, "warm": { "first": false } },
        "stop": [["front"], ["back"]]
    }"#;
    let text = text.replace("STOP_MS", &stop_ms.to_string());
    serde_json::from_str(&text).expect("a manifest")
}

struct Harness {
    folder: tempfile::TempDir,
    said: RefCell<Vec<String>>,
    /// What a process has from SIGTERM on; a busy machine takes its time.
    stop_ms: u32,
}

impl Harness {
    fn new(script: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let program = folder.path().join("app");
        fs::write(&program, format!("#!/bin/sh\ncd {}\n{script}\n", folder.path().display()))
            .expect("written");
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("executable");
        Self { folder, said: RefCell::default(), stop_ms: 60_000 }
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().expect("UTF-8").to_owned()
    }

    fn with<T>(&self, check: impl FnOnce(Supervisor<'_>) -> T) -> T {
        self.with_nothing_started(|mut supervisor| {
            supervisor.start_processes().expect("started");
            check(supervisor)
        })
    }

    fn with_nothing_started<T>(&self, check: impl FnOnce(Supervisor<'_>) -> T) -> T {
        let manifest = manifest(self.stop_ms);
        let say = |line: &str| self.said.borrow_mut().push(line.to_owned());
        let launch = Launch {
            manifest: &manifest,
            program: self.path("app"),
            plan: self.path("plan.json"),
            data: self.path("data"),
            run: self.folder.path().join("run"),
            own_ports: false,
            color: false,
            say: &say,
        };
        check(Supervisor::new(launch).expect("ports"))
    }

    fn lines(&self, name: &str) -> Vec<String> {
        let text = fs::read_to_string(self.path(name)).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    fn wait_for(&self, name: &str, lines: usize) {
        for _ in 0..2400 {
            if self.lines(name).len() >= lines {
                return;
            }
            thread::sleep(TICK);
        }
        panic!("{name}: {:?}", self.lines(name));
    }
}

/// Notes its name when it starts and when it is asked to stop; a child of the shell must not keep the log open.
const POLITE: &str = r#"
echo "$BP_PROCESS" >> started
trap 'echo "$BP_PROCESS" >> stopped; exit 0' TERM
while :; do sleep 0.02; done
"#;

#[test]
fn callers_stop_before_callees_and_each_copy_has_its_own_ports() {
    let harness = Harness::new(&format!("env | grep '^BP_' | sort > env.$$\n{POLITE}"));
    harness.with(|supervisor| {
        harness.wait_for("started", 3);
        let dials: Vec<_> = supervisor.caller_environment();
        let back = dials.iter().find(|(k, _)| k == "BP_ADDR_BACK_GRPC").expect("an address");
        let file = back.1.strip_prefix("file:").expect("a file");
        let listed = fs::read_to_string(file).expect("published");
        assert_eq!(listed.split(',').count(), 2, "{listed}");
        let faults = supervisor.stop();
        assert!(faults.is_empty(), "{faults:?}");
    });
    assert_eq!(harness.lines("stopped"), ["front", "back", "back"]);
    let mut binds = Vec::new();
    for entry in fs::read_dir(harness.folder.path()).expect("listed") {
        let path = entry.expect("an entry").path();
        if path.file_name().is_some_and(|n| n.to_string_lossy().starts_with("env.")) {
            let text = fs::read_to_string(path).expect("read");
            assert!(text.contains("BP_SUPERVISED=stdin"));
            binds.extend(text.lines().filter(|l| l.starts_with("BP_BIND_")).map(str::to_owned));
        }
    }
    let distinct: std::collections::BTreeSet<_> =
        binds.iter().filter_map(|b| b.split(':').nth(1)).collect();
    assert_eq!((binds.len(), distinct.len()), (6, 6), "{binds:?}");
}

#[test]
fn a_process_that_never_stays_up_is_given_up_on() {
    let harness = Harness::new("echo x >> started; exit 3");
    harness.with(|mut supervisor| {
        let EndReason::Failed(fault) = supervisor.run() else { panic!("nobody asked to stop") };
        assert_eq!(fault.code.id, "BP6023");
        assert!(fault.message.contains("exit code 3"), "{}", fault.message);
        supervisor.stop();
    });
    assert!(harness.said.borrow().iter().any(|l| l.contains("starting it again in 800 ms")));
}

#[test]
fn a_process_that_ignores_sigterm_is_killed_and_told_of() {
    let mut harness =
        Harness::new("trap '' TERM; echo $$ >> started; while :; do sleep 0.02; done");
    harness.stop_ms = 100;
    let faults = harness.with(|supervisor| {
        harness.wait_for("started", 3);
        supervisor.stop()
    });
    assert_eq!(faults.len(), 3);
    assert!(faults.iter().all(|f| f.code.id == "BP6025"));
    for pid in harness.lines("started") {
        assert!(!std::path::Path::new(&format!("/proc/{pid}")).exists(), "{pid} lives");
    }
}

#[test]
fn a_supervisor_that_is_dropped_leaves_nobody_behind() {
    let harness = Harness::new("echo $$ >> started; while :; do sleep 0.02; done");
    harness.with(|supervisor| {
        harness.wait_for("started", 3);
        drop(supervisor);
    });
    for pid in harness.lines("started") {
        assert!(!std::path::Path::new(&format!("/proc/{pid}")).exists(), "{pid} lives");
    }
}

#[test]
fn readiness_is_awaited_on_the_admin_port() {
    let harness = Harness::new(POLITE);
    harness.with(|mut supervisor| {
        let admins: Vec<u16> = supervisor.copies.iter().map(|s| s.admin).collect();
        let servers: Vec<_> = admins
            .into_iter()
            .map(|port| {
                let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).expect("free");
                thread::spawn(move || {
                    use std::io::{Read as _, Write as _};
                    let (mut stream, _) = listener.accept().expect("asked");
                    let _ = stream.read(&mut [0; 512]);
                    stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").expect("answered");
                })
            })
            .collect();
        assert!(matches!(supervisor.await_ready(), Ok(())));
        for server in servers {
            server.join().expect("asked once");
        }
        supervisor.stop();
    });
}

#[test]
fn an_init_runs_before_the_processes_and_its_failure_starts_none() {
    let harness =
        Harness::new("echo \"$BP_INIT$BP_PROCESS\" >> started; env > env.$BP_INIT; exit 4");
    harness.with_nothing_started(|mut supervisor| {
        let Err(EndReason::Failed(fault)) = supervisor.start() else { panic!("the init fails") };
        assert_eq!(fault.code.id, "BP6038");
        assert!(fault.message.contains("`seed` failed with exit code 4"), "{}", fault.message);
    });
    assert_eq!(harness.lines("started"), ["seed"]);
    let environment = harness.lines("env.seed").join("\n");
    for name in ["BP_PLAN=", "BP_DATA=", "BP_ADDR_BACK_GRPC=", "BP_SUPERVISED=stdin"] {
        assert!(environment.contains(name), "{name}");
    }
    let fine = Harness::new("echo \"$BP_INIT\" >> started");
    fine.with_nothing_started(|mut supervisor| {
        assert!(supervisor.run_inits(true).is_ok() && supervisor.run_inits(false).is_ok());
    });
    assert_eq!(fine.lines("started"), ["seed", "warm"]);
}
