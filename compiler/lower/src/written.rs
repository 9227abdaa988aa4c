//! What the wiring as merged says of tables and keys that plugins own, as far as targets must express it.

use bp_diag::Span;
use bp_ir::Ir;
use bp_plugin::{OwnedTable, PassContext, TablePlace};
use bp_wiring::{Grammar, Item, Reference, ResolvedEntries, ResolvedEntry};
use bp_wiring::{Table, Value, WiringModel, resolve_entries};
use bp_workflow::WorkflowModel;

use crate::places::list_places;

/// Tables and keys of plugins in one wiring.
#[derive(Debug)]
pub(crate) struct WrittenTables<'a> {
    wiring: &'a WiringModel,
    workflow: &'a WorkflowModel,
    ir: &'a Ir,
    grammar: Grammar,
}

impl<'a> WrittenTables<'a> {
    pub(crate) fn new(cx: &'a PassContext<'_>) -> Self {
        let PassContext { wiring, workflow, registry, .. } = cx;
        Self { wiring, workflow, ir: cx.ir, grammar: registry.grammar() }
    }

    /// The first place where the wiring as merged writes a table or key.
    ///
    /// An entry that only the workflow lists is written where its first setting is.
    pub(crate) fn find_written(&self, table: &OwnedTable) -> Option<Span> {
        if table.place == TablePlace::TopLevel {
            let place = |entry: &ResolvedEntry| {
                let first = entry.settings.leaves().first().map(|(_, item)| item.key);
                if table.listed.is_some() { first } else { entry.span.or(first) }
            };
            return self.resolve(table).entries.iter().find_map(place);
        }
        let places = list_places(self.wiring, self.ir, table.place);
        let item = places.iter().find_map(|place| place.find(table.name)).map(|key| key.whole)?;
        // A later file may change a part of the value only, and its line is the one to look at.
        Some(if item.key.file == item.span.file { item.key } else { item.span })
    }

    /// The first secret that a table or key refers to.
    pub(crate) fn find_secret(&self, table: &OwnedTable) -> Option<Span> {
        if table.place == TablePlace::TopLevel {
            let resolved = self.resolve(table);
            return resolved.entries.iter().find_map(|entry| secret_in(&entry.settings));
        }
        let places = list_places(self.wiring, self.ir, table.place);
        let keys = places.iter().filter_map(|place| place.find(table.name));
        let mut items =
            keys.flat_map(|key| std::iter::once(key.whole).chain(key.methods.into_values()));
        items.find_map(|item| secret_in(item.as_table()?))
    }

    /// The entries of a top-level table; faults are reported where its settings are read.
    fn resolve(&self, table: &OwnedTable) -> ResolvedEntries {
        let Some(grammar) = self.grammar.entry_tables.get(table.name) else {
            return ResolvedEntries::default();
        };
        let names = table.listed.map(|names| {
            (names.list)(self.workflow).into_iter().map(|(name, _)| name).collect::<Vec<String>>()
        });
        let (resolved, _) = resolve_entries(self.wiring, table.name, grammar, names.as_deref());
        resolved
    }
}

fn secret_in(table: &Table) -> Option<Span> {
    let leaves = table.leaves().into_iter();
    let is_secret = |item: &&Item| matches!(item.value, Value::Reference(Reference::Secret(_)));
    leaves.map(|(_, item)| item).find(is_secret).map(|item| item.span)
}
