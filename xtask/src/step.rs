//! One step of a chore: a command, where it runs and how long it took.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};

/// The repository's root.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}

/// Runs one step in the repository's root.
pub(crate) fn run(step: &str, command: &mut Command) -> Result<()> {
    run_in(step, command, &root())
}

/// As [`run`], in another folder.
pub(crate) fn run_in(step: &str, command: &mut Command, folder: &Path) -> Result<()> {
    println!("── {step}");
    let start = Instant::now();
    let status = command
        .current_dir(folder)
        .status()
        .with_context(|| format!("{step}: cannot start {command:?}"))?;
    ensure!(status.success(), "{step} failed: {command:?} ended with {status}");
    println!("── {step}: {:.1} s", start.elapsed().as_secs_f64());
    Ok(())
}

pub(crate) fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO"));
    command.args(arguments);
    command
}
