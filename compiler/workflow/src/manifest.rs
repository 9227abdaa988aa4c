//! What the front end needs of a Cargo.toml: names, the library's path, and dependencies.

use std::collections::BTreeMap;

use bp_diag::{Diagnostics, FileId, SourceMap, Span, catalog::workflow as codes};
use bp_system::System;
use camino::{Utf8Path, Utf8PathBuf};
use toml::de::{DeTable, DeValue};

use crate::source::{display_path, load_text, normal};

/// A Cargo.toml.
#[derive(Debug)]
pub(crate) struct Manifest {
    pub(crate) file: FileId,
    pub(crate) package: String,
    /// The library's name in Rust.
    pub(crate) name: String,
    /// Where the package, and so most libraries, are named.
    pub(crate) package_span: Span,
    /// Where the library is named.
    pub(crate) name_span: Span,
    pub(crate) version: Option<String>,
    /// The library's root file.
    pub(crate) root: Utf8PathBuf,
    /// By the name that Rust code uses.
    pub(crate) dependencies: BTreeMap<String, Dependency>,
}

/// A dependency of a package.
#[derive(Debug)]
pub(crate) struct Dependency {
    pub(crate) package: String,
    pub(crate) span: Span,
    pub(crate) source: Source,
}

/// Where a dependency comes from.
#[derive(Debug)]
pub(crate) enum Source {
    /// A folder, which is read.
    Path(Utf8PathBuf),
    /// The runtime, which is not.
    Runtime,
    /// A registry or git, with the requirement as inline TOML.
    Other(String),
}

/// The packages of the runtime: their items are known by name.
pub(crate) fn is_runtime(package: &str) -> bool {
    matches!(package, "bp-std" | "bp-data" | "bp-macros" | "bp-runtime" | "bp-backend")
}

struct Reader<'a> {
    system: &'a dyn System,
    sources: &'a mut SourceMap,
    diagnostics: &'a mut Diagnostics,
}

/// A text's place, for spans of its values.
#[derive(Clone, Copy)]
struct Place<'a> {
    file: FileId,
    dir: &'a Utf8Path,
}

impl Place<'_> {
    fn span<T>(self, value: &toml::Spanned<T>) -> Span {
        let range = value.span();
        Span::new(self.file, range.start, range.end)
    }
}

/// Reads `dir/Cargo.toml`; `asked` is the line that depends on it, if any.
pub(crate) fn read_manifest(
    system: &dyn System,
    sources: &mut SourceMap,
    dir: &Utf8Path,
    asked: Option<Span>,
    diagnostics: &mut Diagnostics,
) -> Option<Manifest> {
    let (file, text) = load_text(system, sources, &dir.join("Cargo.toml"), asked, diagnostics)?;
    let mut reader = Reader { system, sources, diagnostics };
    let place = Place { file, dir };
    let table = reader.parse(place, &text)?;
    let package = table.get("package").and_then(|p| p.get_ref().as_table());
    let Some(name) = package.and_then(|p| p.get("name")) else {
        let header = text
            .find("[package]")
            .map_or(Span::whole(file), |at| Span::new(file, at, at + "[package]".len()));
        reader.diagnostics.push(codes::manifest_value(
            header,
            "this Cargo.toml names no package",
            "add `[package]` with `name = \"…\"` and `edition = \"2024\"`",
        ));
        return None;
    };
    let Some(package_name) = name.get_ref().as_str().filter(|n| is_crate_name(n)) else {
        reader.diagnostics.push(codes::manifest_value(
            place.span(name),
            "a package's name is letters, digits, `-` and `_`",
            "write `name = \"leaf-workflow\"`",
        ));
        return None;
    };
    let library = table.get("lib").and_then(|l| l.get_ref().as_table());
    let named = library.and_then(|l| l.get("name"));
    let library_name = named.and_then(|n| n.get_ref().as_str());
    let (package_span, name_span) = (place.span(name), place.span(named.unwrap_or(name)));
    let library_path = library.and_then(|l| l.get("path")).and_then(|n| n.get_ref().as_str());
    let version = package.and_then(|p| p.get("version")).and_then(|v| v.get_ref().as_str());
    let dependencies = reader.dependencies(place, &table);
    Some(Manifest {
        file,
        package: package_name.to_owned(),
        name: library_name.unwrap_or(package_name).replace('-', "_"),
        package_span,
        name_span,
        version: version.map(str::to_owned),
        root: normal(&dir.join(library_path.unwrap_or("src/lib.rs"))),
        dependencies,
    })
}

fn is_crate_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
}

