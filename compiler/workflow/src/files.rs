//! Finding and outlining the files of a crate, several at a time.
//!
//! Files are found by reading others, so they are read level by level: the root, the files of its modules, the files of theirs.
//! This reads a part of what the walk over the modules asks for, never more, and in any order: the walk numbers the files, and reads those that are missing here.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use bp_system::System;
use camino::{Utf8Path, Utf8PathBuf};
use rayon::ThreadPool;
use rayon::iter::{IntoParallelIterator as _, ParallelIterator as _};

use crate::source::{
    Item, LoadedText, Outline, Place, Truth, display_path, normalize, outline, read_text,
};

/// How deep module files may nest; each takes a frame of the reader's stack.
pub(crate) const MAX_MODULE_DEPTH: usize = 64;

/// Where `mod` declarations of a piece of source look for files.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct ModuleFolder {
    /// Of the file itself, which `#[path]` is relative to.
    file: Utf8PathBuf,
    /// Of child modules.
    children: Utf8PathBuf,
    /// Whether this is inside an inline module.
    inline: bool,
}

/// A file as a module's contents.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ModuleFile {
    pub(crate) path: Utf8PathBuf,
    folder: ModuleFolder,
}

impl ModuleFile {
    /// The first file of a crate.
    pub(crate) fn root(path: &Utf8Path) -> Self {
        let dir = path.parent().map_or_else(Utf8PathBuf::new, Utf8Path::to_owned);
        Self {
            path: path.to_owned(),
            folder: ModuleFolder { file: dir.clone(), children: dir, inline: false },
        }
    }
}

/// Where the file of a `mod name;` is.
#[derive(Debug, Clone)]
pub(crate) enum ModuleLocation {
    At(ModuleFile),
    /// Both places that it can be at have one; they are as messages show them.
    Both([String; 2]),
    Neither([String; 2]),
    /// Which file it is depends on a condition that builds differ in.
    Undecided(Place),
}

/// A file that was read.
#[derive(Debug)]
pub(crate) struct FileRead {
    /// The path as messages show it.
    pub(crate) shown: String,
    pub(crate) loaded: LoadedText,
    /// Empty where there is no text.
    pub(crate) outline: Outline,
    /// For each `mod name;` of the outline, in order, where its file is; those whose condition fails, or that of a module around them, are left out.
    pub(crate) modules: Vec<ModuleLocation>,
}

/// Outlines from an earlier run, by the text that each was made of.
///
/// They are asked for, and handed over, on several threads at once.
pub trait Outlines: fmt::Debug + Sync {
    /// The outline that was made of exactly this text by exactly this compiler.
    fn get(&self, text: &str) -> Option<Outline>;
    /// The outline that was made of a text now, because there was none.
    fn put(&self, text: &str, outline: &Outline);
}

/// No outlines, and none are kept.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NoOutlines;

impl Outlines for NoOutlines {
    fn get(&self, _: &str) -> Option<Outline> {
        None
    }

    fn put(&self, _: &str, _: &Outline) {}
}

/// What files are read from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FileSource<'a> {
    pub(crate) system: &'a dyn System,
    pub(crate) outlines: &'a dyn Outlines,
}

/// The files of a crate that were read ahead.
#[derive(Debug)]
pub(crate) struct Files<'a> {
    source: FileSource<'a>,
    /// Of the crate that is read.
    features: BTreeSet<String>,
    read: BTreeMap<ModuleFile, Arc<FileRead>>,
}

/// A file and those that lead to it, innermost first.
struct ModuleChain {
    path: Utf8PathBuf,
    depth: usize,
    from: Option<Arc<ModuleChain>>,
}

impl ModuleChain {
    fn contains(&self, path: &Utf8Path) -> bool {
        self.path == path || self.from.as_ref().is_some_and(|r| r.contains(path))
    }
}

impl<'a> Files<'a> {
    pub(crate) fn new(source: FileSource<'a>) -> Self {
        Self { source, features: BTreeSet::new(), read: BTreeMap::new() }
    }

    /// Begins with a crate that has these features; a file of another crate may have other modules then.
    pub(crate) fn begin(&mut self, features: &BTreeSet<String>) {
        self.features.clone_from(features);
        self.read.clear();
    }

