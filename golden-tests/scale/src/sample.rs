//! Whether generated code compiles, on a sample.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use bp_scale::application::Shape;
use bp_scale::measure::run;
use bp_scale::topology::Topology;

use crate::bench::place;

/// Builds the whole application, then one of `count` of its services with those that they call; their generated interfaces must be the same, and the second must pass `cargo check`.
///
/// # Errors
/// When they differ, or do not compile.
pub(crate) fn check(bp: &Path, size: usize, count: usize, folder: &Path) -> Result<()> {
    let topology = Topology::of_size(size)?;
    let mut random = fastrand::Rng::with_seed(1);
    let mut callers = BTreeSet::new();
    while callers.len() < count.min(size) {
        callers.insert(random.usize(..size));
    }
    let (kept, sample) = topology.sample(&callers);
    let (whole, part) =
        (folder.join(format!("{size}-whole")), folder.join(format!("{size}-sample")));
    place(&topology, &Shape::default(), &whole)?;
    run(bp, &["build", "local"], &whole)?;
    let shape = Shape { only: Some(kept.clone()), ..Shape::default() };
    place(&sample, &shape, &part)?;
    run(bp, &["build", "local"], &part)?;
    for service in &kept {
        let file = format!("build/local/rust/app/src/interfaces/svc{service}.rs");
        let read = |from: &Path| fs::read(from.join(&file)).with_context(|| file.clone());
        ensure!(read(&whole)? == read(&part)?, "{file} is not that of the whole application");
    }
    let output = Command::new("cargo")
        .args(["check", "--quiet"])
        .env("RUSTFLAGS", "-D warnings")
        .current_dir(part.join("build/local/rust"))
        .env(
            "CARGO_TARGET_DIR",
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/scale-sample"),
        )
        .output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    fs::remove_dir_all(&whole)?;
    fs::remove_dir_all(&part)?;
    println!(
        "{size}: {} services and those that they call, {} in all, pass cargo check",
        callers.len(),
        kept.len()
    );
    Ok(())
}
