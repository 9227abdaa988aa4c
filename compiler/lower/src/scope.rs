//! What the parameters of services are resolved against.

use std::collections::BTreeMap;

use bp_plugin::Declarations;
use bp_wiring::InstanceModel;
use bp_workflow::{ImplementationModel, WorkflowModel};

use crate::backend_use::BackendUses;
use crate::names::{InstanceNames, NamedInstance};

/// A service whose implementation is known.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BoundService<'a> {
    pub(crate) instance: &'a InstanceModel,
    pub(crate) implementation: &'a ImplementationModel,
    pub(crate) interface: &'a str,
}

/// What parameters are resolved against.
pub(crate) struct Scope<'a> {
    pub(crate) declarations: &'a Declarations,
    pub(crate) workflow: &'a WorkflowModel,
    pub(crate) names: InstanceNames<'a>,
    /// Services whose implementation is known, by name.
    pub(crate) services: BTreeMap<String, BoundService<'a>>,
    /// The plugin of each backend whose kind is known, and as what services take it, by name.
    pub(crate) backends: BTreeMap<String, BackendUses>,
    /// Names of the instances that offer an interface, by its path and in the order of [`InstanceNames`].
    pub(crate) offering: BTreeMap<String, Vec<String>>,
    /// Whether an instance is declared whose implementation or kind is unknown.
    pub(crate) any_faulty: bool,
}

impl Scope<'_> {
    /// Notes who offers what, once all services and backends are known.
    pub(crate) fn index(&mut self) {
        for named in self.names.iter() {
            let name = &named.instance().name;
            let interfaces: Vec<&str> = match named {
                NamedInstance::Service(_) => {
                    self.services.get(name).map(|b| b.interface).into_iter().collect()
                }
                NamedInstance::Backend(_) => {
                    let uses = self.backends.get(name);
                    uses.map(|uses| self.declarations.offered_by(uses.plugin)).unwrap_or_default()
                }
            };
            let known = match named {
                NamedInstance::Service(_) => self.services.contains_key(name),
                NamedInstance::Backend(_) => self.backends.contains_key(name),
            };
            self.any_faulty |= !known;
            for interface in interfaces {
                self.offering.entry(interface.to_owned()).or_default().push(name.clone());
            }
        }
    }
}
