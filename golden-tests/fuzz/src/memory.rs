//! What a build leaves below `.bp/memo`, which a user, a broken disk or another version may have changed.

use std::sync::Arc;

use bp_build::memo::{self, BuildKey, BuildOutcome, Recorder};
use bp_build::{Application, CompileOptions, Digest, Stamps};
use bp_system::{MemorySystem, System as _};
use camino::Utf8Path;

use crate::wiring::registry;

const MODEL: &str = "local.workflow";
const FILES: [&str; 3] = ["local.memo", "local.stamps", MODEL];
const OUTLINES: &str = "local.outlines";
const WIRING: &str =
    "[app]\nname = \"a\"\nworkflow = \"../workflow\"\n[service]\ni = { impl = \"I\" }\n";
const CARGO: &str = "[package]\nname = \"a\"\n[dependencies]\nbp-std = \"0.1\"\n";
const LIBRARY: &str = "use bp_std::{Infra, ServiceError, service};
#[derive(ServiceError)]
pub enum E { #[infra] Infra(Infra) }
#[service]
pub trait T { async fn f(&self) -> Result<u8, E>; }
pub struct I;
impl I { pub fn new() -> Self { Self } }
#[service]
impl T for I { async fn f(&self) -> Result<u8, E> { Ok(1) } }
";

fn key() -> BuildKey<'static> {
    BuildKey { compiler: "fuzz", wiring: "local", out: "out", targets: &[], options: &[] }
}

/// A machine on which a build left its four files.
fn built() -> MemorySystem {
    let system = MemorySystem::new()
        .with_file("/wiring/local.toml", WIRING)
        .with_file("/workflow/Cargo.toml", CARGO)
        .with_file("/workflow/src/lib.rs", LIBRARY);
    compile(&system);
    system
}

/// Compiles as `bp build` does, using the memory where it is valid; returns the plan's text.
fn compile(system: &MemorySystem) -> String {
    let root = Utf8Path::new("");
    let stamps = Arc::new(memo::load_stamps(system, root, "local"));
    let _ = memo::recall(system, &stamps, root, "local", &key());
    let recorder = Recorder::new(system, Arc::clone(&stamps));
    let workflow_cache = memo::workflow_cache(system, root, "local", "fuzz");
    let options =
        CompileOptions { workflow_cache: Some(&workflow_cache), ..CompileOptions::default() };
    let Ok(application) = Application::find(&recorder, Some("local")) else { return String::new() };
    let compiled = bp_build::compile(&recorder, registry(), application, options);
    memo::keep(system, root, "local", &key(), recorder, BuildOutcome::default());
    stamps.keep(system);
    format!("{:?} {:?}", compiled.plan.is_some(), compiled.diagnostics)
}

/// The first byte says which file, and whether the rest is the whole file or gets a valid head and digest.
pub(crate) fn run(data: &[u8]) {
    let Some((first, rest)) = data.split_first() else { return };
    let system = built();
    let Some(name) = FILES.get(usize::from(*first) % FILES.len()) else { return };
    let name = if first & 0x40 == 0 { name } else { OUTLINES };
    let folder = Utf8Path::new("/.bp/memo");
    let path = folder.join(name);
    let Ok(whole) = system.read(&path) else { return };
    let wanted = compile(&system);
    if name == OUTLINES {
        // They are not read while there is a model.
        assert!(system.remove_file(&folder.join(MODEL)).is_ok());
    }
    let sealed = first & 0x80 != 0;
    if sealed {
        // Only an attacker makes such a file; the result may be wrong, but nothing may break.
        let head: Vec<u8> = whole.iter().copied().take_while(|b| *b != b'\n').collect();
        let bytes = [&head, &b"\n"[..], Digest::of(rest).as_bytes(), rest].concat();
        assert!(system.write(&path, &bytes).is_ok());
        let _ = compile(&system);
    } else {
        assert!(system.write(&path, rest).is_ok());
        assert_eq!(compile(&system), wanted, "a damaged file changed the result");
        let stamps = Stamps::none();
        assert!(
            memo::recall(&system, &stamps, "".into(), "local", &key()).is_some(),
            "what was stored instead is not complete"
        );
    }
}

/// The data is `process/run.json`.
pub(crate) fn run_manifest(data: &[u8]) {
    let _ = bp::__private::read_run_manifest(data);
}
