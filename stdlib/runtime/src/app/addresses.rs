//! Where to dial and where to listen.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use bp_contract::store::ServerSettings;
use bp_contract::variable;

use crate::balance::{EndpointEntry, Source};
use crate::environment::Environment;
use crate::error::StartError;
use crate::plan::{InstancePlan, RunPlan};
use crate::surroundings::{Binder, BoundPort, Files, Listener};

/// The name of a backend's address: `RATE_DB` for `rate_db` and `rate-db`.
fn backend_address_name(name: &str) -> String {
    name.to_uppercase().replace('-', "_")
}

/// Where a backend's server is: `BP_ADDR_<NAME>`.
pub(super) fn find_backend_address(environment: &Environment, name: &str) -> Option<String> {
    environment.get(&variable::address(&backend_address_name(name))).map(str::to_owned)
}

/// Whether an instance is a backend that dials a server.
fn is_networked(plan: &RunPlan, instance: &InstancePlan) -> bool {
    let InstancePlan::Backend { plugin, .. } = instance else { return false };
    plan.plugins
        .get(plugin)
        .is_some_and(|plugin| plugin.settings.contains_key(ServerSettings::ADDRESS.name()))
}

/// Checks that every `BP_ADDR_…` and `BP_BIND_…` names an address of the plan, and that every `BP_ADDR_…` has a known form.
pub(super) fn check_addresses(plan: &RunPlan, environment: &Environment) -> Result<(), StartError> {
    let listeners = plan.listeners.values().map(|listener| listener.address.as_str());
    let admins = plan.processes.values().map(|process| process.admin.address.as_str());
    let ours: BTreeSet<&str> = listeners.chain(admins).collect();
    let backends: Vec<String> = plan
        .instances
        .iter()
        .filter(|(_, instance)| is_networked(plan, instance))
        .map(|(name, _)| backend_address_name(name))
        .collect();
    let dialled = ours.iter().copied().chain(backends.iter().map(String::as_str)).collect();
    for (prefix, known) in [(variable::ADDRESS_PREFIX, &dialled), (variable::BIND_PREFIX, &ours)] {
        if let Some((name, _)) =
            environment.prefixed(prefix).find(|(name, _)| !known.contains(name))
        {
            let known: Vec<_> = known.iter().map(|name| format!("{prefix}{name}")).collect();
            return Err(StartError::new(format!(
                "{prefix}{name}: the wiring has no such address; known: {}",
                known.join(", ")
            )));
        }
    }
    for (name, text) in
        environment.prefixed(variable::ADDRESS_PREFIX).filter(|(_, text)| !text.is_empty())
    {
        parse_address(name, text)?;
    }
    Ok(())
}

fn parse_address(name: &str, text: &str) -> Result<Source, StartError> {
    Source::parse(text).map_err(|error| StartError::new(error).at(variable::address(name)))
}

/// Where the endpoints of an address are learned from: `BP_ADDR_<NAME>`, else the plan's port on this machine.
pub(super) fn find_source(
    environment: &Environment,
    name: &str,
    port: u16,
) -> Result<Source, StartError> {
    match environment.get(&variable::address(name)) {
        Some(text) => parse_address(name, text),
        None => Ok(Source::List(vec![EndpointEntry::new(format!("127.0.0.1:{port}"))])),
    }
}

/// Takes the port that `BP_BIND_<NAME>` says, else the plan's on this machine alone.
pub(super) async fn bind(
    environment: &Environment,
    binder: &dyn Binder,
    name: &str,
    port: u16,
) -> Result<Box<dyn BoundPort>, StartError> {
    let address = find_bind_address(environment, name, port);
    binder.bind(&address).await.map_err(|error| {
        let what = format!("{}: cannot listen on {address}", variable::bind(name));
        StartError::because(what, &error)
    })
}

/// Where a listener listens: `BP_BIND_<NAME>`, else the plan's port on this machine alone.
pub(super) fn find_bind_address(environment: &Environment, name: &str, port: u16) -> String {
    let given = environment.get(&variable::bind(name));
    given.map_or_else(|| format!("127.0.0.1:{port}"), str::to_owned)
}

/// Accepts connections from now on.
pub(super) fn listen(port: Box<dyn BoundPort>) -> Result<Listener, StartError> {
    let address = port.local_address();
    port.listen()
        .map_err(|error| StartError::because(format!("cannot listen on {address}"), &error))
}

/// Writes the chosen addresses as JSON to the file that `BP_PORTS_FILE` names, below `BP_DATA` unless it is absolute.
///
/// The file appears whole: a supervisor may read it at any time.
pub(super) fn write_ports(
    environment: &Environment,
    files: &dyn Files,
    ports: &BTreeMap<String, SocketAddr>,
) -> Result<(), StartError> {
    let Some(name) = environment.get(variable::PORTS_FILE) else { return Ok(()) };
    let path = environment.data_folder().join(name);
    let ports: BTreeMap<_, _> = ports.iter().map(|(name, at)| (name, at.to_string())).collect();
    let text = serde_json::to_string_pretty(&ports)
        .map_err(|error| StartError::because(variable::PORTS_FILE, &error))?;
    files
        .write(&path, &text)
        .map_err(|error| StartError::because(format!("BP_PORTS_FILE: {}", path.display()), &error))
}
