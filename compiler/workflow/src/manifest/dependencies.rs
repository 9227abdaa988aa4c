//! Dependencies: those of the library, in every form that cargo takes.

use std::collections::{BTreeMap, BTreeSet};

use bp_contract::is_runtime_package;
use bp_diag::{Span, catalog::workflow as codes};
use camino::Utf8PathBuf;
use toml::de::{DeTable, DeValue};

use super::requirement::{inline_toml, with_features};
use super::{InheritingPackage, ManifestPlace, Manifests, Value};
use crate::source::{Cfg, normalize};
use crate::tree::{UnlinkedCrate, UnlinkedReason};

/// A dependency of a package.
#[derive(Debug, Clone)]
pub(crate) struct Dependency {
    /// As it is written, which `[features]` refers to.
    pub(crate) key: String,
    pub(crate) package: String,
    /// Whether Rust code uses the key, and not the library's own name.
    pub(crate) renamed: bool,
    pub(crate) span: Span,
    pub(crate) source: Source,
    pub(crate) optional: bool,
    pub(crate) default_features: bool,
    pub(crate) features: Vec<String>,
}

/// Where a dependency comes from.
#[derive(Debug, Clone)]
pub(crate) enum Source {
    /// A folder, which is read.
    Path(Utf8PathBuf),
    /// The runtime, which is not.
    Runtime,
    /// A registry or git, with the requirement as inline TOML.
    Other(String),
}

/// A dependency as one line declares it, without `optional` and before anything is inherited.
#[derive(Debug, Clone)]
pub(super) struct DeclaredDependency {
    dependency: Dependency,
    default_features: Option<bool>,
}

