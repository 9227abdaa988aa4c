//! Top-level tables of plugins: entries by name, and selectors over them.

use std::collections::{BTreeMap, BTreeSet};

use bp_contract::fold_name;
use bp_diag::catalog::wiring as codes;
use bp_diag::{Diagnostics, Span};

use crate::builder::Builder;
use crate::expand::expand;
use crate::merge::TableGrammar;
use crate::named_rules::{
    Existence, MergedRules, NamedRule, NamedRules, find_declaration, merge_rules, read_rules,
    report_conflicts,
};
use crate::value::join;
use crate::{Change, EntryRule, EntryTable, Table, WiringModel};

/// One entry of a plugin's table, its files merged.
#[derive(Debug, Clone, PartialEq)]
pub struct ResolvedEntry {
    /// Its name.
    pub name: String,
    /// Where the wiring first names it, after a line that removed it or put it back to the defaults; `None` for a listed name that no line names.
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
    /// Names that are written and not listed, by name, each with its first place.
    pub unlisted: Vec<(String, Span)>,
    /// What was set on entries that a later file removed.
    pub changes: Vec<Change>,
}

/// Reads the top-level tables of plugins.
pub(crate) fn read(builder: &mut Builder<'_>) -> BTreeMap<String, Vec<EntryRule>> {
    let mut tables = BTreeMap::new();
    for (table, grammar) in &builder.grammar.entry_tables {
        let rules = read_rules(builder, table, &grammar.what, |builder, name, item| {
            let read = expand(&grammar.entry, item);
            if read.is_none() {
                builder.out.push(codes::wrong_shape(
                    item.span,
                    &format!("{} `{name}`", grammar.noun()),
                    "a table",
                    item.type_name(),
                    &format!("[{}]", join(table, name)),
                ));
            }
            read
        });
        tables.insert(table.clone(), rules);
    }
    tables
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
    let mut out = Diagnostics::new();
    let mut resolved = ResolvedEntries::default();
    let mut rules = NamedRules::new(model.tables.get(table).map_or(&[], Vec::as_slice));
    let written = rules.names();
    let settings = TableGrammar::Key(&grammar.entry);
    if let Some(listed) = listed {
        for name in listed {
            let matching = rules.select(name);
            let path = join(table, name);
            report_conflicts(&matching, settings, &path, &mut out);
            let mut changes = Vec::new();
            let merged = merge_rules(&matching, Existence::Given, settings, &path, &mut changes);
            resolved.entries.push(ResolvedEntry {
                name: name.clone(),
                span: find_declaration(&matching)
                    .map(|r| r.key)
                    .or_else(|| rules.exact(name).first().map(|r| r.key)),
                settings: merged.settings,
                changes,
            });
        }
        let folded: BTreeSet<String> = listed.iter().map(|name| fold_name(name)).collect();
        for name in written.iter().filter(|name| !folded.contains(*name)) {
            let first = rules.exact(name).first();
            resolved.unlisted.extend(first.map(|r| (r.name.as_str().to_owned(), r.key)));
        }
        if !model.broken {
            rules.report_unused(grammar.noun(), listed.iter().map(String::as_str), &mut out);
        }
    } else {
        for name in &written {
            let matching = rules.select(name);
            resolve_declared(model, table, grammar, &matching, &mut resolved, &mut out);
        }
        if !model.broken {
            rules.report_unused(grammar.noun(), written.iter().map(String::as_str), &mut out);
        }
    }
    resolved.entries.sort_by(|a, b| a.name.cmp(&b.name));
    (resolved, out)
}

/// Adds one entry that the wiring declares, or what it was before it was removed.
fn resolve_declared(
    model: &WiringModel,
    table: &str,
    grammar: &EntryTable,
    matching: &[NamedRule<'_>],
    resolved: &mut ResolvedEntries,
    out: &mut Diagnostics,
) {
    let mut exact = matching.iter().filter(|r| r.is_exact());
    let Some(first) = exact.clone().find(|r| r.settings.is_some()) else {
        if let Some(off) = exact.next().filter(|_| !model.broken) {
            let why = format!("there is no {} of this name to remove", grammar.noun());
            out.push(codes::selector_matches_nothing(off.key, off.name.as_str(), &why));
        }
        return;
    };
    let first = find_declaration(matching).unwrap_or(first);
    let name = first.name.as_str().to_owned();
    let path = join(table, &name);
    let settings = TableGrammar::Key(&grammar.entry);
    report_conflicts(matching, settings, &path, out);
    let mut changes = Vec::new();
    let MergedRules { settings, removed } =
        merge_rules(matching, Existence::Declared, settings, &path, &mut changes);
    if removed.is_some() {
        resolved.changes.append(&mut changes);
    } else {
        let span = Some(first.key);
        resolved.entries.push(ResolvedEntry { name, span, settings, changes });
    }
}
