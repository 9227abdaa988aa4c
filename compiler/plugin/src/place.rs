//! What is at a place beside the settings that a plugin checks there.

use bp_ir::Slot;
use bp_plan::Settings;
use bp_workflow::{InterfaceMethod, MethodModel, WorkflowModel};

use crate::Declarations;

/// The interface of a place: of a backend the one that it is opened as, which each of its callers' equals or is extended by; of an edge what the caller takes; of a listener the callee's.
///
/// A backend that nobody calls has the first that its plugin offers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlaceInterface<'a> {
    /// Its definition path: `bp_backend::Cache`, `leaf_workflow::Cart`.
    pub path: &'a str,
    /// The paths of all interfaces that it extends; see [`PlaceInterface::extends`].
    pub ancestors: Vec<&'a str>,
    /// Its methods, in order.
    pub methods: Vec<PlaceMethod<'a>>,
}

/// A method of the interface of a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlaceMethod<'a> {
    /// Its name.
    pub name: &'a str,
    /// Whether it is safe to repeat.
    pub idempotent: bool,
}

impl<'a> PlaceInterface<'a> {
    /// The interface with a path: a service of the workflow, or one that backends offer; without methods if neither declares it.
    pub fn find(
        declarations: &'a Declarations,
        workflow: &'a WorkflowModel,
        path: &'a str,
    ) -> Self {
        if let Some(service) = workflow.services.get(path) {
            let methods = service.methods.iter().map(PlaceMethod::of_service).collect();
            return Self { path, ancestors: Vec::new(), methods };
        }
        let Some(interface) = declarations.interface(path) else {
            return Self { path, ancestors: Vec::new(), methods: Vec::new() };
        };
        let methods = interface.methods.iter().map(PlaceMethod::of_interface).collect();
        let ancestors = interface.ancestors.iter().map(String::as_str).collect();
        Self { path, ancestors, methods }
    }

    /// Whether it is the interface with this path, or extends it: a capability of a cache is a cache.
    pub fn extends(&self, path: &str) -> bool {
        self.path == path || self.ancestors.contains(&path)
    }
}

impl<'a> PlaceMethod<'a> {
    fn of_service(method: &'a MethodModel) -> Self {
        Self { name: &method.name, idempotent: method.idempotent }
    }

    fn of_interface(method: &'a InterfaceMethod) -> Self {
        Self { name: &method.name, idempotent: method.idempotent }
    }
}

/// What else is at a place; what does not apply to the place is empty.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Neighbours<'a> {
    /// Of an edge or a listener: the other wrappers that the wiring wants there, outermost first.
    ///
    /// Those that are removed because the call stays in its process are not among them; those under `[server]` are, even if the service turns out to listen nowhere.
    pub wrappers: Vec<PlaceWrapper<'a>>,
    /// Of a backend: the names of the services that call it, sorted.
    pub callers: Vec<&'a str>,
    /// Of a process: how many copies of it run, scaling aside.
    pub replicas: Option<u32>,
    /// Of a target: the other enabled targets, in the order of the wiring.
    pub targets: Vec<&'a str>,
}

/// A wrapper that is at the same place.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PlaceWrapper<'a> {
    /// The plugin's id.
    pub plugin: &'a str,
    /// Its slot.
    pub slot: Slot,
    /// Its settings for the whole place, defaults filled in.
    pub settings: &'a Settings,
}
