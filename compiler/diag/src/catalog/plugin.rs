//! Codes that plugins declare, and the one constructor of their diagnostics.
//!
//! Each has a page `errors/<name>.md` in its plugin's folder, and a case in its `cases` or in the golden tests.

use crate::{Code, CodeId, Diagnostic, Severity, Span};

/// A code as a plugin declares it; the plugin's id is put in front of its name when it is used.
///
/// ```
/// use bp_diag::PluginCode;
///
/// /// The page is `include_str!("errors/probes-exceed-window.md")` in a plugin.
/// const PROBES_EXCEED_WINDOW: PluginCode = PluginCode::new(
///     "probes-exceed-window",
///     "more probes than the window holds",
///     "# breaker/probes-exceed-window: more probes than the window holds\n",
/// );
/// assert_eq!(PROBES_EXCEED_WINDOW.of("breaker").to_string(), "breaker/probes-exceed-window");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PluginCode {
    /// Words in lower case with `-` between them, unique in the plugin: `limits-need-a-cache`.
    pub name: &'static str,
    /// A few words.
    pub title: &'static str,
    /// The page that `bp explain` prints, in Markdown; it starts with `# <plugin>/<name>: <title>`.
    pub page: &'static str,
}

impl PluginCode {
    /// A code with its name, its title, and its page.
    pub const fn new(name: &'static str, title: &'static str, page: &'static str) -> Self {
        Self { name, title, page }
    }

    /// The code as diagnostics have it, as one of a plugin.
    pub const fn of(&self, plugin: &'static str) -> Code {
        Code {
            id: CodeId { plugin: Some(plugin), name: self.name },
            title: self.title,
            page: self.page,
        }
    }

    /// What is wrong with the declaration, as one of a plugin.
    pub fn faults(&self, plugin: &'static str) -> Vec<String> {
        let id = self.of(plugin).id;
        let mut faults = Vec::new();
        let is_word = |word: &str| {
            !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
        };
        if !self.name.split('-').all(is_word) {
            faults.push(format!("{id}: expected words in lower case with `-` between them"));
        }
        let head = format!("# {id}: {}", self.title);
        if self.page.lines().next() != Some(head.as_str()) {
            faults.push(format!("{id}: its page does not start with `{head}`"));
        }
        faults
    }
}

/// A plugin reports with a code of its own.
pub fn reported(
    plugin: &'static str,
    code: &PluginCode,
    severity: Severity,
    message: impl Into<String>,
    help: impl Into<String>,
    span: Option<Span>,
) -> Diagnostic {
    let diagnostic = Diagnostic::new(code.of(plugin), severity, message);
    let help = help.into();
    let diagnostic = if help.is_empty() { diagnostic } else { diagnostic.help(help) };
    match span {
        Some(span) => diagnostic.at(span, ""),
        None => diagnostic,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SourceMap;
    use crate::render::{render_json, render_sarif, render_sarif_result, render_short};

    const SMALL: PluginCode =
        PluginCode::new("too-small", "a value that is too small", "# store/too-small: x\n");

    #[test]
    fn faulty_declarations_are_found() {
        assert_eq!(
            SMALL.faults("store"),
            [
                "store/too-small: its page does not start with `# store/too-small: a value that is too small`"
            ]
        );
        let name = PluginCode::new("Too--small", "x", "# store/Too--small: x\nText.\n");
        assert_eq!(
            name.faults("store"),
            ["store/Too--small: expected words in lower case with `-` between them"]
        );
    }

    #[test]
    fn every_form_has_the_whole_id() {
        let none = SourceMap::new();
        let fault = reported("store", &SMALL, Severity::Warning, "it is small", "raise it", None);
        assert_eq!(render_short(&fault, &none), "warning[store/too-small]: it is small");
        let json = render_json(&fault, &none);
        assert_eq!(json["code"], "store/too-small");
        assert_eq!(json["page"], "plugins/store/errors/too-small.md");
        let results = vec![render_sarif_result(&fault, &none)];
        let sarif = render_sarif(results, &[SMALL.of("store")], "1");
        let run = &sarif["runs"][0];
        let index = usize::try_from(run["results"][0]["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(run["results"][0]["ruleId"], "store/too-small");
        assert_eq!(run["tool"]["driver"]["rules"][index]["id"], "store/too-small");
    }
}
