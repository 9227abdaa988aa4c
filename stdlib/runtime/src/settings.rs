//! A plugin's settings at one place of the wiring, typed, by method, and replaced while the process runs.

use std::any::TypeId;
use std::fmt;
use std::sync::{Arc, Mutex};

use arc_swap::{ArcSwap, Guard};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::error::StartError;
use crate::method::Method;

/// The settings of one plugin at one place: an edge, a listener, a backend.
#[derive(Clone)]
pub struct Settings {
    place: Arc<SettingsPlace>,
}

struct SettingsPlace {
    /// For messages: `edge "frontend->cart": timeout`.
    name: String,
    state: Mutex<State>,
}

struct State {
    /// By method index; a single row where there are no methods.
    rows: Vec<Value>,
    subscribers: Vec<Box<dyn Subscriber>>,
    /// The types that were read once, whose rules new rows must not break.
    read: Vec<ReadType>,
    /// How often they were read, as any type.
    reads: u64,
}

/// A type that settings were read as.
struct ReadType {
    id: TypeId,
    check: fn(&[Value]) -> Result<(), String>,
}

/// Puts values in force that were read and fit.
type Commit = Box<dyn FnOnce() + Send>;

/// What new rows took the place of.
#[derive(Debug)]
pub(crate) struct Replaced {
    /// The rows before.
    pub(crate) rows: Vec<Value>,
    /// How often the settings had been read before.
    pub(crate) reads: u64,
}

trait Subscriber: Send {
    /// Reads new rows; the closure then puts them in force.
    fn read(&self, rows: &[Value]) -> Result<Commit, String>;
    /// Whether some [`Live`] still uses them.
    fn is_followed(&self) -> bool;
}

impl Settings {
    /// Settings with one row a method; [`Settings::of`] is for places without methods.
    pub fn new(place: impl Into<String>, rows: Vec<Value>) -> Self {
        let state = Mutex::new(State { rows, subscribers: Vec::new(), read: Vec::new(), reads: 0 });
        Self { place: Arc::new(SettingsPlace { name: place.into(), state }) }
    }

    /// The same settings for everything.
    pub fn of(place: impl Into<String>, value: Value) -> Self {
        Self::new(place, vec![value])
    }

    /// Where these settings apply, for messages.
    pub fn place(&self) -> &str {
        &self.place.name
    }

    /// The settings now, for what cannot change while the process runs; a change that does not fit `T` is refused even so.
    ///
    /// # Errors
    /// They do not fit `T`.
    pub fn read<T: DeserializeOwned + 'static>(&self) -> Result<T, StartError> {
        let mut state = crate::sync::lock(&self.place.state);
        let read = parse_first::<T>(&state.rows)
            .map_err(|error| StartError::new(error).at(&self.place.name))?;
        let id = TypeId::of::<T>();
        if state.read.iter().all(|known| known.id != id) {
            let check = |rows: &[Value]| parse_first::<T>(rows).map(drop);
            state.read.push(ReadType { id, check });
        }
        state.reads += 1;
        Ok(read)
    }

    /// The settings from now on, by method.
    ///
    /// # Errors
    /// They do not fit `T`.
    pub fn live<T: DeserializeOwned + Send + Sync + 'static>(&self) -> Result<Live<T>, StartError> {
        let mut state = crate::sync::lock(&self.place.state);
        let rows =
            parse::<T>(&state.rows).map_err(|error| StartError::new(error).at(&self.place.name))?;
        let table: Arc<[ArcSwap<T>]> = rows.into_iter().map(ArcSwap::new).collect();
        // Endpoints come and go, and with them the wrappers that followed these settings.
        state.subscribers.retain(|subscriber| subscriber.is_followed());
        state.subscribers.push(Box::new(MethodTable(table.clone())));
        state.reads += 1;
        Ok(Live { table })
    }

    /// How often they were read so far.
    pub(crate) fn count_reads(&self) -> u64 {
        crate::sync::lock(&self.place.state).reads
    }

    /// Whether a [`Live`] follows these settings now.
    pub(crate) fn is_followed(&self) -> bool {
        let state = crate::sync::lock(&self.place.state);
        state.subscribers.iter().any(|subscriber| subscriber.is_followed())
    }

    /// Whether a [`Live`] ever followed these settings, dropped by now or not.
    pub(crate) fn was_followed(&self) -> bool {
        // Those that ended are removed only when another comes.
        !crate::sync::lock(&self.place.state).subscribers.is_empty()
    }

    /// Whether new rows fit every [`Live`], and every type that was read once; nothing changes.
    ///
    /// # Errors
    /// They do not fit; the text begins with the place.
    pub(crate) fn check(&self, rows: &[Value]) -> Result<(), String> {
        self.read_rows(&crate::sync::lock(&self.place.state), rows).map(drop)
    }

    /// Puts new rows in force in every [`Live`] that there is now, and for whoever reads the settings after this.
    ///
    /// A [`Live`] is made before this or after it, so each one follows the change.
    ///
    /// # Errors
    /// As [`Settings::check`]; nothing changes then.
    pub(crate) fn replace(&self, rows: Vec<Value>) -> Result<Replaced, String> {
        let mut state = crate::sync::lock(&self.place.state);
        for commit in self.read_rows(&state, &rows)? {
            commit();
        }
        Ok(Replaced { rows: std::mem::replace(&mut state.rows, rows), reads: state.reads })
    }

    fn read_rows(&self, state: &State, rows: &[Value]) -> Result<Vec<Commit>, String> {
        let at = |error| format!("{}: {error}", self.place.name);
        let subscribers = state.subscribers.iter();
        let commits = subscribers
            .map(|subscriber| subscriber.read(rows).map_err(at))
            .collect::<Result<Vec<_>, _>>()?;
        state.read.iter().try_for_each(|read| (read.check)(rows).map_err(at))?;
        Ok(commits)
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Settings({})", self.place.name)
    }
}

