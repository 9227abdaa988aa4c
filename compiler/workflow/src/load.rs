//! Follows path dependencies, `mod` and files, and fills a [`Tree`].

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bp_diag::{Diagnostics, FileId, SourceMap, Span, catalog::workflow as codes};
use bp_system::System;
use camino::{Utf8Path, Utf8PathBuf};
use rayon::ThreadPool;

use crate::collection_name::{is_name, proper_name};
use crate::files::{FileRead, FileSource, Files, MAX_MODULE_DEPTH, ModuleFile, ModuleLocation};
use crate::manifest::Manifest;
use crate::model::ExternalModel;
use crate::packages::{Package, resolve_packages};
use crate::source::{
    Body, DefinitionItem, ExternCrateItem, Import, Item, MacroItem, MacroProblem, ModuleItem,
    Place, Truth, Visibility, display_path, normalize,
};
use crate::tree::{
    Crate, CrateId, Definition, DefinitionId, Extern, Glob, Module, ModuleId, NameEntry,
    NameTarget, SpawnCall, Tree, VisibleTo, visible_to,
};

/// What was loaded.
#[derive(Debug, Default)]
pub(crate) struct LoadedTree {
    pub(crate) tree: Tree,
    pub(crate) externals: BTreeMap<String, ExternalModel>,
    pub(crate) diagnostics: Diagnostics,
}

struct Loader<'a> {
    system: &'a dyn System,
    files: Files<'a>,
    /// Those of the crate that is read.
    features: BTreeSet<String>,
    /// Where files are read ahead, if the machine has threads for it.
    pool: Option<&'a ThreadPool>,
    sources: &'a mut SourceMap,
    tree: Tree,
    /// Files being read, from the crate's root inwards.
    open_files: Vec<Utf8PathBuf>,
    diagnostics: Diagnostics,
}

/// The walk over one file.
struct FileWalk<'f> {
    file: FileId,
    /// Where the files of the modules that are still to come are.
    modules: std::slice::Iter<'f, ModuleLocation>,
    /// Parts of the file that belong to inline modules, innermost last.
    inline: Vec<(ModuleId, Place)>,
    ignored: Vec<Place>,
}

/// Loads the crate in `dir` and all that it depends on by path.
pub(crate) fn load(
    source: FileSource<'_>,
    pool: Option<&ThreadPool>,
    sources: &mut SourceMap,
    dir: &Utf8Path,
) -> LoadedTree {
    let system = source.system;
    let mut diagnostics = Diagnostics::new();
    let packages = resolve_packages(system, sources, dir, &mut diagnostics);
    let mut loader = Loader {
        system,
        files: Files::new(source),
        pool,
        sources,
        tree: Tree::default(),
        features: BTreeSet::new(),
        open_files: Vec::new(),
        diagnostics,
    };
    for package in &packages.all {
        loader.add_crate(package);
    }
    for (index, package) in packages.all.iter().enumerate() {
        loader.load_source(CrateId(index), package);
    }
    LoadedTree { tree: loader.tree, externals: packages.externals, diagnostics: loader.diagnostics }
}

