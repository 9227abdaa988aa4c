//! `bp build`, which `run` and `test` also start with.

use std::collections::BTreeSet;
use std::sync::Arc;

use bp_build::memo::{self, BuildKey, BuildOutcome, Recorder};
use bp_build::write::{self, OutputChanges, OutputFolder};
use bp_build::{
    Application, BuildInput, Clock, CompileOptions, Compiled, Digest, Stamps, Timing,
    make_artifacts,
};
use bp_diag::Diagnostics;
use bp_emit::Artifacts;
use bp_plan::Plan;
use bp_plugin::{Mode, Registry};
use bp_system::System;
use camino::Utf8PathBuf;

use super::Context;
use crate::cli::{Build, TimingsForm};

pub(crate) fn run(context: &Context<'_>, arguments: &Build) -> Option<()> {
    let application =
        context.or_report(Application::find(context.system, arguments.wiring.as_deref()))?;
    let out = arguments.out.as_ref().map_or_else(|| application.output(), Utf8PathBuf::from);
    let mode = BuildOptions {
        targets: &arguments.targets,
        force: arguments.force,
        timings: arguments.timings,
    };
    if arguments.check {
        // This compares what is on the disk, so no remembered stamps are used.
        return WiringBuild::new(context, application, out, mode, Stamps::none()).check();
    }
    let build = WiringBuild::with_stamps(context, application, out, mode);
    let known = build.recall_or_compile();
    build.build(known).map(|_| ())
}

/// How to build.
#[derive(Debug, Default)]
pub(crate) struct BuildOptions<'a> {
    pub(crate) targets: &'a [String],
    pub(crate) force: bool,
    pub(crate) timings: Option<TimingsForm>,
}

/// The build of one wiring into one folder.
#[derive(Debug)]
pub(crate) struct WiringBuild<'j, 'c> {
    context: &'j Context<'c>,
    application: Application,
    out: Utf8PathBuf,
    mode: BuildOptions<'j>,
    stamps: Arc<Stamps>,
    /// Identifies this `bp`.
    program: String,
    /// How messages are printed, and what else the outcome depends on.
    options: Vec<String>,
}

/// The state of a build before anything is written.
#[derive(Debug)]
pub(crate) enum CompileResult<'c> {
    /// The outcome of the last build, which had the same input.
    Remembered(BuildOutcome, Vec<Timing>),
    Compiled(Box<Compiled>, Recorder<'c>),
}

/// The parts of a wiring that decide what can be done with it.
#[derive(Debug)]
pub(crate) struct WiringSummary {
    /// The targets that it enables.
    pub(crate) enabled: Vec<String>,
    /// The modes of the program that have something to run.
    pub(crate) modes: BTreeSet<String>,
}

impl WiringSummary {
    fn of(plan: &Plan, registry: &Registry) -> Self {
        let filled =
            |mode: &Mode| plan.tables.get(mode.table).is_some_and(|t| !t.entries.is_empty());
        let modes = registry.modes().map(|(_, mode)| mode).filter(filled);
        let modes = modes.map(|mode| mode.name.to_owned()).collect();
        Self { enabled: plan.targets.keys().cloned().collect(), modes }
    }
}

impl CompileResult<'_> {
    /// The wiring's summary; `None` without a plan.
    pub(crate) fn summarize(&self, registry: &Registry) -> Option<WiringSummary> {
        match self {
            Self::Remembered(outcome, _) => {
                let BuildOutcome { enabled, modes, .. } = outcome;
                Some(WiringSummary { enabled: enabled.clone(), modes: modes.clone() })
            }
            Self::Compiled(compiled, _) => {
                compiled.plan.as_ref().map(|plan| WiringSummary::of(plan, registry))
            }
        }
    }
}

/// A folder that holds a complete build; no other build writes to it until this is dropped.
#[derive(Debug)]
pub(crate) struct BuiltFolder<'c> {
    pub(crate) folder: OutputFolder<'c>,
}

impl<'j, 'c> WiringBuild<'j, 'c> {
    fn new(
        context: &'j Context<'c>,
        application: Application,
        out: Utf8PathBuf,
        mode: BuildOptions<'j>,
        stamps: Stamps,
    ) -> Self {
        let options = vec![context.output.describe_form(), context.verify.to_string()];
        let program = identify_program(context.system);
        Self { context, application, out, mode, stamps: Arc::new(stamps), program, options }
    }

    /// A build that does not read files whose stamps are known.
    pub(crate) fn with_stamps(
        context: &'j Context<'c>,
        application: Application,
        out: Utf8PathBuf,
        mode: BuildOptions<'j>,
    ) -> Self {
        let stamps = memo::load_stamps(context.system, &application.root, &application.name);
        Self::new(context, application, out, mode, stamps)
    }

