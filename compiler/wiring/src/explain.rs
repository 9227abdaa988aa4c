//! What `bp explain NAME` tells: every leaf in force with the line that set it, and what it put out of force.

use bp_contract::fold_name;
use bp_diag::Span;

use crate::value::join;
use crate::{
    Change, Grammar, Item, ResolvedEntry, ResolvedProcess, ResolvedSettings, Table, WiringModel,
    resolve_entries,
};

/// One leaf in force.
#[derive(Debug, Clone, PartialEq)]
pub struct ExplainedLeaf {
    /// Dotted path: `backend.rate_db.kind`, `retry.attempts`.
    pub path: String,
    /// Its value, and in its span the place that set it.
    pub value: Item,
    /// The selector that set it, where a selector did.
    pub selector: Option<String>,
    /// What it replaced, oldest first.
    pub replaced: Vec<Change>,
}

/// Everything about one name.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Explanation {
    /// Leaves in force, by path.
    pub leaves: Vec<ExplainedLeaf>,
    /// Keys that `= false` keeps away, with the place of the `false`.
    pub off: Vec<(String, Span)>,
    /// What is out of force and was not replaced by a leaf at the same path, and why.
    pub dropped: Vec<Change>,
}

fn explain(
    leaves: Vec<(String, &Item)>,
    selector: impl Fn(&str) -> Option<String>,
    changes: Vec<Change>,
) -> Explanation {
    let mut dropped = changes;
    let mut explained = Vec::new();
    for (path, item) in leaves {
        let (replaced, rest) = dropped.into_iter().partition(|c| c.path == path);
        dropped = rest;
        explained.push(ExplainedLeaf {
            selector: selector(&path),
            path,
            value: item.clone(),
            replaced,
        });
    }
    Explanation { leaves: explained, off: Vec::new(), dropped }
}

/// Explains a backend or service by its name, or an entry of a plugin's table by its name or as `table:name`.
///
/// An entry is one that the wiring declares, or one that a later file removed.
pub fn explain_leaves(model: &WiringModel, grammar: &Grammar, name: &str) -> Option<Explanation> {
    let instance = [("backend", model.backend(name)), ("service", model.service(name))]
        .into_iter()
        .find_map(|(section, instance)| instance.map(|i| (section, i)));
    let Some((section, instance)) = instance else { return explain_entry(model, grammar, name) };
    let prefix = format!("{section}.{}", instance.name);
    let leaves = prefix_leaves(&prefix, &instance.settings);
    Some(explain(leaves, |_| None, changes_below(&model.changes, &prefix)))
}

fn explain_entry(model: &WiringModel, grammar: &Grammar, name: &str) -> Option<Explanation> {
    let (of_table, name) = name.split_once(':').map_or((None, name), |(t, n)| (Some(t), n));
    let folded = fold_name(name);
    grammar
        .entry_tables
        .iter()
        .filter(|(table, _)| of_table.is_none_or(|of| of == table.as_str()))
        .find_map(|(table, entry_table)| {
            let (resolved, _) = resolve_entries(model, table, entry_table, None);
            let mut entries = resolved.entries.iter();
            if let Some(entry) = entries.find(|entry| fold_name(&entry.name) == folded) {
                return Some(entry.explain(table));
            }
            let rule = model.tables.get(table)?.iter().find(|rule| {
                let written = rule.name.exact().filter(|_| rule.settings.is_some());
                written.is_some_and(|written| fold_name(written) == folded)
            })?;
            let prefix = join(table, rule.name.as_str());
            Some(explain(Vec::new(), |_| None, changes_below(&resolved.changes, &prefix)))
        })
}

fn changes_below(changes: &[Change], prefix: &str) -> Vec<Change> {
    let below = |change: &&Change| {
        let rest = change.path.strip_prefix(prefix);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    changes.iter().filter(below).cloned().collect()
}

fn prefix_leaves<'a>(prefix: &str, table: &'a Table) -> Vec<(String, &'a Item)> {
    table.leaves().into_iter().map(|(path, item)| (format!("{prefix}.{path}"), item)).collect()
}

impl ResolvedSettings {
    /// Every leaf in force with its selector, what it replaced, and what was dropped.
    pub fn explain(&self) -> Explanation {
        let selector = |path: &str| self.origins.get(path).map(|o| o.selector.clone());
        let mut explanation = explain(self.settings.leaves(), selector, self.changes.clone());
        explanation.off = self.off.iter().map(|(key, origin)| (key.clone(), origin.span)).collect();
        explanation
    }
}

impl ResolvedEntry {
    /// Every leaf in force, what it replaced, and what was dropped.
    pub fn explain(&self, table: &str) -> Explanation {
        let leaves = prefix_leaves(&join(table, &self.name), &self.settings);
        explain(leaves, |_| None, self.changes.clone())
    }
}

impl ResolvedProcess {
    /// Every leaf in force, what it replaced, and what was dropped.
    pub fn explain(&self) -> Explanation {
        explain(
            prefix_leaves(&format!("process.{}", self.name), &self.settings),
            |_| None,
            self.changes.clone(),
        )
    }
}
