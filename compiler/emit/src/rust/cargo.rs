//! The generated workspace's manifests and its lock.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use bp_contract::{RUNTIME, RUNTIME_FACADE};
use bp_plan::{CrateSource, Plan};

use super::RustInput;
use super::crates::CrateNames;
use super::packages::{app_package, find_in_workflow};
use crate::carried::{self, PackageSource};
use crate::generated::MANIFEST_HEADER;
use crate::lock::{Lock, LockedPackage};

/// `rust/Cargo.toml`.
pub(super) fn emit_workspace_manifest() -> String {
    // Line tables are enough for a backtrace, and dependencies without debug information halve the target folder and the link time.
    format!(
        "{MANIFEST_HEADER}[workspace]\nresolver = \"3\"\nmembers = [\"app\"]\n\n\
         [profile.dev]\ndebug = \"line-tables-only\"\n\n\
         [profile.dev.package.\"*\"]\ndebug = false\n\n\
         [profile.dev.build-override]\ndebug = false\nopt-level = 0\n\n\
         [profile.release]\nlto = \"thin\"\npanic = \"unwind\"\n"
    )
}

/// A dependency of the generated package.
struct Dependency {
    package: String,
    source: DependencySource,
}

/// Where a dependency comes from.
enum DependencySource {
    /// A folder, from the application's root.
    Folder(String),
    /// The published crate of this version of the runtime.
    Published,
    /// What the workflow's manifest requires.
    Required(String),
}

/// Every crate that the app names, by its key in the manifest, except runtime halves that plugins carry.
fn collect_dependencies(
    plan: &Plan,
    input: &RustInput,
    crates: &CrateNames<'_>,
) -> BTreeMap<String, Dependency> {
    let below = |folder: &str| match input.runtime.as_deref() {
        None => DependencySource::Published,
        Some("" | ".") => DependencySource::Folder(folder.to_owned()),
        Some(root) => DependencySource::Folder(format!("{}/{folder}", root.trim_end_matches('/'))),
    };
    let mut all = BTreeMap::new();
    let mut add = |key: &str, package: &str, source| {
        all.insert(key.to_owned(), Dependency { package: package.to_owned(), source });
    };
    add(RUNTIME_FACADE.0, RUNTIME_FACADE.0, below(RUNTIME_FACADE.1));
    let app = &plan.app;
    let mut named = crates.collect_used(plan.interfaces.values(), plan.implementations.values());
    named.insert(&app.workflow_crate);
    // Those that stores offer, too: the crates that plugins carry link the same ones.
    named.extend(app.interface_crates.keys().map(String::as_str));
    let sources = collect_sources(plan);
    let mut halves: BTreeSet<&str> = BTreeSet::new();
    for runtime in plan.plugins.values().filter_map(|p| p.runtime.as_ref()) {
        if let Some(name) = find_in_workflow(plan, runtime) {
            named.insert(name);
            halves.insert(name);
        } else if !input.carried.contains_key(&runtime.package) {
            add(&runtime.package, &runtime.package, below(&runtime.folder));
        }
    }
    for name in named {
        let Some((package, source)) = sources.get(name) else { continue };
        let called = crates.name_of(name);
        // A key that differs from the package's name renames the crate in Rust.
        let alone = sources.values().filter(|(other, _)| other == package).count() == 1;
        let key = if called == name && alone { package } else { called };
        let source = match source {
            CrateSource::Path(path) => DependencySource::Folder(path.clone()),
            // Without its default features, a runtime half is its settings alone.
            CrateSource::Requirement(text) if halves.contains(name) => {
                DependencySource::Required(with_default_features(text))
            }
            CrateSource::Requirement(text) => DependencySource::Required(text.clone()),
        };
        add(key, package, source);
    }
    all
}

/// The crates of the workflow and of the interfaces that it takes, by name in Rust: the package, and where it comes from.
fn collect_sources(plan: &Plan) -> BTreeMap<&str, (&str, CrateSource)> {
    let app = &plan.app;
    let path = |path: &String| CrateSource::Path(path.clone());
    let interfaces = app.interface_crates.iter();
    let interfaces =
        interfaces.map(|(name, krate)| (name.as_str(), (&*krate.package, krate.source.clone())));
    let read = app.crates.iter();
    let read = read.map(|(name, krate)| (name.as_str(), (&*krate.package, path(&krate.path))));
    let workflow = (&*app.workflow_crate, (&*app.workflow_package, path(&app.workflow_path)));
    interfaces.chain(read).chain([workflow]).collect()
}

