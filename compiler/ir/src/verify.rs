//! The verifier: rules that hold after every pass.
//!
//! A broken rule is a fault of `bp` or of a plugin, never of the user's files.
//! Some rules begin to hold at a [`VerifyStage`] only: before processes are known, nothing can cross one.
//!
//! Always:
//! - keys are unique: no two services or backends differ only by `_` and `-` (the graph itself refuses equal keys);
//! - an edge joins kinds that its own kind allows;
//! - a call's interface is its target's, and each of its methods exists there;
//! - scopes nest: service ⊂ process ⊂ container ⊂ job, and each of these runs inside one at most;
//! - no wrapper, transport or address without an owner (an uncalled service is not a fault of the graph);
//! - the wrappers of one chain are sorted by slot, at most one a slot, and the chain reaches the callee.
//!
//! From [`VerifyStage::Grouped`]:
//! - every service runs in exactly one process.
//!
//! From [`VerifyStage::Transported`]:
//! - a call that crosses a process passes exactly one transport pair, and a call inside a process none;
//! - every method of a call that crosses a process has types that can be serialised.
//!
//! From [`VerifyStage::Addressed`]:
//! - every address has a port, and no two addresses share one.
//!
//! Cycles between services are legal.

use std::collections::{BTreeMap, BTreeSet};

use crate::{Edge, EdgeKind, Ir, Node, NodeKey, NodeKind, Side};

/// How far the passes have come; a later stage includes the earlier ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum VerifyStage {
    /// Calls are known.
    Bound,
    /// Processes are known.
    Grouped,
    /// Transports are known.
    Transported,
    /// Ports are known.
    Addressed,
}

/// The rules that the graph breaks, sorted; empty for a sound graph.
pub fn verify(ir: &Ir, stage: VerifyStage) -> Vec<String> {
    let mut broken = BTreeSet::new();
    check_names(ir, &mut broken);
    for edge in ir.edges() {
        check_ends(ir, edge, &mut broken);
        check_call(ir, edge, &mut broken);
    }
    for node in ir.nodes() {
        check_scopes(ir, node, &mut broken);
        check_owner(ir, node, &mut broken);
    }
    check_chains(ir, &mut broken);
    if stage >= VerifyStage::Grouped {
        check_grouped(ir, &mut broken);
    }
    if stage >= VerifyStage::Transported {
        let ends = collect_client_ends(ir);
        for edge in ir.calls() {
            let ends = ends.get(edge.key.as_str()).map_or(&[][..], Vec::as_slice);
            check_transport(ir, edge, ends, &mut broken);
        }
    }
    if stage >= VerifyStage::Addressed {
        check_addresses(ir, &mut broken);
    }
    broken.into_iter().collect()
}

fn check_names(ir: &Ir, broken: &mut BTreeSet<String>) {
    let mut seen: BTreeMap<String, &NodeKey> = BTreeMap::new();
    for node in ir.nodes() {
        if let NodeKind::Service { .. } | NodeKind::Backend { .. } | NodeKind::Client = node.kind
            && let Some(other) = seen.insert(node.key.as_str().replace('-', "_"), &node.key)
        {
            broken.insert(format!("`{other}` and `{}` are one name", node.key));
        }
    }
}

/// Whether an edge of this kind may join these nodes.
fn joins(kind: &EdgeKind, from: &NodeKind, to: &NodeKind) -> bool {
    use NodeKind as N;
    match kind {
        EdgeKind::Calls { .. } => matches!(
            (from, to),
            (N::Service { .. } | N::Client, N::Service { .. })
                | (N::Service { .. }, N::Backend { .. })
        ),
        EdgeKind::Wraps => match from {
            N::Wrapper { .. } => matches!(
                to,
                N::Wrapper { .. }
                    | N::Transport { side: Side::Client, .. }
                    | N::Service { .. }
                    | N::Backend { .. }
            ),
            N::Transport { side: Side::Client, .. } => matches!(to, N::Address { .. }),
            N::Transport { side: Side::Server, .. } => matches!(to, N::Wrapper { .. }),
            _ => false,
        },
        EdgeKind::Serves => matches!(
            (from, to),
            (N::Address { .. }, N::Transport { side: Side::Server, .. } | N::Process { .. })
                | (N::Transport { side: Side::Server, .. } | N::Wrapper { .. }, N::Service { .. })
        ),
        EdgeKind::Hosts => matches!(
            (from, to),
            (N::Process { .. }, N::Service { .. } | N::Backend { .. })
                | (N::Container, N::Process { .. })
                | (N::Job, N::Container)
                | (N::FaultDomain { .. }, N::FaultDomain { .. } | N::Job)
        ),
        EdgeKind::SpreadsOver => {
            matches!((from, to), (N::Process { .. } | N::Job, N::FaultDomain { .. }))
        }
    }
}

