//! `bp diff A B`: what two wirings, or two revisions of one, change.
//!
//! Two compiled sides become [`crate::facts`] and files; this module compares, [`render_text`] and [`render_json`] write.
//! The systems are *equal* when nodes, edges, wrappers, placement and artifacts are; lines of text are counted too, but do not decide.
//! A wiring's own name does not count as a difference: the artifacts of both sides are made under the first one's name.

mod lines;
mod write;

use std::collections::{BTreeMap, BTreeSet};

use bp_diag::{FileId, SourceMap};
use bp_emit::Artifacts;
use bp_plan::Plan;
use bp_wiring::WiringModel;
use camino::Utf8Path;

pub use lines::LineCount;
pub use write::{render_json, render_text};

use crate::facts::{Elements, Fact, collect_facts};
use lines::{Language, count_changes, effective_lines};

/// One side of the comparison.
#[derive(Debug)]
pub struct DiffSide<'a> {
    /// As the user named it: `monolith`, `HEAD~1:local`.
    pub label: String,
    /// The application's folder, relative to the working directory.
    pub root: &'a Utf8Path,
    /// Every text that was read.
    pub sources: &'a SourceMap,
    /// What the wiring says.
    pub wiring: &'a WiringModel,
    /// The plan; a side without one has no elements.
    pub plan: Option<&'a Plan>,
    /// What a build writes.
    pub artifacts: &'a Artifacts,
}

/// A fact that is not the same on both sides.
#[derive(Debug, Clone, PartialEq)]
pub struct FactChange {
    /// Its dotted name.
    pub name: String,
    /// On the first side.
    pub old: Option<Fact>,
    /// On the second side.
    pub new: Option<Fact>,
}

/// An element that both sides have and that differs.
#[derive(Debug, Clone, PartialEq)]
pub struct ElementChange {
    /// Its key.
    pub key: String,
    /// Its kind on the second side.
    pub kind: String,
    /// What differs, by name.
    pub facts: Vec<FactChange>,
}

/// Nodes, edges, wrappers or placement.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Section {
    /// Only on the second side.
    pub added: Elements,
    /// Only on the first side.
    pub removed: Elements,
    /// On both, not the same.
    pub changed: Vec<ElementChange>,
}

impl Section {
    /// Whether nothing differs.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty() && self.changed.is_empty()
    }
}

/// A file that is not the same on both sides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileChange {
    /// Its path on the first side.
    pub old: Option<String>,
    /// Its path on the second side.
    pub new: Option<String>,
    /// How many lines.
    pub lines: LineCount,
}

/// Files that differ, sorted by path.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FileChanges {
    /// Each.
    pub files: Vec<FileChange>,
    /// All their lines.
    pub lines: LineCount,
}

/// Everything that differs.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// The first side's label.
    pub old: String,
    /// The second side's label.
    pub new: String,
    /// Services, backends, interfaces, targets, entries of plugins' tables, patches.
    pub nodes: Section,
    /// Who calls whom, and how the call crosses.
    pub edges: Section,
    /// Wrappers at callers and at listeners.
    pub wrappers: Section,
    /// Processes and listeners.
    pub placement: Section,
    /// What a build writes.
    pub artifacts: FileChanges,
    /// Effective lines of the wirings' `extends` chains.
    pub wiring: FileChanges,
    /// Effective lines of the Rust sources that were read.
    pub workflow: FileChanges,
}

impl Difference {
    /// Whether the systems are the same, whatever their texts are.
    pub fn is_equal(&self) -> bool {
        self.sections().iter().all(|(_, s)| s.is_empty()) && self.artifacts.files.is_empty()
    }