/// `rust/app/Cargo.toml`.
pub(super) fn emit_member_manifest(
    plan: &Plan,
    input: &RustInput,
    crates: &CrateNames<'_>,
) -> String {
    let mut text = format!(
        "{MANIFEST_HEADER}[package]\nname = \"{}\"\nversion = \"0.0.0\"\nedition = \"2024\"\npublish = false\n\n\
         [lib]\ndoctest = false\n\n[dependencies]\n",
        app_package(plan)
    );
    let version = env!("CARGO_PKG_VERSION");
    for (key, Dependency { package, source }) in collect_dependencies(plan, input, crates) {
        let renamed = if key == package {
            String::new()
        } else {
            format!("package = {}, ", quote_toml(&package))
        };
        let source = match source {
            DependencySource::Folder(folder) => {
                let path = format!("{}/{folder}", input.to_root);
                format!("path = {}", quote_toml(&normalize_path(&path)))
            }
            DependencySource::Published => format!("version = \"={version}\""),
            DependencySource::Required(requirement) => list_requirement(&requirement),
        };
        let _ = writeln!(text, "{key} = {{ {renamed}{source} }}");
    }
    for package in carried_runtimes(plan, input) {
        let path = quote_toml(&format!("../{package}"));
        let _ = writeln!(text, "{package} = {{ path = {path} }}");
    }
    text
}

/// The carried packages that are runtime halves of plugins in use; others are there because those depend on them.
fn carried_runtimes<'a>(plan: &'a Plan, input: &RustInput) -> BTreeSet<&'a str> {
    let runtimes = plan.plugins.values().filter_map(|plugin| plugin.runtime.as_ref());
    let own = runtimes.filter(|runtime| find_in_workflow(plan, runtime).is_none());
    let packages = own.map(|runtime| runtime.package.as_str());
    packages.filter(|package| input.carried.contains_key(*package)).collect()
}

/// The manifest of a carried package: it names the application's runtime, so that only one runtime is linked, and what the workflow has, so that both mean the same crate.
pub(super) fn rewrite_manifest(text: &str, input: &RustInput) -> String {
    carried::rewrite_manifest(text, &|package| locate_package(package, input))
}

/// A requirement, an inline TOML value, that leaves the default features of the package on.
fn with_default_features(requirement: &str) -> String {
    let read = format!("x = {requirement}").parse::<toml::Table>();
    match read.ok().and_then(|mut table| table.remove("x")) {
        Some(toml::Value::Table(mut keys)) => {
            keys.remove("default-features");
            toml::Value::Table(keys).to_string()
        }
        _ => requirement.to_owned(),
    }
}

/// The keys of a requirement, an inline TOML value, for an inline table; without `package`, which depends on the key that has the table.
fn list_requirement(requirement: &str) -> String {
    let read = format!("x = {requirement}").parse::<toml::Table>();
    let keys = match read.ok().and_then(|mut table| table.remove("x")) {
        Some(toml::Value::Table(keys)) => keys,
        Some(version) => toml::Table::from_iter([("version".to_owned(), version)]),
        // The front end writes nothing else.
        None => toml::Table::new(),
    };
    let keys = keys.iter().filter(|(key, _)| *key != "package");
    keys.map(|(key, value)| format!("{key} = {value}")).collect::<Vec<_>>().join(", ")
}

/// Where a package is that a carried one depends on.
fn locate_package(package: &str, input: &RustInput) -> Option<PackageSource> {
    let from_root =
        |folder: &str| PackageSource::Path(normalize_path(&format!("{}/{folder}", input.to_root)));
    if let Some((_, folder)) = RUNTIME.iter().find(|(name, _)| *name == package) {
        return Some(match &input.runtime {
            Some(root) => from_root(&format!("{root}/{folder}")),
            None => PackageSource::requirement(&format!("={}", env!("CARGO_PKG_VERSION"))),
        });
    }
    match input.packages.get(package) {
        Some(PackageSource::Path(folder)) => Some(from_root(folder)),
        Some(keys) => Some(keys.clone()),
        None if input.carried.contains_key(package) => {
            Some(PackageSource::Path(format!("../{package}")))
        }
        None => None,
    }
}

