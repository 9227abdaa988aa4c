//! Pass `transport`: how each remote call crosses processes, and where services listen.
//!
//! A service listens once per distinct transport among its remote callers, the outside world among them.

use std::collections::BTreeMap;

use bp_diag::catalog::{binding as codes, policy, wiring};
use bp_diag::{Span, nearest};
use bp_ir::{Edge, EdgeKey, EdgeKind, Ir, NodeKey, NodeKind, Origin, Side};
use bp_plan::{Dropped, EdgeClass, Settings, Value};
use bp_plugin::facets::{CallSettings, Drops, PluginSettings, ServerWrappers, WrapperSettings};
use bp_plugin::{
    CheckContext, Declaration, Kind, Neighbours, Pass, PassContext, PlaceInterface, PlaceWrapper,
    ReadContext, Registry, Setting, SettingKind, Stage, read_settings,
};
use bp_wiring::{Item, Table};
use bp_workflow::{MethodModel, WorkflowModel};

use crate::locate::Locator;
use crate::wrap::classify;

/// The leaf that chooses the transport; read here, not by the plugin.
const KIND: Setting = Setting::new("kind", SettingKind::Text, "The transport.");

/// The pass, with the plugins that check the settings which it reads.
#[derive(Debug)]
pub(crate) struct Transport(pub(crate) Registry);

impl Pass for Transport {
    fn name(&self) -> &'static str {
        "transport"
    }

    fn stage(&self) -> Stage {
        Stage::Transport
    }

    fn run(&self, cx: &mut PassContext<'_>) {
        clear(cx);
        let locator = Locator::new(cx.sources);
        let calls: Vec<EdgeKey> = cx.ir.calls().map(|c| c.key.clone()).collect();
        let mut listeners: BTreeMap<String, Listener> = BTreeMap::new();
        for key in calls {
            let Some(call) = cx.ir.edge(&key).cloned() else { continue };
            if cx.ir.is_remote(&call) {
                check_serialisable(cx, &call);
                if let Some(chosen) = choose(cx, &self.0, &call, &locator) {
                    connect(cx, &call, chosen, &mut listeners);
                }
            } else {
                note_local_call(cx, &call, &locator);
            }
        }
        for (name, listener) in listeners {
            report_overruled(cx, &name, &listener);
            listen(cx, &name, listener);
        }
        note_unused_server_wrappers(cx, &locator);
    }
}

/// The transport that a call's wiring chooses.
struct ChosenTransport {
    plugin: &'static str,
    settings: Settings,
    /// Where `rpc` was written.
    span: Span,
    entry: bool,
}

/// A listener as its callers want it.
struct Listener {
    service: NodeKey,
    plugin: &'static str,
    settings: Settings,
    /// Who set the settings: the outside world before others, then the first by name.
    by: String,
    entry: bool,
    span: Span,
    /// What callers inside want.
    inside: Vec<Wish>,
}

/// What a caller inside wants of a listener.
struct Wish {
    call: String,
    settings: Settings,
    span: Span,
}

/// Reports callers inside whose wiring says something of a listener that the outside world's edge decides otherwise.
fn report_overruled(cx: &mut PassContext<'_>, name: &str, listener: &Listener) {
    if !listener.entry {
        return;
    }
    for wish in &listener.inside {
        // Only what is written has an origin; a default gives way to what the outside world's edge says.
        let mut written = wish.settings.origins.keys();
        let differs = |path: &String| {
            let (wanted, decided) = (wish.settings.get(path), listener.settings.get(path));
            // What is written in a table has origins of its own.
            let is_table = |value: Option<&Value>| value.is_some_and(|v| v.as_table().is_some());
            wanted != decided && !(is_table(wanted) && is_table(decided))
        };
        if written.any(differs) {
            cx.diagnostics.push(policy::listeners_disagree(
                Some(wish.span),
                name,
                &listener.by,
                &wish.call,
            ));
        }
    }
}

