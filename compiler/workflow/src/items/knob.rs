//! Knobs: `static RELATED: Knob = knob!("related_posts");`

use std::collections::BTreeMap;

use bp_diag::{Diagnostics, catalog::workflow as codes};
use syn::{Expr, Item, ItemStatic};

use super::Context;
use crate::lower::use_path;
use crate::model::KnobModel;
use crate::names::{Namespace, Resolved, is_runtime_path};
use crate::tree::{Condition, Module, ModuleId, condition, docs, plain, span_of};

/// Reads every knob.
pub(super) fn read(
    context: &Context<'_>,
    diagnostics: &mut Diagnostics,
) -> BTreeMap<String, KnobModel> {
    let mut knobs: BTreeMap<String, KnobModel> = BTreeMap::new();
    for id in context.names.tree.module_ids() {
        let Some(module) = context.names.tree.module(id) else { continue };
        for item in &module.statics {
            let Item::Static(item) = &**item else { continue };
            let Some(knob) = knob(context, id, module, item, diagnostics) else { continue };
            if let Some(first) = knobs.get(&knob.name) {
                diagnostics.push(codes::defined_twice(knob.span, first.span, "knob", &knob.name));
            } else {
                knobs.insert(knob.name.clone(), knob);
            }
        }
    }
    knobs
}

fn knob(
    context: &Context<'_>,
    id: ModuleId,
    module: &Module,
    item: &ItemStatic,
    diagnostics: &mut Diagnostics,
) -> Option<KnobModel> {
    let file = module.file;
    let is_knob = match &*item.ty {
        syn::Type::Path(path) => {
            match context.names.resolve(id, &use_path(&path.path), Namespace::Types) {
                Resolved::External(full) => is_runtime_path(&full) && full.ends_with("::Knob"),
                Resolved::Unknown { .. } => path.path.is_ident("Knob"),
                _ => false,
            }
        }
        _ => false,
    };
    if !is_knob {
        return None;
    }
    let call = match &*item.expr {
        Expr::Macro(call) if call.mac.path.segments.last().is_some_and(|s| s.ident == "knob") => {
            &call.mac
        }
        other => {
            let span = span_of(file, other);
            diagnostics.push(codes::knob_shape(span, "is not made by `knob!`"));
            return None;
        }
    };
    let Ok(name) = call.parse_body::<syn::LitStr>() else {
        diagnostics.push(codes::knob_shape(span_of(file, call), "takes its name as one string"));
        return None;
    };
    let range = name.span().byte_range();
    let span = bp_diag::Span::new(file, range.start, range.end);
    let name = name.value();
    if !is_knob_name(&name) {
        diagnostics.push(codes::knob_shape(span, &format!("cannot be called `{name}`")));
        return None;
    }
    if let Condition::Other(at) = condition(file, &item.attrs) {
        diagnostics.push(codes::conditional(at, &format!("knob `{name}`")));
    } else if let Some(at) = module.condition {
        diagnostics.push(codes::conditional(at, &format!("knob `{name}`")));
    }
    Some(KnobModel {
        name,
        path: format!("{}::{}", module.path, plain(&item.ident)),
        docs: docs(&item.attrs),
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
