//! The mode as a program: what it prints, and its exit code.
#![expect(clippy::unwrap_used, reason = "the exemption for tests does not cover what tests share")]

use std::process::{Command, ExitCode};

use bp_std::rt::*;
use bp_std::{Data, ServiceError};
use serde_json::{Value, json};

const PLAN: &str = "BP_TEST_PLAN";

static INTERFACE: Interface = Interface::new(
    "leaf::Board",
    "leaf.Board",
    &[Method::new(0, "read", &["id"]), Method::new(1, "count", &[])],
);

#[derive(Debug, ServiceError)]
enum BoardError {
    #[status(not_found, "there is no {0}")]
    NoSuchNote(String),
    #[infra]
    Infra(Infra),
}

#[derive(Debug, Clone, PartialEq, Data)]
struct Note {
    id: String,
    likes: u64,
}

/// The running system: any note but `none`, and nothing that can be counted.
struct Board;

impl Endpoint for Board {
    fn send(&self, call: Call) -> BoxFuture<'_, Result<Reply, Infra>> {
        Box::pin(async move {
            if call.method.index == 1 {
                return Err(Infra::unavailable("nobody counts"));
            }
            let (id,): (String,) = call.take()?;
            Reply::of(match id.as_str() {
                "none" => Err(BoardError::NoSuchNote(id)),
                _ => Ok(Note { id, likes: 2 }),
            })
        })
    }
}

struct Wire;

impl TransportPlugin for Wire {
    fn connect(&self, _: ConnectContext) -> Result<Arc<dyn Dialer>, StartError> {
        Ok(Arc::new(Self))
    }

    fn serve(&self, _: ServeContext) -> BoxFuture<'static, Result<(), StartError>> {
        Box::pin(std::future::pending())
    }
}

impl Dialer for Wire {
    fn dial(&self, _: &str) -> Result<Arc<dyn Endpoint>, StartError> {
        Ok(Arc::new(Board))
    }
}

fn app(plan: String) -> App {
    let mut interface = InterfaceGlue::direct(&INTERFACE);
    interface = interface.method::<(String,), Note, BoardError>();
    interface = interface.method::<(), u64, BoardError>();
    let app = App::new(plan).transport("wire", Wire).interface(interface);
    app.table("smoke", bp_rt_smoke::plugin())
}

/// A plan with these calls, by name.
fn plan(calls: &[(&str, Value)]) -> Value {
    let entries: Vec<Value> =
        calls.iter().map(|(name, call)| json!({ "name": name, "settings": call })).collect();
    json!({
        "version": 1, "app": "leaf", "wiring": "test", "runtime": "0.1.0",
        "instances": {
            "board": {
                "kind": "service", "implementation": "BoardImpl", "interface": "leaf::Board",
                "process": "board", "order": 0,
            },
        },
        "listeners": {
            "board.wire": {
                "process": "board", "transport": "wire", "address": "BOARD_WIRE", "port": 1,
                "serves": { "board": { "interface": "leaf::Board" } },
            },
        },
        "processes": {
            "board": { "instances": ["board"], "admin": { "address": "BOARD_ADMIN", "port": 2 } },
        },
        "tables": {
            "smoke": {
                "plugin": "smoke", "place": "top_level", "reader": "mode", "verbatim": true,
                "entries": entries,
            },
        },
    })
}

/// Not a test of its own: what the others start.
#[test]
#[expect(clippy::exit, reason = "this process is the program under test")]
fn child() {
    let environment = Environment::of_process();
    let Some(plan) = environment.get(PLAN) else { return };
    let code = app(plan.to_owned()).main_with(environment, &["smoke".to_owned()]);
    let code = [0, 1].into_iter().find(|known| ExitCode::from(*known) == code);
    std::process::exit(code.map_or(99, i32::from));
}

/// The exit code, and the lines of the program.
fn run(calls: &[(&str, Value)]) -> (Option<i32>, Vec<String>) {
    let program = std::env::current_exe().unwrap();
    let mut command = Command::new(program);
    command.args(["child", "--exact", "--nocapture"]).env(PLAN, plan(calls).to_string());
    let output = command.output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let lines = text.lines().filter(|line| !line.is_empty() && *line != "running 1 test");
    (output.status.code(), lines.map(str::to_owned).collect())
}

#[test]
fn each_call_is_printed_with_its_answer() {
    let note = json!({ "likes": "2", "id": "ada-1" });
    let (code, lines) = run(&[
        ("shown", json!({ "call": "board.read", "arguments": { "id": "ada-1" } })),
        ("known", json!({ "call": "board.read", "arguments": { "id": "ada-1" }, "expect": note })),
        (
            "absent",
            json!({ "call": "board.read", "arguments": { "id": "none" }, "expect_error": "no_such_note" }),
        ),
    ]);
    assert_eq!(
        lines,
        [
            "ok   shown: board.read {\"id\":\"ada-1\"} -> {\"id\":\"ada-1\",\"likes\":\"2\"}",
            "ok   known: board.read {\"id\":\"ada-1\"} -> {\"id\":\"ada-1\",\"likes\":\"2\"}",
            "ok   absent: board.read {\"id\":\"none\"} -> error no_such_note (not_found): there is no none",
            "3 smoke calls, 0 failed",
        ]
    );
    assert_eq!(code, Some(0));
    assert_eq!(run(&[]), (Some(0), vec!["0 smoke calls, 0 failed".to_owned()]));
}

#[test]
fn what_is_not_as_expected_fails_the_program() {
    let (code, lines) = run(&[
        (
            "differs",
            json!({ "call": "board.read", "arguments": { "id": "b" }, "expect": { "id": "b", "likes": 3 } }),
        ),
        ("down", json!({ "call": "board.count" })),
        ("unknown", json!({ "call": "board.raed" })),
        ("nowhere", json!({ "call": "baord.read" })),
        ("unread", json!({ "cal": "board.read" })),
        ("fine", json!({ "call": "board.read", "arguments": { "id": "b" } })),
    ]);
    assert_eq!(
        lines,
        [
            "FAIL differs: board.read {\"id\":\"b\"} -> {\"id\":\"b\",\"likes\":\"2\"}",
            "     expected {\"id\":\"b\",\"likes\":\"3\"}",
            "     got      {\"id\":\"b\",\"likes\":\"2\"}",
            "     .likes: expected \"3\", got \"2\"",
            "FAIL down: board.count {} -> unavailable: nobody counts (processed: no)",
            "     no answer",
            "FAIL unknown: board.raed {} -> `leaf::Board` has no method `raed`; known: read, count",
            "     no call",
            "FAIL nowhere: baord.read {} -> there is no `baord`; known: board",
            "     no call",
            "FAIL unread: smoke.unread: `call`: expected text in quotes, found nothing",
            "     no call",
            "ok   fine: board.read {\"id\":\"b\"} -> {\"id\":\"b\",\"likes\":\"2\"}",
            "6 smoke calls, 5 failed",
        ]
    );
    assert_eq!(code, Some(1));
}
