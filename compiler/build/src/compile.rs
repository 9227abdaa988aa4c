//! From an application's files to a plan: both front ends, the wire lock, the passes.

use bp_diag::{Diagnostics, SourceMap, Span, catalog};
use bp_ir::Ir;
use bp_lower::{Input, PassObserver, Step, lower};
use bp_plan::Plan;
use bp_plugin::deploy::ImageLock;
use bp_plugin::{PlanContext, Registry};
use bp_system::System;
use bp_wiring::{RuntimeSource, WiringModel};
use bp_workflow::WorkflowModel;
use bp_workflow::wire_lock::{self, LockUpdate};
use camino::{Utf8Path, Utf8PathBuf};

use crate::application::Application;
use crate::memo::{self, WorkflowCache};
use crate::{artifacts, names, paths};

/// How to compile.
#[derive(Debug, Clone, Copy, Default)]
pub struct CompileOptions<'a> {
    /// Whether a changed `wire.lock` is an error.
    pub locked: bool,
    /// Whether to verify the graph after every pass.
    pub verify: bool,
    /// The pass whose graph is to be dumped.
    pub dump_after: Option<&'a str>,
    /// Whether to report images that are not pinned, as commands that check or make files do.
    pub pins: bool,
    /// The targets whose files are to be made; the wiring's enabled ones when empty.
    pub targets: &'a [String],
    /// The folder in which they are to be made; the wiring's own by default.
    pub out: Option<&'a Utf8Path>,
    /// Where the workflow's model is kept between builds, if it is.
    pub workflow_cache: Option<&'a WorkflowCache<'a>>,
}

/// A dump of the graph after a pass.
#[derive(Debug, Clone)]
pub struct Dump {
    /// For people.
    pub text: String,
    /// For programs.
    pub json: serde_json::Value,
}

/// How long a stage took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timing {
    /// The stage's or pass's name.
    pub stage: String,
    /// Nanoseconds of wall time.
    pub nanos: u64,
    /// Nanoseconds of CPU time of the process's threads.
    pub cpu_nanos: u64,
}

/// What came out, and what is wrong.
#[derive(Debug)]
pub struct Compiled {
    /// The application that was compiled.
    pub application: Application,
    /// Every text that was read.
    pub sources: SourceMap,
    /// What the wiring says.
    pub wiring: WiringModel,
    /// The plan; `None` after an error.
    pub plan: Option<Plan>,
    /// The new `wire.lock`, and where it goes.
    pub lock: Option<(Utf8PathBuf, LockUpdate)>,
    /// Everything to tell the user.
    pub diagnostics: Diagnostics,
    /// How long each stage took, in order.
    pub timings: Vec<Timing>,
    /// The dump that was asked for, if its pass exists.
    pub dump: Option<Dump>,
}

impl Compiled {
    /// Where the wiring names the runtime.
    pub fn runtime_span(&self) -> Option<Span> {
        match &self.wiring.app.runtime {
            Some(RuntimeSource::Path(path)) => Some(path.span),
            Some(RuntimeSource::Version(version)) => Some(version.span),
            None => None,
        }
    }
}

/// Measures stages one after another.
#[derive(Debug)]
pub struct Clock<'a> {
    system: &'a dyn System,
    last: (u64, u64),
    timings: Vec<Timing>,
}

impl<'a> Clock<'a> {
    /// Starts measuring: the first stage begins now.
    pub fn new(system: &'a dyn System) -> Self {
        Self { system, last: (system.now_nanos(), system.cpu_nanos()), timings: Vec::new() }
    }

    /// What was measured.
    pub fn timings(self) -> Vec<Timing> {
        self.timings
    }

    /// Ends this stage: it ran from the last call until now.
    pub fn lap(&mut self, stage: &str) {
        let now = (self.system.now_nanos(), self.system.cpu_nanos());
        self.timings.push(Timing {
            stage: stage.to_owned(),
            nanos: now.0.saturating_sub(self.last.0),
            cpu_nanos: now.1.saturating_sub(self.last.1),
        });
        self.last = now;
    }
}

struct PassWatcher<'a, 'b> {
    clock: &'a mut Clock<'b>,
    sources: &'a SourceMap,
    wanted: Option<&'a str>,
    dump: Option<Dump>,
}

impl PassObserver for PassWatcher<'_, '_> {
    fn after(&mut self, step: Step, ir: &Ir) {
        self.clock.lap(&format!("pass {}", step.pass));
        if self.wanted == Some(step.pass) {
            self.dump =
                Some(Dump { text: ir.dump_text(self.sources), json: ir.dump_json(self.sources) });
        }
    }
}

