//! Rules of the code base that no compiler checks.

mod circles;
mod diagnostics;
mod files;
mod layers;
mod module_tree;
mod plugin_ids;
pub(crate) mod plugins;
mod surroundings;

use std::path::Path;

use anyhow::{Result, ensure};

/// Runs every rule and reports all that they find.
pub(crate) fn check_all(root: &Path) -> Result<()> {
    let mut faults = Vec::new();
    layers::check(root, &mut faults)?;
    circles::check(root, &mut faults)?;
    files::check(root, &mut faults)?;
    plugins::check(root, &mut faults)?;
    plugin_ids::check(root, &mut faults)?;
    surroundings::check(root, &mut faults)?;
    diagnostics::check(root, &mut faults)?;
    for fault in &faults {
        println!("tidy: {fault}");
    }
    ensure!(
        faults.is_empty(),
        "{} rules broken; ARCHITECTURE.md says why they exist",
        faults.len()
    );
    println!("── tidy: no faults");
    Ok(())
}
