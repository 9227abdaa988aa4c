//! Running one command and measuring what it took.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use nix::sys::resource::{UsageWho, getrusage};

/// What one run of a command took.
#[derive(Debug, Clone, Default)]
pub struct Run {
    /// Seconds from start to end.
    pub wall: f64,
    /// Seconds of processor time, of all threads.
    pub processor: f64,
    /// The largest resident set, in MiB.
    pub memory: f64,
    /// Each stage's milliseconds by the clock and on all processors, as `--timings` prints them.
    pub stages: Vec<(String, f64, f64)>,
}

/// Runs a program in a folder, through a child process that measures it, so that each run has its own peak.
///
/// # Errors
/// When it cannot be started, or fails.
pub fn run(program: &Path, arguments: &[&str], folder: &Path) -> Result<Run> {
    let output = Command::new(std::env::current_exe()?)
        .arg("measure")
        .arg(program)
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("{}", program.display()))?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{} {arguments:?} failed:\n{said}", program.display());
    let mut run = Run::default();
    for line in said.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            ["measured", wall, processor, memory] => {
                (run.wall, run.processor, run.memory) =
                    (wall.parse()?, processor.parse()?, memory.parse()?);
            }
            // A stage's name, and milliseconds of wall and of processor time.
            [name @ .., wall, processor] if !name.is_empty() => {
                if let (Ok(wall), Ok(processor)) = (wall.parse(), processor.parse()) {
                    run.stages.push((name.join(" "), wall, processor));
                }
            }
            _ => {}
        }
    }
    Ok(run)
}

/// The command `measure`: runs the rest of its arguments and says on standard error what that took.
///
/// # Errors
/// When it cannot be started, or fails.
#[expect(clippy::print_stderr, reason = "the figures go where the timings of `bp` go")]
pub fn measure(program: &OsStr, arguments: &[std::ffi::OsString]) -> Result<()> {
    let start = Instant::now();
    let status = Command::new(program).args(arguments).stdout(Stdio::null()).status()?;
    let wall = start.elapsed().as_secs_f64();
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let seconds = |t: nix::sys::time::TimeVal| t.tv_sec() as f64 + t.tv_usec() as f64 / 1e6;
    let processor = seconds(usage.user_time()) + seconds(usage.system_time());
    // Linux counts in KiB.
    eprintln!("measured {wall} {processor} {}", usage.max_rss() as f64 / 1024.0);
    ensure!(status.success(), "ended with {status}");
    Ok(())
}
