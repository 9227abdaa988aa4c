//! A build after any history gives the same as a cold build.

#![expect(clippy::expect_used, reason = "a test's own set-up either works or ends it")]

use std::collections::BTreeMap;
use std::sync::Arc;

use bp_build::memo::{self, BuildKey, BuildOutcome, Recorder};
use bp_build::write::OutputFolder;
use bp_build::{
    Application, BuildInput, CompileOptions, Stamps, builtin, compile, make_artifacts, runtime,
};
use bp_scale::application::{Shape, permute_tables, write_files};
use bp_scale::topology::Topology;
use bp_system::{MemorySystem, System as _};
use camino::{Utf8Path, Utf8PathBuf};
use proptest::prelude::*;

const COMPILER: &str = "this one";
const OUT: &str = "build/local";
const MEMO: &str = "/.bp/memo/local.memo";
/// All that is remembered.
const MEMORIES: [&str; 4] =
    [MEMO, "/.bp/memo/local.stamps", "/.bp/memo/local.workflow", "/.bp/memo/local.outlines"];

fn key(compiler: &str) -> BuildKey<'_> {
    BuildKey { compiler, wiring: "wiring/local.toml", out: OUT, targets: &[], options: &[] }
}

/// A machine with an application and a runtime beside it.
fn build_machine(files: &BTreeMap<String, String>) -> MemorySystem {
    let manifest = format!("[workspace.package]\nversion = \"{}\"\n", runtime::VERSION);
    let system = MemorySystem::new()
        .with_file("/vendor/bp/stdlib/std/Cargo.toml", "")
        .with_file("/vendor/bp/Cargo.toml", manifest);
    files
        .iter()
        .fold(system, |system, (path, text)| system.with_file(format!("/{path}"), text.as_str()))
}

/// Builds as `bp build` does; says whether the memo was enough.
fn build(system: &MemorySystem) -> bool {
    let application = Application::find(system, Some("local")).expect("a wiring");
    let (root, out) = (application.root.clone(), Utf8Path::new(OUT));
    let stamps = Arc::new(memo::load_stamps(system, &root, "local"));
    if let Some(outcome) = memo::recall(system, &stamps, &root, "local", &key(COMPILER)) {
        let folder =
            OutputFolder::hold(system, Arc::clone(&stamps), out, &|| ()).expect("a folder");
        if folder.count_if_untouched(&outcome.manifest, &outcome.shared).is_some() {
            stamps.keep(system);
            return true;
        }
    }
    let recorder = Recorder::new(system, Arc::clone(&stamps));
    let registry = builtin();
    let workflow_cache = memo::workflow_cache(system, &root, "local", COMPILER);
    let options =
        CompileOptions { workflow_cache: Some(&workflow_cache), ..CompileOptions::default() };
    let compiled = compile(&recorder, &registry, application, options);
    let plan = compiled.plan.as_ref().expect("no error");
    let input = BuildInput {
        system: &recorder,
        registry: &registry,
        application: &compiled.application,
        sources: &compiled.sources,
        out,
        targets: &[],
        runtime_span: compiled.runtime_span(),
        patches: &compiled.wiring.patches,
    };
    let (artifacts, faults) = make_artifacts(plan, &input);
    assert!(!faults.has_errors(), "{faults:?}");
    let folder = OutputFolder::hold(system, Arc::clone(&stamps), out, &|| ()).expect("a folder");
    folder.write(&artifacts, true).expect("written");
    if let Some((path, update)) = compiled.lock.as_ref().filter(|(_, update)| update.changed) {
        system.write(path, update.text.as_bytes()).expect("written");
        recorder.refresh(path);
    }
    let outcome = BuildOutcome {
        manifest: folder.manifest_digest().expect("a manifest"),
        ..BuildOutcome::default()
    };
    memo::keep(system, &root, "local", &key(COMPILER), recorder, outcome);
    stamps.keep(system);
    false
}

/// What was generated.
fn read_output(system: &MemorySystem) -> BTreeMap<Utf8PathBuf, Vec<u8>> {
    system.snapshot().into_iter().filter(|(path, _)| path.starts_with("/build")).collect()
}

