//! Packages that plugins carry: which there are, and what is wrong with them.

use std::collections::BTreeMap;

use bp_contract::Package;
use bp_emit::RUNTIME;
use bp_emit::carried::{find_inherited, is_package_name, list_published, read_dependencies};
use toml::Table;

use crate::{Declaration, Declarations, Kind, Runtime};

/// The generated package's folder, beside which carried packages are written.
const APP_FOLDER: &str = "app";

impl Declarations {
    /// Every package that a plugin carries, by name; where two carry different ones of a name, which [`Registry::faults`](crate::Registry::faults) reports, that of the first plugin.
    pub fn carried(&self) -> BTreeMap<&'static str, Package> {
        let mut all = BTreeMap::new();
        for package in self.iter().flat_map(Declaration::all_carried) {
            all.entry(package.name).or_insert(package);
        }
        all
    }

    /// The carried packages of these names and what they depend on among the carried ones, by name; nothing that `elsewhere` accepts, which has another source.
    pub fn collect_carried(
        &self,
        packages: impl IntoIterator<Item = Package>,
        elsewhere: &dyn Fn(&str) -> bool,
    ) -> BTreeMap<&'static str, Package> {
        let known = self.carried();
        // Whoever asks for a name gets the same text.
        let find = |name: &str| known.get(name).copied();
        let mut open: Vec<Package> =
            packages.into_iter().map(|asked| find(asked.name).unwrap_or(asked)).collect();
        let mut found = BTreeMap::new();
        while let Some(package) = open.pop() {
            if elsewhere(package.name) || found.insert(package.name, package).is_some() {
                continue;
            }
            let manifest = package.find_file("Cargo.toml").and_then(|text| text.parse().ok());
            let dependencies = manifest.as_ref().map(read_dependencies).unwrap_or_default();
            open.extend(dependencies.iter().filter_map(|d| find(&d.package)));
        }
        found
    }
}

/// Notes what keeps carried packages from being built in a generated workspace.
pub(crate) fn check_carried(declarations: &Declarations, faults: &mut Vec<String>) {
    let carried = declarations.carried();
    let mut owners: BTreeMap<&str, (&str, Package)> = BTreeMap::new();
    for plugin in declarations.iter() {
        for package in plugin.all_carried() {
            let (id, name) = (plugin.id, package.name);
            let (first, same) = *owners.entry(name).or_insert((id, package));
            if same != package {
                faults.push(format!("{id}: `{first}` carries another package `{name}`"));
            }
            let halves = declarations.iter().filter(|own| own.runtime == Runtime::Own);
            let mut linked = halves.filter_map(Declaration::runtime_crate).map(|own| own.package);
            if is_runtime(name) || linked.any(|own| own == name) {
                faults.push(format!("{id}: a package of the runtime is called `{name}` too"));
            }
            if name == APP_FOLDER {
                faults.push(format!("{id}: `{name}` is the folder of the generated package"));
            }
            let manifest = match read_manifest(package) {
                Ok(manifest) => manifest,
                Err(fault) => {
                    faults.push(format!("{id}: `{name}` {fault}"));
                    continue;
                }
            };
            let mut own = find_faults(package, &manifest);
            own.extend(find_lost_dependencies(&manifest, &carried));
            if plugin.carried() == Some(package) {
                own.extend(find_faults_of_linked(plugin, package, &manifest));
            }
            own.sort();
            faults.extend(own.into_iter().map(|fault| format!("{id}: `{name}` {fault}")));
        }
    }
}

fn is_runtime(package: &str) -> bool {
    RUNTIME.iter().any(|(own, _)| *own == package)
}

fn read_manifest(package: Package) -> Result<Table, String> {
    let text = package.find_file("Cargo.toml").ok_or_else(|| "has no Cargo.toml".to_owned())?;
    let unreadable = |e: toml::de::Error| e.message().to_owned();
    text.parse().map_err(|e| format!("has a Cargo.toml that cannot be read: {}", unreadable(e)))
}

/// A text of one of the manifest's tables.
fn read_text<'m>(manifest: &'m Table, table: &str, key: &str) -> Option<&'m str> {
    manifest.get(table)?.get(key)?.as_str()
}

/// What is wrong with a package, each as the end of a sentence about it.
fn find_faults(package: Package, manifest: &Table) -> Vec<String> {
    let mut faults = Vec::new();
    if !is_package_name(package.name) {
        faults.push(
            "is not a package's name: letters, digits, `-` and `_`, and no digit or `-` first"
                .to_owned(),
        );
    }
    match read_text(manifest, "package", "name") {
        Some(name) if name == package.name => {}
        Some(other) => faults.push(format!("is called `{other}` by its Cargo.toml")),
        None => faults.push("has no name in its Cargo.toml".to_owned()),
    }
    for key in find_inherited(manifest) {
        faults.push(format!("takes `{key}` from a workspace, which is not carried"));
    }
    let library = read_text(manifest, "lib", "path").unwrap_or("src/lib.rs");
    let script = read_text(manifest, "package", "build");
    for (what, path) in [("library", Some(library)), ("build script", script)] {
        if let Some(path) = path.filter(|path| package.find_file(path).is_none()) {
            faults.push(format!("has no `{path}`, its {what}, among its files"));
        }
    }
    faults
}

