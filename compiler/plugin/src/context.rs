//! What the hooks of plugins see and report to.

use std::collections::BTreeMap;

use bp_contract::setting::{RuleFault, Settings as DeclaredSettings};
use bp_diag::{Diagnostic, Diagnostics, PluginCode, Severity, SourceMap, Span, catalog};
use bp_emit::{Artifacts, Origin};
use bp_plan::{EdgeClass, Plan, Settings};
use bp_wiring::Table;

use crate::deploy::{ImageLock, OutputLocation};
use crate::rules::{collect_known_values, is_left_out};
use crate::{
    Calls, Declaration, Kind, Neighbours, OwnedTable, PlaceInterface, guard, keeps_in_process,
};

/// An entry of a table or key that a plugin owns.
#[derive(Debug, Clone, Copy)]
pub struct WrittenEntry<'a> {
    /// The table or key.
    pub table: &'static OwnedTable,
    /// The entry as written, files merged and shorthands expanded.
    pub written: &'a Table,
    /// Checks calls that it describes.
    pub calls: &'a dyn Calls,
}

/// What a plugin sees and reports to while it checks the settings of one place.
#[derive(Debug)]
pub struct CheckContext<'a> {
    /// The plugin.
    pub plugin: &'static Declaration,
    /// The entry that the settings are of, if they are of a table or key that the plugin owns.
    pub entry: Option<WrittenEntry<'a>>,
    /// How messages name the table of the settings: `retry`, `cart_db`, `target.docker`.
    pub key: &'a str,
    /// The place: `frontend->cart`, `cart_db`, `target process`.
    pub place: &'a str,
    /// The class of the edge, if the place is one.
    pub class: Option<EdgeClass>,
    /// The interface of the place; nothing for targets.
    pub interface: Option<&'a PlaceInterface<'a>>,
    /// What else is at the place.
    pub neighbours: &'a Neighbours<'a>,
    /// The arguments of each method that a transport carries; nothing for other plugins.
    pub arguments: &'a BTreeMap<String, Vec<String>>,
    /// The settings, defaults filled in.
    pub settings: &'a Settings,
    /// Where each setting was written, by dotted path; settings at their default have none.
    pub spans: &'a BTreeMap<String, Span>,
    /// Where the plugin's key was written; of a backend, its name.
    pub span: Option<Span>,
    /// Where diagnostics go.
    pub diagnostics: &'a mut Diagnostics,
}

impl CheckContext<'_> {
    /// Whether a wrapper is kept on calls inside a process.
    pub fn keeps_in_process(&self) -> bool {
        keeps_in_process(self.settings)
    }

    /// Runs the rules of the plugin's settings, unless a value is known only at start-up, where they run too.
    pub(crate) fn check_rules(&mut self) {
        // What is wrong by itself is reported already, and a default in its place may break a rule.
        if self.spans.keys().any(|path| is_left_out(&self.settings.values, path)) {
            return;
        }
        let (declared, rules) = match self.entry {
            Some(entry) => (entry.table.settings, entry.table.rules),
            None => (self.plugin.settings, self.plugin.rules),
        };
        let Some(values) = collect_known_values(declared, &self.settings.values) else { return };
        match guard(self.plugin.id, || rules(&values)) {
            Ok(faults) => faults.iter().for_each(|fault| self.report_fault(fault)),
            Err(panicked) => self.diagnostics.push(panicked),
        }
    }

    fn report_fault(&mut self, fault: &RuleFault) {
        // A required setting that is missing is reported where settings are read.
        if fault.is_unreadable() && is_left_out(&self.settings.values, fault.path()) {
            return;
        }
        let path = fault.path();
        let help = fault.help_text().unwrap_or_default();
        let code = fault.code_name().map(|name| (name, self.plugin.find_code(name)));
        let key = self.key;
        let setting = if path.is_empty() { key.to_owned() } else { format!("{key}.{path}") };
        let diagnostic = if let Some((_, Some(code))) = code {
            self.fault(code, path, format!("`{setting}`: {}", fault.message()), help)
        } else {
            let span = self.span_of(path);
            let diagnostic =
                catalog::policy::settings_disagree(&setting, fault.message(), help, span);
            match code {
                Some((name, _)) => diagnostic
                    .note(format!("`{}` does not declare the code `{name}`", self.plugin.id)),
                None => diagnostic,
            }
        };
        self.diagnostics.push(diagnostic);
    }

    /// The settings as their type; `None` if a value other than a secret is known only at start-up, or if one that the wiring says is wrong.
    ///
    /// `T` may be a part of the settings. A secret in it is a placeholder.
    pub fn read<T: DeclaredSettings>(&self) -> Option<T> {
        if self.spans.keys().any(|path| is_left_out(&self.settings.values, path)) {
            return None;
        }
        let values = collect_known_values(T::SETTINGS, &self.settings.values)?;
        T::read(&values).ok()
    }

    /// The place where a setting, or else the innermost table or list around it, was written; the key's own when they are at their defaults.
    pub fn span_of(&self, path: &str) -> Option<Span> {
        find_span(self.spans, path).or(self.span)
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
        catalog::plugin::reported(self.plugin.id, code, Severity::Error, message, help, span)
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

    /// Reports that settings do not make sense, and what to write instead.
    pub fn complain(&mut self, path: &str, message: impl Into<String>, help: impl Into<String>) {
        let (message, help) = (message.into(), help.into());
        let span = self.span_of(path);
        let fault = catalog::policy::settings_disagree(self.key_of(path), &message, &help, span);
        self.diagnostics.push(fault);
    }

    /// How messages name the table that a setting is in; a transport's settings beside `rpc` are in none.
    fn key_of<'p>(&'p self, path: &'p str) -> &'p str {
        let first = path.split('.').next().unwrap_or_default();
        match self.plugin.kind {
            Kind::Transport { beside, .. }
                if self.entry.is_none() && beside.iter().any(|s| s.name == first) =>
            {
                first
            }
            _ => self.key,
        }
    }
}

