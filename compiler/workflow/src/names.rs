//! Resolving paths across modules and crates, and finding the paths that other crates can write.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use bp_diag::{Span, nearest};

use crate::encodable::is_encodable;
use crate::runtime_path::is_runtime_path;
use crate::source::UsePath;
use crate::tree::{
    CrateId, DefinitionId, Extern, Module, ModuleId, NameEntry, NameTarget, Tree, VisibleTo,
};

/// How many steps one resolution may take, so that `use` cycles end.
const FUEL: usize = 4096;

/// What a path stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ResolvedName {
    Module(ModuleId),
    Definition(DefinitionId),
    /// An item of a crate that is not read, by a path that generated code can write.
    External(String),
    /// `u8`, `str`, …
    Primitive(String),
    /// What it is depends on a condition, here, that builds differ in.
    Undecided(Span),
    /// Something of a crate that a Cargo.toml mentions and does not link.
    Unlinked(CrateId, String),
    /// Nothing that was read declares it; `certain` when nothing unread could, either.
    Unknown {
        certain: bool,
    },
}

/// Which of two items with one name is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Namespace {
    Types,
    Macros,
}

/// A [`Tree`] with what is derived from it.
#[derive(Debug)]
pub(crate) struct Names<'t> {
    pub(crate) tree: &'t Tree,
    reachable: BTreeMap<DefinitionId, String>,
    /// What crates publish at their roots under its own name.
    at_root: BTreeSet<DefinitionId>,
    /// The paths of interfaces that backends are known to offer.
    offered: BTreeSet<String>,
}

const PRIMITIVES: &[&str] = &[
    "bool", "char", "str", "u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64",
    "i128", "isize", "f32", "f64",
];

/// Names that every module has without `use`, with their full paths.
const PRELUDE: &[(&str, &str)] = &[
    ("Option", "std::option::Option"),
    ("Result", "std::result::Result"),
    ("Vec", "std::vec::Vec"),
    ("String", "std::string::String"),
    ("Box", "std::boxed::Box"),
    ("Send", "std::marker::Send"),
    ("Sync", "std::marker::Sync"),
    ("Sized", "std::marker::Sized"),
    ("Unpin", "std::marker::Unpin"),
    ("Copy", "std::marker::Copy"),
    ("Clone", "std::clone::Clone"),
    ("Debug", "std::fmt::Debug"),
    ("Default", "std::default::Default"),
    ("Eq", "std::cmp::Eq"),
    ("PartialEq", "std::cmp::PartialEq"),
    ("Ord", "std::cmp::Ord"),
    ("PartialOrd", "std::cmp::PartialOrd"),
    ("Hash", "std::hash::Hash"),
    ("Fn", "std::ops::Fn"),
    ("FnMut", "std::ops::FnMut"),
    ("FnOnce", "std::ops::FnOnce"),
    ("Drop", "std::ops::Drop"),
    ("Iterator", "std::iter::Iterator"),
    ("IntoIterator", "std::iter::IntoIterator"),
    ("From", "std::convert::From"),
    ("Into", "std::convert::Into"),
    ("TryFrom", "std::convert::TryFrom"),
    ("TryInto", "std::convert::TryInto"),
    ("AsRef", "std::convert::AsRef"),
    ("AsMut", "std::convert::AsMut"),
    ("ToString", "std::string::ToString"),
    ("ToOwned", "std::borrow::ToOwned"),
    ("Future", "std::future::Future"),
    ("IntoFuture", "std::future::IntoFuture"),
];

impl<'t> Names<'t> {
    /// The names of a tree; `offered` are the paths of the interfaces that backends are known to offer.
    pub(crate) fn new(tree: &'t Tree, offered: &BTreeSet<&str>) -> Self {
        let offered = offered.iter().map(|path| (*path).to_owned()).collect();
        let mut names =
            Self { tree, reachable: BTreeMap::new(), at_root: BTreeSet::new(), offered };
        for index in 0..tree.crates.len() {
            names.find_reachable(CrateId(index));
        }
        names
    }

    /// The path by which another crate can name a definition.
    pub(crate) fn reachable(&self, id: DefinitionId) -> Option<&str> {
        self.reachable.get(&id).map(String::as_str)
    }

