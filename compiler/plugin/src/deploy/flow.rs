//! Who calls whom over the network, for network policies and for what a process dials.

use std::collections::BTreeSet;

use bp_plan::{EdgeClass, Plan};

/// One end of a flow.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum FlowEnd {
    /// The outside world.
    Client,
    /// A process.
    Process(String),
    /// An init; nothing calls one.
    Init(String),
    /// A store that is deployed with the application.
    Store(String),
    /// A store elsewhere, by instance.
    External(String),
}

/// Connections from one end to a port of another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Flow {
    /// Who connects.
    pub from: FlowEnd,
    /// Who listens.
    pub to: FlowEnd,
    /// On which port.
    pub port: u16,
}

/// Every flow of a plan.
pub(super) fn collect_flows(plan: &Plan) -> BTreeSet<Flow> {
    let mut out = BTreeSet::new();
    let caller = |name: &String| {
        if plan.inits.contains_key(name) {
            FlowEnd::Init(name.clone())
        } else {
            FlowEnd::Process(name.clone())
        }
    };
    for edge in plan.edges.values() {
        let Some(listener) = edge.listener.as_ref().and_then(|name| plan.listeners.get(name))
        else {
            continue;
        };
        let to = FlowEnd::Process(listener.process.clone());
        let port = listener.address.port;
        if edge.kind == EdgeClass::Entry {
            out.insert(Flow { from: FlowEnd::Client, to: to.clone(), port });
        }
        let callers = plan.instances.get(&edge.caller).map(|i| &i.processes);
        for process in callers.into_iter().flatten() {
            out.insert(Flow { from: caller(process), to: to.clone(), port });
        }
    }
    for (name, instance) in &plan.instances {
        let Some(server) = instance.backend().and_then(|b| b.server.as_deref()) else { continue };
        let to = if server.external { FlowEnd::External } else { FlowEnd::Store };
        for process in &instance.processes {
            out.insert(Flow {
                from: caller(process),
                to: to(name.clone()),
                port: server.address.port,
            });
        }
    }
    out
}
