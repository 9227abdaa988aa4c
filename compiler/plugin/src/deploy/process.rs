//! The containers of processes and inits.

use std::collections::BTreeMap;
use std::time::Duration;

use bp_contract::run_plan::EntryReaders;
use bp_contract::variable;
use bp_ir::{ClientSlot, Slot};
use bp_plan::{
    EdgePlan, EntryPlan, InitPlan, InstancePlan, ListenerPlan, ParameterPlan, Plan, ProcessPlan,
    TablePlan, Value,
};

use super::container::{EnvValue, Health, InitContainer, Port, PortUse, ProcessContainer};
use super::name::host;
use super::references::list_read_entries;
use super::{CONFIG_FILE, DATA_FOLDER, Options, References};

/// Time to flush telemetry (2 s) and for the engine's own delays, in addition to the drain.
const MARGIN: Duration = Duration::from_secs(5);

/// What a plan says of each process and init, looked up once for all containers.
#[derive(Debug)]
pub(super) struct PlanIndex<'a> {
    plan: &'a Plan,
    /// The instances that it holds.
    held: BTreeMap<&'a str, Vec<(&'a String, &'a InstancePlan)>>,
    /// The edges whose caller is in it.
    calls: BTreeMap<&'a str, Vec<&'a EdgePlan>>,
    /// The edges that arrive at it, each with the listener.
    arriving: BTreeMap<&'a str, Vec<(&'a EdgePlan, &'a ListenerPlan)>>,
    /// Its listeners.
    listeners: BTreeMap<&'a str, Vec<&'a ListenerPlan>>,
    /// The entries of tables that it reads, without those that everybody reads.
    entries: BTreeMap<&'a str, Vec<&'a EntryPlan>>,
    /// What the entries that everybody reads refer to.
    shared: References,
}

impl<'a> PlanIndex<'a> {
    pub(super) fn of(plan: &'a Plan) -> Self {
        let mut index = Self {
            plan,
            held: BTreeMap::new(),
            calls: BTreeMap::new(),
            arriving: BTreeMap::new(),
            listeners: BTreeMap::new(),
            entries: BTreeMap::new(),
            shared: References::default(),
        };
        for (name, instance) in &plan.instances {
            for process in &instance.processes {
                index.held.entry(process).or_default().push((name, instance));
            }
        }
        for listener in plan.listeners.values() {
            index.listeners.entry(&listener.process).or_default().push(listener);
        }
        for edge in plan.edges.values() {
            let caller = plan.instances.get(&edge.caller).filter(|i| i.service().is_some());
            for process in caller.into_iter().flat_map(|i| &i.processes) {
                index.calls.entry(process).or_default().push(edge);
            }
            if let Some(listener) = edge.listener.as_ref().and_then(|l| plan.listeners.get(l)) {
                index.arriving.entry(&listener.process).or_default().push((edge, listener));
            }
        }
        list_read_entries(plan).for_each(|(table, entry)| index.add_entry(table, entry));
        index
    }

    /// Notes an entry at those that read it, so that nobody has to look through all entries.
    fn add_entry(&mut self, table: &TablePlan, entry: &'a EntryPlan) {
        match table.place.readers(&entry.name) {
            EntryReaders::Everybody => self.shared.add_entry(entry),
            EntryReaders::Process(name) => self.entries.entry(name).or_default().push(entry),
            EntryReaders::HoldersOf(instance) => {
                let instance = self.plan.instances.get(instance);
                for process in instance.into_iter().flat_map(|i| &i.processes) {
                    self.entries.entry(process).or_default().push(entry);
                }
            }
            EntryReaders::Nobody => {}
        }
    }
}

/// The list of a process in a map of lists; empty when the map does not have it.
fn find_in<'m, T>(map: &'m BTreeMap<&str, Vec<T>>, process: &str) -> &'m [T] {
    map.get(process).map_or(&[], Vec::as_slice)
}

