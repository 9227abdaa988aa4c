//! Pass `check`: wrappers on calls that accept none, unused instances, inits, targets.

use std::collections::BTreeMap;
use std::sync::Arc;

use bp_diag::catalog::{analysis, binding as codes};
use bp_diag::{Span, nearest};
use bp_ir::{EdgeKind, NodeKind};
use bp_plugin::{
    CheckContext, Neighbours, Pass, PassContext, ReadContext, Registry, Stage, read_settings,
};
use bp_wiring::{Item, Table};

use crate::locate::Locator;
use crate::resolved_table::ResolvedTables;
use crate::{crates, direct, features, init, interface_match};

/// The pass.
#[derive(Debug)]
pub(crate) struct Check {
    /// The plugins that check the settings of targets.
    pub(crate) registry: Registry,
    /// The tables that plugins own, as resolved from the models; a pass without them, for a run outside the pipeline, resolves them itself.
    pub(crate) tables: Option<Arc<ResolvedTables>>,
}

impl Pass for Check {
    fn name(&self) -> &'static str {
        "check"
    }

    fn stage(&self) -> Stage {
        Stage::Check
    }

    fn run(&self, cx: &mut PassContext<'_>) {
        crates::check(cx);
        interface_match::check(cx);
        check_target_names(cx);
        check_target_settings(cx, &self.registry);
        let resolve = || Arc::new(ResolvedTables::new(cx.declarations, cx.wiring, cx.workflow));
        let tables = self.tables.clone().unwrap_or_else(resolve);
        features::check(cx, &tables);
        init::check(cx);
        direct::check(cx);
        // With faults above, a missing caller is a consequence.
        if !cx.diagnostics.has_errors() {
            report_unused(cx);
        }
    }
}

/// The settings of every known target, enabled or not.
fn check_target_settings(cx: &mut PassContext<'_>, registry: &Registry) {
    let locator = Locator::new(cx.sources);
    let empty = Table::default();
    let enabled = cx.wiring.target.enabled.iter().map(|t| (t.value.as_str(), t.span));
    let mut places: BTreeMap<&str, (Span, Option<&Item>)> =
        enabled.map(|(name, span)| (name, (span, None))).collect();
    for (name, item) in &cx.wiring.target.settings.entries {
        places.insert(name, (item.key, Some(item)));
    }
    for (name, (span, item)) in places {
        let Some(plugin) = cx.declarations.target(name) else { continue };
        let table = match item {
            // `= true` takes the defaults.
            Some(item) if item.as_bool() != Some(true) => {
                match item.table(&format!("target.{name}")) {
                    Ok(table) => table,
                    Err(fault) => {
                        cx.diagnostics.push(fault);
                        continue;
                    }
                }
            }
            _ => &empty,
        };
        let reading = ReadContext {
            key: &format!("target.{name}"),
            span: Some(span),
            methods: &[],
            locate: &|span| locator.at(span),
        };
        let read = read_settings(&plugin.all_settings(), table, reading, cx.diagnostics);
        registry.hooks(plugin).run_check(CheckContext {
            entry: None,
            plugin,
            key: &format!("target.{name}"),
            place: &format!("target {name}"),
            class: None,
            interface: None,
            neighbours: &Neighbours {
                targets: cx
                    .wiring
                    .target
                    .enabled
                    .iter()
                    .map(|target| target.value.as_str())
                    .filter(|other| *other != name)
                    .collect(),
                ..Neighbours::default()
            },
            arguments: &BTreeMap::new(),
            settings: &read.settings,
            spans: &read.spans,
            span: Some(span),
            diagnostics: cx.diagnostics,
        });
    }
}

fn check_target_names(cx: &mut PassContext<'_>) {
    let known = cx.declarations.ids("target");
    let enabled = cx.wiring.target.enabled.iter().map(|t| (t.value.as_str(), t.span));
    let set = cx.wiring.target.settings.entries.iter().map(|(name, i)| (name.as_str(), i.key));
    for (name, span) in enabled.chain(set) {
        if cx.declarations.target(name).is_none() {
            let suggestion = nearest(name, known.iter().copied());
            cx.diagnostics.push(codes::unknown_target(span, name, suggestion, &known));
        }
    }
}

fn report_unused(cx: &mut PassContext<'_>) {
    for node in cx.ir.nodes() {
        let Some(span) = node.origin.span else { continue };
        let called =
            cx.ir.edges_to(&node.key).iter().any(|e| matches!(e.kind, EdgeKind::Calls { .. }));
        match &node.kind {
            NodeKind::Service { implementation, .. } if !called => {
                let works = cx
                    .workflow
                    .implementations
                    .get(implementation)
                    .is_some_and(|i| i.run.is_some());
                if !works && cx.wiring.init_of(node.key.as_str()).is_none() {
                    cx.diagnostics.push(analysis::uncalled_service(span, node.key.as_str()));
                }
            }
            NodeKind::Backend { .. } if !called => {
                cx.diagnostics.push(analysis::unused_backend(span, node.key.as_str()));
            }
            _ => {}
        }
    }
}
