//! Checks that all targets with containers share: values that servers need, and names that must not clash.

use bp_diag::catalog::target as codes;
use bp_plan::Plan;
use bp_wiring::InstanceModel;

use super::{CONFIG_FILE, PROGRAM, References, SECRETS_FOLDER, host};
use crate::{NameSource, OutputName, PlanContext};

/// Checks what every target that runs containers needs: the servers' required settings, and that no two things share the name of a container, or of a path or secret in one.
///
/// The diagnostics are the same for each such target, so that one cause is reported once.
pub fn check(cx: &mut PlanContext<'_>, references: &References) {
    for (store, setting) in find_missing_settings(cx.plan) {
        let span = cx.wiring.backend(store).map(InstanceModel::kind_span);
        cx.diagnostics.push(codes::store_lacks(span, store, setting));
    }
    let hosts = workloads(cx.plan).map(|(name, of)| OutputName::new(host(name), of));
    cx.report_clashes("host", hosts);
    let secrets = references.secrets.iter();
    let keys = secrets.map(|name| OutputName::new(References::key(name), NameSource::Secret(name)));
    cx.report_clashes("key", keys);
    let own = [
        OutputName::new(PROGRAM, NameSource::Own("the program")),
        OutputName::new(CONFIG_FILE, NameSource::Own("the file of overrides")),
        OutputName::new(SECRETS_FOLDER, NameSource::Own("the folder of secrets")),
    ];
    let files = references
        .files
        .iter()
        .map(|path| OutputName::new(References::mount(path), NameSource::File(path)));
    let secrets = references.secrets.iter();
    let secrets = secrets
        .map(|name| OutputName::new(References::secret_file(name), NameSource::Secret(name)));
    let paths: Vec<OutputName<'_>> = own.into_iter().chain(files).chain(secrets).collect();
    cx.report_clashes("path in a container", paths);
}

/// Everything that a target deploys, each by the name from which its [`super::host`] is made: processes, inits and stores.
pub fn workloads(plan: &Plan) -> impl Iterator<Item = (&str, NameSource<'_>)> {
    let processes = plan.processes.keys().map(|name| (name.as_str(), NameSource::Process(name)));
    let inits = plan.inits.keys().map(|name| (name.as_str(), NameSource::Init(name)));
    let stores = plan.instances.iter().filter(|(_, i)| i.deployed_server().is_some());
    let stores = stores.map(|(name, _)| (name.as_str(), NameSource::Instance(name)));
    processes.chain(inits).chain(stores)
}

/// Settings that the servers of deployed stores need and the wiring does not give: the store, and the setting.
fn find_missing_settings(plan: &Plan) -> impl Iterator<Item = (&str, &str)> {
    plan.instances.iter().flat_map(|(name, instance)| {
        let missing = instance.deployed_server().map_or(&[][..], |server| &server.missing);
        missing.iter().map(move |setting| (name.as_str(), setting.as_str()))
    })
}
