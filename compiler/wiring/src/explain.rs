//! What `bp explain NAME` tells: every leaf in force with the line that set it, and what it put out of force.

use bp_diag::Span;

use crate::{Change, Item, ResolvedProcess, ResolvedSettings, Table, WiringModel};

/// One leaf in force.
#[derive(Debug, Clone, PartialEq)]
pub struct ExplainedLeaf {
    /// Dotted path: `backend.rate_db.kind`, `retry.attempts`.
    pub path: String,
    /// Its value, and in its span the place that set it.
    pub value: Item,
    /// The selector that set it, where a selector did.
    pub selector: Option<String>,
    /// What it replaced, oldest first.
    pub replaced: Vec<Change>,
}

/// Everything about one name.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Explanation {
    /// Leaves in force, by path.
    pub leaves: Vec<ExplainedLeaf>,
    /// Keys that `= false` keeps away, with the place of the `false`.
    pub off: Vec<(String, Span)>,
    /// What is out of force and was not replaced by a leaf at the same path, and why.
    pub dropped: Vec<Change>,
}

fn explain(
    leaves: Vec<(String, &Item)>,
    selector: impl Fn(&str) -> Option<String>,
    changes: Vec<Change>,
) -> Explanation {
    let mut dropped = changes;
    let mut explained = Vec::new();
    for (path, item) in leaves {
        let (replaced, rest) = dropped.into_iter().partition(|c| c.path == path);
        dropped = rest;
        explained.push(ExplainedLeaf {
            selector: selector(&path),
            path,
            value: item.clone(),
            replaced,
        });
    }
    Explanation { leaves: explained, off: Vec::new(), dropped }
}

/// Explains a backend, service or knob by its name, or a table such as `app` or `target` by its own.
pub fn explain_leaves(model: &WiringModel, name: &str) -> Option<Explanation> {
    let instance =
        [("backend", model.backend(name)), ("service", model.service(name))].into_iter().find_map(
            |(section, instance)| instance.map(|i| (format!("{section}.{}", i.name), &i.settings)),
        );
    let (prefix, leaves) = if let Some((prefix, settings)) = instance {
        let leaves = prefix_leaves(&prefix, settings);
        (prefix, leaves)
    } else {
        let knob = model.knobs.get(name)?;
        let prefix = format!("knob.{name}");
        let leaves = knob.as_table().map(|t| prefix_leaves(&prefix, t)).unwrap_or_default();
        (prefix, leaves)
    };
    let below = |c: &&Change| {
        c.path.strip_prefix(&prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    let changes = model.changes.iter().filter(below).cloned().collect();
    Some(explain(leaves, |_| None, changes))
}

fn prefix_leaves<'a>(prefix: &str, table: &'a Table) -> Vec<(String, &'a Item)> {
    table.leaves().into_iter().map(|(path, item)| (format!("{prefix}.{path}"), item)).collect()
}

impl ResolvedSettings {
    /// Every leaf in force with its selector, what it replaced, and what was dropped.
    pub fn explain(&self) -> Explanation {
        let selector = |path: &str| self.origins.get(path).map(|o| o.selector.clone());
        let mut explanation = explain(self.settings.leaves(), selector, self.changes.clone());
        explanation.off = self.off.iter().map(|(key, origin)| (key.clone(), origin.span)).collect();
        explanation
    }
}

impl ResolvedProcess {
    /// Every leaf in force, what it replaced, and what was dropped.
    pub fn explain(&self) -> Explanation {
        explain(
            prefix_leaves(&format!("process.{}", self.name), &self.settings),
            |_| None,
            self.changes.clone(),
        )
    }
}
