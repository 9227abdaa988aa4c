//! Pass `knobs`: the workflow's knobs, with the defaults that the wiring sets.

use bp_diag::catalog::{binding as codes, wiring};
use bp_diag::nearest;
use bp_ir::{EdgeKind, NodeKey, NodeKind, Origin};
use bp_plugin::{Pass, PassContext, Stage};
use bp_wiring::Typed;

/// The pass.
#[derive(Debug)]
pub(crate) struct Knobs;

impl Pass for Knobs {
    fn name(&self) -> &'static str {
        "knobs"
    }

    fn stage(&self) -> Stage {
        Stage::Knobs
    }

    fn run(&self, cx: &mut PassContext<'_>) {
        let known: Vec<String> = cx.workflow.knobs.keys().cloned().collect();
        for (name, item) in &cx.wiring.knobs {
            if !known.contains(name) {
                let suggestion = nearest(name, known.iter().map(String::as_str));
                cx.diagnostics.push(codes::unknown_knob(item.key, name, suggestion, &known));
            }
        }
        let processes: Vec<NodeKey> = cx
            .ir
            .nodes()
            .filter(|n| matches!(n.kind, NodeKind::Process { .. }))
            .map(|n| n.key.clone())
            .collect();
        for (name, model) in &cx.workflow.knobs {
            let key = NodeKey::knob(name);
            cx.ir.remove_node(&key);
            let mut span = model.span;
            let mut on = true;
            if let Some(item) = cx.wiring.knobs.get(name) {
                span = item.span;
                let table = item.as_table();
                if let Some(table) = table {
                    cx.diagnostics
                        .extend(table.unknown_keys(&format!("knob `{name}`"), &["default"]));
                }
                let value = table.and_then(|t| t.entries.get("default")).unwrap_or(item);
                if table.is_none_or(|t| t.entries.contains_key("default")) {
                    match value.boolean(&format!("knob.{name}")) {
                        Ok(Typed::Value(value)) => on = value,
                        Ok(Typed::Reference(_)) => cx
                            .diagnostics
                            .push(wiring::early_reference(value.span, &format!("knob.{name}"))),
                        Err(fault) => cx.diagnostics.push(fault),
                    }
                }
            }
            let default = if on { 1.0 } else { 0.0 };
            let kind = NodeKind::Knob { unit: "bool".to_owned(), min: 0.0, max: 1.0, default };
            let origin = Origin::new(Some(span), "knobs");
            let _ = cx.ir.add_node(&key, kind, origin.clone());
            for process in &processes {
                let _ = cx.ir.add_edge(&key, process, EdgeKind::Configures, origin.clone());
            }
        }
    }
}
