//! Sends a workload to a running system, and keeps its answers or compares them: `workload FILE ADDRESS keep|compare ANSWERS [READS]`.
//!
//! With READS, this many calls that change nothing are sent instead of the whole workload.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command-line tool reports to its terminal"
)]

use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context as _, Result, bail, ensure};
use golden_tests::workload::{Answer, Workload, compare};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match run(&words) {
        Ok(text) => {
            println!("{text}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("workload: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(words: &[&str]) -> Result<String> {
    let (file, address, what, kept, reads) = match *words {
        [file, address, what, kept] => (file, address, what, kept, None),
        [file, address, what, kept, reads] => (file, address, what, kept, Some(reads.parse()?)),
        _ => bail!("workload FILE ADDRESS keep|compare ANSWERS [READS]"),
    };
    let text = std::fs::read_to_string(file).with_context(|| file.to_owned())?;
    let mut workload = Workload::parse(&text)?;
    if let Some(reads) = reads {
        workload.requests = reads;
        workload.call.retain(|call| !call.write);
    }
    let start = Instant::now();
    let answers = workload.run(address)?;
    let seconds = start.elapsed().as_secs_f64();
    match what {
        "keep" => std::fs::write(kept, serde_json::to_string(&answers)?)?,
        "compare" => {
            let before: Vec<Answer> = serde_json::from_str(&std::fs::read_to_string(kept)?)?;
            if let Some(difference) = compare("before", &before, "now", &answers) {
                bail!("{difference}");
            }
        }
        _ => bail!("`{what}` is neither `keep` nor `compare`"),
    }
    ensure!(!answers.is_empty(), "nothing was asked");
    Ok(format!("{} requests in {seconds:.1} s: {what}", answers.len()))
}
