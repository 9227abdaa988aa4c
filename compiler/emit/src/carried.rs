//! Manifests of packages that plugins carry: what they depend on, and how they are written where there is another runtime.

use std::collections::{BTreeMap, BTreeSet};

use toml::{Table, Value};

use crate::generated::MANIFEST_HEADER;
use crate::lock::LockedPackage;

/// Where a package is, for the manifest of one that depends on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PackageSource {
    /// In this folder, relative to the package that depends on it.
    Path(String),
    /// Where these keys of a dependency say: `version`, or `git` and `rev`.
    Keys(BTreeMap<String, String>),
}

impl PackageSource {
    /// A published package: `=0.1.0`.
    pub fn requirement(version: &str) -> Self {
        Self::Keys(BTreeMap::from([("version".to_owned(), version.to_owned())]))
    }

    /// Where a requirement of a manifest says, an inline TOML value: `"0.4"`, `{ git = "…" }`; nothing if it says no source that another folder has.
    pub fn read_requirement(inline: &str) -> Option<Self> {
        let mut read: Table = format!("x = {inline}").parse().ok()?;
        let keys: BTreeMap<String, String> = match read.remove("x")? {
            Value::String(version) => return Some(Self::requirement(&version)),
            Value::Table(keys) => {
                let said = keys.into_iter().filter(|(key, _)| SOURCE_KEYS.contains(&key.as_str()));
                said.filter_map(|(key, value)| Some((key, value.as_str()?.to_owned()))).collect()
            }
            _ => return None,
        };
        (!keys.is_empty() && !keys.contains_key("path")).then_some(Self::Keys(keys))
    }

    fn keys(self) -> BTreeMap<String, String> {
        match self {
            Self::Path(path) => BTreeMap::from([("path".to_owned(), path)]),
            Self::Keys(keys) => keys,
        }
    }
}

/// A dependency of a package, whatever its tests need excepted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct CarriedDependency {
    /// The package that it is, whatever the key that it has.
    pub package: String,
    /// Whether it is found by a folder alone, which no other place has.
    pub only_by_path: bool,
    /// Whether its manifest says a folder, alone or beside a version.
    pub by_path: bool,
}

/// The parts of a manifest that a package does not need where it is only linked: they concern its tests, its examples, and the workspace that it comes from.
const UNNEEDED: &[&str] = &[
    "bench",
    "bin",
    "dev-dependencies",
    "example",
    "lints",
    "patch",
    "profile",
    "replace",
    "test",
    "workspace",
];

/// The keys of a dependency that say where it comes from.
const SOURCE_KEYS: &[&str] = &[
    "base",
    "branch",
    "git",
    "path",
    "registry",
    "registry-index",
    "rev",
    "tag",
    "version",
    "workspace",
];

/// The tables of a manifest, or of one of its `[target.…]`, that name packages to link or to build with.
const DEPENDENCY_TABLES: [&str; 2] = ["dependencies", "build-dependencies"];

/// The manifest of a carried package as text for another place, where `locate` says which source each package has; the features that it asks for stay.
///
/// What `locate` does not know keeps its source, without the folder if it has another.
/// A text that is not a manifest stays as it is; cargo says what is wrong with it.
pub fn rewrite_manifest(text: &str, locate: &dyn Fn(&str) -> Option<PackageSource>) -> String {
    let Ok(mut manifest) = text.parse::<Table>() else { return text.to_owned() };
    remove_unneeded(&mut manifest);
    visit_dependencies(&mut manifest, &mut |package, declared| {
        let mut keys = match std::mem::replace(declared, Value::Boolean(false)) {
            Value::Table(keys) => keys,
            Value::String(version) => Table::from_iter([("version".to_owned(), version.into())]),
            other => {
                *declared = other;
                return;
            }
        };
        if let Some(source) = locate(package) {
            keys.retain(|key, _| !SOURCE_KEYS.contains(&key));
            keys.extend(source.keys().into_iter().map(|(key, value)| (key, value.into())));
        } else if !is_only_by_path(&keys) {
            keys.remove("path");
        }
        *declared = Value::Table(keys);
    });
    toml::to_string(&manifest)
        .map_or_else(|_| text.to_owned(), |body| format!("{MANIFEST_HEADER}{body}"))
}

/// What a carried package depends on, by its manifest; sorted.
pub fn read_dependencies(manifest: &Table) -> BTreeSet<CarriedDependency> {
    let mut found = BTreeSet::new();
    visit_dependencies(&mut manifest.clone(), &mut |package, declared| {
        let keys = declared.as_table();
        found.insert(CarriedDependency {
            package: package.to_owned(),
            only_by_path: keys.is_some_and(is_only_by_path),
            by_path: keys.is_some_and(|keys| keys.contains_key("path")),
        });
    });
    found
}

