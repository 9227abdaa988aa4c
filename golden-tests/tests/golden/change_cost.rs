//! What a change of the system costs, counted by `bp diff`: the changed lines of wiring and of workflow.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use bp_plugin::Value;
use bp_plugin::plan::Plan;
use libtest_mimic::Trial;
use serde_json::Value as Json;

use crate::hotel::compile;
use crate::{bp, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![trial("hotel::change_cost", change_cost)]
}

/// One rewiring: its purpose, the wiring that it extends, the line to write, and a check of the result.
struct Change {
    what: &'static str,
    over: &'static str,
    line: &'static str,
    holds: fn(&Plan) -> bool,
}

const CHANGES: &[Change] = &[
    Change {
        what: "tracing off",
        over: "micro",
        line: "server.\"*\".trace = false",
        holds: |plan| wrapped(plan, "trace") == 0,
    },
    Change {
        what: "gRPC to HTTP",
        over: "micro",
        line: "edge.\"*\".rpc = \"http\"",
        holds: |plan| carried(plan, "http") == carried(plan, ""),
    },
    Change {
        what: "microservices to monolith",
        over: "micro",
        line: "process.hotel.services = [\"*\"]",
        holds: |plan| plan.processes.len() == 1,
    },
    Change {
        what: "memcached to Redis",
        over: "micro",
        line: "backend.\"*_cache\".kind = \"redis\"",
        holds: |plan| (made(plan, "memcached"), made(plan, "redis")) == (0, 4),
    },
    Change {
        what: "PostgreSQL to MongoDB",
        over: "micro",
        line: "backend.\"*_db\".kind = \"mongodb\"",
        holds: |plan| (made(plan, "postgres"), made(plan, "mongodb")) == (0, 8),
    },
    Change {
        what: "Compose to Kubernetes",
        over: "micro",
        line: "target.enabled = [\"docker\", \"kubernetes\"]",
        holds: |plan| {
            let has = |target| plan.targets.contains_key(target);
            has("kubernetes") && !has("compose")
        },
    },
    Change {
        what: "two services into one process",
        over: "micro",
        line: "process.front.services = [\"frontend\", \"search\"]",
        holds: |plan| {
            plan.processes.len() == 9
                && plan.edges.get("frontend->search").is_some_and(|edge| !edge.remote)
        },
    },
    Change {
        what: "another retry policy everywhere",
        over: "micro",
        line: "edge.\"*\".retry = { attempts = 2, budget = 0.05 }",
        holds: |plan| {
            let wrappers = plan.edges.values().flat_map(|edge| &edge.client);
            let retries = wrappers.filter(|w| w.plugin == "retry");
            let attempts = retries.map(|w| w.settings.get("attempts").and_then(Value::as_integer));
            attempts.filter(|n| *n == Some(2)).count() == 9 && wrapped(plan, "retry") == 9
        },
    },
    Change {
        what: "no servers: stores in files",
        over: "micro",
        line: "backend.\"*\".kind = \"embedded\"",
        holds: |plan| made(plan, "embedded") == 12,
    },
    Change {
        what: "tracing on",
        over: "local",
        line: "server.\"*\".trace = \"otlp\"",
        holds: |plan| wrapped(plan, "trace") > 0,
    },
];

/// How many edges a wrapper is on.
fn wrapped(plan: &Plan, plugin: &str) -> usize {
    let on = |edge: &&bp_plugin::plan::EdgePlan| edge.client.iter().any(|w| w.plugin == plugin);
    plan.edges.values().filter(on).count()
}

/// How many edges a transport carries; any transport, without a name.
fn carried(plan: &Plan, plugin: &str) -> usize {
    let transports = plan.edges.values().filter_map(|edge| edge.transport.as_ref());
    transports.filter(|t| plugin.is_empty() || t.plugin == plugin).count()
}

/// How many backends a plugin makes.
fn made(plan: &Plan, plugin: &str) -> usize {
    let backends = plan.instances.values().filter_map(|instance| instance.backend());
    backends.filter(|backend| backend.plugin == plugin).count()
}

/// Each change is a wiring of at most three lines, `extends` included, and changes no line of workflow.
fn change_cost() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let application = copy(folder.path())?;
    println!("| change | over | lines of wiring | of workflow | lines of output that change |");
    println!("|---|---|---|---|---|");
    for Change { what, over, line, holds } in CHANGES {
        ensure!(!holds(&compile(over, None)?), "{what} is true before the change");
        ensure!(holds(&compile(over, Some(line))?), "{what} does not do what it says");
        let text = format!("extends = \"{over}.toml\"\n{line}\n");
        std::fs::write(application.join("wiring/changed.toml"), text)?;
        let output = bp::run(&application, &["diff", over, "changed", "--format", "json"])?;
        let diff: Json = serde_json::from_slice(&output.stdout)?;
        let lines = |part: &str| -> Result<u64> {
            let lines = &diff[part]["lines"];
            let count = |side| lines[side].as_u64().with_context(|| format!("{part}: {lines}"));
            Ok(count("added")? + count("removed")?)
        };
        let (wiring, workflow) = (lines("wiring")?, lines("workflow")?);
        println!("| {what} | {over} | {wiring} | {workflow} | {} |", lines("artifacts")?);
        ensure!((1..=3).contains(&wiring), "{what} takes {wiring} lines of wiring");
        ensure!(workflow == 0, "{what} takes {workflow} lines of workflow");
        ensure!(diff["equal"] == false, "{what} changes nothing");
    }
    Ok(())
}

/// A copy of the application in a folder of its own, where another wiring does not disturb other tests.
fn copy(folder: &Path) -> Result<std::path::PathBuf> {
    let hotel = bp::root().join("examples/hotel");
    let parts = ["wiring", "workflow"].map(|part| hotel.join(part));
    let status = Command::new("cp").arg("-r").args(parts).arg(folder).status()?;
    ensure!(status.success(), "cp ended with {status}");
    let path = folder.join("wiring/local.toml");
    let text = std::fs::read_to_string(&path)?;
    // Up to the file system's root, and down again: a wiring names no absolute path.
    let above = folder.canonicalize()?.components().count();
    let runtime = format!("{}{}", "../".repeat(above), bp::root().strip_prefix("/")?.display());
    let moved = text.replace("path = \"../../..\"", &format!("path = \"{runtime}\""));
    ensure!(moved != text, "the wiring names the runtime in another way");
    std::fs::write(&path, moved)?;
    Ok(folder.to_owned())
}
