//! The plugins that this compiler knows, as an explicit list.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use bp_diag::Code;
use bp_wiring::{EntryTable, Grammar, KeyGrammar, Variant};

use crate::interfaces::InterfaceTable;
use crate::shorthand::is_switch;
use crate::variant::{variant_forms, variant_tag};
use crate::{
    Interface, Kind, Mode, OwnedTable, PROCESS_SETTINGS, Plugin, Setting, SettingKind, TablePlace,
};

/// The plugins that this compiler knows.
///
/// An explicit list: no link-time registration, so that the order and the content never depend on the linker.
#[derive(Debug, Clone, Default)]
pub struct Registry {
    plugins: Vec<&'static Plugin>,
    /// Read from the plugins when it is first asked for.
    interfaces: Arc<OnceLock<InterfaceTable>>,
}

impl Registry {
    /// These plugins; of two with one id the later one is used.
    pub fn new(plugins: impl IntoIterator<Item = &'static Plugin>) -> Self {
        let by_id: BTreeMap<&str, &'static Plugin> =
            plugins.into_iter().map(|p| (p.id, p)).collect();
        Self { plugins: by_id.into_values().collect(), interfaces: Arc::default() }
    }

    /// Adds a plugin, or replaces the one with its id.
    pub fn with(self, plugin: &'static Plugin) -> Self {
        Self::new(self.plugins.into_iter().chain([plugin]))
    }

    /// Every plugin, by id.
    pub fn iter(&self) -> impl Iterator<Item = &'static Plugin> + '_ {
        self.plugins.iter().copied()
    }

