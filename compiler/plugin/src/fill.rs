//! Filling in what several plugins read of a plan.

use std::collections::BTreeMap;

use bp_contract::setting::Settings;
use bp_diag::{Diagnostic, Diagnostics, PluginCode, Severity, Span, catalog};
use bp_plan::Plan;

use crate::Declaration;
use crate::context::{find_span, read_target_settings};

/// Where the entries of tables and keys were written; beside the plan, so that a moved line does not change it.
#[derive(Debug, Clone, Default)]
pub struct EntrySpans(BTreeMap<(String, String), EntrySpan>);

/// Where one entry was written.
#[derive(Debug, Clone, Default)]
pub struct EntrySpan {
    /// The entry itself.
    pub span: Option<Span>,
    /// Its settings, by dotted path.
    pub settings: BTreeMap<String, Span>,
}

impl EntrySpans {
    /// Notes where an entry of a table was written.
    pub fn insert(&mut self, table: &str, entry: &str, at: EntrySpan) {
        self.0.insert((table.to_owned(), entry.to_owned()), at);
    }

    /// Where a setting of an entry, or else the entry, was written.
    pub fn find(&self, table: &str, entry: &str, path: &str) -> Option<Span> {
        let at = self.0.get(&(table.to_owned(), entry.to_owned()))?;
        find_span(&at.settings, path).or(at.span)
    }
}

/// What a plugin sees and changes while it fills in the plan.
#[derive(Debug)]
pub struct FillContext<'a> {
    /// The plugin.
    pub plugin: &'static Declaration,
    /// The plan; complete but for what plugins fill in.
    pub plan: &'a mut Plan,
    /// Where entries of tables were written.
    pub spans: &'a EntrySpans,
    /// Where diagnostics go.
    pub diagnostics: &'a mut Diagnostics,
}

impl FillContext<'_> {
    /// The entries of one of its tables, by name, as their type; those whose values are known only at start-up are left out.
    pub fn entries<S: Settings>(&self, table: &str) -> Vec<(String, S)> {
        let entries = self.plan.tables.get(table).map(|t| t.entries.as_slice()).unwrap_or_default();
        entries.iter().filter_map(|e| Some((e.name.clone(), e.settings.read()?))).collect()
    }

    /// The target's own settings; `None` if the plugin is not a target that the plan enables, or if they cannot be read, which is reported.
    pub fn target_settings<S: Settings>(&mut self) -> Option<S> {
        read_target_settings(self.plan, self.plugin.id, self.diagnostics)
    }

    /// A fault with a code of the plugin's own, at a setting of an entry.
    pub fn fault(
        &self,
        code: &PluginCode,
        (table, entry, path): (&str, &str, &str),
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Diagnostic {
        let span = self.spans.find(table, entry, path);
        catalog::plugin::reported(self.plugin.id, code, Severity::Error, message, help, span)
    }
}