/// Removes what an earlier run added, and lets chains end at their callee again.
fn clear(cx: &mut PassContext<'_>) {
    let old: Vec<NodeKey> =
        cx.ir.nodes().filter(|n| n.origin.via == "transport").map(|n| n.key.clone()).collect();
    if old.is_empty() {
        return;
    }
    for key in old {
        cx.ir.remove_node(&key);
    }
    let loose: Vec<(NodeKey, NodeKey, Origin)> = cx
        .ir
        .nodes()
        .filter_map(|node| {
            let NodeKind::Wrapper { owner, .. } = &node.kind else { return None };
            let call = cx.ir.edge(&EdgeKey::new(owner.clone()))?;
            cx.ir
                .edges_from(&node.key)
                .is_empty()
                .then(|| (node.key.clone(), call.to.clone(), node.origin.clone()))
        })
        .collect();
    for (from, to, origin) in loose {
        let _ = cx.ir.add_edge(&from, &to, EdgeKind::Wraps, origin);
    }
}

fn find_rpc(call: &Edge) -> Option<&Item> {
    let resolved = call.facets.get::<CallSettings>()?;
    let item = resolved.0.edge.settings.entries.get("rpc")?;
    (item.as_bool() != Some(false)).then_some(item)
}

/// A call inside a process needs no transport; `bp explain` says that one was asked for.
fn note_local_call(cx: &mut PassContext<'_>, call: &Edge, locator: &Locator<'_>) {
    let Some(item) = find_rpc(call) else { return };
    let what = item
        .as_table()
        .and_then(|t| t.entries.get("kind"))
        .and_then(Item::as_str)
        .map_or_else(|| "rpc".to_owned(), |kind| format!("rpc = \"{kind}\""));
    let dropped = Dropped {
        what,
        why: "the call stays inside its process".to_owned(),
        origin: locator.at(item.span),
    };
    if let Some(edge) = cx.ir.edge_mut(&call.key) {
        let mut drops = edge.facets.get::<Drops>().cloned().unwrap_or_default();
        drops.0.insert(dropped);
        edge.facets.set(drops);
    }
}

/// Server wrappers of services that listen nowhere have no effect; `bp explain` says so.
fn note_unused_server_wrappers(cx: &mut PassContext<'_>, locator: &Locator<'_>) {
    let silent: Vec<(NodeKey, Vec<Dropped>)> = cx
        .ir
        .nodes()
        .filter_map(|node| {
            let wanted = node.facets.get::<ServerWrappers>()?;
            let name = node.key.as_str();
            let listens = cx.ir.parts_of(name).any(|part| {
                matches!(&part.kind, NodeKind::Transport { side: Side::Server, owner, .. } if owner == name)
            });
            let drops = wanted.0.iter().map(|wrapper| Dropped {
                what: format!("{} at the listener", wrapper.plugin),
                why: "no other process calls it, so there is no listener".to_owned(),
                origin: locator.at_or(wrapper.span, "default"),
            });
            (!listens).then(|| (node.key.clone(), drops.collect()))
        })
        .collect();
    for (key, dropped) in silent {
        if let Some(node) = cx.ir.node_mut(&key) {
            let mut drops = node.facets.get::<Drops>().cloned().unwrap_or_default();
            drops.0.extend(dropped);
            node.facets.set(drops);
        }
    }
}

/// Reports methods that cannot cross processes.
fn check_serialisable(cx: &mut PassContext<'_>, call: &Edge) {
    let EdgeKind::Calls { interface, .. } = &call.kind else { return };
    let Some(service) = cx.workflow.services.get(interface) else { return };
    let (caller, callee) = (call.from.as_str(), call.to.as_str());
    let elsewhere = if caller == NodeKey::CLIENT {
        "change the type, or publish a service whose methods can be sent".to_owned()
    } else {
        format!(
            "change the type, or keep both in one process: `[process.{callee}]` with `services = [\"{caller}\", \"{callee}\"]`"
        )
    };
    for method in &service.methods {
        if let Some(local) = &method.local {
            let help = match local.text.strip_suffix(" does not derive `Data`") {
                Some(name) => format!("write `#[derive(Data)]` above {name}"),
                None => elsewhere.clone(),
            };
            cx.diagnostics.push(codes::unserialisable(
                call.origin.span,
                call.key.as_str(),
                &format!("{}::{}", service.name, method.name),
                &local.text,
                local.span,
                &help,
            ));
        }
    }
}

