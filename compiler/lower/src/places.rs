//! Where keys that plugins own may stand: `[app]`, processes, backends, edges and servers.

use bp_ir::{Edge, EdgeKind, Ir, Node, NodeKind};
use bp_plan::EdgeClass;
use bp_plugin::facets::{
    CallSettings, PluginKeys, ServerSettings, ServerWrappers, WrapperSettings,
};
use bp_plugin::{Declarations, Neighbours, OwnedTable, PlaceInterface, PlaceWrapper, TablePlace};
use bp_wiring::{ResolvedEdge, Table, WiringModel};
use bp_workflow::WorkflowModel;

use crate::resolved_key::ResolvedKey;
use crate::wrap::classify;

/// A place that may have keys of plugins.
#[derive(Debug, Clone, Copy)]
pub(crate) struct KeyPlace<'a> {
    /// A process, a backend, a service, `a->b`, or `app`.
    pub(crate) name: &'a str,
    said: Said<'a>,
    of: PlaceOf<'a>,
}

/// What the wiring says at a place.
#[derive(Debug, Clone, Copy)]
enum Said<'a> {
    Once(&'a Table),
    ByMethod(&'a ResolvedEdge),
}

#[derive(Debug, Clone, Copy)]
enum PlaceOf<'a> {
    App,
    Process { replicas: u32 },
    Backend(&'a Node),
    Edge(&'a Edge),
    Server(&'a Node),
}

/// The places of one sort that have keys of plugins.
pub(crate) fn list_places<'a>(
    wiring: &'a WiringModel,
    ir: &'a Ir,
    place: TablePlace,
) -> Vec<KeyPlace<'a>> {
    match place {
        TablePlace::TopLevel => Vec::new(),
        TablePlace::App => {
            vec![KeyPlace { name: "app", said: Said::Once(&wiring.app.keys), of: PlaceOf::App }]
        }
        TablePlace::Process => ir.nodes().filter_map(process_place).collect(),
        TablePlace::Backend => ir.nodes().filter_map(backend_place).collect(),
        TablePlace::Edge => ir.calls().filter_map(edge_place).collect(),
        TablePlace::Server => ir.nodes().filter_map(server_place).collect(),
    }
}

fn process_place(node: &Node) -> Option<KeyPlace<'_>> {
    let NodeKind::Process { replicas, once: false } = node.kind else { return None };
    let PluginKeys(keys) = node.facets.get::<PluginKeys>()?;
    let of = PlaceOf::Process { replicas };
    Some(KeyPlace { name: node.key.name(), said: Said::Once(keys), of })
}

fn backend_place(node: &Node) -> Option<KeyPlace<'_>> {
    if !matches!(node.kind, NodeKind::Backend { .. }) {
        return None;
    }
    let PluginKeys(keys) = node.facets.get::<PluginKeys>()?;
    Some(KeyPlace { name: node.key.as_str(), said: Said::Once(keys), of: PlaceOf::Backend(node) })
}

fn edge_place(call: &Edge) -> Option<KeyPlace<'_>> {
    let CallSettings(resolved) = call.facets.get::<CallSettings>()?;
    let (said, of) = (Said::ByMethod(resolved), PlaceOf::Edge(call));
    Some(KeyPlace { name: call.key.as_str(), said, of })
}

fn server_place(node: &Node) -> Option<KeyPlace<'_>> {
    let ServerSettings(resolved) = node.facets.get::<ServerSettings>()?;
    let (said, of) = (Said::ByMethod(resolved), PlaceOf::Server(node));
    Some(KeyPlace { name: node.key.as_str(), said, of })
}

