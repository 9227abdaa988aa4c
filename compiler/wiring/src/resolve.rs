//! Selectors to settings: who calls whom under which rules.
//!
//! The rules of one edge merge from the least to the most specific, by the function that merges files.
//! Specificity is (method, callee, caller), each exact over glob over `*`; then the later file.

use std::collections::BTreeMap;
use std::sync::Arc;

use bp_contract::selector::{Precedence, Rank};
use bp_diag::catalog::wiring as codes;
use bp_diag::{Diagnostics, Span};

use crate::conflict::find_conflicts;
use crate::merge::{TableGrammar, merge, record};
use crate::{Change, ChangeKind, EdgeRule, Grammar, KeyGrammar, ServerRule, Table, Value};

/// What is called over an edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum EdgeKind {
    /// A service.
    Service,
    /// A backend.
    Backend,
    /// A service, by the outside world: `client -> X`.
    Entry,
}

impl EdgeKind {
    pub(crate) fn describe(self) -> &'static str {
        match self {
            Self::Service => "a call of a service",
            Self::Backend => "a call of a backend",
            Self::Entry => "an entry from the outside world",
        }
    }
}

/// An edge that exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EdgeShape {
    /// The caller's name, `client` for an entry.
    pub caller: String,
    /// The callee's name.
    pub callee: String,
    /// What is called.
    pub kind: EdgeKind,
    /// What the caller takes the callee as, a path; others may take it as something else.
    pub interface: String,
    /// The methods of that.
    pub methods: Vec<String>,
}

/// What a key takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Acceptance {
    /// The key takes this kind of edge.
    pub edge: bool,
    /// The key may be set for single methods.
    pub method: bool,
}

/// Which selector set a leaf.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The selector: `* -> cart`.
    pub selector: String,
    /// Where the selector is written.
    pub selector_span: Span,
    /// Where the value is written.
    pub span: Span,
    /// The file's index, base 0.
    pub layer: usize,
}

/// Settings in force, and how they came to be.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ResolvedSettings {
    /// Plugin keys in force; a key removed by `false` is absent, one set by `true` is an empty table.
    pub settings: Table,
    /// The selector of each leaf, by dotted path: `retry.attempts`.
    pub origins: BTreeMap<String, Origin>,
    /// Keys that `false` keeps away, by key.
    pub off: BTreeMap<String, Origin>,
    /// What was replaced or dropped, and why.
    pub changes: Vec<Change>,
}

/// The settings of one edge and of its methods.
#[derive(Debug, Clone, PartialEq)]
pub struct ResolvedEdge {
    /// The whole edge's.
    pub edge: Arc<ResolvedSettings>,
    /// Those methods that some selector names, with all their settings.
    pub methods: BTreeMap<String, Arc<ResolvedSettings>>,
}

/// One selector's table, of an edge or a server.
pub(crate) struct Rule<'a> {
    pub(crate) selector: String,
    pub(crate) precedence: Precedence,
    pub(crate) span: Span,
    pub(crate) settings: &'a Table,
    /// Names everything except methods exactly, so a key that its subject does not take is an error.
    pub(crate) exact: bool,
    pub(crate) per_method: bool,
    /// The selector without its method.
    pub(crate) without_method: String,
}

impl<'a> Rule<'a> {
    pub(crate) fn of_edge(rule: &'a EdgeRule) -> Self {
        let selector = &rule.selector;
        Self {
            selector: selector.to_string(),
            precedence: Precedence { specificity: selector.specificity(), layer: rule.layer },
            span: rule.span,
            settings: &rule.settings,
            exact: selector.is_exact(),
            per_method: selector.method.is_some(),
            without_method: format!("{} -> {}", selector.caller, selector.callee),
        }
    }

    pub(crate) fn of_server(rule: &'a ServerRule) -> Self {
        let selector = &rule.selector;
        Self {
            selector: selector.to_string(),
            precedence: Precedence { specificity: selector.specificity(), layer: rule.layer },
            span: rule.span,
            settings: &rule.settings,
            exact: selector.service.rank() == Rank::Exact,
            per_method: selector.method.is_some(),
            without_method: selector.service.to_string(),
        }
    }
}

/// What resolution needs besides the rules.
pub(crate) struct ResolveContext<'a> {
    /// "edge" or "server", for headers in messages.
    pub(crate) section: &'static str,
    pub(crate) keys: &'a BTreeMap<String, KeyGrammar>,
    /// The thing resolved, as messages name it.
    pub(crate) subject: String,
    /// What it is, in words.
    pub(crate) kind: &'static str,
    pub(crate) accepts: &'a dyn Fn(&str) -> Acceptance,
}

