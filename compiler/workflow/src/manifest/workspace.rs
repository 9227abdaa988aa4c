//! The workspace that a package belongs to, and what the package inherits from it.

use std::collections::BTreeMap;
use std::rc::Rc;

use bp_diag::{Span, catalog::workflow as codes};
use camino::{Utf8Path, Utf8PathBuf};
use toml::de::DeTable;

use super::dependencies::DeclaredDependency;
use super::{InheritingPackage, ManifestPlace, Manifests};
use crate::source::{display_path, normalize};

/// The root of a workspace.
#[derive(Debug)]
pub(super) struct Workspace {
    /// Its Cargo.toml as messages show it.
    pub(super) shown: String,
    /// The folder, absolute.
    dir: Utf8PathBuf,
    /// `[workspace.dependencies]`
    pub(super) dependencies: BTreeMap<String, DeclaredDependency>,
    /// `[workspace.package]`, texts alone.
    package: BTreeMap<String, String>,
    members: Vec<String>,
    exclude: Vec<String>,
    /// Tables that replace packages of every member, with what each replaces.
    replaced: Vec<(String, Span)>,
}

impl Manifests<'_> {
    /// A text of `[package]`, its own or its workspace's.
    pub(super) fn read_inherited(
        &mut self,
        from: InheritingPackage<'_, '_>,
        key: &str,
    ) -> Option<String> {
        let value = from.package.get(key)?;
        let Some(inherits) = value.get_ref().get("workspace") else {
            return self.get_text(from.place, from.package, key).map(|(text, _)| text);
        };
        let span = from.place.span(value);
        if inherits.get_ref().as_bool() != Some(true) {
            let help = format!("write `{key}.workspace = true`, or `{key} = \"…\"`");
            self.report(from.place.span(inherits), "`workspace` can only be `true`", &help);
            return None;
        }
        let workspace = self.require_workspace(from, span, key)?;
        let found = workspace.package.get(key).cloned();
        if found.is_none() {
            self.report(
                span,
                &format!("the workspace has no `{key}` to inherit"),
                &format!("add `{key} = \"…\"` to `[workspace.package]` of `{}`", workspace.shown),
            );
        }
        found
    }

    /// The workspace of a package that inherits `what` at `span`; it is reported if there is none.
    pub(super) fn require_workspace(
        &mut self,
        package: InheritingPackage<'_, '_>,
        span: Span,
        what: &str,
    ) -> Option<Rc<Workspace>> {
        let found = self.find_workspace(package);
        if found.is_none() {
            self.diagnostics.push(codes::workspace_missing(span, what));
        }
        found
    }

    /// Reports what the package's workspace replaces, because it is not replaced in what `bp` builds.
    pub(crate) fn check_replaced(&mut self, dir: &Utf8Path) {
        let Some((file, text)) = self.load(&dir.join("Cargo.toml"), None) else { return };
        let Ok(table) = DeTable::parse(&text) else { return };
        let table = table.into_inner();
        let Some(package) = table.get("package").and_then(|p| p.get_ref().as_table()) else {
            return;
        };
        let place = ManifestPlace { file, dir };
        let replaced =
            match self.find_workspace(InheritingPackage { place, package, table: &table }) {
                Some(workspace) => workspace.replaced.clone(),
                None => find_replaced(place, &table),
            };
        for (name, span) in replaced {
            self.diagnostics.push(codes::dependency_replaced(span, &name));
        }
    }

    /// As cargo looks for it: the package itself, what `package.workspace` names, or the nearest root above that does not exclude it.
    fn find_workspace(&mut self, package: InheritingPackage<'_, '_>) -> Option<Rc<Workspace>> {
        let dir = package.place.dir;
        if package.table.contains_key("workspace") {
            return self.workspace_at(dir);
        }
        if let Some(named) = package.package.get("workspace").and_then(|w| w.get_ref().as_str()) {
            return self.workspace_at(&normalize(&dir.join(named)));
        }
        let absolute = self.absolute(dir);
        // What is inherited is relative to the working directory where the package is, as other paths are.
        let mut above = dir.to_owned();
        for _ in absolute.ancestors().skip(1) {
            above = normalize(&above.join(".."));
            if let Some(found) = self.workspace_at(&above)
                && !found.excludes(&absolute)
            {
                return Some(found);
            }
        }
        None
    }

    /// The workspace whose root is in a folder.
    fn workspace_at(&mut self, dir: &Utf8Path) -> Option<Rc<Workspace>> {
        let key = self.absolute(dir);
        if let Some(known) = self.workspaces.get(&key) {
            return known.clone();
        }
        // Roots that name each other are not workspaces.
        self.workspaces.insert(key.clone(), None);
        let found = self.read_workspace(dir);
        self.workspaces.insert(key, found.clone());
        found
    }

    fn read_workspace(&mut self, dir: &Utf8Path) -> Option<Rc<Workspace>> {
        let path = dir.join("Cargo.toml");
        let bytes = self.system.read(&path).ok()?;
        // Most Cargo.toml files above a package describe no workspace, and faults in them do not concern the package.
        if !String::from_utf8_lossy(&bytes).contains("workspace") {
            return None;
        }
        let (file, text) = self.load(&path, None)?;
        let table = self.parse(file, &text)?;
        let place = ManifestPlace { file, dir };
        let Some(value) = table.get("workspace") else {
            // A member further in may name the root of both.
            let package = table.get("package")?.get_ref().as_table()?;
            let named = package.get("workspace")?.get_ref().as_str()?;
            return self.workspace_at(&normalize(&dir.join(named)));
        };
        let workspace = value.get_ref().as_table()?;
        let mut dependencies = BTreeMap::new();
        for (key, value) in self.get_table(place, workspace, "dependencies").into_iter().flatten() {
            let name = key.get_ref().to_string();
            if let Some(written) = self.read_declaration(place, &name, place.span(key), value) {
                dependencies.insert(name, written);
            }
        }
        let mut package = BTreeMap::new();
        for (key, value) in self.get_table(place, workspace, "package").into_iter().flatten() {
            if let Some(text) = value.get_ref().as_str() {
                package.insert(key.get_ref().to_string(), text.to_owned());
            }
        }
        let mut folders = |key: &str| {
            workspace.get(key).map(|v| self.get_texts(place, v, key)).unwrap_or_default()
        };
        Some(Rc::new(Workspace {
            members: folders("members"),
            exclude: folders("exclude"),
            shown: display_path(self.system, &path),
            dir: self.absolute(dir),
            dependencies,
            package,
            replaced: find_replaced(place, &table),
        }))
    }
}

impl Workspace {
    /// Whether a folder lies below one that `exclude` names, and below none that `members` names.
    fn excludes(&self, dir: &Utf8Path) -> bool {
        let below =
            |list: &[String]| list.iter().any(|p| dir.starts_with(normalize(&self.dir.join(p))));
        below(&self.exclude) && !below(&self.members)
    }
}

/// What `[patch]` and `[replace]` put in the place of something else.
fn find_replaced(place: ManifestPlace<'_>, table: &DeTable<'_>) -> Vec<(String, Span)> {
    let inside = |key: &str| table.get(key).and_then(|t| t.get_ref().as_table());
    let patches = inside("patch").into_iter().flatten();
    let patches = patches.filter_map(|(_, source)| source.get_ref().as_table()).flatten();
    let all = patches.chain(inside("replace").into_iter().flatten());
    all.map(|(key, _)| (key.get_ref().to_string(), place.span(key))).collect()
}
