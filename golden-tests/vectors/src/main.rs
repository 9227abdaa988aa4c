//! Replays files of vectors and prints every step; `cargo xtask vectors` runs it.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command-line tool reports to its terminal"
)]

use std::process::ExitCode;

use bp_vectors::replay_file;

fn main() -> ExitCode {
    let mut is_good = true;
    let files: Vec<_> = std::env::args_os().skip(1).collect();
    if files.is_empty() {
        eprintln!("bp-vectors FILE…");
        return ExitCode::from(2);
    }
    for file in files {
        match replay_file(file.as_ref()) {
            Ok(replay) => {
                println!("{replay}");
                is_good &= replay.mismatches == 0;
            }
            Err(error) => {
                eprintln!("bp-vectors: {error:#}");
                is_good = false;
            }
        }
    }
    if is_good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
