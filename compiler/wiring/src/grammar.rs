//! What plugins add to the wiring language, as plain data.

use std::collections::{BTreeMap, BTreeSet};

use crate::core_tables::TABLES;
use crate::{Item, Table, Value};

/// A section of the wiring whose tables hold plugin keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Section {
    /// `[edge."caller -> callee"]`.
    Edge,
    /// `[server."service"]`.
    Server,
    /// `[process.name]`.
    Process,
}

/// The leaf of a table that chooses a variant, and what belongs to each variant.
///
/// When a later file or a more specific selector changes the leaf, inherited settings of the old variant are dropped.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Variant {
    /// The leaf: `kind`, `algorithm`.
    pub leaf: String,
    /// The variant of a table that does not write the leaf, if there is one.
    pub default: Option<String>,
    /// Settings in the same table, by variant; a variant that is not listed owns every setting of its table.
    pub settings: BTreeMap<String, BTreeSet<String>>,
    /// Keys next to the key that belong to a variant: `routes` is next to `rpc` and belongs to `http`.
    pub siblings: BTreeMap<String, BTreeSet<String>>,
}

/// One key that a plugin owns.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeyGrammar {
    /// The leaf that a value stands for if it is not a table: `timeout = "1s"` is `timeout = { after = "1s" }` with shorthand `after`.
    pub shorthand: Option<String>,
    /// The leaf that chooses a variant.
    pub variant: Option<Variant>,
    /// The key holds free entries, such as `routes`, and takes neither `true` nor `false`.
    pub map: bool,
    /// The key is a leaf whose value is kept as written, `true` and `false` included.
    pub leaf: bool,
    /// `true` and `false` are values of the shorthand, neither the defaults nor a removal.
    ///
    /// That holds for a table in an entry that may be absent, too: it is absent only if no line writes it.
    pub boolean: bool,
    /// Pairs of settings that cannot stand beside each other: one that a later file or a stronger selector sets drops the other.
    pub excluding: Vec<(String, String)>,
    /// Settings below the key that are tables, so that their shorthands too expand before files merge.
    pub nested: BTreeMap<String, KeyGrammar>,
}

/// A top-level table of a plugin, which holds entries by name: `[smoke.add]`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EntryTable {
    /// What messages call an entry: "a smoke call".
    pub what: String,
    /// How an entry is written.
    pub entry: KeyGrammar,
    /// Values are kept as written: `{ env = "X" }` in an entry is a table, not a reference.
    pub verbatim: bool,
}

impl EntryTable {
    /// What messages call an entry, without its article: "smoke call".
    pub(crate) fn noun(&self) -> &str {
        self.what.split_once(' ').map_or(self.what.as_str(), |(_, noun)| noun)
    }
}

impl KeyGrammar {
    /// A key whose value must be a table, `true` or `false`.
    pub fn table() -> Self {
        Self::default()
    }

    /// A key with a shorthand leaf.
    pub fn shorthand(leaf: &str) -> Self {
        Self { shorthand: Some(leaf.to_owned()), ..Self::default() }
    }

    /// A key that is a map of free entries.
    pub fn map() -> Self {
        Self { map: true, ..Self::default() }
    }

    /// A key that is a leaf of any type.
    pub fn leaf() -> Self {
        Self { leaf: true, ..Self::default() }
    }

    /// The pairs of [`KeyGrammar::excluding`], each in both orders.
    pub(crate) fn exclusions(&self) -> impl Iterator<Item = (&str, &str)> {
        let pairs = self.excluding.iter().map(|(a, b)| (a.as_str(), b.as_str()));
        pairs.flat_map(|(a, b)| [(a, b), (b, a)])
    }

    /// What a table sets a setting to; nothing if it says `false`, which leaves out a table in it.
    pub(crate) fn find_set<'t>(&self, table: &'t Table, name: &str) -> Option<&'t Item> {
        let leaves_out = |item: &Item| {
            self.nested.contains_key(name) && matches!(item.value, Value::Boolean(false))
        };
        table.get(name).filter(|item| !leaves_out(item))
    }

    /// Adds the tables below the key.
    pub fn nested(mut self, nested: BTreeMap<String, KeyGrammar>) -> Self {
        self.nested = nested;
        self
    }

    /// Adds the leaf that chooses a variant.
    pub fn variant(mut self, variant: Variant) -> Self {
        self.variant = Some(variant);
        self
    }
}

/// Every key, table and kind that plugins add.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Grammar {
    /// Keys of edge tables: `rpc`, `timeout`, `retry`, `routes`.
    pub edge: BTreeMap<String, KeyGrammar>,
    /// Keys of server tables.
    pub server: BTreeMap<String, KeyGrammar>,
    /// The core's own settings of process tables besides `services` and `replicas`; what they take is checked where processes are put together.
    pub process: BTreeSet<String>,
    /// Settings of each backend kind; a kind that is not listed owns every setting of its instance.
    pub backend: BTreeMap<String, BTreeSet<String>>,
    /// Top-level tables of plugins, by name.
    pub entry_tables: BTreeMap<String, EntryTable>,
    /// Keys of plugins in `[process.name]`.
    pub process_keys: BTreeMap<String, KeyGrammar>,
    /// Keys of plugins in `[backend.name]`, whatever its kind.
    pub backend_keys: BTreeMap<String, KeyGrammar>,
    /// Keys of plugins in `[app]`.
    pub app_keys: BTreeMap<String, KeyGrammar>,
    /// Names that plugins keep instances and processes from having, and what each means: "the cluster's own service".
    pub reserved: BTreeMap<String, String>,
}

impl Grammar {
    /// The top-level tables of a wiring, sorted.
    pub fn tables(&self) -> Vec<&str> {
        let mut tables = TABLES.to_vec();
        tables.extend(self.entry_tables.keys().map(String::as_str));
        tables.sort_unstable();
        tables.dedup();
        tables
    }

    /// The keys of a section, sorted.
    pub fn keys(&self, section: Section) -> Vec<&str> {
        match section {
            Section::Edge => self.edge.keys().map(String::as_str).collect(),
            Section::Server => self.server.keys().map(String::as_str).collect(),
            Section::Process => {
                let mut keys: Vec<&str> = self.process.iter().map(String::as_str).collect();
                keys.extend(self.process_keys.keys().map(String::as_str));
                keys.extend(["services", "replicas"]);
                keys.sort_unstable();
                keys.dedup();
                keys
            }
        }
    }

    /// The grammar of one key that a plugin owns.
    pub fn key(&self, section: Section, key: &str) -> Option<&KeyGrammar> {
        match section {
            Section::Edge => self.edge.get(key),
            Section::Server => self.server.get(key),
            Section::Process => self.process_keys.get(key),
        }
    }

    /// How the `kind` of a backend chooses its settings.
    pub(crate) fn kinds(&self) -> Variant {
        Variant {
            leaf: "kind".to_owned(),
            default: None,
            settings: self.backend.clone(),
            siblings: BTreeMap::new(),
        }
    }
}
