//! Follows path dependencies, `mod` and files, and fills a [`Tree`].

use std::collections::BTreeMap;
use std::sync::Arc;

use bp_diag::{Diagnostics, FileId, SourceMap, Span, catalog::workflow as codes};
use bp_system::System;
use camino::{Utf8Path, Utf8PathBuf};
use rayon::ThreadPool;

use crate::collection_name::{is_name, proper_name};
use crate::files::{FileRead, Files, Found, MAX_MODULE_DEPTH, ModuleFile, Origin};
use crate::manifest::{Manifest, Source, read_manifest};
use crate::model::ExternalModel;
use crate::source::{
    Body, Condition, DefinitionItem, Import, Item, MacroItem, MacroProblem, ModuleItem, Place,
    Visibility, display_path, normal,
};
use crate::tree::{
    Crate, CrateId, Definition, DefinitionId, Entry, Extern, Glob, Module, ModuleId, Spawn, Target,
    Tree, Visible, visible,
};

/// What was loaded.
#[derive(Debug, Default)]
pub(crate) struct Loaded {
    pub(crate) tree: Tree,
    pub(crate) externals: BTreeMap<String, ExternalModel>,
    pub(crate) diagnostics: Diagnostics,
}

struct Loader<'a> {
    system: &'a dyn System,
    files: Files<'a>,
    /// Where files are read ahead, if the machine has threads for it.
    pool: Option<&'a ThreadPool>,
    sources: &'a mut SourceMap,
    tree: Tree,
    externals: BTreeMap<String, ExternalModel>,
    /// Crates by folder, so that two that depend on a third share it.
    known: BTreeMap<Utf8PathBuf, CrateId>,
    /// Files being read, from the crate's root inwards.
    open: Vec<Utf8PathBuf>,
    diagnostics: Diagnostics,
}

/// The walk over one file.
struct Walk<'f> {
    file: FileId,
    /// Where the files of the modules that are still to come are.
    modules: std::slice::Iter<'f, Found>,
    /// Parts of the file that belong to inline modules, innermost last.
    inline: Vec<(ModuleId, Place)>,
    ignored: Vec<Place>,
}

/// Loads the crate in `dir` and all that it depends on by path.
pub(crate) fn load(
    origin: Origin<'_>,
    pool: Option<&ThreadPool>,
    sources: &mut SourceMap,
    dir: &Utf8Path,
) -> Loaded {
    let system = origin.system;
    let mut loader = Loader {
        system,
        files: Files::new(origin),
        pool,
        sources,
        tree: Tree::default(),
        externals: BTreeMap::new(),
        known: BTreeMap::new(),
        open: Vec::new(),
        diagnostics: Diagnostics::new(),
    };
    let mut waiting: Vec<(CrateId, Manifest)> = Vec::new();
    let first = read_manifest(system, loader.sources, dir, None, &mut loader.diagnostics);
    if let Some(manifest) = first {
        let id = loader.enter(dir, &manifest);
        waiting.push((id, manifest));
    }
    let mut next = 0;
    while next < waiting.len() {
        let mut found = Vec::new();
        if let Some((id, manifest)) = waiting.get(next) {
            loader.dependencies(*id, manifest, &mut found);
            loader.source(*id, manifest);
        }
        waiting.append(&mut found);
        next += 1;
    }
    Loaded { tree: loader.tree, externals: loader.externals, diagnostics: loader.diagnostics }
}

