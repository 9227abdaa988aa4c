//! Configuration without a rebuild: `BP_SET` over the file named by `BP_CONFIG` over the compiled plan.
//!
//! Everything is checked against the whole plan, whichever part of it this process hosts.
//! The file is watched; an edit that is wrong changes nothing and is logged.

mod effective;
mod leaves;
mod overlay;
pub(crate) mod place;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use bp_contract::transport::MessageSettings;
use bp_contract::variable;
use serde_json::Value;

pub(crate) use effective::Effective;
use effective::list_owned_tables;
use overlay::Source;
pub(crate) use place::Interfaces;

use crate::app::ProcessTables;
use crate::environment::Environment;
use crate::error::StartError;
use crate::limit::MessageLimit;
use crate::panic::catch_panic;
use crate::plan::{self, RunPlan};
use crate::settings::{Commit, Settings};
use crate::sync::lock;

/// How often the file is looked at.
const PERIOD: Duration = Duration::from_secs(1);

/// The configuration of a running process.
#[derive(Debug)]
pub(crate) struct Configuration {
    plan: Arc<RunPlan>,
    interfaces: Interfaces,
    environment: Environment,
    state: Mutex<State>,
    /// What plugins do with their tables, at the start and after every change.
    tables: OnceLock<Arc<ProcessTables>>,
}

#[derive(Debug)]
struct State {
    /// The text of the file when it was last read, whether it was right or wrong.
    seen: Option<String>,
    effective: Effective,
    /// The places of this process, by label.
    used: BTreeMap<String, Settings>,
}

impl Configuration {
    /// Reads and checks everything.
    ///
    /// # Errors
    /// What is wrong, and what is known instead.
    pub(crate) fn load(
        plan: Arc<RunPlan>,
        interfaces: Interfaces,
        environment: Environment,
    ) -> Result<Self, StartError> {
        let seen = read_file(&environment)?;
        let effective = compute(&plan, &interfaces, &environment, seen.as_deref())?;
        let state = Mutex::new(State { seen, effective, used: BTreeMap::new() });
        Ok(Self { plan, interfaces, environment, state, tables: OnceLock::new() })
    }

    /// The settings of a place that this process uses.
    ///
    /// # Errors
    /// A reference in them cannot be resolved.
    pub(crate) fn settings(&self, label: &str) -> Result<Settings, StartError> {
        let mut state = lock(&self.state);
        if let Some(settings) = state.used.get(label) {
            return Ok(settings.clone());
        }
        let rows = self.resolve(label, &state.effective)?;
        let settings = Settings::new(label, rows);
        state.used.insert(label.to_owned(), settings.clone());
        Ok(settings)
    }

    /// The settings of a transport, and the limit that all transports read from them.
    ///
    /// # Errors
    /// As [`Configuration::settings`]; a limit that is not a size or out of bounds.
    pub(crate) fn transport(&self, label: &str) -> Result<(Settings, MessageLimit), StartError> {
        let settings = self.settings(label)?;
        let limit: MessageSettings = settings.read()?;
        Ok((settings, limit.into()))
    }

    /// A service's literal parameter.
    ///
    /// # Errors
    /// The plan has none of that name; a reference cannot be resolved.
    pub(crate) fn parameter(&self, instance: &str, name: &str) -> Result<Value, StartError> {
        let state = lock(&self.state);
        let value = state
            .effective
            .parameters
            .get(&(instance.to_owned(), name.to_owned()))
            .ok_or_else(|| StartError::new(format!("`{instance}` has no value `{name}`")))?;
        self.environment.resolve(value).map_err(|error| error.at(parameter_place(instance, name)))
    }

    /// Puts what the tables of plugins say in force, now and after every change.
    ///
    /// # Errors
    /// A plugin refuses.
    pub(crate) fn install(&self, tables: Arc<ProcessTables>) -> Result<(), StartError> {
        tables.install()?;
        // A process starts once.
        let _ = self.tables.set(tables);
        Ok(())
    }

    /// Looks at the file again. True when something changed.
    ///
    /// # Errors
    /// The new text is wrong, and what was in force stays so.
    pub(crate) fn reload(&self) -> Result<bool, StartError> {
        let Some(later) = self.apply_file()? else { return Ok(false) };
        for place in later {
            tracing::warn!(%place, "takes effect at the next start");
        }
        Ok(true)
    }

