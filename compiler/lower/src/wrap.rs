//! Pass `wrap`: which wrappers each call and each listener gets.
//!
//! The front end resolves selectors; here the settings are read, each plugin checks its own, and the wrappers are sorted by slot.
//! Calls inside one process lose their remote wrappers, which is noted for `bp explain`.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use bp_diag::catalog::policy as codes;
use bp_diag::catalog::wiring::{SharedBy, key_not_per_method};
use bp_diag::{Diagnostics, Span};
use bp_ir::{Edge, EdgeKind, Ir, NodeKey, NodeKind, Origin, Side, Slot};
use bp_plan::{Dropped, EdgeClass};
use bp_plugin::facets::{
    CallSettings, Drops, ServerSettings, ServerWrappers, WantedWrapper, WrapperSettings,
};
use bp_plugin::{
    CheckContext, Declaration, Declarations, Kind, Level, Neighbours, Pass, PassContext,
    PlaceInterface, PlaceWrapper, ReadContext, ReadSettings, Registry, Stage, TablePlace,
    keeps_in_process,
};
use bp_wiring::{
    Acceptance, Change, ChangeKind, EdgeKind as Shape, EdgeShape, Item, ResolvedEdge,
    resolve_edges, resolve_servers,
};
use bp_workflow::WorkflowModel;

use crate::locate::Locator;
use crate::resolved_key::{ResolvedKey, SettingsCache};

/// The pass, with the plugins that check the settings which it reads.
#[derive(Debug)]
pub(crate) struct Wrap(pub(crate) Registry);

impl Pass for Wrap {
    fn name(&self) -> &'static str {
        "wrap"
    }

    fn stage(&self) -> Stage {
        Stage::Wrap
    }

    fn run(&self, cx: &mut PassContext<'_>) {
        clear(cx.ir);
        let locator = Locator::new(cx.sources);
        let servers = resolve_server_side(cx, &self.0, &locator);
        let calls = collect_calls(cx.ir);
        let shapes: Vec<EdgeShape> = calls.iter().map(|c| c.shape.clone()).collect();
        let declarations = cx.declarations;
        let grammar = declarations.grammar();
        let accepts = |key: &str, kind: Shape| accepts(declarations, key, class_of(kind));
        let (resolved, faults) = resolve_edges(cx.wiring, &grammar, &shapes, &accepts);
        report(faults, cx.diagnostics);
        let mut known = SettingsCache::default();
        let mut reported = BTreeSet::new();
        for (call, resolved) in calls.into_iter().zip(resolved) {
            let mut reader = WrapperReader {
                declarations,
                locator: &locator,
                side: Side::Client,
                methods: &call.shape.methods,
                section: "edge",
                selector: &format!("{} -> {}", call.shape.caller, call.shape.callee),
                known: &mut known,
                reported: &mut reported,
                diagnostics: cx.diagnostics,
                checks: Vec::new(),
            };
            let mut wanted = reader.read_wrappers(&resolved);
            let checks = reader.checks;
            if call.class != EdgeClass::Entry
                && let Some(server) = servers.get(&call.shape.caller)
            {
                wanted.extend(inherit_wrappers(
                    declarations,
                    server,
                    &resolved,
                    &wanted,
                    call.class,
                ));
                wanted.sort_by(|a, b| (a.slot, &a.plugin).cmp(&(b.slot, &b.plugin)));
            }
            let mut drops = collect_dropped(&resolved, &locator);
            if !call.crosses {
                drop_remote_wrappers(declarations, &mut wanted, &mut drops, &locator);
            }
            keep_one_per_slot(call.key.as_str(), &mut wanted, cx.diagnostics);
            let place = WrappedPlace {
                name: call.key.as_str(),
                class: Some(call.class),
                interface: &call.interface,
                wrappers: &wanted,
            };
            place.check(checks, &self.0, cx.workflow, cx.diagnostics);
            add_wrappers(cx, &call, wanted, resolved, drops);
        }
    }
}

/// A call of the graph, as the front end wants to know it.
struct Call {
    key: bp_ir::EdgeKey,
    shape: EdgeShape,
    class: EdgeClass,
    /// What the caller takes.
    interface: String,
    /// Whether it leaves the process: to another one, or to a backend that runs as a server.
    crosses: bool,
}

/// Removes what an earlier run added.
fn clear(ir: &mut Ir) {
    let old: Vec<NodeKey> = ir
        .nodes()
        .filter(|n| matches!(n.kind, NodeKind::Wrapper { .. }) && n.origin.via == "wrap")
        .map(|n| n.key.clone())
        .collect();
    for key in old {
        ir.remove_node(&key);
    }
}

