//! What the front end needs of a Cargo.toml, read as cargo reads it: names, the library's root, dependencies, features.

mod dependencies;
mod requirement;
mod workspace;

use std::collections::BTreeMap;
use std::rc::Rc;

use bp_diag::{Diagnostics, FileId, SourceMap, Span, catalog::workflow as codes};
use bp_system::System;
use camino::{Utf8Path, Utf8PathBuf};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::source::{load_text, normalize};
use crate::tree::UnlinkedCrate;
pub(crate) use dependencies::{Dependency, Source};
use workspace::Workspace;

/// A Cargo.toml.
#[derive(Debug)]
pub(crate) struct Manifest {
    pub(crate) file: FileId,
    pub(crate) package: String,
    /// Where it is named.
    pub(crate) span: Span,
    /// The library's name in Rust.
    pub(crate) name: String,
    /// Where that is written: the package's name, unless `[lib]` has one.
    pub(crate) name_span: Span,
    pub(crate) version: Option<String>,
    /// Whether paths are read as before 2018.
    pub(crate) old_paths: bool,
    /// The library's root file, and the line that says so if there is one; `None` where the package has no library.
    pub(crate) root: Option<(Utf8PathBuf, Option<Span>)>,
    pub(crate) proc_macro: bool,
    /// Those that the library sees on some or every machine.
    pub(crate) dependencies: Vec<Dependency>,
    /// Others that it mentions, by the name that code would use.
    pub(crate) unlinked: BTreeMap<String, UnlinkedCrate>,
    /// `[features]`: what each turns on.
    pub(crate) features: BTreeMap<String, Vec<String>>,
}

impl Manifest {
    /// Whether an optional dependency is a feature by itself, which it is unless something says `dep:`.
    pub(crate) fn is_implied(&self, feature: &str) -> bool {
        let named = |value: &String| value.strip_prefix("dep:") == Some(feature);
        self.dependencies.iter().any(|d| d.optional && d.key == feature)
            && !self.features.values().flatten().any(named)
    }
}

/// Reads Cargo.tomls, each file once.
#[derive(Debug)]
pub(crate) struct Manifests<'a> {
    pub(crate) system: &'a dyn System,
    pub(crate) sources: &'a mut SourceMap,
    pub(crate) diagnostics: &'a mut Diagnostics,
    /// What was entered into the sources, by absolute path.
    files: BTreeMap<Utf8PathBuf, (FileId, Rc<str>)>,
    /// Roots of workspaces, by absolute path.
    workspaces: BTreeMap<Utf8PathBuf, Option<Rc<Workspace>>>,
}

/// A text's place, for spans of its values.
#[derive(Debug, Clone, Copy)]
struct ManifestPlace<'a> {
    file: FileId,
    dir: &'a Utf8Path,
}

impl ManifestPlace<'_> {
    fn span<T>(self, value: &Spanned<T>) -> Span {
        let range = value.span();
        Span::new(self.file, range.start, range.end)
    }
}

type Value<'t> = Spanned<DeValue<'t>>;

impl<'a> Manifests<'a> {
    pub(crate) fn new(
        system: &'a dyn System,
        sources: &'a mut SourceMap,
        diagnostics: &'a mut Diagnostics,
    ) -> Self {
        let (files, workspaces) = (BTreeMap::new(), BTreeMap::new());
        Self { system, sources, diagnostics, files, workspaces }
    }

    /// A path that does not depend on the working directory, so that one folder has one.
    pub(crate) fn absolute(&self, path: &Utf8Path) -> Utf8PathBuf {
        match self.system.current_directory() {
            Ok(here) => normalize(&here.join(path)),
            Err(_) => normalize(path),
        }
    }

