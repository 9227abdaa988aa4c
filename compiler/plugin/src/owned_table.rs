//! Tables and keys of the wiring that a plugin owns.
//!
//! ```
//! use bp_contract::setting::Settings;
//! use bp_plugin::{OwnedTable, Plugin, table};
//!
//! /// Whether a switch is on.
//! #[derive(Settings)]
//! #[settings(shorthand = "on")]
//! struct Switch {
//!     /// On at first.
//!     #[setting(default = true, tunable)]
//!     on: bool,
//! }
//!
//! const SWITCHES: OwnedTable =
//!     OwnedTable::top_level::<Switch>("switch", "a switch").read_by_processes();
//!
//! /// `[switch.light]`, or `switch.light = false`.
//! pub static PLUGIN: Plugin =
//!     table("switch", "Switches, by name.").tables(&[SWITCHES]).runtime().declare();
//! assert_eq!(PLUGIN.tables[0].doc, "Whether a switch is on.");
//! ```

use std::collections::BTreeMap;

use bp_contract::run_plan::{TablePlace, TableReader};
use bp_contract::setting::{Settings, list_faults};
use bp_diag::{Diagnostic, Span};
use bp_plan::{EntryPlan, TablePlan};
use bp_workflow::WorkflowModel;

use crate::setting_plan::describe_settings;
use crate::{Feature, RuleCheck, Setting};

/// A top-level table, or a key in the tables of others, that a plugin owns.
///
/// What it checks of entries beyond this is a hook of the plugin: `.check_entries(&[("switch", check)])`.
#[derive(Debug, Clone, Copy)]
pub struct OwnedTable {
    /// Its name: no other table or key of any plugin has it, in any place, because plans tell them by their names.
    pub name: &'static str,
    /// Where it stands.
    pub place: TablePlace,
    /// What messages call an entry: "a smoke call"; of a key, what it sets: "autoscaling".
    pub what: &'static str,
    /// One sentence on what an entry says.
    pub doc: &'static str,
    /// The settings of an entry.
    pub settings: &'static [Setting],
    /// The setting that a bare value stands for.
    pub shorthand: Option<&'static str>,
    /// The rules of its settings.
    pub rules: RuleCheck,
    /// Whether there are any.
    pub has_rules: bool,
    /// Which entries there are, if the wiring does not decide it.
    pub listed: Option<ListedNames>,
    /// Whether entries are in the order written, the base file's first; by name otherwise.
    pub ordered: bool,
    /// Whether values are kept as written: `{ env = "X" }` in an entry is a table, not a reference.
    pub verbatim: bool,
    /// Who reads it at run time, if anybody does.
    pub reader: Option<TableReader>,
    /// What a target must be able to express for it.
    pub feature: Option<Feature>,
}

/// Names of entries that the workflow lists.
#[derive(Debug, Clone, Copy)]
pub struct ListedNames {
    /// The names, and where each is declared.
    pub list: fn(&WorkflowModel) -> Vec<(String, Span)>,
    /// Reports a written name that is not listed: its place, the name, a near one, all that are listed.
    pub unknown: fn(Span, &str, Option<&str>, &[String]) -> Diagnostic,
}

impl OwnedTable {
    /// A top-level table with entries by name; `what` is "a smoke call".
    pub const fn top_level<S: Settings>(name: &'static str, what: &'static str) -> Self {
        Self::new::<S>(TablePlace::TopLevel, name, what)
    }

    /// A key in the tables of others; `what` is "autoscaling".
    pub const fn key<S: Settings>(
        place: TablePlace,
        name: &'static str,
        what: &'static str,
    ) -> Self {
        Self::new::<S>(place, name, what)
    }

    const fn new<S: Settings>(place: TablePlace, name: &'static str, what: &'static str) -> Self {
        Self {
            name,
            place,
            what,
            doc: S::DOC,
            settings: S::SETTINGS,
            shorthand: S::SHORTHAND,
            rules: list_faults::<S>,
            has_rules: S::HAS_RULES,
            listed: None,
            ordered: false,
            verbatim: false,
            reader: None,
            feature: None,
        }
    }

    /// The workflow lists the entries; those that the wiring does not name have the defaults.
    pub const fn listed(mut self, names: ListedNames) -> Self {
        self.listed = Some(names);
        self
    }

    /// Keeps entries in the order written.
    pub const fn ordered(mut self) -> Self {
        self.ordered = true;
        self
    }

    /// Keeps values as written: no reference stands for one.
    pub const fn verbatim(mut self) -> Self {
        self.verbatim = true;
        self
    }

    /// Every process reads it, when it starts and when the configuration changes; the plugin's runtime half gets it.
    pub const fn read_by_processes(mut self) -> Self {
        self.reader = Some(TableReader::Process);
        self
    }

    /// Only the program in the plugin's mode reads it.
    pub const fn read_by_mode(mut self) -> Self {
        self.reader = Some(TableReader::Mode);
        self
    }

    /// A target must be able to express this where the wiring writes the key.
    pub const fn feature(mut self, feature: Feature) -> Self {
        self.feature = Some(feature);
        self
    }

    /// The table as the plan holds it.
    pub fn plan(&self, plugin: &str, entries: Vec<EntryPlan>) -> TablePlan {
        let mut settings = BTreeMap::new();
        describe_settings("", self.settings, &mut settings);
        TablePlan {
            plugin: plugin.to_owned(),
            place: self.place,
            reader: self.reader,
            shorthand: self.shorthand.map(str::to_owned),
            verbatim: self.verbatim,
            settings,
            entries,
        }
    }
}

/// A mode of the program: instead of serving, it does something to the running system and ends.
///
/// The program runs it when its first argument is the mode's name; `bp run --<name>` runs it once, over fresh data, when the system is ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mode {
    /// Its name: `smoke`.
    pub name: &'static str,
    /// What it does, for `bp run --help`.
    pub help: &'static str,
    /// What it runs, for messages: "smoke calls".
    pub what: &'static str,
    /// The top-level table that says what to do; without an entry there is nothing to run.
    pub table: &'static str,
    /// What to write if the table has no entry.
    pub example: &'static str,
}