    /// Whether another crate can name a definition by its crate and its own name alone.
    pub(crate) fn is_at_root(&self, id: DefinitionId) -> bool {
        self.at_root.contains(&id)
    }

    /// What `path` means in `module`.
    pub(crate) fn resolve(
        &self,
        module: ModuleId,
        path: &UsePath,
        namespace: Namespace,
    ) -> ResolvedName {
        let mut fuel = FUEL;
        self.resolve_path(module, path, namespace, &mut fuel)
            .unwrap_or_else(|| ResolvedName::Unknown { certain: self.sees_all(module) })
    }

    /// Whether every name of a module is known: no macro is called in it, and it has no glob import from a crate that is not read.
    fn sees_all(&self, module: ModuleId) -> bool {
        let Some(m) = self.tree.module(module) else { return false };
        !m.calls_macros
            && m.globs.iter().all(|glob| {
                let mut fuel = FUEL;
                matches!(
                    self.resolve_path(module, &glob.path, Namespace::Types, &mut fuel),
                    Some(ResolvedName::Module(_) | ResolvedName::Definition(_))
                )
            })
    }

    fn resolve_path(
        &self,
        module: ModuleId,
        path: &UsePath,
        namespace: Namespace,
        fuel: &mut usize,
    ) -> Option<ResolvedName> {
        *fuel = fuel.checked_sub(1)?;
        let mut segments = path.segments.iter();
        let first = segments.next()?;
        let alone = path.segments.len() == 1;
        let mut at = if path.global && self.begins_at_root(module, "", path) {
            let namespace = if alone { namespace } else { Namespace::Types };
            self.resolve_in_module(self.tree.root_of(module)?, first, namespace, fuel)?
        } else if path.global {
            self.resolve_crate(module, first)?
        } else {
            match first.as_str() {
                "crate" | "$crate" => ResolvedName::Module(self.tree.root_of(module)?),
                "self" => ResolvedName::Module(module),
                "super" => ResolvedName::Module(self.tree.module(module)?.parent?),
                name => {
                    let namespace = if alone { namespace } else { Namespace::Types };
                    self.resolve_in_module(module, name, namespace, fuel)
                        .or_else(|| self.resolve_crate(module, name))
                        .or_else(|| resolve_builtin(name, alone))
                        .or_else(|| if alone { self.guess(module, name, fuel) } else { None })?
                }
            }
        };
        let mut left = path.segments.len() - 1;
        for segment in segments {
            left -= 1;
            at = match at {
                ResolvedName::Module(inner) if segment == "super" => {
                    ResolvedName::Module(self.tree.module(inner)?.parent?)
                }
                ResolvedName::Module(inner) if segment == "self" => ResolvedName::Module(inner),
                ResolvedName::Module(inner) => {
                    let namespace = if left == 0 { namespace } else { Namespace::Types };
                    self.resolve_in_module(inner, segment, namespace, fuel).or_else(|| {
                        if left == 0 { self.guess(inner, segment, fuel) } else { None }
                    })?
                }
                ResolvedName::External(prefix) => {
                    ResolvedName::External(format!("{prefix}::{segment}"))
                }
                ResolvedName::Undecided(_) | ResolvedName::Unlinked(..) => at,
                _ => return None,
            };
        }
        Some(at)
    }

    /// A name that a module declares or imports.
    fn resolve_in_module(
        &self,
        module: ModuleId,
        name: &str,
        namespace: Namespace,
        fuel: &mut usize,
    ) -> Option<ResolvedName> {
        let m = self.tree.module(module)?;
        if let Some(entries) = m.names.get(name) {
            let is_use = |e: &&NameEntry| matches!(e.target, NameTarget::Use(_));
            let wanted = namespace == Namespace::Macros;
            let first = entries.iter().find(|e| is_use(e) == wanted);
            let then = entries.iter().find(|e| is_use(e) != wanted);
            for entry in first.into_iter().chain(then) {
                if let Some(found) = self.resolve_entry(module, name, entry, namespace, fuel) {
                    return Some(found);
                }
            }
        }
        self.resolve_through_globs(module, m, name, namespace, fuel)
    }