impl<'a> KeyPlace<'a> {
    /// What is said of a key here, unless `false` removed it.
    pub(crate) fn find(&self, key: &str) -> Option<ResolvedKey<'a>> {
        match self.said {
            Said::Once(table) => {
                let item = table.entries.get(key).filter(|item| item.as_bool() != Some(false))?;
                Some(ResolvedKey::of(item))
            }
            Said::ByMethod(resolved) => ResolvedKey::find(resolved, key, &self.methods()),
        }
    }

    /// How messages name a key here: by itself where a selector sets it for many places.
    pub(crate) fn key_of(&self, key: &str) -> String {
        match self.of {
            PlaceOf::App => format!("app.{key}"),
            PlaceOf::Process { .. } => format!("process.{}.{key}", self.name),
            PlaceOf::Backend(_) => format!("{}.{key}", self.name),
            PlaceOf::Edge(_) | PlaceOf::Server(_) => key.to_owned(),
        }
    }

    /// The methods of the interface here.
    pub(crate) fn methods(&self) -> Vec<String> {
        match self.of {
            PlaceOf::Edge(Edge { kind: EdgeKind::Calls { methods, .. }, .. }) => methods.clone(),
            PlaceOf::Server(Node { kind: NodeKind::Service { methods, .. }, .. }) => {
                methods.iter().map(|method| method.name.clone()).collect()
            }
            _ => Vec::new(),
        }
    }

    /// The interface here.
    pub(crate) fn interface(
        &self,
        declarations: &'a Declarations,
        workflow: &'a WorkflowModel,
    ) -> Option<PlaceInterface<'a>> {
        let path = match self.of {
            PlaceOf::App | PlaceOf::Process { .. } => return None,
            PlaceOf::Backend(node) | PlaceOf::Server(node) => match &node.kind {
                NodeKind::Backend { interface, .. } | NodeKind::Service { interface, .. } => {
                    interface
                }
                _ => return None,
            },
            PlaceOf::Edge(call) => match &call.kind {
                EdgeKind::Calls { interface, .. } => interface,
                _ => return None,
            },
        };
        Some(PlaceInterface::find(declarations, workflow, path))
    }

    /// The class of the edge, if it is one.
    pub(crate) fn class(&self, ir: &Ir) -> Option<EdgeClass> {
        match self.of {
            PlaceOf::Edge(call) => Some(classify(ir, call)),
            _ => None,
        }
    }

    /// What else is here.
    pub(crate) fn neighbours(&self, ir: &'a Ir) -> Neighbours<'a> {
        match self.of {
            PlaceOf::App => Neighbours::default(),
            PlaceOf::Process { replicas } => {
                Neighbours { replicas: Some(replicas), ..Neighbours::default() }
            }
            PlaceOf::Backend(node) => {
                let calls = ir.edges_to(&node.key).into_iter();
                let calls = calls.filter(|edge| matches!(edge.kind, EdgeKind::Calls { .. }));
                let mut callers: Vec<&str> = calls.map(|edge| edge.from.as_str()).collect();
                callers.sort_unstable();
                Neighbours { callers, ..Neighbours::default() }
            }
            PlaceOf::Edge(call) => {
                let parts = ir.parts_of(call.key.as_str());
                let mut wrappers: Vec<PlaceWrapper<'_>> = parts.filter_map(find_wrapper).collect();
                wrappers.sort_by_key(|wrapper| wrapper.slot);
                Neighbours { wrappers, ..Neighbours::default() }
            }
            PlaceOf::Server(node) => {
                let wanted = node.facets.get::<ServerWrappers>();
                let wrappers = wanted.into_iter().flat_map(|all| &all.0).map(|wrapper| {
                    let settings = &wrapper.settings.settings;
                    PlaceWrapper { plugin: &wrapper.plugin, slot: wrapper.slot, settings }
                });
                Neighbours { wrappers: wrappers.collect(), ..Neighbours::default() }
            }
        }
    }
}

fn find_wrapper(node: &Node) -> Option<PlaceWrapper<'_>> {
    let NodeKind::Wrapper { plugin, slot, .. } = &node.kind else { return None };
    let settings = &node.facets.get::<WrapperSettings>()?.settings;
    Some(PlaceWrapper { plugin, slot: *slot, settings })
}

/// Whether any file of the chain names a table or key, in force or not.
pub(crate) fn is_named(wiring: &WiringModel, table: &OwnedTable) -> bool {
    let name = table.name;
    let has = |settings: &Table| settings.entries.contains_key(name);
    match table.place {
        TablePlace::TopLevel => wiring.tables.get(name).is_some_and(|rules| !rules.is_empty()),
        TablePlace::App => wiring.app.named_keys.contains(name),
        TablePlace::Backend => wiring.backend_keys.contains(name),
        TablePlace::Process => wiring.processes.iter().any(|rule| has(&rule.settings)),
        TablePlace::Edge => wiring.edges.iter().any(|rule| has(&rule.settings)),
        TablePlace::Server => wiring.servers.iter().any(|rule| has(&rule.settings)),
    }
}