/// The packages that a manifest says to be published, so that nobody needs to carry them: `[package.metadata.bp] published = ["words"]`.
pub fn list_published(manifest: &Table) -> BTreeSet<&str> {
    let own = || manifest.get("package")?.get("metadata")?.get("bp")?.get("published")?.as_array();
    own().into_iter().flatten().filter_map(Value::as_str).collect()
}

/// Whether a text can name a package: it becomes a folder, and a key of manifests.
pub fn is_package_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
        && text.len() <= 64
}

/// What a lock holds of a carried package; `None` if the manifest has no name or no version.
pub fn read_locked_package(manifest: &Table) -> Option<LockedPackage> {
    let package = manifest.get("package")?;
    let text = |key: &str| package.get(key).and_then(Value::as_str);
    let dependencies = read_dependencies(manifest).into_iter().map(|d| d.package);
    Some(LockedPackage::local(text("name")?, text("version")?, dependencies.collect()))
}

/// The keys of a manifest that take their value from a workspace: `package.version`, `dependencies.serde`.
///
/// A package that is carried has left its workspace.
pub fn find_inherited(manifest: &Table) -> Vec<String> {
    let mut kept = manifest.clone();
    remove_unneeded(&mut kept);
    let mut found = Vec::new();
    collect_inherited("", &kept, &mut found);
    found
}

fn collect_inherited(path: &str, table: &Table, found: &mut Vec<String>) {
    for (key, value) in table {
        let Some(inner) = value.as_table() else { continue };
        let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        if inner.get("workspace").and_then(Value::as_bool) == Some(true) {
            found.push(path);
        } else {
            collect_inherited(&path, inner, found);
        }
    }
}

fn remove_unneeded(manifest: &mut Table) {
    manifest.retain(|key, _| !UNNEEDED.contains(&key));
    if let Some(package) = manifest.get_mut("package").and_then(Value::as_table_mut) {
        package.remove("workspace");
        // It would name a program that is not there.
        package.remove("default-run");
    }
    for (_, target) in targets(manifest) {
        if let Some(tables) = target.as_table_mut() {
            tables.remove("dev-dependencies");
        }
    }
}

fn targets(manifest: &mut Table) -> impl Iterator<Item = (&String, &mut Value)> {
    manifest.get_mut("target").and_then(Value::as_table_mut).into_iter().flatten()
}

/// Calls `visit` with the package and the declaration of each dependency, those of single platforms included.
fn visit_dependencies(manifest: &mut Table, visit: &mut dyn FnMut(&str, &mut Value)) {
    visit_tables(manifest, visit);
    for (_, target) in targets(manifest) {
        if let Some(tables) = target.as_table_mut() {
            visit_tables(tables, visit);
        }
    }
}

fn visit_tables(tables: &mut Table, visit: &mut dyn FnMut(&str, &mut Value)) {
    for name in DEPENDENCY_TABLES {
        let declared = tables.get_mut(name).and_then(Value::as_table_mut);
        for (key, dependency) in declared.into_iter().flatten() {
            // `other = { package = "bp-runtime" }` renames the crate in Rust.
            let renamed = dependency.get("package").and_then(Value::as_str).map(str::to_owned);
            visit(renamed.as_deref().unwrap_or(key), dependency);
        }
    }
}

