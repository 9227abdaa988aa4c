//! The tables of the plan, brought to the plugins that own them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures_util::future::BoxFuture;

use super::Registry;
use super::process_state::ProcessState;
use crate::config::place::table_label;
use crate::error::StartError;
use crate::plan::{TablePlan, TableReader};
use crate::table_plugin::{TableContext, TableEntry, TablePlugin};

/// The plugins whose tables the processes read, each with its entries.
pub(crate) struct ProcessTables {
    plugins: Vec<(String, Arc<dyn TablePlugin>, TableContext)>,
    /// The place of every entry.
    labels: BTreeSet<String>,
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
        let mut plugins: Vec<(String, Arc<dyn TablePlugin>, TableContext)> = Vec::new();
        for id in ids {
            let context = collect_tables(state, |table| table.plugin == id && read(table))?;
            plugins.push((id.to_owned(), registry.table(id)?.clone(), context));
        }
        let entries = plugins.iter().flat_map(|(_, _, context)| context.all_entries());
        let labels = entries.map(|entry| entry.settings.place().to_owned()).collect();
        Ok(Self { plugins, labels })
    }

    /// Puts every entry in force.
    ///
    /// # Errors
    /// That of the first plugin that refuses; those after it are not asked.
    pub(crate) fn install(&self) -> Result<(), StartError> {
        self.plugins.iter().try_for_each(|(_, plugin, context)| plugin.install(context))
    }

    /// Whether the settings at a place are those of an entry, which [`ProcessTables::install`] puts in force again.
    pub(crate) fn installs(&self, label: &str) -> bool {
        self.labels.contains(label)
    }

    /// The work of each plugin once the process takes calls, by the plugin's id.
    pub(super) fn start_work(
        &self,
    ) -> impl Iterator<Item = (&str, BoxFuture<'static, Result<(), StartError>>)> {
        let plugins = self.plugins.iter();
        plugins.map(|(id, plugin, context)| (id.as_str(), plugin.after_ready(context.clone())))
    }
}

impl std::fmt::Debug for ProcessTables {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.plugins.iter().map(|(id, ..)| id)).finish()
    }
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
        let entries = own.map(|entry| {
            let label = table_label(name, table.place, &entry.name);
            let settings = state.configuration.settings(&label)?;
            Ok(TableEntry { name: entry.name.clone(), settings, off: entry.off.clone() })
        });
        tables.insert(name.clone(), entries.collect::<Result<Vec<_>, StartError>>()?);
    }
    Ok(TableContext::new(tables, state.surroundings.clone()))
}
