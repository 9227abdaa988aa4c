//! Names of the wiring: `_` and `-` are the same.

use std::collections::BTreeMap;

use bp_wiring::{InstanceModel, RemovedInstance, WiringModel};

/// The form in which names are compared.
pub(crate) fn fold(name: &str) -> String {
    name.replace('-', "_")
}

/// What a name stands for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Named<'a> {
    Service(&'a InstanceModel),
    Backend(&'a InstanceModel),
    External(&'a InstanceModel),
}

impl<'a> Named<'a> {
    pub(crate) fn instance(self) -> &'a InstanceModel {
        match self {
            Self::Service(i) | Self::Backend(i) | Self::External(i) => i,
        }
    }
}

/// The instances of a wiring, by folded name.
#[derive(Debug)]
pub(crate) struct Names<'a> {
    by_name: BTreeMap<String, Named<'a>>,
    removed: &'a [RemovedInstance],
}

impl<'a> Names<'a> {
    pub(crate) fn new(wiring: &'a WiringModel) -> Self {
        let mut by_name = BTreeMap::new();
        // Equal names in two tables were reported by the front end; the first of this order stays.
        for external in wiring.externals.values() {
            by_name.insert(fold(&external.name), Named::External(external));
        }
        for backend in wiring.backends.values() {
            by_name.insert(fold(&backend.name), Named::Backend(backend));
        }
        for service in wiring.services.values() {
            by_name.insert(fold(&service.name), Named::Service(service));
        }
        Self { by_name, removed: &wiring.removed }
    }

    pub(crate) fn get(&self, name: &str) -> Option<Named<'a>> {
        self.by_name.get(&fold(name)).copied()
    }

    pub(crate) fn removed(&self, name: &str) -> Option<&'a RemovedInstance> {
        let name = fold(name);
        self.removed.iter().find(|r| fold(&r.name) == name)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = Named<'a>> + '_ {
        self.by_name.values().copied()
    }
}
