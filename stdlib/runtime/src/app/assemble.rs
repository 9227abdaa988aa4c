//! Instances, their edges and their listeners, built from the plan.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use serde_json::Value;

use super::Linked;
use super::addresses;
use super::host::Host;
use crate::balance::{Balance, Balanced, Inside};
use crate::builder::{Builder, Parameter};
use crate::call::{Edge, Interface};
use crate::chain::{Endpoint, Wrapper};
use crate::client::{Chains, Client};
use crate::config::place;
use crate::context::Context;
use crate::ends::{Late, LateCell, Local, Remote};
use crate::error::{InitError, StartError};
use crate::instance::AnyInstance;
use crate::plan::{
    BoundPlan, EdgePlan, InstancePlan, ParameterPlan, WrapperPlan, find_edge, find_listener,
};
use crate::plugin::{BackendContext, ConnectContext, Side, System, WrapperContext};
use crate::server::{Served, Server};
use crate::settings::Settings;

/// Background work of an instance, by its name.
pub(super) type Background = Vec<(String, BoxFuture<'static, Result<(), InitError>>)>;

/// What is built so far.
pub(super) struct Assembly<'a> {
    linked: &'a Linked,
    host: &'a Host,
    pub(super) instances: BTreeMap<String, AnyInstance>,
    /// Where callees inside cycles will be.
    cells: BTreeMap<String, LateCell>,
    /// By edge: two parameters on one edge share a client.
    clients: BTreeMap<String, AnyInstance>,
    pub(super) background: Background,
}

impl<'a> Assembly<'a> {
    pub(super) fn new(linked: &'a Linked, host: &'a Host) -> Self {
        Self {
            linked,
            host,
            instances: BTreeMap::new(),
            cells: BTreeMap::new(),
            clients: BTreeMap::new(),
            background: Vec::new(),
        }
    }

    /// Builds every instance of this process: backends, then services, callees' components first.
    pub(super) async fn build(&mut self) -> Result<(), StartError> {
        let mut services = Vec::new();
        for (name, plan) in &self.host.plan.instances {
            if !self.host.holds(name) {
                continue;
            }
            match plan {
                InstancePlan::Backend { plugin, interface, .. } => {
                    let instance = self.open(name, plugin, interface).await?;
                    self.add(name, interface, instance);
                }
                InstancePlan::Service { order, .. } => services.push((*order, name)),
            }
        }
        services.sort_unstable();
        for (_, name) in services {
            self.construct(name).await?;
        }
        Ok(())
    }

    async fn open(&self, name: &str, plugin: &str, path: &str) -> Result<AnyInstance, StartError> {
        let context = self.backend_context(name, path)?;
        let opened = self.linked.backend(plugin)?.open(context).await;
        opened.map_err(|error| error.at(format!("backend `{name}`")))
    }

    fn backend_context(&self, name: &str, path: &str) -> Result<BackendContext, StartError> {
        Ok(BackendContext {
            name: name.to_owned(),
            interface: path.to_owned(),
            settings: self.host.configuration.settings(&place::backend_label(name))?,
            address: addresses::backend_address(&self.host.environment, name),
            folder: self.host.environment.data_folder().join(name),
            surroundings: self.host.surroundings.clone(),
        })
    }

    async fn construct(&mut self, name: &str) -> Result<(), StartError> {
        let Some(InstancePlan::Service { implementation, interface, parameters, .. }) =
            self.host.plan.instances.get(name)
        else {
            return Ok(());
        };
        let mut ready = BTreeMap::new();
        for (parameter, plan) in parameters {
            ready.insert(parameter.clone(), self.parameter(name, parameter, plan)?);
        }
        let constructor = self.linked.implementation(implementation)?;
        let builder = Builder { instance: name.to_owned(), parameters: ready };
        let mut context = Context::empty();
        context.set_tasks(self.host.tasks.clone());
        let built = context.scope(constructor(builder)).await;
        // Said even when the constructor ignored the error, and instead of what it made of it.
        if let Some(edge) = self.host.gate.early_call(name) {
            return Err(StartError::new(format!(
                "the constructor of `{name}` ({implementation}) makes a call on `{edge}`, which is inside a cycle of services: \
                 no order of construction can answer it. Make the call later, in `run` or in a method"
            )));
        }
        let built = built?;
        self.background.extend(built.background.map(|run| (name.to_owned(), run)));
        self.add(name, interface, built.instance);
        Ok(())
    }

