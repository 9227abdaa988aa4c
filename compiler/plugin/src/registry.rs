//! The plugins that this compiler knows, as an explicit list.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, OnceLock};

use bp_contract::metric::Metric;
use bp_contract::metric::runtime::{BALANCE_METRICS, PROCESS_METRICS};
use bp_contract::setting::{SettingPlan, WhenPlan};
use bp_diag::{Code, Diagnostic, catalog};
use bp_plan::{PluginPlan, RuntimeCrate};
use bp_wiring::{EntryTable, Grammar, KeyGrammar, Variant};

use crate::carried::check_carried;
use crate::interfaces::InterfaceTable;
use crate::meaning::check_meanings;
use crate::read::literal_value;
use crate::shorthand::is_switch;
use crate::table_faults::check_tables;
use crate::variant::{check_variants, variant_forms, variant_tag};
use crate::{
    Interface, Kind, Literal, Mode, OwnedTable, PROCESS_SETTINGS, Plugin, Runtime, Setting,
    SettingKind, TARGET_SETTINGS, TablePlace,
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

    fn interface_table(&self) -> &InterfaceTable {
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

    /// What is wrong with the plugins' own declarations, for tests: an interface whose source does not declare it, a default or bound that does not fit its setting, a shorthand that is not a setting, a code whose page belongs to another, a metric with the name of another.
    pub fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        check_declarations("process", PROCESS_SETTINGS, None, &mut faults);
        check_declarations("target", TARGET_SETTINGS, None, &mut faults);
        for plugin in self.iter() {
            check_declarations(plugin.id, &plugin.all_settings(), plugin.shorthand, &mut faults);
            if !plugin.has_rules && plugin.hooks.check.is_none() {
                check_patterns(plugin.id, &plugin.all_settings(), &mut faults);
            }
            check_kind(plugin, &mut faults);
            check_meanings(plugin, &mut faults);
            let mut names = BTreeSet::new();
            for code in plugin.codes {
                faults.extend(code.faults(plugin.id));
                if !names.insert(code.name) {
                    faults.push(format!("{}: two codes `{}`", plugin.id, code.name));
                }
            }
            if let Kind::Transport { beside, .. } = plugin.kind {
                check_declarations(plugin.id, beside, None, &mut faults);
                // The rules are those of its own settings.
                if plugin.hooks.check.is_none() {
                    check_patterns(plugin.id, beside, &mut faults);
                }
            }
            if let Kind::Backend { server: Some(server), .. } = plugin.kind {
                server.faults(plugin, &mut faults);
            }
        }
        faults.extend_from_slice(self.interface_table().faults());
        check_carried(self, &mut faults);
        check_tables(self, &mut faults);
        self.check_metrics(&mut faults);
        faults
    }

    /// Plugins may share a metric, if they declare the same one.
    fn check_metrics(&self, faults: &mut Vec<String>) {
        let mut known: BTreeMap<String, (&str, &Metric)> = BTreeMap::new();
        let own = PROCESS_METRICS.iter().chain(BALANCE_METRICS).map(|metric| ("bp", metric));
        let plugins = self.iter().flat_map(|m| m.metrics.iter().map(|metric| (m.id, metric)));
        for (id, metric) in own.chain(plugins) {
            let (first, declared) = *known.entry(metric.family_name()).or_insert((id, metric));
            if declared != metric {
                let name = metric.exposed_name();
                faults.push(format!("{id}: `{name}` is not the metric that `{first}` declares"));
            }
        }
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

/// Calls a plugin; a panic becomes a diagnostic that names it.
pub fn guard<T>(plugin: &str, call: impl FnOnce() -> T) -> Result<T, Diagnostic> {
    // A plugin that panics may leave its arguments half changed; the run fails, so they are not used.
    catch_unwind(AssertUnwindSafe(call)).map_err(|panic| {
        let detail = panic
            .downcast_ref::<&str>()
            .map(|s| (*s).to_owned())
            .or_else(|| panic.downcast_ref::<String>().cloned())
            .unwrap_or_else(|| "panic without a message".to_owned());
        catalog::internal::plugin_panicked(plugin, &detail)
    })
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
        default: tag.default.map(format_literal),
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

impl Plugin {
    /// The plugin as the plan holds it.
    pub fn plan(&self) -> PluginPlan {
        let mut settings = BTreeMap::new();
        describe_settings("", self.settings, &mut settings);
        if let Kind::Transport { beside, .. } = self.kind {
            describe_settings("", beside, &mut settings);
        }
        PluginPlan {
            key: self.key.to_owned(),
            kind: self.kind_name().to_owned(),
            shorthand: self.shorthand.map(str::to_owned),
            runtime: self.runtime_crate(),
            environment: self.environment.iter().map(|name| (*name).to_owned()).collect(),
            means: self.means.iter().map(|(what, path)| (*what, (*path).to_owned())).collect(),
            egress: self.egress.iter().copied().collect(),
            protocol: match self.kind {
                Kind::Transport { protocol, .. } => protocol,
                _ => None,
            },
            settings,
        }
    }

    /// The crate of its runtime half, if it has one.
    pub fn runtime_crate(&self) -> Option<RuntimeCrate> {
        // An interface's package is linked where the workflow names it, or by the stores that offer it.
        if matches!(self.kind, Kind::Interface { .. }) {
            return None;
        }
        let (package, folder) = match self.runtime {
            Runtime::Absent => return None,
            Runtime::Own => (format!("bp-rt-{}", self.id), format!("plugins/{}/runtime", self.id)),
            // Its folder in the generated workspace.
            Runtime::Carried(package) => (package.name.to_owned(), package.name.to_owned()),
        };
        Some(RuntimeCrate { package, folder })
    }
}

/// Notes what is wrong with a plugin as one of its kind.
fn check_kind(plugin: &Plugin, faults: &mut Vec<String>) {
    let id = plugin.id;
    match plugin.kind {
        Kind::Wrapper { client: None, server: None, .. } => {
            faults
                .push(format!("{id}: neither `.client(…)` nor `.server(…)` says where it stands"));
        }
        Kind::Wrapper { client, server, instance_wide: true, .. }
            if client.is_none() || server.is_none() =>
        {
            faults.push(format!("{id}: `.instance_wide()` needs a slot on both sides"));
        }
        Kind::Backend { .. } | Kind::Transport { .. }
            if plugin.settings.iter().any(|setting| setting.name == "kind") =>
        {
            faults.push(format!("{id}.kind: `kind` chooses the plugin here"));
        }
        Kind::Target { .. } => check_fixed(id, plugin.settings, faults),
        Kind::Wrapper { .. }
        | Kind::Backend { .. }
        | Kind::Interface { .. }
        | Kind::Transport { .. }
        | Kind::Table { .. } => {}
    }
    if let Kind::Transport { beside, .. } = plugin.kind {
        check_fixed(id, beside, faults);
        check_no_exclusions(id, beside, faults);
    }
    // Where those merge, nothing drops what a stronger setting excludes.
    if !matches!(plugin.kind, Kind::Wrapper { .. } | Kind::Table { .. }) {
        check_no_exclusions(id, plugin.settings, faults);
    }
}

fn check_no_exclusions(path: &str, settings: &[Setting], faults: &mut Vec<String>) {
    for setting in settings {
        let path = format!("{path}.{}", setting.name);
        if setting.excludes.is_some() {
            faults.push(format!(
                "{path}: only wrappers, tables and keys can have settings that exclude others"
            ));
        }
        if let SettingKind::Table { settings, .. } = setting.kind {
            check_no_exclusions(&path, settings, faults);
        }
    }
}

/// Notes settings that may be references, although only the compiler reads them.
pub(crate) fn check_fixed(path: &str, settings: &[Setting], faults: &mut Vec<String>) {
    for setting in settings {
        let path = format!("{path}.{}", setting.name);
        match setting.kind {
            SettingKind::Table { settings, .. } => check_fixed(&path, settings, faults),
            _ if setting.fixed => {}
            _ => faults.push(format!(
                "{path}: only a running process reads references, so it must be `fixed`"
            )),
        }
    }
}

/// Notes patterns of settings that nothing checks: `bp` gives them to editors and does not match them itself.
pub(crate) fn check_patterns(path: &str, settings: &[Setting], faults: &mut Vec<String>) {
    for setting in settings {
        let path = format!("{path}.{}", setting.name);
        if setting.pattern.is_some() {
            faults.push(format!("{path}: no rule and no check refuses what breaks its pattern"));
        }
        if let SettingKind::Table { settings, .. } = setting.kind {
            check_patterns(&path, settings, faults);
        }
    }
}

/// Notes what is wrong with declared settings.
pub(crate) fn check_declarations(
    path: &str,
    settings: &[Setting],
    shorthand: Option<&str>,
    faults: &mut Vec<String>,
) {
    if let Some(name) = shorthand.filter(|name| !settings.iter().any(|s| s.name == *name)) {
        faults.push(format!("{path}: the shorthand `{name}` is not a setting"));
    }
    check_variants(path, settings, faults);
    for setting in settings {
        let path = format!("{path}.{}", setting.name);
        let (kind, bounded) = (&setting.kind, setting.kind.bounded());
        let literals = [(kind, setting.default), (bounded, setting.min), (bounded, setting.max)];
        for (kind, literal) in literals {
            let Some(literal) = literal else { continue };
            if literal_value(kind, literal).is_none() {
                faults.push(format!("{path}: expected {}, found {literal:?}", kind.expected()));
            }
        }
        if let Some(other) = setting.excludes.filter(|o| !settings.iter().any(|s| s.name == *o)) {
            faults.push(format!("{path}: `{other}`, which it excludes, is not a setting"));
        }
        if setting.excludes.is_some() && setting.tunable {
            faults.push(format!(
                "{path}: what may change while it runs cannot exclude another setting"
            ));
        }
        if setting.pattern.is_some() && setting.kind != SettingKind::Text {
            faults.push(format!("{path}: only a text can match a pattern"));
        }
        if setting.doc.is_empty() {
            faults.push(format!("{path}: no documentation"));
        }
        if let Some(old) =
            setting.renamed_from.filter(|old| settings.iter().any(|s| s.name == *old))
        {
            faults.push(format!("{path}: `{old}`, its old name, is a setting"));
        }
        if let SettingKind::Table { settings, shorthand } = setting.kind {
            check_declarations(&path, settings, shorthand, faults);
        }
    }
}

pub(crate) fn describe_settings(
    prefix: &str,
    settings: &[Setting],
    out: &mut BTreeMap<String, SettingPlan>,
) {
    for setting in settings {
        let path = if prefix.is_empty() {
            setting.name.to_owned()
        } else {
            format!("{prefix}.{}", setting.name)
        };
        let mut plan = SettingPlan {
            kind: setting.kind.value_type(),
            tunable: setting.tunable,
            min: setting.min.map(format_literal),
            max: setting.max.map(format_literal),
            words: Vec::new(),
            shorthand: None,
            secret: setting.secret,
            when: setting.when.map(|when| WhenPlan {
                tag: when.tag.to_owned(),
                words: vec![when.word.to_owned()],
            }),
        };
        match setting.kind {
            SettingKind::OneOf(words) => {
                plan.words = words.iter().map(|w| (*w).to_owned()).collect();
            }
            SettingKind::Table { settings, shorthand } => {
                plan.shorthand = shorthand.map(str::to_owned);
                describe_settings(&path, settings, out);
            }
            _ => {}
        }
        // The variants that have a setting declare it alike.
        let before = out.get(&path).and_then(|same| same.when.clone());
        if let (Some(when), Some(before)) = (&mut plan.when, before) {
            when.words.splice(0..0, before.words);
        }
        out.insert(path, plan);
    }
}

/// A literal as wiring writes it, without quotes.
pub(crate) fn format_literal(literal: Literal) -> String {
    match literal {
        Literal::Bool(value) => value.to_string(),
        Literal::Int(value) => value.to_string(),
        Literal::Float(value) => value.to_string(),
        Literal::Text(text) => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bp_contract::setting::Settings;

    use super::*;
    use crate::{ClientSlot, PluginCode, backend, target, wrapper};

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

    #[test]
    fn a_panic_becomes_a_diagnostic() {
        let fault = guard("shaky", || -> u32 { panic!("no luck with {}", 7) }).unwrap_err();
        assert_eq!(fault.code.id, "BP9001");
        assert!(fault.message.contains("shaky") && fault.message.contains("no luck with 7"));
    }
}
