//! The graph behind keys: petgraph's indices stay in this file.
//!
//! An index that is freed is reused at once, so it must never be stored outside, compared or printed; keys are.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use bp_diag::Span;
use petgraph::Direction;
use petgraph::stable_graph::{EdgeIndex, NodeIndex, StableDiGraph};

use crate::index::Index;
use crate::{EdgeKey, EdgeKind, Facets, NodeKey, NodeKind};

/// Where something in the graph comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The text that asks for it; none for what nothing asks for, such as an implicit process.
    pub span: Option<Span>,
    /// The pass or plugin that made it.
    pub via: String,
}

impl Origin {
    /// Asked for at `span`, made by `via`.
    pub fn new(span: Option<Span>, via: impl Into<String>) -> Self {
        Self { span, via: via.into() }
    }
}

/// A node.
#[derive(Debug, Clone)]
pub struct Node {
    /// Its key.
    pub key: NodeKey,
    /// What it is.
    pub kind: NodeKind,
    /// Where it comes from.
    pub origin: Origin,
    /// Data that passes attach.
    pub facets: Facets,
}

/// An edge.
#[derive(Debug, Clone)]
pub struct Edge {
    /// Its key.
    pub key: EdgeKey,
    /// What it is.
    pub kind: EdgeKind,
    /// Where it starts.
    pub from: NodeKey,
    /// Where it ends.
    pub to: NodeKey,
    /// Where it comes from.
    pub origin: Origin,
    /// Data that passes attach.
    pub facets: Facets,
}

/// Why the graph refused a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IrError {
    /// Another node or edge has the key.
    Taken(String),
    /// No node has the key.
    Unknown(String),
}

impl fmt::Display for IrError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Taken(key) => write!(f, "the key `{key}` is taken"),
            Self::Unknown(key) => write!(f, "no node has the key `{key}`"),
        }
    }
}

impl std::error::Error for IrError {}

/// The graph between the front ends and the plan.
#[derive(Debug, Clone, Default)]
pub struct Ir {
    // Boxed, so that a growing graph moves pointers and not whole nodes.
    graph: StableDiGraph<Box<Node>, Box<Edge>>,
    nodes: Index<NodeKey, NodeIndex>,
    edges: Index<EdgeKey, EdgeIndex>,
    /// Where each node runs: a service that thousands call has thousands of edges and one host.
    hosts: BTreeMap<NodeKey, BTreeSet<NodeKey>>,
}

impl Ir {
    /// An empty graph.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a node.
    ///
    /// # Errors
    ///
    /// The key is taken; the graph is unchanged.
    pub fn add_node(
        &mut self,
        key: &NodeKey,
        kind: NodeKind,
        origin: Origin,
    ) -> Result<&mut Node, IrError> {
        if self.nodes.contains(key) {
            return Err(IrError::Taken(key.to_string()));
        }
        let node = Node { key: key.clone(), kind, origin, facets: Facets::default() };
        let index = self.graph.add_node(Box::new(node));
        self.nodes.insert(key, index);
        let added = self.graph.node_weight_mut(index).map(Box::as_mut);
        added.ok_or_else(|| IrError::Unknown(key.to_string()))
    }

    /// Adds an edge; its key follows from its ends and kind.
    ///
    /// # Errors
    ///
    /// An end is unknown, or the two ends have an edge of this kind already; the graph is unchanged.
    pub fn add_edge(
        &mut self,
        from: &NodeKey,
        to: &NodeKey,
        kind: EdgeKind,
        origin: Origin,
    ) -> Result<&mut Edge, IrError> {
        let find =
            |key: &NodeKey| self.nodes.get(key).ok_or_else(|| IrError::Unknown(key.to_string()));
        let (source, target) = (find(from)?, find(to)?);
        let key = match &kind {
            EdgeKind::Calls { .. } => EdgeKey::calls(from.as_str(), to.as_str()),
            EdgeKind::Wraps | EdgeKind::Serves | EdgeKind::Hosts | EdgeKind::SpreadsOver => {
                EdgeKey::other(from, kind.name(), to)
            }
        };
        if self.edges.contains(&key) {
            return Err(IrError::Taken(key.to_string()));
        }
        let edge = Edge {
            key: key.clone(),
            kind,
            from: from.clone(),
            to: to.clone(),
            origin,
            facets: Facets::default(),
        };
        if edge.kind == EdgeKind::Hosts {
            self.hosts.entry(to.clone()).or_default().insert(from.clone());
        }
        let index = self.graph.add_edge(source, target, Box::new(edge));
        self.edges.insert(&key, index);
        let added = self.graph.edge_weight_mut(index).map(Box::as_mut);
        added.ok_or_else(|| IrError::Unknown(key.to_string()))
    }

    /// Removes a node and the edges that touch it; whether there was one.
    pub fn remove_node(&mut self, key: &NodeKey) -> bool {
        let Some(index) = self.nodes.remove(key) else { return false };
        let mut touching: Vec<EdgeKey> = Vec::new();
        for direction in [Direction::Outgoing, Direction::Incoming] {
            let keys = self.graph.edges_directed(index, direction).map(|e| e.weight().key.clone());
            touching.extend(keys);
        }
        for edge in &touching {
            self.remove_edge(edge);
        }
        self.graph.remove_node(index);
        true
    }

    /// Removes an edge; whether there was one.
    pub fn remove_edge(&mut self, key: &EdgeKey) -> bool {
        let Some(index) = self.edges.remove(key) else { return false };
        if let Some(edge) = self.graph.remove_edge(index)
            && edge.kind == EdgeKind::Hosts
            && let Some(hosts) = self.hosts.get_mut(&edge.to)
        {
            hosts.remove(&edge.from);
        }
        true
    }