    /// Keeps an instance, and binds the handles that wait for it.
    fn add(&mut self, name: &str, interface: &str, instance: AnyInstance) {
        let dispatch =
            self.linked.interfaces.get(interface).and_then(|glue| glue.server(&instance));
        if let Some(dispatch) = dispatch {
            // A cell is set once: an instance is built once.
            let _ = self.cell(name).set(dispatch);
        }
        self.instances.insert(name.to_owned(), instance);
    }

    fn cell(&mut self, name: &str) -> LateCell {
        self.cells.entry(name.to_owned()).or_default().clone()
    }

    fn parameter(
        &mut self,
        instance: &str,
        name: &str,
        plan: &ParameterPlan,
    ) -> Result<Parameter, StartError> {
        match plan {
            ParameterPlan::Instance(bound) => self.bound(bound).map(Parameter::Instance),
            ParameterPlan::Instances(list) => {
                let bound = list.instances.iter().map(|bound| self.bound(bound));
                bound.collect::<Result<_, _>>().map(Parameter::Instances)
            }
            ParameterPlan::Value(_) => {
                self.host.configuration.parameter(instance, name).map(Parameter::Value)
            }
            ParameterPlan::Absent(_) => Ok(Parameter::Absent),
        }
    }

    /// What a parameter holds: the callee itself where nothing stands between, else a client.
    fn bound(&mut self, bound: &BoundPlan) -> Result<AnyInstance, StartError> {
        let plan = self.host.plan.clone();
        let edge = find_edge(&plan, &bound.edge)?;
        let here = self.host.holds(&edge.callee);
        if edge.callee != bound.instance || !(here || edge.remote) {
            return Err(StartError::new(format!(
                "the run plan contradicts itself about `{}` and `{}`",
                bound.edge, bound.instance
            )));
        }
        if here && !edge.cyclic && edge.client.is_empty() {
            return self.instances.get(&edge.callee).cloned().ok_or_else(|| {
                let (caller, callee) = (&edge.caller, &edge.callee);
                StartError::new(format!(
                    "the run plan builds `{caller}` before its callee `{callee}`"
                ))
            });
        }
        if let Some(client) = self.clients.get(&bound.edge) {
            return Ok(client.clone());
        }
        let glue = self.linked.interface(&edge.interface)?.clone();
        let interface = glue.interface();
        let key = Arc::new(edge_of(&bound.edge, edge, !here));
        let end: Arc<dyn Endpoint> = if here && edge.cyclic {
            Arc::new(Late { gate: self.host.gate.clone(), callee: self.cell(&edge.callee) })
        } else if here {
            let callee = self.cell(&edge.callee).get().cloned();
            Arc::new(Local(callee.ok_or_else(|| {
                StartError::new(format!("`{}` is no `{}`", edge.callee, edge.interface))
            })?))
        } else {
            let gate = edge.cyclic.then(|| self.host.gate.clone());
            let transport = self.connect(&bound.edge, edge, &key)?;
            Arc::new(Remote { transport, gate, deadline: edge.deadline })
        };
        let chains = self.client_chains(&bound.edge, edge, &key, interface)?;
        let client = glue.client(Client::with_chains(key, interface, chains, end))?;
        self.clients.insert(bound.edge.clone(), client.clone());
        Ok(client)
    }

    /// The wrappers at the caller.
    pub(super) fn client_chains(
        &self,
        key: &str,
        plan: &EdgePlan,
        edge: &Arc<Edge>,
        interface: &'static Interface,
    ) -> Result<Chains, StartError> {
        let label = |plugin: &str| place::client_label(key, plugin);
        self.chains(&plan.client, edge, Side::Client, interface, carrier(plan, edge), label)
    }

