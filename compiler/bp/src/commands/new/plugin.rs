//! `bp new --plugin`: packages with a wrapper, an interface and a store of it, and the compiler that they build with.

use bp_build::runtime::{VENDOR, VERSION};
use bp_diag::{Diagnostic, catalog};
use bp_plugin::Registry;
use bp_system::System;
use camino::Utf8Path;

use super::{check_free, vendor, write_file};
use crate::embedded;

/// Path in the new plugin, and text in which names are filled in.
const FILES: &[(&str, &str)] = &[
    (".cargo/config.toml", include_str!("../../../template-plugin/cargo-config.toml")),
    (".gitignore", include_str!("../../../template-plugin/gitignore")),
    ("Cargo.toml", include_str!("../../../template-plugin/Cargo.toml")),
    ("README.md", include_str!("../../../template-plugin/README.md")),
    ("program/Cargo.toml", include_str!("../../../template-plugin/program/Cargo.toml")),
    ("program/src/lib.rs", include_str!("../../../template-plugin/program/src/lib.rs")),
    ("program/src/main.rs", include_str!("../../../template-plugin/program/src/main.rs")),
    ("queue/Cargo.toml", include_str!("../../../template-plugin/queue/Cargo.toml")),
    ("queue/README.md", include_str!("../../../template-plugin/queue/README.md")),
    ("queue/build.rs", include_str!("../../../template-plugin/build.rs")),
    ("queue/src/conformance.rs", include_str!("../../../template-plugin/queue/src/conformance.rs")),
    ("queue/src/lib.rs", include_str!("../../../template-plugin/queue/src/lib.rs")),
    ("queue/src/queue.rs", include_str!("../../../template-plugin/queue/src/queue.rs")),
    ("store/Cargo.toml", include_str!("../../../template-plugin/store/Cargo.toml")),
    ("store/README.md", include_str!("../../../template-plugin/store/README.md")),
    ("store/build.rs", include_str!("../../../template-plugin/build.rs")),
    ("store/src/lib.rs", include_str!("../../../template-plugin/store/src/lib.rs")),
    ("store/src/settings.rs", include_str!("../../../template-plugin/store/src/settings.rs")),
    ("store/src/store.rs", include_str!("../../../template-plugin/store/src/store.rs")),
    ("wrapper/Cargo.toml", include_str!("../../../template-plugin/wrapper/Cargo.toml")),
    ("wrapper/README.md", include_str!("../../../template-plugin/wrapper/README.md")),
    ("wrapper/build.rs", include_str!("../../../template-plugin/build.rs")),
    ("wrapper/src/lib.rs", include_str!("../../../template-plugin/wrapper/src/lib.rs")),
    ("wrapper/src/pause.rs", include_str!("../../../template-plugin/wrapper/src/pause.rs")),
    ("wrapper/src/settings.rs", include_str!("../../../template-plugin/wrapper/src/settings.rs")),
];

/// Writes the packages of a plugin into a folder of its name.
pub(super) fn create(
    system: &dyn System,
    registry: &Registry,
    name: &str,
) -> Result<(), Diagnostic> {
    let root = Utf8Path::new(name);
    check_free(system, root)?;
    check_unused(registry, name)?;
    let mut manifests = Vec::new();
    for (path, text) in FILES {
        let text = fill_in(text, name);
        write_file(system, &root.join(path), text.as_bytes())?;
        if path.ends_with("/Cargo.toml") {
            manifests.push(text);
        }
    }
    if let Some(lock) = embedded::plugin_lock(&manifests) {
        write_file(system, &root.join("Cargo.lock"), lock.as_bytes())?;
    }
    vendor::write_files(system, &root.join(VENDOR), embedded::compiler_files())
}

/// Words that a wiring has where it names plugins or their tables, and others of `bp`'s own; `cargo xtask new` refuses them too.
const TAKEN: &str = include_str!("taken_words.txt");

/// Refuses a name that means something else already, alone or in the names of the plugin's packages.
fn check_unused(registry: &Registry, name: &str) -> Result<(), Diagnostic> {
    let refuse = |why: String| Err(catalog::target::bad_new_name("a plugin", name, &why));
    if TAKEN.lines().any(|word| word == name) {
        return refuse("the word has a meaning in `bp` already".to_owned());
    }
    let ids = [name.to_owned(), format!("{name}-memory"), format!("{name}-queue")];
    if let Some(taken) = ids.iter().find(|id| registry.get(id).is_some()) {
        return refuse(format!("a plugin is called `{taken}`"));
    }
    let packages = [
        format!("bp-{name}"),
        format!("bp-rt-{name}"),
        format!("bp-rt-{name}-memory"),
        format!("{name}-queue"),
    ];
    match packages.iter().find(|package| embedded::has_package(package)) {
        Some(taken) => refuse(format!("`bp` is built of a package `{taken}`")),
        None => Ok(()),
    }
}

