//! Which packages the workflow's library is linked with, under which names and with which features: what cargo resolves, for packages that are read.
//!
//! Features are those of a build of the generated application: it asks for the workflow's default ones, and nothing else asks for any.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use bp_diag::{Diagnostics, SourceMap, Span, catalog::workflow as codes};
use bp_system::System;
use camino::{Utf8Path, Utf8PathBuf};

use crate::manifest::{Dependency, Manifest, Manifests, Source};
use crate::model::ExternalModel;
use crate::source::{display_path, normal};
use crate::tree::{CrateId, Extern, Unlinked, Why};

/// A package that is linked.
#[derive(Debug)]
pub(crate) struct Package {
    pub(crate) dir: Utf8PathBuf,
    pub(crate) manifest: Manifest,
    pub(crate) features: BTreeSet<String>,
    /// Which of its dependencies are linked, and what each leads to.
    links: BTreeMap<usize, Link>,
    /// What dependencies that may still be linked are asked for.
    waiting: BTreeMap<String, BTreeSet<String>>,
    pub(crate) externs: BTreeMap<String, Extern>,
    pub(crate) unlinked: BTreeMap<String, Unlinked>,
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
enum Task {
    /// A feature of a package, for the line that asks.
    Feature(usize, String, Option<Span>),
    /// A dependency of a package.
    Dependency(usize, usize),
}

struct Resolver<'a> {
    manifests: Manifests<'a>,
    all: Vec<Package>,
    /// Packages by absolute folder, so that two that depend on a third share it; those that cannot be read too.
    known: BTreeMap<Utf8PathBuf, Option<usize>>,
    tasks: VecDeque<Task>,
}

/// Reads the manifest in `dir` and those of the packages that it is linked with.
pub(crate) fn resolve(
    system: &dyn System,
    sources: &mut SourceMap,
    dir: &Utf8Path,
    diagnostics: &mut Diagnostics,
) -> Packages {
    let mut resolver = Resolver {
        manifests: Manifests::new(system, sources, diagnostics),
        all: Vec::new(),
        known: BTreeMap::new(),
        tasks: VecDeque::new(),
    };
    let Some(first) = resolver.package(dir, None) else { return Packages::default() };
    resolver.manifests.check_replaced(dir);
    resolver.tasks.push_back(Task::Feature(first, "default".to_owned(), None));
    while let Some(task) = resolver.tasks.pop_front() {
        match task {
            Task::Feature(package, name, asked) => resolver.feature(package, &name, asked),
            Task::Dependency(package, index) => resolver.dependency(package, index),
        }
    }
    resolver.finish()
}

impl Resolver<'_> {
    /// The package in a folder; `asked` is the line that depends on it.
    fn package(&mut self, dir: &Utf8Path, asked: Option<Span>) -> Option<usize> {
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
                self.tasks.push_back(Task::Dependency(id, index));
            }
        }
        self.all.push(Package {
            dir: dir.to_owned(),
            manifest,
            features: BTreeSet::new(),
            links: BTreeMap::new(),
            waiting: BTreeMap::new(),
            externs: BTreeMap::new(),
            unlinked: BTreeMap::new(),
        });
        self.known.insert(at, Some(id));
        Some(id)
    }

    /// Turns a dependency on.
    fn dependency(&mut self, package: usize, index: usize) {
        let Some(from) = self.all.get_mut(package) else { return };
        let Some(dependency) = from.manifest.dependencies.get(index).cloned() else { return };
        if from.links.contains_key(&index) {
            return;
        }
        from.links.insert(index, Link::Unread);
        let waiting = from.waiting.get(&dependency.key).cloned().unwrap_or_default();
        let Source::Path(dir) = &dependency.source else { return };
        let Some(to) = self.path_dependency(&dependency, dir) else { return };
        if let Some(from) = self.all.get_mut(package) {
            from.links.insert(index, Link::Package(to));
        }
        let asked = Some(dependency.span);
        if dependency.default_features {
            self.tasks.push_back(Task::Feature(to, "default".to_owned(), asked));
        }
        for name in dependency.features.into_iter().chain(waiting) {
            self.tasks.push_back(Task::Feature(to, name, asked));
        }
    }

    fn path_dependency(&mut self, dependency: &Dependency, dir: &Utf8Path) -> Option<usize> {
        let Dependency { span, key, package, .. } = dependency;
        if self.manifests.system.kind(&dir.join("Cargo.toml")).is_none() {
            let shown = display_path(self.manifests.system, dir);
            self.manifests.diagnostics.push(codes::dependency_missing(*span, key, &shown));
            return None;
        }
        let id = self.package(dir, Some(*span))?;
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
            let root = display_path(self.manifests.system, &normal(&dir.join("src/lib.rs")));
            let span = Some(*span);
            self.manifests
                .diagnostics
                .push(codes::library_missing(span, found.span, package, &root));
            return None;
        }
        Some(id)
    }

    /// Turns a feature on, and what it names.
    fn feature(&mut self, package: usize, name: &str, asked: Option<Span>) {
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
                self.turn_on(package, key);
            } else if let Some((key, feature)) = value.split_once('/') {
                self.feature_of(package, key, feature);
            } else {
                self.tasks.push_back(Task::Feature(package, value, None));
            }
        }
    }

    /// `key/feature`, or `key?/feature`, which does not turn the dependency on.
    fn feature_of(&mut self, package: usize, key: &str, feature: &str) {
        let (key, weak) = match key.strip_suffix('?') {
            Some(key) => (key, true),
            None => (key, false),
        };
        let Some(from) = self.all.get_mut(package) else { return };
        from.waiting.entry(key.to_owned()).or_default().insert(feature.to_owned());
        // Those that are linked already are asked now.
        for (index, link) in &from.links {
            let Some(dependency) = from.manifest.dependencies.get(*index) else { continue };
            if let (true, Link::Package(to)) = (dependency.key == key, link) {
                let asked = Some(dependency.span);
                self.tasks.push_back(Task::Feature(*to, feature.to_owned(), asked));
            }
        }
        if !weak {
            let optional = from.manifest.dependencies.iter().any(|d| d.key == key && d.optional);
            let named = from.manifest.features.contains_key(key) || from.manifest.is_implied(key);
            if optional && named {
                self.tasks.push_back(Task::Feature(package, key.to_owned(), None));
            }
            self.turn_on(package, key);
        }
    }

    /// Turns on what a key of `[dependencies]` names.
    fn turn_on(&mut self, package: usize, key: &str) {
        let Some(from) = self.all.get(package) else { return };
        for (index, dependency) in from.manifest.dependencies.iter().enumerate() {
            if dependency.key == key {
                self.tasks.push_back(Task::Dependency(package, index));
            }
        }
    }

    /// Gives each package the names that its code sees.
    fn finish(mut self) -> Packages {
        let (mut externals, mut twice) = (BTreeMap::new(), Vec::new());
        let names: Vec<String> = self.all.iter().map(|p| p.manifest.name.clone()).collect();
        for package in &mut self.all {
            let mut seen: BTreeMap<String, &Dependency> = BTreeMap::new();
            for (index, link) in &package.links {
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
                if !package.links.contains_key(&index) {
                    let reason = Unlinked { span: dependency.span, why: Why::Optional };
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