/// The dependencies that are nowhere when the package has left its workspace.
fn find_lost_dependencies(
    manifest: &Table,
    carried: &BTreeMap<&'static str, Package>,
) -> Vec<String> {
    let published = list_published(manifest);
    let lost = read_dependencies(manifest).into_iter().filter_map(|dependency| {
        let name = dependency.package.as_str();
        if is_runtime(name) || carried.contains_key(name) {
            return None;
        }
        if dependency.only_by_path {
            return Some(format!(
                "depends on `{name}` by a folder alone, and no plugin carries that package"
            ));
        }
        if published.contains(name) {
            return None;
        }
        let why = if dependency.by_path {
            "by a folder, and no plugin carries that package"
        } else if name.starts_with("bp-") {
            "which is neither carried nor a crate of the runtime that plugins may depend on"
        } else {
            return None;
        };
        Some(format!(
            "depends on `{name}`, {why}; if a registry has it, say so: `[package.metadata.bp] published = [\"{name}\"]`"
        ))
    });
    lost.collect()
}

/// What is wrong with a package as a runtime half or as the crate of an interface, which generated code or workflows name by its package.
fn find_faults_of_linked(plugin: &Declaration, package: Package, manifest: &Table) -> Vec<String> {
    let mut faults = Vec::new();
    let library = package.name.replace('-', "_");
    if let Some(other) = read_text(manifest, "lib", "name").filter(|name| *name != library) {
        faults.push(format!("calls its library `{other}`; generated code names `{library}`"));
    }
    let lib = manifest.get("lib");
    let is_set = |key: &str| lib.and_then(|lib| lib.get(key)?.as_bool()) == Some(true);
    if is_set("proc-macro") || is_set("proc_macro") {
        faults.push("is a procedural macro, which no running system links".to_owned());
    }
    if let Kind::Interface { path, source } = plugin.kind {
        let krate = path.split("::").next().unwrap_or(path);
        if krate != library {
            faults.push(format!("is not the crate of `{path}`, which is `{krate}`"));
        }
        if !package.files.iter().any(|(_, text)| *text == source) {
            faults.push(format!("has no file with the source that declares `{path}`"));
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use bp_contract::setting::Settings;

    use super::*;
    use crate::{Plugin, Registry, ServerSlot, interface, wrapper};

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
                     metadata.bp.published = [\"bp-rt-other\", \"known\", \"words\"]\n\
                     [dependencies]\nserde.workspace = true\nwords.path = \"../words\"\n\
                     kept = { path = \"../kept\", version = \"1\" }\nbp-rt-redis = \"1\"\nbp-rt-other = \"1\"\n\
                     known = { path = \"../known\", version = \"1\" }\n\
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
            "poor: `pause-poor` depends on `bp-rt-redis`, which is neither carried nor ",
            "poor: `pause-poor` depends on `kept`, by a folder, and no plugin carries that package; if ",
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

    #[test]
    fn a_plugin_carries_what_its_package_depends_on() {
        static STORES: Plugin = wrapper::<Pause>("stores")
            .server(ServerSlot::Fault)
            .carries_also(&[QUEUE])
            .carries(STORE)
            .declare();
        let registry = Registry::new([&STORES]);
        assert_eq!(registry.faults(), Vec::<String>::new());
        let found = registry.collect_carried(STORES.carried(), &|_| false);
        assert_eq!(found.into_keys().collect::<Vec<_>>(), ["pause-queue", "pause-store"]);
    }

    #[test]
    fn whoever_asks_for_a_name_gets_the_same_text() {
        const OTHER: Package = Package { files: &[("Cargo.toml", "")], ..QUEUE };
        static OTHERS: Plugin = carrier("others", OTHER);
        let registry = Registry::new([&QUEUES, &OTHERS]);
        for asked in [QUEUE, OTHER] {
            let found = registry.collect_carried([asked], &|_| false);
            assert_eq!(found[QUEUE.name], OTHER);
        }
        let faults = registry.faults().concat();
        assert!(faults.contains("queues: `others` carries another package `pause-queue`"));
    }

    #[test]
    fn a_package_that_is_linked_by_another_name_is_found() {
        const SOURCE: &str = "#[interface]\npub trait Queue {}\n";
        const MACRO: Package = Package {
            name: "pause macro",
            files: &[
                (
                    "Cargo.toml",
                    "[package]\nname = \"pause macro\"\n[lib]\nname = \"pause\"\nproc-macro = true\n",
                ),
                ("src/lib.rs", ""),
            ],
        };
        static MACROS: Plugin = carrier("macros", MACRO);
        static LOST: Plugin =
            interface("lost", "Hands over.", "queue::Queue", SOURCE).carries(QUEUE).declare();
        assert_eq!(
            Registry::new([&LOST, &MACROS]).faults(),
            [
                "lost: `pause-queue` has no file with the source that declares `queue::Queue`",
                "lost: `pause-queue` is not the crate of `queue::Queue`, which is `queue`",
                "macros: `pause macro` calls its library `pause`; generated code names `pause macro`",
                "macros: `pause macro` is a procedural macro, which no running system links",
                "macros: `pause macro` is not a package's name: letters, digits, `-` and `_`, and no digit or `-` first",
            ]
        );
    }
}