fn is_only_by_path(keys: &Table) -> bool {
    let has = |key| keys.contains_key(key);
    has("path") && !has("version") && !has("git")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lock::Lock;

    const MANIFEST: &str = r#"
[package]
name = "bp-rt-pause"
version = "0.2.0"
workspace = ".."
default-run = "try"
metadata.bp.published = ["words"]

[features]
default = ["runtime"]
runtime = ["dep:bp-runtime"]

[dependencies]
bp-contract = "0.1"
bp-runtime = { path = "../vendor/bp/stdlib/runtime", optional = true, features = ["x"] }
data = { package = "bp-data", version = "0.1", default-features = false }
pause-queue = { path = "../queue", version = "0.2" }
serde = "1"
words = { path = "../words", version = "3", features = ["y"] }
lost = { path = "../lost" }

[target.'cfg(unix)'.dependencies]
backend = { package = "bp-backend", git = "https://example.com", rev = "1" }

[target.'cfg(unix)'.dev-dependencies]
nix = "1"

[build-dependencies]
bp-contract = { workspace = true }

[dev-dependencies]
tokio = "1"

[[bin]]
name = "try"

[[example]]
name = "e"

[lints]
workspace = true
"#;

    fn locate(package: &str) -> Option<PackageSource> {
        match package {
            "pause-queue" => Some(PackageSource::requirement("0.2")),
            own if own.starts_with("bp-") => Some(PackageSource::Path(format!("../../{own}"))),
            _ => None,
        }
    }

    #[test]
    fn a_manifest_names_the_packages_of_its_new_place_and_keeps_what_it_asks_of_them() {
        let text = rewrite_manifest(MANIFEST, &locate);
        let table: Table = text.parse().expect("TOML");
        let expected: Table = r#"
[package]
name = "bp-rt-pause"
version = "0.2.0"
metadata.bp.published = ["words"]

[features]
default = ["runtime"]
runtime = ["dep:bp-runtime"]

[dependencies]
bp-contract = { path = "../../bp-contract" }
bp-runtime = { path = "../../bp-runtime", optional = true, features = ["x"] }
data = { package = "bp-data", path = "../../bp-data", default-features = false }
pause-queue = { version = "0.2" }
serde = { version = "1" }
words = { version = "3", features = ["y"] }
lost = { path = "../lost" }

[target.'cfg(unix)'.dependencies]
backend = { package = "bp-backend", path = "../../bp-backend" }

[build-dependencies]
bp-contract = { path = "../../bp-contract" }
"#
        .parse()
        .expect("TOML");
        assert_eq!(table, expected, "{text}");
        assert_eq!(rewrite_manifest("no manifest", &locate), "no manifest");
    }

    #[test]
    fn dependencies_are_read_by_package() {
        let manifest = MANIFEST.parse().expect("TOML");
        let found = read_dependencies(&manifest);
        let names: Vec<&str> = found.iter().map(|d| d.package.as_str()).collect();
        let expected = [
            "bp-backend",
            "bp-contract",
            "bp-data",
            "bp-runtime",
            "lost",
            "pause-queue",
            "serde",
            "words",
        ];
        assert_eq!(names, expected);
        let only: Vec<&str> =
            found.iter().filter(|d| d.only_by_path).map(|d| d.package.as_str()).collect();
        assert_eq!(only, ["bp-runtime", "lost"]);
        let by_path: Vec<&str> =
            found.iter().filter(|d| d.by_path).map(|d| d.package.as_str()).collect();
        assert_eq!(by_path, ["bp-runtime", "lost", "pause-queue", "words"]);
        assert_eq!(list_published(&manifest), ["words"].into());
    }

    #[test]
    fn names_of_packages_are_plain_folders_and_keys() {
        assert!(["a", "bp-rt-pause", "_x", "Queue2"].into_iter().all(is_package_name));
        let long = "a".repeat(65);
        for bad in ["", "../a", "a/b", "a.b", "1a", "-a", "a b", "ä", "a\"b", &long] {
            assert!(!is_package_name(bad), "{bad}");
        }
    }

    #[test]
    fn a_requirement_is_passed_on_without_what_it_asks_for() {
        let keys = |text: &str| PackageSource::read_requirement(text).map(PackageSource::keys);
        let expected = |pairs: &[(&str, &str)]| {
            Some(pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect())
        };
        assert_eq!(keys("\"0.4\""), expected(&[("version", "0.4")]));
        assert_eq!(
            keys("{ package = \"q\", git = \"g\", rev = \"1\", features = [\"f\"] }"),
            expected(&[("git", "g"), ("rev", "1")])
        );
        for nothing in ["{ path = \"../q\" }", "{ workspace = true }", "1", "{"] {
            assert_eq!(keys(nothing), None, "{nothing}");
        }
    }

    #[test]
    fn a_lock_gets_the_packages_and_what_they_depend_on() {
        let queue = "[package]\nname = \"pause-queue\"\nversion = \"0.2.0\"\n";
        let parse = |text: &str| text.parse::<Table>().expect("TOML");
        let read = |text| read_locked_package(&parse(text)).expect("a package");
        let mut lock = Lock::default();
        lock.add_all(vec![read(MANIFEST), read(queue)]);
        let kept = lock.reachable_from("bp-rt-pause").encode();
        assert!(kept.contains("name = \"bp-rt-pause\"\nversion = \"0.2.0\""), "{kept}");
        assert!(kept.contains("dependencies = [\n \"pause-queue\",\n]"), "{kept}");
        assert_eq!(read_locked_package(&parse("[package]\nname = \"no-version\"\n")), None);
    }

    #[test]
    fn what_a_package_has_from_its_workspace_is_found() {
        let text = MANIFEST.replace("version = \"0.2.0\"", "version.workspace = true");
        let found = find_inherited(&text.parse().expect("TOML"));
        assert_eq!(found, ["build-dependencies.bp-contract", "package.version"]);
    }
}
