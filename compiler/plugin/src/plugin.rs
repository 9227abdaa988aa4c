//! The plugin trait: metadata, and hooks for what metadata cannot say.

use std::fmt;

use bp_diag::{Diagnostic, Diagnostics, PluginCode, Severity, SourceMap, Span, catalog};
use bp_emit::Artifacts;
use bp_plan::{EdgeClass, Plan, Settings};

use crate::deploy::{ImageLock, OutputLocation};
use crate::{Metadata, Neighbours, Pass, PlaceInterface, PlanContext, Value, guard};

/// A wrapper, transport, backend or target, at compile time.
///
/// Every hook is called under a guard: a panic becomes a diagnostic that names the plugin.
pub trait Plugin: fmt::Debug + Send + Sync {
    /// What it is.
    fn metadata(&self) -> &Metadata;

    /// Checks settings beyond types, bounds, words and declared orders; called once for every place that sets any.
    fn check(&self, _cx: &mut CheckContext<'_>) {}

    /// Checks the whole plan, if the plugin is in use: names that outsiders see, and settings that depend on each other.
    fn check_plan(&self, _cx: &mut PlanContext<'_>) {}

    /// Passes that it adds to the compiler's own.
    fn passes(&self) -> Vec<Box<dyn Pass>> {
        Vec::new()
    }

    /// Describes the services that it carries, for clients that others write: a file, and, if its runtime half needs it, a part of the run plan.
    fn describe(&self, _plan: &Plan) -> Option<Description> {
        None
    }

    /// Adds files: transports may add interface descriptions, targets add everything.
    ///
    /// Paths are relative to the wiring's output folder.
    fn artifacts(&self, _cx: &mut ArtifactContext<'_>) {}
}

impl Plugin for Metadata {
    fn metadata(&self) -> &Metadata {
        self
    }
}

/// What a plugin sees and reports to while it checks the settings of one place.
#[derive(Debug)]
pub struct CheckContext<'a> {
    /// The plugin's id.
    pub plugin: &'static str,
    /// The place: `frontend->cart`, `cart_db`, `target process`.
    pub place: &'a str,
    /// The class of the edge, if the place is one.
    pub class: Option<EdgeClass>,
    /// The interface of the place; nothing for targets.
    pub interface: Option<&'a PlaceInterface<'a>>,
    /// What else is at the place.
    pub neighbours: &'a Neighbours<'a>,
    /// The arguments of each method that a transport carries; nothing for other plugins.
    pub arguments: &'a std::collections::BTreeMap<String, Vec<String>>,
    /// The settings, defaults filled in.
    pub settings: &'a Settings,
    /// Where each setting was written, by dotted path; settings at their default have none.
    pub spans: &'a std::collections::BTreeMap<String, Span>,
    /// Where the plugin's key was written.
    pub span: Option<Span>,
    /// Where diagnostics go.
    pub diagnostics: &'a mut Diagnostics,
}

impl CheckContext<'_> {
    /// Checks the settings of one place: the orders that the plugin declares, then what it checks itself.
    ///
    /// A panic becomes a diagnostic that names the plugin.
    pub fn run(mut self, plugin: &dyn Plugin) {
        for (low, high) in plugin.metadata().ordered {
            if let (Some(least), Some(most)) = (self.settings.get(low), self.settings.get(high))
                && is_greater(least, most)
            {
                self.complain(
                    low,
                    format!("`{low}` is greater than `{high}`"),
                    format!("lower `{low}` or raise `{high}`"),
                );
            }
        }
        if let Err(panicked) = guard(self.plugin, || plugin.check(&mut self)) {
            self.diagnostics.push(panicked);
        }
    }

    /// The place where a setting was written; the key's own when the setting is at its default.
    pub fn span_of(&self, path: &str) -> Option<Span> {
        self.spans.get(path).copied().or(self.span)
    }

    /// A fault with a code of the plugin's own, at a setting: for one that gets notes, labels or a fix before it is pushed to `diagnostics`.
    pub fn fault(
        &self,
        code: &PluginCode,
        path: &str,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Diagnostic {
        let span = self.span_of(path);
        catalog::plugin::reported(self.plugin, code, Severity::Error, message, help, span)
    }

    /// Reports an error with a code of the plugin's own, at a setting, and what to write instead.
    pub fn report(
        &mut self,
        code: &PluginCode,
        path: &str,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        let fault = self.fault(code, path, message, help);
        self.diagnostics.push(fault);
    }

    /// Like [`CheckContext::report`], as a warning.
    pub fn warn(
        &mut self,
        code: &PluginCode,
        path: &str,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        let fault = self.fault(code, path, message, help);
        self.diagnostics.push(Diagnostic { severity: Severity::Warning, ..fault });
    }

    /// Reports with the code of `plugin` that has a name, as rules know it that both halves of a plugin run.
    ///
    /// Without a name it is like [`CheckContext::complain`]; also with a name that the plugin does not declare, which a note then says.
    pub fn complain_with(
        &mut self,
        plugin: &Metadata,
        code: Option<&str>,
        path: &str,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        match code.map(|name| (name, plugin.find_code(name))) {
            Some((_, Some(code))) => self.report(code, path, message, help),
            Some((name, None)) => {
                let note = format!("`{}` does not declare the code `{name}`", self.plugin);
                let fault = self.disagreement(path, message, help).note(note);
                self.diagnostics.push(fault);
            }
            None => self.complain(path, message, help),
        }
    }

    /// Reports that settings do not make sense, and what to write instead.
    pub fn complain(&mut self, path: &str, message: impl Into<String>, help: impl Into<String>) {
        let fault = self.disagreement(path, message, help);
        self.diagnostics.push(fault);
    }

    fn disagreement(
        &self,
        path: &str,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Diagnostic {
        catalog::policy::settings_disagree(
            self.plugin,
            &message.into(),
            &help.into(),
            self.span_of(path),
        )
    }
}

/// Whether one value is greater than another of its type; values of different types, and references, have no order.
fn is_greater(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Duration(left), Value::Duration(right)) => left > right,
        (Value::Size(left), Value::Size(right)) => left > right,
        (Value::Integer(left), Value::Integer(right)) => left > right,
        (Value::Float(left), Value::Float(right)) => left > right,
        _ => false,
    }
}

/// A transport's description of the services that it carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description {
    /// The file, relative to the wiring's output folder.
    pub path: String,
    /// What it says.
    pub text: String,
    /// Whether the runtime half is given the text too, when it serves a listener.
    pub at_run_time: bool,
}

