//! Instances, their edges and their listeners, built from the plan.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use serde_json::Value;

use super::Registry;
use super::addresses;
use super::process_state::ProcessState;
use crate::any_instance::AnyInstance;
use crate::balance::{Balance, Balancer, EndpointWrappers};
use crate::builder::{Builder, Parameter};
use crate::call::Edge;
use crate::callee::{LateCallee, LateCell, LocalCallee, RemoteCallee};
use crate::chain::{Dispatch, Endpoint, Wrapper};
use crate::client::{Chains, Client};
use crate::config::place;
use crate::context::Context;
use crate::error::{InitError, StartError};
use crate::method::Interface;
use crate::plan::{
    BoundPlan, EdgePlan, InstancePlan, ParameterPlan, RunPlan, WrapperPlan, find_edge,
    find_listener,
};
use crate::plugin::{BackendContext, ConnectContext, Side, System, WrapperContext};
use crate::server::{Served, ServedParts, Server};
use crate::settings::Settings;

/// Background work of an instance, by its name.
pub(super) type Background = Vec<(String, BoxFuture<'static, Result<(), InitError>>)>;

/// What is built so far.
pub(super) struct Assembly<'a> {
    registry: &'a Registry,
    state: &'a ProcessState,
    pub(super) instances: BTreeMap<String, AnyInstance>,
    /// The dispatch of an instance by its name and the interface that the caller takes; of one inside a cycle it is set once the instance is built.
    cells: BTreeMap<(String, String), LateCell>,
    /// By edge: two parameters on one edge share a client.
    clients: BTreeMap<String, AnyInstance>,
    pub(super) background: Background,
}

impl<'a> Assembly<'a> {
    pub(super) fn new(registry: &'a Registry, state: &'a ProcessState) -> Self {
        Self {
            registry,
            state,
            instances: BTreeMap::new(),
            cells: BTreeMap::new(),
            clients: BTreeMap::new(),
            background: Vec::new(),
        }
    }

