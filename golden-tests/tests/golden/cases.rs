//! Diagnostics: `golden-tests/cases/<group>/<name>.txt` and `plugins/<id>/cases/<name>.txt`, expectations as comments in the sources.
//!
//! A case with both is checked as `bp check wiring/local.toml` checks it; one without a workflow is read as a wiring, one without a wiring as a workflow.
//! A line `wiring: child` in front of the parts names another wiring than `local`, and each line `explain: cart` what is explained as `bp explain` does, in a part `explained`; the artifacts of what is accepted are made too, which must find nothing that the check does not; patches alone are judged there.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail, ensure};
use bp_build::{Application, BuildInput, CompileOptions, Compiled};
use bp_diag::render::{Style, render_human};
use bp_diag::{Diagnostic, SourceMap};
use bp_plugin::{Kind, Plugin, Registry, interface};
use bp_system::MemorySystem;
use bp_views::explain::explain;
use camino::Utf8Path;
use golden_tests::annotate::{annotate, strip};
use golden_tests::archive::Archive;
use libtest_mimic::Trial;

use crate::{blessing, bp, first_difference, trial};

/// The plugins that every case knows, beside all interfaces. Any other is known only where a case names it, so that a new plugin changes no list in the messages of other cases.
const KNOWN: [&str; 17] = [
    "balance",
    "compose",
    "docker",
    "embedded",
    "grpc",
    "http",
    "kubernetes",
    "memcached",
    "memory",
    "metrics",
    "mongodb",
    "postgres",
    "process",
    "redis",
    "retry",
    "timeout",
    "trace",
];

/// The plugins that a case knows.
fn list_plugins(case: &Archive) -> Registry {
    let names = |id: &str| {
        let mut words = case.parts.iter().flat_map(|part| {
            part.text.split(|c: char| !c.is_alphanumeric() && !matches!(c, '_' | '-'))
        });
        words.any(|word| word == id)
    };
    let known = |plugin: &Plugin| {
        matches!(plugin.kind, Kind::Interface { .. })
            || KNOWN.contains(&plugin.id)
            || names(plugin.id)
    };
    let registry = Registry::new(bp_build::builtin().plugins().filter(|plugin| known(plugin)));
    let outside = case.parts.iter().any(|part| part.text.contains("acme_lines"));
    if outside { registry.with(&LINES) } else { registry }
}

/// An interface from outside, for cases that name its crate; the runtime's are of crates that no case holds.
static LINES: Plugin = interface(
    "lines",
    "Hands over what waits.",
    "acme_lines::Lines",
    "#[interface] pub trait Lines { #[idempotent] async fn push(&self, item: String, key: String) -> R; async fn pop(&self) -> R; }",
)
.declare();

/// The files of the cases, sorted.
pub(crate) fn paths() -> Vec<PathBuf> {
    let mut folders = list(&bp::root().join("golden-tests/cases"));
    folders.extend(list(&bp::root().join("plugins")).into_iter().map(|p| p.join("cases")));
    let files = folders.iter().flat_map(|folder| list(folder));
    let mut paths: Vec<PathBuf> =
        files.filter(|p| p.extension().is_some_and(|e| e == "txt")).collect();
    paths.sort();
    paths
}

/// What is in a folder; nothing if it is not one.
fn list(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    entries.map(|entry| entry.path()).collect()
}

/// `wiring/topology` for a case of the golden tests, `plugins/memory/limits` for one of a plugin.
fn name_case(path: &Path) -> String {
    let root = bp::root();
    let name = path.strip_prefix(root.join("golden-tests/cases"));
    let name = name.or_else(|_| path.strip_prefix(&root)).unwrap_or(path).with_extension("");
    name.display().to_string().replace("/cases/", "/")
}

pub(crate) fn trials() -> Vec<Trial> {
    paths()
        .into_iter()
        .map(|path| {
            let name = format!("case::{}", name_case(&path)).replace('/', "::");
            trial(name, move || check(&path))
        })
        .collect()
}

