//! `bp run --watch`: on every save, builds again what changed, and restarts what it affects.
//!
//! Every wiring fact is in the run plan, which a process reads when it starts.
//! So a change of the wiring affects the processes whose slice of the plan differs, and a change of the workflow affects all, because they share one program.
//! A save that changes neither the program nor a slice, such as of a comment or of a table that no process reads, restarts nothing.
//! While anything is wrong, the system keeps running as it was.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use bp_contract::run_plan::{TablePlace, TableReader};
use bp_diag::catalog;
use bp_system::System;
use camino::{Utf8Path, Utf8PathBuf};
use notify::{RecursiveMode, Watcher as _};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::Context;
use super::prepared::{DataFolder, Prepared, RunRequest, prepare, supervise};
use crate::cli::Run;
use crate::code_build::CargoTarget;
use crate::signals;
use crate::supervise::{Answer, Request, ask, run_folder};

/// Editors write a file in several steps, and a branch's checkout writes many files.
const QUIET: Duration = Duration::from_millis(150);
/// How often to check whether the run has ended.
const TICK: Duration = Duration::from_millis(100);

pub(crate) fn run(context: &Context<'_>, arguments: &Run) -> Option<()> {
    let mut saves = watch_saves(context, arguments)?;
    let mut data = if arguments.fresh { DataFolder::Fresh } else { DataFolder::Kept };
    loop {
        let Some(prepared) = build_program(context, arguments) else {
            if signals::is_cut_short() {
                return None;
            }
            context.output.say("waiting for a change");
            while saves.wait().is_empty() {}
            continue;
        };
        let ended = AtomicBool::new(false);
        let again = AtomicBool::new(false);
        supervise(context, &prepared, data, |supervisor, prepared| {
            context.output.say("ready; Ctrl-C stops; watching wiring and workflow");
            thread::scope(|scope| {
                scope.spawn(|| {
                    let whole = build_on_saves(context, arguments, prepared, &mut saves, &ended);
                    again.store(whole, Ordering::Relaxed);
                    if whole {
                        // The supervisor then stops everything in order, as it does after Ctrl-C.
                        let _ = signal_hook::low_level::raise(signal_hook::consts::SIGTERM);
                    }
                });
                let end = supervisor.run();
                ended.store(true, Ordering::Relaxed);
                end
            })
        })?;
        if !again.load(Ordering::Relaxed) {
            return Some(());
        }
        data = DataFolder::Kept;
    }
}

fn build_program(context: &Context<'_>, arguments: &Run) -> Option<Prepared> {
    prepare(
        context,
        &RunRequest {
            wiring: arguments.wiring.as_deref(),
            release: arguments.release,
            what: &[CargoTarget::Binary],
            mode: None,
        },
    )
}

/// Builds after every save until the run ends; returns whether the whole system has to start again.
fn build_on_saves(
    context: &Context<'_>,
    arguments: &Run,
    prepared: &Prepared,
    saves: &mut SaveWatcher,
    ended: &AtomicBool,
) -> bool {
    let mut now = RunInputs::of(context.system, prepared);
    while !ended.load(Ordering::Relaxed) {
        let saved = saves.wait();
        if saved.is_empty() {
            continue;
        }
        context.output.say(&format!("saved: {}", saved.join(", ")));
        let Some(fresh) = build_program(context, arguments) else {
            // The supervisor saw the signal too, and stops the system in order.
            if signals::is_cut_short() {
                signals::mark_answered();
                return false;
            }
            context.output.say("the system keeps running as it was");
            continue;
        };
        let parts = RunInputs::of(context.system, &fresh);
        match now.compare(&parts) {
            Change::Nothing => context.output.say("nothing that is running has changed"),
            Change::Processes(names) => {
                context.output.say(&format!("changed: {}", names.join(", ")));
                // The supervisor starts the program and the plan that it began with.
                let same = now.program == parts.program && prepared.plan == fresh.plan;
                if !same || !names.iter().all(|name| restart_process(context, prepared, name)) {
                    context.output.say("restarting the system");
                    return true;
                }
                now = parts;
            }
            Change::Everything => {
                context.output.say("processes or listeners have changed: restarting the system");
                return true;
            }
        }
    }
    false
}

