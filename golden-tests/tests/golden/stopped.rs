//! A signal to `bp` alone, while cargo builds: cargo and its children end, and the next run works as usual.
//!
//! Cargo is played by a script, and a compiler by a child of that.

use std::os::unix::process::ExitStatusExt as _;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use libtest_mimic::Trial;
use rustix::process::{Pid, Signal, kill_process, kill_process_group, test_kill_process};

use crate::commands::Bench;
use crate::running::eventually;
use crate::{bp, trial};

/// Long enough for two loaded cores; without a fault everything ends much earlier.
const LIMIT: Duration = Duration::from_secs(20);
/// A compiler that goes on for ever.
const COMPILES: &str = "sleep 300 &\necho $! > ../compiler\necho $$ > ../cargo-id\nwait";

pub(crate) fn trials() -> Vec<Trial> {
    let one = |name: &str, arguments: &'static [&'static str], signal| {
        trial(format!("stopped::{name}"), move || {
            let bench = Bench::new()?;
            stopped(&bench, arguments, COMPILES, signal, false)?;
            runs(&bench)
        })
    };
    vec![
        one("run_by_term", &["run", "monolith"], Signal::TERM),
        one("smoke_by_int", &["run", "monolith", "--smoke"], Signal::INT),
        one("test_by_term", &["test", "monolith"], Signal::TERM),
        one("watch_by_hup", &["run", "monolith", "--watch"], Signal::HUP),
        trial("stopped::the_whole_group_by_int", || {
            let bench = Bench::new()?;
            stopped(&bench, &["run", "monolith"], COMPILES, Signal::INT, true)
        }),
        trial("stopped::what_does_not_listen_is_killed", || {
            let bench = Bench::new()?;
            let deaf = format!("trap '' TERM INT\n{COMPILES}");
            stopped(&bench, &["run", "monolith"], &deaf, Signal::TERM, false)
        }),
    ]
}

/// Starts `bp`, sends it a signal when cargo builds, and sees that everything ends and `bp` says by what.
fn stopped(
    bench: &Bench,
    arguments: &[&str],
    cargo: &str,
    signal: Signal,
    group: bool,
) -> Result<()> {
    use std::os::unix::process::CommandExt as _;
    bench.script("cargo", cargo)?;
    let mut command = bench.command(bp::binary()?, arguments)?;
    let mut child = command.process_group(0).stderr(Stdio::null()).spawn()?;
    let read = |name: &str| -> Option<Pid> {
        let text = std::fs::read_to_string(bench.root.join("..").join(name)).ok()?;
        Pid::from_raw(text.trim().parse().ok()?)
    };
    eventually(LIMIT, "cargo's start", || {
        Ok(read("compiler").is_some() && read("cargo-id").is_some())
    })?;
    let pid = Pid::from_child(&child);
    if group {
        kill_process_group(pid, signal)?;
    } else {
        kill_process(pid, signal)?;
    }
    let limit = Instant::now() + LIMIT;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        ensure!(Instant::now() < limit, "`bp` does not end");
        std::thread::sleep(Duration::from_millis(20));
    };
    ensure!(status.signal() == Some(signal.as_raw()), "`bp` ended with {status}");
    for name in ["cargo-id", "compiler"] {
        let id = read(name).context("an id")?;
        // An orphan that has ended is reaped by its new parent.
        eventually(Duration::from_secs(5), name, || Ok(is_gone(id)))?;
        std::fs::remove_file(bench.root.join("..").join(name))?;
    }
    Ok(())
}

fn is_gone(id: Pid) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", id.as_raw_nonzero()));
    let ended = stat.is_ok_and(|text| text.contains(") Z "));
    ended || test_kill_process(id).is_err()
}

/// The next run builds, is ready, and stops as it is asked to.
fn runs(bench: &Bench) -> Result<()> {
    bench.application("exec \"$APP\"")?;
    bench.beside(&["run", "monolith"], &["explain", "nothing"]).map(|_| ())
}