fn choose(
    cx: &mut PassContext<'_>,
    registry: &Registry,
    call: &Edge,
    locator: &Locator<'_>,
) -> Option<ChosenTransport> {
    let entry = classify(cx.ir, call) == EdgeClass::Entry;
    let fits = |kind| matches!(kind, Kind::Transport { entry: may, .. } if may || !entry);
    let known: Vec<&str> = cx.declarations.iter().filter(|m| fits(m.kind)).map(|m| m.id).collect();
    let usual = |m: &Declaration| matches!(m.kind, Kind::Transport { usual_for_entries: true, .. });
    let usual = cx.declarations.iter().find(|m| entry && usual(m)).map(|m| m.id);
    let example = usual.or(known.first().copied()).unwrap_or("…");
    let (caller, callee) = (call.from.as_str(), call.to.as_str());
    let Some(item) = find_rpc(call) else {
        cx.diagnostics.push(codes::no_transport(call.origin.span, caller, callee, example));
        return None;
    };
    let empty = Table::default();
    let table = item.as_table().unwrap_or(&empty);
    let Some((kind, name)) = table.entries.get("kind").and_then(|k| Some((k, k.as_str()?))) else {
        cx.diagnostics.push(codes::no_transport(Some(item.span), caller, callee, example));
        return None;
    };
    let Some(plugin) = cx.declarations.transport(name) else {
        let suggestion = nearest(name, known.iter().copied());
        cx.diagnostics.push(codes::unknown_transport(kind.span, name, suggestion, &known));
        return None;
    };
    if !known.contains(&name) {
        cx.diagnostics.push(codes::not_an_entry_transport(kind.span, name, &known));
        return None;
    }
    report_foreign_settings(cx, call, plugin);
    let settings = read(cx, registry, call, plugin, item, table, locator);
    Some(ChosenTransport { plugin: plugin.id, settings, span: kind.span, entry })
}

/// Reports keys beside `rpc` that belong to another transport.
fn report_foreign_settings(cx: &mut PassContext<'_>, call: &Edge, chosen: &Declaration) {
    let beside = |plugin: &Declaration| match plugin.kind {
        Kind::Transport { beside, .. } => beside,
        Kind::Wrapper { .. }
        | Kind::Backend { .. }
        | Kind::Interface { .. }
        | Kind::Target { .. }
        | Kind::Table { .. } => &[],
    };
    let Some(resolved) = call.facets.get::<CallSettings>() else { return };
    let target = format!("{} -> {}", call.from, call.to);
    let kind = format!("a call over `{}`", chosen.id);
    for (key, item) in &resolved.0.edge.settings.entries {
        let takes = |plugin: &Declaration| beside(plugin).iter().any(|s| s.name == key);
        if !takes(chosen) && cx.declarations.iter().any(takes) {
            cx.diagnostics.push(wiring::key_not_taken(item.key, key, &target, &kind));
        }
    }
}

