//! The tables of the plan, brought to the plugins that own them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures_util::future::BoxFuture;

use super::Registry;
use super::process_state::ProcessState;
use crate::config::TableInstaller;
use crate::config::place::{method_entry, table_label};
use crate::error::StartError;
use crate::panic::catch_panic;
use crate::plan::{TablePlan, TableReader};
use crate::table_plugin::{TableContext, TableEntry, TablePlugin};

/// A plugin by its id, with its entries.
type LinkedPlugin = (String, Arc<dyn TablePlugin>, TableContext);

/// The plugins whose tables the processes read.
pub(crate) struct ProcessTables {
    plugins: Vec<LinkedPlugin>,
    /// The places of the settings of every entry.
    places: BTreeSet<String>,
}

impl ProcessTables {
    /// Collects what concerns this process.
    ///
    /// # Errors
    /// A plugin is not linked; a reference in an entry cannot be resolved.
    pub(super) fn collect(registry: &Registry, state: &ProcessState) -> Result<Self, StartError> {
        let read = |table: &TablePlan| table.reader == TableReader::Process;
        let tables = state.plan.tables.values();
        let ids: BTreeSet<&str> =
            tables.filter(|table| read(table)).map(|table| table.plugin.as_str()).collect();
        let plugins = ids.into_iter().map(|id| {
            let context = collect_tables(state, |table| table.plugin == id && read(table))?;
            Ok((id.to_owned(), registry.table(id)?.clone(), context))
        });
        Ok(Self::new(plugins.collect::<Result<_, StartError>>()?))
    }

    pub(crate) fn new(plugins: Vec<LinkedPlugin>) -> Self {
        let settings = plugins.iter().flat_map(|(_, _, context)| context.all_settings());
        let places = settings.map(|settings| settings.place().to_owned()).collect();
        Self { plugins, places }
    }

    /// The work of each plugin once the process takes calls, by the plugin's id.
    pub(super) fn start_work(
        &self,
    ) -> impl Iterator<Item = (&str, BoxFuture<'static, Result<(), StartError>>)> {
        let plugins = self.plugins.iter();
        plugins.map(|(id, plugin, context)| (id.as_str(), plugin.after_ready(context.clone())))
    }
}

impl TableInstaller for ProcessTables {
    fn install(&self) -> Result<(), StartError> {
        self.plugins.iter().try_for_each(install)
    }

    fn reinstall(&self) {
        for error in self.plugins.iter().filter_map(|plugin| install(plugin).err()) {
            tracing::error!(%error, "a table cannot be put back");
        }
    }

    fn owns(&self, place: &str) -> bool {
        self.places.contains(place)
    }
}

impl std::fmt::Debug for ProcessTables {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.plugins.iter().map(|(id, ..)| id)).finish()
    }
}

/// A panic is a refusal, so that a change can be undone and a start names the plugin.
fn install((id, plugin, context): &LinkedPlugin) -> Result<(), StartError> {
    catch_panic(|| plugin.install(context)).unwrap_or_else(|text| {
        Err(StartError::new(format!("plugin `{id}` panicked over its tables: {text}")))
    })
}

/// The tables that are `wanted`, with the entries that concern this process.
pub(super) fn collect_tables(
    state: &ProcessState,
    wanted: impl Fn(&TablePlan) -> bool,
) -> Result<TableContext, StartError> {
    let mut tables = BTreeMap::new();
    for (name, table) in state.plan.tables.iter().filter(|(_, table)| wanted(table)) {
        // References in the others need not have a meaning here.
        let own = table.entries.iter().filter(|entry| {
            table.place.reaches(&entry.name, &state.process, |instance| state.holds(instance))
        });
        let settings =
            |entry: &str| state.configuration.settings(&table_label(name, table.place, entry));
        let entries = own.map(|entry| {
            let methods = entry
                .methods
                .keys()
                .map(|method| Ok((method.clone(), settings(&method_entry(&entry.name, method))?)));
            Ok(TableEntry {
                name: entry.name.clone(),
                settings: settings(&entry.name)?,
                methods: methods.collect::<Result<_, StartError>>()?,
                off: entry.off.clone(),
            })
        });
        tables.insert(name.clone(), entries.collect::<Result<Vec<_>, StartError>>()?);
    }
    Ok(TableContext::new(tables, state.surroundings.clone()))
}
