//! The plugin trait: metadata, and hooks for what metadata cannot say.

use std::fmt;

use bp_contract::setting::{RuleFault, Settings as Derived};
use bp_diag::{Diagnostics, SourceMap, Span, catalog};
use bp_emit::Artifacts;
use bp_plan::{EdgeClass, Plan, Settings};

use crate::deploy::{ImageLock, OutputLocation};
use crate::rules::{collect_known_values, is_left_out};
use crate::{Metadata, Pass, PlanContext, Value, guard};

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
    pub plugin: &'a str,
    /// The place: `frontend->cart`, `cart_db`, `target process`.
    pub place: &'a str,
    /// The class of the edge, if the place is one.
    pub class: Option<EdgeClass>,
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
    /// Checks the settings of one place: the orders that the plugin declares, the rules of its settings, then what it checks itself.
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
        self.check_rules(plugin.metadata());
        if let Err(panicked) = guard(self.plugin, || plugin.check(&mut self)) {
            self.diagnostics.push(panicked);
        }
    }

    /// Runs the rules of the plugin's settings, unless a value is known only at start-up, where they run too.
    fn check_rules(&mut self, metadata: &Metadata) {
        let Some(rules) = metadata.rules else { return };
        // What is wrong by itself is reported already, and a default in its place may break a rule.
        if self.spans.keys().any(|path| is_left_out(&self.settings.values, path)) {
            return;
        }
        let known = collect_known_values(metadata.settings, &self.settings.values);
        let Some(values) = known else { return };
        match guard(self.plugin, || rules(&values)) {
            Ok(faults) => faults.iter().for_each(|fault| self.report_fault(fault)),
            Err(panicked) => self.diagnostics.push(panicked),
        }
    }

    fn report_fault(&mut self, fault: &RuleFault) {
        // A required setting that is missing is reported where settings are read.
        if fault.is_unreadable() && is_left_out(&self.settings.values, fault.path()) {
            return;
        }
        let setting = match fault.path() {
            "" => self.plugin.to_owned(),
            path => format!("{}.{path}", self.plugin),
        };
        let diagnostic = catalog::policy::settings_disagree(
            &setting,
            fault.message(),
            fault.help_text().unwrap_or(""),
            self.span_of(fault.path()),
        );
        // Codes are the catalog's; the plugin's own name of the rule is told beside it.
        let diagnostic = match fault.code_name() {
            Some(code) => diagnostic.note(format!("rule `{}/{code}`", self.plugin)),
            None => diagnostic,
        };
        self.diagnostics.push(diagnostic);
    }

    /// The settings as their type; `None` if a value other than a secret is known only at start-up, or cannot be read.
    ///
    /// `T` may be a part of the settings. A secret in it is a placeholder.
    pub fn read<T: Derived>(&self) -> Option<T> {
        let values = collect_known_values(T::SETTINGS, &self.settings.values)?;
        T::read(&values).ok()
    }

    /// The place where a setting, or else the innermost table or list around it, was written; the key's own when they are at their defaults.
    pub fn span_of(&self, path: &str) -> Option<Span> {
        let mut path = path;
        loop {
            if let Some(span) = self.spans.get(path) {
                return Some(*span);
            }
            match path.rsplit_once('.') {
                Some((outer, _)) => path = outer,
                None => return self.span,
            }
        }
    }

    /// Reports that settings do not make sense, and what to write instead.
    pub fn complain(&mut self, path: &str, message: impl Into<String>, help: impl Into<String>) {
        let diagnostic = catalog::policy::settings_disagree(
            self.plugin,
            &message.into(),
            &help.into(),
            self.span_of(path),
        );
        self.diagnostics.push(diagnostic);
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
