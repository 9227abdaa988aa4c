//! `Cargo.lock` as a value: `bp` never resolves versions, but passes on what the application locked.
//!
//! The format is cargo's version 4: packages in order of name, version and source; a dependency is written as `name` where one package has that name, as `name version` where several do, and with its source where even that is ambiguous.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use toml::{Table, Value};

/// What cargo identifies a package by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct PackageId {
    name: String,
    /// The version's numbers, so that 0.8 comes before 0.10 as in cargo's own order.
    order: Vec<u64>,
    version: String,
    source: Option<String>,
}

impl PackageId {
    fn new(name: String, version: String, source: Option<String>) -> Self {
        let numbers = version.split(['-', '+']).next().unwrap_or_default();
        let order = numbers.split('.').map(|n| n.parse().unwrap_or(0)).collect();
        Self { name, order, version, source }
    }
}

/// One package of a lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockedPackage {
    id: PackageId,
    checksum: Option<String>,
    /// As written: `name`, `name version` or `name version (source)`.
    dependencies: Vec<String>,
}

impl LockedPackage {
    /// A package of this machine, without source and checksum.
    pub fn local(name: &str, version: &str, dependencies: Vec<String>) -> Self {
        let id = PackageId::new(name.to_owned(), version.to_owned(), None);
        Self { id, checksum: None, dependencies }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.id.name
    }
}

/// A whole lock.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lock {
    packages: BTreeMap<PackageId, (Option<String>, BTreeSet<PackageId>)>,
}

impl Lock {
    /// Reads a lock; `None` if the text is not a lock, or has another version.
    pub fn parse(text: &str) -> Option<Self> {
        let root: Table = text.parse().ok()?;
        if !matches!(root.get("version").and_then(Value::as_integer), Some(3 | 4)) {
            return None;
        }
        let mut read = Vec::new();
        for package in
            root.get("package").map_or(Some([].as_slice()), |p| p.as_array().map(Vec::as_slice))?
        {
            let text = |key: &str| package.get(key).and_then(Value::as_str).map(str::to_owned);
            let id = PackageId::new(text("name")?, text("version")?, text("source"));
            let dependencies = match package.get("dependencies") {
                None => Vec::new(),
                Some(list) => list
                    .as_array()?
                    .iter()
                    .map(|d| d.as_str().map(str::to_owned))
                    .collect::<Option<_>>()?,
            };
            read.push(LockedPackage { id, checksum: text("checksum"), dependencies });
        }
        let mut lock = Self::default();
        let ids: Vec<PackageId> = read.iter().map(|p| p.id.clone()).collect();
        let names = index_by_name(&ids);
        for package in read {
            let found =
                package.dependencies.iter().filter_map(|d| find_package(&names, d)).collect();
            lock.packages.insert(package.id, (package.checksum, found));
        }
        Some(lock)
    }

    /// Adds a package, with those of its dependencies that the lock holds.
    pub fn add(&mut self, package: LockedPackage) {
        let ids: Vec<PackageId> = self.packages.keys().cloned().collect();
        let names = index_by_name(&ids);
        let found = package.dependencies.iter().filter_map(|d| find_package(&names, d)).collect();
        self.packages.insert(package.id, (package.checksum, found));
    }

    /// Adds packages that may depend on each other.
    pub fn add_all(&mut self, packages: Vec<LockedPackage>) {
        // Dependencies are found among the packages that the lock has, so all are there first.
        for package in &packages {
            let known = (package.checksum.clone(), BTreeSet::new());
            self.packages.insert(package.id.clone(), known);
        }
        for package in packages {
            self.add(package);
        }
    }

    /// Adds every package of another lock that this one does not have; returns how many.
    pub fn merge(&mut self, other: &Self) -> usize {
        let mut added = 0;
        for (id, (checksum, dependencies)) in &other.packages {
            let entry = self.packages.entry(id.clone()).or_insert_with(|| {
                added += 1;
                (checksum.clone(), BTreeSet::new())
            });
            entry.1.extend(dependencies.iter().cloned());
        }
        added
    }

    /// Without the package of this name.
    pub fn without(mut self, name: &str) -> Self {
        self.packages.retain(|id, _| id.name != name);
        for (_, dependencies) in self.packages.values_mut() {
            dependencies.retain(|id| id.name != name);
        }
        self
    }

    /// Keeps of what a package of this machine depends on only the packages of these names.
    pub fn retain_dependencies(&mut self, name: &str, kept: &BTreeSet<String>) {
        let own = self.packages.iter_mut().filter(|(id, _)| id.name == name && id.source.is_none());
        for (_, (_, dependencies)) in own {
            dependencies.retain(|id| kept.contains(&id.name));
        }
    }

    /// Only what the packages of this name reach.
    pub fn reachable_from(&self, name: &str) -> Self {
        self.reachable_from_all(&BTreeSet::from([name]))
    }

    /// Only what the packages of these names reach.
    pub fn reachable_from_all(&self, names: &BTreeSet<&str>) -> Self {
        let is_asked = |id: &&PackageId| names.contains(id.name.as_str());
        let mut open: Vec<&PackageId> = self.packages.keys().filter(is_asked).collect();
        let mut kept = BTreeMap::new();
        while let Some(id) = open.pop() {
            if let Some(package) = self.packages.get(id)
                && kept.insert(id.clone(), package.clone()).is_none()
            {
                open.extend(&package.1);
            }
        }
        Self { packages: kept }
    }

