//! The measurements behind the budgets; no test asserts them.

use std::process::Command;

use anyhow::Result;

use crate::step::{cargo, root, run};

/// Builds as a release and prints the table; `arguments` go to the program.
pub(crate) fn run_all(arguments: &[&str]) -> Result<()> {
    let mut command =
        cargo(&["run", "--quiet", "--profile", "bench", "--package", "bp-bench", "--"]);
    run("bench", command.args(arguments))
}

/// Builds `bp` as a release and measures it; `arguments` are the number of rounds, and sizes other than the default ones.
pub(crate) fn run_scale(arguments: &[&str]) -> Result<()> {
    with_bp("bench-scale", "bench", arguments)
}

/// Builds `bp` as a release and rewires an example, `examples/leaf` unless another folder is named.
pub(crate) fn run_rewire(arguments: &[&str]) -> Result<()> {
    let arguments = if arguments.is_empty() { &["examples/leaf"][..] } else { arguments };
    with_bp("bench-rewire", "rewire", arguments)
}

fn with_bp(step: &str, command: &str, arguments: &[&str]) -> Result<()> {
    let built =
        ["build", "--quiet", "--profile", "bench", "--package", "bp", "--package", "bp-scale"];
    run("build", &mut cargo(&built))?;
    // Cargo's profile `bench` builds into the folder of releases.
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), Into::into);
    let programs = target.join("release");
    let mut bench = Command::new(programs.join("bp-scale"));
    run(step, bench.arg(command).arg(programs.join("bp")).args(arguments))
}