/// The same inputs on a machine where nothing was ever built.
fn build_cold(system: &MemorySystem) -> MemorySystem {
    system
        .snapshot()
        .into_iter()
        .filter(|(path, _)| !path.starts_with("/build") && !path.starts_with("/.bp"))
        .fold(MemorySystem::new(), |cold, (path, bytes)| cold.with_file(path, bytes))
}

fn application(topology: &Topology) -> BTreeMap<String, String> {
    write_files(topology, &Shape::default())
}

#[derive(Debug, Clone)]
enum Edit {
    /// A call is added or removed, which may close a cycle.
    Call(usize, usize),
    /// A service comes.
    Service,
    /// A line of the wiring for all edges.
    Timeout(u8),
    /// A line of the wiring for one edge.
    Metrics(usize),
    /// A comment in a workflow file.
    Comment(usize, u8),
    /// A file of the output is deleted.
    Lose(usize),
    /// A file of the output is edited, to the same length.
    Scribble(usize),
    /// A byte of what is remembered changes.
    Damage(usize, usize),
    Nothing,
}

fn edits() -> impl Strategy<Value = Vec<Edit>> {
    let edit = prop_oneof![
        (0..8_usize, 0..8_usize).prop_map(|(a, b)| Edit::Call(a, b)),
        Just(Edit::Service),
        any::<u8>().prop_map(Edit::Timeout),
        (0..6_usize).prop_map(Edit::Metrics),
        (0..6_usize, any::<u8>()).prop_map(|(s, n)| Edit::Comment(s, n)),
        any::<usize>().prop_map(Edit::Lose),
        any::<usize>().prop_map(Edit::Scribble),
        (0..4_usize, any::<usize>()).prop_map(|(memory, n)| Edit::Damage(memory, n)),
        Just(Edit::Nothing),
    ];
    proptest::collection::vec(edit, 1..8)
}

/// The files that a user would have on disk.
struct State {
    topology: Topology,
    timeout: u32,
    more: String,
    comments: BTreeMap<usize, u8>,
}

impl State {
    fn files(&self) -> BTreeMap<String, String> {
        let mut files = application(&self.topology);
        if let Some(wiring) = files.get_mut("wiring/local.toml") {
            *wiring =
                wiring.replace("timeout = \"2s\"", &format!("timeout = \"{}ms\"", self.timeout));
            wiring.push_str(&self.more);
        }
        for (service, comment) in &self.comments {
            if let Some(text) = files.get_mut(&format!("workflow/src/svc{service}.rs")) {
                *text = format!("//! Comment {comment}.\n{text}");
            }
        }
        files
    }