fn check_ends(ir: &Ir, edge: &Edge, broken: &mut BTreeSet<String>) {
    let (Some(from), Some(to)) = (ir.node(&edge.from), ir.node(&edge.to)) else { return };
    if !joins(&edge.kind, &from.kind, &to.kind) {
        broken.insert(format!(
            "`{}`: {} {} cannot be between {} and {}",
            edge.key,
            if edge.kind.name().starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" },
            edge.kind.name(),
            from.kind.name(),
            to.kind.name()
        ));
    }
}

fn check_call(ir: &Ir, edge: &Edge, broken: &mut BTreeSet<String>) {
    let EdgeKind::Calls { interface, methods } = &edge.kind else { return };
    let Some(target) = ir.node(&edge.to) else { return };
    match &target.kind {
        NodeKind::Service { interface: offered, methods: known, .. } => {
            if interface != offered {
                broken.insert(format!("`{}` calls `{interface}`, not `{offered}`", edge.key));
            }
            for method in methods.iter().filter(|m| !known.iter().any(|k| k.name == **m)) {
                broken.insert(format!("`{}` calls `{method}`, which does not exist", edge.key));
            }
        }
        NodeKind::Backend { interface: offered, ancestors, .. }
            if interface != offered && !ancestors.contains(interface) =>
        {
            broken.insert(format!("`{}` calls `{interface}`, not `{offered}`", edge.key));
        }
        _ => {}
    }
}

fn check_scopes(ir: &Ir, node: &Node, broken: &mut BTreeSet<String>) {
    let single = matches!(
        node.kind,
        NodeKind::Service { .. } | NodeKind::Process { .. } | NodeKind::Container | NodeKind::Job
    );
    let hosts = ir.hosts_of(&node.key);
    if single && hosts.len() > 1 {
        let hosts: Vec<_> = hosts.iter().map(|h| h.as_str()).collect();
        broken.insert(format!("`{}` runs inside {} at once", node.key, hosts.join(" and ")));
    }
}

fn check_owner(ir: &Ir, node: &Node, broken: &mut BTreeSet<String>) {
    let owned = match &node.kind {
        NodeKind::Wrapper { owner, .. } | NodeKind::Transport { owner, side: Side::Client, .. } => {
            ir.edge(&crate::EdgeKey::new(owner.clone())).is_some()
                || ir.node(&NodeKey::new(owner.clone())).is_some()
        }
        NodeKind::Transport { owner, side: Side::Server, .. } => ir
            .node(&NodeKey::new(owner.clone()))
            .is_some_and(|n| matches!(n.kind, NodeKind::Service { .. })),
        NodeKind::Address { .. } => {
            ir.edges_from(&node.key).iter().any(|e| e.kind == EdgeKind::Serves)
        }
        _ => true,
    };
    if !owned {
        broken.insert(format!("`{}` has no owner", node.key));
    }
}

/// The chains of wrappers, by owner: of calls and of listeners.
fn check_chains(ir: &Ir, broken: &mut BTreeSet<String>) {
    let mut by_owner: BTreeMap<&str, Vec<&Node>> = BTreeMap::new();
    for node in ir.nodes() {
        if let NodeKind::Wrapper { owner, .. } = &node.kind {
            by_owner.entry(owner).or_default().push(node);
        }
    }
    for (owner, wrappers) in by_owner {
        let mut slots: Vec<_> = wrappers.iter().filter_map(|n| slot_of(n)).collect();
        slots.sort();
        if let Some(pair) = slots.windows(2).find(|pair| pair.first() == pair.last()) {
            let name = pair.first().map_or("", |s| s.name());
            broken.insert(format!("`{owner}` has two wrappers in slot `{name}`"));
        }
        for wrapper in wrappers {
            let inner: Vec<&Edge> = ir
                .edges_from(&wrapper.key)
                .into_iter()
                .filter(|e| matches!(e.kind, EdgeKind::Wraps | EdgeKind::Serves))
                .collect();
            let [next] = inner.as_slice() else {
                let count = inner.len();
                broken.insert(format!("`{}` passes calls on to {count} nodes", wrapper.key));
                continue;
            };
            let next = ir.node(&next.to);
            if let (Some(here), Some(there)) = (slot_of(wrapper), next.and_then(slot_of))
                && here > there
            {
                broken.insert(format!("`{}` is inside of `{}`", there.name(), here.name()));
            }
        }
    }
}

