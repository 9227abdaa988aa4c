//! From a plan to artifacts: the Cargo workspace, then every plugin in use, then the enabled targets, then the wiring's patches.

use std::collections::BTreeMap;

use bp_diag::{Diagnostic, Diagnostics, SourceMap, Span, catalog};
use bp_emit::carried::PackageSource;
use bp_emit::{Artifacts, Origin, RustInput, emit_rust, run_plan};
use bp_plan::{CrateSource, Plan};
use bp_plugin::deploy::{IMAGES_LOCK, ImageLock};
use bp_plugin::{
    ArtifactContext, Declarations, Description, Kind, Package, Plugin, Registry, guard,
};
use bp_system::System;
use bp_wiring::Patch;
use camino::Utf8Path;
use rayon::iter::{IntoParallelRefIterator as _, ParallelIterator as _};

use crate::application::Application;
use crate::paths::{locate_output, relative_path};
use crate::{patch, runtime};

/// What artifacts depend on besides the plan.
#[derive(Debug)]
pub struct BuildInput<'a> {
    /// Files and environment.
    pub system: &'a dyn System,
    /// The plugins.
    pub registry: &'a Registry,
    /// The application.
    pub application: &'a Application,
    /// Texts behind spans.
    pub sources: &'a SourceMap,
    /// The output folder.
    pub out: &'a Utf8Path,
    /// The targets to emit; the wiring's enabled ones when empty.
    pub targets: &'a [String],
    /// Where the wiring names the runtime.
    pub runtime_span: Option<Span>,
    /// Edits of the finished artifacts.
    pub patches: &'a [Patch],
}

/// Everything that a build writes.
pub fn make_artifacts(plan: &Plan, input: &BuildInput<'_>) -> (Artifacts, Diagnostics) {
    let mut diagnostics = Diagnostics::new();
    let root = &input.application.root;
    let runtime = match runtime::locate(input.system, root, &plan.app.runtime, input.runtime_span) {
        Ok(runtime) => runtime,
        Err(fault) => {
            diagnostics.push(fault);
            None
        }
    };
    let rust = RustInput {
        to_root: relative_path(input.system, &input.out.join("rust/app"), root),
        runtime,
        tests: input.application.find_tests(input.system),
        carried: collect_carried(plan, input.registry),
        packages: locate_packages(plan),
        lock: input.application.find_cargo_lock(input.system),
        origin: String::from("bp"),
    };
    let enabled: Vec<String> = plan.targets.keys().cloned().collect();
    for target in input.targets.iter().filter(|target| !plan.targets.contains_key(*target)) {
        let known = input.registry.ids("target");
        diagnostics.push(catalog::target::target_not_enabled(target, &enabled, &known));
    }
    let emitting = find_emitting(plan, input.registry, input.targets);
    let described = collect_descriptions(plan, &emitting, &mut diagnostics);
    // Only texts that a runtime half serves belong in the run plan.
    let carried = described.iter().filter(|(_, described)| described.at_run_time);
    let carried = carried.map(|(id, described)| ((*id).to_owned(), described.text.clone()));
    let run_plan = run_plan(plan, &carried.collect());
    let (mut artifacts, faults) = emit_rust(plan, &run_plan, &rust);
    diagnostics.append(faults);
    for (id, described) in described {
        let origin = Origin::new(id, "");
        if let Err(fault) = artifacts.insert(described.path, described.text, origin) {
            diagnostics.push(fault);
        }
    }
    let place = locate_output(input.system, root, input.out);
    let images = match read_image_lock(input.system, input.application) {
        Ok(images) => images,
        Err(fault) => {
            diagnostics.push(fault);
            ImageLock::default()
        }
    };
    // No plugin sees another's artifacts, so they are made in parallel and collected in order.
    let make = |plugin: &&'static Plugin| {
        let (mut own, mut faults) = (Artifacts::new(), Diagnostics::new());
        let Some(write) = plugin.hooks.artifacts else { return (own, faults, Ok(())) };
        let outcome = guard(plugin.id, || {
            write(&mut ArtifactContext {
                plugin,
                plan,
                run_plan: &run_plan,
                sources: input.sources,
                output: &place,
                images: &images,
                artifacts: &mut own,
                diagnostics: &mut faults,
            });
        });
        (own, faults, outcome)
    };
    let made: Vec<_> = emitting.par_iter().map(make).collect();
    for (own, faults, outcome) in made {
        diagnostics.append(faults);
        match outcome {
            Ok(()) => {
                if let Err(faults) = artifacts.merge(own) {
                    diagnostics.extend(faults);
                }
            }
            Err(panicked) => diagnostics.push(panicked),
        }
    }
    // After a fault an artifact may be missing, and the patches of it would be reported wrongly.
    if !diagnostics.has_errors() {
        patch::apply(input.patches, &mut artifacts, !input.targets.is_empty(), &mut diagnostics);
    }
    (artifacts, diagnostics)
}