/// The class of an edge, from the kind that the front end gives it.
pub(crate) fn class_of(kind: Shape) -> EdgeClass {
    match kind {
        Shape::Service => EdgeClass::Service,
        Shape::Backend => EdgeClass::Backend,
        Shape::Entry => EdgeClass::Entry,
    }
}

/// The class of a call.
pub(crate) fn classify(ir: &Ir, call: &Edge) -> EdgeClass {
    let backend = ir.node(&call.to).is_some_and(|n| matches!(n.kind, NodeKind::Backend { .. }));
    if backend {
        EdgeClass::Backend
    } else if call.from.as_str() == NodeKey::CLIENT {
        EdgeClass::Entry
    } else {
        EdgeClass::Service
    }
}

/// Whether a call goes to a backend that runs as a server.
fn is_server(ir: &Ir, call: &Edge) -> bool {
    let callee = ir.node(&call.to);
    callee.is_some_and(|n| matches!(n.kind, NodeKind::Backend { one_process: false, .. }))
}

fn collect_calls(ir: &Ir) -> Vec<Call> {
    ir.calls()
        .filter_map(|edge| {
            let EdgeKind::Calls { interface, methods } = &edge.kind else { return None };
            let class = classify(ir, edge);
            let kind = match class {
                EdgeClass::Service => Shape::Service,
                EdgeClass::Backend => Shape::Backend,
                EdgeClass::Entry => Shape::Entry,
            };
            Some(Call {
                key: edge.key.clone(),
                shape: EdgeShape {
                    caller: edge.from.as_str().to_owned(),
                    callee: edge.to.as_str().to_owned(),
                    kind,
                    interface: interface.clone(),
                    methods: methods.clone(),
                },
                class,
                interface: interface.clone(),
                crosses: ir.is_remote(edge) || is_server(ir, edge),
            })
        })
        .collect()
}

/// The edges that a key may be set on: a wrapper declares them, a key of another plugin is taken everywhere, `rpc` is for calls between services and from outside, and keys beside `rpc` for calls from outside.
fn accepts(declarations: &Declarations, key: &str, class: EdgeClass) -> Acceptance {
    if let Some(plugin) = declarations.wrapper(key) {
        return Acceptance {
            edge: plugin.edges.takes(class),
            method: plugin.level == Level::Method,
        };
    }
    if declarations.owned_table(TablePlace::Edge, key).is_some() {
        return Acceptance { edge: true, method: true };
    }
    let beside = key != "rpc";
    Acceptance {
        edge: match class {
            EdgeClass::Service => !beside,
            EdgeClass::Backend => false,
            EdgeClass::Entry => true,
        },
        method: false,
    }
}

/// After errors, calls may be missing from the graph, so selectors that match nothing are not reported.
fn report(faults: Diagnostics, diagnostics: &mut Diagnostics) {
    let broken = diagnostics.has_errors();
    diagnostics.extend(
        faults.into_iter().filter(|d| !broken || !matches!(d.code.id.name, "BP2053" | "BP2054")),
    );
}

/// The server side of every service: its wrappers go on the node, to be put on its listeners.
fn resolve_server_side(
    cx: &mut PassContext<'_>,
    registry: &Registry,
    locator: &Locator<'_>,
) -> BTreeMap<String, Vec<WantedWrapper>> {
    let mut interfaces = Vec::new();
    let services: Vec<(String, Vec<String>)> = cx
        .ir
        .nodes()
        .filter_map(|node| match &node.kind {
            NodeKind::Service { methods, interface, .. } => {
                interfaces.push(interface.clone());
                Some((
                    node.key.as_str().to_owned(),
                    methods.iter().map(|m| m.name.clone()).collect(),
                ))
            }
            _ => None,
        })
        .collect();
    let declarations = cx.declarations;
    let grammar = declarations.grammar();
    let accepts = |key: &str| {
        let owned = declarations.owned_table(TablePlace::Server, key).is_some();
        let wrapper = declarations.wrapper(key);
        Acceptance {
            edge: owned || wrapper.is_some(),
            method: owned || wrapper.is_some_and(|p| p.level == Level::Method),
        }
    };
    let (resolved, faults) = resolve_servers(cx.wiring, &grammar, &services, &accepts);
    report(faults, cx.diagnostics);
    let mut out = BTreeMap::new();
    let mut known = SettingsCache::default();
    let mut reported = BTreeSet::new();
    for (((name, methods), interface), resolved) in
        services.into_iter().zip(interfaces).zip(resolved)
    {
        let mut reader = WrapperReader {
            declarations,
            locator,
            side: Side::Server,
            methods: &methods,
            section: "server",
            selector: &name,
            known: &mut known,
            reported: &mut reported,
            diagnostics: cx.diagnostics,
            checks: Vec::new(),
        };
        let mut wanted = reader.read_wrappers(&resolved);
        let checks = reader.checks;
        keep_one_per_slot(&name, &mut wanted, cx.diagnostics);
        let place =
            WrappedPlace { name: &name, class: None, interface: &interface, wrappers: &wanted };
        place.check(checks, registry, cx.workflow, cx.diagnostics);
        if let Some(node) = cx.ir.node_mut(&NodeKey::instance(&name)) {
            node.facets.remove::<ServerSettings>();
            let mut all = std::iter::once(&resolved.edge).chain(resolved.methods.values());
            let owned = |key: &String| declarations.owned_table(TablePlace::Server, key).is_some();
            if all.any(|of| of.settings.entries.keys().any(owned)) {
                node.facets.set(ServerSettings(resolved.clone()));
            }
            node.facets.remove::<ServerWrappers>();
            node.facets.remove::<Drops>();
            if !wanted.is_empty() {
                node.facets.set(ServerWrappers(wanted.clone()));
            }
            let drops = collect_dropped(&resolved, locator);
            if !drops.is_empty() {
                node.facets.set(Drops(drops));
            }
        }
        out.insert(name, wanted);
    }
    out
}

