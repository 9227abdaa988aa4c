//! The source of a workflow, and its `wire.lock`.

use bp_diag::SourceMap;
use bp_system::MemorySystem;
use bp_workflow::wire_lock;
use camino::Utf8Path;

use crate::diagnostics;

const CARGO: &str =
    "[package]\nname = \"shop\"\n[dependencies]\nbp-std = \"0.1\"\nchrono = \"0.4\"\n";

/// A workflow whose types and methods have numbers.
const SHOP: &str = "use bp_std::{Data, Infra, ServiceError, service};
#[derive(ServiceError)]
pub enum E { #[infra] Infra(Infra), #[status(not_found)] None(String) }
#[derive(Data)]
pub struct S { a: u8, pub b: Vec<S>, c: Option<V> }
#[derive(Data)]
pub enum V { One, Two(u8, String), Three { x: i64 } }
#[service]
pub trait T { async fn f(&self, s: S, v: V) -> Result<V, E>; async fn g(&self) -> Result<(), E>; }
pub struct I;
impl I { pub async fn new() -> Result<Self, bp_std::InitError> { Ok(Self) } }
#[service]
impl T for I { async fn f(&self, s: S, v: V) -> Result<V, E> { todo!() } async fn g(&self) -> Result<(), E> { todo!() } }
";

/// The data is `src/lib.rs`, or several files after lines `-- path --`.
pub(crate) fn source(data: &[u8]) {
    let mut system = MemorySystem::new().with_file("/workflow/Cargo.toml", CARGO);
    let text = String::from_utf8_lossy(data);
    for (path, text) in crate::split_parts(&text) {
        let path = if path.is_empty() { "src/lib.rs" } else { path };
        system = system.with_file(format!("/workflow/{path}"), text);
    }
    if std::str::from_utf8(data).is_err() {
        system = system.with_file("/workflow/src/lib.rs", data);
    }
    read(&system);
}

/// The data is `wire.lock`.
pub(crate) fn wire_lock(data: &[u8]) {
    let system = MemorySystem::new()
        .with_file("/workflow/Cargo.toml", CARGO)
        .with_file("/workflow/src/lib.rs", SHOP)
        .with_file("/workflow/wire.lock", data);
    read(&system);
}

fn read(system: &MemorySystem) {
    let mut sources = SourceMap::new();
    let dir = Utf8Path::new("/workflow");
    let offered = ["bp_backend::Cache", "bp_backend::DocumentStore"].into();
    let (model, mut found) = bp_workflow::read(system, &mut sources, dir, &offered);
    let _ = model.dump();
    let (lock, faults) = wire_lock::read_lock(system, &mut sources, dir);
    found.append(faults);
    let roots = wire_lock::all_roots(&model);
    let (update, faults) = wire_lock::update(lock.as_ref(), &model, &roots);
    let bad = faults.has_errors();
    found.append(faults);
    if !found.has_errors() && !bad {
        // What is written must be read back as the same value.
        let again = system.clone_with("/workflow/wire.lock", &update.text);
        let (lock, faults) = wire_lock::read_lock(&again, &mut sources, dir);
        assert!(faults.is_empty(), "the lock that was written has faults: {faults:?}");
        let (second, faults) = wire_lock::update(lock.as_ref(), &model, &roots);
        assert!(!faults.has_errors(), "the lock that was written conflicts: {faults:?}");
        assert!(!second.changed, "the lock that was written is written again:\n{}", update.text);
    }
    diagnostics::check(found, &sources);
}

trait CloneWith {
    fn clone_with(&self, path: &str, text: &str) -> MemorySystem;
}

impl CloneWith for MemorySystem {
    fn clone_with(&self, path: &str, text: &str) -> MemorySystem {
        let mut system = MemorySystem::new();
        for (path, bytes) in self.snapshot() {
            system = system.with_file(path, bytes);
        }
        system.with_file(path, text)
    }
}
