//! What `bp new` puts below `vendor`: the runtime, and the packages of interfaces that plugins outside `bp`'s repository carry.

use std::collections::BTreeMap;

use bp_build::write;
use bp_contract::Package;
use bp_diag::{Diagnostic, catalog};
use bp_emit::carried::{PackageSource, rewrite_manifest};
use bp_emit::{Artifacts, Origin, RUNTIME};
use bp_plugin::{Kind, Plugin, Registry};
use bp_system::System;
use camino::Utf8Path;

use crate::embedded;

/// The packages that a workflow may name for its backends, and those that they depend on, by name.
pub(super) fn interface_packages(registry: &Registry) -> BTreeMap<&'static str, Package> {
    let interfaces = registry.iter().filter(|plugin| matches!(plugin.kind, Kind::Interface { .. }));
    registry.collect_carried(interfaces.filter_map(Plugin::carried), &|_| false)
}

/// Writes the runtime, and each package beside it; files that an older `bp` wrote there and this one does not have are removed.
pub(super) fn write(
    system: &dyn System,
    folder: &Utf8Path,
    packages: &BTreeMap<&'static str, Package>,
) -> Result<(), Diagnostic> {
    write_files(system, folder, embedded::runtime_files())?;
    for (name, package) in packages {
        let (Some(beside), Some(runtime)) = (folder.parent(), folder.file_name()) else {
            let why = "packages are written beside it, so its path must end in a name";
            return Err(catalog::target::cannot_write(folder.as_str(), why));
        };
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
        let files = files.map(|(path, t)| ((*path).to_owned(), text(path, t).into_bytes()));
        write_files(system, &beside.join(name), files.collect())?;
    }
    Ok(())
}

/// Writes a folder that holds these files and nothing else of `bp`'s.
pub(super) fn write_files(
    system: &dyn System,
    folder: &Utf8Path,
    all: BTreeMap<String, Vec<u8>>,
) -> Result<(), Diagnostic> {
    let mut files = Artifacts::new();
    for (path, bytes) in all {
        files.insert(path, bytes, Origin::new("bp", "runtime"))?;
    }
    write::write(system, folder, &files, true).map_err(|faults| {
        let first = faults.into_iter().next();
        first.unwrap_or_else(|| catalog::target::cannot_write(folder.as_str(), "it failed"))
    })?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use bp_system::MemorySystem;
    use toml::Table;

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

    #[test]
    fn packages_stand_beside_the_runtime_and_link_it() {
        let system = MemorySystem::new();
        write(&system, Utf8Path::new("/app/vendor/bp"), &packages()).expect("free");
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
    fn a_newer_bp_replaces_the_packages_with_the_runtime() {
        const NEWER: Package =
            Package { files: &[("Cargo.toml", ""), ("src/queue.rs", "")], ..QUEUE };
        let system = MemorySystem::new();
        let folder = Utf8Path::new("/app/vendor/bp");
        write(&system, folder, &packages()).expect("free");
        let source = "/app/vendor/pause-queue/src/lib.rs";
        system.write(Utf8Path::new(source), b"// edited").expect("a file");
        write(&system, folder, &[(NEWER.name, NEWER)].into()).expect("its own folder");
        assert!(system.kind(Utf8Path::new(source)).is_none(), "an old file stayed");
        assert_eq!(read(&system, "/app/vendor/pause-queue/src/queue.rs"), "");
        let nowhere = write(&system, Utf8Path::new("/"), &packages()).expect_err("no name");
        assert_eq!(nowhere.code.id, "BP6004");
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
