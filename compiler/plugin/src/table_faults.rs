//! What is wrong with the tables that plugins own, as declared.

use std::collections::{BTreeMap, BTreeSet};

use bp_wiring::{APP_KEYS, is_core_table, is_name};

use crate::setting_faults::{check_declarations, check_fixed, check_patterns};
use crate::{
    Declaration, Declarations, Kind, OwnedTable, PROCESS_SETTINGS, Plugin, Registry, Runtime,
    Setting, SettingKind, TablePlace, TableReader,
};

/// Names that a mode cannot have: the program's own first arguments, the arguments of `bp run`, and `test`, whose data `bp test` keeps.
pub const TAKEN_MODES: &[&str] = &[
    "call",
    "color",
    "fresh",
    "health",
    "help",
    "locked",
    "message-format",
    "quiet",
    "release",
    "test",
    "verbose",
    "verify",
    "watch",
    "wiring",
];

/// Notes what is wrong with tables, keys and modes.
pub(crate) fn check_tables(registry: &Registry, faults: &mut Vec<String>) {
    let others = collect_other_keys(registry);
    let mut owners = BTreeMap::new();
    for plugin in registry.plugins() {
        check_entry_checks(plugin, faults);
    }
    for (plugin, table) in registry.tables() {
        let path = format!("{}.{}", plugin.id, table.name);
        check_declarations(&path, table.settings, table.shorthand, faults);
        if !table.has_rules && registry.hooks(plugin).find_check(Some(table.name)).is_none() {
            check_patterns(&path, table.settings, faults);
        }
        if table.doc.is_empty() {
            faults.push(format!("{path}: no documentation"));
        }
        check_name(&path, table, &others, faults);
        // Plans tell tables and keys by their names alone.
        if let Some(owner) = owners.insert(table.name, plugin.id) {
            faults.push(format!("{path}: `{owner}` has a table or key of this name"));
        }
        check_reader(&path, plugin, table, faults);
        if table.place == TablePlace::TopLevel {
            continue;
        }
        let top_level_only = [
            (table.listed.is_some(), "`.listed(…)`"),
            (table.ordered, "`.ordered()`"),
            (table.verbatim, "`.verbatim()`"),
        ];
        for (_, what) in top_level_only.iter().filter(|(set, _)| *set) {
            faults.push(format!("{path}: {what} is for top-level tables"));
        }
    }
    let mut modes: BTreeMap<&str, &str> = BTreeMap::new();
    for (plugin, mode) in registry.modes() {
        let path = format!("{}: the mode `{}`", plugin.id, mode.name);
        let table =
            plugin.tables.iter().find(|t| t.place == TablePlace::TopLevel && t.name == mode.table);
        match table {
            None => faults.push(format!("{path}: its table `{}` is not declared", mode.table)),
            Some(table) if table.reader != Some(TableReader::Mode) => {
                faults.push(format!("{path}: `{}` lacks `.read_by_mode()`", mode.table));
            }
            Some(_) => {}
        }
        if !is_name(mode.name) {
            faults.push(format!("{path}: the name breaks the pattern of names"));
        }
        if TAKEN_MODES.contains(&mode.name) {
            faults.push(format!("{path}: the program or `bp run` has a word of this name already"));
        }
        if let Some(other) = modes.insert(mode.name, plugin.id) {
            faults.push(format!("{path}: `{other}` has one of this name"));
        }
    }
}

/// Notes checks of entries that are never called.
fn check_entry_checks(plugin: &Plugin, faults: &mut Vec<String>) {
    let mut known = BTreeSet::new();
    for (name, _) in plugin.hooks.check_entries {
        if !plugin.tables.iter().any(|table| table.name == *name) {
            faults.push(format!(
                "{}: `.check_entries(…)` names `{name}`, which is not a table of it",
                plugin.id
            ));
        } else if !known.insert(*name) {
            faults.push(format!("{}: `.check_entries(…)` names `{name}` twice", plugin.id));
        }
    }
}

