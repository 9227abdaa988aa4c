//! What the hooks of plugins see and report to.

use bp_diag::{Diagnostic, Diagnostics, PluginCode, Severity, SourceMap, Span, catalog};
use bp_emit::{Artifacts, Origin};
use bp_plan::{EdgeClass, Plan, Settings};

use crate::deploy::{ImageLock, OutputLocation};
use crate::{IN_PROCESS, Neighbours, PlaceInterface, Plugin, Value, guard};

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
    pub fn run(mut self, plugin: &Plugin) {
        if let Some(check) = plugin.hooks.check
            && let Err(panicked) = guard(self.plugin, || check(&mut self))
        {
            self.diagnostics.push(panicked);
        }
    }

    /// Whether a wrapper is kept on calls inside a process.
    pub fn keeps_in_process(&self) -> bool {
        self.settings.get(IN_PROCESS.name).and_then(Value::as_bool) == Some(true)
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
        plugin: &Plugin,
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
    /// The plugin.
    pub plugin: &'a Plugin,
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

impl ArtifactContext<'_> {
    /// The target's own settings; `None` if the plugin is not a target that the plan enables.
    pub fn target_settings<S: bp_contract::setting::Settings>(&self) -> Option<S> {
        self.plan.targets.get(self.plugin.id)?.read()
    }

    /// Adds a file that comes from the part `key` of the plan, or reports why it cannot be made.
    pub fn insert(
        &mut self,
        path: impl Into<String>,
        key: impl Into<String>,
        text: Result<String, Diagnostic>,
    ) {
        let origin = Origin::new(self.plugin.id, key);
        let written = text.and_then(|text| self.artifacts.insert(path, text, origin));
        self.diagnostics.extend(written.err());
    }
}