    /// The wrappers of each method, outermost first.
    fn chains(
        &self,
        plans: &[WrapperPlan],
        edge: &Arc<Edge>,
        side: Side,
        interface: &'static Interface,
        transport: Option<&str>,
        label: impl Fn(&str) -> String,
    ) -> Result<Chains, StartError> {
        let mut chains: Vec<Vec<Arc<dyn Wrapper>>> = vec![Vec::new(); interface.methods.len()];
        for plan in plans.iter().filter(|plan| !plan.each_endpoint) {
            let label = label(&plan.plugin);
            let context = self.wrapper_context(&label, edge, side, interface, transport)?;
            let plugin = self.linked.wrapper(&plan.plugin)?;
            let wrapper = match side {
                Side::Client => plugin.client(&context),
                Side::Server => plugin.server(&context),
            };
            let Some(wrapper) = wrapper.map_err(|error| error.at(label))? else { continue };
            for (chain, method) in chains.iter_mut().zip(interface.methods) {
                if !plan.off.contains(method.name) {
                    chain.push(wrapper.clone());
                }
            }
        }
        Ok(chains.into_iter().map(Vec::into_boxed_slice).collect())
    }

    /// What carries calls to an instance: its backend, or `transport` when they leave the process.
    fn system(&self, callee: &str, transport: Option<&str>) -> Result<System, StartError> {
        if let Some(InstancePlan::Backend { plugin, interface, .. }) =
            self.host.plan.instances.get(callee)
        {
            let context = self.backend_context(callee, interface)?;
            let database = self.linked.backend(plugin)?.database(&context);
            let database = database.map_err(|error| error.at(format!("backend `{callee}`")))?;
            return Ok(System::Database(database));
        }
        transport
            .map_or(Ok(System::default()), |plugin| Ok(self.linked.transport(plugin)?.system()))
    }

    fn wrapper_context(
        &self,
        label: &str,
        edge: &Arc<Edge>,
        side: Side,
        interface: &'static Interface,
        transport: Option<&str>,
    ) -> Result<WrapperContext, StartError> {
        Ok(WrapperContext {
            edge: edge.clone(),
            side,
            interface,
            system: self.system(&edge.callee, transport)?,
            settings: self.host.configuration.settings(label)?,
            surroundings: self.host.surroundings.clone(),
        })
    }

    /// The end of a remote edge: the callee's endpoints, over the edge's transport.
    pub(super) fn connect(
        &self,
        key: &str,
        plan: &EdgePlan,
        edge: &Arc<Edge>,
    ) -> Result<Arc<dyn Endpoint>, StartError> {
        let (linked, host) = (self.linked, self.host);
        let (Some(transport), Some(name)) = (&plan.transport, &plan.listener) else {
            return Err(StartError::new(format!(
                "`{key}` leaves the process, but the plan gives it no transport"
            )));
        };
        let listener = find_listener(&host.plan, name)?;
        let callee = listener.serves.get(&plan.callee).ok_or_else(|| {
            StartError::new(format!("listener `{name}` does not serve `{}`", plan.callee))
        })?;
        let interface = linked.interface(&plan.interface)?.interface();
        let (settings, limit) = host.configuration.transport(&place::transport_label(key))?;
        let context = ConnectContext {
            edge: edge.clone(),
            interface,
            settings,
            callee_settings: served_settings(host, name, &plan.callee, &callee.settings)?,
            limit,
            surroundings: host.surroundings.clone(),
        };
        let connected = || {
            let dialer = linked.transport(&transport.plugin)?.connect(context)?;
            let source = || addresses::source(&host.environment, &listener.address, listener.port);
            let clock = &host.surroundings.clock;
            let directory = host.directories.of(&listener.address, source, clock, &host.stop)?;
            let (balance, inside) = self.inside(key, plan, edge, interface)?;
            let surroundings = host.surroundings.clone();
            let edge = edge.clone();
            Balanced::new(edge, interface, directory, dialer, inside, balance, surroundings)
        };
        Ok(Arc::new(connected().map_err(|error: StartError| error.at(format!("`{key}`")))?))
    }

