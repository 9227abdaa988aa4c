//! Which packages the workflow's library is linked with, under which names and with which features: what cargo resolves, for packages that are read.
//!
//! Features are those of a build of the generated application: it asks for the workflow's default ones, and nothing else asks for any.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use bp_diag::{Diagnostics, SourceMap, Span, catalog::workflow as codes};
use bp_system::System;
use camino::{Utf8Path, Utf8PathBuf};

use crate::manifest::{Dependency, Manifest, Manifests, Source};
use crate::model::ExternalModel;
use crate::source::{display_path, normalize};
use crate::tree::{CrateId, Extern, UnlinkedCrate, UnlinkedReason};

/// A package that is linked.
#[derive(Debug)]
pub(crate) struct Package {
    pub(crate) dir: Utf8PathBuf,
    pub(crate) manifest: Manifest,
    pub(crate) features: BTreeSet<String>,
    /// Which of its dependencies are linked, and what each leads to.
    linked: BTreeMap<usize, Link>,
    /// What dependencies that may still be linked are asked for.
    requested_features: BTreeMap<String, BTreeSet<String>>,
    pub(crate) externs: BTreeMap<String, Extern>,
    pub(crate) unlinked: BTreeMap<String, UnlinkedCrate>,
}

#[derive(Debug, Clone, Copy)]
enum Link {
    Package(usize),
    /// It is not read, or cannot be.
    Unread,
}

/// All packages, the workflow first.
#[derive(Debug, Default)]
pub(crate) struct Packages {
    pub(crate) all: Vec<Package>,
    pub(crate) externals: BTreeMap<String, ExternalModel>,
}

/// Something to turn on.
#[derive(Debug)]
enum EnableTask {
    /// A feature of a package, for the line that asks.
    Feature(usize, String, Option<Span>),
    /// A dependency of a package.
    Dependency(usize, usize),
}

struct PackageResolver<'a> {
    manifests: Manifests<'a>,
    all: Vec<Package>,
    /// Packages by absolute folder, so that two that depend on a third share it; those that cannot be read too.
    known: BTreeMap<Utf8PathBuf, Option<usize>>,
    tasks: VecDeque<EnableTask>,
}

/// Reads the manifest in `dir` and those of the packages that it is linked with.
pub(crate) fn resolve_packages(
    system: &dyn System,
    sources: &mut SourceMap,
    dir: &Utf8Path,
    diagnostics: &mut Diagnostics,
) -> Packages {
    let mut resolver = PackageResolver {
        manifests: Manifests::new(system, sources, diagnostics),
        all: Vec::new(),
        known: BTreeMap::new(),
        tasks: VecDeque::new(),
    };
    let Some(first) = resolver.add_package(dir, None) else { return Packages::default() };
    resolver.manifests.check_replaced(dir);
    resolver.tasks.push_back(EnableTask::Feature(first, "default".to_owned(), None));
    while let Some(task) = resolver.tasks.pop_front() {
        match task {
            EnableTask::Feature(package, name, asked) => {
                resolver.enable_feature(package, &name, asked);
            }
            EnableTask::Dependency(package, index) => resolver.enable_dependency(package, index),
        }
    }
    resolver.finish()
}