    fn memo_key(&self) -> BuildKey<'_> {
        BuildKey {
            compiler: &self.program,
            wiring: self.application.wiring.as_str(),
            out: self.out.as_str(),
            targets: self.mode.targets,
            options: &self.options,
        }
    }

    /// The outcome of the last build, if all its input is the same.
    fn recall(&self) -> Option<BuildOutcome> {
        let Application { root, name, .. } = &self.application;
        memo::recall(self.context.system, &self.stamps, root, name, &self.memo_key())
    }

    /// Recalls the last build's outcome if it still holds, or else compiles; diagnostics are not printed yet.
    pub(crate) fn recall_or_compile(&self) -> CompileResult<'c> {
        let mut clock = Clock::new(self.context.system);
        if let Some(outcome) = self.recall() {
            clock.lap("memo");
            return CompileResult::Remembered(outcome, clock.timings());
        }
        self.compile(false)
    }

    fn compile(&self, locked: bool) -> CompileResult<'c> {
        let recorder = Recorder::new(self.context.system, Arc::clone(&self.stamps));
        let application = self.application.clone();
        let Application { root, name, .. } = &self.application;
        let workflow_cache = memo::workflow_cache(self.context.system, root, name, &self.program);
        // `--check` writes nothing, not even caches.
        let workflow_cache = Some(&workflow_cache).filter(|_| !locked);
        let (targets, out) = (self.mode.targets, Some(self.out.as_path()));
        let pins = true;
        let options = CompileOptions {
            locked,
            pins,
            workflow_cache,
            targets,
            out,
            ..CompileOptions::default()
        };
        let compiled = self.context.compile_on(&recorder, application, options);
        CompileResult::Compiled(Box::new(compiled), recorder)
    }

    /// Says that this `bp` waits for another one.
    fn say_waiting(&self) {
        let out = &self.out;
        self.context.output.say(&format!("{out}: another bp is writing there; waiting for it"));
    }

    /// Makes the artifacts of a compiled wiring; also returns the clock.
    fn emit(&self, compiled: &Compiled, system: &dyn System) -> Option<(Artifacts, Clock<'c>)> {
        let (context, out) = (self.context, &self.out);
        let Some(plan) = context.plan_or_report(compiled) else {
            context.print_timings(self.mode.timings, &compiled.timings);
            return None;
        };
        context.output.show_progress(&format!("making the files of {out}"));
        let mut clock = Clock::new(context.system);
        let input = BuildInput {
            system,
            registry: context.registry,
            application: &compiled.application,
            sources: &compiled.sources,
            out,
            targets: self.mode.targets,
            runtime_span: compiled.runtime_span(),
            patches: &compiled.wiring.patches,
        };
        let (artifacts, faults) = make_artifacts(plan, &input);
        clock.lap("emit");
        let wrong = context.output.print_diagnostics(faults.sorted(), &compiled.sources);
        (!wrong).then_some((artifacts, clock))
    }

    /// Reports what differs, and writes nothing.
    fn check(&self) -> Option<()> {
        let (context, out) = (self.context, self.out.as_path());
        let mut clock = Clock::new(context.system);
        if let Some(outcome) = self.recall()
            && write::is_untouched(context.system, out, &outcome, &|| self.say_waiting())
        {
            clock.lap("memo");
            context.output.replay(outcome.said);
            context.print_timings(self.mode.timings, &clock.timings());
            return Some(());
        }
        let CompileResult::Compiled(compiled, recorder) = self.compile(true) else { return None };
        let (artifacts, mut clock) = self.emit(&compiled, &recorder)?;
        let faults = write::check(context.system, out, &artifacts, &|| self.say_waiting());
        clock.lap("compare");
        let wrong = context.output.print_diagnostics(faults, &compiled.sources);
        context.print_timings(self.mode.timings, &join_timings(&compiled, clock));
        (!wrong).then_some(())
    }

    /// Brings the folder up to date with the wiring, and says what changed.
    pub(crate) fn build(&self, known: CompileResult<'c>) -> Option<BuiltFolder<'c>> {
        let (compiled, recorder) = match known {
            CompileResult::Compiled(compiled, recorder) => (compiled, recorder),
            CompileResult::Remembered(outcome, mut timings) => {
                let folder = self.hold_folder()?;
                let mut clock = Clock::new(self.context.system);
                let unchanged = folder.count_if_untouched(&outcome.manifest, &outcome.shared);
                clock.lap("compare");
                if let Some(unchanged) = unchanged {
                    timings.extend(clock.timings());
                    return Some(self.finish_remembered(folder, unchanged, outcome, timings));
                }
                // It is locked again below, and compiling takes time that others need not wait for.
                drop(folder);
                let CompileResult::Compiled(compiled, recorder) = self.compile(false) else {
                    return None;
                };
                (compiled, recorder)
            }
        };
        let (context, out) = (self.context, &self.out);
        context.output.start_record();
        let emitted = self.emit(&compiled, &recorder);
        let said = context.output.take_record();
        let (artifacts, mut clock) = emitted?;
        context.output.show_progress(&format!("writing {out}"));
        let folder = self.hold_folder()?;
        let staged = match folder.stage(&artifacts, self.mode.force) {
            Ok(staged) => staged,
            Err(faults) => {
                context.output.print_diagnostics(faults, &compiled.sources);
                return None;
            }
        };
        // `wire.lock` is written before anything uses its numbers, but only once the output can be written.
        write_lock(context, &compiled)?;
        if let Some((path, _)) = &compiled.lock {
            recorder.refresh(path);
        }
        let written = context.or_report(staged.commit())?;
        self.report(&written);
        clock.lap("write");
        let plan = compiled.plan.as_ref()?;
        let WiringSummary { enabled, modes } = WiringSummary::of(plan, context.registry);
        if let Some(manifest) = folder.manifest_digest() {
            let shared = artifacts.iter().filter(|(_, artifact)| artifact.shared);
            let shared = shared.map(|(path, _)| path.as_str().to_owned()).collect();
            let outcome = BuildOutcome { manifest, shared, said, enabled, modes };
            let Application { root, name, .. } = &self.application;
            memo::keep(context.system, root, name, &self.memo_key(), recorder, outcome);
        }
        self.stamps.keep(context.system);
        clock.lap("memo");
        context.print_timings(self.mode.timings, &join_timings(&compiled, clock));
        // Freeing a large system takes time, so another thread does it; after `bp build`, the process just ends.
        std::thread::spawn(move || drop((compiled, artifacts)));
        Some(BuiltFolder { folder })
    }

    fn hold_folder(&self) -> Option<OutputFolder<'c>> {
        let (context, stamps) = (self.context, Arc::clone(&self.stamps));
        context.or_report(OutputFolder::hold(context.system, stamps, &self.out, &|| {
            self.say_waiting();
        }))
    }

    /// Finishes with the folder as the last build left it.
    fn finish_remembered(
        &self,
        folder: OutputFolder<'c>,
        unchanged: usize,
        outcome: BuildOutcome,
        mut timings: Vec<Timing>,
    ) -> BuiltFolder<'c> {
        let mut clock = Clock::new(self.context.system);
        self.context.output.replay(outcome.said);
        self.report(&OutputChanges { unchanged, ..OutputChanges::default() });
        self.stamps.keep(self.context.system);
        clock.lap("remember");
        timings.extend(clock.timings());
        self.context.print_timings(self.mode.timings, &timings);
        BuiltFolder { folder }
    }

    fn report(&self, written: &OutputChanges) {
        let (output, out) = (&self.context.output, &self.out);
        if output.verbose {
            let lists = [
                ("new", &written.created),
                ("changed", &written.changed),
                ("removed", &written.removed),
            ];
            for (what, paths) in lists {
                for path in paths {
                    output.say(&format!("{what:8} {}", out.join(path)));
                }
            }
        }
        output.say(&format!(
            "{out}: {} new, {} changed, {} unchanged, {} removed",
            written.created.len(),
            written.changed.len(),
            written.unchanged,
            written.removed.len()
        ));
    }
}

