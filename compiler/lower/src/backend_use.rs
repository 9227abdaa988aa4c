//! As what a backend instance is taken, and what it is opened as.
//!
//! An instance is opened once, as the least interface of its plugin that equals or extends all that its callers take.

use std::collections::BTreeMap;

use bp_diag::Span;
use bp_plugin::{Declaration, Declarations};

use crate::names::short_name;

/// The uses of one backend instance.
#[derive(Debug)]
pub(crate) struct BackendUses {
    pub(crate) plugin: &'static Declaration,
    /// The interfaces that it is opened for, in the order in which they are met.
    taken: Vec<TakenAs>,
    /// The interface that each service calls it through.
    by_caller: BTreeMap<String, TakenAs>,
}

/// An interface that a parameter takes an instance as, and where that is said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TakenAs {
    pub(crate) interface: String,
    pub(crate) span: Span,
}

/// Why an instance cannot be taken as one more interface, with the use that came first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum UseConflict {
    /// No interface of the plugin serves all uses.
    NotUnited {
        /// The use that cannot be united with this one; the first at all if each alone can.
        first: TakenAs,
        /// The interfaces of all uses before, if each alone can be united with this one.
        together: Vec<String>,
    },
    /// One service takes it through two interfaces, although an edge has one.
    OneCaller(TakenAs),
}

impl BackendUses {
    pub(crate) fn new(plugin: &'static Declaration) -> Self {
        Self { plugin, taken: Vec::new(), by_caller: BTreeMap::new() }
    }

    /// Notes a use, or tells what it conflicts with; the first interface of a caller counts.
    pub(crate) fn note(
        &mut self,
        declarations: &Declarations,
        caller: &str,
        taken: &TakenAs,
    ) -> Result<(), UseConflict> {
        let before = self.by_caller.get(caller).cloned();
        if before.is_none() {
            self.by_caller.insert(caller.to_owned(), taken.clone());
        }
        let known = self.taken.iter().any(|other| other.interface == taken.interface);
        if !known {
            if self.open(declarations, Some(taken)).is_none() {
                return Err(self.describe_not_united(declarations, taken));
            }
            self.taken.push(taken.clone());
        }
        match before {
            Some(first) if first.interface != taken.interface => Err(UseConflict::OneCaller(first)),
            _ => Ok(()),
        }
    }

    /// The interface that the instance is opened as, with one more use if there is one; the plugin's first if nobody takes it.
    fn open(&self, declarations: &Declarations, more: Option<&TakenAs>) -> Option<&'static str> {
        let taken = self.taken.iter().chain(more);
        let paths: Vec<&str> = taken.map(|use_of| use_of.interface.as_str()).collect();
        declarations.find_opened(self.plugin, &paths)
    }

    fn describe_not_united(&self, declarations: &Declarations, taken: &TakenAs) -> UseConflict {
        let alone = |other: &&TakenAs| {
            let paths = [other.interface.as_str(), taken.interface.as_str()];
            declarations.find_opened(self.plugin, &paths).is_none()
        };
        if let Some(opponent) = self.taken.iter().find(alone) {
            return UseConflict::NotUnited { first: opponent.clone(), together: Vec::new() };
        }
        UseConflict::NotUnited {
            first: self.taken.first().unwrap_or(taken).clone(),
            together: self.taken.iter().map(|other| other.interface.clone()).collect(),
        }
    }

    /// The interface that the instance is opened as.
    pub(crate) fn opened(&self, declarations: &Declarations) -> Option<&'static str> {
        self.open(declarations, None)
    }

    /// The interface that a service calls it through.
    pub(crate) fn interface_of(&self, caller: &str) -> Option<&str> {
        self.by_caller.get(caller).map(|taken| taken.interface.as_str())
    }
}

/// The names of interfaces, in messages: those of their traits, or whole paths where a trait of another crate has the name too.
pub(crate) fn name_interfaces<'p>(
    paths: impl IntoIterator<Item = &'p str>,
) -> BTreeMap<&'p str, &'p str> {
    let paths: Vec<&str> = paths.into_iter().collect();
    let shared = |path: &str| {
        paths.iter().any(|other| *other != path && short_name(other) == short_name(path))
    };
    paths.iter().map(|path| (*path, if shared(path) { *path } else { short_name(path) })).collect()
}

#[cfg(test)]
mod tests {
    use super::name_interfaces;

    #[test]
    fn interfaces_of_one_name_are_told_apart_by_their_crates() {
        let named: Vec<_> = name_interfaces(["acme::Queue", "other::Queue", "bp_backend::Cache"])
            .into_iter()
            .collect();
        assert_eq!(
            named,
            [
                ("acme::Queue", "acme::Queue"),
                ("bp_backend::Cache", "Cache"),
                ("other::Queue", "other::Queue"),
            ]
        );
    }
}