/// What else stands in each place, and whose it is.
fn collect_other_keys(
    declarations: &Declarations,
) -> BTreeMap<(TablePlace, &'static str), &'static str> {
    let mut owners = BTreeMap::new();
    let mut own = |place, names: &[Setting], owner: &'static str| {
        owners.extend(names.iter().map(|setting| ((place, setting.name), owner)));
    };
    own(TablePlace::Process, PROCESS_SETTINGS, "bp");
    for plugin in declarations.iter() {
        match plugin.kind {
            Kind::Transport { beside, .. } => own(TablePlace::Edge, beside, plugin.id),
            Kind::Backend { .. } => own(TablePlace::Backend, &plugin.all_settings(), plugin.id),
            Kind::Wrapper { .. }
            | Kind::Interface { .. }
            | Kind::Target { .. }
            | Kind::Table { .. } => {}
        }
    }
    for plugin in declarations.iter() {
        if let Kind::Wrapper { client, server, .. } = plugin.kind {
            if client.is_some() {
                owners.insert((TablePlace::Edge, plugin.key), plugin.id);
            }
            if server.is_some() {
                owners.insert((TablePlace::Server, plugin.key), plugin.id);
            }
        }
    }
    let fixed = [
        (TablePlace::Backend, "kind"),
        (TablePlace::Edge, "rpc"),
        (TablePlace::Process, "services"),
    ];
    owners.extend(fixed.map(|place| (place, "bp")));
    owners.extend(APP_KEYS.iter().map(|key| ((TablePlace::App, *key), "bp")));
    owners
}