pub(super) fn build_container(
    index: &PlanIndex<'_>,
    name: &str,
    options: Options<'_>,
) -> Option<ProcessContainer> {
    let plan = index.plan;
    let process = plan.processes.get(name)?;
    let references = collect_references(index, name);
    let keeps_data = keeps_data(plan, &process.instances);
    let mut environment =
        build_environment(index, (variable::PROCESS, name), &references, keeps_data, options);
    if options.config {
        environment.insert(variable::CONFIG.to_owned(), EnvValue::Text(CONFIG_FILE.to_owned()));
    }
    for (address, port) in collect_own_addresses(plan, process) {
        environment.insert(variable::bind(&address), EnvValue::Text(format!("0.0.0.0:{port}")));
    }
    Some(ProcessContainer {
        name: name.to_owned(),
        host: (options.host)(name),
        instances: process.instances.clone(),
        replicas: process.replicas,
        environment,
        references,
        ports: collect_ports(plan, process),
        health: Health { port: process.admin.port, ..Health::default() },
        resources: process.resources.clone(),
        keeps_data,
        grace: grace_period(index, name, process),
    })
}

pub(super) fn build_init_container(
    index: &PlanIndex<'_>,
    name: &str,
    init: &InitPlan,
    options: Options<'_>,
) -> InitContainer {
    let references = collect_references(index, name);
    let keeps_data = keeps_data(index.plan, &init.instances);
    InitContainer {
        name: name.to_owned(),
        host: (options.host)(name),
        instances: init.instances.clone(),
        environment: build_environment(
            index,
            (variable::INIT, name),
            &references,
            keeps_data,
            options,
        ),
        references,
        resources: init.resources.clone(),
        first: init.first,
        keeps_data,
        grace: MARGIN,
    }
}

/// What every container of the program has in its environment; `role` is the variable that says what it is, and its name.
fn build_environment(
    index: &PlanIndex<'_>,
    role: (&str, &str),
    references: &References,
    keeps_data: bool,
    options: Options<'_>,
) -> BTreeMap<String, EnvValue> {
    let mut environment = BTreeMap::new();
    let mut set = |variable: &str, value: EnvValue| {
        environment.insert(variable.to_owned(), value);
    };
    for plugin in index.plan.plugins.values() {
        for variable in &plugin.environment {
            set(variable, EnvValue::Optional(variable.clone()));
        }
    }
    // A variable that a value refers to is required, even if a plugin could do without it; references cannot name variables that begin with `BP_`.
    for variable in &references.variables {
        set(variable, EnvValue::Required(variable.clone()));
    }
    for variable in [variable::LOG, variable::SET] {
        set(variable, EnvValue::Optional(variable.to_owned()));
    }
    let (variable, name) = role;
    set(variable, EnvValue::Text(name.to_owned()));
    set(variable::LOG_FORMAT, EnvValue::Text("json".to_owned()));
    if keeps_data {
        set(variable::DATA, EnvValue::Text(DATA_FOLDER.to_owned()));
    }
    for (address, at) in collect_dialled(index, name, options) {
        set(&variable::address(&address), EnvValue::Text(at));
    }
    environment
}

/// Whether any of these instances keeps files.
fn keeps_data(plan: &Plan, instances: &[String]) -> bool {
    instances.iter().any(|instance| {
        plan.instances.get(instance).and_then(|i| i.backend()).is_some_and(|b| b.keeps_data)
    })
}

fn listeners<'a>(
    plan: &'a Plan,
    process: &'a ProcessPlan,
) -> impl Iterator<Item = (&'a String, &'a ListenerPlan)> {
    process.listeners.iter().filter_map(|name| Some((name, plan.listeners.get(name)?)))
}