/// Reads the transport's settings, and the keys beside `rpc` that it takes.
fn read(
    cx: &mut PassContext<'_>,
    registry: &Registry,
    call: &Edge,
    plugin: &'static Declaration,
    item: &Item,
    table: &Table,
    locator: &Locator<'_>,
) -> Settings {
    let methods: &[String] = match &call.kind {
        EdgeKind::Calls { methods, .. } => methods,
        _ => &[],
    };
    let locate = |span| locator.at(span);
    let reading = |key| ReadContext { key, span: Some(item.key), methods, locate: &locate };
    let mut known = plugin.all_settings();
    known.push(KIND);
    let mut out = read_settings(&known, table, reading("rpc"), cx.diagnostics);
    out.settings.values.remove("kind");
    out.settings.origins.remove("kind");
    out.spans.remove("kind");
    if let Kind::Transport { beside, .. } = plugin.kind
        && let Some(resolved) = call.facets.get::<CallSettings>()
    {
        let mut around = Table::default();
        for setting in beside {
            if let Some(item) = resolved.0.edge.settings.entries.get(setting.name) {
                around.entries.insert(setting.name.to_owned(), item.clone());
            }
        }
        let read = read_settings(beside, &around, reading(""), cx.diagnostics);
        out.settings.values.extend(read.settings.values);
        out.settings.origins.extend(read.settings.origins);
        out.spans.extend(read.spans);
    }
    let place = call.key.as_str();
    let arguments = match &call.kind {
        EdgeKind::Calls { interface, .. } => collect_arguments(cx.workflow, interface),
        _ => BTreeMap::new(),
    };
    let interface = match &call.kind {
        EdgeKind::Calls { interface, .. } => {
            Some(PlaceInterface::find(cx.declarations, cx.workflow, interface))
        }
        _ => None,
    };
    registry.hooks(plugin).run_check(CheckContext {
        entry: None,
        plugin,
        key: "rpc",
        place,
        class: Some(classify(cx.ir, call)),
        interface: interface.as_ref(),
        neighbours: &collect_neighbours(cx.ir, call),
        arguments: &arguments,
        settings: &out.settings,
        spans: &out.spans,
        span: Some(item.key),
        diagnostics: cx.diagnostics,
    });
    out.settings
}

/// The wrappers of a call, outermost first.
fn collect_neighbours<'a>(ir: &'a Ir, call: &Edge) -> Neighbours<'a> {
    let mut wrappers: Vec<PlaceWrapper<'a>> = ir
        .parts_of(call.key.as_str())
        .filter_map(|part| match &part.kind {
            NodeKind::Wrapper { plugin, slot, .. } => {
                let settings = &part.facets.get::<WrapperSettings>()?.settings;
                Some(PlaceWrapper { plugin, slot: *slot, settings })
            }
            _ => None,
        })
        .collect();
    wrappers.sort_by_key(|wrapper| wrapper.slot);
    Neighbours { wrappers, ..Neighbours::default() }
}

/// The names of the arguments of each method of a service that can cross a process.
fn collect_arguments(workflow: &WorkflowModel, interface: &str) -> BTreeMap<String, Vec<String>> {
    let methods = workflow.services.get(interface).into_iter().flat_map(|s| &s.methods);
    let names = |m: &MethodModel| m.arguments.iter().map(|a| a.name.clone()).collect();
    methods.filter(|m| m.is_remote()).map(|m| (m.name.clone(), names(m))).collect()
}

/// The name of the address of a listener: `CART_GRPC`.
fn address_name(service: &str, plugin: &str) -> String {
    format!("{service}_{plugin}").replace('-', "_").to_uppercase()
}

