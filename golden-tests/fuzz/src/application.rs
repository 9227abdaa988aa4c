//! A whole application: both front ends, the passes with the verifier after each, the plan, the artifacts.

use bp_build::{Application, BuildInput, CompileOptions};
use bp_system::MemorySystem;
use camino::Utf8Path;

use crate::diagnostics;
use crate::wiring::registry;

/// The data is files after lines `-- path --`, as in a golden test's case.
pub(crate) fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let mut system = MemorySystem::new().inside("/app");
    for (path, text) in crate::split_parts(text).into_iter().skip(1) {
        system = system.with_file(path, text);
    }
    let Ok(application) = Application::find(&system, Some("wiring/local.toml")) else { return };
    let options = CompileOptions { verify: true, ..CompileOptions::default() };
    let compiled = bp_build::compile(&system, registry(), application, options);
    if let Some(plan) = &compiled.plan {
        let _ = bp_views::explain::render_plan(plan);
        let input = BuildInput {
            system: &system,
            registry: registry(),
            application: &compiled.application,
            sources: &compiled.sources,
            out: Utf8Path::new("build/local"),
            targets: &[],
            runtime_span: compiled.runtime_span(),
            patches: &compiled.wiring.patches,
        };
        let (_, faults) = bp_build::make_artifacts(plan, &input);
        diagnostics::check(faults, &compiled.sources);
    }
    diagnostics::check(compiled.diagnostics, &compiled.sources);
}
