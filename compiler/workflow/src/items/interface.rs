//! Interfaces that backends offer: traits marked `#[interface]`.
//!
//! They are checked as services are, except that generated code writes none of their types, and that they may extend each other.

use std::collections::BTreeMap;

use bp_diag::Diagnostics;
use bp_diag::catalog::workflow::{self as codes, TraitKind};

use super::Context;
use super::service::{Owner, read_methods};
use crate::interface_source::is_marker;
use crate::model::{InterfaceMethod, InterfaceModel};
use crate::names::{Namespace, ResolvedName};
use crate::source::{Body, TraitItem};
use crate::tree::{Definition, DefinitionId};

/// Reads every interface.
pub(super) fn read(
    context: &Context<'_>,
    diagnostics: &mut Diagnostics,
) -> BTreeMap<String, InterfaceModel> {
    let marked: Vec<(DefinitionId, &String)> =
        context.marks.interfaces.iter().map(|(id, path)| (*id, path)).collect();
    let interfaces = context.read_each(&marked, diagnostics, |(id, path), diagnostics| {
        read_interface(context, *id, path, diagnostics)
    });
    interfaces.into_iter().map(|interface| (interface.path.clone(), interface)).collect()
}

fn read_interface(
    context: &Context<'_>,
    id: DefinitionId,
    path: &str,
    diagnostics: &mut Diagnostics,
) -> Option<InterfaceModel> {
    let definition = context.names.tree.definition(id)?;
    let Body::Trait(item) = &definition.body else { return None };
    if !context.names.is_at_root(id) {
        let krate = context.names.tree.krate_of(definition.module)?;
        let inside = definition.path.strip_prefix(&krate.name);
        let inside = format!("crate{}", inside.unwrap_or(&definition.path));
        let (span, name) = (definition.span, &definition.name);
        diagnostics.push(codes::interface_not_at_root(span, name, &inside, &krate.name));
    }
    let owner = Owner { definition, kind: TraitKind::Interface };
    let methods = read_methods(context, &owner, item, diagnostics);
    Some(InterfaceModel {
        path: path.to_owned(),
        extends: resolve_supertraits(context, definition, item, diagnostics),
        methods: methods
            .into_iter()
            .map(|method| InterfaceMethod {
                name: method.name,
                idempotent: method.idempotent,
                arguments: method.arguments.into_iter().map(|argument| argument.name).collect(),
                docs: method.docs,
            })
            .collect(),
        docs: item.docs.clone(),
        span: Some(definition.span),
    })
}

/// The interfaces that a trait extends; other supertraits are reported.
fn resolve_supertraits(
    context: &Context<'_>,
    definition: &Definition,
    item: &TraitItem,
    diagnostics: &mut Diagnostics,
) -> Vec<String> {
    let mut extends = Vec::new();
    for supertrait in &item.supertraits {
        let resolved = context.names.resolve(definition.module, &supertrait.path, Namespace::Types);
        let external = match &resolved {
            ResolvedName::External(path) => path.split("::").collect(),
            _ => Vec::new(),
        };
        let found = match &resolved {
            ResolvedName::Definition(id) => context.marks.interfaces.get(id).map(String::as_str),
            ResolvedName::External(path) => context.marks.find_offered(path),
            _ => None,
        };
        if let Some(path) = found {
            extends.push(path.to_owned());
        } else if !is_marker(&external) {
            let span = supertrait.place.of(definition.file);
            let of_rust = external.first() == Some(&"std");
            let fault = codes::interface_extends(span, &definition.name, &supertrait.text, of_rust);
            diagnostics.push(fault);
        }
    }
    extends
}
