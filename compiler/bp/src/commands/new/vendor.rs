//! What `bp new` puts below `vendor`: the runtime, and the packages of interfaces that plugins outside `bp`'s repository carry.

use std::collections::BTreeMap;
use std::sync::Arc;

use bp_build::write::{self, OutputFolder};
use bp_contract::Package;
use bp_diag::{Diagnostic, catalog};
use bp_emit::carried::{PackageSource, is_package_name, rewrite_manifest};
use bp_emit::{Artifacts, Origin, RUNTIME};
use bp_plugin::{Declaration, Kind, Registry};
use bp_system::System;
use camino::{Utf8Component, Utf8Path, Utf8PathBuf};
use toml::{Table, Value};

use crate::embedded;

/// The packages that a workflow may name for its backends, and those that they depend on, by name.
pub(super) fn interface_packages(registry: &Registry) -> BTreeMap<&'static str, Package> {
    let interfaces = registry.iter().filter(|plugin| matches!(plugin.kind, Kind::Interface { .. }));
    registry.collect_carried(interfaces.filter_map(Declaration::carried), &|_| false)
}

/// What `bp new` writes below `vendor`, and what it may replace there.
#[derive(Debug, Clone, Copy)]
pub(super) struct Vendoring<'a> {
    /// The runtime's folder, which holds nothing else: it is replaced whatever was edited there.
    pub(super) folder: &'a Utf8Path,
    /// The packages to write beside it, by name.
    pub(super) packages: &'a BTreeMap<&'static str, Package>,
    /// Whether files of those packages are replaced although somebody edited them.
    pub(super) force: bool,
}

/// Writes the runtime, and each package beside it; files and packages that an older `bp` wrote there and this one does not have are removed.
///
/// Nothing is changed if one of the folders cannot be written.
pub(super) fn write(system: &dyn System, vendoring: Vendoring<'_>) -> Result<(), Diagnostic> {
    let Vendoring { folder, packages, force } = vendoring;
    let folder = resolve(system, folder);
    let mut all = vec![(folder.clone(), list_runtime_files(packages), true)];
    let earlier = read_packages(system, &folder);
    if !packages.is_empty() || !earlier.is_empty() {
        let refuse = |why: &str| Err(catalog::target::cannot_vendor(folder.as_str(), why));
        let (Some(beside), Some(runtime)) = (folder.parent(), folder.file_name()) else {
            return refuse("packages are written beside it, so its path must end in a name");
        };
        if packages.contains_key(runtime) {
            return refuse("a plugin's package has its name, and is written beside it");
        }
        for (name, package) in packages {
            all.push((beside.join(name), rewrite_files(package, runtime, packages), force));
        }
        for name in earlier.iter().filter(|name| !packages.contains_key(name.as_str())) {
            let old = beside.join(name);
            if name != runtime && system.kind(&old.join(write::MANIFEST)).is_some() {
                all.push((old, BTreeMap::new(), force));
            }
        }
    }
    write_all(system, all)
}

/// The folder with a name at its end, if it has one: `.` is the current directory.
fn resolve(system: &dyn System, folder: &Utf8Path) -> Utf8PathBuf {
    let mut parts = folder.components().rev();
    if matches!(parts.next(), Some(Utf8Component::Normal(_))) {
        return folder.to_owned();
    }
    let from = system.current_directory().unwrap_or_default();
    let mut resolved = Utf8PathBuf::new();
    for part in from.join(folder).components() {
        match part {
            Utf8Component::CurDir => {}
            Utf8Component::ParentDir => drop(resolved.pop()),
            other => resolved.push(other),
        }
    }
    resolved
}

/// The table of the runtime's manifest that lists the packages beside it.
const BESIDE: &str = "[workspace.metadata.bp]\npackages = ";

/// The runtime's files; its manifest says which packages are beside it, for the `bp` that replaces it.
fn list_runtime_files(packages: &BTreeMap<&'static str, Package>) -> BTreeMap<String, Vec<u8>> {
    let mut files = embedded::runtime_files();
    if let Some(manifest) = files.get_mut("Cargo.toml").filter(|_| !packages.is_empty()) {
        let names: Vec<Value> = packages.keys().map(|name| Value::from(*name)).collect();
        manifest.extend(format!("\n{BESIDE}{}\n", Value::Array(names)).into_bytes());
    }
    files
}

