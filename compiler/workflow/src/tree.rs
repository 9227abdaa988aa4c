//! Crates, modules and what they define, before any name is resolved.

use std::collections::BTreeMap;
use std::ops::Range;
use std::rc::Rc;

use bp_diag::{FileId, Span};
use camino::Utf8PathBuf;
use proc_macro2::TokenTree;
use quote::ToTokens;
use syn::spanned::Spanned as _;
use syn::{Attribute, Item, Visibility};

/// A module of a [`Tree`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ModuleId(pub(crate) usize);

/// A trait, struct, enum, union or alias of a [`Tree`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct DefinitionId(pub(crate) usize);

/// A crate of a [`Tree`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct CrateId(pub(crate) usize);

/// Who may use an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Visible {
    /// Everyone.
    Public,
    /// This module and what it contains.
    In(ModuleId),
}

/// What a name in a module stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    Module(ModuleId),
    Definition(DefinitionId),
    Use(UsePath),
}

/// The path of a `use`, or a path in a type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UsePath {
    /// Whether it begins with `::`.
    pub(crate) global: bool,
    pub(crate) segments: Vec<String>,
}

#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) target: Target,
    pub(crate) visible: Visible,
}

#[derive(Debug)]
pub(crate) struct Glob {
    pub(crate) path: UsePath,
    pub(crate) visible: Visible,
}

#[derive(Debug)]
pub(crate) struct Module {
    pub(crate) path: String,
    pub(crate) parent: Option<ModuleId>,
    pub(crate) krate: CrateId,
    pub(crate) file: FileId,
    pub(crate) visible: Visible,
    /// A condition other than `test` that the module depends on.
    pub(crate) condition: Option<Span>,
    pub(crate) names: BTreeMap<String, Vec<Entry>>,
    pub(crate) globs: Vec<Glob>,
    pub(crate) impls: Vec<Rc<Item>>,
    pub(crate) statics: Vec<Rc<Item>>,
    /// Whether a macro is called here, which may define anything.
    pub(crate) calls_macros: bool,
}

#[derive(Debug)]
pub(crate) struct Definition {
    pub(crate) name: String,
    pub(crate) path: String,
    pub(crate) module: ModuleId,
    pub(crate) visible: Visible,
    pub(crate) item: Rc<Item>,
    pub(crate) file: FileId,
    pub(crate) span: Span,
    pub(crate) condition: Option<Span>,
}

/// What the name of a crate stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Extern {
    Read(CrateId),
    /// By the name that generated code uses.
    Other(String),
    /// A crate of the runtime, by its name.
    Runtime(String),
}

#[derive(Debug)]
pub(crate) struct Crate {
    pub(crate) name: String,
    pub(crate) package: String,
    pub(crate) dir: Utf8PathBuf,
    pub(crate) version: Option<String>,
    pub(crate) root: Option<ModuleId>,
    pub(crate) externs: BTreeMap<String, Extern>,
}

/// Calls of `…::spawn` found in one file.
#[derive(Debug)]
pub(crate) struct Spawn {
    pub(crate) module: ModuleId,
    pub(crate) path: UsePath,
    pub(crate) span: Span,
}

/// Everything read, by index.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    pub(crate) crates: Vec<Crate>,
    pub(crate) modules: Vec<Module>,
    pub(crate) definitions: Vec<Definition>,
    pub(crate) spawns: Vec<Spawn>,
}

impl Tree {
    pub(crate) fn krate(&self, id: CrateId) -> Option<&Crate> {
        self.crates.get(id.0)
    }

    pub(crate) fn module(&self, id: ModuleId) -> Option<&Module> {
        self.modules.get(id.0)
    }

    pub(crate) fn definition(&self, id: DefinitionId) -> Option<&Definition> {
        self.definitions.get(id.0)
    }

    pub(crate) fn module_ids(&self) -> impl Iterator<Item = ModuleId> + use<> {
        (0..self.modules.len()).map(ModuleId)
    }

    pub(crate) fn definition_ids(&self) -> impl Iterator<Item = DefinitionId> + use<> {
        (0..self.definitions.len()).map(DefinitionId)
    }

    /// The root of the crate that a module belongs to.
    pub(crate) fn root_of(&self, module: ModuleId) -> Option<ModuleId> {
        self.krate(self.module(module)?.krate)?.root
    }

    /// Whether `inner` is `outer` or lies inside it.
    pub(crate) fn contains(&self, outer: ModuleId, inner: ModuleId) -> bool {
        let mut at = Some(inner);
        while let Some(id) = at {
            if id == outer {
                return true;
            }
            at = self.module(id).and_then(|m| m.parent);
        }
        false
    }
}