    /// Reads what a crate consists of, on the threads of a pool whose stacks are large enough for the parser.
    pub(crate) fn read_ahead(&mut self, pool: &ThreadPool, root: &ModuleFile) {
        let chain = ModuleChain { path: root.path.clone(), depth: 1, from: None };
        let mut level = vec![(root.clone(), Arc::new(chain))];
        while !level.is_empty() {
            let (source, features) = (self.source, &self.features);
            let read: Vec<_> = pool.install(|| {
                level
                    .into_par_iter()
                    .map(|(file, chain)| {
                        let read = read_file(source, features, &file);
                        // Otherwise the parser keeps every text that it parsed on this thread, and only the outline is needed.
                        proc_macro2::extra::invalidate_current_thread_spans();
                        (file, chain, read)
                    })
                    .collect()
            });
            level = Vec::new();
            let mut wanted = BTreeMap::new();
            for (file, chain, read) in read {
                if chain.depth < MAX_MODULE_DEPTH {
                    for found in &read.modules {
                        let ModuleLocation::At(next) = found else { continue };
                        if !chain.contains(&next.path) {
                            wanted.entry(next.clone()).or_insert_with(|| Arc::clone(&chain));
                        }
                    }
                }
                self.read.insert(file, Arc::new(read));
            }
            for (file, from) in wanted {
                if !self.read.contains_key(&file) {
                    let path = file.path.clone();
                    let chain = ModuleChain { path, depth: from.depth + 1, from: Some(from) };
                    level.push((file, Arc::new(chain)));
                }
            }
        }
    }

    /// A file, read now if it was not read ahead.
    pub(crate) fn get(&self, file: &ModuleFile) -> Arc<FileRead> {
        match self.read.get(file) {
            Some(read) => Arc::clone(read),
            None => Arc::new(read_file(self.source, &self.features, file)),
        }
    }
}

fn read_file(
    FileSource { system, outlines }: FileSource<'_>,
    features: &BTreeSet<String>,
    file: &ModuleFile,
) -> FileRead {
    let loaded = read_text(system, &file.path);
    let outline = match &loaded {
        LoadedText::Text(text) => outlines.get(text).unwrap_or_else(|| {
            let outline = outline(text);
            outlines.put(text, &outline);
            outline
        }),
        _ => Outline::default(),
    };
    let mut modules = Vec::new();
    if outline.truth(features) != Truth::Fails {
        find_module_files(system, features, &outline.items, &file.folder, &mut modules);
    }
    FileRead { shown: display_path(system, &file.path), loaded, outline, modules }
}

/// Finds the files of modules, in the order in which the modules are declared.
fn find_module_files(
    system: &dyn System,
    features: &BTreeSet<String>,
    items: &[Item],
    folder: &ModuleFolder,
    found: &mut Vec<ModuleLocation>,
) {
    for item in items {
        let Item::Module(module) = item else { continue };
        if Truth::of(module.condition.as_ref(), features) == Truth::Fails {
            continue;
        }
        let given = module.path(features);
        match (&module.inline, given) {
            (Some((_, items)), Ok(given)) => {
                let inner = inline_folder(folder, &module.name, given);
                find_module_files(system, features, items, &inner, found);
            }
            (Some((_, items)), Err(place)) => {
                // Where its files are is unknown, but each declaration needs an entry.
                let mut inner = Vec::new();
                find_module_files(system, features, items, folder, &mut inner);
                found.extend(inner.iter().map(|_| ModuleLocation::Undecided(place)));
            }
            (None, Ok(given)) => found.push(find_module_file(system, folder, &module.name, given)),
            (None, Err(place)) => found.push(ModuleLocation::Undecided(place)),
        }
    }
}

/// Where the modules inside an inline module are looked for.
fn inline_folder(folder: &ModuleFolder, name: &str, given: Option<&str>) -> ModuleFolder {
    let below = match given {
        Some(given) if folder.inline => folder.children.join(given),
        Some(given) => folder.file.join(given),
        None => folder.children.join(name),
    };
    ModuleFolder { file: below.clone(), children: below, inline: true }
}

fn find_module_file(
    system: &dyn System,
    folder: &ModuleFolder,
    name: &str,
    given: Option<&str>,
) -> ModuleLocation {
    if let Some(given) = given {
        let base = if folder.inline { &folder.children } else { &folder.file };
        // A file named by `#[path]` looks for its own modules beside itself.
        return ModuleLocation::At(ModuleFile::root(&normalize(&base.join(given))));
    }
    let children = folder.children.join(name);
    let beside = normalize(&folder.children.join(format!("{name}.rs")));
    let within = normalize(&children.join("mod.rs"));
    match (system.kind(&beside).is_some(), system.kind(&within).is_some()) {
        (true, false) => {
            let folder = ModuleFolder { file: folder.children.clone(), children, inline: false };
            ModuleLocation::At(ModuleFile { path: beside, folder })
        }
        (false, true) => {
            let folder = ModuleFolder { file: children.clone(), children, inline: false };
            ModuleLocation::At(ModuleFile { path: within, folder })
        }
        (both, _) => {
            let candidates = [&beside, &within].map(|p| display_path(system, p));
            if both {
                ModuleLocation::Both(candidates)
            } else {
                ModuleLocation::Neither(candidates)
            }
        }
    }
}
