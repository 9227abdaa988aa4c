//! Pass `bind`: instances, and who calls whom.
//!
//! The Rust type of a constructor's parameter decides what it takes (see [`crate::parameter`]).
//! Cycles are legal; nothing here depends on the order of services.

use std::collections::{BTreeMap, BTreeSet};

use bp_contract::selector::Rank;
use bp_diag::catalog::binding as codes;
use bp_diag::{Diagnostics, Span, nearest};
use bp_ir::{EdgeKind, Ir, MethodFact, NodeKey, NodeKind, Origin};
use bp_plugin::facets::{Binding, Bindings, PluginKeys, PluginSettings};
use bp_plugin::{
    CheckContext, Declaration, Kind, Neighbours, Pass, PassContext, PlaceInterface, ReadContext,
    Registry, Stage, TablePlace, read_settings,
};
use bp_wiring::{EdgeRule, InstanceModel, Table};
use bp_workflow::WorkflowModel;

use crate::backend_use::BackendUses;
use crate::implementation::Implementations;
use crate::locate::Locator;
use crate::names::{InstanceNames, NamedInstance};
use crate::parameter;
use crate::scope::{BoundService, Scope};

/// The pass, with the plugins that check the settings which it reads.
#[derive(Debug)]
pub(crate) struct Bind(pub(crate) Registry);

impl Pass for Bind {
    fn name(&self) -> &'static str {
        "bind"
    }

    fn stage(&self) -> Stage {
        Stage::Bind
    }

    fn run(&self, cx: &mut PassContext<'_>) {
        // The graph is made from the models alone, so that a second run gives the same one.
        *cx.ir = Ir::new();
        let mut scope = Scope {
            declarations: cx.declarations,
            workflow: cx.workflow,
            names: InstanceNames::new(cx.wiring),
            services: BTreeMap::new(),
            backends: BTreeMap::new(),
            offering: BTreeMap::new(),
            any_faulty: false,
        };
        for backend in cx.wiring.backends.values() {
            if let Some(plugin) = resolve_backend_kind(cx, backend) {
                scope.backends.insert(backend.name.clone(), BackendUses::new(plugin));
            }
        }
        let implementations = Implementations::new(cx.workflow);
        for service in cx.wiring.services.values() {
            // The front end reports a service without a usable `impl`.
            let Some((item, text)) = service.implementation().and_then(|i| Some((i, i.as_str()?)))
            else {
                continue;
            };
            // A suggestion looks at every implementation, so with many wrong services the cost would be quadratic.
            if cx.diagnostics.is_full() {
                break;
            }
            match implementations.resolve(item, text) {
                Ok((implementation, interface)) => {
                    let bound = BoundService { instance: service, implementation, interface };
                    scope.services.insert(service.name.clone(), bound);
                }
                Err(diagnostic) => cx.diagnostics.push(diagnostic),
            }
        }
        scope.index();
        let bound: Vec<BoundService<'_>> = scope.services.values().copied().collect();
        let bindings: Vec<(BoundService<'_>, Bindings)> = bound
            .into_iter()
            .map(|b| (b, parameter::resolve(&mut scope, b, cx.diagnostics)))
            .collect();
        add_nodes(cx, &self.0, &scope, &bindings);
        for (bound, bindings) in bindings {
            add_calls(cx.ir, &scope, bound, &bindings);
            let key = NodeKey::instance(&bound.instance.name);
            if let Some(node) = cx.ir.node_mut(&key) {
                node.facets.set(bindings);
            }
        }
        add_entries(cx, &scope);
    }
}

/// The plugin of a backend; `None` after a report.
fn resolve_backend_kind(
    cx: &mut PassContext<'_>,
    backend: &InstanceModel,
) -> Option<&'static Declaration> {
    // The front end reports a backend without a usable `kind`.
    let (item, kind) = backend.kind().and_then(|i| Some((i, i.as_str()?)))?;
    let plugin = cx.declarations.backend(kind);
    if plugin.is_none() {
        let known = cx.declarations.ids("backend");
        let suggestion = nearest(kind, known.iter().copied());
        cx.diagnostics.push(codes::unknown_backend_kind(item.span, kind, suggestion, &known));
    }
    plugin
}

