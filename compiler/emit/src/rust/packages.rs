//! What the packages of an application are called.

use std::collections::BTreeSet;

use bp_contract::RUNTIME;
use bp_plan::{Plan, RuntimeCrate};

/// The generated package: `leaf-app`, unless the workflow or the runtime has a package or crate of that name.
pub fn app_package(plan: &Plan) -> String {
    let runtimes = plan.plugins.values().filter_map(|p| p.runtime.as_ref());
    let mut taken: BTreeSet<String> = runtimes.map(plugin_library).collect();
    taken.extend(RUNTIME.iter().map(|(package, _)| library_name(package)));
    let crates = plan.app.crates.iter().map(|(name, krate)| (name.as_str(), &*krate.package));
    let workflow = (plan.app.workflow_crate.as_str(), plan.app.workflow_package.as_str());
    let interfaces = plan.app.interface_crates.iter();
    let interfaces = interfaces.map(|(name, krate)| (name.as_str(), &*krate.package));
    for (name, package) in crates.chain(interfaces).chain([workflow]) {
        taken.extend([name.to_owned(), library_name(package)]);
    }
    let mut name = format!("{}-app", plan.app.name.replace('_', "-"));
    while taken.contains(&library_name(&name)) {
        name.push_str("-bp");
    }
    name
}

/// The generated package's library in Rust.
pub(super) fn app_library(plan: &Plan) -> String {
    library_name(&app_package(plan))
}

/// The crate of a plugin's runtime half, unless the workflow has that package.
pub(super) fn plugin_library(runtime: &RuntimeCrate) -> String {
    library_name(&runtime.package)
}

/// The workflow's crate, by its name in Rust, that is a plugin's runtime half too: a crate may hold an interface and a store that offers it.
///
/// It is linked once, from where the workflow has it.
pub(super) fn find_in_workflow<'p>(plan: &'p Plan, runtime: &RuntimeCrate) -> Option<&'p str> {
    let app = &plan.app;
    let interfaces = app.interface_crates.iter().map(|(name, krate)| (name, &krate.package));
    let read = app.crates.iter().map(|(name, krate)| (name, &krate.package));
    let mut all = interfaces.chain(read);
    all.find(|(_, package)| **package == runtime.package).map(|(name, _)| name.as_str())
}

/// What a package is called in Rust.
fn library_name(package: &str) -> String {
    package.replace('-', "_")
}
