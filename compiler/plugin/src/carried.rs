//! Packages that plugins carry: which there are, and what is wrong with them.

use std::collections::BTreeMap;

use bp_contract::Package;
use bp_emit::RUNTIME;
use bp_emit::carried::{find_inherited, read_dependencies};
use toml::Table;

use crate::{Plugin, Registry, Runtime};

/// The generated package's folder, beside which carried packages are written.
const APP_FOLDER: &str = "app";

impl Registry {
    /// Every package that a plugin carries, by name.
    pub fn carried(&self) -> BTreeMap<&'static str, Package> {
        self.iter().filter_map(Plugin::carried).map(|package| (package.name, package)).collect()
    }

    /// These packages and what they depend on among the carried ones, by name; nothing that `elsewhere` accepts, which has another source.
    pub fn collect_carried(
        &self,
        packages: impl IntoIterator<Item = Package>,
        elsewhere: &dyn Fn(&str) -> bool,
    ) -> BTreeMap<&'static str, Package> {
        let known = self.carried();
        let mut open: Vec<Package> = packages.into_iter().collect();
        let mut found = BTreeMap::new();
        while let Some(package) = open.pop() {
            if elsewhere(package.name) || found.insert(package.name, package).is_some() {
                continue;
            }
            let manifest = package.find_file("Cargo.toml").and_then(|text| text.parse().ok());
            let dependencies = manifest.as_ref().map(read_dependencies).unwrap_or_default();
            open.extend(dependencies.iter().filter_map(|d| known.get(&*d.package)).copied());
        }
        found
    }
}

/// Notes what keeps carried packages from being built in a generated workspace.
pub(crate) fn check_carried(registry: &Registry, faults: &mut Vec<String>) {
    let mut owners: BTreeMap<&str, (&str, Package)> = BTreeMap::new();
    for plugin in registry.iter() {
        let Some(package) = plugin.carried() else { continue };
        let (id, name) = (plugin.id, package.name);
        let (first, same) = *owners.entry(name).or_insert((id, package));
        if same != package {
            faults.push(format!("{id}: `{first}` carries another package `{name}`"));
        }
        let halves = registry.iter().filter(|own| own.runtime == Runtime::Own);
        let mut linked = halves.filter_map(Plugin::runtime_crate).map(|own| own.package);
        if RUNTIME.iter().any(|(own, _)| *own == name) || linked.any(|own| own == name) {
            faults.push(format!("{id}: a package of the runtime is called `{name}` too"));
        }
        if name == APP_FOLDER {
            faults.push(format!("{id}: `{name}` is the folder of the generated package"));
        }
        let mut own = find_faults(registry, package);
        own.sort();
        faults.extend(own.into_iter().map(|fault| format!("{id}: `{name}` {fault}")));
    }
}