    /// The plugin with an id.
    pub fn get(&self, id: &str) -> Option<&'static Plugin> {
        self.iter().find(|p| p.id == id)
    }

    /// The wrapper with a key.
    pub fn wrapper(&self, key: &str) -> Option<&'static Plugin> {
        self.iter().find(|p| p.key == key && matches!(p.kind, Kind::Wrapper { .. }))
    }

    /// The transport with an id.
    pub fn transport(&self, id: &str) -> Option<&'static Plugin> {
        self.get(id).filter(|p| matches!(p.kind, Kind::Transport { .. }))
    }

    /// The backend with an id.
    pub fn backend(&self, id: &str) -> Option<&'static Plugin> {
        self.get(id).filter(|p| matches!(p.kind, Kind::Backend { .. }))
    }

    /// The target with an id.
    pub fn target(&self, id: &str) -> Option<&'static Plugin> {
        self.get(id).filter(|p| matches!(p.kind, Kind::Target { .. }))
    }

    /// Every table and key that a plugin owns, with its plugin.
    pub fn tables(&self) -> impl Iterator<Item = (&'static Plugin, &'static OwnedTable)> + '_ {
        self.iter().flat_map(|plugin| plugin.tables.iter().map(move |table| (plugin, table)))
    }

    /// The table or key of this name if it is in this place, with its plugin.
    pub fn owned_table(
        &self,
        place: TablePlace,
        name: &str,
    ) -> Option<(&'static Plugin, &'static OwnedTable)> {
        self.tables().find(|(_, table)| table.place == place && table.name == name)
    }

    /// Every mode of the program that a plugin adds, with its plugin.
    pub fn modes(&self) -> impl Iterator<Item = (&'static Plugin, Mode)> + '_ {
        self.iter().filter_map(|plugin| match plugin.kind {
            Kind::Table { mode } => mode.map(|mode| (plugin, mode)),
            _ => None,
        })
    }

    pub(crate) fn interface_table(&self) -> &InterfaceTable {
        self.interfaces.get_or_init(|| InterfaceTable::read(&self.plugins))
    }

    #[cfg(test)]
    pub(crate) fn has_read_interfaces(&self) -> bool {
        self.interfaces.get().is_some()
    }

    /// Every interface that a plugin declares, by path.
    pub fn interfaces(&self) -> impl Iterator<Item = &Interface> {
        self.interface_table().iter()
    }

    /// The paths of the interfaces that plugins declare; their sources are not read for it.
    pub fn interface_paths(&self) -> BTreeSet<&'static str> {
        let path = |plugin: &'static Plugin| match plugin.kind {
            Kind::Interface { path, .. } => Some(path),
            _ => None,
        };
        self.iter().filter_map(path).collect()
    }

    /// What is wrong with the source of a declared interface, so that nothing is known of it: the id of the plugin that declares it, and why in words.
    pub fn interface_fault(&self, path: &str) -> Option<(&'static str, &str)> {
        self.interface_table().find_unread(path)
    }

    /// The interface with a path, if a plugin declares it.
    pub fn interface(&self, path: &str) -> Option<&Interface> {
        self.interface_table().get(path)
    }

    /// Whether the interface `path` is `ancestor` or extends it.
    pub fn extends(&self, path: &str, ancestor: &str) -> bool {
        path == ancestor
            || self.interface(path).is_some_and(|i| i.ancestors.iter().any(|a| a == ancestor))
    }

    /// The interfaces that a backend offers: those that it lists, then those that they extend.
    pub fn offered_by(&self, plugin: &Plugin) -> Vec<&str> {
        let mut offered: Vec<&str> = plugin.interfaces().to_vec();
        for listed in plugin.interfaces().iter().filter_map(|path| self.interface(path)) {
            for ancestor in &listed.ancestors {
                if !offered.contains(&ancestor.as_str()) {
                    offered.push(ancestor);
                }
            }
        }
        offered
    }

    /// The kinds of backends that offer an interface, sorted.
    pub fn kinds_offering(&self, path: &str) -> Vec<&'static str> {
        let offers = |p: &&Plugin| p.interfaces().iter().any(|listed| self.extends(listed, path));
        self.iter().filter(offers).map(|plugin| plugin.id).collect()
    }

    /// The interface that an instance of a backend is opened as, so that it serves all who take it as one of these: the least of those that the plugin lists, its first if nobody takes it; `None` if no listed interface serves all.
    pub fn find_opened(&self, plugin: &Plugin, taken: &[&str]) -> Option<&'static str> {
        let serves = |listed: &&'static str| taken.iter().all(|path| self.extends(listed, path));
        let fitting: Vec<&'static str> =
            plugin.interfaces().iter().copied().filter(serves).collect();
        if taken.is_empty() {
            return fitting.first().copied();
        }
        let is_least = |path: &&'static str| {
            fitting.iter().all(|other| other == path || !self.extends(path, other))
        };
        fitting.iter().copied().find(is_least)
    }

    /// The ids of one kind, sorted: `wrapper`, `transport`, `backend`, `interface`, `target` or `table`.
    pub fn ids(&self, kind: &str) -> Vec<&'static str> {
        self.iter().filter(|m| m.kind_name() == kind).map(|m| m.id).collect()
    }

    /// The codes that plugins declare, by plugin and in the order of their declarations.
    pub fn codes(&self) -> impl Iterator<Item = Code> + '_ {
        self.iter().flat_map(|p| p.codes.iter().map(|code| code.of(p.id)))
    }

    /// The code with this id, in any case, of the compiler or of a plugin.
    pub fn find_code(&self, id: &str) -> Option<Code> {
        bp_diag::find_code(id).or_else(|| self.codes().find(|code| code.id.matches(id)))
    }

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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bp_contract::metric::Metric;
    use bp_contract::setting::Settings;

    use super::*;
    use crate::{ClientSlot, Literal, PluginCode, backend, target, wrapper};

    /// Good.
    #[derive(Settings)]
    #[settings(shorthand = "after")]
    struct Good {
        /// How long.
        #[setting(default = "1s", tunable)]
        after: Duration,
    }

    static GOOD: Plugin =
        wrapper::<Good>("good").client(ClientSlot::Cap).in_process().metrics(&[PAUSES]).declare();
    /// What the derive does not let through.
    static BAD: Plugin = Plugin {
        id: "bad",
        settings: &[Setting::new("after", SettingKind::Duration, "How long.")
            .default(Literal::Text("1 second"))
            .renamed_from("after")],
        shorthand: Some("for"),
        codes: &[TOO_LATE, TOO_LATE],
        metrics: &[READY, OTHER_PAUSES],
        ..GOOD
    };
    const TOO_LATE: PluginCode =
        PluginCode::new("too-late", "it comes too late", "# bad/too-late: it comes too late\n");
    const PAUSES: Metric = Metric::counter("bp_pauses", "Pauses").labels(&["bp_edge"]);
    const OTHER_PAUSES: Metric = Metric::counter("bp_pauses", "Pauses");
    const READY: Metric = Metric::gauge("bp_balance_ready", "What is ready");

    #[test]
    fn faulty_declarations_are_found() {
        assert_eq!(Registry::new([&GOOD]).faults(), Vec::<String>::new());
        let faults = Registry::new([&GOOD, &BAD]).faults();
        assert_eq!(
            faults,
            [
                "bad: the shorthand `for` is not a setting",
                "bad.after: expected a duration such as \"500ms\", found Text(\"1 second\")",
                "bad.after: `after`, its old name, is a setting",
                "bad: two codes `too-late`",
                "bad: `bp_balance_ready` is not the metric that `bp` declares",
                "good: `bp_pauses_total` is not the metric that `bad` declares",
            ]
        );
    }

    const fn of_word(name: &'static str, word: &'static str) -> Setting {
        Setting::new(name, SettingKind::Count, "How many.").when("kind", word)
    }

    const KIND: Setting =
        Setting::new("kind", SettingKind::OneOf(&["a", "b"]), "Which.").default(Literal::Text("a"));
    static VARIANTS: Plugin = Plugin {
        id: "vary",
        key: "vary",
        settings: &[
            KIND,
            Setting::new("own", SettingKind::Bool, "Always."),
            of_word("x", "a").default(Literal::Int(1)),
            of_word("x", "b"),
            of_word("y", "b"),
        ],
        shorthand: Some("kind"),
        ..GOOD
    };
    static FAULTY: Plugin = Plugin {
        settings: &[
            KIND,
            Setting::new("own", SettingKind::Bool, "Always."),
            of_word("own", "a"),
            of_word("x", "a"),
            of_word("x", "b").tunable(),
            of_word("y", "c"),
            Setting::new("z", SettingKind::Count, "How many.").when("mode", "m"),
        ],
        ..VARIANTS
    };
    static UNTAGGED: Plugin =
        Plugin { settings: &[of_word("x", "a")], shorthand: None, ..VARIANTS };

    #[test]
    fn variants_are_declared_alike_and_by_one_tag() {
        let faults = |plugin: &'static Plugin| Registry::new([plugin]).faults();
        assert_eq!(faults(&VARIANTS), Vec::<String>::new());
        assert_eq!(
            faults(&FAULTY),
            [
                "vary.own: declared twice",
                "vary.x: the variants declare it with different types, bounds or tunability",
                "vary.y: `c` is not a word of `kind`",
                "vary: `kind` and `mode` both choose a variant",
            ]
        );
        assert_eq!(faults(&UNTAGGED), ["vary: the tag `kind` is not a setting"]);
    }

    #[test]
    fn the_grammar_knows_what_belongs_to_a_variant() {
        let grammar = Registry::default().with(&VARIANTS).grammar();
        let variant = grammar.edge["vary"].variant.clone().unwrap();
        assert_eq!((variant.leaf.as_str(), variant.default.as_deref()), ("kind", Some("a")));
        let own = |word: &str| variant.settings[word].iter().cloned().collect::<Vec<_>>();
        assert_eq!(
            (own("a"), own("b")),
            (vec!["x".to_owned()], vec!["x".to_owned(), "y".to_owned()])
        );
    }

    #[test]
    fn what_does_not_fit_the_kind_is_found() {
        static NOWHERE: Plugin = wrapper::<Good>("nowhere").declare();
        static HALF: Plugin =
            wrapper::<Good>("half").client(ClientSlot::Cap).instance_wide().declare();
        static LATE: Plugin = target::<Good>("late", &[]).declare();
        static CHOOSES: Plugin = Plugin {
            settings: &[KIND],
            shorthand: None,
            ..backend::<Good>("chooses", &[]).declare()
        };
        let found = Registry::new([&NOWHERE, &HALF, &LATE, &CHOOSES]).faults();
        assert_eq!(
            found,
            [
                "chooses.kind: `kind` chooses the plugin here",
                "half: `.instance_wide()` needs a slot on both sides",
                "late.after: only a running process reads references, so it must be `fixed`",
                "nowhere: neither `.client(…)` nor `.server(…)` says where it stands",
            ]
        );
    }

    #[test]
    fn codes_of_plugins_are_found_beside_those_of_the_compiler() {
        let registry = Registry::new([&GOOD, &BAD]);
        let found = |id: &str| registry.find_code(id).map(|c| c.id.to_string());
        assert_eq!(found("bp4001").as_deref(), Some("BP4001"));
        assert_eq!(found("BAD/too-late").as_deref(), Some("bad/too-late"));
        assert_eq!((found("too-late"), found("good/too-late")), (None, None));
    }

    #[test]
    fn the_grammar_follows_the_plugins() {
        let registry = Registry::default().with(&GOOD);
        assert_eq!(registry.grammar().edge["good"], KeyGrammar::shorthand("after"));
        assert!(registry.wrapper("good").is_some() && registry.transport("good").is_none());
        let plan = GOOD.plan();
        assert!(plan.settings["after"].tunable);
        assert_eq!((plan.kind.as_str(), plan.shorthand.as_deref()), ("wrapper", Some("after")));
    }
}