/// A TOML string: JSON's escapes are a subset of TOML's.
fn quote_toml(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Resolves `.` and `a/..` in a relative path.
fn normalize_path(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|p| *p != "..") => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// `rust/Cargo.lock`: the application's lock without the packages that the app does not reach, and with the app.
/// `None` when the application's lock cannot be read; cargo then makes one.
pub(super) fn emit_lock(
    plan: &Plan,
    input: &RustInput,
    crates: &CrateNames<'_>,
    text: &str,
) -> Option<String> {
    let mut lock = Lock::parse(text)?;
    let manifests = input.carried.values().map(|files| files.get("Cargo.toml"));
    let carried: Option<Vec<LockedPackage>> =
        manifests.map(|text| carried::read_locked_package(&text?.parse().ok()?)).collect();
    lock.add_all(carried?);
    let own = collect_dependencies(plan, input, crates).into_values().map(|d| d.package);
    let names = own.chain(carried_runtimes(plan, input).into_iter().map(str::to_owned)).collect();
    lock.add(LockedPackage::local(&app_package(plan), "0.0.0", names));
    Some(lock.reachable_from(&app_package(plan)).encode())
}

#[cfg(test)]
mod tests {
    use bp_plan::{
        ConstructorParameter, CratePlan, CrateSource, InterfaceCratePlan, ParameterKind, Plan,
    };

    use super::{
        CrateNames, RustInput, collect_dependencies, emit_lock, emit_member_manifest,
        locate_package, normalize_path,
    };
    use crate::carried::PackageSource;
    use crate::testing::small_plan;

    #[test]
    fn paths_lose_their_detours() {
        assert_eq!(
            normalize_path("../../../../../../.././stdlib/std"),
            "../../../../../../../stdlib/std"
        );
        assert_eq!(normalize_path("../../a/../workflow"), "../../workflow");
    }

    fn queue_crates() -> [(&'static str, &'static str, CrateSource); 4] {
        let required = |text: &str| CrateSource::Requirement(text.into());
        [
            ("acme_queue", "acme-queue", CrateSource::Path("vendor/queue".into())),
            ("acme_log", "acme-log", required("\"1.2\"")),
            // Names that mean something else in generated Rust.
            (
                "core",
                "core",
                required("{ package = \"core\", git = \"https://example.org/core\" }"),
            ),
            (
                "bp_rt_add",
                "bp_rt_add",
                required("{ features = [\"a\", \"b\"], version = \"=3.0.0\" }"),
            ),
        ]
    }

    #[test]
    fn the_crates_of_interfaces_are_linked_from_where_the_workflow_has_them() {
        let mut plan = small_plan();
        for (name, package, source) in queue_crates() {
            let krate = InterfaceCratePlan { package: package.into(), source };
            plan.app.interface_crates.insert(name.into(), krate);
        }
        let input = RustInput { to_root: "../../../..".into(), ..RustInput::default() };
        let manifest = emit_member_manifest(&plan, &input, &CrateNames::new(&plan));
        let parsed: toml::Table = manifest.parse().expect("TOML");
        assert!(parsed["dependencies"].get("leaf-workflow").is_some(), "{manifest}");
        for line in [
            "acme-queue = { path = \"../../../../vendor/queue\" }\n",
            "acme-log = { version = \"1.2\" }\n",
            "the_core = { package = \"core\", git = \"https://example.org/core\" }\n",
            "the_bp_rt_add = { package = \"bp_rt_add\", features = [\"a\", \"b\"], version = \"=3.0.0\" }\n",
        ] {
            assert!(manifest.contains(line), "{line}in\n{manifest}");
        }
    }

    #[test]
    fn a_crate_that_is_read_is_linked_if_a_constructor_takes_its_interface() {
        let mut plan = small_plan();
        let krate = CratePlan { package: "acme-queue".into(), path: "vendor/queue".into() };
        plan.app.crates.insert("acme_queue".into(), krate);
        let linked = |plan: &Plan| {
            let crates = CrateNames::new(plan);
            collect_dependencies(plan, &RustInput::default(), &crates).contains_key("acme-queue")
        };
        assert!(!linked(&plan));
        let implementation = plan.implementations.values_mut().next().expect("one");
        implementation.parameters.push(ConstructorParameter {
            name: "jobs".into(),
            kind: ParameterKind::Instances("acme_queue::Queue".into()),
            backend: true,
        });
        assert!(linked(&plan));
    }

    /// A plan whose one plugin has its runtime half in the crate `acme_queue`.
    fn plan_of_one_crate() -> bp_plan::Plan {
        let mut plan = small_plan();
        let plugin = plan.plugins.values_mut().next().expect("one");
        let runtime = plugin.runtime.as_mut().expect("a runtime half");
        *runtime =
            bp_plan::RuntimeCrate { package: "acme-queue".into(), folder: "acme-queue".into() };
        plan
    }

    #[test]
    fn a_crate_with_an_interface_and_a_runtime_half_is_linked_once() {
        let path = CrateSource::Path("vendor/queue".into());
        let required =
            CrateSource::Requirement("{ default-features = false, version = \"1\" }".into());
        for (source, line) in [
            (path, "acme-queue = { path = \"../../../../vendor/queue\" }\n"),
            (required, "acme-queue = { version = \"1\" }\n"),
        ] {
            let mut plan = plan_of_one_crate();
            let krate = InterfaceCratePlan { package: "acme-queue".into(), source };
            plan.app.interface_crates.insert("acme_queue".into(), krate);
            let input = RustInput { to_root: "../../../..".into(), ..RustInput::default() };
            let (files, faults) = crate::rust::emit_rust(&plan, "", &input);
            assert!(faults.is_empty());
            let text = |path: &str| {
                let file = files.iter().find(|(other, _)| other.as_str() == path);
                file.map(|(_, file)| String::from_utf8_lossy(&file.bytes)).expect("a file")
            };
            let manifest = text("rust/app/Cargo.toml");
            assert!(manifest.contains(line), "{line}in\n{manifest}");
            assert_eq!(manifest.matches("queue").count(), line.matches("queue").count());
            assert!(text("rust/app/src/lib.rs").contains("::acme_queue::plugin()"));
        }
        // A crate that is only read is the same one.
        let mut plan = plan_of_one_crate();
        let krate = CratePlan { package: "acme-queue".into(), path: "vendor/queue".into() };
        plan.app.crates.insert("acme_queue".into(), krate);
        let crates = CrateNames::new(&plan);
        let all = collect_dependencies(&plan, &RustInput::default(), &crates);
        let queue = all.keys().filter(|key| key.contains("queue")).collect::<Vec<_>>();
        assert_eq!(queue, ["acme-queue"]);
    }

    #[test]
    fn the_lock_holds_the_crates_of_interfaces() {
        let mut plan = small_plan();
        let (name, package, source) = queue_crates()[1].clone();
        let krate = InterfaceCratePlan { package: package.into(), source };
        plan.app.interface_crates.insert(name.into(), krate);
        let text = "version = 4\n\n[[package]]\nname = \"acme-log\"\nversion = \"1.2.3\"\nsource = \"registry+https://example.org\"\n\n[[package]]\nname = \"other\"\nversion = \"1.0.0\"\n";
        let lock = emit_lock(&plan, &RustInput::default(), &CrateNames::new(&plan), text);
        let lock = lock.expect("a lock");
        assert!(lock.contains("\n \"acme-log\",\n"), "{lock}");
        assert!(!lock.contains("other"), "{lock}");
    }

    #[test]
    fn a_carried_package_links_what_the_application_has() {
        let path = |path: &str| Some(PackageSource::Path(path.to_owned()));
        let version = |version: &str| Some(PackageSource::requirement(version));
        let mut input = RustInput {
            to_root: "../../../..".into(),
            runtime: Some("vendor/bp".into()),
            ..RustInput::default()
        };
        input.carried.insert("pause-queue".into(), [].into());
        assert_eq!(
            locate_package("bp-runtime", &input),
            path("../../../../vendor/bp/stdlib/runtime")
        );
        assert_eq!(locate_package("pause-queue", &input), path("../pause-queue"));
        assert_eq!(locate_package("serde", &input), None);
        // What the workflow has comes before what is carried.
        let named = PackageSource::Path("vendor/pause-queue".into());
        input.packages.insert("pause-queue".into(), named);
        assert_eq!(locate_package("pause-queue", &input), path("../../../../vendor/pause-queue"));
        input.packages.insert("pause-queue".into(), PackageSource::requirement("0.2"));
        input.runtime = None;
        assert_eq!(locate_package("pause-queue", &input), version("0.2"));
        let own = concat!("=", env!("CARGO_PKG_VERSION"));
        assert_eq!(locate_package("bp-runtime", &input), version(own));
    }
}
