//! What a value stands for: shorthands, and `true` for the defaults.

use std::collections::BTreeMap;

use bp_diag::Diagnostics;
use bp_diag::catalog::wiring as codes;

use crate::{Item, KeyGrammar, Table, Value};

/// Expands the values of plugins' keys in a table; what stands for no table is reported and left out.
pub(crate) fn expand_keys(
    out: &mut Diagnostics,
    keys: &BTreeMap<String, KeyGrammar>,
    table: &mut Table,
) {
    for (key, grammar) in keys {
        let Some(item) = table.entries.remove(key) else { continue };
        if let Some(item) = expand_or_report(out, grammar, key, &item) {
            table.entries.insert(key.clone(), item);
        }
    }
}

/// Expands one key's value: a shorthand to its table, `true` to the defaults; `false` stays.
pub(crate) fn expand_or_report(
    out: &mut Diagnostics,
    grammar: &KeyGrammar,
    key: &str,
    item: &Item,
) -> Option<Item> {
    if let Some(item) = expand(grammar, item) {
        return Some(item);
    }
    let expected = if grammar.map { "a table or `false`" } else { "a table, `true` or `false`" };
    let (what, example) = (format!("`{key}`"), format!("{key} = {{ … }}"));
    out.push(codes::wrong_shape(item.span, &what, expected, item.type_name(), &example));
    None
}

/// The value with every shorthand in it expanded; `None` if it is neither a table nor anything that stands for one.
pub(crate) fn expand(grammar: &KeyGrammar, item: &Item) -> Option<Item> {
    let table = |entries, reset| {
        Some(Item { value: Value::Table(Table { entries, reset }), ..item.clone() })
    };
    match &item.value {
        _ if grammar.leaf => Some(item.clone()),
        Value::Boolean(false) if !grammar.boolean => Some(item.clone()),
        Value::Table(inner) => {
            let entries = inner.entries.iter().map(|(name, item)| {
                let below = grammar.nested.get(name).and_then(|g| expand(g, item));
                // What is not a table here is reported by the plugin's reader, which knows its type.
                (name.clone(), below.unwrap_or_else(|| item.clone()))
            });
            table(entries.collect(), inner.reset)
        }
        Value::Boolean(true) if !grammar.map && !grammar.boolean => table(BTreeMap::new(), true),
        _ => {
            let leaf = grammar.shorthand.as_ref()?;
            table(BTreeMap::from([(leaf.clone(), item.clone())]), false)
        }
    }
}