/// Reads and compiles an application under one wiring; writes nothing.
///
/// A stage that finds errors passes on what it has, so that one run reports the faults of both languages.
pub fn compile(
    system: &dyn System,
    registry: &Registry,
    application: Application,
    options: CompileOptions<'_>,
) -> Compiled {
    let mut sources = SourceMap::new();
    let mut clock = Clock::new(system);
    let (wiring, mut diagnostics) =
        bp_wiring::read(system, &mut sources, &registry.grammar(), &application.wiring);
    clock.lap("wiring");
    let workflow = match &wiring.app.workflow {
        Some(folder) => {
            let offered = registry.interface_paths();
            let cache = options.workflow_cache;
            let (model, faults) =
                memo::read_workflow(system, &mut sources, &folder.value, &offered, cache);
            // A fault without a place is about the folder itself, so it is shown where the wiring names it.
            diagnostics.extend(faults.into_iter().map(|fault| match fault.labels.as_slice() {
                [] => fault.at(folder.span, "the workflow's folder"),
                _ => fault,
            }));
            model
        }
        None => WorkflowModel::default(),
    };
    clock.lap("workflow");
    let mut compiled = Compiled {
        application,
        sources,
        wiring,
        plan: None,
        lock: None,
        diagnostics,
        timings: Vec::new(),
        dump: None,
    };
    // Without a workflow every name in the wiring would be reported as unknown, which does not help.
    if compiled.wiring.app.workflow.is_some() {
        lower_and_check(system, registry, &workflow, options, &mut compiled, &mut clock);
    }
    compiled.timings = clock.timings;
    compiled
}

fn lower_and_check(
    system: &dyn System,
    registry: &Registry,
    workflow: &WorkflowModel,
    options: CompileOptions<'_>,
    compiled: &mut Compiled,
    clock: &mut Clock<'_>,
) {
    let (old, faults) = wire_lock::read_lock(system, &mut compiled.sources, &workflow.dir);
    compiled.diagnostics.append(faults);
    let roots = wire_lock::all_roots(workflow);
    let (update, faults) = wire_lock::update(old.as_ref(), workflow, &roots);
    compiled.diagnostics.append(faults);
    let place = workflow.dir.join(wire_lock::FILE_NAME);
    if options.locked && update.changed {
        let fault = catalog::target::lock_would_change(place.as_str(), &update.changes);
        compiled.diagnostics.push(fault);
    }
    clock.lap("wire lock");
    let input = Input {
        workflow,
        wiring: &compiled.wiring,
        registry,
        sources: &compiled.sources,
        wire: &update.table,
        root: compiled.application.root.as_str(),
        verify: options.verify,
    };
    let mut watch =
        PassWatcher { clock, sources: &compiled.sources, wanted: options.dump_after, dump: None };
    let lowered = lower(&input, &mut watch);
    compiled.dump = watch.dump;
    clock.lap("plan");
    let unread = compiled.diagnostics.iter().any(|d| d.code.hides_names());
    let faulty = compiled.diagnostics.has_errors() || lowered.diagnostics.has_errors();
    // Faults that only follow from an unreadable or wrong part are not reported.
    let told = lowered
        .diagnostics
        .into_iter()
        .filter(|d| !(unread && d.code.id.is_core("BP3") || faulty && d.code.id.is_core("BP8")));
    compiled.diagnostics.extend(told);
    if let (Some(plan), false) = (&lowered.plan, faulty) {
        check_plan(system, registry, workflow, options, plan, compiled);
        clock.lap("check");
    }
    compiled.plan = lowered.plan.filter(|_| !compiled.diagnostics.has_errors());
    compiled.lock = Some((place, update));
}

/// Lets every plugin in use check the plan that it writes files from, so that `bp check` reports what `bp build` would.
fn check_plan(
    system: &dyn System,
    registry: &Registry,
    workflow: &WorkflowModel,
    options: CompileOptions<'_>,
    plan: &Plan,
    compiled: &mut Compiled,
) {
    let application = &compiled.application;
    let own = application.output();
    let place = paths::locate_output(system, &application.root, options.out.unwrap_or(&own));
    let mut faults = Diagnostics::new();
    let images = options.pins.then(|| {
        artifacts::read_image_lock(system, application).unwrap_or_else(|fault| {
            faults.push(fault);
            ImageLock::default()
        })
    });
    let mut cx = PlanContext {
        plugin: None,
        plan,
        output: &place,
        images: images.as_ref(),
        workflow,
        wiring: &compiled.wiring,
        diagnostics: &mut faults,
    };
    names::check(&mut cx);
    for plugin in artifacts::find_emitting(plan, registry, options.targets) {
        cx.plugin = Some(plugin);
        plugin.hooks.run_check_plan(&mut cx);
    }
    compiled.diagnostics.append(faults);
}