    /// Builds every instance of this process: backends, then services, callees' components first.
    pub(super) async fn build(&mut self) -> Result<(), StartError> {
        let mut services = Vec::new();
        for (name, plan) in &self.state.plan.instances {
            if !self.state.holds(name) {
                continue;
            }
            match plan {
                InstancePlan::Backend { plugin, interface, .. } => {
                    let instance = self.open_backend(name, plugin, interface).await?;
                    self.add_instance(name, interface, instance);
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

    async fn open_backend(
        &self,
        name: &str,
        plugin: &str,
        path: &str,
    ) -> Result<AnyInstance, StartError> {
        let (plugin, backend) = self.registry.backend(plugin)?;
        let opened = backend.open(self.build_backend_context(name, plugin, path)?).await;
        let opened = opened.map_err(|error| error.at(describe_backend(name, plugin)))?;
        // The registry has no interface that only a plugin without a list of them knows.
        match self.registry.interfaces.get(path) {
            Some(glue) if !glue.accepts(&opened) => Err(StartError::new(format!(
                "the plan opens it as `{path}`, but the plugin opened a {}",
                opened.type_name()
            ))
            .at(describe_backend(name, plugin))),
            _ => Ok(opened),
        }
    }

    fn build_backend_context(
        &self,
        name: &str,
        plugin: &'static str,
        path: &str,
    ) -> Result<BackendContext, StartError> {
        Ok(BackendContext {
            name: name.to_owned(),
            plugin,
            interface: path.to_owned(),
            settings: self.state.configuration.settings(&place::backend_label(name))?,
            address: addresses::find_backend_address(&self.state.environment, name),
            folder: self.state.environment.data_folder().join(name),
            surroundings: self.state.surroundings.clone(),
        })
    }

    async fn construct(&mut self, name: &str) -> Result<(), StartError> {
        let Some(InstancePlan::Service { implementation, interface, parameters, .. }) =
            self.state.plan.instances.get(name)
        else {
            return Ok(());
        };
        let mut ready = BTreeMap::new();
        for (parameter, plan) in parameters {
            ready.insert(parameter.clone(), self.build_parameter(name, parameter, plan)?);
        }
        let constructor = self.registry.implementation(implementation)?;
        let builder = Builder { instance: name.to_owned(), parameters: ready };
        let mut context = Context::empty();
        context.set_tasks(self.state.tasks.clone());
        let built = context.scope(constructor(builder)).await;
        // Reported even when the constructor ignored the error, and instead of the constructor's own error.
        if let Some(edge) = self.state.gate.early_call(name) {
            return Err(StartError::new(format!(
                "the constructor of `{name}` ({implementation}) makes a call on `{edge}`, which is inside a cycle of services: \
                 no order of construction can answer it. Make the call later, in `run` or in a method"
            )));
        }
        let built = built?;
        self.background.extend(built.background.map(|run| (name.to_owned(), run)));
        self.add_instance(name, interface, built.instance);
        Ok(())
    }

    /// Stores an instance, and gives it to the callers that were built before it.
    fn add_instance(&mut self, name: &str, interface: &str, instance: AnyInstance) {
        self.instances.insert(name.to_owned(), instance);
        self.find_dispatch(name, interface);
    }

    fn late_cell(&mut self, name: &str, interface: &str) -> LateCell {
        self.cells.entry((name.to_owned(), interface.to_owned())).or_default().clone()
    }

    /// The dispatch of calls to an instance that is built, as callers take it; `None` when it is not built or not of that interface.
    fn find_dispatch(&mut self, name: &str, interface: &str) -> Option<Arc<dyn Dispatch>> {
        let cell = self.late_cell(name, interface);
        if cell.get().is_none() {
            let instance = self.find_instance(name, interface)?;
            let dispatch = self.registry.interfaces.get(interface)?.build_dispatch(&instance)?;
            // A cell is set once: an instance is built once.
            let _ = cell.set(dispatch);
        }
        cell.get().cloned()
    }

    /// An instance that is built, as one of the interface that a caller takes: its own, or one that it extends.
    fn find_instance(&self, name: &str, interface: &str) -> Option<AnyInstance> {
        let instance = self.instances.get(name)?;
        let own = self.state.plan.instances.get(name)?.interface();
        if own == interface {
            return Some(instance.clone());
        }
        self.registry.interfaces.get(own)?.upcast(instance, interface)
    }

    /// Why an instance of this process is not there for a caller.
    fn describe_missing(&self, edge: &EdgePlan) -> StartError {
        let EdgePlan { caller, callee, interface, .. } = edge;
        let own = self.state.plan.instances.get(callee).map(InstancePlan::interface);
        StartError::new(match own {
            Some(own) if self.instances.contains_key(callee) && own != interface => format!(
                "`{caller}` takes `{callee}` as `{interface}`, which `{own}`, the interface of `{callee}`, does not extend"
            ),
            Some(_) if self.instances.contains_key(callee) => {
                format!("`{callee}` is not a `{interface}`")
            }
            _ => format!("the run plan builds `{caller}` before its callee `{callee}`"),
        })
    }

    fn build_parameter(
        &mut self,
        instance: &str,
        name: &str,
        plan: &ParameterPlan,
    ) -> Result<Parameter, StartError> {
        match plan {
            ParameterPlan::Instance(bound) => self.bind(bound).map(Parameter::Instance),
            ParameterPlan::Instances(list) => {
                let bound = list.instances.iter().map(|bound| self.bind(bound));
                bound.collect::<Result<_, _>>().map(Parameter::Instances)
            }
            ParameterPlan::Value(_) => {
                self.state.configuration.parameter(instance, name).map(Parameter::Value)
            }
            ParameterPlan::Absent(_) => Ok(Parameter::Absent),
        }
    }

    /// Gives a parameter its callee: the instance itself where nothing is between, else a client.
    fn bind(&mut self, bound: &BoundPlan) -> Result<AnyInstance, StartError> {
        let plan = self.state.plan.clone();
        let edge = find_edge(&plan, &bound.edge)?;
        let here = self.state.holds(&edge.callee);
        if edge.callee != bound.instance || !(here || edge.remote) {
            return Err(StartError::new(format!(
                "the run plan contradicts itself about `{}` and `{}`",
                bound.edge, bound.instance
            )));
        }
        if here && !edge.cyclic && edge.client.is_empty() {
            return self
                .find_instance(&edge.callee, &edge.interface)
                .ok_or_else(|| self.describe_missing(edge));
        }
        if let Some(client) = self.clients.get(&bound.edge) {
            return Ok(client.clone());
        }
        let glue = self.registry.interface(&edge.interface)?.clone();
        let interface = glue.interface();
        let key = Arc::new(build_edge(&bound.edge, edge, !here));
        let end: Arc<dyn Endpoint> = if here && edge.cyclic {
            Arc::new(LateCallee {
                gate: self.state.gate.clone(),
                callee: self.late_cell(&edge.callee, &edge.interface),
            })
        } else if here {
            let callee = self.find_dispatch(&edge.callee, &edge.interface);
            Arc::new(LocalCallee(callee.ok_or_else(|| self.describe_missing(edge))?))
        } else {
            let gate = edge.cyclic.then(|| self.state.gate.clone());
            let transport = self.connect(&bound.edge, edge, &key)?;
            Arc::new(RemoteCallee { transport, gate, deadline: edge.deadline })
        };
        let chains = self.build_client_chains(&bound.edge, edge, &key, interface)?;
        let client = glue.build_client(Client::with_chains(key, interface, chains, end))?;
        self.clients.insert(bound.edge.clone(), client.clone());
        Ok(client)
    }

    /// The wrappers at the caller.
    pub(super) fn build_client_chains(
        &self,
        key: &str,
        plan: &EdgePlan,
        edge: &Arc<Edge>,
        interface: &'static Interface,
    ) -> Result<Chains, StartError> {
        let label = |plugin: &str| place::client_label(key, plugin);
        self.build_chains(
            &plan.client,
            edge,
            Side::Client,
            interface,
            find_transport(plan, edge),
            label,
        )
    }

    /// The wrappers of each method, outermost first.
    fn build_chains(
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
            let context = self.build_wrapper_context(&label, edge, side, interface, transport)?;
            let plugin = self.registry.wrapper(&plan.plugin)?;
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
    fn find_system(&self, callee: &str, transport: Option<&str>) -> Result<System, StartError> {
        if let Some(InstancePlan::Backend { plugin, interface, .. }) =
            self.state.plan.instances.get(callee)
        {
            let (plugin, backend) = self.registry.backend(plugin)?;
            let database =
                backend.database(&self.build_backend_context(callee, plugin, interface)?);
            let database = database.map_err(|error| error.at(describe_backend(callee, plugin)))?;
            return Ok(System::Database(database));
        }
        transport
            .map_or(Ok(System::default()), |plugin| Ok(self.registry.transport(plugin)?.system()))
    }

    fn build_wrapper_context(
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
            system: self.find_system(&edge.callee, transport)?,
            settings: self.state.configuration.settings(label)?,
            shared: self.state.shared.of(&edge.key),
            surroundings: self.state.surroundings.clone(),
        })
    }

    /// The end of a remote edge: the callee's endpoints, over the edge's transport.
    pub(super) fn connect(
        &self,
        key: &str,
        plan: &EdgePlan,
        edge: &Arc<Edge>,
    ) -> Result<Arc<dyn Endpoint>, StartError> {
        let (registry, state) = (self.registry, self.state);
        let (Some(transport), Some(name)) = (&plan.transport, &plan.listener) else {
            return Err(StartError::new(format!(
                "`{key}` leaves the process, but the plan gives it no transport"
            )));
        };
        let listener = find_listener(&state.plan, name)?;
        let callee = listener.serves.get(&plan.callee).ok_or_else(|| {
            StartError::new(format!("listener `{name}` does not serve `{}`", plan.callee))
        })?;
        let interface = registry.interface(&plan.interface)?.interface();
        let (settings, limit) = state.configuration.transport(&place::transport_label(key))?;
        let context = ConnectContext {
            edge: edge.clone(),
            interface,
            settings,
            callee_settings: resolve_served_settings(state, name, &plan.callee, &callee.settings)?,
            limit,
            surroundings: state.surroundings.clone(),
        };
        let connected = || {
            let dialer = registry.transport(&transport.plugin)?.connect(context)?;
            let source =
                || addresses::find_source(&state.environment, &listener.address, listener.port);
            let clock = &state.surroundings.clock;
            let directory = state.directories.of(&listener.address, source, clock, &state.stop)?;
            let (balance, endpoint_wrappers) = self.build_balance(key, plan, edge, interface)?;
            let surroundings = state.surroundings.clone();
            let edge = edge.clone();
            Balancer::new(
                edge,
                interface,
                directory,
                dialer,
                endpoint_wrappers,
                balance,
                surroundings,
            )
        };
        Ok(Arc::new(connected().map_err(|error: StartError| error.at(format!("`{key}`")))?))
    }

    /// How an edge's calls are spread, and the wrappers that each endpoint has for itself.
    fn build_balance(
        &self,
        key: &str,
        plan: &EdgePlan,
        edge: &Arc<Edge>,
        interface: &'static Interface,
    ) -> Result<(Balance, EndpointWrappers), StartError> {
        let mut balance = Balance::default();
        let mut endpoint_wrappers = EndpointWrappers::default();
        for wrapper in plan.client.iter() {
            let label = place::client_label(key, &wrapper.plugin);
            let transport = find_transport(plan, edge);
            let context =
                self.build_wrapper_context(&label, edge, Side::Client, interface, transport)?;
            let plugin = self.registry.wrapper(&wrapper.plugin)?;
            if wrapper.each_endpoint {
                let off = interface.methods.iter().map(|m| wrapper.off.contains(m.name)).collect();
                endpoint_wrappers.wrappers.push((plugin.clone(), context, off));
            } else if let Some(told) = plugin.balance(&context).map_err(|e| e.at(label))? {
                balance = told;
            }
        }
        Ok((balance, endpoint_wrappers))
    }

    /// Puts the wrappers of the outside world's edge in front of a listener's own.
    ///
    /// Callers outside the system do not run them, so the listener does; other callers of the same listener pass them too.
    fn put_behind_outside_edge(
        &self,
        listener: &str,
        instance: &str,
        interface: &'static Interface,
        chains: Chains,
    ) -> Result<Chains, StartError> {
        let key = format!("client->{instance}");
        let Some(edge) = find_outside_edge(&self.state.plan, &key, listener) else {
            return Ok(chains);
        };
        let shared = Arc::new(build_edge(&key, edge, true));
        let outer = self.build_client_chains(&key, edge, &shared, interface)?;
        Ok(wrap_chains(&outer, &chains))
    }

    /// The server of a listener.
    pub(super) fn build_server(&mut self, name: &str) -> Result<Server, StartError> {
        let plan = self.state.plan.clone();
        let listener = find_listener(&plan, name)?;
        let mut served = Vec::new();
        for (instance, plan) in &listener.serves {
            let glue = self.registry.interface(&plan.interface)?;
            let interface = glue.interface();
            let callee = self.find_dispatch(instance, &plan.interface).ok_or_else(|| {
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
            let edge = Arc::new(edge);
            let transport = Some(listener.transport.as_str());
            let chains =
                self.build_chains(&plan.server, &edge, Side::Server, interface, transport, label)?;
            let outside = format!("client->{instance}");
            served.push(Served::new(ServedParts {
                settings: resolve_served_settings(self.state, name, instance, &plan.settings)?,
                edge,
                interface,
                chains: self.put_behind_outside_edge(name, instance, interface, chains)?,
                deadline: plan.deadline,
                published: find_outside_edge(&self.state.plan, &outside, name).is_some(),
                end: Arc::new(LocalCallee(callee)),
                tasks: self.state.tasks.clone(),
            }));
        }
        Ok(Server { served })
    }
}

/// An instance and its plugin, for messages.
fn describe_backend(name: &str, plugin: &str) -> String {
    format!("backend `{name}` (kind `{plugin}`)")
}

/// The transport that carries an edge's calls, if they leave the process.
fn find_transport<'a>(plan: &'a EdgePlan, edge: &Edge) -> Option<&'a str> {
    plan.transport.as_ref().filter(|_| edge.remote).map(|transport| transport.plugin.as_str())
}

/// The outside world's edge named `key`, if it ends at this listener.
fn find_outside_edge<'a>(plan: &'a RunPlan, key: &str, listener: &str) -> Option<&'a EdgePlan> {
    plan.edges.get(key).filter(|edge| edge.listener.as_deref() == Some(listener))
}

/// Puts the outer wrappers of each method around the inner ones.
fn wrap_chains(outer: &Chains, inner: &Chains) -> Chains {
    let both = outer.iter().zip(inner);
    both.map(|(outer, inner)| outer.iter().chain(inner).cloned().collect()).collect()
}

/// A plan's edge as calls see it; `remote` is given by the caller, because one process may hold what the plan spreads over several.
pub(super) fn build_edge(key: &str, plan: &EdgePlan, remote: bool) -> Edge {
    Edge {
        key: key.to_owned(),
        caller: plan.caller.clone(),
        callee: plan.callee.clone(),
        cyclic: plan.cyclic,
        remote,
        server: false,
    }
}

/// The listener's settings for an instance, such as routes; they do not change while the process runs.
pub(super) fn resolve_served_settings(
    state: &ProcessState,
    listener: &str,
    instance: &str,
    settings: &Value,
) -> Result<Settings, StartError> {
    let label = format!("listener \"{listener}\", {instance}");
    let settings = state.environment.resolve(settings).map_err(|error| error.at(&label))?;
    Ok(Settings::of(label, settings))
}