fn check_name(
    path: &str,
    table: &OwnedTable,
    others: &BTreeMap<(TablePlace, &'static str), &'static str>,
    faults: &mut Vec<String>,
) {
    if !is_name(table.name) {
        faults.push(format!("{path}: the name breaks the pattern of names"));
    }
    let core = table.place == TablePlace::TopLevel && is_core_table(table.name);
    let other = others.get(&(table.place, table.name)).copied();
    if let Some(owner) = core.then_some("bp").or(other) {
        faults.push(format!("{path}: `{owner}` has a table or key of this name there"));
    }
}

/// Notes settings that nobody could read, or change while a process runs.
fn check_reader(path: &str, plugin: &Declaration, table: &OwnedTable, faults: &mut Vec<String>) {
    if table.reader.is_some() && plugin.runtime == Runtime::Absent {
        faults.push(format!("{path}: a reader at run time needs a runtime half"));
    }
    if table.reader.is_some() && !matches!(plugin.kind, Kind::Table { .. }) {
        faults.push(format!(
            "{path}: only a plugin declared by `table` is given its tables at run time"
        ));
    }
    let has_mode = matches!(plugin.kind, Kind::Table { mode: Some(_) });
    if table.reader == Some(TableReader::Mode) && !has_mode {
        faults.push(format!("{path}: `.read_by_mode()` needs a `.mode(…)`"));
    }
    let by_processes = table.reader == Some(TableReader::Process);
    // In `[app]` nothing is a reference, because it is read when the application is built.
    if !table.verbatim && (!by_processes || table.place == TablePlace::App) {
        check_fixed(path, table.settings, faults);
    }
    if !(by_processes && table.place == TablePlace::TopLevel) {
        check_not_tunable(path, table.settings, faults);
    }
}

fn check_not_tunable(path: &str, settings: &[Setting], faults: &mut Vec<String>) {
    for setting in settings {
        let path = format!("{path}.{}", setting.name);
        if setting.tunable {
            faults.push(format!(
                "{path}: only a top-level table that processes read can have tunable settings"
            ));
        }
        if let SettingKind::Table { settings, .. } = setting.kind {
            check_not_tunable(&path, settings, faults);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bp_contract::setting::{Faults, Settings, Validate};
    use bp_wiring::KeyGrammar;

    use super::*;
    use crate::{ClientSlot, ListedNames, Mode, backend, diag, table, target, wrapper};

    /// Whether a switch is on.
    #[derive(Settings)]
    #[settings(shorthand = "on")]
    struct Switch {
        /// On at first.
        #[setting(default = true, tunable)]
        on: bool,
        /// How long it stays so.
        rest: Rest,
    }

    /// How long a switch rests.
    #[derive(Settings)]
    #[settings(shorthand = "after")]
    struct Rest {
        /// How long.
        #[setting(default = "1s", tunable)]
        after: Duration,
    }

    /// How far it grows.
    #[derive(Settings)]
    #[settings(shorthand = "max")]
    struct Growth {
        /// At most.
        #[setting(default = 3, fixed)]
        max: u64,
    }

    /// An address.
    #[derive(Settings)]
    struct Address {
        /// The host and its port.
        #[setting(fixed, required, example = "\"a:1\"", pattern = "^.+:.+$")]
        host: String,
    }

    /// An address in a table of its own.
    #[derive(Settings)]
    struct Place {
        /// Where.
        at: Option<Address>,
    }

    /// An address with a rule.
    #[derive(Settings)]
    struct CheckedPlace {
        /// Where.
        at: Option<CheckedAddress>,
    }

    /// An address with a rule.
    #[derive(Settings)]
    #[settings(validate)]
    struct CheckedAddress {
        /// The host and its port.
        #[setting(fixed, required, example = "\"a:1\"", pattern = "^.+:.+$")]
        host: String,
    }

    impl Validate for CheckedAddress {
        fn validate(&self, faults: &mut Faults) {
            if !self.host.contains(':') {
                faults.at(Self::HOST, "expected a port");
            }
        }
    }

    #[test]
    fn a_pattern_that_nothing_checks_is_found() {
        static ADDRESS: Plugin = table("address", "Addresses.")
            .tables(&[
                OwnedTable::top_level::<Place>("place", "a place"),
                OwnedTable::top_level::<CheckedPlace>("ruled", "a place"),
                OwnedTable::top_level::<Place>("checked", "a place"),
            ])
            .check_entries(&[("checked", |_| {})])
            .declare();
        static HOST: Plugin = target::<Address>("host", &[]).declare();
        static CHECKED: Plugin = target::<Address>("checked", &[]).check(|_| {}).declare();
        assert_eq!(
            Registry::new([&ADDRESS, &HOST, &CHECKED]).faults(),
            [
                "host.host: no rule and no check refuses what breaks its pattern",
                "address.place.at.host: no rule and no check refuses what breaks its pattern",
            ]
        );
    }

    #[test]
    fn a_check_of_entries_names_a_table_of_its_plugin_once() {
        static LOST: Plugin = table("lost", "Lost.")
            .tables(&[grows(TablePlace::App, "grow")])
            .check_entries(&[("grow", |_| {}), ("switch", |_| {}), ("grow", |_| {})])
            .declare();
        assert_eq!(
            Registry::new([&LOST, &SWITCH]).faults(),
            [
                "lost: `.check_entries(…)` names `switch`, which is not a table of it",
                "lost: `.check_entries(…)` names `grow` twice",
            ]
        );
    }

    const SWITCHES: OwnedTable =
        OwnedTable::top_level::<Switch>("switch", "a switch").read_by_processes();
    const TRIES: OwnedTable =
        OwnedTable::top_level::<Growth>("try", "a try").read_by_mode().ordered().verbatim();
    const fn grows(place: TablePlace, name: &'static str) -> OwnedTable {
        OwnedTable::key::<Growth>(place, name, "growth")
    }
    static SWITCH: Plugin = table("switch", "Switches.")
        .tables(&[SWITCHES, TRIES])
        .runtime()
        .mode(Mode { name: "try", help: "Tries.", what: "tries", table: "try", example: "[try.x]" })
        .declare();
    static GROW: Plugin = table("grow", "Growth.")
        .tables(&[
            grows(TablePlace::App, "grow_app"),
            grows(TablePlace::Process, "grow_process"),
            grows(TablePlace::Backend, "grow_backend"),
            grows(TablePlace::Edge, "grow_edge"),
            grows(TablePlace::Server, "grow_server"),
        ])
        .declare();
    static CLUSTER: Plugin =
        target::<Growth>("cluster", &[]).reserves(&[("api", "the cluster's own")]).declare();

    #[test]
    fn the_grammar_has_tables_keys_and_reserved_names() {
        let registry = Registry::new([&SWITCH, &GROW, &CLUSTER]);
        assert_eq!(registry.faults(), Vec::<String>::new());
        let grammar = registry.grammar();
        let switch = &grammar.entry_tables["switch"];
        assert_eq!(switch.what, "a switch");
        assert!(switch.entry.boolean && !switch.verbatim);
        assert_eq!(switch.entry.shorthand.as_deref(), Some("on"));
        assert_eq!(switch.entry.nested["rest"], KeyGrammar::shorthand("after"));
        assert!(grammar.entry_tables["try"].verbatim);
        let places = [
            (&grammar.app_keys, "grow_app"),
            (&grammar.process_keys, "grow_process"),
            (&grammar.backend_keys, "grow_backend"),
            (&grammar.edge, "grow_edge"),
            (&grammar.server, "grow_server"),
        ];
        for (keys, name) in places {
            assert_eq!(keys[name], KeyGrammar::shorthand("max"));
        }
        assert_eq!(grammar.reserved["api"], "the cluster's own");
    }

    #[test]
    fn a_shorthand_takes_true_and_false_wherever_its_table_stands() {
        /// Two switches.
        #[derive(Settings)]
        struct Two {
            /// One that may be absent.
            maybe: Option<Switch>,
            /// One that always exists.
            #[setting(excludes = "maybe")]
            always: Switch,
        }
        static WRAPPED: Plugin = wrapper::<Switch>("wrapped")
            .client(ClientSlot::Cap)
            .server(crate::ServerSlot::Limit)
            .declare();
        static NESTED: Plugin = wrapper::<Two>("nested").client(ClientSlot::Retry).declare();
        let grammar = Registry::new([&WRAPPED, &NESTED]).grammar();
        assert!(grammar.edge["wrapped"].boolean && grammar.server["wrapped"].boolean);
        let nested = &grammar.edge["nested"];
        assert!(!nested.boolean);
        assert!(nested.nested["maybe"].boolean && nested.nested["always"].boolean);
        assert!(!nested.nested["maybe"].nested["rest"].boolean);
        assert_eq!(nested.excluding, [("always".to_owned(), "maybe".to_owned())]);
    }

    #[test]
    fn tables_and_modes_are_found() {
        let registry = Registry::new([&SWITCH, &GROW]);
        let found = registry.owned_table(TablePlace::Edge, "grow_edge");
        assert_eq!(
            found.map(|(plugin, table)| (plugin.id, table.place)),
            Some(("grow", TablePlace::Edge))
        );
        assert!(registry.owned_table(TablePlace::TopLevel, "grow_edge").is_none());
        assert_eq!(registry.tables().count(), 7);
        let modes: Vec<_> = registry.modes().map(|(plugin, mode)| (plugin.id, mode.name)).collect();
        assert_eq!(modes, [("switch", "try")]);
    }

    #[test]
    fn a_table_that_does_not_work_is_found() {
        const NAMES: ListedNames = ListedNames {
            list: |_| Vec::new(),
            unknown: |span, name, _, _| diag::catalog::wiring::bad_toml(span, name),
        };
        static ODD: Plugin = table("odd", "Odd.")
            .tables(&[
                OwnedTable::key::<Switch>(TablePlace::Process, "late", "lateness")
                    .listed(NAMES)
                    .ordered()
                    .verbatim()
                    .read_by_processes(),
                OwnedTable::top_level::<Growth>("Odd", "an odd").read_by_mode(),
                OwnedTable::top_level::<Switch>("unread", "an unread"),
                OwnedTable::key::<Growth>(TablePlace::Server, "unread", "the unread"),
            ])
            .declare();
        static SAME: Plugin = table("same", "The same names.")
            .tables(&[
                OwnedTable::top_level::<Growth>("job", "a job"),
                OwnedTable::top_level::<Growth>("switch", "a switch"),
                OwnedTable::key::<Growth>(TablePlace::App, "name", "a name"),
                OwnedTable::key::<Growth>(TablePlace::Backend, "max", "the most"),
                OwnedTable::key::<Growth>(TablePlace::Edge, "cap", "a cap"),
                OwnedTable::key::<Growth>(TablePlace::Process, "replicas", "copies"),
            ])
            .runtime()
            .mode(Mode { name: "try", help: "", what: "", table: "tries", example: "" })
            .declare();
        static CAP: Plugin = wrapper::<Growth>("cap")
            .client(ClientSlot::Cap)
            .tables(&[OwnedTable::top_level::<Growth>("caps", "a cap").read_by_processes()])
            .declare();
        static CALL: Plugin = table("call", "Calls.")
            .tables(&[OwnedTable::top_level::<Growth>("calls", "a call").read_by_mode()])
            .runtime()
            .mode(Mode { name: "call", help: "", what: "", table: "calls", example: "" })
            .declare();
        static STORE: Plugin = backend::<Growth>("store", &[]).declare();
        let faults = Registry::new([&ODD, &SAME, &SWITCH, &CAP, &CALL, &STORE]).faults();
        assert_eq!(
            faults,
            [
                "cap.caps: only a plugin declared by `table` is given its tables at run time",
                "odd.late: a reader at run time needs a runtime half",
                "odd.late.on: only a top-level table that processes read can have tunable settings",
                "odd.late.rest.after: only a top-level table that processes read can have tunable settings",
                "odd.late: `.listed(…)` is for top-level tables",
                "odd.late: `.ordered()` is for top-level tables",
                "odd.late: `.verbatim()` is for top-level tables",
                "odd.Odd: the name breaks the pattern of names",
                "odd.Odd: a reader at run time needs a runtime half",
                "odd.Odd: `.read_by_mode()` needs a `.mode(…)`",
                "odd.unread.on: only a running process reads references, so it must be `fixed`",
                "odd.unread.rest.after: only a running process reads references, so it must be `fixed`",
                "odd.unread.on: only a top-level table that processes read can have tunable settings",
                "odd.unread.rest.after: only a top-level table that processes read can have tunable settings",
                "odd.unread: `odd` has a table or key of this name",
                "same.job: `bp` has a table or key of this name there",
                "same.name: `bp` has a table or key of this name there",
                "same.max: `store` has a table or key of this name there",
                "same.cap: `cap` has a table or key of this name there",
                "same.replicas: `bp` has a table or key of this name there",
                "switch.switch: `same` has a table or key of this name",
                "call: the mode `call`: the program or `bp run` has a word of this name already",
                "same: the mode `try`: its table `tries` is not declared",
                "switch: the mode `try`: `same` has one of this name",
            ]
        );
    }
}