/// What is wrong with a package, each as the end of a sentence about it.
fn find_faults(registry: &Registry, package: Package) -> Vec<String> {
    let Some(text) = package.find_file("Cargo.toml") else {
        return vec!["has no Cargo.toml".to_owned()];
    };
    let manifest: Table = match text.parse() {
        Ok(manifest) => manifest,
        Err(e) => {
            let e: toml::de::Error = e;
            return vec![format!("has a Cargo.toml that cannot be read: {}", e.message())];
        }
    };
    let mut faults = Vec::new();
    let text = |table: &str, key: &str| manifest.get(table)?.get(key)?.as_str();
    match text("package", "name") {
        Some(name) if name == package.name => {}
        Some(other) => faults.push(format!("is called `{other}` by its Cargo.toml")),
        None => faults.push("has no name in its Cargo.toml".to_owned()),
    }
    for key in find_inherited(&manifest) {
        faults.push(format!("takes `{key}` from a workspace, which is not carried"));
    }
    let library = text("lib", "path").unwrap_or("src/lib.rs");
    let built = [("library", Some(library)), ("build script", text("package", "build"))];
    for (what, path) in built {
        if let Some(path) = path.filter(|path| package.find_file(path).is_none()) {
            faults.push(format!("has no `{path}`, its {what}, among its files"));
        }
    }
    let carried = registry.carried();
    for dependency in read_dependencies(&manifest) {
        let name = dependency.package.as_str();
        let known = carried.contains_key(name) || RUNTIME.iter().any(|(own, _)| *own == name);
        if dependency.only_by_path && !known {
            faults.push(format!(
                "depends on `{name}` by a folder alone, and no plugin carries that package"
            ));
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use bp_contract::setting::Settings;

    use super::*;
    use crate::{ServerSlot, wrapper};

    /// Waits.
    #[derive(Settings)]
    struct Pause {}

    const fn carrier(id: &'static str, package: Package) -> Plugin {
        wrapper::<Pause>(id).server(ServerSlot::Fault).carries(package).declare()
    }

    const QUEUE: Package = Package {
        name: "pause-queue",
        files: &[
            (
                "Cargo.toml",
                "[package]\nname = \"pause-queue\"\n[dependencies]\nbp-runtime.path = \"../x\"",
            ),
            ("src/lib.rs", ""),
        ],
    };
    const STORE: Package = Package {
        name: "pause-store",
        files: &[
            (
                "Cargo.toml",
                "[package]\nname = \"pause-store\"\nbuild = \"src/make.rs\"\n[lib]\npath = \"src/store.rs\"\n\
                 [target.'cfg(unix)'.dependencies]\nqueue = { package = \"pause-queue\", path = \"../queue\" }",
            ),
            ("src/make.rs", ""),
            ("src/store.rs", ""),
        ],
    };
    static QUEUES: Plugin = carrier("queues", QUEUE);
    static STORES: Plugin = carrier("stores", STORE);

    #[test]
    fn what_a_package_depends_on_travels_with_it() {
        let registry = Registry::new([&QUEUES, &STORES]);
        assert_eq!(registry.faults(), Vec::<String>::new());
        let names = |elsewhere: &dyn Fn(&str) -> bool| {
            let found = registry.collect_carried([STORE], elsewhere);
            found.into_keys().collect::<Vec<_>>()
        };
        assert_eq!(names(&|_| false), ["pause-queue", "pause-store"]);
        assert_eq!(names(&|name| name == "pause-queue"), ["pause-store"]);
    }

    #[test]
    fn packages_that_no_generated_workspace_can_build_are_found() {
        static NOTHING: Plugin = carrier("nothing", Package { name: "app", files: &[] });
        static BROKEN: Plugin =
            carrier("broken", Package { name: "bp-std", files: &[("Cargo.toml", "[")] });
        static OTHER: Plugin = carrier("other", Package { name: "pause-queue", ..STORE });
        static POOR: Plugin = carrier(
            "poor",
            Package {
                name: "pause-poor",
                files: &[(
                    "Cargo.toml",
                    "[package]\nname = \"pause-poor\"\nversion.workspace = true\nbuild = \"make.rs\"\n\
                     [dependencies]\nserde.workspace = true\nwords.path = \"../words\"\n\
                     kept = { path = \"../kept\", version = \"1\" }\n\
                     [dev-dependencies]\ntokio.workspace = true\n[lints]\nworkspace = true",
                )],
            },
        );
        let faults = Registry::new([&QUEUES, &NOTHING, &BROKEN, &OTHER, &POOR, &STORES]).faults();
        let expected = [
            "broken: a package of the runtime is called `bp-std` too",
            "broken: `bp-std` has a Cargo.toml that cannot be read: ",
            "nothing: `app` is the folder of the generated package",
            "nothing: `app` has no Cargo.toml",
            "other: `pause-queue` is called `pause-store` by its Cargo.toml",
            "poor: `pause-poor` depends on `words` by a folder alone, and no plugin carries that package",
            "poor: `pause-poor` has no `make.rs`, its build script, among its files",
            "poor: `pause-poor` has no `src/lib.rs`, its library, among its files",
            "poor: `pause-poor` takes `dependencies.serde` from a workspace, which is not carried",
            "poor: `pause-poor` takes `package.version` from a workspace, which is not carried",
            "queues: `other` carries another package `pause-queue`",
        ];
        assert_eq!(faults.len(), expected.len(), "{faults:#?}");
        for (fault, expected) in faults.iter().zip(expected) {
            assert!(fault.starts_with(expected), "{fault}\n{expected}");
        }
    }
}
