//! What two selectors say that cannot both be in force.

use bp_diag::Diagnostic;
use bp_diag::catalog::wiring as codes;

use crate::merge::TableGrammar;
use crate::value::join;
use crate::{Item, Table};

/// Values that two tables set, of which only one can be in force.
#[derive(Debug)]
pub(crate) struct Conflict<'a> {
    /// The dotted path that the first sets.
    path: String,
    ours: &'a Item,
    /// What the second sets, if it is not the same path: a setting that excludes that of the first.
    excluding: Option<String>,
    theirs: &'a Item,
}

/// The conflicts of two tables.
pub(crate) fn find_conflicts<'a>(
    a: &'a Table,
    b: &'a Table,
    grammar: TableGrammar<'_>,
) -> Vec<Conflict<'a>> {
    let mut out = Vec::new();
    collect_conflicts(a, b, grammar, "", &mut out);
    out
}

fn collect_conflicts<'a>(
    a: &'a Table,
    b: &'a Table,
    grammar: TableGrammar<'_>,
    path: &str,
    out: &mut Vec<Conflict<'a>>,
) {
    for (key, ours) in &a.entries {
        let Some(theirs) = b.entries.get(key) else { continue };
        let path = join(path, key);
        match (ours.as_table(), theirs.as_table()) {
            (Some(x), Some(y)) if x.reset == y.reset => {
                collect_conflicts(x, y, grammar.child(key), &path, out);
            }
            _ if !ours.same_value(theirs) => {
                out.push(Conflict { path, ours, excluding: None, theirs });
            }
            _ => {}
        }
    }
    let TableGrammar::Key(grammar) = grammar else { return };
    for (name, other) in grammar.exclusions() {
        if let Some(ours) = grammar.find_set(a, name)
            && let Some(theirs) = grammar.find_set(b, other)
        {
            let (path, other) = (join(path, name), join(path, other));
            out.push(Conflict { path, ours, excluding: Some(other), theirs });
        }
    }
}

impl Conflict<'_> {
    /// Whether a stronger table makes it irrelevant.
    pub(crate) fn is_settled_by(&self, table: &Table) -> bool {
        sets(table, &self.path) || self.excluding.as_ref().is_some_and(|path| sets(table, path))
    }

    /// Reports it, at the values of both selectors; `subject` is what they match, and `table` what a line writes for it.
    pub(crate) fn to_diagnostic(
        &self,
        subject: &str,
        table: &str,
        (first, second): (&str, &str),
    ) -> Diagnostic {
        let Self { path, ours, excluding, theirs } = self;
        let (first, second) = ((ours.span, first), (theirs.span, second));
        let add = format!("{table}.{} = {}", excluding.as_ref().unwrap_or(path), theirs.value);
        codes::selector_conflict((path, excluding.as_deref()), subject, first, second, &add)
    }
}

/// Whether a table sets a path: the leaf itself, or a leaf or reset above it.
fn sets(table: &Table, path: &str) -> bool {
    let mut table = table;
    let mut prefix = String::new();
    loop {
        let step = table.entries.iter().find_map(|(key, item)| {
            let here = join(&prefix, key);
            let above = path.strip_prefix(&here)?;
            (above.is_empty() || above.starts_with('.')).then_some((here, item))
        });
        let Some((here, item)) = step else { return false };
        match item.as_table() {
            Some(inner) if here != path && !inner.reset => {
                table = inner;
                prefix = here;
            }
            _ => return true,
        }
    }
}
