//! Feeds the targets of `golden-tests/fuzz` from libFuzzer.
//!
//! The counters that guide it are an LLVM pass that stable rustc can run; the sanitizers need nightly, and would find nothing in code without `unsafe`.

use std::fs;
use std::path::{Path, PathBuf};

use crate::source_files::list_files;
use anyhow::{Context as _, Result, bail, ensure};

use crate::step::{cargo, root, run};

/// The flags that make rustc record which edges are taken and which values are compared.
const FLAGS: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares --cfg fuzzing";
/// Built for a named target, so that build scripts and macros do not get the flags.
const TRIPLE: &str = "x86_64-unknown-linux-gnu";
/// Limits of one input: seconds, and MiB of the whole program.
const LIMITS: [&str; 2] = ["-timeout=10", "-rss_limit_mb=2048"];

/// The targets, each with the part of a golden test's case that is a seed for it.
const TARGETS: &[(&str, &str)] = &[
    ("application", ""),
    ("cargo_lock", "Cargo.lock"),
    ("graph", ""),
    ("hostile", ""),
    ("manifest", ""),
    ("memory", ""),
    ("plan", ""),
    ("run_manifest", ""),
    ("wire_lock", "wire.lock"),
    ("wiring", ".toml"),
    ("workflow", "lib.rs"),
];

/// `seconds` for one target, or for each.
pub(crate) fn run_all(arguments: &[&str]) -> Result<()> {
    let (names, seconds): (Vec<&str>, &str) = match arguments {
        [seconds] => (TARGETS.iter().map(|(name, _)| *name).collect(), seconds),
        [name, seconds] => (vec![name], seconds),
        _ => bail!("cargo xtask fuzz [TARGET] SECONDS"),
    };
    let seconds: u32 = seconds.parse().context("SECONDS is a number")?;
    let program = build()?;
    for name in names {
        let (_, part) = TARGETS
            .iter()
            .find(|(n, _)| *n == name)
            .with_context(|| format!("no target {name}"))?;
        feed(&program, name, part, seconds)?;
    }
    Ok(())
}

fn engine() -> PathBuf {
    root().join("golden-tests/fuzz/engine")
}

fn build() -> Result<PathBuf> {
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    let target = target.join("fuzz");
    let manifest = engine().join("Cargo.toml");
    let mut command =
        cargo(&["build", "--release", "--locked", "--target", TRIPLE, "--manifest-path"]);
    command.arg(manifest).arg("--target-dir").arg(&target).env("RUSTFLAGS", FLAGS);
    run("build the fuzzer", &mut command)?;
    Ok(target.join(TRIPLE).join("release/bp-fuzz-engine"))
}

/// The corpus grows in the target folder; it starts with the committed corpus and the golden tests' cases.
fn feed(program: &Path, name: &str, part: &str, seconds: u32) -> Result<()> {
    let work = program.parent().context("a program has a folder")?.join("corpus").join(name);
    fs::create_dir_all(&work)?;
    seed(name, part, &work)?;
    let kept = root().join("golden-tests/fuzz/corpus").join(name);
    fs::create_dir_all(&kept)?;
    let found = program.with_file_name(format!("found-{name}-"));
    let mut command = std::process::Command::new(program);
    command.args(LIMITS).arg(format!("-max_total_time={seconds}")).arg("-print_final_stats=1");
    command.arg("-max_len=20000").arg(format!("-artifact_prefix={}", found.display()));
    let words = root().join("golden-tests/fuzz/words").join(name);
    if words.is_file() {
        command.arg(format!("-dict={}", words.display()));
    }
    command.arg(&work).arg(&kept).env("BP_FUZZ_TARGET", name);
    run(&format!("fuzz {name}"), &mut command).with_context(|| {
        format!(
            "the input is beside {}*; keep it in golden-tests/fuzz/corpus/{name}",
            found.display()
        )
    })
}

/// Writes the seeds of a target: parts of the golden tests' cases, and files of the examples' trees.
fn seed(name: &str, part: &str, work: &Path) -> Result<()> {
    let mut seeds: Vec<String> = Vec::new();
    for case in list_files(&root().join("golden-tests/cases"), "txt")? {
        let text = fs::read_to_string(case)?;
        if name == "application" {
            seeds.push(text);
            continue;
        }
        // Parts start with a line `-- path --`.
        for piece in text.split("\n-- ").skip(1) {
            if let Some((path, body)) = piece.split_once(" --\n")
                && !part.is_empty()
                && path.ends_with(part)
            {
                seeds.push(body.to_owned());
            }
        }
    }
    let more = match name {
        "plan" | "run_manifest" => list_files(&root().join("golden-tests/trees"), "json")?,
        "wiring" => list_files(&root().join("examples"), "toml")?,
        "workflow" => list_files(&root().join("examples"), "rs")?,
        "wire_lock" => list_files(&root().join("examples"), "lock")?,
        _ => Vec::new(),
    };
    let wanted = match name {
        "plan" => "plan.json",
        "run_manifest" => "run.json",
        _ => "",
    };
    for path in more.iter().filter(|p| wanted.is_empty() || p.ends_with(wanted)) {
        seeds.push(fs::read_to_string(path)?);
    }
    for (number, text) in seeds.iter().enumerate() {
        fs::write(work.join(format!("seed-{number}")), text)?;
    }
    ensure!(work.is_dir());
    Ok(())
}