    /// How an edge's calls are spread, and the wrappers that each endpoint has for itself.
    fn inside(
        &self,
        key: &str,
        plan: &EdgePlan,
        edge: &Arc<Edge>,
        interface: &'static Interface,
    ) -> Result<(Balance, Inside), StartError> {
        let mut balance = Balance::default();
        let mut inside = Inside::default();
        for wrapper in plan.client.iter() {
            let label = place::client_label(key, &wrapper.plugin);
            let transport = carrier(plan, edge);
            let context = self.wrapper_context(&label, edge, Side::Client, interface, transport)?;
            let plugin = self.linked.wrapper(&wrapper.plugin)?;
            if wrapper.each_endpoint {
                let off = interface.methods.iter().map(|m| wrapper.off.contains(m.name)).collect();
                inside.wrappers.push((plugin.clone(), context, off));
            } else if let Some(told) = plugin.balance(&context).map_err(|e| e.at(label))? {
                balance = told;
            }
        }
        Ok((balance, inside))
    }

    /// Puts the wrappers of the outside world's edge in front of a listener's own.
    ///
    /// Nobody out there runs them, so the listener does; whoever else calls through it is held to them too.
    fn behind_the_outside_edge(
        &self,
        listener: &str,
        instance: &str,
        interface: &'static Interface,
        chains: Chains,
    ) -> Result<Chains, StartError> {
        let key = format!("client->{instance}");
        let edge = self.host.plan.edges.get(&key);
        let Some(edge) = edge.filter(|edge| edge.listener.as_deref() == Some(listener)) else {
            return Ok(chains);
        };
        let shared = Arc::new(edge_of(&key, edge, true));
        let outer = self.client_chains(&key, edge, &shared, interface)?;
        Ok(around(&outer, &chains))
    }

    /// The server of a listener.
    pub(super) fn server(&mut self, name: &str) -> Result<Server, StartError> {
        let plan = self.host.plan.clone();
        let listener = find_listener(&plan, name)?;
        let mut served = Vec::new();
        for (instance, plan) in &listener.serves {
            let glue = self.linked.interface(&plan.interface)?;
            let interface = glue.interface();
            let callee = self.cell(instance).get().cloned().ok_or_else(|| {
                StartError::new(format!(
                    "`{name}` serves `{instance}`, which is not in this process"
                ))
            })?;
            let edge = Edge {
                key: format!("*->{instance}"),
                caller: "*".to_owned(),
                callee: instance.clone(),
                cyclic: false,
                remote: true,
                server: true,
            };
            let label = |plugin: &str| place::server_label(name, instance, plugin);
            let shared = Arc::new(edge.clone());
            let transport = Some(listener.transport.as_str());
            let chains =
                self.chains(&plan.server, &shared, Side::Server, interface, transport, label)?;
            let chains = self.behind_the_outside_edge(name, instance, interface, chains)?;
            let settings = served_settings(self.host, name, instance, &plan.settings)?;
            let tasks = self.host.tasks.clone();
            let end = Arc::new(Local(callee));
            let deadline = plan.deadline;
            served.push(Served::new(settings, edge, interface, chains, deadline, end, tasks));
        }
        Ok(Server { served })
    }
}

/// The transport that carries an edge's calls, if they leave the process.
fn carrier<'a>(plan: &'a EdgePlan, edge: &Edge) -> Option<&'a str> {
    plan.transport.as_ref().filter(|_| edge.remote).map(|transport| transport.plugin.as_str())
}

/// Puts the outer wrappers of each method around the inner ones.
fn around(outer: &Chains, inner: &Chains) -> Chains {
    let both = outer.iter().zip(inner);
    both.map(|(outer, inner)| outer.iter().chain(inner).cloned().collect()).collect()
}

/// A plan's edge as calls see it; `remote` is what it is here, since one process may hold all that the plan spreads over several.
pub(super) fn edge_of(key: &str, plan: &EdgePlan, remote: bool) -> Edge {
    Edge {
        key: key.to_owned(),
        caller: plan.caller.clone(),
        callee: plan.callee.clone(),
        cyclic: plan.cyclic,
        remote,
        server: false,
    }
}

/// What a listener says of an instance: routes and the like, which do not change.
pub(super) fn served_settings(
    host: &Host,
    listener: &str,
    instance: &str,
    settings: &Value,
) -> Result<Settings, StartError> {
    let label = format!("listener \"{listener}\", {instance}");
    let settings = host.environment.resolve(settings).map_err(|error| error.at(&label))?;
    Ok(Settings::of(label, settings))
}