impl Loader<'_> {
    fn add_crate(&mut self, package: &Package) {
        let manifest = &package.manifest;
        self.check_unique_name(manifest);
        self.tree.crates.push(Crate {
            name: manifest.name.clone(),
            package: manifest.package.clone(),
            dir: package.dir.clone(),
            version: manifest.version.clone(),
            package_span: manifest.span,
            name_span: manifest.name_span,
            root: None,
            file: manifest.root.as_ref().map(|(file, _)| file.clone()),
            old_paths: manifest.old_paths,
            features: package.features.clone(),
            externs: package.externs.clone(),
            renamed: BTreeMap::new(),
            unlinked: package.unlinked.clone(),
        });
    }

    /// A type's path begins with its crate's name, so no two crates may have the same name.
    fn check_unique_name(&mut self, manifest: &Manifest) {
        let twice = |other: &&Crate| {
            other.name == manifest.name
                || (other.package == manifest.package && other.version == manifest.version)
        };
        let Some(other) = self.tree.crates.iter().find(twice) else { return };
        let (name, span, first) = if other.name == manifest.name {
            (&manifest.name, manifest.name_span, other.name_span)
        } else {
            (&manifest.package, manifest.span, other.package_span)
        };
        let packages = [manifest.package.as_str(), other.package.as_str()];
        self.diagnostics.push(codes::crate_named_twice(span, first, name, packages));
    }

    fn load_source(&mut self, id: CrateId, package: &Package) {
        let manifest = &package.manifest;
        let root = ModuleId(self.tree.modules.len());
        if let Some(krate) = self.tree.crates.get_mut(id.0) {
            krate.root = Some(root);
        }
        self.tree.modules.push(Module {
            path: manifest.name.clone(),
            parent: None,
            krate: id,
            file: manifest.file,
            visible: VisibleTo::Public,
            condition: None,
            names: BTreeMap::new(),
            globs: Vec::new(),
            impls: Vec::new(),
            statics: Vec::new(),
            calls_macros: false,
        });
        let Some((path, said)) = &manifest.root else {
            // For a dependency, this was reported at the line that asks for it.
            if id != CrateId(0) {
                return;
            }
            let default_root =
                display_path(self.system, &normalize(&package.dir.join("src/lib.rs")));
            let fault =
                codes::library_missing(None, manifest.span, &manifest.package, &default_root);
            self.diagnostics.push(fault);
            return;
        };
        let file = ModuleFile::root(path);
        self.features.clone_from(&package.features);
        self.files.begin(&package.features);
        if let Some(pool) = self.pool {
            self.files.read_ahead(pool, &file);
        }
        self.open_files.clear();
        self.load_file(root, &file, said.unwrap_or(Span::start_of(manifest.file)));
    }

    /// Takes a file as the contents of `module`.
    fn load_file(&mut self, module: ModuleId, at: &ModuleFile, asked: Span) {
        if self.open_files.contains(&at.path) {
            let shown = display_path(self.system, &at.path);
            self.diagnostics.push(codes::module_cycle(asked, &shown));
            return;
        }
        if self.open_files.len() >= MAX_MODULE_DEPTH {
            self.diagnostics.push(codes::nested_too_deep(asked, MAX_MODULE_DEPTH));
            return;
        }
        let read = self.files.get(at);
        let FileRead { shown, loaded, outline, modules } = &*read;
        let entered =
            loaded.add_to_sources(self.sources, shown, Some(asked), &mut self.diagnostics);
        let Some(file) = entered else { return };
        for fault in &outline.faults {
            self.diagnostics.push(fault.diagnostic(file));
        }
        if let Some(m) = self.tree.modules.get_mut(module.0) {
            m.file = file;
        }
        match outline.truth(&self.features) {
            Truth::Fails => return,
            Truth::Undecided(place) => {
                if let Some(m) = self.tree.modules.get_mut(module.0) {
                    m.condition.get_or_insert(place.of(file));
                }
            }
            Truth::Holds => {}
        }
        let modules = modules.iter();
        let mut walk = FileWalk { file, modules, inline: Vec::new(), ignored: Vec::new() };
        self.open_files.push(at.path.clone());
        self.load_items(module, &outline.items, &mut walk);
        self.open_files.pop();
        for call in &outline.spawns {
            if walk.ignored.iter().any(|r| r.contains(call.place.start)) {
                continue;
            }
            let inline = walk.inline.iter().rev().find(|(_, r)| r.contains(call.place.start));
            let module = inline.map_or(module, |(id, _)| *id);
            let (path, span) = (call.path.clone(), call.place.of(file));
            self.tree.spawns.push(SpawnCall { module, path, span });
        }
        for literal in outline.collections.iter().filter(|literal| !is_name(&literal.text)) {
            if !walk.ignored.iter().any(|r| r.contains(literal.place.start)) {
                let proper = proper_name(&literal.text);
                let span = literal.place.of(file);
                self.diagnostics.push(codes::collection_name(span, &literal.text, &proper));
            }
        }
    }

    fn load_items(&mut self, module: ModuleId, items: &[Item], walk: &mut FileWalk<'_>) {
        for item in items {
            match item {
                Item::Ignored(place) => walk.ignored.push(*place),
                Item::Module(inner) => self.load_module(module, inner, walk),
                Item::Use(visibility, imports, when) => {
                    let truth = Truth::of(when.as_deref(), &self.features);
                    if truth != Truth::Fails {
                        let undecided = truth.undecided().map(|p| p.of(walk.file));
                        self.add_imports(module, (*visibility, undecided), imports);
                    }
                }
                Item::ExternCrate(named) => self.add_extern_crate(module, walk.file, named),
                Item::Definition(definition) => self.define(module, walk.file, definition),
                Item::Impl(block) => {
                    // An `impl` of a trait is kept: a service that exists only in some builds is an error.
                    let fails = Truth::of(block.condition.as_ref(), &self.features) == Truth::Fails;
                    if (!fails || block.of.is_some())
                        && let Some(m) = self.tree.modules.get_mut(module.0)
                    {
                        m.impls.push(Arc::clone(block));
                    }
                }
                Item::Static(value) => {
                    if let Some(m) = self.tree.modules.get_mut(module.0) {
                        m.statics.push(Arc::clone(value));
                    }
                }
                Item::Macro(call) => self.record_macro_call(module, walk.file, call),
            }
        }
    }

    fn record_macro_call(&mut self, module: ModuleId, file: FileId, call: &MacroItem) {
        if Truth::of(call.condition.as_ref(), &self.features) == Truth::Fails {
            return;
        }
        match &call.problem {
            Some(MacroProblem::Included(place)) => {
                self.diagnostics.push(codes::included(place.of(file)));
            }
            Some(MacroProblem::Service(place)) => {
                self.diagnostics.push(codes::service_in_macro(place.of(file)));
            }
            Some(MacroProblem::Module(place, name)) => {
                self.diagnostics.push(codes::module_in_macro(place.of(file), name));
            }
            None => {}
        }
        if call.defines
            && let Some(m) = self.tree.modules.get_mut(module.0)
        {
            m.calls_macros = true;
        }
    }

    fn add_name(&mut self, module: ModuleId, name: String, entry: NameEntry) {
        if let Some(m) = self.tree.modules.get_mut(module.0) {
            m.names.entry(name).or_default().push(entry);
        }
    }

    fn define(&mut self, module: ModuleId, file: FileId, item: &DefinitionItem) {
        let name = &item.name;
        let span = item.place.of(file);
        let truth = Truth::of(item.condition.as_ref(), &self.features);
        let condition = item.condition.as_ref().map(|c| c.place.of(file));
        if condition.is_none()
            && let Some(first) = self.find_definition(module, name)
        {
            self.diagnostics.push(codes::defined_twice(
                span,
                first,
                describe_kind(&item.body),
                name,
            ));
            return;
        }
        let id = DefinitionId(self.tree.definitions.len());
        let visible = visible_to(&self.tree, module, item.visibility);
        let Some(m) = self.tree.module(module) else { return };
        let path = format!("{}::{name}", m.path);
        let condition = condition.or(m.condition);
        self.tree.definitions.push(Definition {
            name: name.clone(),
            path,
            module,
            visible,
            body: item.body.clone(),
            file,
            span,
            condition,
        });
        let target = NameTarget::Definition(id);
        // A type reports its condition itself, but an alias is replaced by what it stands for.
        let alias = matches!(item.body, Body::Alias(_));
        let undecided = truth.undecided().filter(|_| alias).map(|p| p.of(file));
        let entry = NameEntry { target, visible, undecided };
        let Some(m) = self.tree.modules.get_mut(module.0) else { return };
        let entries = m.names.entry(name.clone()).or_default();
        match truth {
            // A definition whose condition fails stays known, so that its uses are not reported as well.
            Truth::Fails if alias => {}
            Truth::Holds if condition.is_some() => entries.insert(0, entry),
            _ => entries.push(entry),
        }
    }

    /// The place of a definition with this name in a module, conditional ones aside.
    fn find_definition(&self, module: ModuleId, name: &str) -> Option<Span> {
        let entries = self.tree.module(module)?.names.get(name)?;
        entries.iter().find_map(|e| match e.target {
            NameTarget::Definition(id) => {
                self.tree.definition(id).filter(|d| d.condition.is_none()).map(|d| d.span)
            }
            _ => None,
        })
    }

    fn add_imports(
        &mut self,
        module: ModuleId,
        (visibility, undecided): (Visibility, Option<Span>),
        imports: &[Import],
    ) {
        let visible = visible_to(&self.tree, module, visibility);
        for import in imports {
            match import {
                Import::Name(name, path) => {
                    let target = NameTarget::Use(path.clone());
                    self.add_name(module, name.clone(), NameEntry { target, visible, undecided });
                }
                Import::Glob(path) => {
                    if let Some(m) = self.tree.modules.get_mut(module.0) {
                        m.globs.push(Glob { path: path.clone(), visible, undecided });
                    }
                }
            }
        }
    }

    fn add_extern_crate(&mut self, module: ModuleId, file: FileId, item: &ExternCrateItem) {
        let truth = Truth::of(item.condition.as_ref(), &self.features);
        let Some(id) = self.tree.module(module).map(|m| m.krate) else { return };
        let visible = visible_to(&self.tree, module, item.visibility);
        let Some(krate) = self.tree.crates.get_mut(id.0) else { return };
        if truth == Truth::Fails {
            return;
        }
        let target = match (item.krate.as_str(), krate.externs.get(&item.krate)) {
            ("self", _) => Extern::Read(id),
            (_, Some(known)) => known.clone(),
            ("core" | "alloc" | "std", None) => Extern::Other("std".to_owned()),
            (name, None) => Extern::Other(name.to_owned()),
        };
        // At the root it is a name for every path that begins with a crate.
        if krate.root == Some(module) && item.name != "_" {
            krate.renamed.insert(item.name.clone(), target.clone());
        }
        let undecided = truth.undecided().map(|p| p.of(file));
        let target = NameTarget::Extern(target);
        self.add_name(module, item.name.clone(), NameEntry { target, visible, undecided });
    }

    fn load_module(&mut self, parent: ModuleId, item: &ModuleItem, walk: &mut FileWalk<'_>) {
        let name = &item.name;
        let truth = Truth::of(item.condition.as_ref(), &self.features);
        if truth == Truth::Fails {
            walk.ignored.extend(item.inline.as_ref().map(|(whole, _)| *whole));
            return;
        }
        let id = ModuleId(self.tree.modules.len());
        let visible = visible_to(&self.tree, parent, item.visibility);
        let condition = truth.undecided().map(|p| p.of(walk.file));
        let Some(above) = self.tree.module(parent) else { return };
        let module = Module {
            path: format!("{}::{name}", above.path),
            parent: Some(parent),
            krate: above.krate,
            file: walk.file,
            visible,
            condition: condition.or(above.condition),
            names: BTreeMap::new(),
            globs: Vec::new(),
            impls: Vec::new(),
            statics: Vec::new(),
            calls_macros: false,
        };
        self.tree.modules.push(module);
        let target = NameTarget::Module(id);
        self.add_name(parent, name.clone(), NameEntry { target, visible, undecided: None });
        if let Some((whole, items)) = &item.inline {
            walk.inline.push((id, *whole));
            self.load_items(id, items, walk);
            return;
        }
        let span = item.place.of(walk.file);
        match walk.modules.next() {
            Some(ModuleLocation::At(file)) => self.load_file(id, file, span),
            Some(ModuleLocation::Undecided(place)) => {
                let what = format!("the file of module `{name}`");
                let at = place.of(walk.file);
                self.diagnostics.push(codes::undecided(at, at, &what));
            }
            Some(ModuleLocation::Both(candidates)) => {
                self.diagnostics.push(codes::module_file_ambiguous(span, name, candidates));
            }
            Some(ModuleLocation::Neither(candidates)) if condition.is_none() => {
                self.diagnostics.push(codes::module_file_missing(span, name, candidates));
            }
            // The condition may not hold, and then cargo does not need the file, so its absence is not reported.
            Some(ModuleLocation::Neither(_)) | None => {}
        }
    }
}

fn describe_kind(body: &Body) -> &'static str {
    match body {
        Body::Trait(_) | Body::TraitAlias => "trait",
        Body::Struct(_) => "struct",
        Body::Enum(_) => "enum",
        Body::Union => "union",
        Body::Alias(_) => "type",
    }
}