/// Asks the run to restart a process, copy by copy; returns whether it did.
fn restart_process(context: &Context<'_>, prepared: &Prepared, process: &str) -> bool {
    let here = context.system.current_directory().unwrap_or_default();
    let application = &prepared.application;
    let folder = run_folder(here.join(&application.root).as_std_path(), &application.name);
    let request = Request::Restart(process.to_owned());
    match ask(&folder, &request, |text| context.output.say(text)) {
        Ok(Answer::Done | Answer::Say(_)) => true,
        Ok(Answer::Failed(why)) => {
            context.output.print_fault(catalog::target::restart_failed(process, &why));
            false
        }
        Ok(Answer::Unknown(_)) | Err(_) => false,
    }
}

/// What the running processes depend on.
#[derive(Debug, Clone, PartialEq)]
struct RunInputs {
    /// The program's hash.
    program: Option<String>,
    /// What the supervisor starts.
    manifest: Value,
    /// The part of the plan that concerns each process.
    slices: BTreeMap<String, Value>,
}

#[derive(Debug, PartialEq, Eq)]
enum Change {
    Nothing,
    Processes(Vec<String>),
    Everything,
}

impl RunInputs {
    fn of(system: &dyn System, prepared: &Prepared) -> Self {
        let read = |path: &str| system.read(Utf8Path::new(path)).ok();
        let json = |path: &str| {
            read(path).and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
        };
        let program = read(&prepared.binary).map(|b| blake3::hash(&b).to_hex().to_string());
        Self {
            program,
            manifest: json(prepared.manifest_path.as_str()),
            slices: slice_plan(&json(&prepared.plan)),
        }
    }

    fn compare(&self, new: &Self) -> Change {
        if self.manifest != new.manifest || self.slices.keys().ne(new.slices.keys()) {
            return Change::Everything;
        }
        let whole = self.program != new.program;
        let changed =
            new.slices.iter().filter(|(name, s)| whole || self.slices.get(*name) != Some(*s));
        let names: Vec<String> = changed.map(|(name, _)| name.clone()).collect();
        if names.is_empty() { Change::Nothing } else { Change::Processes(names) }
    }
}

/// The part of a run plan that concerns each process: its own entry, its instances, the calls that they make, the outside world's calls to them, its listeners, and what the tables that processes read say of these.
///
/// What belongs to no process (plugins, wire numbers) concerns all; a table that only a mode reads concerns none.
fn slice_plan(plan: &Value) -> BTreeMap<String, Value> {
    let entries = |key: &str| plan.get(key).and_then(Value::as_object).into_iter().flatten();
    let shared = ["version", "runtime", "plugins", "wire"];
    let shared: Vec<Option<&Value>> = shared.iter().map(|key| plan.get(*key)).collect();
    let mut slices = BTreeMap::new();
    for (name, process) in entries("processes") {
        let own = process.get("instances").and_then(Value::as_array).into_iter().flatten();
        let own: Vec<&str> = own.filter_map(Value::as_str).collect();
        let is_own = |value: Option<&Value>| {
            value.and_then(Value::as_str).is_some_and(|instance| own.contains(&instance))
        };
        let instances: Vec<_> =
            entries("instances").filter(|(n, _)| own.contains(&n.as_str())).collect();
        let edges: Vec<_> = entries("edges")
            .map(|(name, edge)| (name, unfold_stacks(edge, plan)))
            .filter(|(_, edge)| {
                let published = edge.get("caller").and_then(Value::as_str) == Some("client");
                is_own(edge.get("caller")) || (published && is_own(edge.get("callee")))
            })
            .collect();
        let listeners: Vec<_> = entries("listeners")
            .map(|(name, listener)| (name, unfold_stacks(listener, plan)))
            .filter(|(_, l)| l.get("process").and_then(Value::as_str) == Some(name))
            .collect();
        let tables: Vec<_> = entries("tables")
            .map(|(table, of)| (table, keep_own_entries(of, name, &own)))
            .filter(|(_, entries)| !entries.is_empty())
            .collect();
        let slice = serde_json::json!([process, shared, tables, instances, edges, listeners]);
        slices.insert(name.clone(), slice);
    }
    slices
}