/// The place of a setting, or else of the innermost table or list around it that was written.
pub(crate) fn find_span(spans: &BTreeMap<String, Span>, path: &str) -> Option<Span> {
    let mut paths = std::iter::successors(Some(path), |path| Some(path.rsplit_once('.')?.0));
    paths.find_map(|path| spans.get(path).copied())
}

/// The settings of an enabled target; those that cannot be read are reported.
pub(crate) fn read_target_settings<S: DeclaredSettings>(
    plan: &Plan,
    target: &str,
    diagnostics: &mut Diagnostics,
) -> Option<S> {
    match S::read(&plan.targets.get(target)?.to_json()) {
        Ok(read) => Some(read),
        Err(fault) => {
            let what = format!("the settings of target `{target}`: {fault}");
            diagnostics.push(catalog::internal::failed(&what));
            None
        }
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
    pub plugin: &'a Declaration,
    /// The system.
    pub plan: &'a Plan,
    /// The run plan as text, to be embedded or written as a file.
    pub run_plan: &'a str,
    /// Texts behind spans.
    pub sources: &'a SourceMap,
    /// Where the output folder is.
    pub output: &'a OutputLocation,
    /// The digests of images.
    pub images: &'a ImageLock,
    /// Where files go.
    pub artifacts: &'a mut Artifacts,
    /// Where diagnostics go.
    pub diagnostics: &'a mut Diagnostics,
}

impl ArtifactContext<'_> {
    /// The target's own settings; `None` if the plugin is not a target that the plan enables, or if they cannot be read, which is reported.
    pub fn target_settings<S: DeclaredSettings>(&mut self) -> Option<S> {
        read_target_settings(self.plan, self.plugin.id, self.diagnostics)
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

#[cfg(test)]
mod tests {
    use bp_contract::setting::{Faults, Validate};

    use super::*;
    use crate::{ClientSlot, Plugin, wrapper};

    const TOO_LATE: PluginCode = PluginCode::new("too-late", "it comes too late", "");

    /// Waits.
    #[derive(bp_contract::setting::Settings)]
    #[settings(validate)]
    struct Late {
        /// How long.
        #[setting(default = 1)]
        after: u32,
    }

    impl Validate for Late {
        fn validate(&self, faults: &mut Faults) {
            faults.at(Self::AFTER, "it is late").help("lower it").code("too-late");
            faults.at(Self::AFTER, "it is soon").help("raise it").code("too-soon");
            faults.at(Self::AFTER, "it is odd").help("change it");
        }
    }

    fn check(cx: &mut CheckContext<'_>) {
        cx.warn(&TOO_LATE, "other", "it may be late", "lower it");
    }

    static LATE: Plugin =
        wrapper::<Late>("late").client(ClientSlot::Cap).codes(&[TOO_LATE]).check(check).declare();

    #[test]
    fn faults_are_reported_with_the_code_that_is_named_if_it_is_declared() {
        let mut sources = SourceMap::new();
        let file = sources.add("a.toml", "late = 1");
        let at = Span::new(file, 0, 4);
        let mut diagnostics = Diagnostics::new();
        LATE.hooks.run_check(CheckContext {
            plugin: &LATE,
            entry: None,
            key: "late",
            place: "a->b",
            class: None,
            interface: None,
            neighbours: &Neighbours::default(),
            arguments: &BTreeMap::new(),
            settings: &Settings {
                values: BTreeMap::from([("after".to_owned(), 1.into())]).into(),
                ..Settings::default()
            },
            spans: &BTreeMap::from([("after".to_owned(), at)]),
            span: None,
            diagnostics: &mut diagnostics,
        });
        let found: Vec<String> = diagnostics
            .iter()
            .map(|d| format!("{} {:?} {} {:?}", d.code, d.severity, d.labels.len(), d.notes))
            .collect();
        let first = diagnostics.iter().next().map(|d| d.message.clone());
        assert_eq!(first.as_deref(), Some("`late.after`: it is late"));
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
