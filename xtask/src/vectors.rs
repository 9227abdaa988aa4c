//! Replays files of vectors by the runtime's policies.
//!
//! `golden-tests/vectors` does, a program of its own, so that no other chore has to build the runtime first.

use anyhow::{Context as _, Result, ensure};

use crate::step::{cargo, root};

/// Prints every step of each file; fails if one is not as its file says.
pub(crate) fn replay(files: &[&str]) -> Result<()> {
    ensure!(!files.is_empty(), "cargo xtask vectors FILE…");
    // Not in the repository's root: files are named from where the command was given.
    let manifest = root().join("Cargo.toml");
    let status = cargo(&["run", "--quiet", "--package", "bp-vectors", "--manifest-path"])
        .arg(manifest)
        .arg("--")
        .args(files)
        .status()
        .context("cannot start cargo")?;
    ensure!(status.success(), "vectors: not every file was replayed without a mismatch");
    Ok(())
}