/// The settings of one edge, or of one of its methods.
///
/// Order is (method, callee, caller), each exact over glob over `*`, then the later file.
pub fn resolve_edge(
    rules: &[EdgeRule],
    grammar: &Grammar,
    caller: &str,
    callee: &str,
    method: Option<&str>,
    accepts: &dyn Fn(&str) -> Acceptance,
) -> (ResolvedSettings, Diagnostics) {
    let matching = rules.iter().filter(|r| r.selector.matches(caller, callee, method));
    let rules: Vec<Rule<'_>> = matching.map(Rule::of_edge).collect();
    let subject = method
        .map_or_else(|| format!("{caller} -> {callee}"), |m| format!("{caller} -> {callee}.{m}"));
    let kind = if caller == "client" { EdgeKind::Entry.describe() } else { "this edge" };
    let context = ResolveContext { section: "edge", keys: &grammar.edge, subject, kind, accepts };
    let mut out = Diagnostics::new();
    let resolved = resolve(rules.iter().collect(), &context, &mut out);
    (resolved, out)
}

/// Merges matching rules, least specific first.
pub(crate) fn resolve(
    mut rules: Vec<&Rule<'_>>,
    context: &ResolveContext<'_>,
    out: &mut Diagnostics,
) -> ResolvedSettings {
    rules.sort_by_key(|r| (r.precedence, r.span.start));
    let mut resolved = ResolvedSettings::default();
    let accepted: Vec<(&Rule<'_>, Table)> = rules
        .into_iter()
        .map(|r| (r, select_accepted(r, context, &mut resolved.changes, out)))
        .collect();
    report_conflicts(&accepted, context, out);
    let grammar = TableGrammar::Keys(context.keys);
    for (rule, table) in &accepted {
        merge(&mut resolved.settings, table, grammar, "", rule.span, &mut resolved.changes);
    }
    // Spans are unique in a file, so the place of a leaf tells its rule.
    let mut owners: BTreeMap<Span, &Rule<'_>> = BTreeMap::new();
    for (rule, table) in &accepted {
        for (_, item) in table.leaves() {
            owners.insert(item.span, rule);
        }
    }
    let origin = |span: Span| {
        owners.get(&span).map(|rule| Origin {
            selector: rule.selector.clone(),
            selector_span: rule.span,
            span,
            layer: rule.precedence.layer,
        })
    };
    let off: Vec<String> = resolved
        .settings
        .entries
        .iter()
        .filter(|(_, item)| matches!(item.value, Value::Boolean(false)))
        .map(|(key, _)| key.clone())
        .collect();
    for key in off {
        if let Some(item) = resolved.settings.entries.remove(&key)
            && let Some(origin) = origin(item.span)
        {
            resolved.off.insert(key, origin);
        }
    }
    for (path, item) in resolved.settings.leaves() {
        if let Some(origin) = origin(item.span) {
            resolved.origins.insert(path, origin);
        }
    }
    resolved
}

/// The part of a rule's settings that its subject takes.
fn select_accepted(
    rule: &Rule<'_>,
    context: &ResolveContext<'_>,
    changes: &mut Vec<Change>,
    out: &mut Diagnostics,
) -> Table {
    let mut table = Table::default();
    for (key, item) in &rule.settings.entries {
        let acceptance = (context.accepts)(key);
        if !acceptance.edge {
            if rule.exact {
                out.push(codes::key_not_taken(item.key, key, &rule.without_method, context.kind));
            } else {
                record(item.clone(), key, &ChangeKind::NotTaken, rule.span, changes);
            }
        } else if rule.per_method && !acceptance.method {
            let without_method = format!("[{}.\"{}\"]", context.section, rule.without_method);
            let whole = codes::SharedBy::Table(&without_method);
            out.push(codes::key_not_per_method(item.key, key, &rule.selector, whole));
        } else {
            table.entries.insert(key.clone(), item.clone());
        }
    }
    table
}

fn report_conflicts(
    rules: &[(&Rule<'_>, Table)],
    context: &ResolveContext<'_>,
    out: &mut Diagnostics,
) {
    for (i, (a, x)) in rules.iter().enumerate() {
        for (b, y) in rules.iter().skip(i + 1) {
            if a.precedence != b.precedence {
                break;
            }
            for conflict in find_conflicts(x, y, TableGrammar::Keys(context.keys)) {
                let settles = |(r, table): &(&Rule<'_>, Table)| {
                    r.precedence > b.precedence && conflict.is_settled_by(table)
                };
                if !rules.iter().any(settles) {
                    let subject = &context.subject;
                    let table = format!("{}.\"{subject}\"", context.section);
                    let selectors = (a.selector.as_str(), b.selector.as_str());
                    out.push(conflict.to_diagnostic(subject, &table, selectors));
                }
            }
        }
    }
}
