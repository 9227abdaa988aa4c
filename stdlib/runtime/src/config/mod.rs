//! Configuration without a rebuild: `BP_SET` over the file named by `BP_CONFIG` over the compiled plan.
//!
//! Everything is checked against the whole plan, whichever part of it this process hosts.
//! The file is watched; an edit that is wrong changes nothing and is logged.

mod effective;
mod leaves;
mod overlay;
pub(crate) mod place;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use bp_contract::transport::MessageSettings;
use bp_contract::variable;
use serde_json::Value;

pub(crate) use effective::Effective;
use effective::list_owned_tables;
use overlay::Source;
pub(crate) use place::Interfaces;

use crate::environment::Environment;
use crate::error::StartError;
use crate::limit::MessageLimit;
use crate::panic::catch_panic;
use crate::plan::{self, RunPlan};
use crate::settings::{Replaced, Settings};
use crate::surroundings::Files;
use crate::sync::lock;

/// How often the file is looked at.
const PERIOD: Duration = Duration::from_secs(1);

/// Brings the entries of tables to the plugins that own them.
pub(crate) trait TableInstaller: fmt::Debug + Send + Sync {
    /// Puts every entry in force.
    ///
    /// # Errors
    /// Of the first plugin that refuses or panics; those after it are not asked.
    fn install(&self) -> Result<(), StartError>;

    /// Puts every entry in force again, because a plugin refused a change: every plugin is asked, whatever others say.
    fn reinstall(&self);

    /// Whether the settings at a place are those of an entry.
    fn owns(&self, place: &str) -> bool;
}

/// The configuration of a running process.
#[derive(Debug)]
pub(crate) struct Configuration {
    plan: Arc<RunPlan>,
    interfaces: Interfaces,
    environment: Environment,
    files: Arc<dyn Files>,
    state: Mutex<State>,
    /// What plugins do with their tables, at the start and after every change.
    tables: OnceLock<Arc<dyn TableInstaller>>,
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
        files: Arc<dyn Files>,
    ) -> Result<Self, StartError> {
        let seen = read_file(&environment, &*files)?;
        let effective = compute(&plan, &interfaces, &environment, seen.as_deref())?;
        let state = Mutex::new(State { seen, effective, used: BTreeMap::new() });
        Ok(Self { plan, interfaces, environment, files, state, tables: OnceLock::new() })
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
        let resolved = self.environment.resolve(value, &*self.files);
        resolved.map_err(|error| error.at(parameter_place(instance, name)))
    }

    /// Puts what the tables of plugins say in force, now and after every change.
    ///
    /// # Errors
    /// A plugin refuses.
    pub(crate) fn install(&self, tables: Arc<dyn TableInstaller>) -> Result<(), StartError> {
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
        let text = read_file(&self.environment, &*self.files)?;
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
        let (entries, others) = put_in_force(entries, others, tables.map(Arc::as_ref))?;
        // An entry's follower ends with the plugin's work and is not made again, so one that ended follows nothing.
        // But whatever does not follow an entry by itself may have read it in `install` just now.
        let entries = entries.iter().filter(|e| !e.settings.is_followed() && !e.is_read_again());
        // Wrappers come and go with endpoints: between two of them nothing follows a place, and the next one reads the new values.
        let others = others.iter().filter(|other| !other.settings.was_followed());
        let mut later: Vec<String> = entries.chain(others).map(Committed::place).collect();
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
            unreadable = read_file(&self.environment, &*self.files).is_err();
        }
    }

    /// The values of a place, with what its references stand for.
    fn resolve(&self, label: &str, effective: &Effective) -> Result<Vec<Value>, StartError> {
        let rows = effective.rows.get(label).map_or(&[][..], Vec::as_slice);
        if effective.verbatim.contains(label) {
            return Ok(rows.to_vec());
        }
        let resolve = |row| {
            let resolved = self.environment.resolve(row, &*self.files);
            resolved.map_err(|error| error.at(label))
        };
        rows.iter().map(resolve).collect()
    }
}

/// Puts changes in force, first those of the entries of tables, which the plugins of these tables then install.
///
/// # Errors
/// A plugin refuses, or what a plugin made in `install` does not fit a change; everything is as before then.
fn put_in_force(
    entries: Vec<Change>,
    others: Vec<Change>,
    tables: Option<&dyn TableInstaller>,
) -> Result<(Vec<Committed>, Vec<Committed>), StartError> {
    let entries = commit_all(entries)?;
    let installed = tables.map_or(Ok(()), TableInstaller::install);
    match installed.and_then(|()| commit_all(others)) {
        Ok(others) => Ok((entries, others)),
        Err(error) => {
            entries.into_iter().for_each(Committed::undo);
            if let Some(tables) = tables {
                tables.reinstall();
            }
            Err(error)
        }
    }
}

/// Puts all changes in force, or none.
///
/// All fitted when they were checked, but since then plugins may have begun to read a place as another type.
fn commit_all(changes: Vec<Change>) -> Result<Vec<Committed>, StartError> {
    let mut committed = Vec::with_capacity(changes.len());
    for change in changes {
        match change.commit() {
            Ok(change) => committed.push(change),
            Err(error) => {
                committed.into_iter().for_each(Committed::undo);
                return Err(error);
            }
        }
    }
    Ok(committed)
}

/// New values of a place, which fit every type that they were read as.
struct Change {
    settings: Settings,
    rows: Vec<Value>,
}

impl Change {
    fn new(settings: &Settings, rows: Vec<Value>) -> Result<Self, StartError> {
        read_in_plugin(settings, || settings.check(&rows))?;
        Ok(Self { settings: settings.clone(), rows })
    }

    fn commit(self) -> Result<Committed, StartError> {
        let Self { settings, rows } = self;
        let before = read_in_plugin(&settings, || settings.replace(rows))?;
        Ok(Committed { settings, before })
    }
}

/// Types of plugins read values, and a panic of theirs must not end the watch on the file.
fn read_in_plugin<T>(
    settings: &Settings,
    read: impl FnOnce() -> Result<T, String>,
) -> Result<T, StartError> {
    let read = catch_panic(read)
        .unwrap_or_else(|text| Err(format!("{}: the plugin panicked: {text}", settings.place())));
    read.map_err(StartError::new)
}

/// A place with new values in force.
struct Committed {
    settings: Settings,
    before: Replaced,
}

impl Committed {
    fn place(&self) -> String {
        self.settings.place().to_owned()
    }

    fn is_read_again(&self) -> bool {
        self.settings.count_reads() > self.before.reads
    }

    fn undo(self) {
        let before = Change { settings: self.settings, rows: self.before.rows };
        if let Err(error) = before.commit() {
            tracing::error!(%error, "a setting cannot be put back");
        }
    }
}

/// Where the wiring says a service's literal parameter.
fn parameter_place(instance: &str, name: &str) -> String {
    format!("service \"{instance}\", {name}")
}

fn read_file(environment: &Environment, files: &dyn Files) -> Result<Option<String>, StartError> {
    let Some(path) = environment.get(variable::CONFIG) else { return Ok(None) };
    files
        .read(path.as_ref())
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
