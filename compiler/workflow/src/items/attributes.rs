//! `#[service]` and `#[derive(…)]`: which definitions mean something to `bp`.

use bp_diag::{Diagnostics, catalog::workflow as codes};
use proc_macro2::TokenTree;
use syn::{Attribute, Item};

use crate::lower::{Marks, use_path};
use crate::names::{Names, Namespace, Resolved, is_runtime_path};
use crate::tree::{ModuleId, UsePath};

/// Whether `path` in `module` is the runtime's macro `name`.
///
/// A `name` or `bp_std::name` that nothing declares counts: rustc will say that the import or dependency is missing.
fn is_macro(names: &Names<'_>, module: ModuleId, path: &UsePath, name: &str) -> bool {
    match names.resolve(module, path, Namespace::Macros) {
        Resolved::External(full) => {
            is_runtime_path(&full) && full.rsplit("::").next() == Some(name)
        }
        Resolved::Unknown { .. } => {
            path.segments == [name]
                || (is_runtime_path(&path.segments.join("::"))
                    && path.segments.last().is_some_and(|s| s == name))
        }
        _ => false,
    }
}

/// The `#[service]` among attributes.
pub(crate) fn service_mark<'a>(
    names: &Names<'_>,
    module: ModuleId,
    attributes: &'a [Attribute],
) -> Option<&'a Attribute> {
    attributes.iter().find(|a| is_macro(names, module, &use_path(a.path()), "service"))
}

/// Whether a `#[derive(…)]` names the runtime's macro `name`.
pub(crate) fn derives(
    names: &Names<'_>,
    module: ModuleId,
    attributes: &[Attribute],
    name: &str,
) -> bool {
    attributes.iter().filter(|a| a.path().is_ident("derive")).any(|attribute| {
        let Ok(list) = attribute.meta.require_list() else { return false };
        derive_paths(list.tokens.clone()).iter().any(|path| is_macro(names, module, path, name))
    })
}

/// The comma-separated paths in `derive(…)`.
fn derive_paths(tokens: proc_macro2::TokenStream) -> Vec<UsePath> {
    let mut paths = vec![UsePath { global: false, segments: Vec::new() }];
    for token in tokens {
        match token {
            TokenTree::Punct(p) if p.as_char() == ',' => {
                paths.push(UsePath { global: false, segments: Vec::new() });
            }
            TokenTree::Punct(p) if p.as_char() == ':' => {
                if let Some(path) = paths.last_mut().filter(|p| p.segments.is_empty()) {
                    path.global = true;
                }
            }
            TokenTree::Ident(ident) => {
                if let Some(path) = paths.last_mut() {
                    path.segments.push(crate::tree::plain(&ident));
                }
            }
            _ => {}
        }
    }
    paths
}

/// Finds services and encoded types; reports those that depend on a condition.
pub(crate) fn marks(names: &Names<'_>, diagnostics: &mut Diagnostics) -> Marks {
    let mut marks = Marks::default();
    for id in names.tree.definition_ids() {
        let Some(definition) = names.tree.definition(id) else { continue };
        let what = match &*definition.item {
            Item::Trait(t) if service_mark(names, definition.module, &t.attrs).is_some() => {
                marks.services.insert(id, definition.path.clone());
                "service"
            }
            Item::Struct(syn::ItemStruct { attrs, .. })
            | Item::Enum(syn::ItemEnum { attrs, .. })
                if ["Data", "ServiceError"]
                    .iter()
                    .any(|name| derives(names, definition.module, attrs, name)) =>
            {
                marks.encoded.insert(id, definition.path.clone());
                "type"
            }
            _ => continue,
        };
        if let Some(span) = definition.condition {
            let what = format!("{what} `{}`", definition.name);
            diagnostics.push(codes::conditional(span, &what));
        }
    }
    marks
}
