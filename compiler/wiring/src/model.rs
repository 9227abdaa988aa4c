//! The wiring after its files are merged.

use std::collections::{BTreeMap, BTreeSet};

use bp_contract::fold_name;
use bp_contract::selector::{EdgeSelector, Pattern, ServerSelector};
use bp_diag::{FileId, Span, Spanned};
use camino::Utf8PathBuf;

use crate::{Item, Table};

/// One file of the `extends` chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WiringFile {
    /// The path as opened.
    pub path: Utf8PathBuf,
    /// Its text in the source map.
    pub file: FileId,
}

/// Where the application's runtime crates come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RuntimeSource {
    /// `runtime = { path = "…" }`, resolved against the folder of the file that wrote it.
    Path(Spanned<Utf8PathBuf>),
    /// `runtime = { version = "…" }` or `runtime = "…"`.
    Version(Spanned<String>),
}

/// The `[app]` table.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AppModel {
    /// `name`; `None` after an error.
    pub name: Option<Spanned<String>>,
    /// `workflow`, resolved against the folder of the file that wrote it; `None` after an error.
    pub workflow: Option<Spanned<Utf8PathBuf>>,
    /// `runtime`, if given.
    pub runtime: Option<RuntimeSource>,
    /// Keys of plugins, shorthands expanded.
    pub keys: Table,
    /// The keys of plugins that any file names, also those that a later one turned off.
    pub named_keys: BTreeSet<String>,
}

/// One backend or service.
#[derive(Debug, Clone, PartialEq)]
pub struct InstanceModel {
    /// Its name as declared.
    pub name: String,
    /// Where it is declared: the first line that names it, or the first after the one that removed it.
    pub span: Span,
    /// All its settings, `kind` and `impl` among them, selectors such as `backend."*_db"` applied.
    pub settings: Table,
}

impl InstanceModel {
    /// The `kind` of a backend.
    pub fn kind(&self) -> Option<&Item> {
        self.settings.entries.get("kind")
    }

    /// The `impl` of a service.
    pub fn implementation(&self) -> Option<&Item> {
        self.settings.entries.get("impl")
    }

    /// Where a backend got the `kind` that is in force, which may be far from its declaration: in a selector, or in another file.
    pub fn kind_span(&self) -> Span {
        self.kind().map_or(self.span, |item| item.span)
    }

    /// Where a service got the `impl` that is in force; see [`InstanceModel::kind_span`].
    pub fn implementation_span(&self) -> Span {
        self.implementation().map_or(self.span, |item| item.span)
    }
}

/// An instance that a later file removed by `name = false`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemovedInstance {
    /// Its name.
    pub name: String,
    /// Where it was declared.
    pub declared: Span,
    /// The `false`.
    pub removed: Span,
}

/// One `[edge."caller -> callee"]` table of one file.
#[derive(Debug, Clone, PartialEq)]
pub struct EdgeRule {
    /// Which edges.
    pub selector: EdgeSelector,
    /// Index into [`WiringModel::files`]; a later file wins among equals.
    pub layer: usize,
    /// Where the selector is written.
    pub span: Span,
    /// Plugin keys, shorthands expanded; `false` stays as a leaf here.
    pub settings: Table,
}

/// One `[server."service"]` table of one file.
#[derive(Debug, Clone, PartialEq)]
pub struct ServerRule {
    /// Which services.
    pub selector: ServerSelector,
    /// Index into [`WiringModel::files`].
    pub layer: usize,
    /// Where the selector is written.
    pub span: Span,
    /// Plugin keys, shorthands expanded; `false` stays as a leaf here.
    pub settings: Table,
}

/// One `[process.name]` table of one file, or a selector over processes.
#[derive(Debug, Clone, PartialEq)]
pub struct ProcessRule {
    /// The name or pattern.
    pub name: Pattern,
    /// Index into [`WiringModel::files`].
    pub layer: usize,
    /// Where the name is written.
    pub span: Span,
    /// What it claims: patterns over services; `None` without a `services` key.
    pub claims: Option<Vec<Spanned<Pattern>>>,
    /// `process.name = false`.
    pub removed: bool,
    /// Everything but `services`.
    pub settings: Table,
}

/// The `[target]` table.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TargetModel {
    /// `enabled`, in the order written.
    pub enabled: Vec<Spanned<String>>,
    /// The other entries: settings by target.
    pub settings: Table,
}

/// One entry of a top-level table in one file, or a selector over its entries.
#[derive(Debug, Clone, PartialEq)]
pub struct EntryRule {
    /// The name or pattern.
    pub name: Pattern,
    /// Index into [`WiringModel::files`].
    pub layer: usize,
    /// Where the name is written.
    pub key: Span,
    /// Where the entry is written.
    pub span: Span,
    /// Its settings, shorthands expanded; `None` for `= false`.
    pub settings: Option<Table>,
}