impl Manifests<'_> {
    /// `[dependencies]`, and those of targets that the workflow is read for; then what is mentioned elsewhere.
    pub(super) fn read_dependencies(
        &mut self,
        package: InheritingPackage<'_, '_>,
    ) -> (Vec<Dependency>, BTreeMap<String, UnlinkedCrate>) {
        let InheritingPackage { place, table, .. } = package;
        let mut found = Vec::new();
        let mut unlinked = BTreeMap::new();
        if let Some(list) = self.get_table(place, table, "dependencies") {
            self.read_dependency_table(package, list, None, &mut found);
        }
        collect_unlinked(place, table, &mut unlinked);
        for (key, value) in self.get_table(place, table, "target").into_iter().flatten() {
            let span = place.span(key);
            let Some(target) = value.get_ref().as_table() else { continue };
            collect_unlinked(place, target, &mut unlinked);
            let Some(list) = self.get_table(place, target, "dependencies") else { continue };
            let Some(condition) = Cfg::of_target(key.get_ref()) else {
                self.report(
                    span,
                    &format!("`{}` is not a condition on a target", key.get_ref()),
                    "write `[target.'cfg(unix)'.dependencies]`",
                );
                continue;
            };
            // A table of a target is never for tests, and features do not choose it.
            match condition.holds(&BTreeSet::new()) {
                Some(true) => self.read_dependency_table(package, list, None, &mut found),
                Some(false) => {
                    add_unlinked(place, list, UnlinkedReason::OtherTarget, &mut unlinked);
                }
                None => self.read_dependency_table(package, list, Some(span), &mut found),
            }
        }
        (found, unlinked)
    }

    /// Reads one table; `undecided` is the condition that builds differ in, if there is one.
    fn read_dependency_table(
        &mut self,
        package: InheritingPackage<'_, '_>,
        list: &DeTable<'_>,
        open: Option<Span>,
        found: &mut Vec<Dependency>,
    ) {
        for (key, value) in list {
            let name = key.get_ref().to_string();
            let span = package.place.span(key);
            let Some(dependency) = self.read_dependency(package, &name, span, value) else {
                continue;
            };
            if let (Some(target), Source::Path(_)) = (open, &dependency.source) {
                self.diagnostics.push(codes::dependency_undecided(target, span, &dependency.key));
            }
            found.push(dependency);
        }
    }

    fn read_dependency(
        &mut self,
        package: InheritingPackage<'_, '_>,
        name: &str,
        span: Span,
        value: &Value<'_>,
    ) -> Option<Dependency> {
        let place = package.place;
        let own = self.read_declaration(place, name, span, value)?;
        let keys = value.get_ref().as_table();
        let optional = keys.and_then(|k| self.get_flag(place, k, "optional")) == Some(true);
        let inherits = keys.and_then(|k| k.get("workspace"));
        let Some(inherits) = inherits else {
            return Some(Dependency { optional, ..own.dependency });
        };
        if inherits.get_ref().as_bool() != Some(true) {
            let help = format!("write `{name}.workspace = true`, or a `path` or `version`");
            self.report(place.span(inherits), "`workspace` can only be `true`", &help);
            return None;
        }
        let workspace = self.require_workspace(package, span, name)?;
        let Some(given) = workspace.dependencies.get(name) else {
            let help =
                format!("add `{name}` to `[workspace.dependencies]` of `{}`", workspace.shown);
            self.report(span, &format!("`{name}` is not a dependency of the workspace"), &help);
            return None;
        };
        let mut dependency = given.dependency.clone();
        if let Source::Other(text) = &mut dependency.source {
            *text = with_features(text, &own.dependency.features);
        }
        dependency.features.extend(own.dependency.features);
        // A package cannot turn off what its workspace leaves on.
        let default_features = match (own.default_features, given.default_features) {
            (Some(true), Some(false)) => true,
            (_, given) => given.unwrap_or(true),
        };
        Some(Dependency { span, optional, default_features, ..dependency })
    }

    /// Reads what one line declares.
    pub(super) fn read_declaration(
        &mut self,
        place: ManifestPlace<'_>,
        name: &str,
        span: Span,
        value: &Value<'_>,
    ) -> Option<DeclaredDependency> {
        let keys = match value.get_ref() {
            DeValue::Table(keys) => Some(keys),
            DeValue::String(_) => None,
            _ => {
                self.report(
                    place.span(value),
                    &format!("dependency `{name}` must be a version or a table"),
                    &format!("write `{name} = {{ path = \"…\" }}` or `{name} = \"1\"`"),
                );
                return None;
            }
        };
        let package = keys.and_then(|k| self.get_text(place, k, "package")).map(|(p, _)| p);
        let path = keys.and_then(|k| self.get_text(place, k, "path")).map(|(p, _)| p);
        let features = keys.and_then(|k| k.get("features"));
        let features = features.map(|f| self.get_texts(place, f, "features")).unwrap_or_default();
        let default_features = ["default-features", "default_features"]
            .iter()
            .find_map(|key| keys.and_then(|k| self.get_flag(place, k, key)));
        let renamed = package.is_some();
        let package = package.unwrap_or_else(|| name.to_owned());
        let source = match path {
            // Its items are known by name.
            _ if is_runtime_package(&package) => Source::Runtime,
            Some(path) => Source::Path(normalize(&place.dir.join(path))),
            None => Source::Other(inline_toml(value.get_ref())),
        };
        let dependency = Dependency {
            key: name.to_owned(),
            package,
            renamed,
            span,
            source,
            optional: false,
            default_features: default_features.unwrap_or(true),
            features,
        };
        Some(DeclaredDependency { dependency, default_features })
    }
}

/// What a manifest, or a target of it, mentions for tests and for its build script.
fn collect_unlinked(
    place: ManifestPlace<'_>,
    table: &DeTable<'_>,
    unlinked: &mut BTreeMap<String, UnlinkedCrate>,
) {
    for (key, why) in [
        ("dev-dependencies", UnlinkedReason::TestsOnly),
        ("dev_dependencies", UnlinkedReason::TestsOnly),
        ("build-dependencies", UnlinkedReason::BuildScriptOnly),
        ("build_dependencies", UnlinkedReason::BuildScriptOnly),
    ] {
        if let Some(list) = table.get(key).and_then(|t| t.get_ref().as_table()) {
            add_unlinked(place, list, why, unlinked);
        }
    }
}

fn add_unlinked(
    place: ManifestPlace<'_>,
    list: &DeTable<'_>,
    why: UnlinkedReason,
    unlinked: &mut BTreeMap<String, UnlinkedCrate>,
) {
    for (key, _) in list {
        let name = key.get_ref().replace('-', "_");
        unlinked.entry(name).or_insert(UnlinkedCrate { span: place.span(key), why });
    }
}
