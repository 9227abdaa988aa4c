//! Lists of wrappers, written once however many edges and listeners have them.

use std::collections::BTreeMap;
use std::ops::Deref;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::text::to_json;
use super::{PlanFault, WrapperPlan};

/// The wrappers of an edge or a listener, outermost first: written out, or the name of a list in the [`StackTable`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Stack {
    /// A list of the table. A plan that was read has none left.
    Named(String),
    /// The list itself.
    Wrappers(Arc<[WrapperPlan]>),
}

impl Default for Stack {
    fn default() -> Self {
        Self::Wrappers(Arc::new([]))
    }
}

impl Deref for Stack {
    type Target = [WrapperPlan];

    fn deref(&self) -> &[WrapperPlan] {
        match self {
            Self::Named(_) => &[],
            Self::Wrappers(wrappers) => wrappers,
        }
    }
}

impl Stack {
    /// Puts the list in the place of its name.
    pub(super) fn resolve(&mut self, table: &StackTable, place: &str) -> Result<(), PlanFault> {
        if let Self::Named(name) = self {
            let found = table.by_name.get(name).ok_or_else(|| PlanFault::NoStack {
                stack: name.clone(),
                place: place.to_owned(),
            })?;
            *self = Self::Wrappers(Arc::clone(found));
        }
        Ok(())
    }
}

/// Lists of wrappers, each once, by a name that says what is in it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StackTable {
    by_name: BTreeMap<String, Arc<[WrapperPlan]>>,
}

impl StackTable {
    /// The lists, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&String, &Arc<[WrapperPlan]>)> {
        self.by_name.iter()
    }
}

/// Makes a [`StackTable`], in time that grows with the lists and not with their square.
#[derive(Debug, Default)]
pub struct StackTableBuilder {
    table: StackTable,
    /// The name of each list, by its text.
    names: BTreeMap<String, String>,
    /// How many lists there are of the same plugins.
    counts: BTreeMap<String, usize>,
}

impl StackTableBuilder {
    /// Takes a list in, and gives what stands for it: its plugins, and a number from the second list of the same plugins on.
    pub fn share(&mut self, wrappers: Vec<WrapperPlan>) -> Stack {
        if wrappers.is_empty() {
            return Stack::default();
        }
        let text = to_json(&wrappers);
        if let Some(name) = self.names.get(&text) {
            return Stack::Named(name.clone());
        }
        let plugins: Vec<&str> = wrappers.iter().map(|w| w.plugin.as_str()).collect();
        let plugins = plugins.join("+");
        let count = self.counts.entry(plugins.clone()).or_default();
        *count += 1;
        // An id of a plugin holds no space, so a number makes no list of other plugins.
        let name = if *count == 1 { plugins } else { format!("{plugins} {count}") };
        self.names.insert(text, name.clone());
        self.table.by_name.insert(name.clone(), wrappers.into());
        Stack::Named(name)
    }

    /// The table of all lists that were taken in.
    pub fn finish(self) -> StackTable {
        self.table
    }
}