/// A text of the template with the plugin's names, and the version that it is written for.
fn fill_in(text: &str, name: &str) -> String {
    let library = name.replace('-', "_");
    text.replace("@VERSION@", VERSION)
        .replace("@NAME@", name)
        .replace("@CRATE@", &format!("bp_{library}"))
        .replace("@WRAPPER@", &format!("bp_rt_{library}"))
        .replace("@QUEUE@", &format!("{library}_queue"))
        .replace("@STORE@", &format!("bp_rt_{library}_memory"))
}

#[cfg(test)]
mod tests {
    use bp_emit::carried::{find_inherited, read_dependencies};
    use bp_system::MemorySystem;
    use toml::Table;

    use super::*;

    fn create_pause() -> MemorySystem {
        let system = MemorySystem::new();
        create(&system, &bp_build::builtin(), "slow-pause").expect("a free folder");
        system
    }

    fn read(system: &MemorySystem, path: &str) -> String {
        let bytes = system.read(&Utf8Path::new("/slow-pause").join(path)).expect(path);
        String::from_utf8(bytes).expect("text")
    }

    #[test]
    fn every_name_is_filled_in() {
        let system = create_pause();
        for (path, _) in FILES {
            let text = read(&system, path);
            assert!(!text.contains('@'), "{path}:\n{text}");
        }
        assert!(read(&system, "program/src/main.rs").contains("bp_slow_pause::PLUGINS"));
        let lock = read(&system, "Cargo.lock");
        for name in [
            "bp-slow-pause",
            "bp-rt-slow-pause",
            "bp-rt-slow-pause-memory",
            "slow-pause-queue",
            "miette",
        ] {
            assert!(lock.contains(&format!("name = \"{name}\"")), "{name}");
        }
    }

    /// Otherwise cargo leaves it out of the package around it, and its files with it.
    #[test]
    fn no_package_is_inside_of_another() {
        let system = create_pause();
        let root: Table = read(&system, "Cargo.toml").parse().expect("TOML");
        assert!(!root.contains_key("package"));
        let members = root["workspace"]["members"].as_array().expect("a list");
        let mut members: Vec<&str> = members.iter().filter_map(|m| m.as_str()).collect();
        let manifests = FILES.iter().filter_map(|(path, _)| path.strip_suffix("/Cargo.toml"));
        let mut found: Vec<&str> = manifests.collect();
        members.sort_unstable();
        found.sort_unstable();
        assert_eq!(members, found);
        assert!(members.iter().all(|member| !member.contains('/')), "{members:?}");
    }

    /// A build writes the manifests elsewhere, and a registry gets them without the folders beside them.
    #[test]
    fn its_manifests_stand_alone_and_say_what_a_registry_asks() {
        let system = create_pause();
        let config: Table = read(&system, ".cargo/config.toml").parse().expect("TOML");
        let replaced = config["patch"]["crates-io"].as_table().expect("a table");
        for (path, _) in FILES.iter().filter(|(path, _)| path.ends_with("/Cargo.toml")) {
            let manifest: Table = read(&system, path).parse().expect("TOML");
            assert_eq!(find_inherited(&manifest), Vec::<String>::new(), "{path}");
            for key in ["description", "license", "version"] {
                assert!(manifest["package"].get(key).is_some(), "{path}: {key}");
            }
            for dependency in read_dependencies(&manifest) {
                assert!(!dependency.only_by_path, "{path}: {dependency:?}");
                let ours = FILES.iter().any(|(other, _)| {
                    other.ends_with("/Cargo.toml")
                        && read(&system, other)
                            .contains(&format!("name = \"{}\"", dependency.package))
                });
                let published = !dependency.package.starts_with("bp");
                let known = ours || published || replaced.contains_key(&dependency.package);
                assert!(known, "{dependency:?}");
            }
        }
        for (package, source) in replaced {
            let folder = source["path"].as_str().expect("a path");
            let manifest = read(&system, &format!("{folder}/Cargo.toml"));
            assert!(manifest.contains(&format!("name = \"{package}\"")), "{package}");
        }
    }

    #[test]
    fn names_that_mean_something_already_are_refused() {
        for (name, reason) in [
            ("retry", "a plugin is called `retry`"),
            ("rpc", "has a meaning"),
            ("new", "has a meaning"),
            ("plugin", "`bp-plugin`"),
            ("rt-retry", "`bp-rt-retry`"),
        ] {
            let system = MemorySystem::new();
            let fault = create(&system, &bp_build::builtin(), name).expect_err(name);
            assert_eq!(fault.code.id, "BP6022");
            assert!(system.snapshot().is_empty());
            assert!(fault.message.contains(reason), "{fault:?}");
        }
    }
}