/// The only row of a place without methods.
fn parse_first<T: DeserializeOwned>(rows: &[Value]) -> Result<T, String> {
    T::deserialize(rows.first().unwrap_or(&Value::Null)).map_err(|error| error.to_string())
}

/// Equal rows share one value, which is what most edges have.
fn parse<T: DeserializeOwned>(rows: &[Value]) -> Result<Vec<Arc<T>>, String> {
    let mut parsed: Vec<Arc<T>> = Vec::with_capacity(rows.len().max(1));
    for (index, row) in rows.iter().enumerate() {
        let same = index.checked_sub(1).filter(|before| rows.get(*before) == Some(row));
        let value = match same.and_then(|before| parsed.get(before)) {
            Some(same) => same.clone(),
            None => Arc::new(T::deserialize(row).map_err(|error| error.to_string())?),
        };
        parsed.push(value);
    }
    if parsed.is_empty() {
        parsed.push(Arc::new(T::deserialize(&Value::Null).map_err(|error| error.to_string())?));
    }
    Ok(parsed)
}

struct MethodTable<T>(Arc<[ArcSwap<T>]>);

impl<T: DeserializeOwned + Send + Sync + 'static> Subscriber for MethodTable<T> {
    fn read(&self, rows: &[Value]) -> Result<Commit, String> {
        let new = parse::<T>(rows)?;
        let table = self.0.clone();
        Ok(Box::new(move || {
            for (slot, value) in table.iter().zip(new) {
                slot.store(value);
            }
        }))
    }

    fn is_followed(&self) -> bool {
        Arc::strong_count(&self.0) > 1
    }
}

/// Settings that follow the configuration: read them at every call, and do not keep them.
pub struct Live<T> {
    table: Arc<[ArcSwap<T>]>,
}

impl<T> Live<T> {
    /// The settings of a method now: `let settings = self.settings.of(call.method);`.
    pub fn of(&self, method: &Method) -> Guard<Arc<T>> {
        // The table has a row a method, or a single one.
        let index = usize::from(method.index).min(self.table.len().saturating_sub(1));
        self.at(index)
    }

    /// The settings of a place without methods.
    pub fn get(&self) -> Guard<Arc<T>> {
        self.at(0)
    }

    #[expect(clippy::indexing_slicing, reason = "parse gives at least one row, callers clamp")]
    fn at(&self, index: usize) -> Guard<Arc<T>> {
        self.table[index].load()
    }
}

impl<T> Clone for Live<T> {
    fn clone(&self) -> Self {
        Self { table: self.table.clone() }
    }
}

impl<T: fmt::Debug> fmt::Debug for Live<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.table.iter().map(ArcSwap::load_full)).finish()
    }
}
