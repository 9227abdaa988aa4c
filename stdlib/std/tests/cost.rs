//! What a chained call costs, in instructions: they are the same on a busy machine.
//!
//! Counted by callgrind in a build without optimization, which a change of the chain moves as it moves a release. `cargo xtask bench` measures releases.

use std::hint::black_box;
use std::process::Command;
use std::sync::Arc;

use bp_std::rt::{
    BoxFuture, Call, Client, Edge, Endpoint, Infra, Interface, Method, Next, Reply, Wrapper,
};
use bp_std::{Data, ServiceError};

/// Says to the test's own program, run under valgrind, how many wrappers and calls there are.
const CHILD: &str = "BP_TEST_CHAIN";
const CALLS: u32 = 2_000;
/// Instructions of a call through a chain without wrappers, and of each wrapper, a tenth above what was counted.
const MOST_OF_A_CALL: f64 = 3_700.0;
const MOST_OF_A_WRAPPER: f64 = 860.0;

static INTERFACE: Interface =
    Interface::new("t::Counter", "t.Counter", &[Method::new(0, "next", &["number"])]);

#[derive(Debug, Clone, PartialEq, ServiceError)]
enum CounterError {
    #[infra]
    Infra(Infra),
}

#[derive(Debug, Clone, PartialEq, Data)]
struct Number {
    value: u64,
}

/// Passes calls on, in a future of its own, as a wrapper does that looks at the answer.
struct Pass;

impl Wrapper for Pass {
    fn call<'a>(&'a self, call: Call, next: Next<'a>) -> BoxFuture<'a, Result<Reply, Infra>> {
        Box::pin(async move {
            let answer = next.run(call).await;
            black_box(&answer);
            answer
        })
    }
}

struct ImmediateEnd;

impl Endpoint for ImmediateEnd {
    fn send(&self, call: Call) -> BoxFuture<'_, Result<Reply, Infra>> {
        Box::pin(async move {
            let (number,) = call.take::<(Number,)>()?;
            Reply::of(Ok::<Number, CounterError>(number))
        })
    }
}

/// Makes the calls that the environment asks for.
#[test]
fn child() {
    let Ok(what) = std::env::var(CHILD) else { return };
    let (wrappers, calls) = what.split_once(' ').unwrap();
    let wrappers = vec![Arc::new(Pass) as Arc<dyn Wrapper>; wrappers.parse().unwrap()];
    let edge = Edge {
        key: "a->counter".to_owned(),
        caller: "a".to_owned(),
        callee: "counter".to_owned(),
        cyclic: false,
        remote: true,
        server: false,
    };
    let client = Client::new(edge, &INTERFACE, wrappers, Arc::new(ImmediateEnd));
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        for value in 0..calls.parse().unwrap() {
            let answer: Result<Number, CounterError> =
                client.call(0, (black_box(Number { value }),)).await;
            black_box(answer.unwrap());
        }
    });
}

fn count(wrappers: u32, calls: u32) -> f64 {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "child"])
        .env(CHILD, format!("{wrappers} {calls}"))
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}");
    let (_, counted) = text.split_once("Collected : ").unwrap();
    counted.lines().next().unwrap().trim().parse().unwrap()
}

#[test]
fn a_chained_call_costs_no_more_than_it_did() {
    let version = Command::new("valgrind").arg("--version").output();
    if !version.is_ok_and(|output| output.status.success()) {
        eprintln!("SKIPPED: there is no valgrind, so no instructions are counted");
        return;
    }
    let of_a_call = |wrappers| (count(wrappers, CALLS) - count(wrappers, 0)) / f64::from(CALLS);
    let empty = of_a_call(0);
    let wrapper = (of_a_call(8) - empty) / 8.0;
    println!("a call {empty:.0} instructions, each wrapper {wrapper:.0}");
    assert!(empty < MOST_OF_A_CALL, "a call takes {empty:.0} instructions");
    assert!(wrapper < MOST_OF_A_WRAPPER, "a wrapper takes {wrapper:.0} instructions");
}
