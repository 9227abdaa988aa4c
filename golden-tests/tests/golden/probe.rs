//! What reaches the end of a chain of calls, shown by `apps/probe` in several deployments.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::bp;
use crate::running::{Running, eventually, file, one_at_a_time, trial};

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials = Vec::new();
    for wiring in ["grpc", "http", "monolith"] {
        trials.push(trial(format!("probe::context::{wiring}"), move || context(wiring)));
    }
    for wiring in ["grpc", "http"] {
        trials.push(trial(format!("probe::timeouts::{wiring}"), move || timeouts(wiring)));
    }
    trials.push(trial("probe::desk", desk));
    for wiring in ["hen_and_egg", "hen_and_egg_monolith"] {
        trials.push(trial(format!("probe::{wiring}"), move || constructor_in_a_cycle(wiring)));
    }
    trials
}

fn folder() -> PathBuf {
    bp::root().join("golden-tests/apps/probe")
}

struct Caller {
    agent: ureq::Agent,
    entry: String,
}

impl Caller {
    fn new(entry: &str, limit: Duration) -> Self {
        let config =
            ureq::Agent::config_builder().http_status_as_error(false).timeout_global(Some(limit));
        Self { agent: config.build().into(), entry: entry.to_owned() }
    }

    fn call(
        &self,
        method: &str,
        arguments: &Value,
        headers: &[(&str, &str)],
    ) -> Result<(u16, Option<String>, Value)> {
        let mut request = self.agent.post(format!("http://{}/gate/{method}", self.entry));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut response = request.send_json(arguments)?;
        let infra =
            response.headers().get("bp-infra").and_then(|v| v.to_str().ok()).map(str::to_owned);
        let status = response.status().as_u16();
        Ok((status, infra, response.body_mut().read_json()?))
    }
}

/// Deadline, trace, tenant and baggage cross three hops; two instances of one interface keep their own settings; a caller that leaves cancels the work.
fn context(wiring: &str) -> Result<()> {
    let _one = one_at_a_time();
    let running = Running::start(&folder(), wiring, None)?;
    let caller = Caller::new(running.entry()?, Duration::from_mins(1));
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let parent = format!("00-{trace}-00f067aa0ba902b7-01");
    let headers = [
        ("traceparent", parent.as_str()),
        ("baggage", "colour=green"),
        ("bp-tenant", "acme"),
        ("bp-deadline-ms", "9000"),
    ];
    let (status, _, seen) = caller.call("look", &json!({ "worker": "right" }), &headers)?;
    ensure!(status == 200, "{status}: {seen}");
    let left = seen["deadline"].as_u64().context("a deadline")?;
    ensure!(left > 0 && left <= 9_000, "the deadline is not the caller\'s: {seen}");
    ensure!(
        seen["trace"] == trace && seen["colour"] == "green" && seen["tenant"] == "acme",
        "{seen}"
    );

    let (status, _, seen) = caller.call("look", &json!({ "worker": "right" }), &[])?;
    let left = seen["deadline"].as_u64().context("a deadline")?;
    ensure!(
        status == 200 && left > 10_000 && left <= 20_000,
        "the edge\'s own timeout is 20 s: {seen}"
    );

    let (status, _, error) = caller.call("look", &json!({ "worker": "nobody" }), &[])?;
    ensure!(status == 404 && error["code"] == "no_such_worker", "{status}: {error}");
    ensure!(error["message"] == "there is no worker `nobody`", "{error}");

    let (status, infra, _) =
        caller.call("nap", &json!({ "worker": "left", "millis": 400 }), &[])?;
    ensure!(
        status == 504 && infra.as_deref() == Some("deadline"),
        "left has 40 ms: {status} {infra:?}"
    );
    let (status, _, _) = caller.call("nap", &json!({ "worker": "right", "millis": 400 }), &[])?;
    ensure!(status == 200, "right has 20 s: {status}");

    let hasty = Caller::new(running.entry()?, Duration::from_secs(1));
    ensure!(
        hasty.call("nap", &json!({ "worker": "right", "millis": 18_000 }), &[]).is_err(),
        "the caller did not leave"
    );
    eventually(Duration::from_secs(12), "the nap\'s cancellation", || {
        let (_, _, naps) = caller.call("naps", &json!({ "worker": "right" }), &[])?;
        Ok(naps["dropped"] == 1)
    })?;
    running.stop()
}

