//! The sources of the runtime and of the compiler, embedded when this `bp` was built.

use std::collections::{BTreeMap, BTreeSet};

use bp_contract::Package;
use bp_emit::carried::{read_dependencies, read_locked_package};
use bp_emit::{Lock, LockedPackage, RUNTIME_FACADE};
use toml::{Table, Value};

/// Path in the repository, and bytes.
static FILES: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/runtime.rs"));

/// A file of the repository as text.
fn read_text(name: &str) -> &'static str {
    let found = FILES.iter().find(|(path, _)| *path == name);
    found.and_then(|(_, bytes)| std::str::from_utf8(bytes).ok()).unwrap_or_default()
}

/// Whether the repository, or what it is built of, has a package of this name.
pub(crate) fn has_package(name: &str) -> bool {
    read_text("Cargo.lock").contains(&format!("\nname = \"{name}\"\n"))
}

/// Whether a path belongs to the runtime, and not to the compiler.
fn is_runtime(path: &str) -> bool {
    let mut parts = path.split('/');
    match (parts.next(), parts.nth(1)) {
        (Some("stdlib"), _) => true,
        (Some("plugins"), half) => half == Some("runtime"),
        _ => false,
    }
}

/// Whether a path is the manifest of a crate of the repository, and not a template inside of one.
fn is_manifest(path: &str) -> bool {
    let parts: Vec<&str> = path.split('/').collect();
    matches!(
        parts.as_slice(),
        ["stdlib" | "compiler", _, "Cargo.toml"]
            | ["plugins", "Cargo.toml"]
            | ["plugins", _, "runtime", "Cargo.toml"]
    )
}

/// The files of a vendored runtime: the crates, and a workspace manifest of their own.
pub(crate) fn runtime_files() -> BTreeMap<String, Vec<u8>> {
    let mut files = collect_crates(is_runtime);
    let header = "# The runtime of this application, written by `bp new`; `bp new --runtime DIR` replaces it.\n";
    let own = |path: &str| path.starts_with("stdlib/") || path.ends_with("/runtime");
    let manifest = build_workspace_manifest(header, &["stdlib/*", "plugins/*/runtime"], own);
    files.insert(String::from("Cargo.toml"), manifest.into_bytes());
    files
}

/// The files of a vendored compiler, runtime included: what a plugin outside the repository builds with.
pub(crate) fn compiler_files() -> BTreeMap<String, Vec<u8>> {
    let mut files = collect_crates(|_| true);
    let header = "# The compiler and its runtime, written by `bp new --plugin`.\n";
    let members = ["compiler/*", "stdlib/*", "plugins", "plugins/*/runtime"];
    let manifest = build_workspace_manifest(header, &members, |_| true);
    files.insert(String::from("Cargo.toml"), manifest.into_bytes());
    files.insert(String::from("Cargo.lock"), read_text("Cargo.lock").into());
    files
}

fn collect_crates(wanted: impl Fn(&str) -> bool) -> BTreeMap<String, Vec<u8>> {
    FILES
        .iter()
        .filter(|(path, _)| path.contains('/') && !path.starts_with("examples/") && wanted(path))
        .map(|(path, bytes)| {
            let own = if is_manifest(path) { reduce_manifest(bytes) } else { None };
            ((*path).to_owned(), own.unwrap_or_else(|| bytes.to_vec()))
        })
        .collect()
}

/// A crate's manifest without what only its own tests need, because those stay in the repository.
fn reduce_manifest(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut manifest: Table = std::str::from_utf8(bytes).ok()?.parse().ok()?;
    for key in ["dev-dependencies", "bench", "test", "lints"] {
        manifest.remove(key);
    }
    Some(toml::to_string(&manifest).ok()?.into_bytes())
}

/// The repository's manifest, reduced to some members, and to the path dependencies that `own` accepts.
fn build_workspace_manifest(header: &str, members: &[&str], own: impl Fn(&str) -> bool) -> String {
    let root: Table = read_text("Cargo.toml").parse().unwrap_or_default();
    let workspace = root.get("workspace").and_then(Value::as_table).cloned().unwrap_or_default();
    let mut kept = Table::new();
    kept.insert(String::from("resolver"), Value::from("3"));
    kept.insert(String::from("members"), Value::from(members.to_vec()));
    if let Some(package) = workspace.get("package") {
        kept.insert(String::from("package"), package.clone());
    }
    let mut dependencies = Table::new();
    for (name, source) in
        workspace.get("dependencies").and_then(Value::as_table).into_iter().flatten()
    {
        let path = source.get("path").and_then(Value::as_str);
        if path.is_none_or(&own) {
            dependencies.insert(name.clone(), source.clone());
        }
    }
    kept.insert(String::from("dependencies"), Value::Table(dependencies));
    let mut out = Table::new();
    out.insert(String::from("workspace"), Value::Table(kept));
    let body = toml::to_string(&out).unwrap_or_default();
    format!("{header}{body}")
}

/// The files of an example as an application of its own, which links a vendored runtime.
pub(crate) fn example_files(name: &str) -> BTreeMap<String, Vec<u8>> {
    let folder = format!("examples/{name}/");
    let own = FILES.iter().filter_map(|(path, bytes)| Some((path.strip_prefix(&folder)?, bytes)));
    own.map(|(path, bytes)| {
        let mut text = String::from_utf8_lossy(bytes).into_owned();
        if path.rsplit_once('.').is_some_and(|(_, kind)| kind == "toml") {
            text = text
                .replace("\"../../../stdlib/", "\"../vendor/bp/stdlib/")
                .replace(
                    "runtime = { path = \"../../..\" }",
                    "runtime = { path = \"../vendor/bp\" }",
                )
                .replace("../../../docs/bp.schema.json", "./bp.schema.json");
        }
        if path == "workflow/Cargo.toml" {
            text.push_str("\n[workspace]\n");
        }
        (path.to_owned(), text.into_bytes())
    })
    .collect()
}

