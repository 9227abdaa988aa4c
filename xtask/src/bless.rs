//! Rewriting what tests compare with, and what is generated from the code.

use anyhow::Result;

use crate::step::{cargo, run};

/// Rewrites the expectations of the golden tests.
pub(crate) fn bless() -> Result<()> {
    run("bless", cargo(&["test", "--package", "golden-tests"]).env("BP_BLESS", "1"))
}

/// Rewrites what is generated into `docs`: the schema of wirings and the plugins' pages.
pub(crate) fn write_docs() -> Result<()> {
    let arguments = ["test", "--package", "golden-tests", "--test", "golden", "--", "docs::"];
    run("docs", cargo(&arguments).env("BP_BLESS", "1"))
}

/// Rewrites the expectations of a plugin's cases.
pub(crate) fn bless_cases(id: &str) -> Result<()> {
    let filter = format!("case::plugins::{id}::");
    let arguments = ["test", "--package", "golden-tests", "--test", "golden", "--", &filter];
    run("cases", cargo(&arguments).env("BP_BLESS", "1"))
}