    /// The node with a key.
    pub fn node(&self, key: &NodeKey) -> Option<&Node> {
        self.graph.node_weight(self.nodes.get(key)?).map(Box::as_ref)
    }

    /// The node with a key, to be changed; its key must stay.
    pub fn node_mut(&mut self, key: &NodeKey) -> Option<&mut Node> {
        self.graph.node_weight_mut(self.nodes.get(key)?).map(Box::as_mut)
    }

    /// The edge with a key.
    pub fn edge(&self, key: &EdgeKey) -> Option<&Edge> {
        self.graph.edge_weight(self.edges.get(key)?).map(Box::as_ref)
    }

    /// The edge with a key, to be changed; its key and ends must stay.
    pub fn edge_mut(&mut self, key: &EdgeKey) -> Option<&mut Edge> {
        self.graph.edge_weight_mut(self.edges.get(key)?).map(Box::as_mut)
    }

    /// Every node, by key.
    pub fn nodes(&self) -> impl Iterator<Item = &Node> {
        self.nodes.values().filter_map(|index| self.graph.node_weight(index)).map(Box::as_ref)
    }

    /// Every edge, by key.
    pub fn edges(&self) -> impl Iterator<Item = &Edge> {
        self.edges.values().filter_map(|index| self.graph.edge_weight(index)).map(Box::as_ref)
    }

    /// The edges that start at a node, by key.
    pub fn edges_from(&self, key: &NodeKey) -> Vec<&Edge> {
        self.touching(key, Direction::Outgoing)
    }

    /// The edges that end at a node, by key.
    pub fn edges_to(&self, key: &NodeKey) -> Vec<&Edge> {
        self.touching(key, Direction::Incoming)
    }

    fn touching(&self, key: &NodeKey, direction: Direction) -> Vec<&Edge> {
        let Some(index) = self.nodes.get(key) else { return Vec::new() };
        let mut edges: Vec<&Edge> =
            self.graph.edges_directed(index, direction).map(|e| e.weight().as_ref()).collect();
        edges.sort_by(|a, b| a.key.cmp(&b.key));
        edges
    }

    /// The calls, by key.
    pub fn calls(&self) -> impl Iterator<Item = &Edge> {
        self.edges().filter(|e| matches!(e.kind, EdgeKind::Calls { .. }))
    }

    /// The nodes that a node runs inside, by key: one process for a service, every user's for a backend.
    pub fn hosts_of(&self, key: &NodeKey) -> Vec<&NodeKey> {
        self.hosts.get(key).into_iter().flatten().collect()
    }

    /// Whether two nodes run inside the same.
    pub(crate) fn same_hosts(&self, one: &NodeKey, other: &NodeKey) -> bool {
        let hosts = |key| self.hosts.get(key).into_iter().flatten();
        hosts(one).eq(hosts(other))
    }

    /// The parts that belong to a call or a listener, by key: see [`NodeKey::part`].
    pub fn parts_of(&self, owner: &str) -> impl Iterator<Item = &Node> {
        let prefix = format!("{owner}.");
        self.nodes
            .from(NodeKey::new(prefix.as_str()))
            .take_while(move |(key, _)| key.as_str().starts_with(&prefix))
            .filter_map(|(_, index)| self.graph.node_weight(index))
            .map(Box::as_ref)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin() -> Origin {
        Origin::new(None, "test")
    }

    #[test]
    fn keys_survive_removal_and_reuse() {
        let mut ir = Ir::new();
        let [a, b, c] = ["a", "b", "c"].map(NodeKey::instance);
        ir.add_node(&a, NodeKind::Client, origin()).unwrap();
        ir.add_node(&b, NodeKind::Client, origin()).unwrap();
        ir.add_edge(&a, &b, EdgeKind::Hosts, origin()).unwrap();
        assert_eq!(ir.hosts_of(&b), [&a]);
        assert!(ir.remove_node(&a));
        // petgraph gives the freed index to `c`; the keys must not care.
        ir.add_node(&c, NodeKind::Container, origin()).unwrap();
        assert!(ir.node(&a).is_none());
        assert!(ir.hosts_of(&b).is_empty());
        assert_eq!(ir.node(&c).unwrap().kind, NodeKind::Container);
        assert_eq!(ir.node(&b).unwrap().kind, NodeKind::Client);
        assert_eq!(ir.edges().count(), 0);
        assert!(!ir.remove_edge(&EdgeKey::other(&a, "hosts", &b)));
    }

    #[test]
    fn a_taken_key_and_an_unknown_end_are_refused() {
        let mut ir = Ir::new();
        let [a, b] = ["a", "b"].map(NodeKey::instance);
        ir.add_node(&a, NodeKind::Client, origin()).unwrap();
        assert_eq!(
            ir.add_node(&a, NodeKind::Job, origin()).unwrap_err(),
            IrError::Taken("a".into())
        );
        assert_eq!(
            ir.add_edge(&a, &b, EdgeKind::Wraps, origin()).unwrap_err(),
            IrError::Unknown("b".into())
        );
        ir.add_node(&b, NodeKind::Client, origin()).unwrap();
        ir.add_edge(&a, &b, EdgeKind::Wraps, origin()).unwrap();
        assert!(ir.add_edge(&a, &b, EdgeKind::Wraps, origin()).is_err());
        assert_eq!(ir.edges_from(&a).len(), 1);
        assert_eq!(ir.edges_to(&b).len(), 1);
    }
}