    /// Puts the file in force if it has changed, and returns the places that nothing follows while the process runs.
    fn apply_file(&self) -> Result<Option<Vec<String>>, StartError> {
        let text = read_file(&self.environment)?;
        let mut state = lock(&self.state);
        if text == state.seen {
            return Ok(None);
        }
        state.seen.clone_from(&text);
        let new = compute(&self.plan, &self.interfaces, &self.environment, text.as_deref())?;
        let mut changes = Vec::new();
        for (label, settings) in &state.used {
            if state.effective.rows.get(label) != new.rows.get(label) {
                changes.push(Change::new(settings, self.resolve(label, &new)?)?);
            }
        }
        let tables = self.tables.get();
        let is_entry = |change: &Change| tables.is_some_and(|t| t.owns(change.settings.place()));
        let (entries, others): (Vec<_>, Vec<_>) = changes.into_iter().partition(is_entry);
        // All values fit their types; only the plugins of tables can still refuse.
        // So what they own is put in force first, and if one refuses, that alone is put back.
        let entries: Vec<_> = entries.into_iter().map(Change::commit).collect();
        if let Some(tables) = tables
            && let Err(error) = tables.install()
        {
            entries.into_iter().for_each(Committed::undo);
            tables.reinstall();
            return Err(error);
        }
        // Whatever does not follow an entry by itself may have read it in `install` just now.
        let entries = entries.iter().filter(|entry| !entry.is_live() && !entry.is_read_again());
        let mut later: Vec<String> = entries.map(Committed::place).collect();
        for other in others {
            let other = other.commit();
            if !other.is_live() {
                later.push(other.place());
            }
        }
        for (parameter, value) in &new.parameters {
            if state.effective.parameters.get(parameter) != Some(value) {
                later.push(parameter_place(&parameter.0, &parameter.1));
            }
        }
        state.effective = new;
        Ok(Some(later))
    }

    /// Looks at the file every second until dropped.
    pub(crate) async fn watch(self: Arc<Self>) {
        let mut unreadable = false;
        loop {
            tokio::time::sleep(PERIOD).await;
            match self.reload() {
                Ok(true) => tracing::info!("the new configuration is in force"),
                // A file that stays unreadable is reported once.
                Err(error) if !unreadable => {
                    tracing::error!(%error, "the configuration stays unchanged");
                }
                Ok(false) | Err(_) => {}
            }
            unreadable = read_file(&self.environment).is_err();
        }
    }

    /// The values of a place, with what its references stand for.
    fn resolve(&self, label: &str, effective: &Effective) -> Result<Vec<Value>, StartError> {
        let rows = effective.rows.get(label).map_or(&[][..], Vec::as_slice);
        if effective.verbatim.contains(label) {
            return Ok(rows.to_vec());
        }
        let resolve = |row| self.environment.resolve(row).map_err(|error| error.at(label));
        rows.iter().map(resolve).collect()
    }
}

/// New values of a place, which fit every type that they were read as.
struct Change {
    settings: Settings,
    commits: Vec<Commit>,
}

impl Change {
    fn new(settings: &Settings, rows: Vec<Value>) -> Result<Self, StartError> {
        // Types of plugins read them, and a panic of theirs must not end the watch on the file.
        let prepared = catch_panic(|| settings.prepare(rows)).unwrap_or_else(|text| {
            Err(format!("{}: the plugin panicked: {text}", settings.place()))
        });
        Ok(Self { settings: settings.clone(), commits: prepared.map_err(StartError::new)? })
    }

    fn commit(self) -> Committed {
        let committed = Committed {
            before: self.settings.rows(),
            reads: self.settings.count_reads(),
            settings: self.settings,
        };
        self.commits.into_iter().for_each(|commit| commit());
        committed
    }
}

/// A place with new values in force.
struct Committed {
    settings: Settings,
    before: Vec<Value>,
    /// How often the settings had been read before.
    reads: u64,
}

impl Committed {
    fn place(&self) -> String {
        self.settings.place().to_owned()
    }

    fn is_live(&self) -> bool {
        self.settings.is_live()
    }

    fn is_read_again(&self) -> bool {
        self.settings.count_reads() > self.reads
    }

    fn undo(self) {
        match Change::new(&self.settings, self.before) {
            Ok(change) => drop(change.commit()),
            Err(error) => tracing::error!(%error, "a setting cannot be put back"),
        }
    }
}

/// Where the wiring says a service's literal parameter.
fn parameter_place(instance: &str, name: &str) -> String {
    format!("service \"{instance}\", {name}")
}

fn read_file(environment: &Environment) -> Result<Option<String>, StartError> {
    let Some(path) = environment.get(variable::CONFIG) else { return Ok(None) };
    std::fs::read_to_string(path)
        .map(Some)
        .map_err(|error| StartError::because(format!("BP_CONFIG: {path}"), &error))
}

fn compute(
    plan: &RunPlan,
    interfaces: &Interfaces,
    environment: &Environment,
    file: Option<&str>,
) -> Result<Effective, StartError> {
    let owned = list_owned_tables(plan);
    let mut entries = Vec::new();
    if let Some(text) = file {
        entries.extend(overlay::parse(text, Source::Config, &owned)?);
    }
    if let Some(text) = environment.get(variable::SET) {
        entries.extend(overlay::parse(text, Source::Set, &owned)?);
    }
    Effective::compute(plan, interfaces, &entries)
}

/// Reads a run plan and a configuration over it, and keeps neither: the entry point for fuzz tests that damage both.
///
/// # Errors
/// As at start-up.
pub fn read_plan(plan: &str, config: Option<&str>, set: &str) -> Result<(), StartError> {
    let plan = plan::read(plan)?;
    let environment = Environment::default().with(variable::SET, set);
    compute(&plan, &Interfaces::new(), &environment, config).map(|_| ())
}

#[cfg(test)]
mod tests;
