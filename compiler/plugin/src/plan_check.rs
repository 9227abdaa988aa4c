//! Checks of a whole plan: names in the output that outsiders see, and settings that depend on each other.

use std::borrow::Cow;
use std::collections::BTreeMap;

use bp_contract::setting::Settings;
use bp_diag::{Diagnostic, Diagnostics, PluginCode, Severity, Span, catalog};
use bp_plan::Plan;
use bp_wiring::WiringModel;
use bp_workflow::WorkflowModel;

use crate::deploy::{ImageLock, OutputLocation};
use crate::{Declaration, NameSource};

/// A name in the output, and what it is made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputName<'a> {
    /// The name, as the namespace compares it.
    pub name: Cow<'a, str>,
    /// What it is made from.
    pub of: NameSource<'a>,
    /// Which part of it, if the name is not for the thing itself: "the entry of".
    pub part: &'static str,
}

impl<'a> OutputName<'a> {
    /// The name of a declared thing itself.
    pub fn new(name: impl Into<Cow<'a, str>>, of: NameSource<'a>) -> Self {
        Self { name: name.into(), of, part: "" }
    }

    /// The name of something that belongs to a declared thing: `part` is "the entry of".
    pub fn part(name: impl Into<Cow<'a, str>>, part: &'static str, of: NameSource<'a>) -> Self {
        Self { name: name.into(), of, part }
    }

    /// In words; with whole paths if two things have the same name.
    fn describe(&self, whole: bool) -> String {
        let of = if whole { format!("{:#}", self.of) } else { self.of.to_string() };
        if self.part.is_empty() { of } else { format!("{} {of}", self.part) }
    }
}

/// What a plugin sees and reports to while it checks a whole plan.
#[derive(Debug)]
pub struct PlanContext<'a> {
    /// The plugin that checks; none while the compiler itself does.
    pub plugin: Option<&'static Declaration>,
    /// The plan.
    pub plan: &'a Plan,
    /// Where the output folder will be.
    pub output: &'a OutputLocation,
    /// The digests of images; `None` for commands that do not need pinned images, such as the one that pins them.
    pub images: Option<&'a ImageLock>,
    /// What the workflow declares; for places in it.
    pub workflow: &'a WorkflowModel,
    /// What the wiring says; for places in it.
    pub wiring: &'a WiringModel,
    /// Where diagnostics go.
    pub diagnostics: &'a mut Diagnostics,
}

impl PlanContext<'_> {
    /// The target's own settings; `None` if the plugin is not a target that the plan enables.
    pub fn target_settings<S: Settings>(&self) -> Option<S> {
        self.plan.targets.get(self.plugin?.id)?.read()
    }

    pub(crate) fn plugin_id(&self) -> &'static str {
        self.plugin.map_or("bp", |plugin| plugin.id)
    }

    /// Where something is declared; nothing for what `bp` adds.
    pub fn span(&self, declared: &NameSource<'_>) -> Option<Span> {
        declared.span(self.workflow, self.wiring)
    }

    /// Reports that something declared does not fit the rest of the plan, and what to write instead.
    pub fn complain(&mut self, of: &NameSource<'_>, message: &str, help: &str) {
        let (plugin, span) = (self.plugin_id(), self.span(of));
        self.diagnostics.push(catalog::policy::settings_disagree(plugin, message, help, span));
    }

    /// A fault with a code of the plugin's own, where something is declared: for one that gets notes, labels or a fix before it is pushed to `diagnostics`.
    pub fn fault(
        &self,
        code: &PluginCode,
        of: &NameSource<'_>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Diagnostic {
        let span = self.span(of);
        catalog::plugin::reported(self.plugin_id(), code, Severity::Error, message, help, span)
    }

    /// Reports an error with a code of the plugin's own, where something is declared, and what to write instead.
    pub fn report(
        &mut self,
        code: &PluginCode,
        of: &NameSource<'_>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        let fault = self.fault(code, of, message, help);
        self.diagnostics.push(fault);
    }

    /// Reports each name that two things in one namespace would share.
    ///
    /// `kind` says what is named: "gRPC method of `leaf.Notes`".
    /// One thing may claim the same name twice.
    pub fn report_clashes<'n>(
        &mut self,
        kind: &str,
        names: impl IntoIterator<Item = OutputName<'n>>,
    ) {
        let mut taken: BTreeMap<Cow<'n, str>, Vec<OutputName<'n>>> = BTreeMap::new();
        for named in names {
            let owners = taken.entry(named.name.clone()).or_default();
            if !owners.iter().any(|other| (other.of, other.part) == (named.of, named.part)) {
                owners.push(named);
            }
        }
        for (name, owners) in taken {
            if let [first, second, ..] = owners.as_slice() {
                let fault = self.describe_clash(kind, &name, first, second);
                self.diagnostics.push(fault);
            }
        }
    }

    fn describe_clash(
        &self,
        kind: &str,
        name: &str,
        first: &OutputName<'_>,
        second: &OutputName<'_>,
    ) -> Diagnostic {
        // What the user can rename comes first: the label that is shown as the fault's place.
        let (first, second) =
            if self.span(&first.of).is_none() { (second, first) } else { (first, second) };
        let whole = first.describe(false) == second.describe(false);
        catalog::binding::name_taken(
            kind,
            name,
            (&first.describe(whole), self.span(&first.of)),
            (&second.describe(whole), self.span(&second.of)),
        )
    }
}
