//! A built system, ready to start, and how it is run under supervision.

use bp_build::Application;
use bp_build::write;
use bp_contract::RunManifest;
use bp_diag::{Diagnostic, catalog};
use bp_plugin::{Mode, Registry};
use bp_system::{LockGuard, LockMode, System};
use camino::{Utf8Path, Utf8PathBuf};

use super::Context;
use super::build::{BuildOptions, BuiltFolder, WiringBuild, WiringSummary};
use crate::code_build::{CargoTarget, CodeBuild, Executables};
use crate::mirrors::Mirrors;
use crate::supervise::{EndReason, Launch, Supervisor, run_folder};
use crate::tree;

/// A built system, ready to start.
#[derive(Debug)]
pub(super) struct Prepared {
    pub(super) application: Application,
    manifest: RunManifest,
    /// The run manifest's path.
    pub(super) manifest_path: Utf8PathBuf,
    /// The run plan's path.
    pub(super) plan: String,
    pub(super) binary: String,
    pub(super) executables: Executables,
    /// Keeps the mirror of the code from being removed.
    _in_use: LockGuard,
}

/// Where a run keeps its instances' files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DataFolder {
    /// In the wiring's folder, from run to run.
    Kept,
    /// In the wiring's folder, emptied first.
    Fresh,
    /// In a folder of its own, emptied first.
    Separate(&'static str),
}

/// What to build of which wiring.
#[derive(Debug, Clone, Copy)]
pub(super) struct RunRequest<'a> {
    pub(super) wiring: Option<&'a str>,
    pub(super) release: bool,
    pub(super) what: &'a [CargoTarget],
    /// The mode of the program that is to run.
    pub(super) mode: Option<Mode>,
}

/// Compiles, writes, and lets cargo build.
pub(super) fn prepare(context: &Context<'_>, request: &RunRequest<'_>) -> Option<Prepared> {
    let application = context.or_report(Application::find(context.system, request.wiring))?;
    let (root, out) = (application.root.clone(), application.output());
    let build =
        WiringBuild::with_stamps(context, application.clone(), out, BuildOptions::default());
    let known = build.recall_or_compile();
    // Without a plan nothing is built, so there is nothing to wait for.
    let found = match known.summarize(context.registry) {
        Some(about) => {
            // Checked before anything is written or compiled, which takes minutes the first time.
            let manifest = find_manifest(context.registry, &about.enabled, &application);
            let manifest = context.or_report(manifest)?;
            context.or_report(check_runnable(&about, &application, request))?;
            let mirrors = context.or_report(Mirrors::hold(context.system, &root, &|| {
                context.output.say("another bp is building this application; waiting for it");
            }))?;
            Some((manifest, mirrors))
        }
        None => None,
    };
    let built = build.build(known)?;
    let (manifest, mirrors) = found?;
    context.or_report(prepare_built(context, &application, manifest, &mirrors, built, request))?
}

/// The run manifest, by path below the output folder, of the first enabled target that runs on this machine.
fn find_manifest(
    registry: &Registry,
    enabled: &[String],
    application: &Application,
) -> Result<&'static str, Diagnostic> {
    let here: Vec<(&str, &'static str)> =
        registry.iter().filter_map(|plugin| Some((plugin.id, plugin.runs_here()?))).collect();
    if let Some((_, manifest)) = here.iter().find(|(id, _)| enabled.iter().any(|e| e == id)) {
        return Ok(manifest);
    }
    let ids: Vec<&str> = here.iter().map(|(id, _)| *id).collect();
    Err(match ids.first() {
        Some(first) => catalog::target::target_not_enabled(first, enabled, &ids),
        None => catalog::target::cannot_start(
            &application.name,
            "no target of this `bp` runs on this machine",
            "add a target whose declaration says `.runs_here(…)`",
        ),
    })
}

/// Checks that a wiring has what the request needs.
fn check_runnable(
    about: &WiringSummary,
    application: &Application,
    request: &RunRequest<'_>,
) -> Result<(), Diagnostic> {
    if let Some(mode) = request.mode.filter(|mode| !about.modes.contains(mode.name)) {
        return Err(catalog::target::nothing_to_run(&application.name, mode.what, mode.example));
    }
    Ok(())
}