    /// Reads `dir/Cargo.toml`; `asked` is the line that depends on it, if any.
    pub(crate) fn read(&mut self, dir: &Utf8Path, asked: Option<Span>) -> Option<Manifest> {
        let (file, text) = self.load(&dir.join("Cargo.toml"), asked)?;
        let place = ManifestPlace { file, dir };
        let table = self.parse(file, &text)?;
        let (package, name) = self.read_package(place, &table, &text)?;
        let library = self.get_table(place, &table, "lib");
        let workspace = InheritingPackage { place, package, table: &table };
        let edition = self.read_inherited(workspace, "edition");
        let old_paths = edition.as_deref().is_none_or(|e| e == "2015");
        let version = self.read_inherited(workspace, "version");
        let library_name = library.and_then(|l| self.get_text(place, l, "name"));
        let (library_name, name_span) = library_name.unwrap_or_else(|| name.clone());
        let root = self.find_root(place, (package, library), &library_name, edition.as_deref());
        let proc_macro = ["proc-macro", "proc_macro"]
            .iter()
            .any(|key| library.and_then(|l| self.get_flag(place, l, key)) == Some(true));
        let (dependencies, unlinked) = self.read_dependencies(workspace);
        let features = self.read_features(place, &table);
        Some(Manifest {
            file,
            package: name.0,
            span: name.1,
            name: library_name.replace('-', "_"),
            name_span,
            version,
            old_paths,
            root,
            proc_macro,
            dependencies,
            unlinked,
            features,
        })
    }

    /// The text of a file, a byte order mark aside.
    fn load(&mut self, path: &Utf8Path, asked: Option<Span>) -> Option<(FileId, Rc<str>)> {
        let at = self.absolute(path);
        if let Some((file, text)) = self.files.get(&at) {
            return Some((*file, Rc::clone(text)));
        }
        let (file, text) = load_text(self.system, self.sources, path, asked, self.diagnostics)?;
        let text: Rc<str> = text.into();
        self.files.insert(at, (file, Rc::clone(&text)));
        Some((file, text))
    }