    /// The sections of elements, in the order in which they are shown.
    pub fn sections(&self) -> [(&'static str, &Section); 4] {
        [
            ("nodes", &self.nodes),
            ("edges", &self.edges),
            ("wrappers", &self.wrappers),
            ("placement", &self.placement),
        ]
    }
}

/// Compares two sides.
pub fn diff(old: &DiffSide<'_>, new: &DiffSide<'_>) -> Difference {
    let of = |side: &DiffSide<'_>| side.plan.map(collect_facts).unwrap_or_default();
    let (a, b) = (of(old), of(new));
    Difference {
        old: old.label.clone(),
        new: new.label.clone(),
        nodes: compare_section(a.nodes, b.nodes),
        edges: compare_section(a.edges, b.edges),
        wrappers: compare_section(a.wrappers, b.wrappers),
        placement: compare_section(a.placement, b.placement),
        artifacts: compare_artifacts(old.artifacts, new.artifacts),
        wiring: compare_wirings(old, new),
        workflow: compare_files(collect_workflow_texts(old), collect_workflow_texts(new)),
    }
}

fn compare_section(mut old: Elements, mut new: Elements) -> Section {
    let mut section = Section::default();
    let keys: BTreeSet<String> = old.keys().chain(new.keys()).cloned().collect();
    for key in keys {
        match (old.remove(&key), new.remove(&key)) {
            (Some(a), Some(b)) => {
                let facts = compare_facts(a.facts, b.facts);
                // An element that became another kind also has other facts, so `kind` is not compared.
                if !facts.is_empty() {
                    section.changed.push(ElementChange { key, kind: b.kind, facts });
                }
            }
            (Some(a), None) => {
                section.removed.insert(key, a);
            }
            (None, Some(b)) => {
                section.added.insert(key, b);
            }
            (None, None) => {}
        }
    }
    section
}

fn compare_facts(
    mut old: BTreeMap<String, Fact>,
    mut new: BTreeMap<String, Fact>,
) -> Vec<FactChange> {
    let names: BTreeSet<String> = old.keys().chain(new.keys()).cloned().collect();
    let pairs = names.into_iter().map(|name| {
        let (old, new) = (old.remove(&name), new.remove(&name));
        FactChange { name, old, new }
    });
    pairs.filter(|c| c.old.as_ref().map(|f| &f.value) != c.new.as_ref().map(|f| &f.value)).collect()
}

fn compare_artifacts(old: &Artifacts, new: &Artifacts) -> FileChanges {
    let texts = |all: &Artifacts| -> BTreeMap<String, Vec<u8>> {
        all.iter().map(|(path, a)| (path.as_str().to_owned(), a.bytes.clone())).collect()
    };
    let (mut old, mut new) = (texts(old), texts(new));
    // Most files are the same, so their lines are not compared.
    old.retain(|path, bytes| {
        let same = new.get(path) == Some(bytes);
        if same {
            new.remove(path);
        }
        !same
    });
    let split = |all: BTreeMap<String, Vec<u8>>| {
        let each = all.into_iter().map(|(path, bytes)| {
            let text = String::from_utf8_lossy(&bytes).into_owned();
            (path, text.lines().map(str::to_owned).collect())
        });
        each.collect()
    };
    compare_texts(split(old), split(new), true)
}

/// A side's files: lines by path.
type LinesByPath = BTreeMap<String, Vec<String>>;

fn collect_workflow_texts(side: &DiffSide<'_>) -> LinesByPath {
    let is_rust = |path: &str| Utf8Path::new(path).extension() == Some("rs");
    let rust = side.sources.iter().filter(|(_, s)| is_rust(&s.path));
    rust.map(|(_, s)| (relative_to_root(side, &s.path), effective_lines(&s.text, Language::Rust)))
        .collect()
}

/// A path relative to the application's root.
fn relative_to_root(side: &DiffSide<'_>, path: &str) -> String {
    let root = side.root.as_str();
    let rest = path.strip_prefix(root).map(|p| p.trim_start_matches('/'));
    rest.filter(|_| !root.is_empty()).unwrap_or(path).to_owned()
}

/// Compares the `extends` chains of both sides.
///
/// A file that both have is compared with itself; the two files that were named are compared with each other unless one extends the other; every other file counts whole.
/// So a child of two lines that extends the other side costs two lines, and a copy with one line changed costs one more and one less.
fn compare_wirings(old: &DiffSide<'_>, new: &DiffSide<'_>) -> FileChanges {
    let texts = |side: &DiffSide<'_>| -> (LinesByPath, Option<String>) {
        let text = |file: FileId| {
            side.sources
                .get(file)
                .map_or_else(Vec::new, |s| effective_lines(&s.text, Language::Toml))
        };
        let path = |path: &Utf8Path| relative_to_root(side, path.as_str());
        let files = &side.wiring.files;
        let named = files.last().map(|f| path(&f.path));
        (files.iter().map(|f| (path(&f.path), text(f.file))).collect(), named)
    };
    let ((mut a, a_named), (mut b, b_named)) = (texts(old), texts(new));
    let mut pair = None;
    if let (Some(x), Some(y)) = (a_named, b_named)
        && !b.contains_key(&x)
        && !a.contains_key(&y)
        && let (Some(before), Some(after)) = (a.remove(&x), b.remove(&y))
    {
        pair = Some((x, y, count_changes(&before, &after)));
    }
    let mut all = compare_files(a, b);
    if let Some((x, y, lines)) = pair {
        all.files.push(FileChange { old: Some(x), new: Some(y), lines });
        all.lines += lines;
    }
    all
}

fn compare_files(old: LinesByPath, new: LinesByPath) -> FileChanges {
    compare_texts(old, new, false)
}

/// `known` says that every file on both sides differs, even if its lines are the same.
fn compare_texts(mut old: LinesByPath, mut new: LinesByPath, known: bool) -> FileChanges {
    let mut all = FileChanges::default();
    let paths: BTreeSet<String> = old.keys().chain(new.keys()).cloned().collect();
    for path in paths {
        let (a, b) = (old.remove(&path), new.remove(&path));
        let both = a.is_some() && b.is_some();
        let lines =
            count_changes(a.as_deref().unwrap_or_default(), b.as_deref().unwrap_or_default());
        if both && !known && lines.is_empty() {
            continue;
        }
        all.lines += lines;
        let side = |text: &Option<Vec<String>>| text.is_some().then(|| path.clone());
        all.files.push(FileChange { old: side(&a), new: side(&b), lines });
    }
    all
}