    fn resolve_entry(
        &self,
        module: ModuleId,
        name: &str,
        entry: &NameEntry,
        namespace: Namespace,
        fuel: &mut usize,
    ) -> Option<ResolvedName> {
        // Whether an attribute is the runtime's is told by its name; what a type is, by nothing else.
        if let (Some(span), Namespace::Types) = (entry.undecided, namespace) {
            return Some(ResolvedName::Undecided(span));
        }
        match &entry.target {
            NameTarget::Module(id) => Some(ResolvedName::Module(*id)),
            NameTarget::Definition(id) => Some(ResolvedName::Definition(*id)),
            NameTarget::Extern(target) => self.resolve_extern(target),
            NameTarget::Use(path) if self.begins_at_root(module, name, path) => {
                let root = self.tree.root_of(module)?;
                self.resolve_path(root, &UsePath { global: false, ..path.clone() }, namespace, fuel)
            }
            // `use bytes::bytes;` begins at the crate, not at itself.
            NameTarget::Use(path)
                if path.segments.first().is_some_and(|s| s == name)
                    && self.resolve_crate(module, name).is_some() =>
            {
                let path = UsePath { global: true, ..path.clone() };
                self.resolve_path(module, &path, namespace, fuel)
            }
            NameTarget::Use(path) => self.resolve_path(module, path, namespace, fuel),
        }
    }

    fn resolve_through_globs(
        &self,
        module: ModuleId,
        m: &Module,
        name: &str,
        namespace: Namespace,
        fuel: &mut usize,
    ) -> Option<ResolvedName> {
        for glob in &m.globs {
            // A glob's own first segment must not be looked up through that same glob.
            *fuel = fuel.checked_sub(1)?;
            let from = self.resolve_glob_source(module, &glob.path, fuel);
            match from {
                Some(ResolvedName::Module(source)) if source != module => {
                    let seen = self.tree.module(source).and_then(|s| s.names.get(name));
                    let visible = seen.is_none_or(|entries| {
                        entries.iter().any(|e| self.can_use(module, e.visible))
                    });
                    if visible
                        && let Some(found) = self.resolve_in_module(source, name, namespace, fuel)
                    {
                        return Some(match (glob.undecided, namespace) {
                            (Some(span), Namespace::Types) => ResolvedName::Undecided(span),
                            _ => found,
                        });
                    }
                }
                Some(ResolvedName::External(prefix)) => {
                    let path = format!("{prefix}::{name}");
                    if is_encodable(&path) {
                        return Some(ResolvedName::External(path));
                    }
                }
                _ => {}
            }
        }
        None
    }

    fn resolve_glob_source(
        &self,
        module: ModuleId,
        path: &UsePath,
        fuel: &mut usize,
    ) -> Option<ResolvedName> {
        let first = path.segments.first()?;
        let m = self.tree.module(module)?;
        if self.begins_at_root(module, "", path) {
            let root = self.tree.root_of(module)?;
            let path = UsePath { global: false, ..path.clone() };
            return self.resolve_path(root, &path, Namespace::Types, fuel);
        }
        let named = path.global
            || matches!(first.as_str(), "crate" | "self" | "super")
            || m.names.contains_key(first);
        if named {
            return self.resolve_path(module, path, Namespace::Types, fuel);
        }
        match self.resolve_crate(module, first)? {
            ResolvedName::External(mut prefix) => {
                for segment in path.segments.iter().skip(1) {
                    prefix = format!("{prefix}::{segment}");
                }
                Some(ResolvedName::External(prefix))
            }
            _ => self.resolve_path(
                module,
                &UsePath { global: true, ..path.clone() },
                Namespace::Types,
                fuel,
            ),
        }
    }

    /// A name that only a glob import from an unread crate can give: a known interface comes first, then what the runtime may have.
    fn guess(&self, module: ModuleId, name: &str, fuel: &mut usize) -> Option<ResolvedName> {
        let mut visited = BTreeSet::new();
        let mut waiting = VecDeque::from([module]);
        let (mut of_runtime, mut other) = (None, None);
        while let Some(at) = waiting.pop_front() {
            if !visited.insert(at) {
                continue;
            }
            for glob in &self.tree.module(at)?.globs {
                match self.resolve_glob_source(at, &glob.path, fuel) {
                    Some(ResolvedName::External(prefix)) => {
                        let path = format!("{prefix}::{name}");
                        if self.is_offered(&path) {
                            return Some(ResolvedName::External(path));
                        }
                        let guessed =
                            if is_runtime_path(&path) { &mut of_runtime } else { &mut other };
                        guessed.get_or_insert(path);
                    }
                    Some(ResolvedName::Module(source)) => waiting.push_back(source),
                    _ => {}
                }
            }
        }
        // A name that starts in lower case is a macro or an attribute of an unread crate, not a type.
        let other = other.filter(|_| name.starts_with(char::is_uppercase));
        of_runtime.or(other).map(ResolvedName::External)
    }

