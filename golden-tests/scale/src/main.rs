//! Writes and measures applications of any size; `cargo xtask bench-scale` runs it, the README says what the rows are.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command-line tool reports to its terminal"
)]
#![expect(clippy::cast_precision_loss, reason = "figures for people")]

mod bench;
mod rewire;
mod sample;

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use bp_scale::application::Shape;
use bp_scale::topology::Topology;

const USAGE: &str = "\
bp-scale write SERVICES FOLDER [MEMBERS]      an application; with a cycle of at least MEMBERS services
bp-scale bench BP [ROUNDS [SERVICES…]]        the table: 1000, 3000 and 10000 services unless said
bp-scale sample BP SERVICES FOLDER            whether 30 services with their callees pass cargo check
bp-scale rewire BP EXAMPLE                    from a saved wiring to a running system
bp-scale measure COMMAND…                     what a command takes
";

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    match run(&arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => {
            eprint!("{USAGE}");
            ExitCode::from(2)
        }
        Err(error) => {
            eprintln!("bp-scale: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[OsString]) -> Result<bool> {
    if let [first, program, rest @ ..] = arguments
        && first == "measure"
    {
        bp_scale::measure::measure(program, rest)?;
        return Ok(true);
    }
    let words: Vec<&str> = arguments.iter().filter_map(|a| a.to_str()).collect();
    match words.as_slice() {
        ["write", services, folder, members @ ..] => {
            let mut topology = Topology::of_size(services.parse()?)?;
            if let [members] = members {
                topology = topology.cyclic(members.parse()?, 1);
            }
            bench::place(&topology, &Shape::default(), Path::new(folder))?;
            println!(
                "{} services, {} calls, the largest cycle has {}",
                topology.services,
                topology.calls.len(),
                topology.largest_component()
            );
        }
        ["bench", bp, rest @ ..] => {
            let numbers: Vec<usize> =
                rest.iter().map(|w| w.parse().context("a number")).collect::<Result<_>>()?;
            let (rounds, sizes) = numbers.split_first().map_or((3, &[][..]), |(r, s)| (*r, s));
            let sizes = if sizes.is_empty() { &[1000, 3000, 10_000][..] } else { sizes };
            bench::run_all(Path::new(bp), rounds, sizes, &Shape::default().targets)?;
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/scale-samples");
            for size in sizes {
                sample::check(Path::new(bp), *size, 30, &folder)?;
            }
        }
        ["sample", bp, services, folder] => {
            sample::check(Path::new(bp), services.parse()?, 30, Path::new(folder))?;
        }
        ["rewire", bp, example] => rewire::run_all(Path::new(bp), Path::new(example))?,
        _ => return Ok(false),
    }
    Ok(true)
}