/// Reads the wrappers of one place.
struct WrapperReader<'a> {
    declarations: &'a Declarations,
    locator: &'a Locator<'a>,
    side: Side,
    methods: &'a [String],
    /// The wiring's table for places of this kind.
    section: &'static str,
    /// The place, as a selector names it: `front -> cart`.
    selector: &'a str,
    known: &'a mut SettingsCache,
    /// Settings that may not differ by method, where they are written: one line may be for many places.
    reported: &'a mut BTreeSet<Span>,
    diagnostics: &'a mut Diagnostics,
    /// What was read, to be checked when all wrappers of the place are known.
    checks: Vec<PendingCheck>,
}

/// Settings that their plugin has not checked yet.
#[derive(Debug)]
struct PendingCheck {
    plugin: &'static Declaration,
    /// Where the key was written.
    span: Span,
    read: Rc<ReadSettings>,
    /// Whether these settings were read for the first time, so that their rules were not run yet.
    is_new: bool,
}

/// A place and the wrappers that it gets.
struct WrappedPlace<'a> {
    /// `frontend->cart`, or the service that listens.
    name: &'a str,
    class: Option<EdgeClass>,
    interface: &'a str,
    wrappers: &'a [WantedWrapper],
}

impl WrappedPlace<'_> {
    /// Lets each plugin check its settings.
    ///
    /// Settings that many places share are checked by the plugin at each, because interfaces and neighbours differ; rules know neither, so they run once.
    fn check(
        &self,
        mut checks: Vec<PendingCheck>,
        registry: &Registry,
        workflow: &WorkflowModel,
        diagnostics: &mut Diagnostics,
    ) {
        checks.retain(|check| check.is_new || registry.hooks(check.plugin).check.is_some());
        if checks.is_empty() {
            return;
        }
        let interface = PlaceInterface::find(registry, workflow, self.interface);
        for PendingCheck { plugin, span, read, is_new } in checks {
            let id = plugin.id;
            let others = self.wrappers.iter().filter(|wrapper| wrapper.plugin != id);
            let wrappers = others
                .map(|wrapper| PlaceWrapper {
                    plugin: &wrapper.plugin,
                    slot: wrapper.slot,
                    settings: &wrapper.settings.settings,
                })
                .collect();
            let neighbours = Neighbours { wrappers, ..Neighbours::default() };
            let context = CheckContext {
                entry: None,
                plugin,
                key: plugin.key,
                place: self.name,
                class: self.class,
                interface: Some(&interface),
                neighbours: &neighbours,
                arguments: &BTreeMap::new(),
                settings: &read.settings,
                spans: &read.spans,
                span: Some(span),
                diagnostics,
            };
            let hooks = registry.hooks(plugin);
            if is_new {
                hooks.run_check(context);
            } else {
                hooks.run_check_hook(context);
            }
        }
    }
}

/// The slot of a wrapper on a side, if it works there.
fn slot_of(plugin: &Declaration, side: Side) -> Option<Slot> {
    match (plugin.kind, side) {
        (Kind::Wrapper { client, .. }, Side::Client) => client.map(Slot::Client),
        (Kind::Wrapper { server, .. }, Side::Server) => server.map(Slot::Server),
        (
            Kind::Transport { .. }
            | Kind::Backend { .. }
            | Kind::Interface { .. }
            | Kind::Target { .. }
            | Kind::Table { .. },
            _,
        ) => None,
    }
}

