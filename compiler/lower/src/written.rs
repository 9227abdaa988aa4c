//! What the wiring as merged says of tables and keys that plugins own, as far as targets must express it.

use bp_diag::Span;
use bp_ir::Ir;
use bp_plugin::{OwnedTable, PassContext, TablePlace};
use bp_wiring::{Item, Reference, ResolvedEntry, Table, Value, WiringModel};

use crate::places::list_places;
use crate::resolved_table::ResolvedTables;

/// Tables and keys of plugins in one wiring.
#[derive(Debug)]
pub(crate) struct WrittenTables<'a> {
    wiring: &'a WiringModel,
    ir: &'a Ir,
    resolved: &'a ResolvedTables,
}

impl<'a> WrittenTables<'a> {
    pub(crate) fn new(cx: &'a PassContext<'_>, resolved: &'a ResolvedTables) -> Self {
        Self { wiring: cx.wiring, ir: cx.ir, resolved }
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
            return self.list_entries(table).iter().find_map(place);
        }
        let places = list_places(self.wiring, self.ir, table.place);
        let item = places.iter().find_map(|place| place.find(table.name)).map(|key| key.whole)?;
        // A later file may change a part of the value only, and its line is the one to look at.
        Some(if item.key.file == item.span.file { item.key } else { item.span })
    }

    /// The first secret that a table or key refers to.
    pub(crate) fn find_secret(&self, table: &OwnedTable) -> Option<Span> {
        if table.place == TablePlace::TopLevel {
            return self
                .list_entries(table)
                .iter()
                .find_map(|entry| find_secret_in(&entry.settings));
        }
        let places = list_places(self.wiring, self.ir, table.place);
        let keys = places.iter().filter_map(|place| place.find(table.name));
        let mut items =
            keys.flat_map(|key| std::iter::once(key.whole).chain(key.methods.into_values()));
        items.find_map(|item| find_secret_in(item.as_table()?))
    }

    /// The entries of a top-level table.
    fn list_entries(&self, table: &OwnedTable) -> &[ResolvedEntry] {
        self.resolved.find(table).map_or(&[], |table| &table.resolved.entries)
    }
}

/// The first secret in a table.
pub(crate) fn find_secret_in(table: &Table) -> Option<Span> {
    let leaves = table.leaves().into_iter();
    let is_secret = |item: &&Item| matches!(item.value, Value::Reference(Reference::Secret(_)));
    leaves.map(|(_, item)| item).find(is_secret).map(|item| item.span)
}
