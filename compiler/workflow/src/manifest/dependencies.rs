//! Dependencies: those of the library, in every form that cargo takes.

use std::collections::{BTreeMap, BTreeSet};

use bp_diag::{Span, catalog::workflow as codes};
use camino::Utf8PathBuf;
use toml::de::{DeTable, DeValue};

use super::requirement::{inline, with_features};
use super::{Inherits, Manifests, Place, Value};
use crate::source::{Cfg, normal};
use crate::tree::{Unlinked, Why};

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

/// A dependency, without what only a package of its own says.
#[derive(Debug, Clone)]
pub(super) struct Written {
    dependency: Dependency,
    default_features: Option<bool>,
}

/// The packages of the runtime: their items are known by name.
fn is_runtime(package: &str) -> bool {
    matches!(package, "bp-std" | "bp-data" | "bp-macros" | "bp-runtime" | "bp-backend")
}

impl Manifests<'_> {
    /// `[dependencies]`, and those of targets that the workflow is read for; then what is mentioned elsewhere.
    pub(super) fn dependencies(
        &mut self,
        package: Inherits<'_, '_>,
    ) -> (Vec<Dependency>, BTreeMap<String, Unlinked>) {
        let Inherits { place, table, .. } = package;
        let mut found = Vec::new();
        let mut unlinked = BTreeMap::new();
        if let Some(list) = self.table(place, table, "dependencies") {
            self.list(package, list, None, &mut found);
        }
        others(place, table, &mut unlinked);
        for (key, value) in self.table(place, table, "target").into_iter().flatten() {
            let span = place.span(key);
            let Some(target) = value.get_ref().as_table() else { continue };
            others(place, target, &mut unlinked);
            let Some(list) = self.table(place, target, "dependencies") else { continue };
            let Some(condition) = Cfg::of_target(key.get_ref()) else {
                self.wrong(
                    span,
                    &format!("`{}` is no condition on a target", key.get_ref()),
                    "write `[target.'cfg(unix)'.dependencies]`",
                );
                continue;
            };
            // A table of a target is never for tests, and features do not choose it.
            match condition.holds(&BTreeSet::new()) {
                Some(true) => self.list(package, list, None, &mut found),
                Some(false) => mention(place, list, Why::Target, &mut unlinked),
                None => self.list(package, list, Some(span), &mut found),
            }
        }
        (found, unlinked)
    }

    /// Reads one table; `open` is the condition that builds differ in, if there is one.
    fn list(
        &mut self,
        package: Inherits<'_, '_>,
        list: &DeTable<'_>,
        open: Option<Span>,
        found: &mut Vec<Dependency>,
    ) {
        for (key, value) in list {
            let name = key.get_ref().to_string();
            let span = package.place.span(key);
            let Some(dependency) = self.dependency(package, &name, span, value) else { continue };
            if let (Some(target), Source::Path(_)) = (open, &dependency.source) {
                self.diagnostics.push(codes::dependency_undecided(target, span, &dependency.key));
            }
            found.push(dependency);
        }
    }

    fn dependency(
        &mut self,
        package: Inherits<'_, '_>,
        name: &str,
        span: Span,
        value: &Value<'_>,
    ) -> Option<Dependency> {
        let place = package.place;
        let own = self.written(place, name, span, value)?;
        let keys = value.get_ref().as_table();
        let optional = keys.and_then(|k| self.flag(place, k, "optional")) == Some(true);
        let inherits = keys.and_then(|k| k.get("workspace"));
        let Some(inherits) = inherits else {
            return Some(Dependency { optional, ..own.dependency });
        };
        if inherits.get_ref().as_bool() != Some(true) {
            let help = format!("write `{name}.workspace = true`, or a `path` or `version`");
            self.wrong(place.span(inherits), "`workspace` can only be true", &help);
            return None;
        }
        let workspace = self.workspace(package, span, name)?;
        let Some(given) = workspace.dependencies.get(name) else {
            let help =
                format!("add `{name}` to `[workspace.dependencies]` of `{}`", workspace.shown);
            self.wrong(span, &format!("`{name}` is no dependency of the workspace"), &help);
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

    /// What one line says by itself.
    pub(super) fn written(
        &mut self,
        place: Place<'_>,
        name: &str,
        span: Span,
        value: &Value<'_>,
    ) -> Option<Written> {
        let keys = match value.get_ref() {
            DeValue::Table(keys) => Some(keys),
            DeValue::String(_) => None,
            _ => {
                self.wrong(
                    place.span(value),
                    &format!("dependency `{name}` is a version or a table"),
                    &format!("write `{name} = {{ path = \"…\" }}` or `{name} = \"1\"`"),
                );
                return None;
            }
        };
        let package = keys.and_then(|k| self.text(place, k, "package")).map(|(p, _)| p);
        let path = keys.and_then(|k| self.text(place, k, "path")).map(|(p, _)| p);
        let features = keys.and_then(|k| k.get("features"));
        let features = features.map(|f| self.texts(place, f, "features")).unwrap_or_default();
        let default_features = ["default-features", "default_features"]
            .iter()
            .find_map(|key| keys.and_then(|k| self.flag(place, k, key)));
        let renamed = package.is_some();
        let package = package.unwrap_or_else(|| name.to_owned());
        let source = match path {
            _ if is_runtime(&package) => Source::Runtime,
            Some(path) => Source::Path(normal(&place.dir.join(path))),
            None => Source::Other(inline(value.get_ref())),
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
        Some(Written { dependency, default_features })
    }
}

/// What a manifest, or a target of it, mentions for tests and for its build script.
fn others(place: Place<'_>, table: &DeTable<'_>, unlinked: &mut BTreeMap<String, Unlinked>) {
    for (key, why) in [
        ("dev-dependencies", Why::Tests),
        ("dev_dependencies", Why::Tests),
        ("build-dependencies", Why::BuildScript),
        ("build_dependencies", Why::BuildScript),
    ] {
        if let Some(list) = table.get(key).and_then(|t| t.get_ref().as_table()) {
            mention(place, list, why, unlinked);
        }
    }
}

fn mention(
    place: Place<'_>,
    list: &DeTable<'_>,
    why: Why,
    unlinked: &mut BTreeMap<String, Unlinked>,
) {
    for (key, _) in list {
        let name = key.get_ref().replace('-', "_");
        unlinked.entry(name).or_insert(Unlinked { span: place.span(key), why });
    }
}
