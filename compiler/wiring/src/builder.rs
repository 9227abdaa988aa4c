//! What the readers of sections share.

use std::collections::BTreeMap;

use bp_diag::catalog::wiring as codes;
use bp_diag::{Diagnostics, Span, nearest};
use camino::Utf8Path;

use crate::expand::expand_keys;
use crate::layers::Layer;
use crate::merge::{TableGrammar, merge};
use crate::names;
use crate::{Change, Grammar, Item, KeyGrammar, Table, Value};

/// What to do about `[external.bank]`.
const EXTERNAL: &str = "a system that others run is not supported yet; a store that runs elsewhere is a backend with an `address`";

/// For sections in which no plugin has keys.
pub(crate) static NO_KEYS: BTreeMap<String, KeyGrammar> = BTreeMap::new();

/// What the section readers share.
pub(crate) struct Builder<'a> {
    pub(crate) layers: &'a [Layer],
    pub(crate) grammar: &'a Grammar,
    /// The working directory.
    pub(crate) here: &'a Utf8Path,
    pub(crate) out: &'a mut Diagnostics,
    pub(crate) changes: Vec<Change>,
    /// Some text could not be read, so what seems to be missing may stand there.
    pub(crate) broken: bool,
}

impl<'a> Builder<'a> {
    pub(crate) fn check_tables(&mut self) {
        let known = self.grammar.tables();
        for layer in self.layers {
            for (name, item) in &layer.root.entries {
                if known.contains(&name.as_str()) {
                    continue;
                }
                let suggestion = nearest(name, known.iter().copied());
                let mut diagnostic = codes::unknown_table(item.key, name, suggestion, &known);
                // The word that people try; the nearest name has nothing to do with it.
                if name == "external" {
                    diagnostic = codes::unknown_table(item.key, name, None, &known);
                    diagnostic.fix = None;
                    diagnostic = diagnostic.help(EXTERNAL);
                }
                self.out.push(diagnostic);
            }
        }
    }

    /// Reports a name that cannot be used; `what` is "a service".
    pub(crate) fn check_name(&mut self, what: &str, name: &str, span: Span) -> bool {
        names::check(what, name, span, &self.grammar.reserved, self.out)
    }

    /// A section's table in each file that has one, with the file's index.
    pub(crate) fn read_section(&mut self, name: &str) -> Vec<(usize, &'a Table, &'a Item)> {
        let mut found = Vec::new();
        for (index, layer) in self.layers.iter().enumerate() {
            let Some(item) = layer.root.get(name) else { continue };
            match item.as_table() {
                Some(table) => found.push((index, table, item)),
                None => self.out.push(codes::wrong_shape(
                    item.span,
                    &format!("`{name}`"),
                    "a table",
                    item.type_name(),
                    &format!("[{name}]"),
                )),
            }
        }
        found
    }

    /// A section's tables merged leaf by leaf; `keys` are those of plugins.
    pub(crate) fn merge_section(
        &mut self,
        name: &str,
        keys: &BTreeMap<String, KeyGrammar>,
    ) -> Option<(Table, Span)> {
        let mut merged: Option<(Table, Span)> = None;
        for (_, table, item) in self.read_section(name) {
            let mut table = table.clone();
            expand_keys(self.out, keys, &mut table);
            match &mut merged {
                None => merged = Some((table, item.key)),
                Some((into, _)) => {
                    let keys = TableGrammar::Keys(keys);
                    merge(into, &table, keys, name, item.span, &mut self.changes);
                }
            }
        }
        merged
    }

    /// A string at a leaf, or a diagnostic.
    pub(crate) fn read_string(&mut self, item: &Item, what: &str, example: &str) -> Option<String> {
        if let Value::String(text) = &item.value {
            return Some(text.clone());
        }
        self.out.push(codes::wrong_shape(item.span, what, "a string", item.type_name(), example));
        None
    }

    /// An array of strings at a leaf, each with its item; anything else is reported.
    pub(crate) fn read_strings<'i>(
        &mut self,
        item: &'i Item,
        what: &str,
        example: &str,
    ) -> Vec<(&'i str, &'i Item)> {
        let Some(items) = item.as_array() else {
            self.out.push(codes::wrong_shape(
                item.span,
                what,
                "an array of strings",
                item.type_name(),
                example,
            ));
            return Vec::new();
        };
        let mut found = Vec::new();
        for item in items {
            match item.as_str() {
                Some(text) => found.push((text, item)),
                None => self.out.push(codes::wrong_shape(
                    item.span,
                    &format!("an entry of {what}"),
                    "a string",
                    item.type_name(),
                    example,
                )),
            }
        }
        found
    }
}
