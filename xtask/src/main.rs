//! The project's own chores; `cargo xtask help` lists them.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command-line tool reports to its terminal"
)]

mod bench;
mod bless;
mod check_new;
mod ci;
mod containers;
mod fuzz;
mod new_plugin;
mod plugin_list;
mod soak;
mod source_files;
mod step;
mod tidy;
mod vectors;

use std::process::ExitCode;

const USAGE: &str = "\
cargo xtask COMMAND

  ci      everything that must pass before a change lands
  bench   what a generated application costs, compared with the same by hand: golden-tests/bench
  bench-scale    `bp` itself on 1,000, 3,000 and 10,000 services: golden-tests/scale
  bench-rewire   from a saved wiring of an example to its running system
  bless   rewrite the expectations of the golden tests; review with git diff
  check-new      that `new` makes plugins which pass everything, in a copy of the repository
  containers [leaf] [scratch] [image] [again] [check]
          hotel, or leaf, in containers for real: bases, pins, image, Compose, workload, kills; half an hour
  docs    rewrite what is generated into docs: the schema of wirings, the plugins' pages
  fuzz    feed what bp reads with anything: [TARGET] SECONDS; golden-tests/fuzz
  new wrapper NAME [--slot SLOT] | transport NAME | backend NAME | target NAME | table NAME | interface NAME
          a plugin that works, to start from: plugins/NAME, and what is generated from it
  plugins rewrite the list of plugins, plugins/lib.rs, from their folders
  soak [NAME…]
          tests that take minutes, with all of their cases
  tidy    layering, circles of files, file sizes, purity, plugin folders, diagnostics
  vectors FILE…
          replays published sequences of calls by the runtime's policies; golden-tests/vectors
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        ["check-new"] => check_new::check(),
        ["ci"] => ci::run_all(),
        ["bench", arguments @ ..] => bench::run_all(arguments),
        ["bench-scale", arguments @ ..] => bench::run_scale(arguments),
        ["bench-rewire", arguments @ ..] => bench::run_rewire(arguments),
        ["bless"] => bless::bless(),
        ["containers", arguments @ ..] => containers::run_all(arguments),
        ["docs"] => bless::write_docs(),
        ["fuzz", arguments @ ..] => fuzz::run_all(arguments),
        ["new", arguments @ ..] => new_plugin::run(arguments),
        ["plugins"] => plugin_list::write(&step::root()),
        ["soak", names @ ..] => soak::run_all(names),
        ["tidy"] => tidy::check_all(&step::root()),
        ["vectors", files @ ..] => vectors::replay(files),
        ["help" | "--help"] => {
            print!("{USAGE}");
            Ok(())
        }
        _ => {
            eprint!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}