fn join_timings(compiled: &Compiled, clock: Clock<'_>) -> Vec<Timing> {
    compiled.timings.iter().cloned().chain(clock.timings()).collect()
}

/// Identifies this program: by its file's stamp, or by its content if there is no stamp.
fn identify_program(system: &dyn System) -> String {
    let version = env!("CARGO_PKG_VERSION");
    let path = std::env::current_exe().ok().and_then(|p| Utf8PathBuf::from_path_buf(p).ok());
    if let Some(path) = path {
        if let Some(stamp) = system.stamp(&path) {
            return format!("{version} {path} {stamp:?}");
        }
        if let Ok(bytes) = system.read(&path) {
            return format!("{version} {}", Digest::of(&bytes));
        }
    }
    // A program that cannot be identified must not reuse memos, so it gets a key that never occurs again.
    format!("{version} {} {}", std::process::id(), system.now_nanos())
}

/// Writes `wire.lock` where it changed, and says how.
fn write_lock(context: &Context<'_>, compiled: &Compiled) -> Option<()> {
    let Some((path, update)) = compiled.lock.as_ref().filter(|(_, update)| update.changed) else {
        return Some(());
    };
    if let Err(e) = context.system.write_durable(path, update.text.as_bytes()) {
        let fault = bp_diag::catalog::target::cannot_write(path.as_str(), &e.to_string());
        context.output.print_diagnostics(Diagnostics::from_iter([fault]), &compiled.sources);
        return None;
    }
    context.output.say(&format!("{path}: {} numbers added; commit it", update.changes.len()));
    Some(())
}