fn slot_of(node: &Node) -> Option<crate::Slot> {
    if let NodeKind::Wrapper { slot, .. } = &node.kind { Some(*slot) } else { None }
}

fn check_grouped(ir: &Ir, broken: &mut BTreeSet<String>) {
    for node in ir.nodes().filter(|n| matches!(n.kind, NodeKind::Service { .. })) {
        if ir.hosts_of(&node.key).is_empty() {
            broken.insert(format!("`{}` is in no process", node.key));
        }
    }
}

impl Ir {
    /// Whether a call leaves its caller's process; a call from the outside world always does, a call to a backend never.
    pub fn is_remote(&self, call: &Edge) -> bool {
        let backend =
            self.node(&call.to).is_some_and(|n| matches!(n.kind, NodeKind::Backend { .. }));
        !backend && !self.same_hosts(&call.from, &call.to)
    }
}

/// The client ends of transports, by the call that they belong to.
fn collect_client_ends(ir: &Ir) -> BTreeMap<&str, Vec<&Node>> {
    let mut ends: BTreeMap<&str, Vec<&Node>> = BTreeMap::new();
    for node in ir.nodes() {
        if let NodeKind::Transport { side: Side::Client, owner, .. } = &node.kind {
            ends.entry(owner).or_default().push(node);
        }
    }
    ends
}

fn check_transport(ir: &Ir, call: &Edge, ends: &[&Node], broken: &mut BTreeSet<String>) {
    let remote = ir.is_remote(call);
    match ends {
        [] if remote => {
            broken.insert(format!("`{}` crosses a process without a transport", call.key));
        }
        [_, ..] if !remote => {
            broken.insert(format!("`{}` has a transport inside a process", call.key));
        }
        [end] => {
            if !reaches(ir, end, &call.to) {
                broken.insert(format!("the transport of `{}` does not reach it", call.key));
            }
        }
        [] => {}
        [_, _, ..] => {
            broken.insert(format!("`{}` has {} transports", call.key, ends.len()));
        }
    }
    if let (true, Some(NodeKind::Service { methods, .. })) =
        (remote, ir.node(&call.to).map(|n| &n.kind))
    {
        for method in methods.iter().filter(|m| !m.remote) {
            broken.insert(format!(
                "`{}` crosses a process, and types of `{}` cannot be serialised",
                call.key, method.name
            ));
        }
    }
}

/// Whether a client end dials an address whose listener, of the same transport, serves the callee.
fn reaches(ir: &Ir, client: &Node, callee: &NodeKey) -> bool {
    let NodeKind::Transport { plugin: dialed, .. } = &client.kind else { return false };
    let follow = |key: &NodeKey, kind: &EdgeKind| -> Vec<NodeKey> {
        ir.edges_from(key).into_iter().filter(|e| e.kind == *kind).map(|e| e.to.clone()).collect()
    };
    follow(&client.key, &EdgeKind::Wraps)
        .iter()
        .flat_map(|address| follow(address, &EdgeKind::Serves))
        .any(|listener| {
            ir.node(&listener).is_some_and(|n| {
                matches!(&n.kind, NodeKind::Transport { plugin, side: Side::Server, owner }
                    if plugin == dialed && owner == callee.as_str())
            })
        })
}

fn check_addresses(ir: &Ir, broken: &mut BTreeSet<String>) {
    let mut ports: BTreeMap<u16, &NodeKey> = BTreeMap::new();
    for node in ir.nodes() {
        let NodeKind::Address { port } = &node.kind else { continue };
        if *port == 0 {
            broken.insert(format!("`{}` has no port", node.key));
        } else if let Some(other) = ports.insert(*port, &node.key) {
            broken.insert(format!("`{other}` and `{}` have port {port}", node.key));
        }
    }
}

#[cfg(test)]
mod tests;
