//! From `impl = "…"` to an implementation of the workflow.

use std::collections::BTreeMap;

use bp_diag::catalog::binding as codes;
use bp_diag::{Diagnostic, nearest};
use bp_wiring::Item;
use bp_workflow::{ImplementationModel, WorkflowModel};

/// A workflow's implementations, found by the end of a path.
#[derive(Debug)]
pub(crate) struct Implementations<'a> {
    workflow: &'a WorkflowModel,
    /// By the last segment of either path, each in the order of the workflow.
    by_name: BTreeMap<&'a str, Vec<&'a ImplementationModel>>,
}

impl<'a> Implementations<'a> {
    pub(crate) fn new(workflow: &'a WorkflowModel) -> Self {
        let mut by_name: BTreeMap<&str, Vec<&ImplementationModel>> = BTreeMap::new();
        for implementation in workflow.implementations.values() {
            let (defined, reachable) =
                (last_segment(&implementation.path), last_segment(&implementation.reachable));
            by_name.entry(defined).or_default().push(implementation);
            if reachable != defined {
                by_name.entry(reachable).or_default().push(implementation);
            }
        }
        Self { workflow, by_name }
    }

    /// The implementation that `impl = "…"` names, and the interface that it offers.
    pub(crate) fn resolve(
        &self,
        item: &Item,
        text: &str,
    ) -> Result<(&'a ImplementationModel, &'a str), Diagnostic> {
        // Paths in the model are without the marks of raw identifiers.
        let (written, text) = (text, text.replace("r#", ""));
        let text = text.as_str();
        let fits = |path: &str| {
            path == text || path.strip_suffix(text).is_some_and(|rest| rest.ends_with("::"))
        };
        let named = self.by_name.get(last_segment(text)).map_or(&[][..], Vec::as_slice);
        let found: Vec<&ImplementationModel> =
            named.iter().copied().filter(|i| fits(&i.path) || fits(&i.reachable)).collect();
        match found.as_slice() {
            [] => Err(unknown_implementation(self.workflow, item.span, written)),
            [one] => find_interface(one, item.span),
            // A whole path beats the tail of another one.
            more => {
                if let Some(one) = more.iter().find(|i| i.path == text || i.reachable == text) {
                    find_interface(one, item.span)
                } else {
                    let paths: Vec<String> = more.iter().map(|i| i.reachable.clone()).collect();
                    Err(codes::ambiguous_implementation(item.span, written, &paths))
                }
            }
        }
    }
}

/// The last segment of a path.
fn last_segment(path: &str) -> &str {
    path.rsplit("::").next().unwrap_or(path)
}

fn unknown_implementation(workflow: &WorkflowModel, span: bp_diag::Span, text: &str) -> Diagnostic {
    let names: Vec<String> = workflow.implementations.values().map(|i| i.name.clone()).collect();
    if let Some(service) =
        workflow.services.values().find(|s| s.name == text || s.path == text || s.reachable == text)
    {
        let implementations: Vec<String> = workflow
            .implementations
            .values()
            .filter(|i| i.services.contains_key(&service.path))
            .map(|i| i.name.clone())
            .collect();
        return codes::trait_as_implementation(span, &service.name, service.span, &implementations);
    }
    // In a path, the last part is the one to compare.
    let tail = text.rsplit("::").next().unwrap_or(text);
    let same = names.iter().map(String::as_str).find(|n| *n == tail && *n != text);
    let suggestion = same.or_else(|| nearest(tail, names.iter().map(String::as_str)));
    codes::unknown_implementation(span, text, suggestion, &names)
}

fn find_interface(
    implementation: &ImplementationModel,
    span: bp_diag::Span,
) -> Result<(&ImplementationModel, &str), Diagnostic> {
    let mut services = implementation.services.keys();
    if let (Some(one), None) = (services.next(), services.next()) {
        Ok((implementation, one))
    } else {
        let services: Vec<String> = implementation.services.keys().cloned().collect();
        Err(codes::several_services(span, &implementation.name, implementation.span, &services))
    }
}
