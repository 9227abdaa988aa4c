//! `#[service]`, `#[interface]` and `#[derive(…)]`: which definitions mean something to `bp`.

use std::collections::BTreeSet;

use bp_diag::{Diagnostics, catalog::workflow as codes};

use crate::names::{Names, Namespace, ResolvedName};
use crate::resolve_type::MarkedDefinitions;
use crate::runtime_path::is_runtime_path;
use crate::source::{Body, Mark, UsePath};
use crate::tree::ModuleId;

/// Whether `path` in `module` is the runtime's macro `name`.
///
/// A `name` or `bp_std::name` that nothing declares counts: rustc will say that the import or dependency is missing.
fn is_macro(names: &Names<'_>, module: ModuleId, path: &UsePath, name: &str) -> bool {
    match names.resolve(module, path, Namespace::Macros) {
        ResolvedName::External(full) => {
            is_runtime_path(&full) && full.rsplit("::").next() == Some(name)
        }
        ResolvedName::Unknown { .. } | ResolvedName::Unlinked(..) | ResolvedName::Undecided(_) => {
            path.segments == [name]
                || (is_runtime_path(&path.segments.join("::"))
                    && path.segments.last().is_some_and(|s| s == name))
        }
        _ => false,
    }
}

/// The `#[service]` among attributes.
pub(crate) fn find_service_mark<'a>(
    names: &Names<'_>,
    module: ModuleId,
    marks: &'a [Mark],
) -> Option<&'a Mark> {
    find_mark(names, module, marks, "service")
}

/// The runtime's attribute of this name among attributes.
fn find_mark<'a>(
    names: &Names<'_>,
    module: ModuleId,
    marks: &'a [Mark],
    name: &str,
) -> Option<&'a Mark> {
    marks.iter().find(|m| is_macro(names, module, &m.path, name))
}

/// Whether one of the derived paths is the runtime's macro `name`.
pub(crate) fn derives(names: &Names<'_>, module: ModuleId, paths: &[UsePath], name: &str) -> bool {
    paths.iter().any(|path| is_macro(names, module, path, name))
}

/// Finds services, interfaces and encoded types; reports those that depend on a condition.
///
/// `offered` are the paths of the interfaces that backends are known to offer.
pub(crate) fn find_marked(
    names: &Names<'_>,
    offered: &BTreeSet<&str>,
    diagnostics: &mut Diagnostics,
) -> MarkedDefinitions {
    let offered = offered.iter().map(|path| (*path).to_owned()).collect();
    let mut marks = MarkedDefinitions { offered, ..MarkedDefinitions::default() };
    for id in names.tree.definition_ids() {
        let Some(definition) = names.tree.definition(id) else { continue };
        let module = definition.module;
        let encoded = |paths: &[UsePath]| {
            ["Data", "ServiceError"].iter().any(|name| derives(names, module, paths, name))
        };
        let what = match &definition.body {
            Body::Trait(t) if find_service_mark(names, module, &t.marks).is_some() => {
                marks.services.insert(id, definition.path.clone());
                "service"
            }
            Body::Trait(t) if find_mark(names, module, &t.marks, "interface").is_some() => {
                let Some(krate) = names.tree.krate_of(module) else { continue };
                marks.interfaces.insert(id, format!("{}::{}", krate.name, definition.name));
                "interface"
            }
            Body::Struct(s) if encoded(&s.derives) => {
                marks.encoded.insert(id, definition.path.clone());
                "type"
            }
            Body::Enum(e) if encoded(&e.derives) => {
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
