//! Merging one table over another, leaf by leaf, with a record of what went out of force.
//!
//! Files of an `extends` chain and selectors on one edge merge by the same function.

use std::collections::{BTreeMap, BTreeSet};

use bp_diag::Span;

use crate::value::join;
use crate::{Change, ChangeKind, Item, KeyGrammar, Table, Value, Variant};

/// What the merge knows of a table.
#[derive(Debug, Clone, Copy)]
pub(crate) enum TableGrammar<'g> {
    /// Nothing: entries are leaves or plain tables.
    Plain,
    /// Its keys are plugins' keys.
    Keys(&'g BTreeMap<String, KeyGrammar>),
    /// It is an instance: its `kind` chooses a variant, and keys of plugins stand beside, whatever the kind.
    Instance {
        /// The settings of each kind.
        kinds: &'g Variant,
        /// The keys that belong to no kind.
        keys: &'g BTreeMap<String, KeyGrammar>,
    },
    /// It is the table of a plugin's key, or a table in one.
    Key(&'g KeyGrammar),
}

impl TableGrammar<'_> {
    pub(crate) fn child(self, key: &str) -> Self {
        match self {
            Self::Keys(keys) | Self::Instance { keys, .. } => {
                keys.get(key).map_or(Self::Plain, Self::Key)
            }
            Self::Key(above) => above.nested.get(key).map_or(Self::Plain, Self::Key),
            Self::Plain => Self::Plain,
        }
    }

    /// Whether the key is a plugin's, so that `= false` takes it away.
    fn takes_away(self, key: &str) -> bool {
        match self {
            Self::Keys(keys) | Self::Instance { keys, .. } => {
                keys.get(key).is_some_and(|grammar| !grammar.leaf)
            }
            Self::Plain | Self::Key(_) => false,
        }
    }
}

/// Merges `over` into `into`; `path` is the table's, and `at` its place in the later text.
pub(crate) fn merge(
    into: &mut Table,
    over: &Table,
    grammar: TableGrammar<'_>,
    path: &str,
    at: Span,
    changes: &mut Vec<Change>,
) {
    if over.reset {
        drop_all(into, path, &ChangeKind::Reset, at, changes);
        into.reset = true;
    }
    // First, because the old variant is known only until its leaf is overwritten.
    drop_old_variants(into, over, grammar, path, changes);
    if let TableGrammar::Key(key) = grammar {
        drop_excluded(into, over, key, path, changes);
    }
    for (key, item) in &over.entries {
        let path = join(path, key);
        let Some(existing) = into.entries.get_mut(key) else {
            into.entries.insert(key.clone(), item.clone());
            continue;
        };
        match (&mut existing.value, &item.value) {
            (Value::Table(inner), Value::Table(over)) => {
                merge(inner, over, grammar.child(key), &path, item.span, changes);
                existing.span = item.span;
                // Nothing of the earlier text is left, so its key is not in force either.
                if over.reset || is_made_of(inner, over) {
                    existing.key = item.key;
                }
            }
            (_, new) => {
                let kind = if matches!(new, Value::Boolean(false)) && grammar.takes_away(key) {
                    ChangeKind::Removed
                } else {
                    ChangeKind::Replaced
                };
                let old = std::mem::replace(existing, item.clone());
                // A table that replaces a leaf starts empty: nothing that the leaf had replaced comes back.
                if let Value::Table(table) = &mut existing.value {
                    table.reset = true;
                }
                record(old, &path, &kind, item.span, changes);
            }
        }
    }
}

/// Whether every leaf of a merged table is one of `over`.
fn is_made_of(merged: &Table, over: &Table) -> bool {
    let own: BTreeSet<Span> = over.leaves().into_iter().map(|(_, item)| item.span).collect();
    !own.is_empty() && merged.leaves().iter().all(|(_, item)| own.contains(&item.span))
}

/// Records an item that went out of force, leaf by leaf.
pub(crate) fn record(
    old: Item,
    path: &str,
    kind: &ChangeKind,
    by: Span,
    changes: &mut Vec<Change>,
) {
    match old.value {
        Value::Table(mut table) if !table.entries.is_empty() => {
            drop_all(&mut table, path, kind, by, changes);
        }
        _ => changes.push(Change { path: path.to_owned(), old, kind: kind.clone(), by }),
    }
}

/// Takes away the plugins' keys that `= false` turned off.
pub(crate) fn drop_turned_off(table: &mut Table, keys: &BTreeMap<String, KeyGrammar>) {
    table.entries.retain(|key, item| {
        let off = matches!(item.value, Value::Boolean(false));
        !(off && TableGrammar::Keys(keys).takes_away(key))
    });
}

/// Empties a table and records its leaves.
pub(crate) fn drop_all(
    table: &mut Table,
    path: &str,
    kind: &ChangeKind,
    by: Span,
    changes: &mut Vec<Change>,
) {
    for (key, item) in std::mem::take(&mut table.entries) {
        record(item, &join(path, &key), kind, by, changes);
    }
}

