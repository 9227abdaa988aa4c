//! The plan as a graph: DOT, Mermaid, JSON, or an interactive page.
//!
//! The JSON is a stable format: `{ "version", "app", "wiring", "nodes": [{key, kind, …}], "edges": [{key, kind, from, to, …}] }`, both sorted by key.

mod html;
mod layout;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use bp_plan::{EdgePlan, Plan, Replicas};
use serde_json::{Value, json};

/// How a graph is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GraphFormat {
    /// For Graphviz.
    Dot,
    /// For Markdown pages.
    Mermaid,
    /// For programs.
    Json,
    /// One self-contained page for a browser.
    Html,
}

/// Draws a plan.
pub fn render_graph(plan: &Plan, format: GraphFormat) -> String {
    match format {
        GraphFormat::Dot => render_dot(plan),
        GraphFormat::Mermaid => render_mermaid(plan),
        GraphFormat::Json => format!("{:#}\n", to_json(plan)),
        GraphFormat::Html => html::render_page(plan),
    }
}

fn wrapper_names(edge: &EdgePlan) -> Vec<&str> {
    edge.client.iter().map(|w| w.plugin.as_str()).collect()
}

/// What an edge is drawn with: `retry, timeout · grpc`.
fn format_label(edge: &EdgePlan) -> String {
    let transport = edge.transport.as_ref().map(|t| t.plugin.as_str());
    let chain = wrapper_names(edge).join(", ");
    [Some(chain.as_str()).filter(|c| !c.is_empty()), transport]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(" · ")
}

/// Processes and the services in them; backends that one process holds alone are drawn inside.
fn group_by_process(plan: &Plan) -> BTreeMap<&str, Vec<&str>> {
    let mut homes: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for name in plan.processes.keys() {
        homes.entry(name).or_default();
    }
    for (name, instance) in &plan.instances {
        let mut processes = instance.processes.iter();
        if let (Some(only), None) = (processes.next(), processes.next()) {
            homes.entry(only).or_default().push(name);
        }
    }
    homes
}

fn has_entry(plan: &Plan) -> bool {
    plan.edges.values().any(|e| e.caller == "client")
}

fn to_json(plan: &Plan) -> Value {
    let mut nodes = BTreeMap::new();
    if has_entry(plan) {
        nodes.insert("client".to_owned(), json!({ "key": "client", "kind": "client" }));
    }
    for (name, instance) in &plan.instances {
        let node = match (instance.service(), instance.backend()) {
            (Some(service), _) => json!({
                "key": name, "kind": "service", "interface": instance.interface,
                "implementation": service.implementation, "processes": instance.processes,
            }),
            (None, backend) => json!({
                "key": name, "kind": "backend", "interface": instance.interface,
                "plugin": backend.map(|b| &b.plugin), "processes": instance.processes,
            }),
        };
        nodes.insert(name.clone(), node);
    }
    for (name, process) in &plan.processes {
        let key = format!("process:{name}");
        let mut node = json!({
            "key": key, "kind": "process", "instances": process.instances,
            "replicas": process.replicas.least(),
        });
        if let (Replicas::Between { most, .. }, Some(node)) =
            (process.replicas, node.as_object_mut())
        {
            node.insert("most_replicas".to_owned(), json!(most));
        }
        nodes.insert(key, node);
    }
    for (name, init) in &plan.inits {
        let key = format!("init:{name}");
        let node = json!({
            "key": key, "kind": "init", "instances": init.instances, "callee": init.callee, "method": init.method,
        });
        nodes.insert(key, node);
    }
    let edges: Vec<Value> = plan
        .edges
        .iter()
        .map(|(key, edge)| {
            json!({
                "key": key, "kind": "calls", "from": edge.caller, "to": edge.callee,
                "class": edge.kind.name(), "interface": edge.interface,
                "remote": edge.remote, "cyclic": edge.cyclic, "wrappers": wrapper_names(edge),
                "transport": edge.transport.as_ref().map(|t| &t.plugin),
                "listener": edge.listener,
            })
        })
        .collect();
    json!({
        "version": 1,
        "app": plan.app.name,
        "wiring": plan.wiring,
        "nodes": nodes.into_values().collect::<Vec<_>>(),
        "edges": edges,
    })
}

fn render_dot(plan: &Plan) -> String {
    let quote = |text: &str| Value::from(text).to_string();
    let mut out = format!("digraph {} {{\n", quote(&plan.app.name));
    out.push_str("  rankdir=LR;\n  node [shape=box, style=rounded];\n");
    if has_entry(plan) {
        out.push_str("  \"client\" [shape=plaintext];\n");
    }
    let node = |out: &mut String, indent: &str, name: &str| {
        let shape = match plan.instances.get(name) {
            Some(instance) if instance.backend().is_some() => " [shape=cylinder, style=solid]",
            _ => "",
        };
        let _ = writeln!(out, "{indent}{}{shape};", quote(name));
    };
    for (process, inside) in group_by_process(plan) {
        let _ = writeln!(out, "  subgraph {} {{", quote(&format!("cluster_{process}")));
        let _ = writeln!(out, "    label={};", quote(process));
        for name in inside {
            node(&mut out, "    ", name);
        }
        out.push_str("  }\n");
    }
    for (name, _) in plan.instances.iter().filter(|(_, i)| i.processes.len() != 1) {
        node(&mut out, "  ", name);
    }
    for edge in plan.edges.values() {
        let style = if edge.remote { "" } else { ", style=dashed" };
        let _ = writeln!(
            out,
            "  {} -> {} [label={}{style}];",
            quote(&edge.caller),
            quote(&edge.callee),
            quote(&format_label(edge))
        );
    }
    out.push_str("}\n");
    out
}

fn render_mermaid(plan: &Plan) -> String {
    // Mermaid's identifiers cannot hold `-`, and `end` and `default` are reserved, so each gets a prefix.
    let id = |prefix: &str, name: &str| format!("{prefix}_{}", name.replace('-', "_"));
    let mut out = String::from("flowchart LR\n");
    if has_entry(plan) {
        out.push_str("  n_client([client])\n");
    }
    let node = |out: &mut String, indent: &str, name: &str| {
        let backend = plan.instances.get(name).is_some_and(|i| i.backend().is_some());
        let (open, close) = if backend { ("[(", ")]") } else { ("[", "]") };
        let _ = writeln!(out, "{indent}{}{open}\"{name}\"{close}", id("n", name));
    };
    for (process, inside) in group_by_process(plan) {
        let _ = writeln!(out, "  subgraph {}[\"{process}\"]", id("p", process));
        for name in inside {
            node(&mut out, "    ", name);
        }
        out.push_str("  end\n");
    }
    for (name, _) in plan.instances.iter().filter(|(_, i)| i.processes.len() != 1) {
        node(&mut out, "  ", name);
    }
    for edge in plan.edges.values() {
        let arrow = if edge.remote { "-->" } else { "-.->" };
        let label = format_label(edge);
        let label = if label.is_empty() { label } else { format!("|\"{label}\"|") };
        let _ =
            writeln!(out, "  {} {arrow}{label} {}", id("n", &edge.caller), id("n", &edge.callee));
    }
    out
}
