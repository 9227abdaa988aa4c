//! Readable, stable dumps: the same graph gives the same text, however it was built.

use std::fmt::Write as _;

use bp_diag::SourceMap;
use serde_json::{Map, Value, json};

use crate::{EdgeKind, Facets, Ir, NodeKind, Origin};

impl Ir {
    /// The graph as text: a node a paragraph, by key, with its facets and the edges that start at it.
    pub fn dump_text(&self, sources: &SourceMap) -> String {
        let mut out = String::new();
        for node in self.nodes() {
            let _ = writeln!(
                out,
                "{} {}{}  {}",
                node.kind.name(),
                node.key,
                attributes(&node.kind),
                origin_text(&node.origin, sources)
            );
            write_facets(&mut out, "  ", &node.facets);
            for edge in self.edges_from(&node.key) {
                let _ = write!(out, "  {} -> {}", edge.kind.name(), edge.to);
                if let EdgeKind::Calls { interface, methods } = &edge.kind {
                    let _ = write!(out, " interface={interface} methods={}", methods.join(","));
                }
                let _ = writeln!(out, "  {}", origin_text(&edge.origin, sources));
                write_facets(&mut out, "    ", &edge.facets);
            }
        }
        out
    }

    /// The graph as JSON: `{ "nodes": [{key, kind, …}], "edges": [{key, kind, from, to, …}] }`, both by key.
    pub fn dump_json(&self, sources: &SourceMap) -> Value {
        let nodes: Vec<Value> = self
            .nodes()
            .map(|node| {
                json!({
                    "key": node.key,
                    "kind": node.kind.name(),
                    "attributes": inner(serde_json::to_value(&node.kind).unwrap_or_default()),
                    "facets": encode_facets(&node.facets),
                    "origin": encode_origin(&node.origin, sources),
                })
            })
            .collect();
        let edges: Vec<Value> = self
            .edges()
            .map(|edge| {
                json!({
                    "key": edge.key,
                    "kind": edge.kind.name(),
                    "from": edge.from,
                    "to": edge.to,
                    "attributes": inner(serde_json::to_value(&edge.kind).unwrap_or_default()),
                    "facets": encode_facets(&edge.facets),
                    "origin": encode_origin(&edge.origin, sources),
                })
            })
            .collect();
        json!({ "nodes": nodes, "edges": edges })
    }
}

/// What an enum's variant holds, without the variant's name around it.
fn inner(value: Value) -> Value {
    match value {
        Value::Object(map) => map.into_iter().next().map(|(_, inner)| inner).unwrap_or_default(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            Value::Object(Map::new())
        }
    }
}

fn attributes(kind: &NodeKind) -> String {
    match kind {
        NodeKind::Service { implementation, interface, methods } => {
            let names: Vec<&str> = methods.iter().map(|m| m.name.as_str()).collect();
            format!(
                " implementation={implementation} interface={interface} methods={}",
                names.join(",")
            )
        }
        NodeKind::Backend { plugin, interface, one_process, .. } => {
            format!(" plugin={plugin} interface={interface} one_process={one_process}")
        }
        NodeKind::Wrapper { plugin, slot, owner } => {
            format!(" plugin={plugin} slot={}.{} owner={owner}", slot.side(), slot.name())
        }
        NodeKind::Transport { plugin, side, owner } => {
            format!(" plugin={plugin} side={side} owner={owner}")
        }
        NodeKind::Address { port } => format!(" port={port}"),
        NodeKind::Process { once: true, .. } => String::from(" once"),
        NodeKind::Process { replicas, once: false } => format!(" replicas={replicas}"),
        NodeKind::FaultDomain { level } => format!(" level={level}"),
        NodeKind::Client | NodeKind::Container | NodeKind::Job => String::new(),
    }
}

fn origin_text(origin: &Origin, sources: &SourceMap) -> String {
    match origin.span {
        Some(span) => format!("@{} via {}", sources.locate(span), origin.via),
        None => format!("via {}", origin.via),
    }
}

fn encode_origin(origin: &Origin, sources: &SourceMap) -> Value {
    json!({ "at": origin.span.map(|s| sources.locate(s)), "via": origin.via })
}

fn write_facets(out: &mut String, indent: &str, facets: &Facets) {
    for facet in facets.iter() {
        let _ = writeln!(out, "{indent}{}: {}", facet.name(), facet.dump());
    }
}

fn encode_facets(facets: &Facets) -> Value {
    Value::Object(facets.iter().map(|f| (f.name().to_owned(), f.dump())).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn text_is_readable_and_stable() {
        let text = testing::sample().dump_text(&SourceMap::new());
        assert!(text.starts_with(
            "service a implementation=app::aImpl interface=app::a methods=get  via test\n  calls -> b interface=app::b methods=get  via test\n"
        ));
        assert!(text.contains(
            "wrapper a->b.retry plugin=retry slot=client.retry owner=a->b  via test\n  wraps -> a->b.grpc  via test\n"
        ));
        assert_eq!(text, testing::sample().dump_text(&SourceMap::new()));
    }

    #[test]
    fn json_has_every_node_and_edge() {
        let ir = testing::sample();
        let json = ir.dump_json(&SourceMap::new());
        assert_eq!(json["nodes"].as_array().unwrap().len(), ir.nodes().count());
        assert_eq!(json["edges"].as_array().unwrap().len(), ir.edges().count());
        let call = json["edges"].as_array().unwrap().iter().find(|e| e["key"] == "a->b").unwrap();
        assert_eq!(call["attributes"]["methods"][0], "get");
        assert_eq!(call["from"], "a");
    }
}