fn add_nodes(
    cx: &mut PassContext<'_>,
    registry: &Registry,
    scope: &Scope<'_>,
    services: &[(BoundService<'_>, Bindings)],
) {
    let mut callers = collect_callers(scope, services);
    for (name, uses) in &scope.backends {
        if let Some(NamedInstance::Backend(backend)) = scope.names.get(name) {
            let callers = callers.remove(name.as_str()).unwrap_or_default();
            add_backend(cx, registry, backend, uses, callers);
        }
    }
    for (bound, _) in services {
        let methods = collect_methods(scope.workflow, bound.interface);
        let kind = NodeKind::Service {
            implementation: bound.implementation.path.clone(),
            interface: bound.interface.to_owned(),
            methods,
        };
        add_node(cx.ir, cx.diagnostics, &bound.instance.name, kind, bound.instance.span);
    }
}

/// The services that call each backend, sorted.
fn collect_callers<'a>(
    scope: &Scope<'_>,
    services: &'a [(BoundService<'a>, Bindings)],
) -> BTreeMap<&'a str, Vec<&'a str>> {
    let mut callers: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (bound, bindings) in services {
        for (callee, _) in list_callees(bound, bindings) {
            if scope.backends.contains_key(callee) {
                callers.entry(callee).or_default().insert(&bound.instance.name);
            }
        }
    }
    callers.into_iter().map(|(callee, names)| (callee, names.into_iter().collect())).collect()
}

/// The instances that a service's parameters take, and where that is said.
fn list_callees<'a>(bound: &BoundService<'_>, bindings: &'a Bindings) -> Vec<(&'a str, Span)> {
    let mut callees: Vec<(&str, Span)> = Vec::new();
    for binding in bindings.0.values() {
        match binding {
            Binding::Instance { name, span } => {
                callees.push((name, span.unwrap_or(bound.instance.span)));
            }
            Binding::Instances(items) => {
                callees.extend(items.iter().map(|(name, span)| (name.as_str(), *span)));
            }
            Binding::Value { .. } | Binding::Absent => {}
        }
    }
    callees
}

fn add_node(ir: &mut Ir, diagnostics: &mut Diagnostics, name: &str, kind: NodeKind, span: Span) {
    let origin = Origin::new(Some(span), "bind");
    if let Err(error) = ir.add_node(&NodeKey::instance(name), kind, origin) {
        diagnostics
            .push(bp_diag::catalog::internal::graph_inconsistent("bind", &error.to_string()));
    }
}

/// The methods of a service's trait.
pub(crate) fn collect_methods(workflow: &WorkflowModel, interface: &str) -> Vec<MethodFact> {
    let Some(service) = workflow.services.get(interface) else { return Vec::new() };
    service
        .methods
        .iter()
        .map(|m| MethodFact {
            name: m.name.clone(),
            remote: m.is_remote(),
            idempotent: m.idempotent,
        })
        .collect()
}

fn add_backend(
    cx: &mut PassContext<'_>,
    registry: &Registry,
    backend: &InstanceModel,
    uses: &BackendUses,
    callers: Vec<&str>,
) {
    let (declarations, plugin) = (cx.declarations, uses.plugin);
    // An unused backend is a warning; it then stands for the first interface it could offer.
    let interface = uses.opened(declarations).unwrap_or_default();
    let place = PlaceInterface::find(declarations, cx.workflow, interface);
    let one_process = matches!(plugin.kind, Kind::Backend { one_process: true, .. });
    let kind = NodeKind::Backend {
        plugin: plugin.id.to_owned(),
        interface: interface.to_owned(),
        ancestors: place.ancestors.iter().map(|path| (*path).to_owned()).collect(),
        one_process,
    };
    add_node(cx.ir, cx.diagnostics, &backend.name, kind, backend.span);

    let mut table = Table::default();
    let mut keys = Table::default();
    for (key, item) in backend.settings.entries.iter().filter(|(key, _)| *key != "kind") {
        let owned = cx.declarations.owned_table(TablePlace::Backend, key).is_some();
        let into = if owned { &mut keys } else { &mut table };
        into.entries.insert(key.clone(), item.clone());
    }
    let locator = Locator::new(cx.sources);
    let reading = ReadContext {
        key: &backend.name,
        span: Some(backend.kind_span()),
        methods: &[],
        locate: &|span| locator.at(span),
    };
    let read = read_settings(&plugin.all_settings(), &table, reading, cx.diagnostics);
    registry.hooks(plugin).run_check(CheckContext {
        entry: None,
        plugin,
        key: &backend.name,
        place: &backend.name,
        class: None,
        interface: Some(&place),
        neighbours: &Neighbours { callers, ..Neighbours::default() },
        arguments: &BTreeMap::new(),
        settings: &read.settings,
        spans: &read.spans,
        span: Some(backend.span),
        diagnostics: cx.diagnostics,
    });
    if let Some(node) = cx.ir.node_mut(&NodeKey::instance(&backend.name)) {
        node.facets.set(PluginSettings(read.settings));
        if !keys.entries.is_empty() {
            node.facets.set(PluginKeys(keys));
        }
    }
}

