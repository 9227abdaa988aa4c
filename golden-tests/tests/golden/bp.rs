//! The `bp` binary, as users call it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use anyhow::{Context as _, Result, ensure};

/// The repository's root.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}

/// The examples: folder names below `examples`.
pub(crate) fn examples() -> Vec<String> {
    folders(&root().join("examples"))
}

/// The wirings of an example, `local` first, then by name.
pub(crate) fn wirings(example: &str) -> Vec<String> {
    let folder = root().join("examples").join(example).join("wiring");
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .filter_map(|e| {
            e.ok()?.file_name().into_string().ok()?.strip_suffix(".toml").map(str::to_owned)
        })
        .collect();
    names.sort_by_key(|n| (n != "local", n.clone()));
    names
}

fn folders(path: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(path).into_iter().flatten();
    let mut names: Vec<String> = entries
        .filter_map(|e| e.ok().filter(|e| e.path().is_dir()))
        .filter_map(|e| e.file_name().into_string().ok())
        .collect();
    names.sort();
    names
}

/// The path of the built binary; it is built once a test run.
pub(crate) fn binary() -> Result<&'static Path> {
    static BINARY: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let built = BINARY.get_or_init(|| build().map_err(|e| format!("{e:#}")));
    built.as_deref().map_err(|e| anyhow::anyhow!("{e}"))
}

fn build() -> Result<PathBuf> {
    let output = Command::new(env!("CARGO"))
        .args(["build", "--package", "bp", "--bin", "bp", "--locked"])
        .current_dir(root())
        .output()
        .context("cargo build --package bp")?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    // This test runs from `<target>/debug/deps`.
    let exe = std::env::current_exe()?;
    let folder =
        exe.parent().and_then(Path::parent).context("a test binary has a target folder")?;
    let path = folder.join("bp");
    ensure!(path.is_file(), "{} was not built", path.display());
    Ok(path)
}

/// The target folder of all generated code: applications share their libraries, so these are compiled once.
pub(crate) fn generated() -> Result<PathBuf> {
    let binary = binary()?;
    let folder = binary.parent().and_then(Path::parent).context("a binary has a target folder")?;
    Ok(folder.join("generated"))
}

/// `bp` in an example's folder.
pub(crate) fn command(folder: &Path) -> Result<Command> {
    let mut command = Command::new(binary()?);
    command.current_dir(folder).env("CARGO_TARGET_DIR", generated()?);
    command.env("NO_COLOR", "1").env_remove("BP_SET").env_remove("BP_CONFIG");
    Ok(command)
}

/// Runs `bp` and wants success.
pub(crate) fn run(folder: &Path, arguments: &[&str]) -> Result<Output> {
    let output = command(folder)?.args(arguments).output()?;
    ensure!(
        output.status.success(),
        "bp {} ended with {}\n{}{}",
        arguments.join(" "),
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(output)
}
