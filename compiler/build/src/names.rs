//! Names that `bp` itself gives and outsiders see, for every target: variables of processes, and files of secrets.

use bp_contract::variable;
use bp_plugin::deploy::References;
use bp_plugin::{NameSource, OutputName, PlanContext};

/// Reports names that two things would share.
pub(crate) fn check(cx: &mut PlanContext<'_>) {
    check_addresses(cx);
    check_secrets(cx);
}

/// `BP_ADDR_<NAME>`, and `BP_BIND_<NAME>` beside it.
fn check_addresses(cx: &mut PlanContext<'_>) {
    let plan = cx.plan;
    let listeners = plan.listeners.values().filter_map(|listener| {
        let service = NameSource::Instance(listener.serves.keys().next()?);
        Some(OutputName::part(address_variable(&listener.address.name), "the listener of", service))
    });
    let admins = plan.processes.iter().map(|(name, process)| {
        let of = NameSource::Process(name);
        OutputName::part(address_variable(&process.admin.name), "the admin listener of", of)
    });
    let stores = plan.instances.iter().filter_map(|(name, instance)| {
        let server = instance.backend()?.server.as_deref()?;
        Some(OutputName::part(
            address_variable(&server.address.name),
            "the address of",
            NameSource::Instance(name),
        ))
    });
    cx.report_clashes("variable", listeners.chain(admins).chain(stores));
}

fn address_variable(address: &str) -> String {
    variable::address(address)
}

/// Secrets are variables, `BP_SECRET_<NAME>`, or files below one folder.
fn check_secrets(cx: &mut PlanContext<'_>) {
    let secrets = References::of(cx.plan).secrets;
    let variables = secrets.iter().map(|name| {
        let variable = variable::secret(name);
        OutputName::new(variable, NameSource::Secret(name))
    });
    cx.report_clashes("variable", variables);
    for name in &secrets {
        let above = name.match_indices('/').filter_map(|(at, _)| name.get(..at));
        for folder in above.filter(|folder| secrets.contains(*folder)) {
            let message = format!("secret `{name}` lies below secret `{folder}`, which is a file");
            cx.complain(&NameSource::Secret(name), &message, "give one of the two another name");
        }
    }
}
