//! Call graphs of services: from files, grown ones, and ones with a large cycle.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result, bail};
use petgraph::algo::tarjan_scc;
use petgraph::graph::DiGraph;
use serde::Deserialize;

/// Services by number, and the calls between them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Topology {
    /// How many services there are; a service without calls is one too.
    pub services: usize,
    /// Caller and callee, each pair once, sorted.
    pub calls: Vec<(usize, usize)>,
}

#[derive(Deserialize)]
struct File {
    facts: Facts,
    edges: Vec<(usize, usize, u64)>,
}

#[derive(Deserialize)]
struct Facts {
    nodes: usize,
}

const SYNTH_1000: &str = include_str!("../topologies/synth_1000_dag_s1.json");
const SYNTH_3000: &str = include_str!("../topologies/synth_3000_dag_s1.json");

impl Topology {
    /// A topology of this many services: from a file where there is one, else grown from the largest file's degrees and seed 1.
    ///
    /// # Errors
    /// When a file in the repository is damaged.
    pub fn of_size(services: usize) -> Result<Self> {
        match services {
            1000 => Self::parse(SYNTH_1000),
            3000 => Self::parse(SYNTH_3000),
            _ => Ok(Self::parse(SYNTH_3000)?.grow(services, 1)),
        }
    }

    /// Reads a topology file.
    ///
    /// # Errors
    /// When it is not a topology, or calls a service that it does not have.
    pub fn parse(text: &str) -> Result<Self> {
        let file: File = serde_json::from_str(text).context("not a topology")?;
        let services = file.facts.nodes;
        if let Some(call) = file.edges.iter().find(|(a, b, _)| a.max(b) >= &services) {
            bail!(
                "the call {call:?} names a service that does not exist: there are only {services}"
            );
        }
        Ok(Self::new(services, file.edges.into_iter().map(|(from, to, _)| (from, to))))
    }

    fn new(services: usize, calls: impl IntoIterator<Item = (usize, usize)>) -> Self {
        let calls: BTreeSet<_> = calls.into_iter().filter(|(from, to)| from != to).collect();
        Self { services, calls: calls.into_iter().collect() }
    }

    /// Another topology of the same shape: (in, out) degree pairs of this one drawn with replacement, matched at random, with each call from the lower number to the higher.
    pub fn grow(&self, services: usize, seed: u64) -> Self {
        let mut degrees = vec![(0_usize, 0_usize); self.services];
        for (from, to) in &self.calls {
            if let Some((_, out)) = degrees.get_mut(*from) {
                *out += 1;
            }
            if let Some((into, _)) = degrees.get_mut(*to) {
                *into += 1;
            }
        }
        let mut random = fastrand::Rng::with_seed(seed);
        let drawn: Vec<(usize, usize)> = (0..services)
            .filter_map(|_| degrees.get(random.usize(..degrees.len().max(1))).copied())
            .collect();
        // One entry for each end of a call, sorted by service: a caller's entry comes before its callee's, so there is no cycle.
        let mut ranked: Vec<(usize, usize)> = drawn
            .iter()
            .copied()
            .enumerate()
            .flat_map(|(i, (into, out))| {
                std::iter::repeat_n((i, 0), into).chain(std::iter::repeat_n((i, 1), out))
            })
            .collect();
        ranked.sort_unstable_by_key(|(service, kind)| (*service, *kind));
        let mut open: Vec<usize> = Vec::new();
        let mut calls = BTreeSet::new();
        for (service, kind) in ranked {
            if kind == 1 {
                open.push(service);
            } else if !open.is_empty() {
                let caller = open.swap_remove(random.usize(..open.len()));
                calls.insert((caller, service));
            }
        }
        Self::new(services, calls)
    }

    /// The same with calls reversed, chosen by a seed, until at least `members` services are in one strongly connected component, or as many as possible.
    pub fn cyclic(&self, members: usize, seed: u64) -> Self {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut order: Vec<usize> = (0..self.calls.len()).collect();
        random.shuffle(&mut order);
        let mut now = self.calls.clone();
        for group in order.chunks(self.calls.len().div_ceil(200).max(1)) {
            if Self::new(self.services, now.iter().copied()).largest_component() >= members {
                break;
            }
            for i in group {
                if let Some(call) = now.get_mut(*i) {
                    *call = (call.1, call.0);
                }
            }
        }
        Self::new(self.services, now)
    }

    /// How many services the largest strongly connected component has.
    pub fn largest_component(&self) -> usize {
        self.components().iter().map(Vec::len).max().unwrap_or(0)
    }

    /// The strongly connected components.
    pub fn components(&self) -> Vec<Vec<usize>> {
        let mut graph = DiGraph::<(), ()>::new();
        let nodes: Vec<_> = (0..self.services).map(|_| graph.add_node(())).collect();
        for (from, to) in &self.calls {
            if let (Some(from), Some(to)) = (nodes.get(*from), nodes.get(*to)) {
                graph.add_edge(*from, *to, ());
            }
        }
        tarjan_scc(&graph)
            .into_iter()
            .map(|members| members.into_iter().map(petgraph::graph::NodeIndex::index).collect())
            .collect()
    }

    /// Who a service calls, in order.
    pub fn callees(&self, service: usize) -> impl Iterator<Item = usize> {
        let start = self.calls.partition_point(|(from, _)| *from < service);
        self.calls
            .iter()
            .skip(start)
            .take_while(move |(from, _)| *from == service)
            .map(|(_, to)| *to)
    }

    /// Services that no other service calls.
    pub fn roots(&self) -> Vec<usize> {
        let called: BTreeSet<usize> = self.calls.iter().map(|(_, to)| *to).collect();
        (0..self.services).filter(|s| !called.contains(s)).collect()
    }

    /// Only some services and those that they call; the latter have no calls.
    pub fn sample(&self, callers: &BTreeSet<usize>) -> (BTreeSet<usize>, Self) {
        let calls: Vec<_> =
            self.calls.iter().copied().filter(|(from, _)| callers.contains(from)).collect();
        let kept = callers.iter().copied().chain(calls.iter().map(|(_, to)| *to)).collect();
        (kept, Self::new(self.services, calls))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_hold_what_they_say() -> Result<()> {
        let sizes = [(1000, 3227), (3000, 9153)];
        for (services, calls) in sizes {
            let topology = Topology::of_size(services)?;
            assert_eq!((topology.services, topology.calls.len()), (services, calls));
            assert_eq!(topology.largest_component(), 1, "no cycle");
        }
        Ok(())
    }

    #[test]
    fn a_grown_one_has_the_shape_of_its_parent_and_comes_from_its_seed() -> Result<()> {
        let grown = Topology::of_size(10_000)?;
        assert_eq!(grown, Topology::of_size(10_000)?);
        assert_eq!(grown.largest_component(), 1, "no cycle");
        let a_service = grown.calls.len() as f64 / 10_000.0;
        assert!((2.5..3.5).contains(&a_service), "{a_service} calls a service");
        Ok(())
    }

    #[test]
    fn a_cyclic_one_has_a_component_of_several_hundred() -> Result<()> {
        for services in [1000, 3000] {
            let cyclic = Topology::of_size(services)?.cyclic(356, 1);
            let largest = cyclic.largest_component();
            assert!((356..services / 2 + 300).contains(&largest), "{largest} of {services}");
        }
        Ok(())
    }
}