    /// Whether a path is that of a known interface; the runtime's crates re-export each other's.
    fn is_offered(&self, path: &str) -> bool {
        let name = |path: &str| path.rsplit("::").next().map(str::to_owned);
        self.offered.contains(path)
            || (is_runtime_path(path)
                && self
                    .offered
                    .iter()
                    .any(|known| is_runtime_path(known) && name(known) == name(path)))
    }

    /// A crate by its name.
    fn resolve_crate(&self, module: ModuleId, name: &str) -> Option<ResolvedName> {
        let id = self.tree.module(module)?.krate;
        let krate = self.tree.krate(id)?;
        match krate.renamed.get(name).or_else(|| krate.externs.get(name)) {
            Some(target) => self.resolve_extern(target),
            None if matches!(name, "std" | "core" | "alloc") => {
                Some(ResolvedName::External("std".to_owned()))
            }
            None if krate.unlinked.contains_key(name) => {
                Some(ResolvedName::Unlinked(id, name.to_owned()))
            }
            None => None,
        }
    }

    fn resolve_extern(&self, target: &Extern) -> Option<ResolvedName> {
        match target {
            Extern::Read(id) => Some(ResolvedName::Module(self.tree.krate(*id)?.root?)),
            Extern::Other(name) | Extern::Runtime(name) => {
                Some(ResolvedName::External(name.clone()))
            }
        }
    }

    /// Whether an imported path is one of before 2018, whose first name is one of the crate's root.
    fn begins_at_root(&self, module: ModuleId, name: &str, path: &UsePath) -> bool {
        let krate = self.tree.module(module).and_then(|m| self.tree.krate(m.krate));
        let Some(root) = krate.filter(|k| k.old_paths).and_then(|k| k.root) else { return false };
        let names = self.tree.module(root).map(|m| &m.names);
        path.segments.first().is_some_and(|first| {
            (root != module || first != name) && names.is_some_and(|n| n.contains_key(first))
        })
    }

    fn can_use(&self, from: ModuleId, visible: VisibleTo) -> bool {
        match visible {
            VisibleTo::Public => true,
            VisibleTo::In(outer) => self.tree.contains(outer, from),
        }
    }

    /// Whether a path may begin with the library's name of a crate that is not read, which may differ from the package's.
    pub(crate) fn may_be_unread(&self, module: ModuleId, path: &UsePath) -> bool {
        let Some(krate) = self.tree.module(module).and_then(|m| self.tree.krate(m.krate)) else {
            return false;
        };
        let first = UsePath {
            global: path.global,
            segments: path.segments.iter().take(1).cloned().collect(),
        };
        let letters = |text: &str| text.replace(['-', '_'], "");
        let Some(name) = path.segments.first().map(|s| letters(s)) else { return false };
        // Where the two names differ, they are similar: `md-5` is `md5`, `rust-crypto` is `crypto`.
        let alike = |package: &String| {
            let package = letters(package);
            package.contains(&name) || name.contains(&package)
        };
        path.segments.len() > 1
            && krate.externs.values().any(|e| matches!(e, Extern::Other(p) if alike(p)))
            && matches!(
                self.resolve(module, &first, Namespace::Types),
                ResolvedName::Unknown { .. }
            )
    }

    /// The name that may have been meant by the first part of a path that means nothing.
    pub(crate) fn suggest(&self, module: ModuleId, path: &UsePath) -> Option<&str> {
        let mut at = module;
        for (index, segment) in path.segments.iter().enumerate() {
            let prefix = UsePath {
                global: path.global,
                segments: path.segments.iter().take(index + 1).cloned().collect(),
            };
            match self.resolve(module, &prefix, Namespace::Types) {
                ResolvedName::Module(inner) => at = inner,
                ResolvedName::Unknown { .. } => {
                    let alone = path.segments.len() == 1;
                    return nearest(segment, self.candidates(at, index == 0, alone));
                }
                _ => return None,
            }
        }
        None
    }

