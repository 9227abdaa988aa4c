//! Pass `group`: which process holds what.
//!
//! The front end settles which service is in which process; a backend is in every process that uses it.

use std::collections::{BTreeMap, BTreeSet};

use bp_diag::Span;
use bp_diag::catalog::binding as codes;
use bp_ir::{EdgeKind, NodeKey, NodeKind, Origin};
use bp_plan::{Dropped, Value};
use bp_plugin::facets::{Drops, PluginKeys, ProcessSettings};
use bp_plugin::{
    PROCESS_SETTINGS, Pass, PassContext, ReadContext, Stage, TablePlace, read_settings,
};
use bp_wiring::{InstanceModel, ResolvedProcess, Table, resolve_processes};

use crate::init::runs_first;
use crate::locate::Locator;
use crate::wrap::describe_change;

/// The pass.
#[derive(Debug)]
pub(crate) struct Group;

impl Pass for Group {
    fn name(&self) -> &'static str {
        "group"
    }

    fn stage(&self) -> Stage {
        Stage::Group
    }

    fn run(&self, cx: &mut PassContext<'_>) {
        let old: Vec<NodeKey> = cx
            .ir
            .nodes()
            .filter(|n| matches!(n.kind, NodeKind::Process { .. }))
            .map(|n| n.key.clone())
            .collect();
        for key in old {
            cx.ir.remove_node(&key);
        }
        let (processes, faults) = resolve_processes(cx.wiring, &cx.declarations.grammar());
        cx.diagnostics.append(faults);
        let mut replicas_at: BTreeMap<NodeKey, Option<Span>> = BTreeMap::new();
        let locator = Locator::new(cx.sources);
        for process in processes.values() {
            let (key, span) = add_process(cx, process, &locator);
            replicas_at.insert(key, span);
        }
        host_backends(cx);
        check_shared_backends(cx, &replicas_at);
    }
}

/// Adds a process and its services; returns where `replicas` was written.
fn add_process(
    cx: &mut PassContext<'_>,
    process: &ResolvedProcess,
    locator: &Locator<'_>,
) -> (NodeKey, Option<Span>) {
    let key = NodeKey::process(&process.name);
    let (mut keys, mut own) = (Table::default(), Table::default());
    for (key, item) in &process.settings.entries {
        let owned = cx.declarations.owned_table(TablePlace::Process, key).is_some();
        let into = if owned { &mut keys } else { &mut own };
        into.entries.insert(key.clone(), item.clone());
    }
    let read = read_settings(
        PROCESS_SETTINGS,
        &own,
        ReadContext {
            key: &format!("process.{}", process.name),
            span: process.span,
            methods: &[],
            locate: &|span| locator.at(span),
        },
        cx.diagnostics,
    );
    let at = read.spans.get("replicas").copied();
    let replicas = read.settings.get("replicas").and_then(Value::as_integer);
    let replicas = replicas.and_then(|n| u32::try_from(n).ok()).unwrap_or(1);
    // A process that the wiring does not name has the place of its only service.
    let span = process.span.or_else(|| {
        let (name, _) = process.services.first()?;
        cx.ir.node(&NodeKey::instance(name))?.origin.span
    });
    let origin = Origin::new(span, "group");
    let bound: Vec<&(String, Option<Span>)> = process
        .services
        .iter()
        .filter(|(name, _)| cx.ir.node(&NodeKey::instance(name)).is_some())
        .collect();
    if bound.is_empty() {
        return (key, at);
    }
    if let Ok(node) =
        cx.ir.add_node(&key, NodeKind::Process { replicas, once: process.once }, origin)
    {
        node.facets.set(ProcessSettings(read.settings));
        if !keys.entries.is_empty() {
            node.facets.set(PluginKeys(keys));
        }
        let drops: BTreeSet<Dropped> =
            process.changes.iter().map(|change| describe_change(change, locator)).collect();
        if !drops.is_empty() {
            node.facets.set(Drops(drops));
        }
    }
    for (name, claim) in bound {
        let origin = Origin::new(*claim, "group");
        let Ok(hosts) = cx.ir.add_edge(&key, &NodeKey::instance(name), EdgeKind::Hosts, origin)
        else {
            continue;
        };
        let lost = process.lost_claims.iter().filter(|lost| lost.service == *name);
        let drops: BTreeSet<Dropped> = lost
            .map(|lost| Dropped {
                what: format!("process {}", lost.process),
                why: match claim {
                    Some(by) => {
                        format!("process {} claims it at {}", process.name, locator.at(*by))
                    }
                    None => format!("process {} has it", process.name),
                },
                origin: locator.at(lost.span),
            })
            .collect();
        if !drops.is_empty() {
            hosts.facets.set(Drops(drops));
        }
    }
    (key, at)
}

fn host_backends(cx: &mut PassContext<'_>) {
    let mut wanted: BTreeSet<(NodeKey, NodeKey)> = BTreeSet::new();
    for call in cx.ir.calls() {
        let backend =
            cx.ir.node(&call.to).is_some_and(|n| matches!(n.kind, NodeKind::Backend { .. }));
        if backend {
            let hosts = cx.ir.hosts_of(&call.from);
            wanted.extend(hosts.into_iter().map(|host| (host.clone(), call.to.clone())));
        }
    }
    for (process, backend) in wanted {
        let origin = Origin::new(None, "group");
        let _ = cx.ir.add_edge(&process, &backend, EdgeKind::Hosts, origin);
    }
}

/// A backend whose content lives in one process must not be in two, nor in one that runs twice.
///
/// An init that runs before every process shares with them in turn.
fn check_shared_backends(cx: &mut PassContext<'_>, replicas_at: &BTreeMap<NodeKey, Option<Span>>) {
    for node in cx.ir.nodes() {
        let NodeKind::Backend { plugin, one_process: true, .. } = &node.kind else { continue };
        let mut hosts = cx.ir.hosts_of(&node.key);
        hosts.retain(|host| {
            let once = cx
                .ir
                .node(host)
                .is_some_and(|n| matches!(n.kind, NodeKind::Process { once: true, .. }));
            !once || !runs_first(cx.ir, host)
        });
        let name = node.key.as_str();
        let Some(span) = cx.wiring.backend(name).map(InstanceModel::kind_span) else { continue };
        if hosts.len() > 1 {
            let users: Vec<String> = hosts.iter().map(|h| h.name().to_owned()).collect();
            let copies = codes::StoreCopies::Processes(&users);
            cx.diagnostics.push(codes::shared_backend(Some(span), name, plugin, copies));
        } else if let [host] = hosts.as_slice()
            && let Some(NodeKind::Process { replicas, .. }) = cx.ir.node(host).map(|n| &n.kind)
            && *replicas > 1
        {
            let at = replicas_at.get(*host).copied().flatten();
            let copies = codes::StoreCopies::Replicas {
                process: host.name(),
                count: *replicas,
                vary: false,
                at,
            };
            cx.diagnostics.push(codes::shared_backend(Some(span), name, plugin, copies));
        }
    }
}