    fn apply(&mut self, edit: &Edit, system: MemorySystem) -> MemorySystem {
        let services = self.topology.services;
        match edit {
            Edit::Call(from, to) => {
                let call = (from % services, to % services);
                let mut calls = self.topology.calls.clone();
                match calls.binary_search(&call) {
                    Ok(at) => {
                        calls.remove(at);
                    }
                    Err(_) if call.0 == call.1 => {}
                    Err(at) => calls.insert(at, call),
                }
                self.topology.calls = calls;
            }
            Edit::Service => self.topology.services += 1,
            Edit::Timeout(n) => self.timeout = 1000 + u32::from(*n),
            Edit::Metrics(service) => {
                let line = format!("\n[server.svc{service}]\nmetrics = false\n");
                self.more = if self.more == line { String::new() } else { line };
            }
            Edit::Comment(service, n) => {
                self.comments.insert(*service, *n);
            }
            Edit::Lose(n) => {
                let files: Vec<_> = read_output(&system).into_keys().collect();
                let files: Vec<_> = files.iter().filter(|p| !p.as_str().contains(".bp-")).collect();
                if let Some(path) = files.get(n % files.len().max(1)) {
                    system.remove_file(path).expect("it is there");
                }
            }
            Edit::Scribble(n) => {
                let files: Vec<_> = read_output(&system).into_iter().collect();
                let files: Vec<_> =
                    files.iter().filter(|(p, _)| !p.as_str().contains(".bp-")).collect();
                if let Some((path, bytes)) = files.get(n % files.len().max(1)) {
                    system.write(path, &vec![b'x'; bytes.len()]).expect("written");
                }
            }
            Edit::Damage(memory, n) => {
                let path = Utf8Path::new(MEMORIES.get(*memory).unwrap_or(&MEMO));
                if let Ok(mut memo) = system.read(path) {
                    let at = n % memo.len().max(1);
                    if let Some(byte) = memo.get_mut(at) {
                        *byte ^= 1 << (n % 7);
                    }
                    system.write(path, &memo).expect("written");
                }
            }
            Edit::Nothing => {}
        }
        self.files()
            .into_iter()
            .filter(|(path, text)| {
                let now = system.read(&Utf8Path::new("/").join(path));
                now.ok().as_deref() != Some(text.as_bytes())
            })
            .collect::<Vec<_>>()
            .into_iter()
            .fold(system, |system, (path, text)| system.with_file(format!("/{path}"), text))
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever was edited, built, lost or damaged before: the output and the numbers on the wire are those of a cold build.
    #[test]
    fn a_build_after_any_edits_is_a_cold_build(edits in edits()) {
        let topology = Topology { services: 6, calls: vec![(0, 1), (0, 2), (1, 3), (2, 3), (3, 4), (4, 5)] };
        let mut state = State { topology, timeout: 2000, more: String::new(), comments: BTreeMap::new() };
        let mut system = build_machine(&state.files());
        build(&system);
        for edit in edits {
            system = state.apply(&edit, system);
            let cold = build_cold(&system);
            build(&system);
            build(&cold);
            prop_assert_eq!(read_output(&system), read_output(&cold), "after {:?}", edit);
            let lock = Utf8Path::new("workflow/wire.lock");
            prop_assert_eq!(system.read(lock).ok(), cold.read(lock).ok());
            prop_assert!(build(&system), "an unchanged application needs no build");
        }
    }
}

fn small() -> MemorySystem {
    let topology = Topology { services: 4, calls: vec![(0, 1), (1, 2), (2, 0), (2, 3)] };
    let system = build_machine(&application(&topology));
    assert!(!build(&system), "nothing is known at first");
    assert!(build(&system), "then all is");
    system
}

#[test]
fn a_memo_that_is_damaged_in_any_byte_is_none() {
    let system = small();
    let (root, path) = (Utf8Path::new(""), Utf8Path::new(MEMO));
    let whole = system.read(path).expect("a memo");
    let recall = || memo::recall(&system, &Stamps::none(), root, "local", &key(COMPILER));
    assert!(recall().is_some());
    for at in 0..whole.len() {
        for bit in [1, 0x20, 0x80] {
            let mut damaged = whole.clone();
            if let Some(byte) = damaged.get_mut(at) {
                *byte ^= bit;
            }
            system.write(path, &damaged).expect("written");
            assert_eq!(recall(), None, "byte {at}");
        }
    }
    for length in [0, 1, 20, whole.len() - 1] {
        system.write(path, whole.get(..length).unwrap_or_default()).expect("written");
        assert_eq!(recall(), None, "{length} bytes");
    }
}

#[test]
fn a_memo_of_another_compiler_is_none() {
    let system = small();
    assert_eq!(
        memo::recall(&system, &Stamps::none(), Utf8Path::new(""), "local", &key("another")),
        None
    );
}

#[test]
fn what_a_build_asked_for_decides_whether_it_is_done_again() {
    // A test file is listed, not read; a lock was looked for and was not there.
    for (path, text) in [("/tests/new.rs", ""), ("/Cargo.lock", "version = 4\n")] {
        let system = small().with_file(path, text);
        assert!(!build(&system), "{path}");
    }
}

#[test]
fn any_number_of_threads_gives_the_same_bytes() {
    let topology = Topology::of_size(60).expect("a topology").cyclic(20, 1);
    let on = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        let system = build_machine(&application(&topology));
        pool.install(|| build(&system));
        read_output(&system)
    };
    assert_eq!(on(1), on(8));
}

#[test]
fn a_permuted_wiring_gives_the_same_bytes() {
    let topology = Topology::of_size(40).expect("a topology");
    let files = application(&topology);
    let mut permuted = files.clone();
    if let Some(wiring) = permuted.get_mut("wiring/local.toml") {
        *wiring = permute_tables(wiring);
    }
    assert_ne!(files, permuted);
    let [first, second] = [files, permuted].map(|files| {
        let system = build_machine(&files);
        build(&system);
        read_output(&system)
    });
    assert_eq!(first, second);
}
