//! Tables and keys that plugins own: from what the wiring says to what the plan holds.
//!
//! It runs after the passes, because keys stand on what they make: processes, calls, and the settings that selectors give them.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use bp_diag::{Diagnostics, Span, nearest};
use bp_ir::Ir;
use bp_plan::{Dropped, EntryPlan, TablePlan};
use bp_plugin::{
    CheckContext, Declaration, EntrySpan, EntrySpans, ListedNames, Neighbours, OwnedTable,
    ReadContext, ReadSettings, TablePlace, WrittenEntry, read_settings,
};
use bp_wiring::{Change, Item, ResolvedEntry, Table};

use crate::call_check::CallCheck;
use crate::input::Input;
use crate::locate::Locator;
use crate::places::{KeyPlace, list_places};
use crate::resolved_key::{ResolvedKey, SettingsCache};
use crate::resolved_table::{ResolvedTable, ResolvedTables};
use crate::wrap::describe_change;

/// What tables and keys of plugins say.
#[derive(Debug, Default)]
pub(crate) struct ReadTables {
    /// Those that have entries, by name.
    pub(crate) plans: BTreeMap<String, TablePlan>,
    /// Where they were written.
    pub(crate) spans: EntrySpans,
    /// What is written of entries and has no effect, by entry.
    pub(crate) dropped: BTreeMap<String, BTreeSet<Dropped>>,
}

/// Reads and checks every entry of every table and key that plugins own.
pub(crate) fn read_tables(
    input: &Input<'_>,
    resolved: &ResolvedTables,
    ir: &Ir,
    diagnostics: &mut Diagnostics,
) -> ReadTables {
    let mut reader = TableReader {
        input,
        ir,
        locator: Locator::new(input.sources),
        calls: CallCheck::new(input.workflow, input.wiring, ir, diagnostics.has_errors()),
        known: SettingsCache::default(),
        diagnostics,
        out: ReadTables::default(),
    };
    for (plugin, table) in input.registry.tables() {
        let owned = Owned { plugin, table };
        let entries = match table.place {
            TablePlace::TopLevel => resolved
                .find(table)
                .map_or_else(Vec::new, |resolved| reader.read_entries(owned, resolved)),
            _ => reader.read_keys(owned),
        };
        if !entries.is_empty() {
            let plan = table.plan(plugin.id, entries);
            reader.out.plans.insert(table.name.to_owned(), plan);
        }
    }
    reader.out
}

/// A table or key, and its plugin.
#[derive(Debug, Clone, Copy)]
struct Owned {
    plugin: &'static Declaration,
    table: &'static OwnedTable,
}

/// An entry whose settings were read, to be checked by its plugin.
struct PendingEntry<'a> {
    owned: Owned,
    /// How messages name it: `smoke.add`.
    key: &'a str,
    /// The name of the entry or of the place.
    name: &'a str,
    place: Option<&'a KeyPlace<'a>>,
    written: &'a Table,
    span: Option<Span>,
    read: &'a ReadSettings,
    /// Whether these settings were read for the first time, so that their rules were not run yet.
    is_new: bool,
}

struct TableReader<'a, 'd> {
    input: &'a Input<'a>,
    ir: &'a Ir,
    locator: Locator<'a>,
    calls: CallCheck<'a>,
    known: SettingsCache,
    diagnostics: &'d mut Diagnostics,
    out: ReadTables,
}

impl TableReader<'_, '_> {
    /// The entries of a top-level table.
    fn read_entries(&mut self, owned: Owned, table: &ResolvedTable) -> Vec<EntryPlan> {
        let ResolvedTable { resolved, faults, listed } = table;
        self.diagnostics.append(faults.clone());
        if let Some(ListedNames { unknown, .. }) = owned.table.listed {
            let known: Vec<String> = listed.iter().map(|(name, _)| name.clone()).collect();
            for (name, span) in &resolved.unlisted {
                // A suggestion looks at every name, so with many wrong ones the cost would be quadratic.
                if self.diagnostics.is_full() {
                    break;
                }
                let near = nearest(name, known.iter().map(String::as_str));
                self.diagnostics.push(unknown(*span, name, near, &known));
            }
        }
        self.note_changes(&resolved.changes);
        let mut ordered: Vec<&ResolvedEntry> = resolved.entries.iter().collect();
        if owned.table.ordered {
            let wiring = self.input.wiring;
            ordered.sort_by_key(|entry| entry.span.map(|span| (wiring.layer(span), span.start)));
        }
        let places: BTreeMap<&str, Span> =
            listed.iter().map(|(name, span)| (name.as_str(), *span)).collect();
        let mut entries = Vec::new();
        for entry in ordered {
            self.note_changes(&entry.changes);
            let span = entry.span.or_else(|| places.get(entry.name.as_str()).copied());
            entries.push(self.read_entry(owned, entry, span));
        }
        entries
    }