/// Ten thousand calls that time out leave no task behind, in the caller\'s process and in the callee\'s.
fn timeouts(wiring: &str) -> Result<()> {
    const CALLERS: usize = 50;
    const CALLS: usize = 200;
    let _one = one_at_a_time();
    let running = Running::start(&folder(), wiring, None)?;
    let caller = Caller::new(running.entry()?, Duration::from_mins(1));
    for worker in ["left", "right"] {
        caller.call("nap", &json!({ "worker": worker, "millis": 1 }), &[])?;
    }
    let alive = || -> Result<Vec<f64>> {
        running.processes().iter().map(|p| running.metric(p, "bp_tasks_alive")).collect()
    };
    let before = alive()?;
    let outcomes = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..CALLERS)
            .map(|_| {
                scope.spawn(|| {
                    let caller = Caller::new(&caller.entry, Duration::from_mins(1));
                    let nap = json!({ "worker": "left", "millis": 60_000 });
                    let outcome = |_| match caller.call("nap", &nap, &[]) {
                        Ok((status, infra, body)) => format!("{status} {infra:?} {body}"),
                        Err(error) => format!("{error:#}"),
                    };
                    (0..CALLS).map(outcome).collect::<Vec<_>>()
                })
            })
            .collect();
        threads.into_iter().flat_map(|t| t.join().unwrap_or_default()).collect::<Vec<_>>()
    });
    let mut others: Vec<&String> = outcomes.iter().filter(|o| !o.starts_with("504")).collect();
    others.sort();
    others.dedup();
    ensure!(
        outcomes.len() == CALLERS * CALLS && others.is_empty(),
        "other ends than a timeout: {others:?}"
    );
    // The callers\' own connections close a moment later.
    eventually(Duration::from_mins(1), "the return to the baseline", || {
        Ok(alive()?.iter().zip(&before).all(|(now, before)| now <= before))
    })
    .with_context(|| format!("before: {before:?}, now: {:?}", alive()))?;
    running.stop()
}

/// Methods that cannot leave their process answer inside it: one that borrows on the callee itself, one that owns what it takes through wrappers.
fn desk() -> Result<()> {
    let _one = one_at_a_time();
    let running = Running::start(&folder(), "desk", None)?;
    let agent: ureq::Agent =
        ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let call = |text: &str| -> Result<(u16, Value)> {
        let mut response = agent
            .post(format!("http://{}/desk/longest", running.entry()?))
            .send_json(json!({ "text": text }))?;
        Ok((response.status().as_u16(), response.body_mut().read_json()?))
    };
    ensure!(
        call("ein schöner Tag")? == (200, json!("schöner: 7 of 8, 3 words")),
        "{:?}",
        call("ein schöner Tag")
    );
    let (status, error) = call("nobody is in")?;
    ensure!(status == 404 && error["code"] == "no_such_worker", "{status}: {error}");
    // The wrapper on the way to `marks` saw both calls.
    let calls = running.metric("all", "bp_calls_total{bp_edge=\"desk->marks\"")?;
    ensure!(calls >= 1.0, "{calls}");
    running.stop()
}

/// A constructor that calls into its own cycle fails start-up with an error that names it, instead of hanging.
fn constructor_in_a_cycle(wiring: &str) -> Result<()> {
    let _one = one_at_a_time();
    let output = bp::command(&folder())?.args(["run", &file(wiring), "--fresh"]).output()?;
    let text = String::from_utf8_lossy(&output.stderr).into_owned()
        + &String::from_utf8_lossy(&output.stdout);
    ensure!(!output.status.success(), "it started:\n{text}");
    ensure!(
        text.contains("egg->hen") && text.contains("EggImpl"),
        "the error does not name edge and constructor:\n{text}"
    );
    Ok(())
}
