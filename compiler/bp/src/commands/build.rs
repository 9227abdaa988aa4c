//! `bp build`, and the building that `run` and `test` begin with.

use std::sync::Arc;

use bp_diag::Diagnostics;
use bp_driver::memo::{self, BuildKey, BuildOutcome, Recorder};
use bp_driver::write::{self, OutputChanges, OutputFolder};
use bp_driver::{
    Application, BuildInput, Clock, CompileOptions, Compiled, Digest, Plan, Stamps, Timing,
    artifacts,
};
use bp_emit::Artifacts;
use bp_system::System;
use camino::Utf8PathBuf;

use super::Context;
use crate::cli::{Build, TimingsForm};

pub(crate) fn run(context: &Context<'_>, arguments: &Build) -> Option<()> {
    let application =
        context.good(Application::find(context.system, arguments.wiring.as_deref()))?;
    let out = arguments.out.as_ref().map_or_else(|| application.output(), Utf8PathBuf::from);
    let mode =
        Mode { targets: &arguments.targets, force: arguments.force, timings: arguments.timings };
    if arguments.check {
        // What is compared is what is on the disk, whatever is remembered of it.
        return Job::new(context, application, out, mode, Stamps::none()).check();
    }
    let job = Job::stamped(context, application, out, mode);
    let known = job.known();
    job.build(known).map(|_| ())
}

/// How to build.
#[derive(Debug, Default)]
pub(crate) struct Mode<'a> {
    pub(crate) targets: &'a [String],
    pub(crate) force: bool,
    pub(crate) timings: Option<TimingsForm>,
}

/// One wiring on its way into one folder.
#[derive(Debug)]
pub(crate) struct Job<'j, 'c> {
    context: &'j Context<'c>,
    application: Application,
    out: Utf8PathBuf,
    mode: Mode<'j>,
    stamps: Arc<Stamps>,
    /// Which program this is.
    program: String,
    /// How messages are printed, and whatever else decides the outcome.
    options: Vec<String>,
}

/// What is known of a job before anything is written.
#[derive(Debug)]
pub(crate) enum Known<'c> {
    /// The outcome of the last build, which had the same input.
    Remembered(BuildOutcome, Vec<Timing>),
    Compiled(Box<Compiled>, Recorder<'c>),
}

/// What a wiring has, as far as it decides what can be done with it.
#[derive(Debug)]
pub(crate) struct About {
    /// The targets that it enables.
    pub(crate) enabled: Vec<String>,
    /// How many smoke calls it lists.
    pub(crate) smoke_calls: usize,
}

impl About {
    fn of(plan: &Plan) -> Self {
        Self { enabled: plan.targets.keys().cloned().collect(), smoke_calls: plan.smoke.len() }
    }
}

impl Known<'_> {
    /// What the wiring has; nothing without a plan.
    pub(crate) fn about(&self) -> Option<About> {
        match self {
            Self::Remembered(outcome, _) => {
                let BuildOutcome { enabled, smoke_calls, .. } = outcome;
                Some(About { enabled: enabled.clone(), smoke_calls: *smoke_calls })
            }
            Self::Compiled(compiled, _) => compiled.plan.as_ref().map(About::of),
        }
    }
}

/// A folder that holds a whole build; nobody else writes to it until it is dropped.
#[derive(Debug)]
pub(crate) struct Built<'c> {
    pub(crate) folder: OutputFolder<'c>,
}

impl<'j, 'c> Job<'j, 'c> {
    fn new(
        context: &'j Context<'c>,
        application: Application,
        out: Utf8PathBuf,
        mode: Mode<'j>,
        stamps: Stamps,
    ) -> Self {
        let options = vec![context.output.form(), context.verify.to_string()];
        let program = program(context.system);
        Self { context, application, out, mode, stamps: Arc::new(stamps), program, options }
    }

