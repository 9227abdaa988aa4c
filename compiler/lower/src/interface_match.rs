//! Whether the interfaces that a workflow links are those that this `bp` declares.
//!
//! Wrappers and stores were made for the declared ones: a method that only one of the two has cannot be called, and one whose mark differs is repeated where it must not be.
//! Only crates that are read can be compared, and not the types of arguments, because a declaration is read without the rest of its crate.

use std::collections::{BTreeMap, BTreeSet};

use bp_diag::Span;
use bp_diag::catalog::binding as codes;
use bp_plugin::PassContext;
use bp_workflow::{InterfaceMethod, InterfaceModel};

/// Reports each interface of a crate that was read which differs from its declaration, and each that a backend offers and its crate lacks.
pub(crate) fn check(cx: &mut PassContext<'_>) {
    for linked in cx.workflow.interfaces.values() {
        let Some(declared) = cx.declarations.interface(&linked.path) else { continue };
        let differences = list_differences(linked, &declared.own);
        if let (Some(span), false) = (linked.span, differences.is_empty()) {
            cx.diagnostics.push(codes::interface_differs(span, &linked.path, &differences));
        }
    }
    for (path, span) in find_lacking(cx) {
        let lacking = ["the linked crate does not have it".to_owned()];
        cx.diagnostics.push(codes::interface_differs(span, path, &lacking));
    }
}

/// The interfaces that backends of the wiring offer and that crates which were read do not have, each with the place that names its crate.
fn find_lacking<'a>(cx: &PassContext<'a>) -> BTreeMap<&'a str, Span> {
    let kinds: BTreeSet<&str> =
        cx.wiring.backends.values().filter_map(|backend| backend.kind()?.as_str()).collect();
    let plugins = kinds.into_iter().filter_map(|kind| cx.declarations.backend(kind));
    let offered = plugins.flat_map(|plugin| cx.declarations.offered_by(plugin));
    let lacking = offered.filter(|path| !cx.workflow.interfaces.contains_key(*path));
    let crates = &cx.workflow.crates;
    lacking
        .filter_map(|path| {
            let krate = crates.iter().find(|krate| path.split("::").next() == Some(&krate.name))?;
            Some((path, krate.name_span))
        })
        .collect()
}

/// What an interface has that its declaration does not say, and the other way round, each as a sentence.
fn list_differences(linked: &InterfaceModel, declared: &InterfaceModel) -> Vec<String> {
    let mut found = Vec::new();
    let [own, said] = [linked, declared].map(|model| {
        let methods = model.methods.iter().map(|method| (method.name.as_str(), method));
        methods.collect::<BTreeMap<_, _>>()
    });
    for (name, method) in &own {
        match said.get(name) {
            Some(said) => compare_methods(method, said, &mut found),
            None => found.push(format!("method `{name}` is not declared")),
        }
    }
    for name in said.keys().filter(|name| !own.contains_key(*name)) {
        found.push(format!("method `{name}` is declared, and the linked one lacks it"));
    }
    let [own, said] = [linked, declared]
        .map(|model| model.extends.iter().map(String::as_str).collect::<BTreeSet<_>>());
    for path in own.difference(&said) {
        found.push(format!("it extends `{path}`, which is not declared"));
    }
    for path in said.difference(&own) {
        found.push(format!("it is declared to extend `{path}`, and the linked one does not"));
    }
    found
}

fn compare_methods(linked: &InterfaceMethod, declared: &InterfaceMethod, found: &mut Vec<String>) {
    let name = &linked.name;
    match (linked.idempotent, declared.idempotent) {
        (true, false) => {
            found.push(format!("`{name}` is marked `#[idempotent]`, and is declared without"));
        }
        (false, true) => {
            found.push(format!("`{name}` is declared `#[idempotent]`, and is not marked"));
        }
        _ => {}
    }
    if linked.arguments != declared.arguments {
        let list = |method: &InterfaceMethod| format!("`({})`", method.arguments.join(", "));
        let (own, said) = (list(linked), list(declared));
        found.push(format!("`{name}` takes {own}, and is declared with {said}"));
    }
}
