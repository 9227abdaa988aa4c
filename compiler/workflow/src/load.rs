//! Follows path dependencies, `mod` and files, and fills a [`Tree`].

use std::collections::BTreeMap;
use std::rc::Rc;

use bp_diag::{Diagnostics, FileId, SourceMap, Span, catalog::workflow as codes};
use bp_system::System;
use camino::{Utf8Path, Utf8PathBuf};
use syn::{Item, ItemMod, UseTree};

use crate::manifest::{Manifest, Source, read_manifest};
use crate::model::ExternalModel;
use crate::source::{display_path, load_text, normal, parse_file};
use crate::tree::{
    Condition, Crate, CrateId, Definition, DefinitionId, Entry, Extern, Glob, Module, ModuleId,
    Regions, Spawn, Target, Tree, UsePath, Visible, condition, ident_span, mentions, plain,
    span_of, visible,
};

/// How deep module files may nest; each takes a frame of the reader's stack.
const MAX_MODULE_DEPTH: usize = 64;

/// What was loaded.
#[derive(Debug, Default)]
pub(crate) struct Loaded {
    pub(crate) tree: Tree,
    pub(crate) externals: BTreeMap<String, ExternalModel>,
    pub(crate) diagnostics: Diagnostics,
}

struct Loader<'a> {
    system: &'a dyn System,
    sources: &'a mut SourceMap,
    tree: Tree,
    externals: BTreeMap<String, ExternalModel>,
    /// Crates by folder, so that two that depend on a third share it.
    known: BTreeMap<Utf8PathBuf, CrateId>,
    /// Files being read, from the crate's root inwards.
    open: Vec<Utf8PathBuf>,
    diagnostics: Diagnostics,
}

/// Where `mod` declarations of a piece of source look for files.
#[derive(Clone)]
struct Folder {
    /// Of the file itself, which `#[path]` is relative to.
    file: Utf8PathBuf,
    /// Of child modules.
    children: Utf8PathBuf,
    /// Whether this is inside an inline module.
    inline: bool,
}