impl WrapperReader<'_> {
    /// The wrappers that the wiring wants here, by slot.
    fn read_wrappers(&mut self, resolved: &ResolvedEdge) -> Vec<WantedWrapper> {
        let mut keys: BTreeSet<&str> =
            resolved.edge.settings.entries.keys().map(String::as_str).collect();
        keys.extend(
            resolved.methods.values().flat_map(|m| m.settings.entries.keys().map(String::as_str)),
        );
        let mut wanted: Vec<WantedWrapper> =
            keys.into_iter().filter_map(|key| self.read_wrapper(key, resolved)).collect();
        wanted.sort_by(|a, b| (a.slot, &a.plugin).cmp(&(b.slot, &b.plugin)));
        wanted
    }

    fn read_wrapper(&mut self, key: &str, resolved: &ResolvedEdge) -> Option<WantedWrapper> {
        let plugin = self.declarations.wrapper(key)?;
        let slot = slot_of(plugin, self.side)?;
        let ResolvedKey { whole, whole_is_of, methods, off } =
            ResolvedKey::find(resolved, key, self.methods)?;
        let settings = self.read(plugin, whole);
        let methods = methods
            .into_iter()
            .map(|(method, item)| {
                let own = self.read(plugin, item);
                self.check_shared(plugin, (&settings, whole_is_of), method);
                (method.clone(), own)
            })
            .collect();
        let out = WrapperSettings { settings, methods, off };
        Some(WantedWrapper {
            plugin: plugin.id.to_owned(),
            slot,
            settings: out,
            span: Some(whole.key),
        })
    }

    /// Reports settings of a method, those that were read last, which differ from the edge's although all its methods share them.
    ///
    /// If only methods have settings, those of the first one, which is named, stand for the edge's.
    fn check_shared(
        &mut self,
        plugin: &'static Declaration,
        (whole, whole_is_of): (&bp_plan::Settings, Option<&str>),
        method: &str,
    ) {
        let Some(PendingCheck { read, span, .. }) = self.checks.last() else { return };
        for shared in plugin.shared_by_methods {
            if read.settings.get(shared) == whole.get(shared) {
                continue;
            }
            let inside = |path: &str| {
                path.strip_prefix(shared)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
            };
            let differs = |path: &str| read.settings.get(path) != whole.get(path);
            let written = read.spans.iter().find(|(path, _)| inside(path) && differs(path));
            let at = written.map_or(*span, |(_, at)| *at);
            if self.reported.insert(at) {
                let key = format!("{}.{shared}", plugin.key);
                let selector = format!("{}.{method}", self.selector);
                self.diagnostics.push(match whole_is_of {
                    None => {
                        let whole = format!("[{}.\"{}\"]", self.section, self.selector);
                        key_not_per_method(at, &key, &selector, SharedBy::Table(&whole))
                    }
                    // Under the edge the key would be on for the methods that do without.
                    Some(first) => {
                        let first = format!("{}.{first}", self.selector);
                        key_not_per_method(at, &key, &selector, SharedBy::Method(&first))
                    }
                });
            }
        }
    }

    /// Reads settings, and notes that they are to be checked.
    fn read(&mut self, plugin: &'static Declaration, item: &Item) -> bp_plan::Settings {
        let reading = ReadContext {
            key: plugin.key,
            span: Some(item.key),
            methods: self.methods,
            locate: &|span| self.locator.at(span),
        };
        let known = || plugin.all_settings();
        let (read, is_new) = self.known.read(plugin.id, known, item, reading, self.diagnostics);
        let settings = read.settings.clone();
        self.checks.push(PendingCheck { plugin, span: item.key, read, is_new });
        settings
    }
}

/// Wrappers that a service's server side also puts on the calls that it makes, unless the edge says otherwise.
fn inherit_wrappers(
    declarations: &Declarations,
    server: &[WantedWrapper],
    edge: &ResolvedEdge,
    wanted: &[WantedWrapper],
    class: EdgeClass,
) -> Vec<WantedWrapper> {
    let mut out = Vec::new();
    for wrapper in server {
        let Some(plugin) = declarations.get(&wrapper.plugin) else {
            continue;
        };
        let Kind::Wrapper { client: Some(slot), instance_wide: true, .. } = plugin.kind else {
            continue;
        };
        let removed =
            edge.edge.changes.iter().any(|c| {
                c.kind == ChangeKind::Removed && c.path.split('.').next() == Some(plugin.key)
            });
        let said = removed || wanted.iter().any(|w| w.plugin == plugin.id);
        if !said && plugin.edges.takes(class) {
            // Methods of the server side are the service's own, not its callees'.
            let settings = WrapperSettings {
                settings: wrapper.settings.settings.clone(),
                ..WrapperSettings::default()
            };
            out.push(WantedWrapper {
                plugin: wrapper.plugin.clone(),
                slot: Slot::Client(slot),
                settings,
                span: wrapper.span,
            });
        }
    }
    out
}