impl Loader<'_> {
    fn enter(&mut self, dir: &Utf8Path, manifest: &Manifest) -> CrateId {
        let id = CrateId(self.tree.crates.len());
        self.known.insert(normal(dir), id);
        self.tree.crates.push(Crate {
            name: manifest.name.clone(),
            package: manifest.package.clone(),
            dir: dir.to_owned(),
            version: manifest.version.clone(),
            root: None,
            externs: BTreeMap::new(),
        });
        id
    }

    fn dependencies(
        &mut self,
        id: CrateId,
        manifest: &Manifest,
        found: &mut Vec<(CrateId, Manifest)>,
    ) {
        let mut externs = BTreeMap::new();
        for (name, dependency) in &manifest.dependencies {
            let canonical = dependency.package.replace('-', "_");
            let target = match &dependency.source {
                Source::Runtime => Extern::Runtime(canonical),
                Source::Other(requirement) => {
                    self.externals.entry(canonical.clone()).or_insert_with(|| ExternalModel {
                        package: dependency.package.clone(),
                        requirement: requirement.clone(),
                    });
                    Extern::Other(canonical)
                }
                Source::Path(dir) => {
                    match self.path_dependency(dependency.span, name, dir, found) {
                        Some(id) => Extern::Read(id),
                        None => Extern::Other(canonical),
                    }
                }
            };
            externs.insert(name.clone(), target);
        }
        if let Some(krate) = self.tree.crates.get_mut(id.0) {
            krate.externs = externs;
        }
    }

    fn path_dependency(
        &mut self,
        span: Span,
        name: &str,
        dir: &Utf8Path,
        found: &mut Vec<(CrateId, Manifest)>,
    ) -> Option<CrateId> {
        if let Some(id) = self.known.get(&normal(dir)) {
            return Some(*id);
        }
        if self.system.kind(&dir.join("Cargo.toml")).is_none() {
            let shown = display_path(self.system, dir);
            self.diagnostics.push(codes::dependency_missing(span, name, &shown));
            return None;
        }
        let manifest =
            read_manifest(self.system, self.sources, dir, Some(span), &mut self.diagnostics)?;
        let id = self.enter(dir, &manifest);
        found.push((id, manifest));
        Some(id)
    }

    fn source(&mut self, id: CrateId, manifest: &Manifest) {
        let root = ModuleId(self.tree.modules.len());
        if let Some(krate) = self.tree.crates.get_mut(id.0) {
            krate.root = Some(root);
        }
        let asked = Span::whole(manifest.file);
        self.tree.modules.push(Module {
            path: manifest.name.clone(),
            parent: None,
            krate: id,
            file: manifest.file,
            visible: Visible::Public,
            condition: None,
            names: BTreeMap::new(),
            globs: Vec::new(),
            impls: Vec::new(),
            statics: Vec::new(),
            calls_macros: false,
        });
        let file = ModuleFile::root(&manifest.root);
        if let Some(pool) = self.pool {
            self.files.read_ahead(pool, &file);
        }
        self.open.clear();
        self.file(root, &file, asked);
    }

    /// Takes a file as the contents of `module`.
    fn file(&mut self, module: ModuleId, at: &ModuleFile, asked: Span) {
        if self.open.contains(&at.path) {
            let shown = display_path(self.system, &at.path);
            self.diagnostics.push(codes::module_cycle(asked, &shown));
            return;
        }
        if self.open.len() >= MAX_MODULE_DEPTH {
            self.diagnostics.push(codes::nested_too_deep(asked, MAX_MODULE_DEPTH));
            return;
        }
        let read = self.files.get(at);
        let FileRead { shown, loaded, outline, modules } = &*read;
        let entered = loaded.enter(self.sources, shown, Some(asked), &mut self.diagnostics);
        let Some(file) = entered else { return };
        for fault in &outline.faults {
            self.diagnostics.push(fault.diagnostic(file));
        }
        if let Some(m) = self.tree.modules.get_mut(module.0) {
            m.file = file;
        }
        match outline.condition {
            Condition::Test => return,
            Condition::Other(place) => {
                if let Some(m) = self.tree.modules.get_mut(module.0) {
                    m.condition.get_or_insert(place.of(file));
                }
            }
            Condition::Always => {}
        }
        let modules = modules.iter();
        let mut walk = Walk { file, modules, inline: Vec::new(), ignored: Vec::new() };
        self.open.push(at.path.clone());
        self.items(module, &outline.items, &mut walk);
        self.open.pop();
        for call in &outline.spawns {
            if walk.ignored.iter().any(|r| r.contains(call.place.start)) {
                continue;
            }
            let inline = walk.inline.iter().rev().find(|(_, r)| r.contains(call.place.start));
            let module = inline.map_or(module, |(id, _)| *id);
            let (path, span) = (call.path.clone(), call.place.of(file));
            self.tree.spawns.push(Spawn { module, path, span });
        }
        for literal in outline.collections.iter().filter(|literal| !is_name(&literal.text)) {
            if !walk.ignored.iter().any(|r| r.contains(literal.place.start)) {
                let proper = proper_name(&literal.text);
                let span = literal.place.of(file);
                self.diagnostics.push(codes::collection_name(span, &literal.text, &proper));
            }
        }
    }

    fn items(&mut self, module: ModuleId, items: &[Item], walk: &mut Walk<'_>) {
        for item in items {
            match item {
                Item::Ignored(place) => walk.ignored.push(*place),
                Item::Module(inner) => self.module(module, inner, walk),
                Item::Use(visibility, imports) => self.imports(module, *visibility, imports),
                Item::Definition(definition) => self.define(module, walk.file, definition),
                Item::Impl(block) => {
                    if let Some(m) = self.tree.modules.get_mut(module.0) {
                        m.impls.push(Arc::clone(block));
                    }
                }
                Item::Static(value) => {
                    if let Some(m) = self.tree.modules.get_mut(module.0) {
                        m.statics.push(Arc::clone(value));
                    }
                }
                Item::Macro(call) => self.macro_call(module, walk.file, *call),
            }
        }
    }

    fn macro_call(&mut self, module: ModuleId, file: FileId, call: MacroItem) {
        match call.problem {
            Some(MacroProblem::Included(place)) => {
                self.diagnostics.push(codes::included(place.of(file)));
            }
            Some(MacroProblem::Service(place)) => {
                self.diagnostics.push(codes::service_in_macro(place.of(file)));
            }
            None => {}
        }
        if call.defines
            && let Some(m) = self.tree.modules.get_mut(module.0)
        {
            m.calls_macros = true;
        }
    }

    fn name(&mut self, module: ModuleId, name: String, entry: Entry) {
        if let Some(m) = self.tree.modules.get_mut(module.0) {
            m.names.entry(name).or_default().push(entry);
        }
    }

    fn define(&mut self, module: ModuleId, file: FileId, item: &DefinitionItem) {
        let name = &item.name;
        let span = item.place.of(file);
        let condition = item.condition.map(|c| c.of(file));
        if condition.is_none()
            && let Some(first) = self.defined(module, name)
        {
            self.diagnostics.push(codes::defined_twice(span, first, kind(&item.body), name));
            return;
        }
        let id = DefinitionId(self.tree.definitions.len());
        let visible = visible(&self.tree, module, item.visibility);
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
        self.name(module, name.clone(), Entry { target: Target::Definition(id), visible });
    }

    /// The place of a definition with this name in a module, conditional ones aside.
    fn defined(&self, module: ModuleId, name: &str) -> Option<Span> {
        let entries = self.tree.module(module)?.names.get(name)?;
        entries.iter().find_map(|e| match e.target {
            Target::Definition(id) => {
                self.tree.definition(id).filter(|d| d.condition.is_none()).map(|d| d.span)
            }
            _ => None,
        })
    }

    fn imports(&mut self, module: ModuleId, visibility: Visibility, imports: &[Import]) {
        let visible = visible(&self.tree, module, visibility);
        for import in imports {
            match import {
                Import::Name(name, path) => {
                    let target = Target::Use(path.clone());
                    self.name(module, name.clone(), Entry { target, visible });
                }
                Import::Glob(path) => {
                    if let Some(m) = self.tree.modules.get_mut(module.0) {
                        m.globs.push(Glob { path: path.clone(), visible });
                    }
                }
            }
        }
    }

    fn module(&mut self, parent: ModuleId, item: &ModuleItem, walk: &mut Walk<'_>) {
        let name = &item.name;
        let id = ModuleId(self.tree.modules.len());
        let visible = visible(&self.tree, parent, item.visibility);
        let condition = item.condition.map(|c| c.of(walk.file));
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
        self.name(parent, name.clone(), Entry { target: Target::Module(id), visible });
        if let Some((whole, items)) = &item.inline {
            walk.inline.push((id, *whole));
            self.items(id, items, walk);
            return;
        }
        let span = item.place.of(walk.file);
        match walk.modules.next() {
            Some(Found::At(file)) => self.file(id, file, span),
            Some(Found::Both(candidates)) => {
                self.diagnostics.push(codes::module_file_ambiguous(span, name, candidates));
            }
            Some(Found::Neither(candidates)) if condition.is_none() => {
                self.diagnostics.push(codes::module_file_missing(span, name, candidates));
            }
            // cargo does not miss a file behind a condition that does not hold, and neither may we.
            Some(Found::Neither(_)) | None => {}
        }
    }
}

fn kind(body: &Body) -> &'static str {
    match body {
        Body::Trait(_) | Body::TraitAlias => "trait",
        Body::Struct(_) => "struct",
        Body::Enum(_) => "enum",
        Body::Union => "union",
        Body::Alias(_) => "type",
    }
}