    fn read_entry(&mut self, owned: Owned, entry: &ResolvedEntry, span: Option<Span>) -> EntryPlan {
        let key = format!("{}.{}", owned.table.name, entry.name);
        let reading =
            ReadContext { key: &key, span, methods: &[], locate: &|span| self.locator.at(span) };
        let read = read_settings(owned.table.settings, &entry.settings, reading, self.diagnostics);
        self.check(&PendingEntry {
            owned,
            key: &key,
            name: &entry.name,
            place: None,
            written: &entry.settings,
            span,
            read: &read,
            is_new: true,
        });
        let at = EntrySpan { span, settings: read.spans };
        self.out.spans.insert(owned.table.name, &entry.name, at);
        EntryPlan {
            name: entry.name.clone(),
            settings: read.settings,
            methods: BTreeMap::new(),
            off: BTreeSet::new(),
            origin: self.locator.at_or(span, "default"),
        }
    }

    /// The places that have a key.
    fn read_keys(&mut self, owned: Owned) -> Vec<EntryPlan> {
        let (name, ir) = (owned.table.name, self.ir);
        let places = list_places(self.input.wiring, ir, owned.table.place);
        let mut entries = Vec::new();
        for place in &places {
            let Some(ResolvedKey { whole, methods, off, .. }) = place.find(name) else { continue };
            let read = self.read_key(owned, place, whole);
            let methods = methods.into_iter().map(|(method, item)| {
                (method.clone(), self.read_key(owned, place, item).settings.clone())
            });
            let methods = methods.collect();
            let at = EntrySpan { span: Some(whole.key), settings: read.spans.clone() };
            self.out.spans.insert(name, place.name, at);
            entries.push(EntryPlan {
                name: place.name.to_owned(),
                settings: read.settings.clone(),
                methods,
                off,
                origin: self.locator.at(whole.key),
            });
        }
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        entries
    }

    /// Reads and checks the settings of a key at a place, or of one of its methods there.
    fn read_key(&mut self, owned: Owned, place: &KeyPlace<'_>, item: &Item) -> Rc<ReadSettings> {
        let key = place.key_of(owned.table.name);
        let reading = ReadContext {
            key: &key,
            span: Some(item.key),
            methods: &place.methods(),
            locate: &|span| self.locator.at(span),
        };
        let known = || owned.table.settings.to_vec();
        let (read, is_new) =
            self.known.read(owned.table.name, known, item, reading, self.diagnostics);
        let empty = Table::default();
        self.check(&PendingEntry {
            owned,
            key: &key,
            name: place.name,
            place: Some(place),
            written: item.as_table().unwrap_or(&empty),
            span: Some(item.key),
            read: &read,
            is_new,
        });
        read
    }

    /// Lets the plugin check an entry.
    ///
    /// Settings that many places share are checked by the plugin at each, because interfaces and neighbours differ; rules know neither, so they run once.
    fn check(&mut self, entry: &PendingEntry<'_>) {
        let &PendingEntry { owned: Owned { plugin, table }, place, read, is_new, .. } = entry;
        let hooks = self.input.registry.hooks(plugin);
        if (!is_new && hooks.find_check(Some(table.name)).is_none()) || self.diagnostics.is_full() {
            return;
        }
        let interface =
            place.and_then(|place| place.interface(self.input.registry, self.input.workflow));
        let neighbours = place.map_or_else(Neighbours::default, |place| place.neighbours(self.ir));
        let written = WrittenEntry { table, written: entry.written, calls: &self.calls };
        let context = CheckContext {
            plugin,
            entry: Some(written),
            key: entry.key,
            place: entry.name,
            class: place.and_then(|place| place.class(self.ir)),
            interface: interface.as_ref(),
            neighbours: &neighbours,
            arguments: &BTreeMap::new(),
            settings: &read.settings,
            spans: &read.spans,
            span: entry.span,
            diagnostics: self.diagnostics,
        };
        if is_new {
            hooks.run_check(context);
        } else {
            hooks.run_check_hook(context);
        }
    }

    /// Notes what has no effect, by the entry that it is written of: `smoke.add.call` belongs to `smoke:add`.
    fn note_changes(&mut self, changes: &[Change]) {
        for change in changes {
            let mut parts = change.path.splitn(3, '.');
            let (table, entry) =
                (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
            let drops = self.out.dropped.entry(format!("{table}:{entry}")).or_default();
            drops.insert(describe_change(change, &self.locator));
        }
    }
}
