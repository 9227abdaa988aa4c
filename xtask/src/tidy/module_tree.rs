//! The modules of one crate, and which file defines what a path names.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use proc_macro2::{Delimiter, TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Attribute, Expr, Item, Meta, UseTree, Visibility};

use crate::source_files::normalize;

/// Macros whose input is code of another crate.
const QUOTES: &[&str] = &["quote", "quote_spanned", "parse_quote", "parse_quote_spanned"];

/// A crate's modules, without those of tests; the first is its root.
#[derive(Debug, Default)]
pub(crate) struct ModuleTree {
    modules: Vec<Module>,
}

#[derive(Debug, Default)]
struct Module {
    parent: Option<usize>,
    file: String,
    children: BTreeMap<String, usize>,
    /// What it defines itself.
    defined: BTreeSet<String>,
    /// The paths that a name stands for; there are several if the name has several namespaces.
    imports: BTreeMap<String, Vec<Vec<String>>>,
    /// The paths of its `use …::*`.
    globs: Vec<Vec<String>>,
    mentions: Vec<Mention>,
}

/// A path that code names.
#[derive(Debug)]
struct Mention {
    path: Vec<String>,
    kind: MentionKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum MentionKind {
    /// In a `use` that others can see through.
    Export,
    Import,
    /// In a `use …::*`.
    Glob,
    Code,
}

/// What a path names.
#[derive(Debug, Clone, Copy)]
enum Target {
    Module(usize),
    /// An item of this module.
    Item(usize),
}

/// The names that one file takes from another, by both files.
pub(crate) type Uses = BTreeMap<(String, String), BTreeSet<String>>;

#[expect(
    clippy::indexing_slicing,
    reason = "an index is that of a module that was added, and none is removed"
)]
impl ModuleTree {
    /// Reads a crate from its root, with the files by path from the repository's root.
    pub(crate) fn read(root: &str, files: &BTreeMap<String, String>) -> Result<Self> {
        let mut tree = Self::default();
        let folder = parent_folder(Path::new(root));
        tree.read_file(None, root, &folder, files)?;
        Ok(tree)
    }

    /// Reads a module that is a file; those below it are in `folder`.
    fn read_file(
        &mut self,
        parent: Option<usize>,
        file: &str,
        folder: &Path,
        files: &BTreeMap<String, String>,
    ) -> Result<usize> {
        let text = files.get(file).with_context(|| format!("{file}: a module without a file"))?;
        let syntax = syn::parse_file(text).with_context(|| file.to_owned())?;
        self.read_items(parent, file, folder, &syntax.items, files)
    }

    fn read_items(
        &mut self,
        parent: Option<usize>,
        file: &str,
        folder: &Path,
        items: &[Item],
        files: &BTreeMap<String, String>,
    ) -> Result<usize> {
        let at = self.modules.len();
        let mut module = Module { parent, file: file.to_owned(), ..Module::default() };
        for item in items {
            module.visit_item(item);
            module.defined.extend(defined_name(item));
        }
        self.modules.push(module);
        for item in items {
            let Item::Mod(declared) = item else { continue };
            if is_test_only(&declared.attrs) {
                continue;
            }
            let name = plain_name(&declared.ident);
            let child = if let Some((_, inner)) = &declared.content {
                self.read_items(Some(at), file, &folder.join(&name), inner, files)?
            } else {
                let (child, below) = locate(file, folder, &name, &declared.attrs, files);
                self.read_file(Some(at), &child, &below, files)?
            };
            self.modules[at].children.insert(name, child);
        }
        Ok(at)
    }

    /// What each file of the crate takes from others of it.
    pub(crate) fn collect_uses(&self) -> Uses {
        let mut uses = Uses::new();
        for (at, module) in self.modules.iter().enumerate() {
            for mention in &module.mentions {
                let target =
                    match (self.resolve(at, &mention.path, &mut BTreeSet::new()), mention.kind) {
                        (Some(Target::Item(target)), _) => target,
                        (Some(Target::Module(target)), MentionKind::Glob | MentionKind::Code) => {
                            target
                        }
                        // The paths through the module tell what is taken.
                        (Some(Target::Module(_)) | None, _) => continue,
                    };
                let exports_own = mention.kind == MentionKind::Export && self.is_below(target, at);
                let definer = &self.modules[target].file;
                if exports_own || self.is_below(at, target) || *definer == module.file {
                    continue;
                }
                let names = uses.entry((module.file.clone(), definer.clone())).or_default();
                names.insert(mention.path.join("::"));
            }
        }
        uses
    }

    /// Whether a module is inside another.
    fn is_below(&self, module: usize, ancestor: usize) -> bool {
        let mut next = self.modules[module].parent;
        while let Some(parent) = next {
            if parent == ancestor {
                return true;
            }
            next = self.modules[parent].parent;
        }
        false
    }