/// The entries of a table of the run plan that a process with these instances reads.
fn keep_own_entries<'a>(table: &'a Value, process: &str, instances: &[&str]) -> Vec<&'a Value> {
    let reader = read_field(table, "reader");
    let Some(place) = read_field::<TablePlace>(table, "place") else { return Vec::new() };
    let entries = table.get("entries").and_then(Value::as_array).into_iter().flatten();
    let own = |entry: &&Value| {
        let name = entry.get("name").and_then(Value::as_str).unwrap_or_default();
        place.reaches(name, process, |instance| instances.contains(&instance))
    };
    entries.filter(|_| reader == Some(TableReader::Process)).filter(own).collect()
}

fn read_field<T: DeserializeOwned>(of: &Value, field: &str) -> Option<T> {
    T::deserialize(of.get(field)?).ok()
}

/// An entry of the plan in which the names of wrapper lists are replaced by the lists.
fn unfold_stacks(entry: &Value, plan: &Value) -> Value {
    match entry {
        Value::Object(fields) => fields
            .iter()
            .map(|(key, value)| {
                let named = value.as_str().filter(|_| key == "client" || key == "server");
                let stack = named.and_then(|name| plan.get("stacks")?.get(name));
                (key.clone(), stack.map_or_else(|| unfold_stacks(value, plan), Value::clone))
            })
            .collect(),
        other => other.clone(),
    }
}

/// Files saved below the watched folders.
struct SaveWatcher {
    events: Receiver<Utf8PathBuf>,
    /// Watches as long as it lives.
    _watcher: notify::RecommendedWatcher,
}

impl SaveWatcher {
    /// Waits for saved files, and returns them once no more follow; empty if none came in time.
    fn wait(&mut self) -> Vec<String> {
        let mut saved = Vec::new();
        let mut patience = TICK;
        while let Ok(path) = self.events.recv_timeout(patience) {
            patience = QUIET;
            let name = path.file_name().unwrap_or_default().to_owned();
            if !saved.contains(&name) {
                saved.push(name);
            }
        }
        saved
    }
}

/// Watches the folders of the wiring's files and of the workflow.
fn watch_saves(context: &Context<'_>, arguments: &Run) -> Option<SaveWatcher> {
    let compiled = context.compile(arguments.wiring.as_deref(), false, None)?;
    let mut folders = vec![compiled.application.root.join("wiring")];
    folders.extend(
        compiled.wiring.files.iter().filter_map(|f| f.path.parent()).map(Utf8Path::to_owned),
    );
    folders.extend(compiled.wiring.app.workflow.iter().map(|w| w.value.clone()));
    folders.sort();
    folders.dedup();
    let (sender, events) = channel();
    let failed = |e: &notify::Error| {
        catalog::target::cannot_start("the watch", &e.to_string(), "run without `--watch`")
    };
    let here = context.system.current_directory().unwrap_or_default();
    let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        let Ok(event) = event else { return };
        if matches!(event.kind, notify::EventKind::Access(_)) {
            return;
        }
        for path in event.paths.iter().filter_map(|path| Utf8Path::from_path(path)) {
            // Folders above the application may have any name, such as `target`.
            if is_source(path.strip_prefix(&here).unwrap_or(path)) {
                let _ = sender.send(path.to_owned());
            }
        }
    });
    let mut watcher = context.or_report(watcher.map_err(|e| failed(&e)))?;
    for folder in folders {
        let folder = if folder.as_str().is_empty() { Utf8PathBuf::from(".") } else { folder };
        let watched = watcher.watch(folder.as_std_path(), RecursiveMode::Recursive);
        context.or_report(watched.map_err(|e| failed(&e)))?;
    }
    Some(SaveWatcher { events, _watcher: watcher })
}

