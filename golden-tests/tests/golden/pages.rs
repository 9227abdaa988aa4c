//! Pages whose every command is run, in order, by a shell in an empty folder away from the repository, with nothing but a copy of the `bp` binary.
//!
//! In a block `console`, a line `$ command` is run, and what follows it is its output; `…` stands for anything in a line, and alone for any lines.
//! A block `toml path` or `rust path` is a file that the reader writes.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use libtest_mimic::Trial;

use crate::bp;
use crate::running::{one_at_a_time, trial};

pub(crate) fn trials() -> Vec<Trial> {
    let pages = ["docs/tutorial.md", "docs/guides/ci.md", "docs/guides/from-blueprint.md"];
    let one = |page: &&'static str| {
        let page = *page;
        trial(format!("page::{page}"), move || {
            let _one = one_at_a_time();
            play(&std::fs::read_to_string(bp::root().join(page))?)
        })
    };
    let mut trials: Vec<Trial> = pages.iter().map(one).collect();
    trials.push(trial("page::difference_is_noticed", || {
        let page = "```console\n$ echo one two\none t…\n```\n";
        play(page)?;
        ensure!(play(&page.replace("one t…", "one…three")).is_err(), "a difference went unnoticed");
        ensure!(play("```console\n$ false\n```\n").is_err(), "a failure went unnoticed");
        ensure!(play("no command").is_err(), "a page without commands proves nothing");
        Ok(())
    }));
    trials
}

/// A step of a page.
enum Step {
    Write { path: String, text: String },
    Run { command: String, expected: Vec<String> },
}

fn steps(page: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        let Some(info) = line.strip_prefix("```").filter(|i| !i.is_empty()) else { continue };
        let block: Vec<&str> = lines.by_ref().take_while(|l| *l != "```").collect();
        match info.split_once(' ') {
            Some(("toml" | "rust", path)) => {
                steps.push(Step::Write { path: path.to_owned(), text: block.join("\n") + "\n" });
            }
            None if info == "console" => {
                for line in block {
                    if let Some(command) = line.strip_prefix("$ ") {
                        steps.push(Step::Run { command: command.to_owned(), expected: Vec::new() });
                    } else if let Some(Step::Run { expected, .. }) = steps.last_mut() {
                        expected.push(line.trim_end().to_owned());
                    }
                }
            }
            _ => {}
        }
    }
    steps
}

fn play(page: &str) -> Result<()> {
    let elsewhere = tempfile::tempdir()?;
    let tools = elsewhere.path().join("tools");
    std::fs::create_dir(&tools)?;
    // A copy of the binary alone, so that nothing can be found beside it.
    std::fs::copy(bp::binary()?, tools.join("bp"))?;
    let mut here = elsewhere.path().join("home");
    std::fs::create_dir(&here)?;
    let mut ran = 0;
    for step in steps(page) {
        match step {
            Step::Write { path, text } => {
                let path = here.join(path);
                std::fs::create_dir_all(path.parent().context("a folder")?)?;
                std::fs::write(path, text)?;
            }
            Step::Run { command, expected } => {
                ran += 1;
                let actual = run(&command, &mut here, &tools)?;
                ensure!(
                    matches(&expected, &actual),
                    "`{command}` says\n{}\nand the page says\n{}",
                    actual.join("\n"),
                    expected.join("\n")
                );
            }
        }
    }
    ensure!(ran > 0, "the page runs nothing");
    Ok(())
}

/// Runs a command in the folder where the previous one ended, and returns its output of both streams.
fn run(command: &str, here: &mut PathBuf, tools: &Path) -> Result<Vec<String>> {
    let path = format!("{}:{}", tools.display(), std::env::var("PATH")?);
    let place = tools.join("pwd");
    let script =
        format!("exec 2>&1\n{command}\nstatus=$?\npwd > '{}'\nexit $status", place.display());
    let output = Command::new("bash")
        .args(["-c", &script])
        .current_dir(&*here)
        .env("PATH", path)
        .env("NO_COLOR", "1")
        .env("LC_ALL", "C.UTF-8")
        // Libraries that the examples have compiled need not be compiled again.
        .env("CARGO_TARGET_DIR", bp::generated()?)
        .env_remove("BP_SET")
        .env_remove("BP_CONFIG")
        .output()?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    ensure!(output.status.success(), "`{command}` ended with {}:\n{said}", output.status);
    *here = PathBuf::from(std::fs::read_to_string(place)?.trim());
    Ok(said.trim_end().lines().map(|l| l.trim_end().to_owned()).collect())
}

/// Whether lines are as expected.
fn matches<A: AsRef<str>>(expected: &[String], actual: &[A]) -> bool {
    match (expected.split_first(), actual.split_first()) {
        (None, rest) => rest.is_none(),
        (Some((first, more)), _) if first.trim() == "…" => {
            (0..=actual.len()).any(|n| actual.get(n..).is_some_and(|rest| matches(more, rest)))
        }
        (Some(_), None) => expected.iter().all(String::is_empty),
        (Some((first, more)), Some((line, rest))) => {
            fits(first, line.as_ref()) && matches(more, rest)
        }
    }
}

/// Whether a line is as expected, `…` standing for any characters.
fn fits(expected: &str, line: &str) -> bool {
    let Some((start, more)) = expected.split_once('…') else { return expected == line };
    let Some(mut rest) = line.strip_prefix(start) else { return false };
    let mut parts = more.split('…').rev();
    let end = parts.next().unwrap_or_default();
    for part in parts.rev() {
        let Some(at) = rest.find(part) else { return false };
        rest = rest.get(at + part.len()..).unwrap_or_default();
    }
    rest.ends_with(end)
}