/// The packages that `bp` wrote beside a runtime, as its manifest says.
fn read_packages(system: &dyn System, folder: &Utf8Path) -> Vec<String> {
    let read = || {
        let text = String::from_utf8(system.read(&folder.join("Cargo.toml")).ok()?).ok()?;
        let manifest: Table = text.parse().ok()?;
        let own = manifest.get("workspace")?.get("metadata")?.get("bp")?.get("packages")?;
        Some(own.as_array()?.iter().filter_map(Value::as_str).map(str::to_owned).collect())
    };
    let names: Vec<String> = read().unwrap_or_default();
    // A name becomes a folder, and somebody may have edited the list.
    names.into_iter().filter(|name| is_package_name(name)).collect()
}

/// A package's files for a place beside the runtime, whose folder has this name.
fn rewrite_files(
    package: &Package,
    runtime: &str,
    packages: &BTreeMap<&'static str, Package>,
) -> BTreeMap<String, Vec<u8>> {
    let locate = |dependency: &str| {
        let own = RUNTIME.iter().find(|(name, _)| *name == dependency);
        let path = match own {
            Some((_, folder)) => format!("../{runtime}/{folder}"),
            None if packages.contains_key(dependency) => format!("../{dependency}"),
            None => return None,
        };
        Some(PackageSource::Path(path))
    };
    let text = |path: &str, text: &str| match path {
        "Cargo.toml" => rewrite_manifest(text, &locate),
        _ => text.to_owned(),
    };
    let files = package.files.iter();
    files.map(|(path, t)| ((*path).to_owned(), text(path, t).into_bytes())).collect()
}

/// Writes a folder that holds these files and nothing else of `bp`'s.
pub(super) fn write_files(
    system: &dyn System,
    folder: &Utf8Path,
    files: BTreeMap<String, Vec<u8>>,
) -> Result<(), Diagnostic> {
    write_all(system, vec![(folder.to_owned(), files, true)])
}