/// Whether people write a file, and not cargo or `bp`.
fn is_source(path: &Utf8Path) -> bool {
    let generated = |part: &str| ["target", "build", ".bp"].contains(&part);
    matches!(path.extension(), Some("rs" | "toml")) && !path.iter().any(generated)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn sample_inputs(timeout: &str) -> RunInputs {
        inputs_of(&sample_plan(timeout))
    }

    fn sample_plan(timeout: &str) -> Value {
        json!({
            "version": 1,
            "plugins": {},
            "processes": {
                "front": { "instances": ["frontend"] },
                "cart": { "instances": ["cart", "cart_db"] },
            },
            "instances": { "frontend": {}, "cart": {}, "cart_db": {} },
            "edges": {
                "client->frontend": { "caller": "client", "callee": "frontend" },
                "frontend->cart": { "caller": "frontend", "callee": "cart", "client": "timeout" },
            },
            "stacks": { "timeout": [{ "after": timeout }], "metrics": [] },
            "listeners": { "cart.grpc": { "process": "cart", "serves": { "cart": { "server": "metrics" } } } },
            "tables": {
                "switch": { "reader": "process", "place": "top_level", "entries": [{ "name": "ads", "settings": { "on": true } }] },
                "probe": { "reader": "mode", "place": "top_level", "entries": [{ "name": "add", "settings": {} }] },
                "quota": { "reader": "process", "place": "process", "entries": [{ "name": "cart", "settings": 1 }, { "name": "front", "settings": 1 }] },
                "share": { "reader": "process", "place": "edge", "entries": [{ "name": "frontend->cart", "settings": 1 }] },
                "shard": { "reader": "process", "place": "backend", "entries": [{ "name": "cart_db", "settings": 1 }] },
            },
        })
    }

    fn inputs_of(plan: &Value) -> RunInputs {
        RunInputs {
            program: Some("a".to_owned()),
            manifest: json!({ "processes": { "front": 1, "cart": 1 } }),
            slices: slice_plan(plan),
        }
    }

    #[test]
    fn a_table_affects_who_reads_it() {
        let now = sample_inputs("1s");
        let change = |pointer: &str, value: Value| {
            let mut plan = sample_plan("1s");
            *plan.pointer_mut(pointer).unwrap() = value;
            now.compare(&inputs_of(&plan))
        };
        let all = || Change::Processes(vec!["cart".to_owned(), "front".to_owned()]);
        assert_eq!(change("/tables/switch/entries/0/settings/on", false.into()), all());
        assert_eq!(change("/tables/switch/entries", json!([])), all());
        assert_eq!(change("/tables/switch/reader", "mode".into()), all(), "nobody else reads it");
        assert_eq!(change("/tables/probe/entries/0/settings", json!({ "x": 1 })), Change::Nothing);
        assert_eq!(change("/tables/probe/entries", json!([])), Change::Nothing);
        assert_eq!(change("/tables/probe/reader", "process".into()), all());
        let only = |name: &str| Change::Processes(vec![name.to_owned()]);
        assert_eq!(change("/tables/quota/entries/0/settings", 2.into()), only("cart"));
        assert_eq!(change("/tables/quota/entries/1/settings", 2.into()), only("front"));
        assert_eq!(change("/tables/share/entries/0/settings", 2.into()), only("front"));
        assert_eq!(change("/tables/share/entries", json!([])), only("front"));
        assert_eq!(change("/tables/shard/entries/0/settings", 2.into()), only("cart"));
    }

    #[test]
    fn another_timeout_affects_only_the_caller() {
        let now = sample_inputs("1s");
        assert_eq!(now.compare(&sample_inputs("1s")), Change::Nothing);
        assert_eq!(now.compare(&sample_inputs("2s")), Change::Processes(vec!["front".to_owned()]));
    }

    #[test]
    fn another_program_affects_all_and_other_processes_are_another_system() {
        let now = sample_inputs("1s");
        let mut other = sample_inputs("1s");
        other.program = Some("b".to_owned());
        let all = vec!["cart".to_owned(), "front".to_owned()];
        assert_eq!(now.compare(&other), Change::Processes(all));
        other.manifest = json!({ "processes": { "front": 2, "cart": 1 } });
        assert_eq!(now.compare(&other), Change::Everything);
    }

    #[test]
    fn what_bp_and_cargo_write_is_not_a_save() {
        for (path, is) in [
            ("wiring/local.toml", true),
            ("workflow/src/lib.rs", true),
            ("workflow/wire.lock", false),
            ("workflow/target/debug/build/x.rs", false),
            ("wiring/.local.toml.swp", false),
        ] {
            assert_eq!(is_source(Utf8Path::new(path)), is, "{path}");
        }
    }
}