/// One `[init.name]` table: a call that is made once before traffic, and that changes nothing when it is made again.
///
/// `call = "service.method"` and `arguments = { name = value, … }`.
/// The service is the init's own: it runs in the init's process, which ends with the call, and nothing else calls it.
#[derive(Debug, Clone, PartialEq)]
pub struct InitModel {
    /// Its name.
    pub name: Spanned<String>,
    /// The service called.
    pub callee: Spanned<String>,
    /// The method called.
    pub method: Spanned<String>,
    /// Arguments by parameter name.
    pub arguments: BTreeMap<String, Item>,
}

/// One `[[patch]]`: an edit of a final artifact.
#[derive(Debug, Clone, PartialEq)]
pub struct Patch {
    /// Where it is written.
    pub span: Span,
    /// The artifact, by its path in the output folder.
    pub file: Spanned<String>,
    /// The place in it, as JSON Pointer (RFC 6901).
    pub pointer: Spanned<String>,
    /// The new value; `None` removes what is there.
    pub value: Option<Item>,
    /// Why it is needed.
    pub reason: Spanned<String>,
}

/// Why a value written is not in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChangeKind {
    /// Another value replaced it.
    Replaced,
    /// It belonged to a variant that is no longer chosen.
    OldVariant {
        /// The leaf that chooses: `kind`.
        leaf: String,
        /// The variant it belonged to.
        from: String,
        /// The variant now chosen.
        to: String,
    },
    /// It cannot stand beside a setting of the same table that was set later.
    Excluded {
        /// That setting.
        by: String,
    },
    /// `= false` removed it.
    Removed,
    /// `= true` went back to the defaults.
    Reset,
    /// The edge does not take the key.
    NotTaken,
}

/// One value that merging took out of force.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// Dotted path of the leaf: `backend.rate_db.kind`, or relative to the resolved table.
    pub path: String,
    /// The value out of force, with its place.
    pub old: Item,
    /// Why.
    pub kind: ChangeKind,
    /// What took it out of force.
    pub by: Span,
}

/// The wiring after its files are merged.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct WiringModel {
    /// The wiring's name: the file's without `.toml`.
    pub name: String,
    /// The files, base first.
    pub files: Vec<WiringFile>,
    /// `[app]`.
    pub app: AppModel,
    /// `[backend]`, by name.
    pub backends: BTreeMap<String, InstanceModel>,
    /// `[service]`, by name.
    pub services: BTreeMap<String, InstanceModel>,
    /// The keys of plugins that any file names at any backend, also those that are not in force.
    pub backend_keys: BTreeSet<String>,
    /// Instances that a file removed.
    pub removed: Vec<RemovedInstance>,
    /// `[edge]`, base file first, then in the order written.
    pub edges: Vec<EdgeRule>,
    /// `[server]`, base file first, then in the order written.
    pub servers: Vec<ServerRule>,
    /// `[process]`, base file first, then in the order written; [`crate::resolve_processes`] puts them together.
    pub processes: Vec<ProcessRule>,
    /// Some text could not be read, so what seems to be missing may stand there.
    pub broken: bool,
    /// `[target]`.
    pub target: TargetModel,
    /// `[init]`, by name.
    pub inits: BTreeMap<String, InitModel>,
    /// `[[patch]]`, base file first.
    pub patches: Vec<Patch>,
    /// Top-level tables of plugins, base file first, then in the order written; [`crate::resolve_entries`] puts them together.
    pub tables: BTreeMap<String, Vec<EntryRule>>,
    /// What merging the files replaced and dropped.
    pub changes: Vec<Change>,
}

impl WiringModel {
    /// The init that calls a service.
    pub fn init_of(&self, service: &str) -> Option<&InitModel> {
        let service = fold_name(service);
        self.inits.values().find(|init| fold_name(&init.callee.value) == service)
    }

    /// The index of the file that a span is in; base is 0.
    pub fn layer(&self, span: Span) -> Option<usize> {
        self.files.iter().position(|f| f.file == span.file)
    }

    /// The backend of this name, `_` and `-` being the same.
    pub fn backend(&self, name: &str) -> Option<&InstanceModel> {
        find(&self.backends, name)
    }

    /// The service of this name, `_` and `-` being the same.
    pub fn service(&self, name: &str) -> Option<&InstanceModel> {
        find(&self.services, name)
    }

    /// The removed instance of this name, `_` and `-` being the same.
    pub fn removed(&self, name: &str) -> Option<&RemovedInstance> {
        let folded = fold_name(name);
        self.removed.iter().find(|r| fold_name(&r.name) == folded)
    }
}

/// An entry by its name, `_` and `-` being the same.
fn find<'a, T>(map: &'a BTreeMap<String, T>, name: &str) -> Option<&'a T> {
    let separators = name.bytes().filter(|b| matches!(b, b'_' | b'-')).count();
    let found = map.get(name);
    if found.is_some() || separators == 0 {
        return found;
    }
    let found = map.get(&name.replace('-', "_")).or_else(|| map.get(&name.replace('_', "-")));
    if found.is_some() || separators == 1 {
        return found;
    }
    // Only a name that mixes both remains.
    let folded = fold_name(name);
    map.iter().find(|(other, _)| fold_name(other) == folded).map(|(_, entry)| entry)
}
