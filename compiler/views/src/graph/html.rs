//! The graph as one self-contained page: no network, no build step, no library.
//!
//! Positions are computed here, so the page is the same on any machine; folding, searching and following happen in the page, by the scripts in `assets/graph`.
//! Everything from a specification reaches the page as JSON inside a script that is never run, and from there as text.

use std::collections::BTreeMap;

use bp_contract::units::format_duration;
use bp_plan::{EdgeClass, EdgePlan, Plan, Settings, WrapperPlan};
use serde_json::{Value, json};

use super::layout::{Size, lay_out};
use crate::facts::{Fact, collect_facts};

const PAGE: &str = include_str!("../../assets/graph/page.html");
const STYLE: &str = include_str!("../../assets/graph/style.css");
const SCRIPTS: [&str; 4] = [
    include_str!("../../assets/graph/model.js"),
    include_str!("../../assets/graph/draw.js"),
    include_str!("../../assets/graph/panel.js"),
    include_str!("../../assets/graph/main.js"),
];

/// Height of an instance's box.
const NODE_HEIGHT: i64 = 34;
/// Space around the instances of a process.
const PADDING: i64 = 14;
/// Space above them for the name of the process.
const HEADER: i64 = 28;

/// Draws a plan.
pub(crate) fn render_page(plan: &Plan) -> String {
    // A `<` in a name could end the script; in JSON it occurs only inside strings, so it can be escaped.
    let data = encode_graph(plan).to_string().replace('<', "\\u003c");
    let title = escape(&format!("{} · {}", plan.app.name, plan.wiring));
    let scripts = SCRIPTS.join("\n");
    let mut out = String::new();
    let mut rest = PAGE;
    // Only the template is searched for marks, never what was put in.
    for (mark, text) in [
        ("{{title}}", title.as_str()),
        ("{{style}}", STYLE),
        ("{{data}}", data.as_str()),
        ("{{scripts}}", scripts.as_str()),
    ] {
        if let Some((before, after)) = rest.split_once(mark) {
            out.push_str(before);
            out.push_str(text);
            rest = after;
        }
    }
    out.push_str(rest);
    out
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// An instance or the outside world, before it has a position.
struct Node {
    key: String,
    kind: &'static str,
    group: Option<usize>,
    more: Value,
}

/// A box of the outer layout: a process, or a node that is in none or in several.
#[derive(Clone, Copy)]
enum OuterBox {
    Group(usize),
    Node(usize),
}

fn encode_graph(plan: &Plan) -> Value {
    let groups: Vec<&String> = plan.processes.keys().collect();
    let nodes = collect_nodes(plan, &groups);
    let index: BTreeMap<&str, usize> =
        nodes.iter().enumerate().map(|(i, n)| (n.key.as_str(), i)).collect();
    let at = |key: &str| index.get(key).copied().unwrap_or_default();
    let calls: Vec<(usize, usize)> =
        plan.edges.values().map(|e| (at(&e.caller), at(&e.callee))).collect();
    let (places, frames, size) = place_nodes(&nodes, groups.len(), &calls);
    let mut wrappers = WrapperTable::default();
    let edges: Vec<Value> = plan
        .edges
        .iter()
        .zip(&calls)
        .map(|((key, edge), (from, to))| encode_edge(plan, key, edge, (*from, *to), &mut wrappers))
        .collect();
    let nodes: Vec<Value> = nodes
        .iter()
        .zip(&places)
        .map(|(n, place)| {
            json!({ "key": n.key, "kind": n.kind, "group": n.group, "box": place, "more": n.more })
        })
        .collect();
    let placement = collect_facts(plan).placement;
    let groups: Vec<Value> = plan
        .processes
        .iter()
        .zip(&frames)
        .map(|((name, process), frame)| {
            let facts = placement.get(&format!("process:{name}")).map(|t| fact_rows(&t.facts));
            json!({
                "key": format!("process:{name}"), "name": name,
                "replicas": process.replicas.least(), "mostReplicas": process.replicas.most(),
                "origin": process.origin, "box": frame, "facts": facts,
            })
        })
        .collect();
    json!({
        "version": 1, "app": plan.app.name, "wiring": plan.wiring, "size": size,
        "groups": groups, "nodes": nodes, "edges": edges, "wrappers": wrappers.all,
    })
}

fn collect_nodes(plan: &Plan, groups: &[&String]) -> Vec<Node> {
    let elements = collect_facts(plan).nodes;
    let mut nodes = Vec::new();
    if plan.edges.values().any(|e| e.kind == EdgeClass::Entry) {
        let more = json!({ "origin": "", "facts": [] });
        nodes.push(Node { key: "client".to_owned(), kind: "client", group: None, more });
    }
    for (name, instance) in &plan.instances {
        let mut homes = instance.processes.iter();
        let group = match (homes.next(), homes.next()) {
            (Some(only), None) => groups.binary_search(&only).ok(),
            _ => None,
        };
        let kind = if instance.backend().is_some() { "backend" } else { "service" };
        let facts = elements.get(name).map(|t| fact_rows(&t.facts));
        let more = json!({ "origin": instance.origin, "facts": facts });
        nodes.push(Node { key: name.clone(), kind, group, more });
    }
    nodes
}

/// Name, value and origin of each fact.
fn fact_rows(facts: &BTreeMap<String, Fact>) -> Vec<[String; 3]> {
    let row = |(name, fact): (&String, &Fact)| {
        [name.clone(), fact.value.to_string(), fact.origin.clone()]
    };
    facts.iter().map(row).collect()
}

/// Left, top, width and height.
type Frame = [i64; 4];

/// The positions of nodes and of processes, and the size of the page.
fn place_nodes(
    nodes: &[Node],
    groups: usize,
    calls: &[(usize, usize)],
) -> (Vec<Frame>, Vec<Frame>, Size) {
    let size = |node: &Node| -> Size {
        let letters = i64::try_from(node.key.chars().count()).unwrap_or(40);
        ((36 + letters * 8).clamp(84, 340), NODE_HEIGHT)
    };
    let mut members: Vec<Vec<usize>> = vec![Vec::new(); groups];
    let mut units: Vec<OuterBox> = Vec::new();
    let mut unit_of_group = vec![usize::MAX; groups];
    let mut unit_of_node = vec![usize::MAX; nodes.len()];
    for (i, node) in nodes.iter().enumerate() {
        let group = node.group.and_then(|g| Some((g, unit_of_group.get_mut(g)?)));
        let unit = if let Some((group, unit)) = group {
            if *unit == usize::MAX {
                *unit = units.len();
                units.push(OuterBox::Group(group));
            }
            if let Some(members) = members.get_mut(group) {
                members.push(i);
            }
            *unit
        } else {
            units.push(OuterBox::Node(i));
            units.len() - 1
        };
        if let Some(place) = unit_of_node.get_mut(i) {
            *place = unit;
        }
    }
    let inner: Vec<_> = members.iter().map(|m| lay_out_process(nodes, m, calls, size)).collect();
    let sizes: Vec<Size> = units
        .iter()
        .map(|unit| match unit {
            OuterBox::Group(g) => inner
                .get(*g)
                .map_or((0, 0), |l| (l.size.0 + 2 * PADDING, l.size.1 + HEADER + PADDING)),
            OuterBox::Node(n) => nodes.get(*n).map_or((0, 0), size),
        })
        .collect();
    let unit = |node: usize| unit_of_node.get(node).copied().unwrap_or(usize::MAX);
    let between: Vec<(usize, usize)> = calls.iter().map(|(a, b)| (unit(*a), unit(*b))).collect();
    let outer = lay_out(&sizes, &between);
    let mut frames: Vec<Frame> = vec![[0; 4]; groups];
    let mut places: Vec<Frame> = vec![[0; 4]; nodes.len()];
    for ((unit, (x, y)), (w, h)) in units.iter().zip(&outer.places).zip(&sizes) {
        match unit {
            OuterBox::Node(n) => set_frame(&mut places, *n, [*x, *y, *w, *h]),
            OuterBox::Group(g) => {
                set_frame(&mut frames, *g, [*x, *y, *w, *h]);
                let (Some(members), Some(layout)) = (members.get(*g), inner.get(*g)) else {
                    continue;
                };
                for (node, (dx, dy)) in members.iter().zip(&layout.places) {
                    let (w, h) = nodes.get(*node).map_or((0, 0), size);
                    set_frame(&mut places, *node, [x + PADDING + dx, y + HEADER + dy, w, h]);
                }
            }
        }
    }
    (places, frames, outer.size)
}

fn set_frame(frames: &mut [Frame], index: usize, frame: Frame) {
    if let Some(place) = frames.get_mut(index) {
        *place = frame;
    }
}

/// The layout inside one process.
fn lay_out_process(
    nodes: &[Node],
    members: &[usize],
    calls: &[(usize, usize)],
    size: impl Fn(&Node) -> Size,
) -> super::layout::Layout {
    let sizes: Vec<Size> = members.iter().filter_map(|m| nodes.get(*m)).map(size).collect();
    // Most processes hold one instance, and looking at every call for each would be slow.
    let within: Vec<(usize, usize)> = if members.len() < 2 {
        Vec::new()
    } else {
        let local = |node: &usize| members.binary_search(node).ok();
        calls.iter().filter_map(|(a, b)| Some((local(a)?, local(b)?))).collect()
    };
    lay_out(&sizes, &within)
}

/// Wrappers that many edges share, each once.
#[derive(Default)]
struct WrapperTable {
    all: Vec<Value>,
    known: BTreeMap<String, usize>,
}

impl WrapperTable {
    fn intern(&mut self, value: Value) -> usize {
        let next = self.all.len();
        let number = *self.known.entry(value.to_string()).or_insert(next);
        if number == next {
            self.all.push(value);
        }
        number
    }

    fn intern_chain(&mut self, wrappers: &[WrapperPlan]) -> Vec<usize> {
        let each = wrappers.iter().map(|w| {
            let methods: BTreeMap<&String, _> =
                w.methods.iter().map(|(m, s)| (m, setting_rows(s))).collect();
            json!({
                "plugin": w.plugin, "slot": w.slot.name(), "origin": w.origin,
                "settings": setting_rows(&w.settings), "methods": methods, "off": w.off,
            })
        });
        each.collect::<Vec<_>>().into_iter().map(|w| self.intern(w)).collect()
    }
}

/// Name, value and origin of each leaf.
fn setting_rows(settings: &Settings) -> Vec<[String; 3]> {
    fn collect(path: &str, value: &bp_plan::Value, all: &Settings, out: &mut Vec<[String; 3]>) {
        match value.as_table().filter(|t| !t.is_empty()) {
            Some(table) => {
                for (name, value) in table {
                    collect(&format!("{path}.{name}"), value, all, out);
                }
            }
            None => out.push([path.to_owned(), value.to_string(), all.origin(path).to_owned()]),
        }
    }
    let mut out = Vec::new();
    for (name, value) in &settings.values {
        collect(name, value, settings, &mut out);
    }
    out
}

fn encode_edge(
    plan: &Plan,
    key: &str,
    edge: &EdgePlan,
    (from, to): (usize, usize),
    wrappers: &mut WrapperTable,
) -> Value {
    let listener = edge.listener.as_ref().and_then(|name| Some((name, plan.listeners.get(name)?)));
    let served = listener.and_then(|(_, l)| l.serves.get(&edge.callee));
    let transport = edge.transport.as_ref().map(|t| {
        wrappers.intern(json!({
            "plugin": t.plugin, "slot": "transport", "origin": t.origin,
            "settings": setting_rows(&t.settings), "methods": {}, "off": [],
        }))
    });
    let deadline = edge.deadline.as_ref().or_else(|| served.and_then(|s| s.deadline.as_ref()));
    let dropped = plan
        .dropped
        .get(key)
        .map(|all| all.iter().map(|d| json!([d.what, d.why, d.origin])).collect::<Vec<_>>());
    json!({
        "key": key, "from": from, "to": to, "class": edge.kind.name(),
        "interface": edge.interface, "remote": edge.remote, "cyclic": edge.cyclic,
        "origin": edge.origin,
        "client": wrappers.intern_chain(&edge.client),
        "transport": transport,
        "listener": listener.map(|(name, l)| json!([name, l.process, l.address.port])),
        "server": served.map_or_else(Vec::new, |s| wrappers.intern_chain(&s.server)),
        "deadline": deadline.map(|d| json!([format_duration(d.after), d.origin])),
        "dropped": dropped.unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_has_every_mark_once() {
        for mark in ["{{title}}", "{{style}}", "{{data}}", "{{scripts}}"] {
            assert_eq!(PAGE.matches(mark).count(), 1, "{mark}");
        }
        // A script that holds the end of one would end early.
        for text in SCRIPTS.iter().chain([&STYLE]) {
            assert!(!text.contains("</script") && !text.contains("</style"));
        }
        // Nothing is fetched from anywhere.
        for text in SCRIPTS.iter().chain([&STYLE, &PAGE]) {
            for word in ["http://", "https://", "url(", "@import", "fetch(", "src="] {
                assert!(!text.contains(word), "{word}");
            }
        }
    }
}