/// Keeps the first wrapper of each slot and reports the others.
///
/// A selector that matches many edges is one fault, so it is reported for the first of them.
fn keep_one_per_slot(owner: &str, wanted: &mut Vec<WantedWrapper>, diagnostics: &mut Diagnostics) {
    let mut taken: BTreeMap<Slot, String> = BTreeMap::new();
    wanted.retain(|w| {
        if let Some(first) = taken.get(&w.slot) {
            let fault = codes::slot_taken(w.span, owner, w.slot.name(), first, &w.plugin);
            let known = diagnostics
                .iter()
                .any(|d| d.code == fault.code && d.primary_span() == fault.primary_span());
            if !known {
                diagnostics.push(fault);
            }
            false
        } else {
            taken.insert(w.slot, w.plugin.clone());
            true
        }
    });
}

/// Removes the wrappers that have no effect on a call inside one process.
fn drop_remote_wrappers(
    declarations: &Declarations,
    wanted: &mut Vec<WantedWrapper>,
    drops: &mut BTreeSet<Dropped>,
    locator: &Locator<'_>,
) {
    wanted.retain(|w| {
        let plugin = declarations.get(&w.plugin);
        let kept =
            !plugin.is_some_and(Declaration::is_remote) || keeps_in_process(&w.settings.settings);
        if !kept {
            drops.insert(Dropped {
                what: w.plugin.clone(),
                why: "the call stays inside its process".to_owned(),
                origin: locator.at_or(w.span, "default"),
            });
        }
        kept
    });
}

/// Puts the wrappers of one call into the graph, outermost first, down to the callee.
fn add_wrappers(
    cx: &mut PassContext<'_>,
    call: &Call,
    wanted: Vec<WantedWrapper>,
    resolved: ResolvedEdge,
    drops: BTreeSet<Dropped>,
) {
    let mut inner = NodeKey::instance(&call.shape.callee);
    for w in wanted.into_iter().rev() {
        let key = NodeKey::part(call.key.as_str(), &w.plugin);
        let owner = call.key.as_str().to_owned();
        let kind = NodeKind::Wrapper { plugin: w.plugin, slot: w.slot, owner };
        let origin = Origin::new(w.span, "wrap");
        if let Ok(node) = cx.ir.add_node(&key, kind, origin.clone()) {
            node.facets.set(w.settings);
        }
        let _ = cx.ir.add_edge(&key, &inner, EdgeKind::Wraps, origin);
        inner = key;
    }
    if let Some(edge) = cx.ir.edge_mut(&call.key) {
        edge.facets.remove::<Drops>();
        if !drops.is_empty() {
            edge.facets.set(Drops(drops));
        }
        edge.facets.set(CallSettings(resolved));
    }
}

/// What the wiring says that has no effect, for `bp explain`.
pub(crate) fn collect_dropped(resolved: &ResolvedEdge, locator: &Locator<'_>) -> BTreeSet<Dropped> {
    resolved
        .edge
        .changes
        .iter()
        // A glob always skips edges that do not take its keys, so this is not worth showing.
        .filter(|change| change.kind != ChangeKind::NotTaken)
        .map(|change| describe_change(change, locator))
        .collect()
}

/// Describes one value that has no effect.
pub(crate) fn describe_change(change: &Change, locator: &Locator<'_>) -> Dropped {
    let by = locator.at(change.by);
    let why = match &change.kind {
        ChangeKind::Replaced => format!("replaced at {by}"),
        ChangeKind::OldVariant { leaf, from, to } => {
            format!("belongs to `{leaf} = \"{from}\"`, which became \"{to}\" at {by}")
        }
        ChangeKind::Excluded { by: other } => format!("excluded by `{other}` at {by}"),
        ChangeKind::Removed => format!("removed at {by}"),
        ChangeKind::Reset => format!("reset to the defaults at {by}"),
        ChangeKind::NotTaken => "this edge does not take the key".to_owned(),
    };
    Dropped {
        what: format!("{} = {}", change.path, change.old.value),
        why,
        origin: locator.at(change.old.span),
    }
}