/// Loads the crate in `dir` and all that it depends on by path.
pub(crate) fn load(system: &dyn System, sources: &mut SourceMap, dir: &Utf8Path) -> Loaded {
    let mut loader = Loader {
        system,
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
        let dir = manifest.root.parent().map_or_else(Utf8PathBuf::new, Utf8Path::to_owned);
        let folder = Folder { file: dir.clone(), children: dir, inline: false };
        self.open.clear();
        self.file(root, &manifest.root, &folder, asked);
    }

    /// Reads a file as the contents of `module`.
    fn file(&mut self, module: ModuleId, path: &Utf8Path, folder: &Folder, asked: Span) {
        if self.open.iter().any(|p| p == path) {
            let shown = display_path(self.system, path);
            self.diagnostics.push(codes::module_cycle(asked, &shown));
            return;
        }
        if self.open.len() >= MAX_MODULE_DEPTH {
            self.diagnostics.push(codes::nested_too_deep(asked, MAX_MODULE_DEPTH));
            return;
        }
        let loaded = load_text(self.system, self.sources, path, Some(asked), &mut self.diagnostics);
        let Some((file, text)) = loaded else { return };
        let parsed = parse_file(file, &text, &mut self.diagnostics);
        if let Some(m) = self.tree.modules.get_mut(module.0) {
            m.file = file;
        }
        match condition(file, &parsed.attributes) {
            Condition::Test => return,
            Condition::Other(span) => {
                if let Some(m) = self.tree.modules.get_mut(module.0) {
                    m.condition.get_or_insert(span);
                }
            }
            Condition::Always => {}
        }
        self.open.push(path.to_owned());
        let mut regions = Regions::default();
        for item in &parsed.items {
            self.item(module, file, folder, item, &mut regions);
        }
        self.open.pop();
        for (segments, range) in parsed.spawns {
            let span = Span::new(file, range.start, range.end);
            if regions.ignored.iter().any(|r| r.contains(&span.start)) {
                continue;
            }
            let inline = regions.inline.iter().rev().find(|(_, r)| r.contains(&span.start));
            let module = inline.map_or(module, |(id, _)| *id);
            let path = UsePath { global: false, segments };
            self.tree.spawns.push(Spawn { module, path, span });
        }
    }

    fn item(
        &mut self,
        module: ModuleId,
        file: FileId,
        folder: &Folder,
        item: &Rc<Item>,
        regions: &mut Regions,
    ) {
        let attributes = attributes(item);
        let condition = condition(file, attributes);
        if condition == Condition::Test {
            let span = span_of(file, &**item);
            regions.ignored.push(span.start..span.end);
            return;
        }
        let condition = match condition {
            Condition::Other(span) => Some(span),
            _ => None,
        };
        match &**item {
            Item::Mod(inner) => self.module(module, file, folder, inner, condition, regions),
            Item::Use(used) => {
                let visible = visible(&self.tree, module, &used.vis);
                let path = UsePath { global: used.leading_colon.is_some(), segments: Vec::new() };
                self.used(module, &used.tree, &path, visible);
            }
            Item::ExternCrate(named) => {
                let name = named.rename.as_ref().map_or(&named.ident, |(_, rename)| rename);
                let visible = visible(&self.tree, module, &named.vis);
                let segments = vec![plain(&named.ident)];
                let target = Target::Use(UsePath { global: true, segments });
                self.name(module, plain(name), Entry { target, visible });
            }
            Item::Trait(t) => self.define(module, file, item, &t.ident, &t.vis, condition),
            Item::Struct(s) => self.define(module, file, item, &s.ident, &s.vis, condition),
            Item::Enum(e) => self.define(module, file, item, &e.ident, &e.vis, condition),
            Item::Union(u) => self.define(module, file, item, &u.ident, &u.vis, condition),
            Item::Type(t) => self.define(module, file, item, &t.ident, &t.vis, condition),
            Item::TraitAlias(t) => self.define(module, file, item, &t.ident, &t.vis, condition),
            Item::Impl(_) => {
                if let Some(m) = self.tree.modules.get_mut(module.0) {
                    m.impls.push(Rc::clone(item));
                }
            }
            Item::Static(_) => {
                if let Some(m) = self.tree.modules.get_mut(module.0) {
                    m.statics.push(Rc::clone(item));
                }
            }
            Item::Macro(call) => self.macro_call(module, file, call),
            _ => {}
        }
    }

    fn macro_call(&mut self, module: ModuleId, file: FileId, call: &syn::ItemMacro) {
        if call.mac.path.is_ident("include") {
            self.diagnostics.push(codes::included(span_of(file, call)));
        } else if marks_service(call.mac.tokens.clone()) {
            self.diagnostics.push(codes::service_in_macro(span_of(file, &call.mac.path)));
        }
        if !call.mac.path.is_ident("macro_rules")
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

    fn define(
        &mut self,
        module: ModuleId,
        file: FileId,
        item: &Rc<Item>,
        ident: &proc_macro2::Ident,
        visibility: &syn::Visibility,
        condition: Option<Span>,
    ) {
        let name = plain(ident);
        let span = ident_span(file, ident);
        if condition.is_none()
            && let Some(first) = self.defined(module, &name)
        {
            self.diagnostics.push(codes::defined_twice(span, first, kind(item), &name));
            return;
        }
        let id = DefinitionId(self.tree.definitions.len());
        let visible = visible(&self.tree, module, visibility);
        let Some(m) = self.tree.module(module) else { return };
        let path = format!("{}::{name}", m.path);
        let condition = condition.or(m.condition);
        self.tree.definitions.push(Definition {
            name: name.clone(),
            path,
            module,
            visible,
            item: Rc::clone(item),
            file,
            span,
            condition,
        });
        self.name(module, name, Entry { target: Target::Definition(id), visible });
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

    fn used(&mut self, module: ModuleId, tree: &UseTree, prefix: &UsePath, visible: Visible) {
        let with = |ident: &proc_macro2::Ident| {
            let mut path = prefix.clone();
            path.segments.push(plain(ident));
            path
        };
        match tree {
            UseTree::Path(path) => self.used(module, &path.tree, &with(&path.ident), visible),
            UseTree::Group(group) => {
                for tree in &group.items {
                    self.used(module, tree, prefix, visible);
                }
            }
            UseTree::Glob(_) => {
                if let Some(m) = self.tree.modules.get_mut(module.0) {
                    m.globs.push(Glob { path: prefix.clone(), visible });
                }
            }
            UseTree::Name(name) if name.ident == "self" => {
                if let Some(last) = prefix.segments.last().cloned() {
                    let target = Target::Use(prefix.clone());
                    self.name(module, last, Entry { target, visible });
                }
            }
            UseTree::Name(name) => {
                let target = Target::Use(with(&name.ident));
                self.name(module, plain(&name.ident), Entry { target, visible });
            }
            UseTree::Rename(rename) => {
                let path =
                    if rename.ident == "self" { prefix.clone() } else { with(&rename.ident) };
                self.name(
                    module,
                    plain(&rename.rename),
                    Entry { target: Target::Use(path), visible },
                );
            }
        }
    }

    fn module(
        &mut self,
        parent: ModuleId,
        file: FileId,
        folder: &Folder,
        item: &ItemMod,
        condition: Option<Span>,
        regions: &mut Regions,
    ) {
        let name = plain(&item.ident);
        let id = ModuleId(self.tree.modules.len());
        let visible = visible(&self.tree, parent, &item.vis);
        let Some(above) = self.tree.module(parent) else { return };
        let module = Module {
            path: format!("{}::{name}", above.path),
            parent: Some(parent),
            krate: above.krate,
            file,
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
        let span = ident_span(file, &item.ident);
        let given = path_attribute(&item.attrs);
        if let Some((_, items)) = &item.content {
            let below = match &given {
                Some(given) if folder.inline => folder.children.join(given),
                Some(given) => folder.file.join(given),
                None => folder.children.join(&name),
            };
            let inner = Folder { file: below.clone(), children: below, inline: true };
            let whole = span_of(file, item);
            regions.inline.push((id, whole.start..whole.end));
            for item in items {
                self.item(id, file, &inner, &Rc::new(item.clone()), regions);
            }
            return;
        }
        if let Some(given) = given {
            let base = if folder.inline { &folder.children } else { &folder.file };
            let path = normal(&base.join(given));
            let dir = path.parent().map_or_else(Utf8PathBuf::new, Utf8Path::to_owned);
            // A file named by `#[path]` looks for its own modules beside itself.
            let inner = Folder { file: dir.clone(), children: dir, inline: false };
            self.file(id, &path, &inner, span);
            return;
        }
        let beside = normal(&folder.children.join(format!("{name}.rs")));
        let within = normal(&folder.children.join(&name).join("mod.rs"));
        let candidates = [&beside, &within].map(|p| display_path(self.system, p));
        let exist = (self.system.kind(&beside).is_some(), self.system.kind(&within).is_some());
        let children = folder.children.join(&name);
        match exist {
            (true, true) => {
                self.diagnostics.push(codes::module_file_ambiguous(span, &name, &candidates));
            }
            (true, false) => {
                let inner = Folder { file: folder.children.clone(), children, inline: false };
                self.file(id, &beside, &inner, span);
            }
            (false, true) => {
                let inner = Folder { file: children.clone(), children, inline: false };
                self.file(id, &within, &inner, span);
            }
            (false, false) if condition.is_none() => {
                self.diagnostics.push(codes::module_file_missing(span, &name, &candidates));
            }
            // cargo does not miss a file behind a condition that does not hold, and neither may we.
            (false, false) => {}
        }
    }
}

fn attributes(item: &Item) -> &[syn::Attribute] {
    match item {
        Item::Mod(i) => &i.attrs,
        Item::Use(i) => &i.attrs,
        Item::ExternCrate(i) => &i.attrs,
        Item::Trait(i) => &i.attrs,
        Item::Struct(i) => &i.attrs,
        Item::Enum(i) => &i.attrs,
        Item::Union(i) => &i.attrs,
        Item::Type(i) => &i.attrs,
        Item::TraitAlias(i) => &i.attrs,
        Item::Impl(i) => &i.attrs,
        Item::Static(i) => &i.attrs,
        Item::Fn(i) => &i.attrs,
        Item::Const(i) => &i.attrs,
        Item::Macro(i) => &i.attrs,
        _ => &[],
    }
}

fn kind(item: &Item) -> &'static str {
    match item {
        Item::Trait(_) | Item::TraitAlias(_) => "trait",
        Item::Struct(_) => "struct",
        Item::Enum(_) => "enum",
        Item::Union(_) => "union",
        _ => "type",
    }
}

fn path_attribute(attributes: &[syn::Attribute]) -> Option<String> {
    attributes.iter().find_map(|a| match &a.meta {
        syn::Meta::NameValue(pair) if pair.path.is_ident("path") => match &pair.value {
            syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) => Some(text.value()),
            _ => None,
        },
        _ => None,
    })
}

/// Whether tokens hold `#[service]` or `#[….::service]`.
fn marks_service(tokens: proc_macro2::TokenStream) -> bool {
    let mut hash = false;
    for token in tokens {
        match token {
            proc_macro2::TokenTree::Punct(p) => hash = p.as_char() == '#',
            proc_macro2::TokenTree::Group(group) => {
                if (hash && mentions(group.stream(), &["service"])) || marks_service(group.stream())
                {
                    return true;
                }
                hash = false;
            }
            _ => hash = false,
        }
    }
    false
}