/// Writes folders, each with its files and whether edited ones are replaced: all of them, or none; one without files is removed.
fn write_all(
    system: &dyn System,
    folders: Vec<(Utf8PathBuf, BTreeMap<String, Vec<u8>>, bool)>,
) -> Result<(), Diagnostic> {
    let mut held = Vec::new();
    for (folder, files, force) in folders {
        let mut artifacts = Artifacts::new();
        for (path, bytes) in files {
            artifacts.insert(path, bytes, Origin::new("bp", "runtime"))?;
        }
        let own = OutputFolder::hold(system, Arc::default(), &folder, &|| ())?;
        held.push((folder, own, artifacts, force));
    }
    let mut staged = Vec::new();
    for (folder, own, artifacts, force) in &held {
        staged.push(own.stage(artifacts, *force).map_err(|faults| {
            let first = faults.into_iter().next();
            first.unwrap_or_else(|| catalog::target::cannot_write(folder.as_str(), "it failed"))
        })?);
    }
    for one in staged {
        one.commit()?;
    }
    let emptied: Vec<Utf8PathBuf> = held
        .into_iter()
        .filter_map(|(folder, _, artifacts, _)| artifacts.is_empty().then_some(folder))
        .collect();
    for folder in emptied {
        let gone = system.remove_file(&folder.join(write::MANIFEST));
        gone.map_err(|e| catalog::target::cannot_write(folder.as_str(), &e.to_string()))?;
        // It stays if somebody added files of their own.
        let _ = system.remove_empty_directory(&folder);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use bp_system::MemorySystem;

    use super::*;

    const QUEUE: Package = Package {
        name: "pause-queue",
        files: &[
            (
                "Cargo.toml",
                "[package]\nname = \"pause-queue\"\nversion = \"0.3.0\"\n\n\
                 [dependencies]\nbp-runtime = { version = \"0.1\", optional = true }\n\
                 pause-words = { path = \"../words\", version = \"0.3\" }\nbytes = \"1\"\n",
            ),
            ("src/lib.rs", "//! Queues.\n"),
        ],
    };
    const WORDS: Package = Package {
        name: "pause-words",
        files: &[
            ("Cargo.toml", "[package]\nname = \"pause-words\"\nversion = \"0.3.0\"\n"),
            ("src/lib.rs", "//! Words.\n"),
        ],
    };

    fn packages() -> BTreeMap<&'static str, Package> {
        [QUEUE, WORDS].map(|package| (package.name, package)).into()
    }

    fn read(system: &MemorySystem, path: &str) -> String {
        String::from_utf8(system.read(Utf8Path::new(path)).expect(path)).expect("text")
    }

    fn write_to(
        system: &MemorySystem,
        folder: &str,
        packages: &BTreeMap<&'static str, Package>,
    ) -> Result<(), Diagnostic> {
        write(system, Vendoring { folder: Utf8Path::new(folder), packages, force: false })
    }

    #[test]
    fn packages_stand_beside_the_runtime_and_link_it() {
        let system = MemorySystem::new();
        write_to(&system, "/app/vendor/bp", &packages()).expect("free");
        assert_eq!(read(&system, "/app/vendor/pause-words/src/lib.rs"), "//! Words.\n");
        let manifest = read(&system, "/app/vendor/pause-queue/Cargo.toml");
        let dependencies = &manifest.parse::<Table>().expect("TOML")["dependencies"];
        let runtime = &dependencies["bp-runtime"];
        assert_eq!(runtime["path"].as_str(), Some("../bp/stdlib/runtime"));
        assert_eq!(runtime["optional"].as_bool(), Some(true));
        assert_eq!(dependencies["pause-words"]["path"].as_str(), Some("../pause-words"));
        let linked = "/app/vendor/pause-queue/../bp/stdlib/runtime/Cargo.toml";
        assert!(read(&system, linked).contains("bp-runtime"), "{manifest}");
    }

    #[test]
    fn a_newer_bp_replaces_its_runtime_and_removes_what_it_no_longer_has() {
        const NEWER: Package =
            Package { files: &[("Cargo.toml", ""), ("src/queue.rs", "")], ..QUEUE };
        let system = MemorySystem::new();
        write_to(&system, "/app/vendor/bp", &packages()).expect("free");
        for path in ["bp/stdlib/std/src/lib.rs", "mine/src/lib.rs"] {
            let path = Utf8Path::new("/app/vendor").join(path);
            system.write(&path, b"// edited").expect("a file");
        }
        write_to(&system, "/app/vendor/bp", &[(NEWER.name, NEWER)].into()).expect("its own");
        assert!(!read(&system, "/app/vendor/bp/stdlib/std/src/lib.rs").contains("edited"));
        assert_eq!(read(&system, "/app/vendor/pause-queue/src/queue.rs"), "");
        let names = || {
            let found = system.list(Utf8Path::new("/app/vendor")).expect("a folder").into_iter();
            found.map(|(name, _)| name).collect::<Vec<_>>()
        };
        assert_eq!(names(), ["bp", "mine", "pause-queue"]);
        let old = Utf8Path::new("/app/vendor/pause-queue/src/lib.rs");
        assert!(system.kind(old).is_none(), "an old file stayed");
        write_to(&system, "/app/vendor/bp", &BTreeMap::new()).expect("its own");
        assert_eq!(names(), ["bp", "mine"]);
    }

    #[test]
    fn an_edited_package_keeps_everything_as_it_is_unless_forced() {
        let system = MemorySystem::new();
        write_to(&system, "/app/vendor/bp", &packages()).expect("free");
        let edited = Utf8Path::new("/app/vendor/pause-queue/src/lib.rs");
        system.write(edited, b"// edited").expect("a file");
        let before = system.snapshot();
        for packages in [packages(), [(WORDS.name, WORDS)].into()] {
            let fault = write_to(&system, "/app/vendor/bp", &packages).expect_err("edited");
            assert_eq!(fault.code.id, "BP6003");
            assert_eq!(system.snapshot(), before);
        }
        let folder = Utf8Path::new("/app/vendor/bp");
        write(&system, Vendoring { folder, packages: &packages(), force: true }).expect("forced");
        assert_eq!(read(&system, edited.as_str()), "//! Queues.\n");
    }

    #[test]
    fn a_folder_that_packages_cannot_stand_beside_stays_as_it_is() {
        let system = MemorySystem::new();
        for folder in ["/", "/app/pause-queue"] {
            let fault = write_to(&system, folder, &packages()).expect_err(folder);
            assert_eq!(fault.code.id, "BP6047");
            assert!(system.snapshot().is_empty(), "{folder}");
        }
        assert_eq!(resolve(&system, Utf8Path::new("vendor/bp")), "vendor/bp");
        let here = system.current_directory().expect("a folder");
        assert_eq!(resolve(&system, Utf8Path::new("a/../.")), here);
        assert_eq!(resolve(&system, Utf8Path::new("a/b/..")), here.join("a"));
    }

    #[test]
    fn the_lock_knows_the_packages() {
        let lock = embedded::workflow_lock("demo-workflow", &packages()).expect("a lock");
        let queue = lock.split("[[package]]").find(|p| p.contains("name = \"pause-queue\""));
        let queue = queue.expect("the package");
        for expected in
            ["version = \"0.3.0\"", " \"bp-runtime\",", " \"pause-words\",", " \"bytes\","]
        {
            assert!(queue.contains(expected), "{queue}");
        }
        let example = embedded::example_lock("leaf", &packages()).expect("a lock");
        assert!(example.contains("name = \"pause-words\""));
    }
}
