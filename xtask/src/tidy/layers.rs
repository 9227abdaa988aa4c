//! Dependencies run one way (ARCHITECTURE.md, "Layers").

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

/// What the compiler and the running system agree on: the one crate that both sides, and both halves of plugins, depend on.
const CONTRACT: &str = "bp-contract";

/// The compile halves of all plugins.
const PLUGINS: &str = "bp-plugins";

/// What each compiler crate may depend on besides the contract, from the bottom up; a crate that is not listed may not be a compiler crate.
const COMPILER: &[(&str, &[&str])] = &[
    ("bp-diag", &[]),
    ("bp-system", &[]),
    ("bp-workflow", &["bp-diag", "bp-system"]),
    ("bp-wiring", &["bp-diag", "bp-system"]),
    ("bp-ir", &["bp-diag"]),
    ("bp-plan", &["bp-diag", "bp-ir", "bp-workflow"]),
    ("bp-emit", &["bp-diag", "bp-plan", "bp-system"]),
    ("bp-plugin", &["bp-diag", "bp-workflow", "bp-wiring", "bp-ir", "bp-plan", "bp-emit"]),
    ("bp-lower", &["bp-diag", "bp-workflow", "bp-wiring", "bp-ir", "bp-plan", "bp-plugin"]),
    ("bp-reference", &["bp-plugin"]),
    (
        "bp-build",
        &[
            "bp-diag",
            "bp-system",
            "bp-workflow",
            "bp-wiring",
            "bp-ir",
            "bp-lower",
            "bp-plan",
            "bp-emit",
            "bp-plugin",
        ],
    ),
    // What is shown is a function of a build's values; a build shows nothing.
    ("bp-views", &["bp-diag", "bp-wiring", "bp-plan", "bp-emit"]),
];

/// What each crate of the runtime may depend on besides the contract.
const STDLIB: &[(&str, &[&str])] = &[
    (CONTRACT, &["bp-contract-derive"]),
    ("bp-contract-derive", &[]),
    ("bp-data", &[]),
    ("bp-macros", &[]),
    ("bp-runtime", &["bp-data", "bp-macros"]),
    ("bp-backend", &["bp-data", "bp-macros", "bp-runtime"]),
    ("bp-store", &["bp-runtime", "bp-backend"]),
    ("bp-std", &["bp-data", "bp-macros", "bp-runtime", "bp-backend"]),
];

/// Libraries that would make every build of the compiler slow.
const HEAVY: &[&str] = &[
    "tokio",
    "tonic",
    "axum",
    "hyper",
    "opentelemetry",
    "opentelemetry_sdk",
    "opentelemetry-otlp",
    "redb",
    "deadpool",
    "async-memcached",
    "tokio-postgres",
    "redis",
    "mongodb",
];

pub(crate) fn check(root: &Path, faults: &mut Vec<String>) -> Result<()> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps"])
        .current_dir(root)
        .output()
        .context("cargo metadata")?;
    ensure!(output.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout)?;
    for package in metadata.get("packages").and_then(Value::as_array).into_iter().flatten() {
        let name = package["name"].as_str().unwrap_or_default();
        let manifest = package["manifest_path"].as_str().unwrap_or_default();
        let folder = Path::new(manifest)
            .strip_prefix(root)
            .map(|p| p.display().to_string())
            .unwrap_or_default();
        // Dependencies of tests may cross layers.
        let dependencies = package["dependencies"].as_array().into_iter().flatten();
        let direct: Vec<&str> = dependencies
            .filter(|d| d["kind"] != "dev")
            .filter_map(|d| d["name"].as_str())
            .collect();
        check_package(name, &folder, &direct, faults);
    }
    Ok(())
}

fn check_package(name: &str, folder: &str, dependencies: &[&str], faults: &mut Vec<String>) {
    // The build knows the plugins that come with `bp`; nothing else in the compiler does.
    let listed = |d: &&&str| name == "bp-build" && **d == PLUGINS;
    let ours = |d: &&&str| d.starts_with("bp-") && **d != CONTRACT && !listed(d);
    let allowed = |table: &[(&str, &[&'static str])]| {
        table.iter().find(|(n, _)| *n == name).map(|(_, d)| d.to_vec())
    };
    if folder.starts_with("compiler/") && name != "bp" {
        let Some(allowed) = allowed(COMPILER) else {
            faults.push(format!(
                "{name}: a compiler crate without a layer; add it to xtask/src/tidy/layers.rs"
            ));
            return;
        };
        for dependency in dependencies.iter().filter(ours).filter(|d| !allowed.contains(d)) {
            faults.push(format!("{name} may not depend on {dependency}"));
        }
    } else if folder.starts_with("stdlib/") {
        let Some(allowed) = allowed(STDLIB) else {
            faults.push(format!(
                "{name}: a runtime crate without a layer; add it to xtask/src/tidy/layers.rs"
            ));
            return;
        };
        for dependency in dependencies.iter().filter(ours).filter(|d| !allowed.contains(d)) {
            faults.push(format!("{name} may not depend on {dependency}"));
        }
    } else if name == PLUGINS {
        for dependency in dependencies.iter().filter(ours).filter(|d| **d != "bp-plugin") {
            faults.push(format!("{name} is the compile halves of plugins and may depend on bp-plugin and {CONTRACT} alone, not {dependency}"));
        }
    } else if folder.starts_with("plugins/") {
        let stdlib: Vec<&str> = STDLIB.iter().map(|(n, _)| *n).collect();
        for dependency in dependencies.iter().filter(ours).filter(|d| !stdlib.contains(d)) {
            faults.push(format!(
                "{name} is a plugin's runtime half and may depend on stdlib alone, not {dependency}"
            ));
        }
    }
    if folder.starts_with("compiler/") || name == PLUGINS || name == CONTRACT {
        for dependency in dependencies.iter().filter(|d| HEAVY.contains(d)) {
            faults.push(format!("{name} pulls {dependency} into the compiler; it belongs to stdlib or a plugin's runtime half"));
        }
    }
}
