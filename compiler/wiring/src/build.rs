//! Builds the model from the files' trees, each section by its own rules.

use std::collections::BTreeMap;

use bp_diag::catalog::wiring as codes;
use bp_diag::{Diagnostics, Span, nearest};

use camino::Utf8Path;

use crate::expand::expand_keys;
use crate::layers::{Chain, Layer};
use crate::merge::{TableGrammar, merge};
use crate::{Change, Grammar, Item, KeyGrammar, Table, Value, WiringFile, WiringModel};
use crate::{app, entries, inits, instances, names, patch, renamed, rules, target};

/// The top-level tables that every wiring may have.
pub const TABLES: &[&str] = &[
    "app", "backend", "edge", "extends", "init", "patch", "process", "server", "service", "target",
];

/// Whether a top-level table belongs to the language itself, or did under an old name.
pub fn is_core_table(name: &str) -> bool {
    TABLES.contains(&name) || renamed::is_old_name(name)
}

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

/// Builds the model of a chain.
pub(crate) fn build(
    chain: &Chain,
    grammar: &Grammar,
    here: &Utf8Path,
    out: &mut Diagnostics,
) -> WiringModel {
    let mut model = WiringModel { broken: chain.broken, ..WiringModel::default() };
    for layer in &chain.layers {
        model.files.push(WiringFile { path: layer.path.clone(), file: layer.file });
    }
    let Some(main) = chain.layers.last() else { return model };
    main.path.file_stem().unwrap_or_default().clone_into(&mut model.name);
    let mut builder = Builder {
        layers: &chain.layers,
        grammar,
        here,
        out,
        changes: Vec::new(),
        broken: chain.broken,
    };
    names::check_file(
        "a wiring file",
        &model.name,
        Span::start_of(main.file),
        &grammar.reserved,
        builder.out,
    );
    builder.check_tables();
    model.app = app::read(&mut builder);
    instances::read(&mut builder, &mut model);
    model.edges = rules::read_edges(&mut builder);
    model.servers = rules::read_servers(&mut builder);
    model.inits = inits::read(&mut builder, &model);
    model.processes = rules::read_processes(&mut builder, &model);
    model.target = target::read(&mut builder);
    model.patches = patch::read(&mut builder);
    model.tables = entries::read(&mut builder);
    model.changes = builder.changes;
    model
}

impl<'a> Builder<'a> {
    fn check_tables(&mut self) {
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
            expand_keys(self, keys, &mut table);
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
