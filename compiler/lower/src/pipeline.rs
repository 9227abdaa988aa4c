//! The order of passes, and running them.

use std::sync::Arc;

use bp_diag::{Diagnostics, catalog};
use bp_ir::{Ir, VerifyStage, verify};
use bp_plan::Plan;
use bp_plugin::{EntrySpans, FillContext, Pass, PassContext, Registry, Stage, guard};

use crate::input::Input;
use crate::resolved_table::ResolvedTables;
use crate::{address, analyse, bind, check, group, plan, replicas, tables, transport, wrap};

/// What comes out.
#[derive(Debug)]
pub struct Lowered {
    /// The graph after the last pass.
    pub ir: Ir,
    /// The plan; `None` after an error.
    pub plan: Option<Plan>,
    /// What is wrong.
    pub diagnostics: Diagnostics,
}

/// A pass that is about to run, or has run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// The pass's name.
    pub pass: &'static str,
    /// Its stage.
    pub stage: Stage,
}

/// Watches the passes, to time and dump them.
pub trait PassObserver {
    /// A pass is about to run.
    fn before(&mut self, _step: Step) {}

    /// A pass has run.
    fn after(&mut self, _step: Step, _ir: &Ir) {}
}

/// Watches nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoObserver;

impl PassObserver for NoObserver {}

/// A pass and the plugin it belongs to; the compiler's own belong to `bp`.
struct OwnedPass {
    plugin: &'static str,
    pass: Box<dyn Pass>,
}

/// Lowers the models into a graph, runs every pass, and builds the plan.
pub fn lower(input: &Input<'_>, observe: &mut dyn PassObserver) -> Lowered {
    let mut diagnostics = Diagnostics::new();
    let mut ir = Ir::new();
    let mut last = "lower";
    let Input { registry, wiring, workflow, .. } = *input;
    let resolved = Arc::new(ResolvedTables::new(registry, wiring, workflow));
    let passes = sort_passes(registry, Some(resolved.clone()), &mut diagnostics);
    for OwnedPass { plugin, pass } in passes {
        let step = Step { pass: pass.name(), stage: pass.stage() };
        observe.before(step);
        let outcome = guard(plugin, || {
            pass.run(&mut PassContext {
                ir: &mut ir,
                workflow,
                wiring,
                declarations: registry,
                sources: input.sources,
                diagnostics: &mut diagnostics,
            });
        });
        if let Err(panicked) = outcome {
            diagnostics.push(panicked);
        }
        observe.after(step, &ir);
        if input.verify {
            check_graph(&ir, step, &mut diagnostics);
        }
        last = step.pass;
    }
    let tables = tables::read_tables(input, &resolved, &ir, &mut diagnostics);
    // The graph is complete now, and both closures only read it.
    let good = !diagnostics.has_errors();
    let (broken, plan) = rayon::join(
        || if good && !input.verify { verify(&ir, VerifyStage::Addressed) } else { Vec::new() },
        || good.then(|| plan::build(input, &ir, &tables)),
    );
    for broken in &broken {
        diagnostics.push(catalog::internal::graph_inconsistent(last, broken));
    }
    let plan = plan.filter(|_| broken.is_empty());
    let plan = plan.and_then(|mut plan| {
        let filled = fill(input, &ir, &mut plan, &tables.spans, &mut diagnostics);
        analyse::analyse(&plan, &ir, &mut diagnostics);
        filled.then_some(plan)
    });
    Lowered { ir, plan, diagnostics }
}

/// Lets every plugin fill in what others read of the plan, in use or not; tells whether all could.
fn fill(
    input: &Input<'_>,
    ir: &Ir,
    plan: &mut Plan,
    spans: &EntrySpans,
    diagnostics: &mut Diagnostics,
) -> bool {
    let mut faults = Diagnostics::new();
    let mut multiplied = replicas::find_multiplied(plan);
    for plugin in input.registry.plugins().filter(|plugin| plugin.hooks.fill.is_some()) {
        let cx = FillContext { plugin, plan: &mut *plan, spans, diagnostics: &mut faults };
        plugin.hooks.run_fill(cx);
        let before = std::mem::replace(&mut multiplied, replicas::find_multiplied(plan));
        for process in multiplied.difference(&before) {
            let models = (ir, input.wiring);
            replicas::report_multiplied(plan, models, (plugin.id, process), spans, &mut faults);
        }
    }
    let filled = !faults.has_errors();
    diagnostics.append(faults);
    filled
}

/// The names of the passes in the order in which they run.
pub fn pass_names(registry: &Registry) -> Vec<&'static str> {
    sort_passes(registry, None, &mut Diagnostics::new()).iter().map(|p| p.pass.name()).collect()
}

/// The passes in the order in which they run, for tests that run them one by one.
pub fn ordered_passes(registry: &Registry) -> Vec<Box<dyn Pass>> {
    sort_passes(registry, None, &mut Diagnostics::new()).into_iter().map(|o| o.pass).collect()
}

/// The compiler's passes and the plugins', by stage, then by what comes after what, then by name.
fn sort_passes(
    registry: &Registry,
    tables: Option<Arc<ResolvedTables>>,
    diagnostics: &mut Diagnostics,
) -> Vec<OwnedPass> {
    let own: [Box<dyn Pass>; 6] = [
        Box::new(bind::Bind(registry.clone())),
        Box::new(group::Group),
        Box::new(wrap::Wrap(registry.clone())),
        Box::new(transport::Transport(registry.clone())),
        Box::new(address::Address),
        Box::new(check::Check { registry: registry.clone(), tables }),
    ];
    let mut waiting: Vec<OwnedPass> =
        own.into_iter().map(|pass| OwnedPass { plugin: "bp", pass }).collect();
    for plugin in registry.plugins() {
        let (id, Some(passes)) = (plugin.id, plugin.hooks.passes) else { continue };
        match guard(id, passes) {
            Ok(passes) => {
                waiting.extend(passes.into_iter().map(|pass| OwnedPass { plugin: id, pass }));
            }
            Err(panicked) => diagnostics.push(panicked),
        }
    }
    // The compiler's own pass of a stage comes before the plugins' of that stage.
    waiting.sort_by_key(|o| (o.pass.stage(), o.plugin != "bp", o.pass.name()));
    let mut sorted: Vec<OwnedPass> = Vec::new();
    while !waiting.is_empty() {
        let stage = waiting.iter().map(|o| o.pass.stage()).min();
        let ready = waiting
            .iter()
            .position(|o| {
                Some(o.pass.stage()) == stage
                    && !o.pass.after().iter().any(|name| {
                        waiting
                            .iter()
                            .any(|w| w.pass.name() == *name && Some(w.pass.stage()) == stage)
                    })
            })
            // Passes that wait for each other run in the order of their names.
            .unwrap_or(0);
        sorted.push(waiting.remove(ready));
    }
    sorted
}

/// Reports what the verifier finds; after an error the graph may be incomplete, so nothing is said.
fn check_graph(ir: &Ir, step: Step, diagnostics: &mut Diagnostics) {
    if diagnostics.has_errors() {
        return;
    }
    let depth = match step.stage {
        Stage::Bind => VerifyStage::Bound,
        Stage::Group | Stage::Wrap => VerifyStage::Grouped,
        Stage::Transport => VerifyStage::Transported,
        Stage::Address | Stage::Place | Stage::Check => VerifyStage::Addressed,
    };
    for broken in verify(ir, depth) {
        diagnostics.push(catalog::internal::graph_inconsistent(step.pass, &broken));
    }
}