/// What a plugin sees and reports to while it writes files.
#[derive(Debug)]
pub struct ArtifactContext<'a> {
    /// The system.
    pub plan: &'a Plan,
    /// The run plan as text, to be embedded or written as a file.
    pub run_plan: &'a str,
    /// Texts behind spans.
    pub sources: &'a SourceMap,
    /// Where the output folder is.
    pub place: &'a OutputLocation,
    /// The digests of images.
    pub images: &'a ImageLock,
    /// Where files go.
    pub artifacts: &'a mut Artifacts,
    /// Where diagnostics go.
    pub diagnostics: &'a mut Diagnostics,
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use bp_diag::SourceMap;

    use super::*;
    use crate::{ClientSlot, Reach};

    const TOO_LATE: PluginCode = PluginCode::new("too-late", "it comes too late", "");
    static LATE: Metadata =
        Metadata::wrapper("late", ClientSlot::Cap, Reach::Call, "Waits.").codes(&[TOO_LATE]);

    #[test]
    fn faults_are_reported_with_the_code_that_is_named_if_it_is_declared() {
        let mut sources = SourceMap::new();
        let file = sources.add("a.toml", "late = 1");
        let at = Span::new(file, 0, 4);
        let mut diagnostics = Diagnostics::new();
        let mut cx = CheckContext {
            plugin: LATE.id,
            place: "a->b",
            class: None,
            interface: None,
            neighbours: &Neighbours::default(),
            arguments: &BTreeMap::new(),
            settings: &Settings::default(),
            spans: &BTreeMap::from([("after".to_owned(), at)]),
            span: None,
            diagnostics: &mut diagnostics,
        };
        cx.complain_with(&LATE, Some("too-late"), "after", "it is late", "lower it");
        cx.complain_with(&LATE, Some("too-soon"), "after", "it is soon", "raise it");
        cx.complain_with(&LATE, None, "after", "it is odd", "change it");
        cx.warn(&TOO_LATE, "other", "it may be late", "lower it");
        let found: Vec<String> = diagnostics
            .iter()
            .map(|d| format!("{} {:?} {} {:?}", d.code, d.severity, d.labels.len(), d.notes))
            .collect();
        assert_eq!(
            found,
            [
                "late/too-late Error 1 []",
                "BP4001 Error 1 [\"`late` does not declare the code `too-soon`\"]",
                "BP4001 Error 1 []",
                "late/too-late Warning 0 []",
            ]
        );
    }
}