    fn parse<'t>(&mut self, file: FileId, text: &'t str) -> Option<DeTable<'t>> {
        match DeTable::parse(text) {
            Ok(table) => Some(table.into_inner()),
            Err(error) => {
                let range = error.span().unwrap_or(0..0);
                let span = Span::new(file, range.start, range.end);
                self.diagnostics.push(codes::manifest_syntax(span, error.message()));
                None
            }
        }
    }

    /// `[package]`, which old packages call `[project]`, and its name.
    fn read_package<'t, 'd>(
        &mut self,
        place: ManifestPlace<'_>,
        table: &'t DeTable<'d>,
        text: &str,
    ) -> Option<(&'t DeTable<'d>, (String, Span))> {
        let key = if table.contains_key("package") { "package" } else { "project" };
        let package = table.get(key).and_then(|p| p.get_ref().as_table());
        let name = package.and_then(|p| Some((p, p.get("name")?)));
        let Some((package, name)) = name else {
            let start = |header: &str| text.find(header).map(|at| (at, at + header.len()));
            let header = start("[package]").or_else(|| start("[workspace"));
            let header = header.map_or(Span::start_of(place.file), |(from, to)| {
                let to = if package.is_none() { to } else { from + "[package]".len() };
                Span::new(place.file, from, to)
            });
            let (message, help) = if package.is_none() && table.contains_key("workspace") {
                (
                    "this Cargo.toml describes a workspace, not a package",
                    "name the folder of the package, one of the workspace's `members`",
                )
            } else {
                (
                    "this Cargo.toml names no package",
                    "add `[package]` with `name = \"…\"` and `edition = \"2024\"`",
                )
            };
            self.report(header, message, help);
            return None;
        };
        if let Some(given) = name.get_ref().as_str().filter(|n| is_crate_name(n)) {
            return Some((package, (given.to_owned(), place.span(name))));
        }
        self.report(
            place.span(name),
            "a package's name has only letters, digits, `-` and `_`",
            "write `name = \"leaf-workflow\"`",
        );
        None
    }

    /// Where the library begins, by cargo's rules.
    fn find_root(
        &mut self,
        place: ManifestPlace<'_>,
        (package, library): (&DeTable<'_>, Option<&DeTable<'_>>),
        name: &str,
        edition: Option<&str>,
    ) -> Option<(Utf8PathBuf, Option<Span>)> {
        if let Some((path, span)) = library.and_then(|l| self.get_text(place, l, "path")) {
            return Some((normalize(&place.dir.join(path)), Some(span)));
        }
        if library.is_none() && self.get_flag(place, package, "autolib") == Some(false) {
            return None;
        }
        let default_root = normalize(&place.dir.join("src/lib.rs"));
        if self.system.kind(&default_root).is_some() {
            return Some((default_root, None));
        }
        // Packages before 2018 may have a file of the library's name.
        let old = normalize(&place.dir.join(format!("src/{name}.rs")));
        let is_old = edition.is_none_or(|e| e == "2015");
        if library.is_some() && is_old && self.system.kind(&old).is_some() {
            return Some((old, None));
        }
        None
    }

    fn read_features(
        &mut self,
        place: ManifestPlace<'_>,
        table: &DeTable<'_>,
    ) -> BTreeMap<String, Vec<String>> {
        let mut all = BTreeMap::new();
        for (name, value) in self.get_table(place, table, "features").into_iter().flatten() {
            let list = self.get_texts(place, value, name.get_ref());
            all.insert(name.get_ref().to_string(), list);
        }
        all
    }

    fn report(&mut self, span: Span, message: &str, help: &str) {
        self.diagnostics.push(codes::manifest_value(span, message, help));
    }

    /// The table behind a key; anything else there is reported.
    fn get_table<'t, 'd>(
        &mut self,
        place: ManifestPlace<'_>,
        table: &'t DeTable<'d>,
        key: &str,
    ) -> Option<&'t DeTable<'d>> {
        let value = table.get(key)?;
        let found = value.get_ref().as_table();
        if found.is_none() {
            let help = format!("write `[{key}]`, and its keys below");
            self.report(place.span(value), &format!("`{key}` must be a table"), &help);
        }
        found
    }

    /// The text behind a key; anything else there is reported.
    fn get_text(
        &mut self,
        place: ManifestPlace<'_>,
        table: &DeTable<'_>,
        key: &str,
    ) -> Option<(String, Span)> {
        let value = table.get(key)?;
        let span = place.span(value);
        let text = value.get_ref().as_str().map(|text| (text.to_owned(), span));
        if text.is_none() {
            let help = format!("write `{key} = \"…\"`");
            self.report(span, &format!("`{key}` must be a string"), &help);
        }
        text
    }

    /// The switch behind a key; anything else there is reported.
    fn get_flag(
        &mut self,
        place: ManifestPlace<'_>,
        table: &DeTable<'_>,
        key: &str,
    ) -> Option<bool> {
        let value = table.get(key)?;
        let found = value.get_ref().as_bool();
        if found.is_none() {
            let help = format!("write `{key} = true` or `{key} = false`");
            self.report(place.span(value), &format!("`{key}` must be `true` or `false`"), &help);
        }
        found
    }

    /// The texts in a list; anything else there is reported.
    fn get_texts(&mut self, place: ManifestPlace<'_>, value: &Value<'_>, key: &str) -> Vec<String> {
        let list = value.get_ref().as_array();
        let texts = list.and_then(|list| {
            list.iter().map(|v| v.get_ref().as_str().map(str::to_owned)).collect::<Option<_>>()
        });
        texts.unwrap_or_else(|| {
            let help = format!("write `{key} = [\"…\"]`");
            self.report(place.span(value), &format!("`{key}` must be a list of strings"), &help);
            Vec::new()
        })
    }
}

/// A package that may inherit from its workspace.
#[derive(Debug, Clone, Copy)]
struct InheritingPackage<'t, 'd> {
    place: ManifestPlace<'t>,
    package: &'t DeTable<'d>,
    /// The whole file.
    table: &'t DeTable<'d>,
}

fn is_crate_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
}
