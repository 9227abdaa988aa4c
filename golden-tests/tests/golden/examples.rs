//! Every example under every wiring: its generated code, its smoke calls, its black-box tests, and its answers.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context as _, Result, bail, ensure};
use golden_tests::workload::{Answer, Workload, compare};
use libtest_mimic::Trial;

use crate::bp;
use crate::running::{Running, file, one_at_a_time, trial};
use crate::servers::Servers;

pub(crate) fn trials() -> Vec<Trial> {
    // An application with shapes that the examples lack, such as a service that takes nothing.
    let mut trials = vec![trial("code::probe::desk", || {
        let _one = one_at_a_time();
        code(&bp::root().join("golden-tests/apps/probe"), "desk")
    })];
    for example in bp::examples() {
        for wiring in bp::wirings(&example) {
            let mut add = |what: &str, test: fn(&Path, &str) -> Result<()>| {
                let (folder, wiring) = (folder(&example), wiring.clone());
                trials.push(trial(format!("{what}::{example}::{wiring}"), move || {
                    let _one = one_at_a_time();
                    test(&folder, &wiring)
                }));
            };
            add("code", code);
            if runs(&example, &wiring) {
                add("smoke", smoke);
                add("test", black_box);
            }
        }
        let name = example.clone();
        trials.push(trial(format!("answers::{name}"), move || {
            let _one = one_at_a_time();
            answers(&example)
        }));
    }
    trials
}

/// Whether `bp run` runs a wiring: whether it, or a wiring that it extends, enables the target `process`.
fn runs(example: &str, wiring: &str) -> bool {
    let text = std::fs::read_to_string(folder(example).join(file(wiring))).unwrap_or_default();
    let said = |start: &str| text.lines().find_map(|line| line.strip_prefix(start));
    if let Some(targets) = said("target.enabled").or_else(|| said("enabled")) {
        return targets.contains("\"process\"");
    }
    let base = said("extends = \"").and_then(|rest| rest.strip_suffix(".toml\""));
    base.is_some_and(|base| runs(example, base))
}

fn folder(example: &str) -> PathBuf {
    bp::root().join("examples").join(example)
}

/// Generated code compiles with clippy's warnings denied.
pub(crate) fn code(folder: &Path, wiring: &str) -> Result<()> {
    bp::run(folder, &["build", &file(wiring)])?;
    let output = Command::new(env!("CARGO"))
        .args(["clippy", "--quiet", "--workspace", "--all-targets", "--", "-D", "warnings"])
        .current_dir(folder.join("build").join(wiring).join("rust"))
        .env("CARGO_TARGET_DIR", bp::generated()?)
        .output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}

fn smoke(folder: &Path, wiring: &str) -> Result<()> {
    served(folder, wiring, &["run", &file(wiring), "--smoke"]).map(|_| ())
}

fn black_box(folder: &Path, wiring: &str) -> Result<()> {
    let text = served(folder, wiring, &["test", &file(wiring)])?;
    ensure!(text.contains("test result: ok"), "no test ran:\n{text}");
    Ok(())
}

/// What `bp` prints while the servers run that a wiring needs.
fn served(folder: &Path, wiring: &str, arguments: &[&str]) -> Result<String> {
    let servers = Servers::start(folder, wiring)?;
    let output = bp::command(folder)?.args(arguments).envs(servers.environment()).output()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "bp {arguments:?}: {}\n{text}{errors}", output.status);
    Ok(text)
}

fn serve(
    folder: &Path,
    wiring: &str,
    workload: &Workload,
    set: Option<&str>,
) -> Result<Vec<Answer>> {
    let servers = Servers::start(folder, wiring)?;
    let mut environment = servers.environment();
    environment.extend(set.map(|set| ("BP_SET", set.to_owned())));
    let running = Running::start_with(folder, wiring, &environment)?;
    let start = Instant::now();
    let answers = workload.run(running.entry()?)?;
    println!("{wiring}: {} requests in {:.1} s", answers.len(), start.elapsed().as_secs_f64());
    running.stop()?;
    Ok(answers)
}

/// The same requests get the same answers under every wiring, and a fault seeded into one is noticed.
fn answers(example: &str) -> Result<()> {
    let folder = folder(example);
    let text = std::fs::read_dir(folder.join("workload"))?
        .find_map(|e| std::fs::read_to_string(e.ok()?.path()).ok())
        .context("an example has a workload")?;
    let workload = Workload::parse(&text)?;
    ensure!(
        workload.requests >= 2000 && workload.write_share() >= 0.2,
        "the workload is too thin to prove anything"
    );
    let reference = serve(&folder, "local", &workload, None)?;
    let failed = reference.iter().filter(|a| a.status != 200).count();
    ensure!(failed * 2 < reference.len(), "{failed} of {} answers are errors", reference.len());
    let mut wirings = bp::wirings(example);
    wirings.retain(|wiring| wiring != "local" && runs(example, wiring));
    for wiring in &wirings {
        let answers = serve(&folder, wiring, &workload, None)?;
        if let Some(difference) = compare("local", &reference, wiring, &answers) {
            bail!("{difference}");
        }
    }
    ensure!(
        !workload.faults.is_empty(),
        "the workload needs `faults`, which show that the comparison can fail"
    );
    // A fault shows in the first requests.
    let first = workload.requests.min(1000);
    let workload = Workload { requests: first, ..workload };
    for fault in &workload.faults {
        let answers = serve(&folder, "local", &workload, Some(fault))?;
        let reference = reference.get(..first).context("a reference")?;
        ensure!(
            compare("local", reference, "local with a fault", &answers).is_some(),
            "the fault `{fault}` went unnoticed"
        );
    }
    Ok(())
}
