//! Strongly connected components of the calls between services.
//!
//! Tarjan's algorithm ("Depth-first search and linear graph algorithms", 1972), with an explicit stack: in one real production graph 356 services form one component, and a recursive walk of a long chain would overflow.

use std::collections::BTreeMap;

use crate::{Ir, NodeKey, NodeKind};

/// Services that can reach each other, by key.
pub type Component = Vec<NodeKey>;

impl Ir {
    /// The components of the calls between services, callees before callers.
    ///
    /// The result depends on keys alone, not on the order in which the graph was built.
    pub fn components(&self) -> Vec<Component> {
        let keys: Vec<&NodeKey> = self
            .nodes()
            .filter(|n| matches!(n.kind, NodeKind::Service { .. }))
            .map(|n| &n.key)
            .collect();
        let number: BTreeMap<&NodeKey, usize> =
            keys.iter().enumerate().map(|(i, key)| (*key, i)).collect();
        let mut callees: Vec<Vec<usize>> = vec![Vec::new(); keys.len()];
        for call in self.calls() {
            if let (Some(from), Some(to)) = (number.get(&call.from), number.get(&call.to))
                && let Some(list) = callees.get_mut(*from)
            {
                list.push(*to);
            }
        }
        for list in &mut callees {
            list.sort_unstable();
        }
        tarjan(&callees)
            .into_iter()
            .map(|members| {
                let mut members: Component =
                    members.into_iter().filter_map(|i| keys.get(i).map(|k| (*k).clone())).collect();
                members.sort();
                members
            })
            .collect()
    }
}

/// What the walk knows of a vertex.
#[derive(Clone, Copy)]
struct Visit {
    /// When it was first seen.
    index: usize,
    /// The earliest vertex on the stack that it reaches.
    low: usize,
    /// Whether it is on the stack of open vertices.
    open: bool,
}

fn tarjan(edges: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let mut visits: Vec<Option<Visit>> = vec![None; edges.len()];
    let mut open: Vec<usize> = Vec::new();
    let mut found: Vec<Vec<usize>> = Vec::new();
    let mut clock = 0;
    for root in 0..edges.len() {
        if visits.get(root).copied().flatten().is_some() {
            continue;
        }
        // A frame is a vertex and how many of its edges were followed.
        let mut frames: Vec<(usize, usize)> = vec![(root, 0)];
        while let Some((vertex, followed)) = frames.pop() {
            if followed == 0 {
                set(&mut visits, vertex, Visit { index: clock, low: clock, open: true });
                clock += 1;
                open.push(vertex);
            }
            if let Some(&next) = edges.get(vertex).and_then(|list| list.get(followed)) {
                frames.push((vertex, followed + 1));
                match visits.get(next).copied().flatten() {
                    None => frames.push((next, 0)),
                    Some(seen) if seen.open => lower(&mut visits, vertex, seen.index),
                    Some(_) => {}
                }
                continue;
            }
            let Some(done) = visits.get(vertex).copied().flatten() else { continue };
            if let Some((parent, _)) = frames.last() {
                lower(&mut visits, *parent, done.low);
            }
            if done.low == done.index {
                let mut members = Vec::new();
                while let Some(member) = open.pop() {
                    close(&mut visits, member);
                    members.push(member);
                    if member == vertex {
                        break;
                    }
                }
                found.push(members);
            }
        }
    }
    found
}

fn set(visits: &mut [Option<Visit>], vertex: usize, visit: Visit) {
    if let Some(slot) = visits.get_mut(vertex) {
        *slot = Some(visit);
    }
}

fn lower(visits: &mut [Option<Visit>], vertex: usize, low: usize) {
    if let Some(Some(visit)) = visits.get_mut(vertex) {
        visit.low = visit.low.min(low);
    }
}

fn close(visits: &mut [Option<Visit>], vertex: usize) {
    if let Some(Some(visit)) = visits.get_mut(vertex) {
        visit.open = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{add_call, add_service};

    fn names(ir: &Ir) -> Vec<String> {
        ir.components()
            .into_iter()
            .map(|c| c.iter().map(NodeKey::as_str).collect::<Vec<_>>().join("+"))
            .collect()
    }

    #[test]
    fn callees_come_first_and_cycles_are_one() {
        let mut ir = Ir::new();
        for name in ["a", "b", "c", "d"] {
            add_service(&mut ir, name);
        }
        add_call(&mut ir, "a", "b");
        add_call(&mut ir, "b", "c");
        add_call(&mut ir, "c", "b");
        add_call(&mut ir, "c", "d");
        assert_eq!(names(&ir), ["d", "b+c", "a"]);
    }

    #[test]
    fn the_order_of_building_does_not_matter() {
        let edges = [("a", "b"), ("b", "c"), ("c", "a"), ("d", "a"), ("e", "d"), ("e", "f")];
        let mut forward = Ir::new();
        let mut backward = Ir::new();
        for name in ["a", "b", "c", "d", "e", "f"] {
            add_service(&mut forward, name);
        }
        for name in ["f", "d", "e", "b", "c", "a"] {
            add_service(&mut backward, name);
        }
        for (from, to) in edges {
            add_call(&mut forward, from, to);
        }
        for (from, to) in edges.into_iter().rev() {
            add_call(&mut backward, from, to);
        }
        assert_eq!(names(&forward), names(&backward));
    }

    #[test]
    fn long_chains_and_large_rings_do_not_overflow() {
        let count = 5000;
        let mut ir = Ir::new();
        for i in 0..count {
            add_service(&mut ir, &format!("s{i:05}"));
        }
        for i in 0..count - 1 {
            add_call(&mut ir, &format!("s{i:05}"), &format!("s{:05}", i + 1));
        }
        assert_eq!(ir.components().len(), count);
        add_call(&mut ir, &format!("s{:05}", count - 1), "s00000");
        assert_eq!(ir.components().len(), 1);
    }
}
