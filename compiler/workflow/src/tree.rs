//! Crates, modules and what they define, before any name is resolved.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bp_diag::{FileId, Span};
use camino::Utf8PathBuf;

use crate::source::{Body, ImplItem, StaticItem, UsePath, Visibility};

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
pub(crate) enum VisibleTo {
    /// Everyone.
    Public,
    /// This module and what it contains.
    In(ModuleId),
}

/// What a name in a module stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NameTarget {
    Module(ModuleId),
    Definition(DefinitionId),
    Use(UsePath),
    /// `extern crate`
    Extern(Extern),
}

#[derive(Debug, Clone)]
pub(crate) struct NameEntry {
    pub(crate) target: NameTarget,
    pub(crate) visible: VisibleTo,
    /// A condition that builds differ in, and without which the name may stand for something else.
    pub(crate) undecided: Option<Span>,
}

#[derive(Debug)]
pub(crate) struct Glob {
    pub(crate) path: UsePath,
    pub(crate) visible: VisibleTo,
    /// As in [`NameEntry`].
    pub(crate) undecided: Option<Span>,
}

#[derive(Debug)]
pub(crate) struct Module {
    pub(crate) path: String,
    pub(crate) parent: Option<ModuleId>,
    pub(crate) krate: CrateId,
    pub(crate) file: FileId,
    pub(crate) visible: VisibleTo,
    /// A condition that the module depends on, and that builds differ in.
    pub(crate) condition: Option<Span>,
    pub(crate) names: BTreeMap<String, Vec<NameEntry>>,
    pub(crate) globs: Vec<Glob>,
    pub(crate) impls: Vec<Arc<ImplItem>>,
    pub(crate) statics: Vec<Arc<StaticItem>>,
    /// Whether a macro is called here, which may define anything.
    pub(crate) calls_macros: bool,
}

#[derive(Debug)]
pub(crate) struct Definition {
    pub(crate) name: String,
    pub(crate) path: String,
    pub(crate) module: ModuleId,
    pub(crate) visible: VisibleTo,
    pub(crate) body: Body,
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
    /// Where the package is named.
    pub(crate) package_span: Span,
    /// Where the library is named.
    pub(crate) name_span: Span,
    pub(crate) root: Option<ModuleId>,
    /// The root's file.
    pub(crate) file: Option<Utf8PathBuf>,
    /// Whether paths are read as before 2018: from the crate's root.
    pub(crate) old_paths: bool,
    pub(crate) features: BTreeSet<String>,
    pub(crate) externs: BTreeMap<String, Extern>,
    /// What `extern crate` at the root adds to those.
    pub(crate) renamed: BTreeMap<String, Extern>,
    /// Crates that the Cargo.toml mentions and does not link.
    pub(crate) unlinked: BTreeMap<String, UnlinkedCrate>,
}

/// Why a crate that a Cargo.toml mentions is not linked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UnlinkedCrate {
    pub(crate) span: Span,
    pub(crate) why: UnlinkedReason,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum UnlinkedReason {
    TestsOnly,
    BuildScriptOnly,
    OtherTarget,
    Optional,
}

/// Calls of `…::spawn` found in one file.
#[derive(Debug)]
pub(crate) struct SpawnCall {
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
    pub(crate) spawns: Vec<SpawnCall>,
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

    /// The crate that a module belongs to.
    pub(crate) fn krate_of(&self, module: ModuleId) -> Option<&Crate> {
        self.krate(self.module(module)?.krate)
    }

    /// The root of the crate that a module belongs to.
    pub(crate) fn root_of(&self, module: ModuleId) -> Option<ModuleId> {
        self.krate_of(module)?.root
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

/// Whom an item of `module` is visible to.
pub(crate) fn visible_to(tree: &Tree, module: ModuleId, visibility: Visibility) -> VisibleTo {
    match visibility {
        Visibility::Public => VisibleTo::Public,
        Visibility::Crate => VisibleTo::In(tree.root_of(module).unwrap_or(module)),
        Visibility::Parent => {
            let parent = tree.module(module).and_then(|m| m.parent);
            VisibleTo::In(parent.unwrap_or(module))
        }
        Visibility::Module => VisibleTo::In(module),
    }
}