    /// A job that takes the content of files with known stamps as known.
    pub(crate) fn stamped(
        context: &'j Context<'c>,
        application: Application,
        out: Utf8PathBuf,
        mode: Mode<'j>,
    ) -> Self {
        let stamps = memo::load_stamps(context.system, &application.root, &application.name);
        Self::new(context, application, out, mode, stamps)
    }

    fn key(&self) -> BuildKey<'_> {
        BuildKey {
            compiler: &self.program,
            wiring: self.application.wiring.as_str(),
            out: self.out.as_str(),
            targets: self.mode.targets,
            options: &self.options,
        }
    }

    /// What came of the last build, if all its input is the same.
    fn recall(&self) -> Option<BuildOutcome> {
        let Application { root, name, .. } = &self.application;
        memo::recall(self.context.system, &self.stamps, root, name, &self.key())
    }

    /// What is remembered, or else what compiling says; diagnostics are not printed yet.
    pub(crate) fn known(&self) -> Known<'c> {
        let mut clock = Clock::new(self.context.system);
        if let Some(outcome) = self.recall() {
            clock.lap("memo");
            return Known::Remembered(outcome, clock.timings());
        }
        self.compile(false)
    }

    fn compile(&self, locked: bool) -> Known<'c> {
        let recorder = Recorder::new(self.context.system, Arc::clone(&self.stamps));
        let application = self.application.clone();
        let Application { root, name, .. } = &self.application;
        let shelf = memo::workflow_cache(self.context.system, root, name, &self.program);
        // To compare is not to write, not even what is remembered.
        let shelf = Some(&shelf).filter(|_| !locked);
        let (targets, out) = (self.mode.targets, Some(self.out.as_path()));
        let pins = true;
        let options =
            CompileOptions { locked, pins, shelf, targets, out, ..CompileOptions::default() };
        let compiled = self.context.compile_on(&recorder, application, options);
        Known::Compiled(Box::new(compiled), recorder)
    }

    /// Says that another `bp` is to be waited for.
    fn waiting(&self) {
        let out = &self.out;
        self.context.output.say(&format!("{out}: another bp writes there; waiting for it"));
    }

    /// What a compiled wiring produces, and the clock after that.
    fn emit(&self, compiled: &Compiled, system: &dyn System) -> Option<(Artifacts, Clock<'c>)> {
        let (context, out) = (self.context, &self.out);
        let Some(plan) = context.plan(compiled) else {
            context.timings(self.mode.timings, &compiled.timings);
            return None;
        };
        context.output.progress(&format!("making the files of {out}"));
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
        let (artifacts, faults) = artifacts(plan, &input);
        clock.lap("emit");
        let wrong = context.output.diagnostics(faults.sorted(), &compiled.sources);
        (!wrong).then_some((artifacts, clock))
    }

    /// Says what differs, and writes nothing.
    fn check(&self) -> Option<()> {
        let (context, out) = (self.context, self.out.as_path());
        let mut clock = Clock::new(context.system);
        if let Some(outcome) = self.recall()
            && write::is_untouched(context.system, out, &outcome, &|| self.waiting())
        {
            clock.lap("memo");
            context.output.replay(outcome.said);
            context.timings(self.mode.timings, &clock.timings());
            return Some(());
        }
        let Known::Compiled(compiled, recorder) = self.compile(true) else { return None };
        let (artifacts, mut clock) = self.emit(&compiled, &recorder)?;
        let faults = write::check(context.system, out, &artifacts, &|| self.waiting());
        clock.lap("compare");
        let wrong = context.output.diagnostics(faults, &compiled.sources);
        context.timings(self.mode.timings, &joined(&compiled, clock));
        (!wrong).then_some(())
    }

    /// Makes the folder hold everything of the wiring, and says what changed.
    pub(crate) fn build(&self, known: Known<'c>) -> Option<Built<'c>> {
        let (compiled, recorder) = match known {
            Known::Compiled(compiled, recorder) => (compiled, recorder),
            Known::Remembered(outcome, mut timings) => {
                let folder = self.hold()?;
                let mut clock = Clock::new(self.context.system);
                let unchanged = folder.untouched(&outcome.manifest, &outcome.shared);
                clock.lap("compare");
                if let Some(unchanged) = unchanged {
                    timings.extend(clock.timings());
                    return Some(self.remembered(folder, unchanged, outcome, timings));
                }
                drop(folder);
                let Known::Compiled(compiled, recorder) = self.compile(false) else { return None };
                (compiled, recorder)
            }
        };
        let (context, out) = (self.context, &self.out);
        context.output.start_record();
        let emitted = self.emit(&compiled, &recorder);
        let said = context.output.take_record();
        let (artifacts, mut clock) = emitted?;
        context.output.progress(&format!("writing {out}"));
        let folder = self.hold()?;
        let staged = match folder.stage(&artifacts, self.mode.force) {
            Ok(staged) => staged,
            Err(faults) => {
                context.output.diagnostics(faults, &compiled.sources);
                return None;
            }
        };
        // The numbers are kept before anything uses them, and only once the output can be written.
        write_lock(context, &compiled)?;
        if let Some((path, _)) = &compiled.lock {
            recorder.refresh(path);
        }
        let written = context.good(staged.commit())?;
        self.say(&written);
        clock.lap("write");
        let plan = compiled.plan.as_ref()?;
        let About { enabled, smoke_calls } = About::of(plan);
        if let Some(manifest) = folder.manifest_digest() {
            let shared = artifacts.iter().filter(|(_, artifact)| artifact.shared);
            let shared = shared.map(|(path, _)| path.as_str().to_owned()).collect();
            let outcome = BuildOutcome { manifest, shared, said, enabled, smoke_calls };
            let Application { root, name, .. } = &self.application;
            memo::keep(context.system, root, name, &self.key(), recorder, outcome);
        }
        self.stamps.keep(context.system);
        clock.lap("memo");
        context.timings(self.mode.timings, &joined(&compiled, clock));
        // A large system is taken apart beside what comes next, which after a build is the end.
        std::thread::spawn(move || drop((compiled, artifacts)));
        Some(Built { folder })
    }

    fn hold(&self) -> Option<OutputFolder<'c>> {
        let (context, stamps) = (self.context, Arc::clone(&self.stamps));
        context.good(OutputFolder::hold(context.system, stamps, &self.out, &|| self.waiting()))
    }

    /// The folder as the last build left it.
    fn remembered(
        &self,
        folder: OutputFolder<'c>,
        unchanged: usize,
        outcome: BuildOutcome,
        mut timings: Vec<Timing>,
    ) -> Built<'c> {
        let mut clock = Clock::new(self.context.system);
        self.context.output.replay(outcome.said);
        self.say(&OutputChanges { unchanged, ..OutputChanges::default() });
        self.stamps.keep(self.context.system);
        clock.lap("remember");
        timings.extend(clock.timings());
        self.context.timings(self.mode.timings, &timings);
        Built { folder }
    }

    fn say(&self, written: &OutputChanges) {
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

fn joined(compiled: &Compiled, clock: Clock<'_>) -> Vec<Timing> {
    compiled.timings.iter().cloned().chain(clock.timings()).collect()
}

/// Which program this is: its file's stamp, or its content where there is none.
fn program(system: &dyn System) -> String {
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
    // A program that cannot be told from another remembers nothing: nobody has this key again.
    format!("{version} {} {}", std::process::id(), system.now_nanos())
}

/// Writes `wire.lock` where it changed, and says how.
fn write_lock(context: &Context<'_>, compiled: &Compiled) -> Option<()> {
    let Some((path, update)) = compiled.lock.as_ref().filter(|(_, update)| update.changed) else {
        return Some(());
    };
    if let Err(e) = context.system.write_durable(path, update.text.as_bytes()) {
        let fault = bp_diag::catalog::target::cannot_write(path.as_str(), &e.to_string());
        context.output.diagnostics(Diagnostics::from_iter([fault]), &compiled.sources);
        return None;
    }
    context.output.say(&format!("{path}: {} numbers added; commit it", update.changes.len()));
    Some(())
}
