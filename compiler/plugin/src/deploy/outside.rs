//! What a plan asks of whoever deploys it: values that servers need, and names that are given from outside.

use bp_diag::catalog::target as codes;
use bp_plan::Plan;

use super::{CONFIG_FILE, PROGRAM, References, SECRETS_FOLDER, host};
use crate::{Declared, Named, PlanContext};

/// Checks what every target that runs containers needs: the servers' required settings, and names of containers, and of paths and secrets in them, that no two things share.
///
/// What it says is the same for each such target, so that one cause is told once.
pub fn check(cx: &mut PlanContext<'_>, references: &References) {
    for (store, setting) in lacking(cx.plan) {
        let span = cx.span(&Declared::Instance(store));
        cx.diagnostics.push(codes::store_lacks(span, store, setting));
    }
    let hosts = workloads(cx.plan).map(|(name, of)| Named::new(host(name), of));
    cx.distinct("host", hosts);
    let secrets = references.secrets.iter();
    let keys = secrets.map(|name| Named::new(References::key(name), Declared::Secret(name)));
    cx.distinct("key", keys);
    let own = [
        Named::new(PROGRAM, Declared::Own("the program")),
        Named::new(CONFIG_FILE, Declared::Own("the file of overrides")),
        Named::new(SECRETS_FOLDER, Declared::Own("the folder of secrets")),
    ];
    let files = references
        .files
        .iter()
        .map(|path| Named::new(References::mount(path), Declared::File(path)));
    let secrets = references.secrets.iter();
    let secrets =
        secrets.map(|name| Named::new(References::secret_file(name), Declared::Secret(name)));
    let paths: Vec<Named<'_>> = own.into_iter().chain(files).chain(secrets).collect();
    cx.distinct("path in a container", paths);
}

/// Everything that a target deploys, each by the name from which its [`super::host`] is made: processes, inits and stores.
pub fn workloads(plan: &Plan) -> impl Iterator<Item = (&str, Declared<'_>)> {
    let processes = plan.processes.keys().map(|name| (name.as_str(), Declared::Process(name)));
    let inits = plan.inits.keys().map(|name| (name.as_str(), Declared::Init(name)));
    let stores = plan.instances.iter().filter(|(_, i)| i.deployed_server().is_some());
    let stores = stores.map(|(name, _)| (name.as_str(), Declared::Instance(name)));
    processes.chain(inits).chain(stores)
}

/// Settings that the servers of deployed stores need and the wiring does not give: the store, and the setting.
fn lacking(plan: &Plan) -> impl Iterator<Item = (&str, &str)> {
    plan.instances.iter().flat_map(|(name, instance)| {
        let missing = instance.deployed_server().map_or(&[][..], |server| &server.missing);
        missing.iter().map(move |setting| (name.as_str(), setting.as_str()))
    })
}
