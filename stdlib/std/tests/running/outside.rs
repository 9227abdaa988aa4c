//! The program from its arguments to its exit code, as a process of its own.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::process::{Command, ExitCode, Output, Stdio};
use std::time::Duration;

use bp_std::rt::*;
use serde_json::json;

use crate::app::plan::{monolith, remote};
use crate::app::workflow::{Back, Front};
use crate::app::{app, free_port};

const CHILD: &str = "BP_TEST_CHILD";

/// Not a test of its own: what the other tests start, with arguments in a variable.
#[test]
#[expect(clippy::exit, reason = "this process is the program under test")]
fn child() {
    let environment = Environment::of_process();
    let Some(arguments) = environment.get(CHILD) else { return };
    let arguments: Vec<String> = serde_json::from_str(arguments).unwrap();
    let plan = std::fs::read_to_string(environment.get("BP_TEST_PLAN").unwrap()).unwrap();
    let code = app(&serde_json::from_str(&plan).unwrap()).main_with(environment, &arguments);
    let code = [0, 1, 2, 7, 75].into_iter().find(|known| ExitCode::from(*known) == code);
    std::process::exit(code.map_or(99, i32::from));
}

struct Program {
    folder: tempfile::TempDir,
    front: String,
}

impl Program {
    fn new(plan: &serde_json::Value) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("plan.json"), plan.to_string()).unwrap();
        Self { folder, front: free_port() }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .args(["outside::child", "--exact", "--nocapture"])
            .env(CHILD, json!(arguments).to_string())
            .env("BP_TEST_PLAN", self.folder.path().join("plan.json"))
            .env("BP_DATA", self.folder.path())
            .env("BP_PORTS_FILE", "ports.json")
            .env("BP_LOG_FORMAT", "json")
            .env("BP_ADDR_FRONT_LINE", &self.front)
            .env("BP_BIND_FRONT_LINE", &self.front)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    fn run(&self, arguments: &[&str]) -> (i32, String, String) {
        let output = self.command(arguments).output().unwrap();
        outcome(&output)
    }

    /// Waits until a call is under way.
    fn is_called(&self) {
        let ports = std::fs::read_to_string(self.folder.path().join("ports.json")).unwrap();
        let ports: BTreeMap<String, String> = serde_json::from_str(&ports).unwrap();
        let admin = ports.iter().find(|(name, _)| name.ends_with("_ADMIN")).unwrap().1;
        for _ in 0..3000 {
            let mut stream = std::net::TcpStream::connect(admin).unwrap();
            stream
                .write_all(b"GET /metrics HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
                .unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).unwrap();
            if answer.lines().any(|line| line == "bp_in_flight 1") {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("nobody calls");
    }

    fn serve(&self) -> std::process::Child {
        let mut child = self.command(&[]).spawn().unwrap();
        for _ in 0..3000 {
            if std::net::TcpStream::connect(&self.front).is_ok() {
                return child;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        child.kill().unwrap();
        panic!("it does not listen: {:?}", outcome(&child.wait_with_output().unwrap()));
    }
}

fn outcome(output: &Output) -> (i32, String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().unwrap_or(-1), text(&output.stdout), text(&output.stderr))
}

fn terminate(child: &std::process::Child) {
    let id = child.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
}

#[test]
fn it_serves_answers_and_stops_with_the_truth() {
    let mut plan = monolith();
    let program = Program::new(&plan);
    let child = program.serve();
    let (code, out, err) = program.run(&["probe"]);
    assert_eq!(code, 0, "{out}{err}");
    assert!(out.contains("echo: \"hi\"\nnone: [\"one\",\"two\"]\n"), "{out}");

    let (code, out, _) = program.run(&["call", "front", "all", "{}"]);
    assert!(code == 0 && out.contains("[\"one\",\"two\"]"), "{out}");
    let (code, _, err) = program.run(&["call", "front", "describe", "{\"name\":\"nobody\"}"]);
    assert!(
        code == 1 && err.contains("error nobody (not_found): nobody is called nobody"),
        "{err}"
    );
    let (code, _, err) = program.run(&["call", "front", "echo", "{\"text\":1}"]);
    assert!(code == 1 && err.contains("decode"), "{err}");
    let (code, _, err) = program.run(&["call", "front", "ecoh", "{}"]);
    assert!(code == 1 && err.contains("no method `ecoh`; known: describe, all"), "{err}");
    let (code, _, err) = program.run(&["call", "back", "describe", "{}"]);
    assert!(code == 1 && err.contains("`back` is neither published nor does it listen"), "{err}");
    for wrong in [&["clal"][..], &["probe", "echo"], &["call", "front"], &["smoke"]] {
        let (code, _, err) = program.run(wrong);
        let usage = "error: usage: (nothing) | probe | call INSTANCE METHOD JSON | health live|ready|startup\n";
        assert!(code == 2 && err.ends_with(usage), "{err}");
    }

    // A table is as written where its plugin says so, so this is no reference.
    let probe = &mut plan["tables"]["probe"]["entries"][0]["settings"];
    probe["arguments"] = json!({ "env": "UNSET" });
    // What only processes read need not exist where the system is called from.
    plan["tables"]["lamp"]["entries"][0]["settings"]["watts"] = json!({ "env": "UNSET" });
    std::fs::write(program.folder.path().join("plan.json"), plan.to_string()).unwrap();
    let (code, out, _) = program.run(&["probe"]);
    assert!(code == 0 && out.contains("echo: \"\"\n"), "{out}");

    terminate(&child);
    let (code, _, log) = outcome(&child.wait_with_output().unwrap());
    assert_eq!(code, 0, "{log}");
    for line in log.lines() {
        serde_json::from_str::<serde_json::Value>(line).unwrap();
    }
    assert!(
        log.contains("\"message\":\"started\"") && log.contains("\"message\":\"stopped\""),
        "{log}"
    );
    let (code, out, _) = program.run(&["probe"]);
    assert!(code == 7 && out.contains("unavailable"), "nothing runs any more: {out}");
}

#[test]
fn an_init_makes_its_call_and_ends_with_the_truth() {
    let mut plan = monolith();
    plan["instances"]["seed"] = plan["instances"]["back"].clone();
    plan["instances"]["seed"]["process"] = json!("fill");
    let init = |method: &str, arguments: serde_json::Value| json!({ "callee": "seed", "method": method, "arguments": arguments });
    let mut run = |name: &str, what: serde_json::Value| {
        plan["inits"] = json!({ "fill": what });
        let program = Program::new(&plan);
        outcome(&program.command(&[]).env("BP_INIT", name).output().unwrap())
    };
    let (code, _, log) = run("fill", init("describe", json!({})));
    assert!(code == 0 && log.contains("\"message\":\"the init is done\""), "{log}");
    assert!(!log.contains("\"message\":\"listens\""), "{log}");
    let crash = init("crash", json!({}));
    for (name, what, text) in [
        ("fill", crash.clone(), "error: init `fill`: seed.crash panicked"),
        ("fill", init("around", json!({ "text": "" })), "error: init `fill`: seed.around: error"),
        ("fill", init("describer", json!({})), "an init cannot call `seed.describer`"),
        ("fill", json!({ "callee": "front", "method": "all" }), "`front` is not in this process"),
        ("full", crash.clone(), "has no init `full`; known: fill"),
    ] {
        let (code, _, log) = run(name, what);
        assert!(code == 1 && log.contains(text), "{text}: {code} {log}");
    }
    // When all processes are one, it runs every init before it is ready.
    plan["inits"] = json!({ "fill": crash });
    let output = Program::new(&plan).command(&[]).env("BP_PROCESS", "*").output().unwrap();
    let (code, _, log) = outcome(&output);
    assert!(code == 1 && log.contains("init `fill`: seed.crash panicked"), "{log}");
}

#[test]
fn calls_that_are_given_up_and_starts_that_fail_have_their_own_codes() {
    let mut plan = monolith();
    plan["processes"]["front"]["drain"]["limit_ms"] = json!(100);
    let program = Program::new(&plan);
    let server = program.serve();
    let call = program.command(&["call", "front", "wait", "{\"ms\":60000}"]).spawn().unwrap();
    program.is_called();
    terminate(&server);
    let (code, _, log) = outcome(&server.wait_with_output().unwrap());
    assert_eq!(code, 75, "{log}");
    assert_eq!(call.wait_with_output().unwrap().status.code(), Some(1));

    plan["instances"]["front"]["implementation"] = json!("Nothing");
    let (code, _, err) = Program::new(&plan).run(&[]);
    assert!(code == 1 && err.contains("implementation `Nothing`"), "{err}");

    plan = monolith();
    plan["instances"]["back"]["implementation"] = json!("WorkerImpl");
    plan["instances"]["back"]["parameters"] = json!({ "fails": { "value": true } });
    let (code, _, err) = Program::new(&plan).run(&[]);
    assert!(code == 1 && err.contains("out of ideas"), "{err}");

    plan = monolith();
    plan["tables"]["lamp"]["entries"][0]["name"] = json!("broken");
    let (code, _, err) = Program::new(&plan).run(&[]);
    assert!(
        code == 1 && err.contains("plugin `lights`: its background work failed: burnt out"),
        "{err}"
    );

    let (code, _, err) = Program::new(&remote()).run(&[]);
    assert!(
        code == 1 && err.contains("BP_PROCESS is not set; set it to one of back, front"),
        "{err}"
    );
}

/// What `#[bp_test]` accepts: instances by name, of any service in this process.
mod marked {
    use std::sync::Arc;

    use super::{Back, Front};

    #[bp_std::bp_test]
    async fn gets_instances(front: Arc<dyn Front>, back: Arc<dyn Back>) {
        assert_eq!(front.echo("x".to_owned()).await.unwrap(), "x");
        assert_eq!(back.describe().await.unwrap().label, "one");
    }
}

#[test]
#[should_panic(expected = "there is no instance `bakc`")]
fn an_unknown_instance_fails_the_test() {
    bp_std::__private::test::run(crate::bp_app(), "unknown", async |targets| {
        let _ = targets.service::<dyn Back>("bakc");
    });
}

#[test]
#[should_panic(expected = "neither published nor does it listen")]
fn a_service_that_nothing_outside_can_call_fails_the_test() {
    let environment = Environment::default().with("BP_TEST_TARGET", "running");
    bp_std::__private::test::run_in(crate::bp_app(), "hidden", environment, async |targets| {
        let _ = targets.service::<dyn Back>("back");
    });
}