/// The calls that a service's parameters stand for.
fn add_calls(ir: &mut Ir, scope: &Scope<'_>, bound: BoundService<'_>, bindings: &Bindings) {
    let from = NodeKey::instance(&bound.instance.name);
    for (name, span) in list_callees(&bound, bindings) {
        let Some(kind) = resolve_call_kind(scope, from.as_str(), name) else { continue };
        // Two parameters may take one instance; it is one edge then.
        let origin = Origin::new(Some(span), "bind");
        let _ = ir.add_edge(&from, &NodeKey::instance(name), kind, origin);
    }
}

/// What a call of an instance is: of a backend, through the interface that the caller takes.
fn resolve_call_kind(scope: &Scope<'_>, caller: &str, callee: &str) -> Option<EdgeKind> {
    if let Some(bound) = scope.services.get(callee) {
        let methods = collect_methods(scope.workflow, bound.interface);
        return Some(EdgeKind::Calls {
            interface: bound.interface.to_owned(),
            methods: methods.into_iter().map(|m| m.name).collect(),
        });
    }
    let interface = scope.backends.get(callee)?.interface_of(caller)?;
    let methods = scope.declarations.interface(interface).map_or(&[][..], |i| &i.methods);
    Some(EdgeKind::Calls {
        interface: interface.to_owned(),
        methods: methods.iter().map(|m| m.name.clone()).collect(),
    })
}

/// The calls of the outside world: a line `client -> X` publishes X.
fn add_entries(cx: &mut PassContext<'_>, scope: &Scope<'_>) {
    let entries: Vec<&EdgeRule> = cx
        .wiring
        .edges
        .iter()
        .filter(|rule| rule.selector.caller.as_str() == NodeKey::CLIENT)
        .filter(|rule| rule.selector.callee.rank() == Rank::Exact)
        .collect();
    if entries.is_empty() {
        return;
    }
    let client = NodeKey::instance(NodeKey::CLIENT);
    let origin = Origin::new(None, "bind");
    let _ = cx.ir.add_node(&client, NodeKind::Client, origin);
    let mut reported: BTreeSet<String> = BTreeSet::new();
    for rule in entries {
        let name = rule.selector.callee.as_str();
        let problem = match scope.names.get(name) {
            Some(NamedInstance::Service(instance)) => {
                if let Some(kind) = resolve_call_kind(scope, NodeKey::CLIENT, &instance.name) {
                    let to = NodeKey::instance(&instance.name);
                    let origin = Origin::new(Some(rule.span), "bind");
                    let _ = cx.ir.add_edge(&client, &to, kind, origin);
                }
                continue;
            }
            Some(NamedInstance::Backend(_)) => codes::not_a_service(
                rule.span,
                name,
                "a backend",
                "the outside world calls services only",
            ),
            // The front end reports the use of what was removed.
            None if scope.names.removed(name).is_some() => continue,
            None => {
                let services: Vec<String> =
                    cx.wiring.services.values().map(|s| s.name.clone()).collect();
                let suggestion = nearest(name, services.iter().map(String::as_str));
                codes::unknown_instance(rule.span, name, "a service", suggestion, &services)
            }
        };
        if reported.insert(name.to_owned()) {
            cx.diagnostics.push(problem);
        }
    }
}