    /// Follows a path, through re-exports, to where its item is defined; `None` is another crate's.
    fn resolve(
        &self,
        from: usize,
        path: &[String],
        visited: &mut BTreeSet<(usize, String)>,
    ) -> Option<Target> {
        let mut at = from;
        let mut rest = path;
        let mut anchored = false;
        while let Some((first, after)) = rest.split_first() {
            at = match first.as_str() {
                "crate" => 0,
                "self" => at,
                "super" => self.modules[at].parent?,
                _ => break,
            };
            (anchored, rest) = (true, after);
        }
        while let Some((name, after)) = rest.split_first() {
            match self.look_up(at, name, after.is_empty(), visited) {
                Some(Target::Module(inner)) => at = inner,
                Some(item) => return Some(item),
                // A macro may have defined it.
                None => return anchored.then_some(Target::Item(at)),
            }
            (anchored, rest) = (true, after);
        }
        Some(Target::Module(at))
    }

    fn look_up(
        &self,
        at: usize,
        name: &str,
        last: bool,
        visited: &mut BTreeSet<(usize, String)>,
    ) -> Option<Target> {
        let module = &self.modules[at];
        let child = module.children.get(name).map(|child| Target::Module(*child));
        // A module and a function may share a name.
        if child.is_some() && !(last && module.defined.contains(name)) {
            return child;
        }
        if module.defined.contains(name) {
            return Some(Target::Item(at));
        }
        if !visited.insert((at, name.to_owned())) {
            return None;
        }
        let mut imported = module.imports.get(name).into_iter().flatten();
        if let Some(found) = imported.find_map(|path| self.resolve(at, path, visited)) {
            return Some(found);
        }
        module.globs.iter().find_map(|path| match self.resolve(at, path, visited)? {
            Target::Module(inner) => self.look_up(inner, name, last, visited),
            Target::Item(_) => None,
        })
    }
}

impl Module {
    fn mention(&mut self, path: Vec<String>) {
        self.mentions.push(Mention { path, kind: MentionKind::Code });
    }

    /// Notes what a `use` brings into the module.
    fn read_use(&mut self, tree: &UseTree, mut path: Vec<String>, kind: MentionKind) {
        match tree {
            UseTree::Path(step) => {
                path.push(plain_name(&step.ident));
                self.read_use(&step.tree, path, kind);
            }
            UseTree::Name(name) if name.ident == "self" => {
                let own = path.last().cloned().unwrap_or_default();
                self.import(own, path, kind);
            }
            UseTree::Name(name) => {
                let own = plain_name(&name.ident);
                path.push(own.clone());
                self.import(own, path, kind);
            }
            UseTree::Rename(renamed) => {
                if renamed.ident != "self" {
                    path.push(plain_name(&renamed.ident));
                }
                self.import(plain_name(&renamed.rename), path, kind);
            }
            UseTree::Glob(_) => {
                self.globs.push(path.clone());
                if kind == MentionKind::Import {
                    self.mentions.push(Mention { path, kind: MentionKind::Glob });
                }
            }
            UseTree::Group(group) => {
                for inner in &group.items {
                    self.read_use(inner, path.clone(), kind);
                }
            }
        }
    }

    fn import(&mut self, name: String, path: Vec<String>, kind: MentionKind) {
        // `use a::{self as b}` and the like of another crate resolve to nothing later.
        self.imports.entry(name).or_default().push(path.clone());
        self.mentions.push(Mention { path, kind });
    }

    /// Notes the paths in the input of a macro, which is not parsed.
    fn read_tokens(&mut self, tokens: TokenStream) {
        let mut path: Vec<String> = Vec::new();
        let mut colons = 0;
        let mut skipped = false;
        for token in tokens {
            match token {
                TokenTree::Punct(mark) if mark.as_char() == ':' && colons < 2 => {
                    colons += 1;
                    continue;
                }
                TokenTree::Ident(word) => {
                    if colons != 2 || path.is_empty() {
                        self.end_path(&mut path, false);
                        // A path that begins with `::` is another crate's, and what follows a dot is a member.
                        skipped = skipped || colons == 2;
                    }
                    if !skipped {
                        path.push(plain_name(&word));
                    }
                    colons = 0;
                    continue;
                }
                TokenTree::Group(group) => {
                    self.end_path(&mut path, group.delimiter() == Delimiter::Parenthesis);
                    self.read_tokens(group.stream());
                    skipped = false;
                }
                TokenTree::Punct(mark) => {
                    self.end_path(&mut path, false);
                    skipped = mark.as_char() == '.';
                }
                TokenTree::Literal(_) => {
                    self.end_path(&mut path, false);
                    skipped = false;
                }
            }
            colons = 0;
        }
        self.end_path(&mut path, false);
    }

    fn end_path(&mut self, path: &mut Vec<String>, called: bool) {
        let path = std::mem::take(path);
        if path.len() > 1 || called || path.first().is_some_and(|name| is_capitalised(name)) {
            self.mention(path);
        }
    }
}