/// The versions that the repository was tested with, for the runtime's crates, those of an example's workflow, and packages beside the runtime.
pub(crate) fn example_lock(
    name: &str,
    packages: &BTreeMap<&'static str, Package>,
) -> Option<String> {
    let lock = Lock::parse(read_text("Cargo.lock"))?;
    let mut kept = lock.reachable_from(&format!("{name}-workflow"));
    kept.merge(&Lock::parse(&build_lock(is_runtime, read_packages(packages)?)?)?);
    Some(kept.encode())
}

/// The same for a new workflow that links the runtime.
pub(crate) fn workflow_lock(
    workflow: &str,
    packages: &BTreeMap<&'static str, Package>,
) -> Option<String> {
    let facade = vec![RUNTIME_FACADE.0.to_owned()];
    let mut own = vec![LockedPackage::local(workflow, "0.1.0", facade)];
    own.extend(read_packages(packages)?);
    build_lock(is_runtime, own)
}

fn read_packages(packages: &BTreeMap<&'static str, Package>) -> Option<Vec<LockedPackage>> {
    let manifests = packages.values().map(|package| package.find_file("Cargo.toml"));
    manifests.map(|text| read_locked_package(&text?.parse().ok()?)).collect()
}

/// The same for a new plugin, by the manifests of its packages: what those and the crates of `bp` that they name may need.
///
/// Cargo's first command takes out what is only needed for features that the repository's other crates ask for: a lock does not tell features.
pub(crate) fn plugin_lock(manifests: &[String]) -> Option<String> {
    let read = |text: &String| {
        let mut manifest: Table = text.parse().ok()?;
        // A lock does not tell what tests need from the rest.
        if let Some(Value::Table(tests)) = manifest.remove("dev-dependencies") {
            manifest.get_mut("dependencies")?.as_table_mut()?.extend(tests);
        }
        read_locked_package(&manifest)
    };
    let own: Vec<LockedPackage> = manifests.iter().map(read).collect::<Option<_>>()?;
    let mut lock = Lock::parse(read_text("Cargo.lock"))?;
    for (_, bytes) in FILES.iter().filter(|(path, _)| is_manifest(path)) {
        let manifest: Table = std::str::from_utf8(&reduce_manifest(bytes)?).ok()?.parse().ok()?;
        let kept = read_dependencies(&manifest).into_iter().map(|d| d.package).collect();
        lock.retain_dependencies(manifest.get("package")?.get("name")?.as_str()?, &kept);
    }
    let names: BTreeSet<String> = own.iter().map(|package| package.name().to_owned()).collect();
    lock.add_all(own);
    Some(lock.reachable_from_all(&names.iter().map(String::as_str).collect()).encode())
}

fn build_lock(wanted: impl Fn(&str) -> bool, own: Vec<LockedPackage>) -> Option<String> {
    let lock = Lock::parse(read_text("Cargo.lock"))?;
    let crates = FILES.iter().filter(|(path, _)| is_manifest(path) && wanted(path));
    let crates: Vec<String> = crates
        .filter_map(|(_, bytes)| {
            let manifest: Table = std::str::from_utf8(bytes).ok()?.parse().ok()?;
            manifest.get("package")?.get("name")?.as_str().map(str::to_owned)
        })
        .collect();
    let mut kept = Lock::default();
    for name in crates {
        kept.merge(&lock.reachable_from(&name));
    }
    kept.add_all(own);
    Some(kept.encode())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_runtime_is_whole_and_stands_alone() {
        let files = runtime_files();
        for path in [
            "Cargo.toml",
            "stdlib/std/Cargo.toml",
            "stdlib/std/src/lib.rs",
            "plugins/retry/runtime/src/lib.rs",
        ] {
            assert!(files.contains_key(path), "{path}");
        }
        assert!(files.keys().all(|path| !path.starts_with("compiler/")));
        let manifest = String::from_utf8(files["Cargo.toml"].clone()).expect("text");
        assert!(!manifest.contains("compiler/"), "{manifest}");
        let parsed: Table = manifest.parse().expect("TOML");
        assert_eq!(
            parsed["workspace"]["package"]["version"].as_str(),
            Some(env!("CARGO_PKG_VERSION"))
        );
        let lock = workflow_lock("demo-workflow", &BTreeMap::new()).expect("a lock");
        assert!(lock.contains("name = \"tokio\"") && !lock.contains("name = \"petgraph\""));
    }

    #[test]
    fn the_compiler_is_whole_and_its_templates_are_as_they_are() {
        let files = compiler_files();
        for path in [
            "Cargo.lock",
            "compiler/bp/src/main.rs",
            "compiler/bp/template/tests/greetings.rs",
            "compiler/diag/src/lib.rs",
            "docs/errors/BP2001.md",
            "plugins/retry/README.md",
            "plugins/retry/mod.rs",
            "stdlib/std/src/lib.rs",
        ] {
            assert!(files.contains_key(path), "{path}");
        }
        let template = &files["compiler/bp/template/workflow/Cargo.toml"];
        assert!(String::from_utf8_lossy(template).contains("# This crate stands alone"));
        assert!(files.keys().all(|p| !p.starts_with("golden-tests") && !p.contains("/target/")));
    }
}
