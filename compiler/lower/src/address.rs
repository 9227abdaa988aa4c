//! Pass `address`: a port for every listener and every process's admin listener.
//!
//! A port is a function of the listener's name: FNV-1a of the name, modulo the range; if two names give the same port, the one that sorts later takes the next free port.
//! So adding a service leaves the ports of the others alone unless two names collide, which is rare because the ranges are wide.
//! Listeners are in 10000–19999 and admin listeners in 20000–29999, below the ports that Linux hands out to clients (32768 and up).
//! A port that the wiring asks for comes first.

use std::collections::{BTreeMap, BTreeSet};

use bp_diag::Span;
use bp_diag::catalog::binding as codes;
use bp_ir::{EdgeKind, Ir, NodeKey, NodeKind, Origin};
use bp_plan::Value;
use bp_plugin::facets::PluginSettings;
use bp_plugin::{Pass, PassContext, Stage};

/// The pass.
#[derive(Debug)]
pub(crate) struct Address;

/// A port that the wiring asks for, and where.
type WantedPort = (u16, Option<Span>);

const LISTENERS: (u16, u16) = (10_000, 20_000);
const ADMINS: (u16, u16) = (20_000, 30_000);
/// The range for names whose own range is full.
const FALLBACK: (u16, u16) = (1_024, u16::MAX);

impl Pass for Address {
    fn name(&self) -> &'static str {
        "address"
    }

    fn stage(&self) -> Stage {
        Stage::Address
    }

    fn run(&self, cx: &mut PassContext<'_>) {
        add_admins(cx.ir);
        let mut taken: BTreeMap<u16, String> = BTreeMap::new();
        let mut wanted: Vec<(NodeKey, Option<WantedPort>)> = Vec::new();
        for node in cx.ir.nodes() {
            if let NodeKind::Address { .. } = node.kind {
                wanted.push((node.key.clone(), find_wanted_port(cx.ir, &node.key)));
            }
        }
        for (key, asked) in &wanted {
            let Some((port, span)) = asked else { continue };
            if let Some(first) = taken.insert(*port, key.name().to_owned()) {
                cx.diagnostics.push(codes::port_taken(*span, *port, &first, key.name()));
            }
            set_port(cx.ir, key, *port);
        }
        let mut free: BTreeSet<u16> =
            (FALLBACK.0..FALLBACK.1).filter(|port| !taken.contains_key(port)).collect();
        for (key, asked) in &wanted {
            if asked.is_some() {
                continue;
            }
            let range = if key.as_str().ends_with("_ADMIN") { ADMINS } else { LISTENERS };
            let Some(port) =
                [range, FALLBACK].into_iter().find_map(|r| find_free_port(key.name(), r, &free))
            else {
                let span = cx.ir.node(key).and_then(|node| node.origin.span);
                let most = usize::from(FALLBACK.1 - FALLBACK.0);
                cx.diagnostics.push(codes::no_port_left(span, key.name(), wanted.len(), most));
                return;
            };
            free.remove(&port);
            set_port(cx.ir, key, port);
        }
    }
}

/// The address of a process's admin listener: `CART_ADMIN`.
pub(crate) fn admin_key(process: &str) -> NodeKey {
    let name = process.replace('-', "_").to_uppercase();
    NodeKey::address(&format!("{name}_ADMIN"))
}

fn add_admins(ir: &mut Ir) {
    let processes: Vec<(NodeKey, Origin)> = ir
        .nodes()
        // An init is watched by its exit status, so it listens nowhere.
        .filter(|n| matches!(n.kind, NodeKind::Process { once: false, .. }))
        .map(|n| (n.key.clone(), Origin::new(n.origin.span, "address")))
        .collect();
    for (process, origin) in processes {
        let key = admin_key(process.name());
        if ir.node(&key).is_none() {
            let _ = ir.add_node(&key, NodeKind::Address { port: 0 }, origin.clone());
            let _ = ir.add_edge(&key, &process, EdgeKind::Serves, origin);
        }
    }
}

/// The port that the wiring asks for, and where.
fn find_wanted_port(ir: &Ir, address: &NodeKey) -> Option<WantedPort> {
    let serves = ir.edges_from(address);
    let listener = ir.node(&serves.iter().find(|e| e.kind == EdgeKind::Serves)?.to)?;
    let settings = listener.facets.get::<PluginSettings>()?;
    let port = settings.0.get("port").and_then(Value::as_integer)?;
    Some((u16::try_from(port).ok()?, listener.origin.span))
}

fn set_port(ir: &mut Ir, key: &NodeKey, port: u16) {
    if let Some(node) = ir.node_mut(key) {
        node.kind = NodeKind::Address { port };
    }
}

/// The first free port of a range, searched from the name's own port and wrapping at the end.
fn find_free_port(name: &str, (start, end): (u16, u16), free: &BTreeSet<u16>) -> Option<u16> {
    let step = hash_fnv1a(name) % u32::from(end - start);
    let home = u16::try_from(step).map_or(start, |step| start + step);
    free.range(home..end).chain(free.range(start..home)).next().copied()
}

/// FNV-1a, 32 bits: the same in every release, unlike the standard library's hasher.
fn hash_fnv1a(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, b| (hash ^ u32::from(b)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_keeps_its_port_when_others_come() {
        let mut free: BTreeSet<u16> = (FALLBACK.0..FALLBACK.1).collect();
        let alone = find_free_port("CART_GRPC", LISTENERS, &free).unwrap();
        free.remove(&if alone == 10_500 { 10_501 } else { 10_500 });
        assert_eq!(find_free_port("CART_GRPC", LISTENERS, &free), Some(alone));
        free.remove(&alone);
        assert_eq!(find_free_port("CART_GRPC", LISTENERS, &free), Some(alone + 1));
    }

    #[test]
    fn a_full_range_has_no_port() {
        let mut free: BTreeSet<u16> = (1..5).collect();
        let ports: BTreeSet<u16> = (0..3)
            .map(|_| {
                let port = find_free_port("X", (1, 4), &free).unwrap();
                free.remove(&port);
                port
            })
            .collect();
        assert_eq!(ports, (1..4).collect());
        assert_eq!(find_free_port("X", (1, 4), &free), None);
    }

    #[test]
    fn the_hash_is_the_published_one() {
        assert_eq!(hash_fnv1a(""), 0x811c_9dc5);
        assert_eq!(hash_fnv1a("a"), 0xe40c_292c);
    }
}