impl PackageResolver<'_> {
    /// The package in a folder; `asked` is the line that depends on it.
    fn add_package(&mut self, dir: &Utf8Path, asked: Option<Span>) -> Option<usize> {
        let at = self.manifests.absolute(dir);
        if let Some(known) = self.known.get(&at) {
            return *known;
        }
        self.known.insert(at.clone(), None);
        let manifest = self.manifests.read(dir, asked)?;
        // Macros and what they are linked with are of the machine that compiles: nothing of them is seen.
        if manifest.proc_macro && asked.is_some() {
            return None;
        }
        let id = self.all.len();
        for (index, dependency) in manifest.dependencies.iter().enumerate() {
            if !dependency.optional {
                self.tasks.push_back(EnableTask::Dependency(id, index));
            }
        }
        self.all.push(Package {
            dir: dir.to_owned(),
            manifest,
            features: BTreeSet::new(),
            linked: BTreeMap::new(),
            requested_features: BTreeMap::new(),
            externs: BTreeMap::new(),
            unlinked: BTreeMap::new(),
        });
        self.known.insert(at, Some(id));
        Some(id)
    }

    /// Turns a dependency on.
    fn enable_dependency(&mut self, package: usize, index: usize) {
        let Some(from) = self.all.get_mut(package) else { return };
        let Some(dependency) = from.manifest.dependencies.get(index).cloned() else { return };
        if from.linked.contains_key(&index) {
            return;
        }
        from.linked.insert(index, Link::Unread);
        let requested_features =
            from.requested_features.get(&dependency.key).cloned().unwrap_or_default();
        let Source::Path(dir) = &dependency.source else { return };
        let Some(to) = self.add_path_dependency(&dependency, dir) else { return };
        if let Some(from) = self.all.get_mut(package) {
            from.linked.insert(index, Link::Package(to));
        }
        let asked = Some(dependency.span);
        if dependency.default_features {
            self.tasks.push_back(EnableTask::Feature(to, "default".to_owned(), asked));
        }
        for name in dependency.features.into_iter().chain(requested_features) {
            self.tasks.push_back(EnableTask::Feature(to, name, asked));
        }
    }

    fn add_path_dependency(&mut self, dependency: &Dependency, dir: &Utf8Path) -> Option<usize> {
        let Dependency { span, key, package, .. } = dependency;
        if self.manifests.system.kind(&dir.join("Cargo.toml")).is_none() {
            let shown = display_path(self.manifests.system, dir);
            self.manifests.diagnostics.push(codes::dependency_missing(*span, key, &shown));
            return None;
        }
        let id = self.add_package(dir, Some(*span))?;
        let found = &self.all.get(id)?.manifest;
        if found.package != *package {
            self.manifests.diagnostics.push(codes::dependency_of_another_name(
                *span,
                found.span,
                key,
                &found.package,
            ));
            return None;
        }
        if found.root.is_none() {
            let root = display_path(self.manifests.system, &normalize(&dir.join("src/lib.rs")));
            let span = Some(*span);
            self.manifests
                .diagnostics
                .push(codes::library_missing(span, found.span, package, &root));
            return None;
        }
        Some(id)
    }

    /// Turns a feature on, and what it names.
    fn enable_feature(&mut self, package: usize, name: &str, asked: Option<Span>) {
        let Some(at) = self.all.get_mut(package) else { return };
        if at.features.contains(name) {
            return;
        }
        let values = match at.manifest.features.get(name) {
            Some(values) => values.clone(),
            None if at.manifest.is_implied(name) => vec![format!("dep:{name}")],
            None => {
                if let (true, Some(asked)) = (name != "default", asked) {
                    let package = at.manifest.package.clone();
                    self.manifests.diagnostics.push(codes::feature_unknown(asked, &package, name));
                }
                return;
            }
        };
        at.features.insert(name.to_owned());
        for value in values {
            if let Some(key) = value.strip_prefix("dep:") {
                self.enable_key(package, key);
            } else if let Some((key, feature)) = value.split_once('/') {
                self.enable_dependency_feature(package, key, feature);
            } else {
                self.tasks.push_back(EnableTask::Feature(package, value, None));
            }
        }
    }

    /// `key/feature`, or `key?/feature`, which does not turn the dependency on.
    fn enable_dependency_feature(&mut self, package: usize, key: &str, feature: &str) {
        let (key, weak) = match key.strip_suffix('?') {
            Some(key) => (key, true),
            None => (key, false),
        };
        let Some(from) = self.all.get_mut(package) else { return };
        from.requested_features.entry(key.to_owned()).or_default().insert(feature.to_owned());
        // Those that are linked already are asked now.
        for (index, link) in &from.linked {
            let Some(dependency) = from.manifest.dependencies.get(*index) else { continue };
            if let (true, Link::Package(to)) = (dependency.key == key, link) {
                let asked = Some(dependency.span);
                self.tasks.push_back(EnableTask::Feature(*to, feature.to_owned(), asked));
            }
        }
        if !weak {
            let optional = from.manifest.dependencies.iter().any(|d| d.key == key && d.optional);
            let named = from.manifest.features.contains_key(key) || from.manifest.is_implied(key);
            if optional && named {
                self.tasks.push_back(EnableTask::Feature(package, key.to_owned(), None));
            }
            self.enable_key(package, key);
        }
    }

    /// Turns on what a key of `[dependencies]` names.
    fn enable_key(&mut self, package: usize, key: &str) {
        let Some(from) = self.all.get(package) else { return };
        for (index, dependency) in from.manifest.dependencies.iter().enumerate() {
            if dependency.key == key {
                self.tasks.push_back(EnableTask::Dependency(package, index));
            }
        }
    }

    /// Gives each package the names that its code sees.
    fn finish(mut self) -> Packages {
        let (mut externals, mut twice) = (BTreeMap::new(), Vec::new());
        let names: Vec<String> = self.all.iter().map(|p| p.manifest.name.clone()).collect();
        for package in &mut self.all {
            let mut seen: BTreeMap<String, &Dependency> = BTreeMap::new();
            for (index, link) in &package.linked {
                let Some(dependency) = package.manifest.dependencies.get(*index) else { continue };
                let canonical = dependency.package.replace('-', "_");
                let named = match link {
                    _ if dependency.renamed => None,
                    Link::Package(to) => names.get(*to).cloned(),
                    Link::Unread => None,
                };
                let name = named.unwrap_or_else(|| dependency.key.replace('-', "_"));
                let target = match (&dependency.source, link) {
                    (Source::Runtime, _) => Extern::Runtime(canonical),
                    (_, Link::Package(to)) => Extern::Read(CrateId(*to)),
                    (Source::Other(requirement), _) => {
                        externals.entry(canonical.clone()).or_insert_with(|| ExternalModel {
                            package: dependency.package.clone(),
                            requirement: requirement.clone(),
                        });
                        Extern::Other(canonical)
                    }
                    (Source::Path(_), Link::Unread) => Extern::Other(canonical),
                };
                match seen.get(&name) {
                    Some(first) if first.package != dependency.package => {
                        let sources = [dependency.package.as_str(), first.package.as_str()];
                        let (span, first) = (dependency.span, first.span);
                        twice.push(codes::crate_named_twice(span, first, &name, sources));
                    }
                    Some(_) => {}
                    None => drop(seen.insert(name.clone(), dependency)),
                }
                package.externs.entry(name).or_insert(target);
            }
            let mut unlinked = BTreeMap::new();
            for (index, dependency) in package.manifest.dependencies.iter().enumerate() {
                if !package.linked.contains_key(&index) {
                    let reason =
                        UnlinkedCrate { span: dependency.span, why: UnlinkedReason::Optional };
                    unlinked.insert(dependency.key.replace('-', "_"), reason);
                }
            }
            unlinked.extend(std::mem::take(&mut package.manifest.unlinked));
            unlinked.retain(|name, _| !package.externs.contains_key(name));
            package.unlinked = unlinked;
        }
        self.manifests.diagnostics.extend(twice);
        Packages { all: self.all, externals }
    }
}