/// The plugins' descriptions of the services that they carry, by plugin.
fn collect_descriptions(
    plan: &Plan,
    plugins: &[&'static Plugin],
    diagnostics: &mut Diagnostics,
) -> BTreeMap<&'static str, Description> {
    let mut all = BTreeMap::new();
    for plugin in plugins {
        let (id, Some(describe)) = (plugin.id, plugin.hooks.describe) else { continue };
        match guard(id, || describe(plan)) {
            Ok(Some(description)) => drop(all.insert(id, description)),
            Ok(None) => {}
            Err(panicked) => diagnostics.push(panicked),
        }
    }
    all
}

/// Where the workflow has packages, by name; a folder is relative to the application's root.
fn locate_packages(plan: &Plan) -> BTreeMap<String, PackageSource> {
    let crates = plan.app.crates.values();
    let read = crates.map(|krate| (krate.package.clone(), PackageSource::Path(krate.path.clone())));
    let interfaces = plan.app.interface_crates.values().filter_map(|krate| {
        let source = match &krate.source {
            CrateSource::Path(folder) => PackageSource::Path(folder.clone()),
            CrateSource::Requirement(inline) => PackageSource::read_requirement(inline)?,
        };
        Some((krate.package.clone(), source))
    });
    read.chain(interfaces).collect()
}

/// The files of the carried packages that the plan has, by package and path.
fn collect_carried(
    plan: &Plan,
    declarations: &Declarations,
) -> BTreeMap<String, BTreeMap<String, String>> {
    let carried = declarations.carried().into_iter();
    let found = carried.filter(|(name, _)| plan.app.carried.contains(*name));
    let text = |(path, text): &(&str, &str)| ((*path).to_owned(), (*text).to_owned());
    let files = |package: Package| package.files.iter().map(text).collect();
    found.map(|(name, package)| (name.to_owned(), files(package))).collect()
}

/// The plugins whose artifacts belong to a build: those in use that are not targets, and the chosen targets; all enabled targets when none is chosen.
pub(crate) fn find_emitting(
    plan: &Plan,
    registry: &Registry,
    chosen: &[String],
) -> Vec<&'static Plugin> {
    let emits = |plugin: &Plugin| match plugin.kind {
        Kind::Target { .. } => {
            plan.targets.contains_key(plugin.id)
                && (chosen.is_empty() || chosen.iter().any(|target| target == plugin.id))
        }
        _ => plan.plugins.contains_key(plugin.id),
    };
    registry.plugins().filter(|plugin| emits(plugin)).collect()
}

/// `images.lock` of an application; empty when there is none.
///
/// # Errors
/// `BP6042` when it cannot be read.
pub fn read_image_lock(
    system: &dyn System,
    application: &Application,
) -> Result<ImageLock, Diagnostic> {
    let path = application.root.join(IMAGES_LOCK);
    let Ok(bytes) = system.read(&path) else { return Ok(ImageLock::default()) };
    String::from_utf8(bytes)
        .map_err(|_| "it is not UTF-8 text".to_owned())
        .and_then(|text| ImageLock::parse(&text))
        .map_err(|why| catalog::target::bad_image_lock(path.as_str(), &why))
}
