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
    let packages = metadata.get("packages").and_then(Value::as_array);
    let packages: Vec<Package<'_>> = packages
        .into_iter()
        .flatten()
        .map(|package| {
            let manifest = Path::new(package["manifest_path"].as_str().unwrap_or_default());
            let folder = manifest.strip_prefix(root).map(|p| p.display().to_string());
            // Dependencies of tests may cross layers.
            let dependencies = package["dependencies"].as_array().into_iter().flatten();
            Package {
                name: package["name"].as_str().unwrap_or_default(),
                folder: folder.unwrap_or_default(),
                dependencies: dependencies
                    .filter(|d| d["kind"] != "dev")
                    .filter_map(|d| d["name"].as_str())
                    .collect(),
            }
        })
        .collect();
    faults.extend(find_faults(&packages));
    Ok(())
}

/// A package of the workspace, and what it depends on outside its tests.
struct Package<'m> {
    name: &'m str,
    /// Its manifest, by path from the root.
    folder: String,
    dependencies: Vec<&'m str>,
}

impl Package<'_> {
    /// Whether it declares an interface of backends: a plugin's crate that is not a runtime half.
    fn is_interface(&self) -> bool {
        let half = self.name.starts_with("bp-rt-") || self.name == PLUGINS;
        self.folder.starts_with("plugins/") && !half
    }
}

fn find_faults(packages: &[Package<'_>]) -> Vec<String> {
    let mut faults = Vec::new();
    let interfaces: Vec<&str> = packages
        .iter()
        .filter(|package| package.is_interface())
        .map(|package| package.name)
        .collect();
    for package in packages {
        check_package(package, &interfaces, &mut faults);
    }
    faults
}

fn check_package(package: &Package<'_>, interfaces: &[&str], faults: &mut Vec<String>) {
    let Package { name, folder, dependencies } = package;
    let name = *name;
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
        let mut allowed: Vec<&str> = STDLIB.iter().map(|(n, _)| *n).collect();
        // A store implements the interfaces that it offers, and one may extend another's.
        allowed.extend(interfaces);
        for dependency in dependencies.iter().filter(ours).filter(|d| !allowed.contains(d)) {
            faults.push(format!(
                "{name} belongs to a plugin and may depend on stdlib and on interfaces alone, not {dependency}"
            ));
        }
    }
    if folder.starts_with("compiler/") || name == PLUGINS || name == CONTRACT {
        for dependency in dependencies.iter().filter(|d| HEAVY.contains(d)) {
            faults.push(format!("{name} pulls {dependency} into the compiler; it belongs to stdlib or a plugin's runtime half"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package<'m>(name: &'m str, folder: &str, dependencies: &[&'m str]) -> Package<'m> {
        let folder = format!("{folder}/Cargo.toml");
        Package { name, folder, dependencies: dependencies.to_vec() }
    }

    /// What is wrong with a package beside an interface and a store that are as they should be.
    fn faults_of(name: &str, folder: &str, dependencies: &[&str]) -> Vec<String> {
        find_faults(&[
            package("bp-queue", "plugins/queue/runtime", &["bp-std", "bp-runtime"]),
            package("bp-rt-redis", "plugins/redis/runtime", &["bp-store"]),
            package(name, folder, dependencies),
        ])
    }

    #[test]
    fn a_store_may_depend_on_interfaces_and_on_no_other_plugin() {
        let store = |dependency| faults_of("bp-rt-x", "plugins/x/runtime", &[dependency]);
        for dependency in ["bp-queue", "bp-backend", "serde"] {
            assert_eq!(store(dependency), Vec::<String>::new());
        }
        assert_eq!(store("bp-rt-redis").len(), 1);
        assert_eq!(store("bp-plan").len(), 1);
        assert_eq!(faults_of("bp-plugins", "plugins", &["bp-queue"]).len(), 1);
    }

    #[test]
    fn a_build_shows_nothing_and_views_build_nothing() {
        let crates = [("bp-build", "compiler/build"), ("bp-views", "compiler/views")];
        for ((name, folder), (other, _)) in crates.into_iter().zip(crates.into_iter().rev()) {
            assert_eq!(
                faults_of(name, folder, &[other]),
                [format!("{name} may not depend on {other}")]
            );
            assert_eq!(faults_of(name, folder, &["bp-plan"]), Vec::<String>::new());
        }
        assert_eq!(faults_of("bp-build", "compiler/build", &[PLUGINS]), Vec::<String>::new());
        assert_eq!(faults_of("bp-views", "compiler/views", &[PLUGINS]).len(), 1);
    }
}
