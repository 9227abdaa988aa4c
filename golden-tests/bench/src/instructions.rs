//! Instructions, counted by callgrind: the count does not depend on the machine's load.

use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail, ensure};

/// Whether instructions can be counted here.
pub(crate) fn available() -> bool {
    let version = Command::new("valgrind").arg("--version").output();
    version.is_ok_and(|output| output.status.success())
}

/// Instructions of one repetition: this program with `arguments` and a number of repetitions, less the same with none.
pub(crate) fn count_per_repetition(arguments: &[&str], repetitions: u32) -> Result<f64> {
    let (none, all) = (count_total(arguments, 0)?, count_total(arguments, repetitions)?);
    ensure!(all > none, "{arguments:?}: {all} instructions are not more than {none}");
    Ok((all - none) / f64::from(repetitions))
}

fn count_total(arguments: &[&str], repetitions: u32) -> Result<f64> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(std::env::current_exe()?)
        .args(arguments)
        .arg(repetitions.to_string())
        .stdin(Stdio::null())
        .output()
        .context("valgrind does not start")?;
    let text = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{arguments:?} under valgrind: {text}");
    let Some((_, rest)) = text.split_once("Collected : ") else {
        bail!("callgrind gave no count: {text}");
    };
    let digits = rest.lines().next().unwrap_or_default().trim();
    digits.parse().with_context(|| format!("`{digits}` is not a count"))
}