impl Reader<'_> {
    fn parse<'t>(&mut self, place: Place<'_>, text: &'t str) -> Option<DeTable<'t>> {
        match DeTable::parse(text) {
            Ok(table) => Some(table.into_inner()),
            Err(error) => {
                let range = error.span().unwrap_or(0..0);
                let span = Span::new(place.file, range.start, range.end);
                self.diagnostics.push(codes::manifest_syntax(span, error.message()));
                None
            }
        }
    }

    fn dependencies(
        &mut self,
        place: Place<'_>,
        table: &DeTable<'_>,
    ) -> BTreeMap<String, Dependency> {
        let mut found = BTreeMap::new();
        let Some(list) = table.get("dependencies").and_then(|d| d.get_ref().as_table()) else {
            return found;
        };
        let mut inherited: Option<BTreeMap<String, Dependency>> = None;
        for (key, value) in list {
            let name = key.get_ref().to_string();
            let from_workspace = value
                .get_ref()
                .get("workspace")
                .is_some_and(|w| w.get_ref().as_bool() == Some(true));
            let dependency = if from_workspace {
                let all =
                    inherited.get_or_insert_with(|| self.workspace_dependencies(place.dir, table));
                all.remove(&name).map(|d| Dependency { span: place.span(key), ..d })
            } else {
                Some(dependency(place, &name, place.span(key), value.get_ref()))
            };
            match dependency {
                Some(mut dependency) => {
                    let rust = name.replace('-', "_");
                    if let Some(other) =
                        found.get(&rust).filter(|o| o.package != dependency.package)
                    {
                        let sources = [dependency.package.as_str(), other.package.as_str()];
                        let fault =
                            codes::crate_named_twice(dependency.span, other.span, &rust, sources);
                        self.diagnostics.push(fault);
                    }
                    if let (true, Source::Other(text)) = (from_workspace, &mut dependency.source) {
                        *text = with_features(text, value.get_ref());
                    }
                    found.insert(rust, dependency);
                }
                None => self.diagnostics.push(codes::manifest_value(
                    place.span(key),
                    &format!("`{name}` is no dependency of the workspace"),
                    &format!(
                        "add `{name}` to `[workspace.dependencies]` of the workspace's Cargo.toml"
                    ),
                )),
            }
        }
        found
    }

    /// `[workspace.dependencies]` of the nearest Cargo.toml at or above `dir` that has `[workspace]`.
    fn workspace_dependencies(
        &mut self,
        dir: &Utf8Path,
        own: &DeTable<'_>,
    ) -> BTreeMap<String, Dependency> {
        if own.contains_key("workspace") {
            return BTreeMap::new();
        }
        let absolute = match self.system.current_directory() {
            Ok(here) => normal(&here.join(dir)),
            Err(_) => dir.to_owned(),
        };
        for above in absolute.ancestors().skip(1) {
            let path = above.join("Cargo.toml");
            let Ok(bytes) = self.system.read(&path) else { continue };
            let Ok(text) = String::from_utf8(bytes) else { continue };
            if !text.contains("[workspace") {
                continue;
            }
            let file = self.sources.add(display_path(self.system, &path), text.as_str());
            let place = Place { file, dir: above };
            let Some(table) = self.parse(place, &text) else { return BTreeMap::new() };
            let list = table
                .get("workspace")
                .and_then(|w| w.get_ref().get("dependencies"))
                .and_then(|d| d.get_ref().as_table());
            let Some(list) = list else { return BTreeMap::new() };
            return list
                .iter()
                .map(|(key, value)| {
                    let name = key.get_ref().to_string();
                    let found = dependency(place, &name, place.span(key), value.get_ref());
                    (name, found)
                })
                .collect();
        }
        BTreeMap::new()
    }
}

fn dependency(place: Place<'_>, name: &str, span: Span, value: &DeValue<'_>) -> Dependency {
    let text = |key: &str| value.get(key).and_then(|v| v.get_ref().as_str().map(str::to_owned));
    let package = text("package").unwrap_or_else(|| name.to_owned());
    let source = if is_runtime(&package) {
        Source::Runtime
    } else {
        match text("path") {
            Some(path) => Source::Path(normal(&place.dir.join(path))),
            None => Source::Other(inline(value)),
        }
    };
    Dependency { package, span, source }
}

/// A value as one line of TOML; keys that only the using package sees (`package`, `optional`) are left out.
fn inline(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => toml::Value::String(text.to_string()).to_string(),
        DeValue::Boolean(value) => value.to_string(),
        DeValue::Integer(value) => value.as_str().to_owned(),
        DeValue::Float(value) => value.as_str().to_owned(),
        DeValue::Datetime(value) => value.to_string(),
        DeValue::Array(list) => {
            let parts: Vec<_> = list.iter().map(|v| inline(v.get_ref())).collect();
            format!("[{}]", parts.join(", "))
        }
        DeValue::Table(table) => {
            let parts: Vec<_> = table
                .iter()
                .filter(|(key, _)| !matches!(&**key.get_ref(), "optional" | "workspace"))
                .map(|(key, v)| format!("{} = {}", key.get_ref(), inline(v.get_ref())))
                .collect();
            format!("{{ {} }}", parts.join(", "))
        }
    }
}

/// Adds the `features` that a package asks for beside an inherited requirement.
fn with_features(inherited: &str, own: &DeValue<'_>) -> String {
    let Some(added) = own.get("features").and_then(|f| f.get_ref().as_array()) else {
        return inherited.to_owned();
    };
    let Ok(toml::Value::Table(mut outer)) =
        toml::from_str::<toml::Table>(&format!("x = {inherited}")).map(toml::Value::Table)
    else {
        return inherited.to_owned();
    };
    let mut requirement = match outer.remove("x") {
        Some(toml::Value::Table(table)) => table,
        Some(version) => toml::Table::from_iter([("version".to_owned(), version)]),
        None => toml::Table::new(),
    };
    let mut features = match requirement.remove("features") {
        Some(toml::Value::Array(list)) => list,
        _ => Vec::new(),
    };
    features.extend(added.iter().filter_map(|f| f.get_ref().as_str()).map(toml::Value::from));
    requirement.insert("features".to_owned(), toml::Value::Array(features));
    let text = format!("x = {}", toml::Value::Table(requirement));
    match DeTable::parse(&text) {
        Ok(table) => table.get_ref().get("x").map_or(inherited.to_owned(), |v| inline(v.get_ref())),
        Err(_) => inherited.to_owned(),
    }
}