impl Visit<'_> for Module {
    fn visit_item(&mut self, item: &Item) {
        match item {
            // Modules inside it are modules of their own.
            Item::Mod(_) => {}
            Item::ExternCrate(declared) => {
                if let (true, Some((_, name))) = (declared.ident == "self", &declared.rename) {
                    let own = vec!["crate".to_owned()];
                    self.imports.entry(plain_name(name)).or_default().push(own);
                }
            }
            Item::Use(declared) => {
                if is_test_only(&declared.attrs) || declared.leading_colon.is_some() {
                    return;
                }
                let private = matches!(declared.vis, Visibility::Inherited);
                let kind = if private { MentionKind::Import } else { MentionKind::Export };
                self.read_use(&declared.tree, Vec::new(), kind);
            }
            Item::Macro(declared) if declared.ident.is_some() => {
                self.read_tokens(declared.mac.tokens.clone());
            }
            _ if is_test_only(attributes(item)) => {}
            _ => visit::visit_item(self, item),
        }
    }

    fn visit_impl_item(&mut self, item: &syn::ImplItem) {
        let attributes = match item {
            syn::ImplItem::Fn(inner) => inner.attrs.as_slice(),
            syn::ImplItem::Const(inner) => inner.attrs.as_slice(),
            _ => &[],
        };
        if !is_test_only(attributes) {
            visit::visit_impl_item(self, item);
        }
    }

    // `pub(super)` and `pub(in …)` use nothing.
    fn visit_visibility(&mut self, _: &Visibility) {}

    fn visit_attribute(&mut self, _: &Attribute) {}

    fn visit_expr_call(&mut self, call: &syn::ExprCall) {
        if let Expr::Path(function) = &*call.func
            && let Some(name) = function.path.get_ident()
        {
            self.mention(vec![plain_name(name)]);
        }
        visit::visit_expr_call(self, call);
    }

    fn visit_path(&mut self, path: &syn::Path) {
        let names: Vec<String> = path.segments.iter().map(|step| plain_name(&step.ident)).collect();
        // One small name is a variable, if it is not called.
        let may_import = names.len() > 1 || names.first().is_some_and(|name| is_capitalised(name));
        if path.leading_colon.is_none() && may_import {
            self.mention(names);
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, used: &syn::Macro) {
        let name = used.path.segments.last().map(|step| plain_name(&step.ident));
        if used.path.segments.len() > 1 {
            self.visit_path(&used.path);
        }
        if !name.is_some_and(|name| QUOTES.contains(&name.as_str())) {
            self.read_tokens(used.tokens.clone());
        }
    }
}

/// Where a module's file is, and the folder of those below it.
fn locate(
    file: &str,
    folder: &Path,
    name: &str,
    attributes: &[Attribute],
    files: &BTreeMap<String, String>,
) -> (String, PathBuf) {
    if let Some(path) = attributes.iter().find_map(read_path) {
        let file = normalize(&parent_folder(Path::new(file)).join(path));
        let below = parent_folder(Path::new(&file));
        return (file, below);
    }
    let below = folder.join(name);
    let folded = below.join("mod.rs").display().to_string();
    if files.contains_key(&folded) {
        return (folded, below);
    }
    (folder.join(format!("{name}.rs")).display().to_string(), below)
}

/// The path of a `#[path = "…"]`.
fn read_path(attribute: &Attribute) -> Option<String> {
    let Meta::NameValue(pair) = &attribute.meta else { return None };
    let Expr::Lit(literal) = &pair.value else { return None };
    let syn::Lit::Str(text) = &literal.lit else { return None };
    pair.path.is_ident("path").then(|| text.value())
}

fn parent_folder(file: &Path) -> PathBuf {
    file.parent().unwrap_or(Path::new("")).to_owned()
}

/// Whether only tests have it.
fn is_test_only(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        Meta::Path(path) => path.is_ident("test"),
        Meta::List(list) => list.path.is_ident("cfg") && list.tokens.to_string() == "test",
        Meta::NameValue(_) => false,
    })
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        _ => &[],
    }
}

fn defined_name(item: &Item) -> Option<String> {
    let name = match item {
        Item::Const(item) => &item.ident,
        Item::Enum(item) => &item.ident,
        Item::Fn(item) => &item.sig.ident,
        Item::Macro(item) => item.ident.as_ref()?,
        Item::Static(item) => &item.ident,
        Item::Struct(item) => &item.ident,
        Item::Trait(item) => &item.ident,
        Item::Type(item) => &item.ident,
        Item::Union(item) => &item.ident,
        _ => return None,
    };
    (!is_test_only(attributes(item))).then(|| plain_name(name))
}

/// A name without `r#`.
fn plain_name(name: &proc_macro2::Ident) -> String {
    let name = name.to_string();
    name.strip_prefix("r#").map_or(name.clone(), str::to_owned)
}

fn is_capitalised(name: &str) -> bool {
    name.starts_with(char::is_uppercase)
}
