//! What a generated application costs, compared with the same written by hand; `cargo xtask bench` runs it, the README says what the rows are.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command-line tool reports to its terminal"
)]

#[expect(clippy::indexing_slicing, reason = "a JSON object makes room for the key that is set")]
mod app;
mod chain;
mod children;
mod grpc;
mod handwritten;
mod instructions;
mod interfaces;
mod load;
mod report;
mod workflow;

use std::process::ExitCode;

use anyhow::{Context as _, Result};
use bp_std::rt::{Environment, Hosting};
use tokio::runtime::{Builder, Runtime};

use crate::children::ChildServer;
use crate::report::{Budget, Row, Sample};
use crate::workflow::Desk;

const USAGE: &str = "\
bp-bench                      everything, as one table
bp-bench ROUNDS               the same with as many rounds (default 100)
for callgrind and other profilers, all ending by themselves:
bp-bench inprocess ours|constructed|hand CALLS
bp-bench chain WRAPPERS CALLS
bp-bench grpc hand|bare|SAMPLING CALLS
bp-bench serve hand | collector | ours bare|SAMPLING COLLECTOR
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match run(&words) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bp-bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(words: &[&str]) -> Result<()> {
    match words {
        [] => measure_all(100),
        ["inprocess", side, calls] => run_in_process(side, calls.parse()?),
        ["chain", length, calls] => {
            build_single_thread_runtime()?.block_on(chain::count(length.parse()?, calls.parse()?))
        }
        ["grpc", side, calls] => {
            build_process_runtime()?.block_on(grpc::make_calls(side, calls.parse()?))
        }
        ["serve", what @ ..] => {
            let runtime = build_process_runtime()?;
            let served = runtime.block_on(children::serve(what));
            // The thread that waits for the input's end must not keep the process.
            runtime.shutdown_background();
            served
        }
        [rounds] => measure_all(rounds.parse().with_context(|| format!("usage:\n{USAGE}"))?),
        _ => anyhow::bail!("usage:\n{USAGE}"),
    }
}

fn build_single_thread_runtime() -> Result<Runtime> {
    Ok(Builder::new_current_thread().enable_all().build()?)
}

/// The same runtime as `App::main` builds.
fn build_process_runtime() -> Result<Runtime> {
    Ok(Builder::new_multi_thread().enable_all().build()?)
}

/// Makes `calls` calls on a service in the same process.
fn run_in_process(side: &str, calls: u64) -> Result<()> {
    build_single_thread_runtime()?.block_on(async {
        let counted = if side == "ours" {
            let running = app::app(&app::monolith())
                .start(Environment::default(), Hosting::Embedded)
                .await
                .map_err(anyhow::Error::msg)?;
            let desk = running.instance::<dyn Desk>("desk").context("no desk")?;
            desk.count(calls).await
        } else if side == "constructed" {
            workflow::construct().count(calls).await
        } else {
            handwritten::count(calls).await
        };
        std::hint::black_box(counted.map_err(|error| anyhow::anyhow!("{error}"))?);
        Ok(())
    })
}

fn measure_all(rounds: usize) -> Result<()> {
    let mut rows = Vec::new();
    if instructions::available() {
        add_counted_rows(&mut rows)?;
    } else {
        eprintln!(
            "SKIPPED: valgrind is not installed, so no instructions are counted; the budget of calls within a process is NOT checked"
        );
    }
    let collector = ChildServer::new(&["collector"])?;
    let endpoint = format!("http://{}", collector.address);
    eprintln!("{rounds} rounds of chains");
    // Spans are exported beside the measured thread, as in a process.
    add_chain_rows(
        &build_process_runtime()?.block_on(chain::measure(rounds, &endpoint))?,
        &mut rows,
    );
    eprintln!("{rounds} rounds of gRPC");
    let found = build_process_runtime()?.block_on(grpc::measure(rounds, &endpoint))?;
    add_remote_rows(&found, &mut rows);
    print!("{}", report::format_table(&rows));
    Ok(())
}

fn add_counted_rows(rows: &mut Vec<Row>) -> Result<()> {
    const CALLS: u32 = 100_000;
    eprintln!("counting instructions");
    let ours = instructions::count_per_repetition(&["inprocess", "ours"], CALLS)?;
    let hand = instructions::count_per_repetition(&["inprocess", "hand"], CALLS)?;
    let mut ratio = Sample::default();
    ratio.add(ours / hand);
    rows.push(Row::ratio(
        "call in one process, no wrapper (instructions)",
        format!("{ours:.1}"),
        format!("{hand:.1}"),
        &ratio,
        Budget::AtMost(1.01),
    ));
    let none = instructions::count_per_repetition(&["chain", "0"], CALLS / 4)?;
    let eight = instructions::count_per_repetition(&["chain", "8"], CALLS / 4)?;
    rows.push(Row {
        what: "wrapper that records nothing (instructions)".to_owned(),
        ours: format!("{:.1}", (eight - none) / 8.0),
        other: format!("{none:.1} the chain"),
        ratio: String::new(),
        spread: String::new(),
        figure: 0.0,
        budget: Budget::None,
        unit: "",
    });
    Ok(())
}

fn add_chain_rows(costs: &chain::Costs, rows: &mut Vec<Row>) {
    rows.push(Row::cost("call through a chain without wrappers", &costs.empty, Budget::None));
    rows.push(Row::cost(
        "wrapper that records nothing, the first",
        &costs.first,
        Budget::AtMost(200.0),
    ));
    rows.push(Row::cost(
        "wrapper that records nothing, each of 8",
        &costs.each,
        Budget::AtMost(200.0),
    ));
    for (name, cost) in &costs.plugins {
        rows.push(Row::cost(&format!("wrapper: {name}"), cost, Budget::None));
    }
    rows.push(Row::cost("sampled span", &costs.span, Budget::AtMost(2000.0)));
}

fn add_remote_rows(found: &[grpc::RoundResults], rows: &mut Vec<Row>) {
    let Some(hand) = found.first() else { return };
    for (name, found) in grpc::NAMES.iter().zip(found).skip(1) {
        let bounded = *name == "1 %";
        let budget = |budget| if bounded { budget } else { Budget::None };
        let called = match *name {
            "hand again" => "gRPC by hand against itself".to_owned(),
            "bare" => "gRPC, no wrappers".to_owned(),
            sampling => format!("gRPC, all wrappers, {sampling} sampled"),
        };
        rows.push(Row::ratio(
            &format!("{called}: latency, in turn"),
            format!("{:.1} µs", found.latency.median()),
            format!("{:.1} µs", hand.latency.median()),
            &found.latency_ratio,
            budget(Budget::AtMost(1.10)),
        ));
        rows.push(Row::ratio(
            &format!("{called}: throughput, 32 at once"),
            format!("{:.0}/s", found.throughput.median()),
            format!("{:.0}/s", hand.throughput.median()),
            &found.throughput_ratio,
            budget(Budget::AtLeast(0.95)),
        ));
        rows.push(Row::ratio(
            &format!("{called}: processor time"),
            format!("{:.1} µs", found.processor.median()),
            format!("{:.1} µs", hand.processor.median()),
            &found.processor_ratio,
            Budget::None,
        ));
    }
}
