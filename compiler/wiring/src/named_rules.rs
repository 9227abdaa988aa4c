//! Tables with entries by name: reading them file by file, and putting together what the files and the selectors among them say of one name.
//!
//! A later file wins over an earlier one; within a file, exact over glob over `*`.
//! Instances, processes and the entries of plugins' tables are all read and merged here.

use std::collections::BTreeMap;

use bp_contract::fold_name;
use bp_contract::selector::{Pattern, Rank};
use bp_diag::catalog::wiring as codes;
use bp_diag::{Diagnostics, Span, nearest};

use crate::builder::Builder;
use crate::conflict::find_conflicts;
use crate::merge::{TableGrammar, drop_all, merge};
use crate::{Change, ChangeKind, EntryRule, Item, ProcessRule, Table, Value};

/// Reads a top-level table with entries by name, base file first, then in the order written; `what` is "a backend".
///
/// `read` gives the entry as a table, or as `false`, which removes it; `None` after it reported a fault.
pub(crate) fn read_rules(
    builder: &mut Builder<'_>,
    section: &str,
    what: &str,
    mut read: impl FnMut(&mut Builder<'_>, &str, &Item) -> Option<Item>,
) -> Vec<EntryRule> {
    let mut rules: Vec<EntryRule> = Vec::new();
    for (layer, table, _) in builder.read_section(section) {
        let start = rules.len();
        let mut seen: BTreeMap<String, Span> = BTreeMap::new();
        for (name, item) in &table.entries {
            let Some(read) = read(builder, name, item) else { continue };
            let pattern = Pattern::new(name);
            if pattern.rank() == Rank::Exact {
                if !builder.check_name(what, name, item.key) {
                    continue;
                }
                if let Some(first) = seen.get(&fold_name(name)) {
                    builder.out.push(codes::set_twice(item.key, name, Some(*first)));
                    continue;
                }
                seen.insert(fold_name(name), item.key);
            }
            let settings = match read.value {
                Value::Table(table) => Some(table),
                _ => None,
            };
            let (key, span) = (item.key, item.span);
            rules.push(EntryRule { name: pattern, layer, key, span, settings });
        }
        if let Some(new) = rules.get_mut(start..) {
            new.sort_by_key(|r| r.key.start);
        }
    }
    rules
}

/// What one file says of a name, or of the names that a selector matches.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NamedRule<'a> {
    pub(crate) name: &'a Pattern,
    pub(crate) layer: usize,
    /// Where the name is written.
    pub(crate) key: Span,
    /// Where the settings are written.
    pub(crate) span: Span,
    /// `None` is `= false`.
    pub(crate) settings: Option<&'a Table>,
}

impl NamedRule<'_> {
    /// The greater wins.
    fn precedence(&self) -> (usize, Rank) {
        (self.layer, self.name.rank())
    }

    pub(crate) fn is_exact(&self) -> bool {
        self.name.rank() == Rank::Exact
    }
}

impl<'a> From<&'a EntryRule> for NamedRule<'a> {
    fn from(rule: &'a EntryRule) -> Self {
        let EntryRule { name, layer, key, span, settings } = rule;
        Self { name, layer: *layer, key: *key, span: *span, settings: settings.as_ref() }
    }
}

impl<'a> From<&'a ProcessRule> for NamedRule<'a> {
    fn from(rule: &'a ProcessRule) -> Self {
        Self {
            name: &rule.name,
            layer: rule.layer,
            key: rule.span,
            span: rule.span,
            settings: (!rule.removed).then_some(&rule.settings),
        }
    }
}

/// The rules of one table.
pub(crate) struct NamedRules<'a> {
    /// By folded name, an earlier file first.
    exact: BTreeMap<String, Vec<NamedRule<'a>>>,
    /// Each with whether it matched a name.
    selectors: Vec<(NamedRule<'a>, bool)>,
}

