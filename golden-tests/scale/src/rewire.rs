//! From a saved wiring to a running system, on an example.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};

/// What a debug build may take on two idle cores, in seconds.
const BUDGET: f64 = 15.0;

/// Each change, as a wiring that extends `local`.
const CHANGES: [(&str, &str); 4] = [
    ("a policy value", "edge.\"*\".timeout = \"1700ms\"\n"),
    ("micro to monolith", "process.all.services = [\"*\"]\n"),
    ("tracing on", "server.\"*\".trace = \"otlp\"\n"),
    ("gRPC to HTTP", "edge.\"*\".rpc = \"http\"\n"),
];

/// Rewires an example in every way and prints how long each took until its smoke calls were answered, after `local` ran once.
///
/// # Errors
/// When the example does not run.
pub(crate) fn run_all(bp: &Path, example: &Path) -> Result<()> {
    let wiring = example.join("wiring/bench_rewire.toml");
    let done = (|| {
        println!(
            "\n| rewire {} | bp s | cargo s | start-up s | all s | budget |\n|---|---|---|---|---|---|",
            example.display()
        );
        fs::write(&wiring, "extends = \"local.toml\"\n")?;
        run_once(bp, example)?;
        for (what, change) in CHANGES {
            fs::write(&wiring, format!("extends = \"local.toml\"\n{change}"))?;
            let [compiled, built, ready] = run_once(bp, example)?;
            let verdict = if ready <= BUDGET { "kept" } else { "MISSED" };
            println!(
                "| {what} | {compiled:.2} | {:.2} | {:.2} | {ready:.2} | {BUDGET} s: {verdict} |",
                built - compiled,
                ready - built
            );
            fs::write(&wiring, "extends = \"local.toml\"\n")?;
            run_once(bp, example)?;
        }
        Ok(())
    })();
    let _ = fs::remove_file(&wiring);
    done
}

/// Seconds until `bp` had written its output, until cargo was done, and until every smoke call was answered.
fn run_once(bp: &Path, example: &Path) -> Result<[f64; 3]> {
    let start = Instant::now();
    let mut child = Command::new(bp)
        .args(["run", "wiring/bench_rewire.toml", "--smoke"])
        .current_dir(example)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()?;
    let (mut compiled, mut built, mut ready) = (None, None, None);
    let mut said = String::new();
    for line in BufReader::new(child.stderr.take().context("standard error")?).lines() {
        let line = line?;
        let now = start.elapsed().as_secs_f64();
        if line.contains("cargo builds") {
            compiled.get_or_insert(now);
        } else if compiled.is_some() && built.is_none() && line.contains('|') {
            // The first line of a process's log.
            built = Some(now);
        } else if line == "stopping" {
            // The calls were made; without a collector the process would wait seconds for its traces.
            ready = Some(now);
        }
        said.push_str(&line);
        said.push('\n');
    }
    let status = child.wait()?;
    ensure!(status.success(), "{said}");
    let ready = ready.with_context(|| format!("it did not stop by itself: {said}"))?;
    // Without a build there is no cargo, and without a log line the parts cannot be told apart.
    let compiled = compiled.unwrap_or(0.0);
    Ok([compiled, built.unwrap_or(compiled), ready])
}
