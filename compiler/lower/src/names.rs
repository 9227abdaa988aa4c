//! Names of the wiring: `_` and `-` are the same.

use std::collections::BTreeMap;

use bp_contract::fold_name;
use bp_wiring::{InstanceModel, RemovedInstance, WiringModel};

/// What a name stands for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum NamedInstance<'a> {
    Service(&'a InstanceModel),
    Backend(&'a InstanceModel),
}

impl<'a> NamedInstance<'a> {
    pub(crate) fn instance(self) -> &'a InstanceModel {
        match self {
            Self::Service(i) | Self::Backend(i) => i,
        }
    }
}

/// The instances of a wiring, by folded name.
#[derive(Debug)]
pub(crate) struct InstanceNames<'a> {
    by_name: BTreeMap<String, NamedInstance<'a>>,
    removed: &'a [RemovedInstance],
}

impl<'a> InstanceNames<'a> {
    pub(crate) fn new(wiring: &'a WiringModel) -> Self {
        let mut by_name = BTreeMap::new();
        // Equal names in two tables were reported by the front end; the first of this order stays.
        for backend in wiring.backends.values() {
            by_name.insert(fold_name(&backend.name), NamedInstance::Backend(backend));
        }
        for service in wiring.services.values() {
            by_name.insert(fold_name(&service.name), NamedInstance::Service(service));
        }
        Self { by_name, removed: &wiring.removed }
    }

    pub(crate) fn get(&self, name: &str) -> Option<NamedInstance<'a>> {
        self.by_name.get(&fold_name(name)).copied()
    }

    pub(crate) fn removed(&self, name: &str) -> Option<&'a RemovedInstance> {
        let name = fold_name(name);
        self.removed.iter().find(|r| fold_name(&r.name) == name)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = NamedInstance<'a>> + '_ {
        self.by_name.values().copied()
    }
}

/// The last part of a path.
pub(crate) fn short_name(path: &str) -> &str {
    path.rsplit("::").next().unwrap_or(path)
}
