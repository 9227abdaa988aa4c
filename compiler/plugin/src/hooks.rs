//! What a plugin does: functions for what its declaration cannot say.

use bp_plan::Plan;

use crate::{ArtifactContext, CheckContext, Description, FillContext, Pass, PlanContext, guard};

/// Checks settings, and reports what is wrong.
pub type CheckSettings = fn(&mut CheckContext<'_>);

/// Makes the passes of a plugin.
pub type MakePasses = fn() -> Vec<Box<dyn Pass>>;

/// The functions of a plugin; most have few or none.
#[derive(Debug, Clone, Copy)]
pub struct Hooks {
    /// Checks settings beyond their types, bounds, words and rules; called once for every place that sets any.
    pub check: Option<CheckSettings>,
    /// The same for entries of tables and keys that the plugin owns, by the table's name.
    pub check_entries: &'static [(&'static str, CheckSettings)],
    /// Checks the whole plan, if the plugin is in use: names that outsiders see, and settings that depend on each other.
    pub check_plan: Option<fn(&mut PlanContext<'_>)>,
    /// Fills in what several plugins read of the plan: how many replicas run, which images containers run. Called once, before analyses and targets, whether or not the wiring names the plugin.
    pub fill: Option<fn(&mut FillContext<'_>)>,
    /// Passes that it adds to the compiler's own.
    pub passes: Option<MakePasses>,
    /// Describes the services that it carries, for clients that others write: a file, and, if its runtime half needs it, a part of the run plan.
    pub describe: Option<fn(&Plan) -> Option<Description>>,
    /// Adds files, by paths relative to the wiring's output folder: transports may add interface descriptions, targets add everything.
    pub artifacts: Option<fn(&mut ArtifactContext<'_>)>,
}

impl Hooks {
    /// Those of a plugin that is data alone.
    pub const NONE: Self = Self {
        check: None,
        check_entries: &[],
        check_plan: None,
        fill: None,
        passes: None,
        describe: None,
        artifacts: None,
    };

    /// What checks settings: those of the plugin, or those of an entry of its table with this name.
    pub fn find_check(&self, table: Option<&str>) -> Option<CheckSettings> {
        let Some(table) = table else { return self.check };
        self.check_entries.iter().find(|(name, _)| *name == table).map(|(_, check)| *check)
    }

    /// Checks the settings of one place: by the rules of the plugin's settings, then by its hook.
    ///
    /// A panic becomes a diagnostic that names the plugin.
    pub fn run_check(&self, mut cx: CheckContext<'_>) {
        cx.check_rules();
        self.run_check_hook(cx);
    }

    /// Checks settings by the hook alone, where their rules were run at another place.
    pub fn run_check_hook(&self, mut cx: CheckContext<'_>) {
        if let Some(check) = self.find_check(cx.entry.map(|entry| entry.table.name))
            && let Err(panicked) = guard(cx.plugin.id, || check(&mut cx))
        {
            cx.diagnostics.push(panicked);
        }
    }

    /// Lets the plugin that the context names check the plan; a panic becomes a diagnostic that names it.
    pub fn run_check_plan(&self, cx: &mut PlanContext<'_>) {
        if let Some(check) = self.check_plan
            && let Err(panicked) = guard(cx.plugin_id(), || check(cx))
        {
            cx.diagnostics.push(panicked);
        }
    }

    /// Lets the plugin fill in the plan; a panic becomes a diagnostic that names it.
    pub fn run_fill(&self, mut cx: FillContext<'_>) {
        if let Some(fill) = self.fill
            && let Err(panicked) = guard(cx.plugin.id, || fill(&mut cx))
        {
            cx.diagnostics.push(panicked);
        }
    }
}