fn check(path: &Path) -> Result<()> {
    let text = std::fs::read_to_string(path)?;
    let stripped = strip(&Archive::parse(&text));
    let (diagnostics, sources, page) = compile(&stripped);
    for diagnostic in &diagnostics {
        let drawn = render_human(diagnostic, &sources, Style::default());
        // A path is never wrapped over two lines, so that it can be clicked.
        let wide = drawn.lines().find(|l| l.chars().count() > 80 && !l.contains("╭─["));
        ensure!(wide.is_none(), "wider than 80 columns: {}\n{drawn}", wide.unwrap_or_default());
    }
    let actual = annotate(&stripped, &diagnostics, &sources, page.as_deref()).print();
    if blessing() {
        if actual != text {
            std::fs::write(path, actual)?;
        }
        return Ok(());
    }
    if actual == text {
        Ok(())
    } else {
        bail!("{}: {}", path.display(), first_difference(&text, &actual))
    }
}

/// What the compiler reports for a case, and the page if one is asked for.
///
/// The case's root is the working directory, as it is for a user.
pub(crate) fn compile(case: &Archive) -> (Vec<Diagnostic>, SourceMap, Option<String>) {
    let mut sources = SourceMap::new();
    let mut system = MemorySystem::new().inside("/app");
    let version = format!("[workspace.package]\nversion = \"{}\"\n", bp_build::runtime::VERSION);
    system = system
        .with_file("vendor/bp/stdlib/std/Cargo.toml", "")
        .with_file("vendor/bp/Cargo.toml", version);
    for part in &case.parts {
        system = system.with_file(&part.path, part.bytes());
    }
    let said = |key: &str| Some(case.prose.lines().find_map(|l| l.strip_prefix(key))?.trim());
    let path = format!("wiring/{}.toml", said("wiring: ").unwrap_or("local"));
    let has = |folder: &str| case.parts.iter().any(|p| p.path.starts_with(folder));
    let registry = list_plugins(case);
    let found = if !has("wiring/") {
        workflow(&system, &mut sources)
    } else if !has("workflow/") {
        bp_wiring::read(&system, &mut sources, &registry.grammar(), Utf8Path::new(&path)).1
    } else {
        return match Application::find(&system, Some(&path)) {
            Ok(application) => {
                let options = CompileOptions { pins: true, ..CompileOptions::default() };
                let compiled = bp_build::compile(&system, &registry, application, options);
                let more = build(&system, &registry, &compiled);
                let mut found = compiled.diagnostics.sorted();
                found.extend(more);
                let names = case.prose.lines().filter_map(|l| l.strip_prefix("explain: "));
                let mut pages = Vec::new();
                for name in names {
                    let Some(plan) = &compiled.plan else { break };
                    match explain(plan, name.trim()) {
                        Ok(page) => pages.push(page),
                        Err(fault) => found.push(fault),
                    }
                }
                let page = (!pages.is_empty()).then(|| pages.join("\n"));
                (found, compiled.sources, page)
            }
            Err(fault) => (vec![fault], sources, None),
        };
    };
    (found.sorted(), sources, None)
}

/// What `bp build` finds beyond `bp check`.
fn build(system: &MemorySystem, registry: &Registry, compiled: &Compiled) -> Vec<Diagnostic> {
    let Some(plan) = &compiled.plan else { return Vec::new() };
    let input = BuildInput {
        system,
        registry,
        application: &compiled.application,
        sources: &compiled.sources,
        out: Utf8Path::new("build/local"),
        targets: &[],
        runtime_span: compiled.runtime_span(),
        patches: &compiled.wiring.patches,
    };
    bp_build::make_artifacts(plan, &input).1.sorted()
}

/// Reads a workflow, and its `wire.lock` if the case has one.
fn workflow(system: &MemorySystem, sources: &mut SourceMap) -> bp_diag::Diagnostics {
    let folder = Utf8Path::new("workflow");
    let builtin = bp_build::builtin();
    let (model, mut diagnostics) =
        bp_workflow::read(system, sources, folder, &builtin.interface_paths());
    let (lock, faults) = bp_workflow::wire_lock::read_lock(system, sources, folder);
    diagnostics.append(faults);
    if lock.is_some() {
        let roots = bp_workflow::wire_lock::all_roots(&model);
        diagnostics.append(bp_workflow::wire_lock::update(lock.as_ref(), &model, &roots).1);
    }
    diagnostics
}