fn drop_old_variants(
    into: &mut Table,
    over: &Table,
    grammar: TableGrammar<'_>,
    path: &str,
    changes: &mut Vec<Change>,
) {
    match grammar {
        TableGrammar::Plain => {}
        TableGrammar::Instance { kinds, keys } => {
            drop_old_variant(into, over, kinds, |key| keys.contains_key(key), path, changes);
        }
        TableGrammar::Key(key) => {
            if let Some(variant) = &key.variant {
                drop_old_variant(into, over, variant, |_| false, path, changes);
            }
        }
        TableGrammar::Keys(keys) => {
            for (key, variant) in
                keys.iter().filter_map(|(k, g)| g.variant.as_ref().map(|v| (k, v)))
            {
                let leaf = |table: &Table| {
                    table.get(key).and_then(|i| i.as_table()?.get(&variant.leaf).cloned())
                };
                let (old, new) = (leaf(into), leaf(over));
                let Some((from, to, by)) = variant_change(old.as_ref(), new.as_ref(), None) else {
                    continue;
                };
                let Some(siblings) = variant.siblings.get(&from) else { continue };
                let kind =
                    ChangeKind::OldVariant { leaf: format!("{key}.{}", variant.leaf), from, to };
                drop_matching(into, |key| siblings.contains(key), path, &kind, by, changes);
            }
        }
    }
}

/// Drops what belongs to the variant of `into` if `over` chooses another one; what is `apart` belongs to none.
fn drop_old_variant(
    into: &mut Table,
    over: &Table,
    variant: &Variant,
    apart: impl Fn(&str) -> bool,
    path: &str,
    changes: &mut Vec<Change>,
) {
    let change = variant_change(
        into.get(&variant.leaf),
        over.get(&variant.leaf),
        variant.default.as_deref(),
    );
    let Some((from, to, by)) = change else { return };
    let own = variant.settings.get(&from);
    let belongs = |key: &String| {
        *key != variant.leaf && !apart(key) && own.is_none_or(|own| own.contains(key))
    };
    let kind = ChangeKind::OldVariant { leaf: variant.leaf.clone(), from, to };
    drop_matching(into, belongs, path, &kind, by, changes);
}

/// Drops settings that cannot stand beside those of `over`; where `over` has both, they stay to be reported.
fn drop_excluded(
    into: &mut Table,
    over: &Table,
    grammar: &KeyGrammar,
    path: &str,
    changes: &mut Vec<Change>,
) {
    for (name, other) in grammar.exclusions() {
        let Some(item) = grammar.find_set(over, name) else { continue };
        if over.get(other).is_none() {
            let kind = ChangeKind::Excluded { by: name.to_owned() };
            drop_matching(into, |key| key == other, path, &kind, item.span, changes);
        }
    }
}

/// Old and new variant, if both are known and differ; a table without the leaf has the default one.
fn variant_change(
    old: Option<&Item>,
    new: Option<&Item>,
    default: Option<&str>,
) -> Option<(String, String, Span)> {
    let new_item = new?;
    let old = match old {
        Some(old) => old.as_str()?,
        None => default?,
    };
    let new = new_item.as_str()?;
    (old != new).then(|| (old.to_owned(), new.to_owned(), new_item.span))
}

fn drop_matching(
    into: &mut Table,
    belongs: impl Fn(&String) -> bool,
    path: &str,
    kind: &ChangeKind,
    by: Span,
    changes: &mut Vec<Change>,
) {
    let keys: Vec<String> = into.entries.keys().filter(|k| belongs(k)).cloned().collect();
    for key in keys {
        if let Some(item) = into.entries.remove(&key) {
            record(item, &join(path, &key), kind, by, changes);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use bp_diag::{FileId, SourceMap, Span};
    use proptest::prelude::*;

    use super::{TableGrammar, merge};
    use crate::{Item, KeyGrammar, Table, Value};

    fn file() -> FileId {
        SourceMap::new().add("a.toml", "")
    }

    fn item(value: Value) -> Item {
        let span = Span::start_of(file());
        Item { value, span, key: span }
    }

    fn tables() -> impl Strategy<Value = Table> {
        let leaf = prop_oneof![
            (0i128..3).prop_map(Value::Integer),
            Just(Value::Boolean(false)),
            Just(Value::Table(Table { reset: true, ..Table::default() })),
        ];
        let tree = leaf.prop_recursive(3, 12, 3, |inner| {
            prop::collection::btree_map("[ab]", inner.prop_map(item), 0..3)
                .prop_map(|entries| Value::Table(Table { entries, reset: false }))
        });
        prop::collection::btree_map("[ab]", tree.prop_map(item), 0..3)
            .prop_map(|entries| Table { entries, reset: false })
    }

    fn merged(a: &Table, b: &Table, keys: &BTreeMap<String, KeyGrammar>) -> Table {
        let mut out = a.clone();
        merge(&mut out, b, TableGrammar::Keys(keys), "", Span::start_of(file()), &mut Vec::new());
        out
    }

    proptest! {
        /// Without variants it does not matter which files of a chain merge first.
        #[test]
        fn merging_is_associative(a in tables(), b in tables(), c in tables()) {
            let keys = BTreeMap::from([("a".to_owned(), KeyGrammar::table())]);
            let left = merged(&merged(&a, &b, &keys), &c, &keys);
            let right = merged(&a, &merged(&b, &c, &keys), &keys);
            prop_assert!(left.same(&right), "{left} is not {right}");
        }

        #[test]
        fn merging_a_table_with_itself_changes_nothing(a in tables()) {
            let keys = BTreeMap::new();
            prop_assert!(merged(&a, &a, &keys).same(&a));
        }
    }
}
