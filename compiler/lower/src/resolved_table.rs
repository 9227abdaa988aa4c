//! Top-level tables of plugins with their files merged, before anybody reads their settings.

use std::collections::BTreeMap;

use bp_diag::{Diagnostics, Span};
use bp_plugin::{Declarations, OwnedTable, TablePlace};
use bp_wiring::{ResolvedEntries, WiringModel, resolve_entries};
use bp_workflow::WorkflowModel;

/// Every top-level table that a plugin owns.
#[derive(Debug)]
pub(crate) struct ResolvedTables(BTreeMap<&'static str, ResolvedTable>);

/// A top-level table of a plugin.
#[derive(Debug)]
pub(crate) struct ResolvedTable {
    /// Its entries.
    pub(crate) resolved: ResolvedEntries,
    /// What is wrong with them; reported once, where their settings are read.
    pub(crate) faults: Diagnostics,
    /// The names that the workflow lists, and where it declares each; empty for a table whose entries the wiring declares.
    pub(crate) listed: Vec<(String, Span)>,
}

impl ResolvedTables {
    pub(crate) fn new(
        declarations: &Declarations,
        wiring: &WiringModel,
        workflow: &WorkflowModel,
    ) -> Self {
        let grammar = declarations.grammar();
        let tables = declarations.tables().map(|(_, table)| table);
        let tables = tables.filter(|table| table.place == TablePlace::TopLevel);
        let resolved = tables.filter_map(|table| {
            let grammar = grammar.entry_tables.get(table.name)?;
            let listed = table.listed.map(|names| (names.list)(workflow));
            let names: Option<Vec<String>> =
                listed.as_ref().map(|list| list.iter().map(|(name, _)| name.clone()).collect());
            let (resolved, faults) = resolve_entries(wiring, table.name, grammar, names.as_deref());
            let listed = listed.unwrap_or_default();
            Some((table.name, ResolvedTable { resolved, faults, listed }))
        });
        Self(resolved.collect())
    }

    /// What the wiring says of a table; `None` for a key.
    pub(crate) fn find(&self, table: &OwnedTable) -> Option<&ResolvedTable> {
        self.0.get(table.name).filter(|_| table.place == TablePlace::TopLevel)
    }
}