/// What an item's `cfg` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Condition {
    /// Nothing.
    Always,
    /// Only in tests: the item is ignored.
    Test,
    /// Something else, at a place.
    Other(Span),
}

/// Reads `#[cfg(…)]` and `#[cfg_attr(…)]`; the latter counts when it hides an attribute that is read.
pub(crate) fn condition(file: FileId, attributes: &[Attribute]) -> Condition {
    let mut found = Condition::Always;
    for attribute in attributes {
        if attribute.path().is_ident("cfg") {
            let Ok(list) = attribute.meta.require_list() else { continue };
            if only_in_tests(list.tokens.clone()) {
                return Condition::Test;
            }
            found = Condition::Other(span_of(file, attribute));
        } else if attribute.path().is_ident("cfg_attr") {
            let Ok(list) = attribute.meta.require_list() else { continue };
            let read = ["service", "idempotent", "Data", "ServiceError", "status", "infra"];
            if mentions(list.tokens.clone(), &read) {
                found = Condition::Other(span_of(file, attribute));
            }
        }
    }
    found
}

fn only_in_tests(tokens: proc_macro2::TokenStream) -> bool {
    let mut all = false;
    for (index, token) in tokens.into_iter().enumerate() {
        match token {
            TokenTree::Ident(ident) if index == 0 && ident == "test" => return true,
            TokenTree::Ident(ident) if index == 0 && ident == "all" => all = true,
            TokenTree::Group(group) if all => {
                return group
                    .stream()
                    .into_iter()
                    .any(|t| matches!(t, TokenTree::Ident(i) if i == "test"));
            }
            _ => {}
        }
    }
    false
}

/// Whether one of the words occurs anywhere in the tokens.
pub(crate) fn mentions(tokens: proc_macro2::TokenStream, words: &[&str]) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(ident) => words.iter().any(|w| ident == w),
        TokenTree::Group(group) => mentions(group.stream(), words),
        _ => false,
    })
}

/// Where a node was written.
pub(crate) fn span_of(file: FileId, node: &impl ToTokens) -> Span {
    let range = node.span().byte_range();
    Span::new(file, range.start, range.end)
}

/// Where an identifier was written.
pub(crate) fn ident_span(file: FileId, ident: &proc_macro2::Ident) -> Span {
    let range = ident.span().byte_range();
    Span::new(file, range.start, range.end)
}

/// An identifier without `r#`.
pub(crate) fn plain(ident: &proc_macro2::Ident) -> String {
    let text = ident.to_string();
    text.strip_prefix("r#").map_or(text.clone(), str::to_owned)
}

/// Documentation, a line each, without the space after the comment mark.
pub(crate) fn docs(attributes: &[Attribute]) -> Vec<String> {
    let mut lines = Vec::new();
    for attribute in attributes {
        let syn::Meta::NameValue(pair) = &attribute.meta else { continue };
        let syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) = &pair.value else {
            continue;
        };
        if pair.path.is_ident("doc") {
            lines.extend(
                text.value()
                    .split('\n')
                    .map(|l| l.strip_prefix(' ').unwrap_or(l).trim_end().to_owned()),
            );
        }
    }
    lines
}

/// A type or path as people write it: tokens without the spaces that printing puts between them.
pub(crate) fn written(node: &impl ToTokens) -> String {
    let mut text = node.to_token_stream().to_string();
    for (spaced, plain) in [
        (" :: ", "::"),
        (":: ", "::"),
        (" < ", "<"),
        (" >", ">"),
        ("> ::", ">::"),
        ("& ", "&"),
        (" ,", ","),
    ] {
        text = text.replace(spaced, plain);
    }
    text
}

/// The visibility of an item in `module`; a `pub(in …)` counts as the crate's.
pub(crate) fn visible(tree: &Tree, module: ModuleId, visibility: &Visibility) -> Visible {
    match visibility {
        Visibility::Public(_) => Visible::Public,
        Visibility::Restricted(restricted) => {
            if restricted.path.is_ident("self") {
                return Visible::In(module);
            }
            if restricted.path.is_ident("super") {
                let parent = tree.module(module).and_then(|m| m.parent);
                return Visible::In(parent.unwrap_or(module));
            }
            Visible::In(tree.root_of(module).unwrap_or(module))
        }
        Visibility::Inherited => Visible::In(module),
    }
}

/// Parts of a file that belong to inline modules or are ignored, innermost last.
#[derive(Debug, Default)]
pub(crate) struct Regions {
    pub(crate) inline: Vec<(ModuleId, Range<u32>)>,
    pub(crate) ignored: Vec<Range<u32>>,
}
