//! The golden tests: one binary, every case a test.
//!
//! `BP_BLESS=1` rewrites expectations instead of comparing.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "tests print tables and what they skip"
)]
#![expect(clippy::indexing_slicing, reason = "`serde_json` answers null for what is not there")]
#![expect(
    clippy::case_sensitive_file_extension_comparisons,
    reason = "the names are those that bp gives its artifacts"
)]

mod bp;
mod calls;
mod cases;
mod change_cost;
mod commands;
mod completions;
mod described;
mod docs;
mod evolve;
mod examples;
mod exposition;
mod faulty;
mod fuzz;
mod hostile;
mod hotel;
mod kubernetes;
mod names;
mod outside;
mod pages;
mod probe;
mod replicas;
mod running;
mod scale;
mod servers;
mod stopped;
mod switching;
mod tables;
mod traces;
mod trees;
mod watch;
mod write;

use libtest_mimic::{Arguments, Failed, Trial};

fn main() -> std::process::ExitCode {
    if let Some(code) = faulty::play() {
        return code;
    }
    let arguments = Arguments::from_args();
    let mut trials = cases::trials();
    trials.extend(calls::trials());
    trials.extend(change_cost::trials());
    trials.extend(commands::trials());
    trials.extend(completions::trials());
    trials.extend(described::trials());
    trials.extend(docs::trials());
    trials.extend(trees::trials());
    trials.extend(examples::trials());
    trials.extend(exposition::trials());
    trials.extend(probe::trials());
    trials.extend(replicas::trials());
    trials.extend(evolve::trials());
    trials.extend(kubernetes::trials());
    trials.extend(outside::trials());
    trials.extend(pages::trials());
    trials.extend(traces::trials());
    trials.extend(fuzz::trials());
    trials.extend(scale::trials());
    trials.extend(hotel::trials());
    trials.extend(stopped::trials());
    trials.extend(switching::trials());
    trials.extend(tables::trials());
    trials.extend(hostile::trials());
    trials.extend(watch::trials());
    trials.extend(write::trials());
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// A test that fails with an error's text.
fn trial(
    name: impl Into<String>,
    test: impl FnOnce() -> anyhow::Result<()> + Send + 'static,
) -> Trial {
    Trial::test(name, move || test().map_err(|e| Failed::from(format!("{e:#}"))))
}

/// Whether expectations are to be rewritten.
fn blessing() -> bool {
    std::env::var_os("BP_BLESS").is_some()
}

/// The first line in which two texts differ, in words.
fn first_difference(expected: &str, actual: &str) -> String {
    let mut number = 1;
    let (mut left, mut right) = (expected.lines(), actual.lines());
    loop {
        match (left.next(), right.next()) {
            (Some(a), Some(b)) if a == b => number += 1,
            (a, b) => {
                let show = |l: Option<&str>| l.map_or_else(|| "(end)".to_owned(), str::to_owned);
                return format!("line {number}\n  expected: {}\n  actual:   {}", show(a), show(b));
            }
        }
    }
}
