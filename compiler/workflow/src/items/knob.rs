//! Knobs: `static RELATED: Knob = knob!("related_posts");`

use std::collections::BTreeMap;

use bp_diag::{Diagnostics, catalog::workflow as codes};

use super::Context;
use crate::model::KnobModel;
use crate::names::{Namespace, ResolvedName};
use crate::runtime_path::is_runtime_path;
use crate::source::{StaticItem, StaticValue};
use crate::tree::{Module, ModuleId};

/// Reads every knob.
pub(super) fn read(
    context: &Context<'_>,
    diagnostics: &mut Diagnostics,
) -> BTreeMap<String, KnobModel> {
    let mut knobs: BTreeMap<String, KnobModel> = BTreeMap::new();
    for id in context.names.tree.module_ids() {
        let Some(module) = context.names.tree.module(id) else { continue };
        for item in &module.statics {
            let Some(knob) = read_knob(context, id, module, item, diagnostics) else { continue };
            if let Some(first) = knobs.get(&knob.name) {
                diagnostics.push(codes::defined_twice(knob.span, first.span, "knob", &knob.name));
            } else {
                knobs.insert(knob.name.clone(), knob);
            }
        }
    }
    knobs
}

fn read_knob(
    context: &Context<'_>,
    id: ModuleId,
    module: &Module,
    item: &StaticItem,
    diagnostics: &mut Diagnostics,
) -> Option<KnobModel> {
    let file = module.file;
    let is_knob = match context.names.resolve(id, &item.path, Namespace::Types) {
        ResolvedName::External(full) => is_runtime_path(&full) && full.ends_with("::Knob"),
        ResolvedName::Unknown { .. } => item.bare,
        _ => false,
    };
    if !is_knob {
        return None;
    }
    let (name, span) = match &item.value {
        StaticValue::Knob(name, place) => (name.clone(), place.of(file)),
        StaticValue::Malformed(place) => {
            let fault = codes::knob_shape(place.of(file), "takes its name as one string");
            diagnostics.push(fault);
            return None;
        }
        StaticValue::Other(place) => {
            diagnostics.push(codes::knob_shape(place.of(file), "is not made by `knob!`"));
            return None;
        }
    };
    if !is_knob_name(&name) {
        diagnostics.push(codes::knob_shape(span, &format!("cannot be called `{name}`")));
        return None;
    }
    if let Some(at) = item.condition.map(|c| c.of(file)).or(module.condition) {
        diagnostics.push(codes::conditional(at, &format!("knob `{name}`")));
    }
    Some(KnobModel {
        name,
        path: format!("{}::{}", module.path, item.name),
        docs: item.docs.clone(),
        span,
    })
}

/// `[a-z][a-z0-9]*([_-][a-z0-9]+)*`, at most 40 long: the names that the wiring takes.
fn is_knob_name(name: &str) -> bool {
    name.len() <= 40
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.split(['_', '-']).all(|part| {
            !part.is_empty() && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
        })
}