/// Puts the client end into the call's chain, and notes the listener.
fn connect(
    cx: &mut PassContext<'_>,
    call: &Edge,
    chosen: ChosenTransport,
    listeners: &mut BTreeMap<String, Listener>,
) {
    let name = format!("{}.{}", call.to, chosen.plugin);
    let wish = (!chosen.entry).then(|| Wish {
        call: call.key.as_str().to_owned(),
        settings: chosen.settings.clone(),
        span: chosen.span,
    });
    match listeners.get_mut(&name) {
        None => {
            listeners.insert(
                name,
                Listener {
                    service: call.to.clone(),
                    plugin: chosen.plugin,
                    settings: chosen.settings.clone(),
                    by: call.key.as_str().to_owned(),
                    entry: chosen.entry,
                    span: chosen.span,
                    inside: wish.into_iter().collect(),
                },
            );
        }
        // Calls come sorted by key; whichever comes first, the outside world's edge decides a listener's settings.
        Some(listener) if chosen.entry => {
            listener.settings = chosen.settings.clone();
            call.key.as_str().clone_into(&mut listener.by);
            listener.entry = true;
        }
        Some(listener) => {
            listener.inside.extend(wish);
            if !listener.entry && listener.settings.values != chosen.settings.values {
                cx.diagnostics.push(policy::listeners_disagree(
                    Some(chosen.span),
                    &name,
                    &listener.by,
                    call.key.as_str(),
                ));
            }
        }
    }
    let end = NodeKey::part(call.key.as_str(), chosen.plugin);
    let kind = NodeKind::Transport {
        plugin: chosen.plugin.to_owned(),
        side: Side::Client,
        owner: call.key.as_str().to_owned(),
    };
    let origin = Origin::new(Some(chosen.span), "transport");
    let mut settings = chosen.settings;
    // The port belongs to the address.
    if settings.values.contains_key("port") {
        settings.values.remove("port");
        settings.origins.remove("port");
    }
    if let Ok(node) = cx.ir.add_node(&end, kind, origin.clone()) {
        node.facets.set(PluginSettings(settings));
    }
    // The innermost wrapper passed on to the callee itself until now.
    let last: Option<(EdgeKey, NodeKey)> = cx
        .ir
        .parts_of(call.key.as_str())
        .map(|wrapper| (EdgeKey::other(&wrapper.key, "wraps", &call.to), wrapper.key.clone()))
        .find(|(edge, _)| cx.ir.edge(edge).is_some());
    if let Some((edge, wrapper)) = last {
        cx.ir.remove_edge(&edge);
        let _ = cx.ir.add_edge(&wrapper, &end, EdgeKind::Wraps, origin);
    }
}

/// Adds a listener with its server wrappers and its address, and connects the client ends.
fn listen(cx: &mut PassContext<'_>, name: &str, listener: Listener) {
    let Listener { service, plugin, settings, span, .. } = listener;
    let key = NodeKey::instance(name);
    let origin = Origin::new(Some(span), "transport");
    let kind = NodeKind::Transport {
        plugin: plugin.to_owned(),
        side: Side::Server,
        owner: service.as_str().to_owned(),
    };
    if let Ok(node) = cx.ir.add_node(&key, kind, origin.clone()) {
        node.facets.set(PluginSettings(settings));
    }
    let wrappers = cx
        .ir
        .node(&service)
        .and_then(|n| n.facets.get::<ServerWrappers>())
        .cloned()
        .unwrap_or_default();
    let mut inner = service.clone();
    let mut kind = EdgeKind::Serves;
    for wrapper in wrappers.0.into_iter().rev() {
        let key = NodeKey::part(name, &wrapper.plugin);
        let node = NodeKind::Wrapper {
            plugin: wrapper.plugin,
            slot: wrapper.slot,
            owner: name.to_owned(),
        };
        let origin = Origin::new(wrapper.span, "transport");
        if let Ok(node) = cx.ir.add_node(&key, node, origin.clone()) {
            node.facets.set(wrapper.settings);
        }
        let _ = cx.ir.add_edge(&key, &inner, kind, origin);
        inner = key;
        kind = EdgeKind::Wraps;
    }
    let _ = cx.ir.add_edge(&key, &inner, kind, origin.clone());

    let at = NodeKey::address(&address_name(service.as_str(), plugin));
    let _ = cx.ir.add_node(&at, NodeKind::Address { port: 0 }, origin.clone());
    let _ = cx.ir.add_edge(&at, &key, EdgeKind::Serves, origin.clone());
    let callers: Vec<NodeKey> = cx
        .ir
        .edges_to(&service)
        .into_iter()
        .filter(|e| matches!(e.kind, EdgeKind::Calls { .. }))
        .map(|e| NodeKey::part(e.key.as_str(), plugin))
        .filter(|end| cx.ir.node(end).is_some())
        .collect();
    for end in callers {
        let _ = cx.ir.add_edge(&end, &at, EdgeKind::Wraps, origin.clone());
    }
}