/// Lets cargo build what was written; `None` if a signal stopped it.
fn prepare_built(
    context: &Context<'_>,
    application: &Application,
    manifest: &str,
    mirrors: &Mirrors<'_>,
    built: BuiltFolder<'_>,
    request: &RunRequest<'_>,
) -> Result<Option<Prepared>, Diagnostic> {
    let system = context.system;
    let out = application.output();
    let out = out.as_path();
    write::check_complete(system, out)?;
    let path = out.join(manifest);
    let text = system
        .read(&path)
        .map_err(|e| catalog::target::bad_manifest(path.as_str(), &e.to_string()))?;
    let manifest = RunManifest::parse(&text)
        .map_err(|fault| catalog::target::bad_manifest(path.as_str(), &fault.to_string()))?;
    let code = CodeBuild {
        system,
        application,
        rust: out.join(&manifest.rust),
        package: &manifest.package,
        locked: context.locked,
        release: request.release,
        quiet: !context.output.verbose && !context.output.color,
    };
    context.output.say(&format!("cargo builds {}", code.rust));
    let (mirror, in_use) = code.mirror(mirrors)?;
    // Everything that cargo needs is in the mirror.
    drop(built.folder);
    let say = |text: &str| context.output.say(text);
    let Some(executables) = code.build(mirrors, &mirror, request.what, &say)? else {
        return Ok(None);
    };
    let binary = executables.binary.clone().ok_or_else(|| {
        let (what, help) = ("cargo reported no binary", "check that CARGO names the real cargo");
        catalog::target::cannot_start(&manifest.app, what, help)
    })?;
    Ok(Some(Prepared {
        application: application.clone(),
        plan: code.absolute_path(&out.join(&manifest.plan)).into_string(),
        manifest,
        manifest_path: path,
        binary,
        executables,
        _in_use: in_use,
    }))
}

/// Starts the system, waits until it is ready, lets `body` work with it, and stops it in order.
pub(super) fn supervise(
    context: &Context<'_>,
    prepared: &Prepared,
    data: DataFolder,
    body: impl FnOnce(&mut Supervisor<'_>, &Prepared) -> EndReason,
) -> Option<()> {
    let say = |text: &str| context.output.say(text);
    let name = match data {
        DataFolder::Kept | DataFolder::Fresh => prepared.application.name.clone(),
        DataFolder::Separate(purpose) => format!("{}.{purpose}", prepared.application.name),
    };
    let _alone = context.or_report(hold_data(context.system, &prepared.application.root, &name))?;
    let folder = prepared.application.root.join(".bp/data").join(&name);
    if data != DataFolder::Kept {
        let emptied = tree::empty(context.system, &folder);
        context.or_report(
            emptied.map_err(|e| catalog::target::cannot_write(folder.as_str(), &e.to_string())),
        )?;
    }
    let here = context.system.current_directory().unwrap_or_default();
    let launch = Launch {
        manifest: &prepared.manifest,
        program: prepared.binary.clone(),
        plan: prepared.plan.clone(),
        data: here.join(folder).into_string(),
        run: run_folder(here.join(&prepared.application.root).as_std_path(), &name),
        own_ports: matches!(data, DataFolder::Kept | DataFolder::Fresh),
        color: context.output.color,
        say: &say,
    };
    let mut supervisor = context.or_report(Supervisor::new(launch))?;
    let ended = match supervisor.start() {
        Ok(()) => body(&mut supervisor, prepared),
        Err(ended) => ended,
    };
    say("stopping");
    let mut faults = supervisor.stop();
    if let EndReason::Failed(fault) = ended {
        faults.insert(0, fault);
    }
    let failed = !faults.is_empty();
    for fault in faults {
        context.output.print_fault(fault);
    }
    (!failed).then_some(())
}

/// Locks the data of this run.
fn hold_data(system: &dyn System, root: &Utf8Path, name: &str) -> Result<LockGuard, Diagnostic> {
    let folder = root.join(".bp/data");
    let at = folder.join(format!(".{name}.lock"));
    let taken =
        system.make_directory(&folder).and_then(|()| system.lock(&at, LockMode::Exclusive, false));
    match taken {
        Ok(Some(lock)) => Ok(lock),
        Ok(None) => Err(catalog::target::already_runs(folder.join(name).as_str())),
        Err(e) => Err(catalog::target::cannot_write(at.as_str(), &e.to_string())),
    }
}

/// A caller that was stopped before its end has proved nothing, so this counts as a failure.
pub(super) fn fail_if_interrupted(
    ended: EndReason,
    failed: impl FnOnce(&str) -> Diagnostic,
) -> EndReason {
    match ended {
        EndReason::UserAsked => EndReason::Failed(failed("an interruption")),
        failed @ EndReason::Failed(_) => failed,
    }
}