    /// What a name in a module may stand for; `first` where a path begins with it, `alone` where it is all of the path.
    fn candidates(&self, module: ModuleId, first: bool, alone: bool) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        if alone {
            names.extend(PRIMITIVES);
            names.extend(PRELUDE.iter().map(|(name, _)| *name));
        }
        let Some(m) = self.tree.module(module) else { return names };
        names.extend(m.names.keys().map(String::as_str));
        if let (true, Some(krate)) = (first && !alone, self.tree.krate(m.krate)) {
            names.extend(krate.externs.keys().chain(krate.renamed.keys()).map(String::as_str));
        }
        names
    }

    /// Whether every module from the crate's root to a definition is public.
    fn is_public_throughout(&self, id: DefinitionId) -> bool {
        let Some(definition) = self.tree.definition(id) else { return false };
        let mut public = definition.visible == VisibleTo::Public;
        let mut at = Some(definition.module);
        while let Some(m) = at.and_then(|id| self.tree.module(id)) {
            public &= m.visible == VisibleTo::Public;
            at = m.parent;
        }
        public
    }

    /// Walks a crate's public names outwards from its root, shortest paths first; a definition's own path is preferred.
    fn find_reachable(&mut self, krate: CrateId) {
        let Some(root) = self.tree.krate(krate).and_then(|k| k.root) else { return };
        let Some(name) = self.tree.module(root).map(|m| m.path.clone()) else { return };
        let mut visited = BTreeSet::new();
        let mut waiting = VecDeque::from([(root, name)]);
        while let Some((module, prefix)) = waiting.pop_front() {
            if !visited.insert(module) {
                continue;
            }
            self.find_reachable_in(module, &prefix, &mut waiting);
        }
    }

    fn find_reachable_in(
        &mut self,
        module: ModuleId,
        prefix: &str,
        waiting: &mut VecDeque<(ModuleId, String)>,
    ) {
        let tree = self.tree;
        let mut sources = vec![module];
        let mut next = 0;
        while let Some(source) = sources.get(next).copied() {
            next += 1;
            let Some(m) = tree.module(source) else { continue };
            for (name, entries) in &m.names {
                for entry in entries.iter().filter(|e| e.visible == VisibleTo::Public) {
                    let mut fuel = FUEL;
                    let path = format!("{prefix}::{name}");
                    match self.resolve_entry(source, name, entry, Namespace::Types, &mut fuel) {
                        Some(ResolvedName::Module(inner)) => waiting.push_back((inner, path)),
                        Some(ResolvedName::Definition(id)) => {
                            let own = tree.definition(id).is_some_and(|d| d.name == *name);
                            if own && tree.root_of(module) == Some(module) {
                                self.at_root.insert(id);
                            }
                            self.record_path(id, path);
                        }
                        _ => {}
                    }
                }
            }
            for glob in m.globs.iter().filter(|g| g.visible == VisibleTo::Public) {
                let mut fuel = FUEL;
                if let Some(ResolvedName::Module(inner)) =
                    self.resolve_glob_source(source, &glob.path, &mut fuel)
                    && !sources.contains(&inner)
                {
                    sources.push(inner);
                }
            }
        }
    }

    fn record_path(&mut self, id: DefinitionId, path: String) {
        let own = self.tree.definition(id).map(|d| d.path.clone());
        let path = match own {
            Some(own) if self.is_public_throughout(id) => own,
            _ => path,
        };
        self.reachable.entry(id).or_insert(path);
    }
}

/// A primitive or a name of the prelude.
fn resolve_builtin(name: &str, alone: bool) -> Option<ResolvedName> {
    if alone && PRIMITIVES.contains(&name) {
        return Some(ResolvedName::Primitive(name.to_owned()));
    }
    let (_, path) = PRELUDE.iter().find(|(n, _)| *n == name)?;
    Some(ResolvedName::External((*path).to_owned()))
}
