//! Tables that plugins own: what the runtime half does with their entries.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::future::Future;
use std::process::ExitCode;

use futures_util::future::BoxFuture;

use crate::console::print_line;
use crate::dynamic_caller::DynamicCaller;
use crate::error::StartError;
use crate::settings::Settings;
use crate::surroundings::Surroundings;

/// The runtime half of a plugin that owns tables or keys of the wiring:
///
/// ```
/// # use std::collections::BTreeMap;
/// # use bp_runtime::*;
/// #[derive(serde::Deserialize)]
/// struct SwitchSettings {
///     on: bool,
/// }
///
/// struct Switches;
///
/// impl TablePlugin for Switches {
///     fn install(&self, cx: &TableContext) -> Result<(), StartError> {
///         for entry in cx.entries("switch") {
///             let switch: SwitchSettings = entry.settings.read()?;
///             knob::set(&entry.name, switch.on);
///         }
///         Ok(())
///     }
/// }
///
/// /// The plugin.
/// pub fn plugin() -> impl TablePlugin {
///     Switches
/// }
/// # let settings = Settings::of("switch.light", serde_json::json!({ "on": false }));
/// # let light = TableEntry::new("light", settings);
/// # let tables = BTreeMap::from([("switch".to_owned(), vec![light])]);
/// # plugin().install(&TableContext::new(tables, Surroundings::default()))?;
/// # assert!(!Knob::new("light").is_on());
/// # Ok::<(), StartError>(())
/// ```
///
/// While the process runs, configuration may change the tunable settings of top-level tables that processes read.
/// A change takes effect where [`TablePlugin::install`] reads the entry again, or where a [`Live`](crate::Live) follows it, also one that [`TablePlugin::after_ready`] made.
/// What only `after_ready` reads, with [`Settings::read`], has its value of the start; the log then says that the change takes effect at the next start.
/// Keys of others' tables do not change while the process runs, nor what a mode reads.
pub trait TablePlugin: Send + Sync {
    /// Puts the entries in force: before any instance of the process is built, and again at every change of the configuration.
    ///
    /// The types that it reads settings as are compared with every change first, so one that does not fit never gets here.
    /// If it refuses a change nevertheless, nothing of the change stays: the entries have the values before it, and every plugin installs its own again.
    /// A panic is a refusal too.
    ///
    /// # Errors
    /// Entries that cannot be in force; at start-up they keep the process from serving.
    fn install(&self, cx: &TableContext) -> Result<(), StartError> {
        let _ = cx;
        Ok(())
    }

    /// Work beside the services' own: it starts when the process takes calls, and is dropped when the process stops.
    ///
    /// # Errors
    /// Whatever must end the process, as a failed background task of a service does.
    fn after_ready(&self, cx: TableContext) -> BoxFuture<'static, Result<(), StartError>> {
        let _ = cx;
        Box::pin(std::future::ready(Ok(())))
    }

    /// What the program does instead of serving when its first argument is the mode's name; `None` when the plugin adds nothing.
    fn mode(&self) -> Option<Mode> {
        None
    }
}

type RunMode = Box<dyn FnOnce(ModeContext) -> BoxFuture<'static, ExitCode> + Send>;

/// A mode of the program: it does something to the running system, from outside, and ends.
pub struct Mode {
    pub(crate) name: &'static str,
    run: RunMode,
}

impl Mode {
    /// A mode by its name, which the compile half declares too: `Mode::new("smoke", async |cx| …)`.
    ///
    /// The exit code should be 0 when everything went well and 1 otherwise; 2 is for wrong arguments.
    pub fn new<F>(name: &'static str, run: impl FnOnce(ModeContext) -> F + Send + 'static) -> Self
    where
        F: Future<Output = ExitCode> + Send + 'static,
    {
        Self { name, run: Box::new(move |cx| Box::pin(run(cx))) }
    }

    pub(crate) fn run(self, cx: ModeContext) -> BoxFuture<'static, ExitCode> {
        (self.run)(cx)
    }
}

impl fmt::Debug for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mode({})", self.name)
    }
}

/// The entries of a plugin's tables that concern a process, and the process's surroundings.
#[derive(Debug, Clone)]
pub struct TableContext {
    tables: BTreeMap<String, Vec<TableEntry>>,
    /// Time, chance, network, files, metrics, names.
    pub surroundings: Surroundings,
}

impl TableContext {
    /// A context of tables by name.
    pub fn new(tables: BTreeMap<String, Vec<TableEntry>>, surroundings: Surroundings) -> Self {
        Self { tables, surroundings }
    }

    /// The entries of a table, by name or in the order written; of a key, one for each place that has it.
    ///
    /// A table of which the wiring says nothing has none.
    pub fn entries(&self, table: &str) -> &[TableEntry] {
        self.tables.get(table).map_or(&[], Vec::as_slice)
    }

    /// The settings of every entry, those of methods included.
    pub(crate) fn all_settings(&self) -> impl Iterator<Item = &Settings> {
        let entries = self.tables.values().flatten();
        entries.flat_map(|entry| std::iter::once(&entry.settings).chain(entry.methods.values()))
    }
}

/// One entry of a table, or one place that has the plugin's key.
#[derive(Debug, Clone)]
pub struct TableEntry {
    /// The entry's name; of a key, the process, the backend, the service, `a->b`, or `app`.
    pub name: String,
    /// Its settings: `entry.settings.read::<SwitchSettings>()?`; on edges and servers, those of every method without settings of its own.
    pub settings: Settings,
    /// On edges and servers, the complete settings of the methods that differ, by method.
    pub methods: BTreeMap<String, Settings>,
    /// The methods that it leaves alone, on edges and servers.
    pub off: BTreeSet<String>,
}

impl TableEntry {
    /// An entry that says nothing of methods.
    pub fn new(name: impl Into<String>, settings: Settings) -> Self {
        Self { name: name.into(), settings, methods: BTreeMap::new(), off: BTreeSet::new() }
    }

    /// The settings of a method, on edges and servers; `None` if the entry leaves it alone.
    pub fn settings_of(&self, method: &str) -> Option<&Settings> {
        let own = || self.methods.get(method).unwrap_or(&self.settings);
        (!self.off.contains(method)).then(own)
    }
}

/// What a mode works with.
#[derive(Debug)]
pub struct ModeContext {
    pub(crate) tables: TableContext,
    pub(crate) outside: Box<dyn DynamicCaller>,
}

impl ModeContext {
    /// The entries of a table that the plugin's mode reads, in the order of the plan.
    ///
    /// A table that processes read has none here: what it refers to need not exist on the machine that calls the system.
    pub fn entries(&self, table: &str) -> &[TableEntry] {
        self.tables.entries(table)
    }

    /// Time, chance, network, files, metrics, names.
    pub fn surroundings(&self) -> &Surroundings {
        &self.tables.surroundings
    }

    /// Calls the running system, where its services listen.
    pub fn outside(&self) -> &dyn DynamicCaller {
        self.outside.as_ref()
    }

    /// Prints a line on standard output. A reader that went away does not make the mode fail.
    pub fn print(&self, line: &str) {
        print_line(line);
    }
}
