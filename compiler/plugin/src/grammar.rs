//! What plugins add to the grammar of wirings.

use std::collections::{BTreeMap, BTreeSet};

use bp_wiring::{EntryTable, Grammar, KeyGrammar, Variant};

use crate::shorthand::is_switch;
use crate::variant::{variant_forms, variant_tag};
use crate::{Declarations, Kind, OwnedTable, PROCESS_SETTINGS, Setting, SettingKind, TablePlace};

impl Declarations {
    /// What the plugins add to the wiring's grammar.
    pub fn grammar(&self) -> Grammar {
        let mut grammar = Grammar::default();
        let mut rpc = Variant { leaf: "kind".to_owned(), ..Variant::default() };
        let mut below_rpc = BTreeMap::new();
        for plugin in self.iter() {
            match plugin.kind {
                Kind::Wrapper { client, server, .. } => {
                    let key = key_grammar(plugin.shorthand, plugin.settings);
                    if client.is_some() {
                        grammar.edge.insert(plugin.key.to_owned(), key.clone());
                    }
                    if server.is_some() {
                        grammar.server.insert(plugin.key.to_owned(), key);
                    }
                }
                Kind::Transport { beside, .. } => {
                    let id = plugin.id.to_owned();
                    rpc.settings.insert(id.clone(), setting_names(plugin.settings));
                    below_rpc.extend(nested_grammars(plugin.settings));
                    rpc.siblings.insert(id, setting_names(beside));
                    for setting in beside {
                        grammar.edge.insert(setting.name.to_owned(), beside_grammar(setting));
                    }
                }
                Kind::Backend { .. } => {
                    grammar
                        .backend
                        .insert(plugin.id.to_owned(), setting_names(&plugin.all_settings()));
                }
                Kind::Interface { .. } | Kind::Target { .. } | Kind::Table { .. } => {}
            }
        }
        for (_, table) in self.tables() {
            add_table(&mut grammar, table);
        }
        for (name, meaning) in self.iter().flat_map(|plugin| plugin.reserved) {
            grammar.reserved.insert((*name).to_owned(), (*meaning).to_owned());
        }
        grammar.process = setting_names(PROCESS_SETTINGS);
        if !rpc.settings.is_empty() {
            grammar.edge.insert(
                "rpc".to_owned(),
                KeyGrammar::shorthand("kind").nested(below_rpc).variant(rpc),
            );
        }
        grammar
    }
}

fn setting_names(settings: &[Setting]) -> BTreeSet<String> {
    settings.iter().map(|s| s.name.to_owned()).collect()
}

fn key_grammar(shorthand: Option<&str>, settings: &[Setting]) -> KeyGrammar {
    let mut key = shorthand
        .map_or_else(KeyGrammar::table, KeyGrammar::shorthand)
        .nested(nested_grammars(settings));
    key.boolean = is_switch(settings, shorthand);
    let excluding = settings.iter().filter_map(|setting| Some((setting.name, setting.excludes?)));
    key.excluding = excluding.map(|(name, other)| (name.to_owned(), other.to_owned())).collect();
    match variant_grammar(settings) {
        Some(variant) => key.variant(variant),
        None => key,
    }
}

/// Adds a plugin's table, or its key in the tables of others.
fn add_table(grammar: &mut Grammar, table: &OwnedTable) {
    let key = key_grammar(table.shorthand, table.settings);
    let name = table.name.to_owned();
    let keys = match table.place {
        TablePlace::TopLevel => {
            let what = table.what.to_owned();
            let entry_table = EntryTable { what, entry: key, verbatim: table.verbatim };
            grammar.entry_tables.insert(name, entry_table);
            return;
        }
        TablePlace::App => &mut grammar.app_keys,
        TablePlace::Process => &mut grammar.process_keys,
        TablePlace::Backend => &mut grammar.backend_keys,
        TablePlace::Edge => &mut grammar.edge,
        TablePlace::Server => &mut grammar.server,
    };
    keys.insert(name, key);
}

/// What belongs to each variant of a table, so that merging drops the settings of an old one.
fn variant_grammar(settings: &[Setting]) -> Option<Variant> {
    let tag = variant_tag(settings)?;
    let forms = variant_forms(settings).into_iter().filter_map(|(word, form)| {
        let own: Vec<Setting> = form.into_iter().filter(|s| s.when.is_some()).collect();
        Some((word?.to_owned(), setting_names(&own)))
    });
    Some(Variant {
        leaf: tag.name.to_owned(),
        default: tag.default.map(|literal| literal.to_string()),
        settings: forms.collect(),
        siblings: BTreeMap::new(),
    })
}

/// The settings that are tables.
fn nested_grammars(settings: &[Setting]) -> BTreeMap<String, KeyGrammar> {
    settings
        .iter()
        .filter_map(|setting| match setting.kind {
            SettingKind::Table { settings, shorthand } => {
                Some((setting.name.to_owned(), key_grammar(shorthand, settings)))
            }
            _ => None,
        })
        .collect()
}

fn beside_grammar(setting: &Setting) -> KeyGrammar {
    match setting.kind {
        SettingKind::Map(_) | SettingKind::PerMethod(_) => KeyGrammar::map(),
        SettingKind::Table { settings, shorthand } => key_grammar(shorthand, settings),
        _ => KeyGrammar::leaf(),
    }
}