impl<'a> NamedRules<'a> {
    pub(crate) fn new<R>(rules: &'a [R]) -> Self
    where
        NamedRule<'a>: From<&'a R>,
    {
        let mut exact: BTreeMap<String, Vec<NamedRule<'a>>> = BTreeMap::new();
        let mut selectors = Vec::new();
        for rule in rules.iter().map(NamedRule::from) {
            if rule.is_exact() {
                exact.entry(fold_name(rule.name.as_str())).or_default().push(rule);
            } else {
                selectors.push((rule, false));
            }
        }
        Self { exact, selectors }
    }

    /// Names that rules write, folded.
    pub(crate) fn names(&self) -> Vec<String> {
        self.exact.keys().cloned().collect()
    }

    /// The rules that write this name, an earlier file first.
    pub(crate) fn exact(&self, name: &str) -> &[NamedRule<'a>] {
        self.exact.get(&fold_name(name)).map_or(&[], Vec::as_slice)
    }

    /// Every rule on a name, the strongest last; its selectors count as used.
    pub(crate) fn select(&mut self, name: &str) -> Vec<NamedRule<'a>> {
        let mut rules = self.exact(name).to_vec();
        for (selector, used) in &mut self.selectors {
            if selector.name.matches(name) {
                *used = true;
                rules.push(*selector);
            }
        }
        rules.sort_by_key(|r| (r.precedence(), r.span.start));
        rules
    }

    /// Reports selectors that matched no name, except `*`; `noun` is "backend", and `names` are those that exist.
    pub(crate) fn report_unused<'n>(
        &self,
        noun: &str,
        names: impl IntoIterator<Item = &'n str>,
        out: &mut Diagnostics,
    ) {
        let names: Vec<&str> = names.into_iter().collect();
        for (selector, used) in &self.selectors {
            if *used || selector.name.rank() == Rank::Any {
                continue;
            }
            let text = selector.name.as_str();
            let why = format!("no {noun} has such a name, and a selector does not create one");
            let near = nearest(&text.replace('*', ""), names.iter().copied());
            out.push(codes::selector_matches_nothing(selector.key, text, &why).suggest(near));
        }
    }
}

/// Reports values that rules set differently where neither is stronger and no stronger one settles it; `path` is the entry's: `backend.cart_db`.
pub(crate) fn report_conflicts(
    rules: &[NamedRule<'_>],
    grammar: TableGrammar<'_>,
    path: &str,
    out: &mut Diagnostics,
) {
    for (i, a) in rules.iter().enumerate() {
        let equals = rules.iter().skip(i + 1).take_while(|b| a.precedence() == b.precedence());
        for b in equals {
            let (Some(x), Some(y)) = (a.settings, b.settings) else { continue };
            for conflict in find_conflicts(x, y, grammar) {
                let settles = |r: &NamedRule<'_>| {
                    r.precedence() > b.precedence()
                        && r.settings.is_none_or(|s| conflict.is_settled_by(s))
                };
                if !rules.iter().any(settles) {
                    let selectors = (a.name.as_str(), b.name.as_str());
                    out.push(conflict.to_diagnostic(path, path, selectors));
                }
            }
        }
    }
}

/// The rule that an entry starts from: the first that names it, after the last that removed it or put it back to the defaults; `None` of one that is removed, or that no rule declares.
///
/// The strongest of `rules` is the last.
pub(crate) fn find_declaration<'r, 'a>(rules: &'r [NamedRule<'a>]) -> Option<&'r NamedRule<'a>> {
    let mut declaration = None;
    for rule in rules {
        match rule.settings {
            None => declaration = None,
            Some(settings) if rule.is_exact() && (declaration.is_none() || settings.reset) => {
                declaration = Some(rule);
            }
            Some(_) => {}
        }
    }
    declaration
}

/// What decides whether an entry exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Existence {
    /// The wiring declares it, and `= false` in a later file removes it.
    Declared,
    /// Something else, so that `= false` only takes away the settings before it.
    Given,
}

/// The rules of one name, merged.
#[derive(Debug, Default)]
pub(crate) struct MergedRules {
    pub(crate) settings: Table,
    /// What removed a declared entry.
    pub(crate) removed: Option<Span>,
}

/// Merges the rules of one name, the strongest last; `path` is the entry's.
pub(crate) fn merge_rules(
    rules: &[NamedRule<'_>],
    existence: Existence,
    grammar: TableGrammar<'_>,
    path: &str,
    changes: &mut Vec<Change>,
) -> MergedRules {
    let mut merged = MergedRules::default();
    let mut exists = existence == Existence::Given;
    for rule in rules {
        match rule.settings {
            // A selector creates nothing, and so does not bring back what was removed.
            Some(_) if merged.removed.is_some() && !rule.is_exact() => {}
            Some(settings) => {
                exists |= rule.is_exact();
                merged.removed = None;
                merge(&mut merged.settings, settings, grammar, path, rule.span, changes);
            }
            None if exists => {
                drop_all(&mut merged.settings, path, &ChangeKind::Removed, rule.span, changes);
                if existence == Existence::Declared {
                    exists = false;
                    merged.removed = Some(rule.span);
                }
            }
            None => {}
        }
    }
    merged
}
