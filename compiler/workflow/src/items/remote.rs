//! Carries the reasons why types cannot be encoded to the types and methods that use them.

use std::collections::BTreeMap;

use super::types::visit_named;
use crate::model::{FieldModel, LocalReason, TypeKind, TypeModel, TypeUse, WorkflowModel};

/// Sets `local` of every type and method, also of those that only use what cannot be encoded.
pub(super) fn propagate_local_reasons(model: &mut WorkflowModel) {
    let mut reasons: BTreeMap<String, LocalReason> =
        model.types.values().filter_map(|t| Some((t.path.clone(), t.local.clone()?))).collect();
    // Each round settles at least one type, or is the last.
    loop {
        let mut found = Vec::new();
        for ty in model.types.values().filter(|t| !reasons.contains_key(&t.path)) {
            if let Some(reason) = encoded_fields(ty).find_map(|f| find_reason(&f.ty, &reasons)) {
                found.push((ty.path.clone(), reason));
            }
        }
        if found.is_empty() {
            break;
        }
        reasons.extend(found);
    }
    for ty in model.types.values_mut() {
        ty.local = reasons.get(&ty.path).cloned();
    }
    for service in model.services.values_mut() {
        for method in &mut service.methods {
            if method.local.is_some() {
                continue;
            }
            let uses =
                method.arguments.iter().map(|a| &a.ty).chain([&method.ok]).chain(&method.error);
            let reason = uses.into_iter().find_map(|ty| find_reason(ty, &reasons));
            method.local = reason;
        }
    }
}

fn find_reason(ty: &TypeUse, reasons: &BTreeMap<String, LocalReason>) -> Option<LocalReason> {
    let mut found = None;
    visit_named(&ty.ty, &mut |path| {
        if found.is_none() {
            found = reasons.get(path).cloned();
        }
    });
    found
}

/// The fields that are sent: all but those of the infrastructure variant.
pub(crate) fn encoded_fields(ty: &TypeModel) -> Box<dyn Iterator<Item = &FieldModel> + '_> {
    match &ty.kind {
        TypeKind::Struct(fields) | TypeKind::TupleStruct(fields) => Box::new(fields.iter()),
        TypeKind::Unit => Box::new(std::iter::empty()),
        TypeKind::Enum(variants) => {
            Box::new(variants.iter().filter(|v| !v.infra).flat_map(|v| v.shape.fields()))
        }
    }
}