fn collect_ports(plan: &Plan, process: &ProcessPlan) -> Vec<Port> {
    let listening = listeners(plan, process).map(|(name, listener)| Port {
        name: host(&name.replace('.', "-")),
        number: listener.address.port,
        of: PortUse::Listener {
            listener: name.clone(),
            transport: listener.transport.clone(),
            entry: listener.entry,
        },
    });
    let admin = Port { name: "admin".to_owned(), number: process.admin.port, of: PortUse::Admin };
    listening.chain([admin]).collect()
}

fn collect_own_addresses(plan: &Plan, process: &ProcessPlan) -> Vec<(String, u16)> {
    listeners(plan, process)
        .map(|(_, listener)| &listener.address)
        .chain([&process.admin])
        .map(|address| (address.name.clone(), address.port))
        .collect()
}

/// The addresses that a process or an init dials, by name: of the listeners that its services call, and of its stores.
fn collect_dialled(
    index: &PlanIndex<'_>,
    process: &str,
    options: Options<'_>,
) -> BTreeMap<String, String> {
    let mut out = BTreeMap::new();
    for edge in find_in(&index.calls, process) {
        let listener = edge.listener.as_ref().and_then(|name| index.plan.listeners.get(name));
        if let Some(listener) = listener {
            // By DNS, so that callers find every replica, also after it moved.
            let at = format!("dns:{}:{}", (options.host)(&listener.process), listener.address.port);
            out.insert(listener.address.name.clone(), at);
        }
    }
    for (name, instance) in find_in(&index.held, process) {
        if let Some(server) = instance.deployed_server() {
            let at = format!("{}:{}", (options.host)(name), server.address.port);
            out.insert(server.address.name.clone(), at);
        }
    }
    out
}

fn collect_references(index: &PlanIndex<'_>, process: &str) -> References {
    let mut out = index.shared.clone();
    for (_, instance) in find_in(&index.held, process) {
        if let Some(backend) = instance.backend() {
            out.add_settings(&backend.settings);
        }
        let parameters = instance.service().into_iter().flat_map(|s| s.parameters.values());
        for parameter in parameters {
            if let ParameterPlan::Value { value, .. } = parameter {
                out.add(value);
            }
        }
    }
    for edge in find_in(&index.calls, process) {
        out.add_wrappers(&edge.client);
        if let Some(transport) = &edge.transport {
            out.add_settings(&transport.settings);
        }
    }
    for listener in find_in(&index.listeners, process) {
        out.add_settings(&listener.settings);
        for served in listener.serves.values() {
            out.add_wrappers(&served.server);
            out.add_settings(&served.settings);
        }
    }
    for entry in find_in(&index.entries, process) {
        out.add_entry(entry);
    }
    // The listener runs the wrappers of edges from outside, because clients do not run any.
    let entries = find_in(&index.arriving, process)
        .iter()
        .filter(|(edge, listener)| listener.entry && edge.kind == bp_plan::EdgeClass::Entry);
    for (edge, _) in entries {
        out.add_wrappers(&edge.client);
    }
    out
}

/// The drain's delay, plus its limit or the longest call that may arrive here, whichever is longer, plus a margin.
fn grace_period(index: &PlanIndex<'_>, name: &str, process: &ProcessPlan) -> Duration {
    let arriving = find_in(&index.arriving, name).iter();
    let longest = arriving.map(|(edge, _)| longest_deadline(edge)).max().unwrap_or_default();
    let limit = Duration::from_millis(process.drain.limit_ms);
    Duration::from_millis(process.drain.delay_ms)
        .saturating_add(limit.max(longest))
        .saturating_add(MARGIN)
}

/// The longest time that a call of an edge may take.
fn longest_deadline(edge: &EdgePlan) -> Duration {
    let slot = Slot::Client(ClientSlot::Deadline);
    let wrapped = edge.client.iter().filter(|w| w.slot == slot).flat_map(|w| {
        std::iter::once(&w.settings)
            .chain(w.methods.values())
            .flat_map(|settings| settings.values.values().filter_map(Value::as_duration))
    });
    wrapped.chain(edge.deadline.as_ref().map(|d| d.after)).max().unwrap_or_default()
}
