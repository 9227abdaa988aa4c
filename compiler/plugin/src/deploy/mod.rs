//! The container view of a plan, which the targets that run containers share.
//!
//! [`Deployment::of`] is pure: it says for every process, init and store what its container needs (image, environment, ports, secrets, files, volume, health, resources, grace), and who calls whom over the network.
//! A target only translates that into its engine's words.
//!
//! Nothing secret is in it: a `{ secret = … }` is a name, which the engine turns into the file `/run/secrets/<name>`; an `{ env = … }` is a variable that is read where the deployment is applied; a `{ file = … }` is a path that is mounted.

mod check;
mod container;
mod context;
mod flow;
mod image;
mod name;
mod output_location;
mod process;
mod references;
mod store;

pub use check::{check, workloads};
pub use container::{
    EnvValue, Health, InitContainer, Port, PortUse, Probe, ProcessContainer, StoreContainer,
};
pub use context::{BuildContext, is_in};
pub use flow::{Flow, FlowEnd};
pub use image::{
    IMAGES_LOCK, ImageLock, SCRATCH, from_registry, full_name, images_to_pin, is_digest, is_image,
    store_image,
};
pub use name::{host, is_dns_label};
pub use output_location::OutputLocation;
pub use references::References;

use std::collections::{BTreeMap, BTreeSet};

use bp_contract::variable;
use bp_plan::Plan;

/// Where the program is in the image.
pub const PROGRAM: &str = "/app/bp-app";
/// The working directory, in which relative `{ file = … }` paths are mounted.
pub const WORK_FOLDER: &str = "/app";
/// Where a process's volume is mounted.
pub const DATA_FOLDER: &str = "/data";
/// Where secrets are mounted, one file each.
pub const SECRETS_FOLDER: &str = variable::SECRETS_FOLDER;
/// Where the file of overrides is mounted that `BP_CONFIG` names.
pub const CONFIG_FILE: &str = "/etc/bp/config.toml";
/// The user and group, by number, that processes run as.
pub const USER: u32 = 10_001;

/// What a target decides of its containers.
#[derive(Clone, Copy)]
pub struct Options<'a> {
    /// The host by which others reach a process or a store; [`host`] unless the engine names them otherwise.
    pub host: &'a dyn Fn(&str) -> String,
    /// Whether a file of overrides is mounted at [`CONFIG_FILE`].
    pub config: bool,
}

impl std::fmt::Debug for Options<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options").field("config", &self.config).finish_non_exhaustive()
    }
}

impl Default for Options<'_> {
    fn default() -> Self {
        Self { host: &host, config: false }
    }
}

/// Every container of a plan.
#[derive(Debug, Clone, PartialEq)]
pub struct Deployment {
    /// The processes' containers, by process; all of one image.
    pub processes: BTreeMap<String, ProcessContainer>,
    /// The inits' containers, by init; of the same image.
    pub inits: BTreeMap<String, InitContainer>,
    /// The stores' containers, by backend instance; none for a backend that the wiring gives an address.
    pub stores: BTreeMap<String, StoreContainer>,
    /// Who calls whom over the network, the outside world included.
    pub flows: BTreeSet<Flow>,
}

impl Deployment {
    /// The containers of a plan.
    pub fn of(plan: &Plan, options: Options<'_>) -> Self {
        let index = process::PlanIndex::of(plan);
        let process =
            |name: &String| Some((name.clone(), process::build_container(&index, name, options)?));
        let store = |(name, instance): (&String, &bp_plan::InstancePlan)| {
            let server = instance.deployed_server()?;
            Some((name.clone(), store::build_container(name, server, options)))
        };
        Self {
            processes: plan.processes.keys().filter_map(process).collect(),
            inits: plan
                .inits
                .iter()
                .map(|(name, init)| {
                    (name.clone(), process::build_init_container(&index, name, init, options))
                })
                .collect(),
            stores: plan.instances.iter().filter_map(store).collect(),
            flows: flow::collect_flows(plan),
        }
    }

    /// The secrets that any container reads.
    pub fn secrets(&self) -> BTreeSet<&str> {
        let processes = self.processes.values().map(|c| &c.references);
        let inits = self.inits.values().map(|c| &c.references);
        let stores = self.stores.values().map(|c| &c.references);
        let all = processes.chain(inits).chain(stores);
        all.flat_map(|r| &r.secrets).map(String::as_str).collect()
    }

    /// The stores that a process or an init calls, by instance.
    pub fn stores_of(&self, caller: &str) -> BTreeSet<&str> {
        self.find_called(caller)
            .filter_map(
                |end| if let FlowEnd::Store(name) = end { Some(name.as_str()) } else { None },
            )
            .collect()
    }

    /// The processes that a process or an init calls.
    pub fn processes_of(&self, caller: &str) -> BTreeSet<&str> {
        self.find_called(caller)
            .filter_map(
                |end| if let FlowEnd::Process(name) = end { Some(name.as_str()) } else { None },
            )
            .collect()
    }

    fn find_called<'a>(&'a self, caller: &str) -> impl Iterator<Item = &'a FlowEnd> {
        // Processes and inits share one set of names; flows are sorted by who calls.
        let ends = [FlowEnd::Process(caller.to_owned()), FlowEnd::Init(caller.to_owned())];
        ends.into_iter().flat_map(|from| {
            let first = Flow { from: from.clone(), to: FlowEnd::Client, port: 0 };
            let own = move |flow: &&Flow| flow.from == from;
            self.flows.range(first..).take_while(own).map(|flow| &flow.to)
        })
    }
}