    /// The lock as cargo writes it.
    pub fn encode(&self) -> String {
        let mut out = String::from(
            "# This file is automatically @generated by Cargo.\n# It is not intended for manual editing.\nversion = 4\n",
        );
        let mut names: BTreeMap<&str, BTreeMap<&str, usize>> = BTreeMap::new();
        for id in self.packages.keys() {
            *names.entry(&id.name).or_default().entry(&id.version).or_default() += 1;
        }
        for (id, (checksum, dependencies)) in &self.packages {
            let _ = write!(
                out,
                "\n[[package]]\nname = \"{}\"\nversion = \"{}\"\n",
                id.name, id.version
            );
            if let Some(source) = &id.source {
                let _ = writeln!(out, "source = \"{source}\"");
            }
            if let Some(checksum) = checksum {
                let _ = writeln!(out, "checksum = \"{checksum}\"");
            }
            if !dependencies.is_empty() {
                out.push_str("dependencies = [\n");
                for dependency in dependencies {
                    let _ = writeln!(out, " \"{}\",", format_dependency(&names, dependency));
                }
                out.push_str("]\n");
            }
        }
        out
    }
}

fn format_dependency(names: &BTreeMap<&str, BTreeMap<&str, usize>>, id: &PackageId) -> String {
    let versions = names.get(id.name.as_str());
    let same = versions.and_then(|v| v.get(id.version.as_str())).copied().unwrap_or(0);
    match (versions.map_or(0, BTreeMap::len), same, &id.source) {
        (0 | 1, 0 | 1, _) => id.name.clone(),
        (_, 0 | 1, _) | (_, _, None) => format!("{} {}", id.name, id.version),
        (_, _, Some(source)) => format!("{} {} ({source})", id.name, id.version),
    }
}

/// Packages by name: a lock may hold many thousands.
fn index_by_name(ids: &[PackageId]) -> BTreeMap<&str, Vec<&PackageId>> {
    let mut names: BTreeMap<&str, Vec<&PackageId>> = BTreeMap::new();
    for id in ids {
        names.entry(&id.name).or_default().push(id);
    }
    names
}

/// The package that a dependency's text means.
fn find_package(names: &BTreeMap<&str, Vec<&PackageId>>, text: &str) -> Option<PackageId> {
    let mut parts = text.splitn(3, ' ');
    let name = parts.next()?;
    let version = parts.next();
    let source = parts.next().map(|s| s.trim_start_matches('(').trim_end_matches(')'));
    let fits = |id: &&&PackageId| {
        version.is_none_or(|v| id.version == v)
            && source.is_none_or(|s| id.source.as_deref() == Some(s))
    };
    let found = names.get(name)?;
    // We write a name alone for a local package; cargo writes it if the name is unique.
    let local = found.iter().filter(fits).find(|id| id.source.is_none());
    local.or_else(|| found.iter().find(fits)).map(|id| (*id).clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_repository_s_own_lock_reads_back() {
        let text = include_str!("../../../Cargo.lock");
        let ours = Lock::parse(text).expect("a lock").encode();
        let different = ours.lines().zip(text.lines()).enumerate().find(|(_, (a, b))| a != b);
        assert_eq!(different, None);
        assert_eq!(ours.len(), text.len());
    }

    #[test]
    fn a_member_joins_and_the_unreached_leave() {
        let text = "version = 4\n\n[[package]]\nname = \"a\"\nversion = \"1.0.0\"\n\n[[package]]\nname = \"b\"\nversion = \"1.0.0\"\ndependencies = [\n \"a\",\n]\n\n[[package]]\nname = \"c\"\nversion = \"1.0.0\"\n";
        let mut lock = Lock::parse(text).expect("a lock");
        lock.add(LockedPackage::local("app", "0.0.0", vec!["b".into(), "unknown".into()]));
        let names: Vec<_> =
            lock.reachable_from("app").packages.into_keys().map(|id| id.name).collect();
        assert_eq!(names, ["a", "app", "b"]);
        assert_eq!(Lock::parse("version = 9"), None);
        assert_eq!(Lock::parse("[["), None);
    }

    #[test]
    fn two_versions_of_a_name_are_told_apart_after_a_merge() {
        let one = "version = 4\n\n[[package]]\nname = \"a\"\nversion = \"1.0.0\"\n\n[[package]]\nname = \"b\"\nversion = \"1.0.0\"\ndependencies = [\n \"a\",\n]\n";
        let two = one
            .replace("name = \"a\"\nversion = \"1.0.0\"", "name = \"a\"\nversion = \"2.0.0\"")
            .replace("name = \"b\"", "name = \"c\"");
        let mut lock = Lock::parse(one).expect("a lock");
        assert_eq!(lock.merge(&Lock::parse(&two).expect("a lock")), 2);
        let text = lock.encode();
        assert!(text.contains(" \"a 1.0.0\",") && text.contains(" \"a 2.0.0\","), "{text}");
        assert_eq!(lock.merge(&Lock::parse(one).expect("a lock")), 0);
    }
}
