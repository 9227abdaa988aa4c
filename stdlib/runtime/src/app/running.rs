//! A started process: what it holds, how it fails, how it stops.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bp_contract::variable;
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, join_all};
use tokio::task::JoinSet;

use super::addresses;
use super::assemble::Assembly;
use super::prepare::{Hosting, prepare};
use super::process_metrics::ProcessMetrics;
use super::process_state::ProcessState;
use super::{App, ProcessTables, Registry, admin, init};
use crate::any_instance::AnyInstance;
use crate::context::Context;
use crate::environment::Environment;
use crate::error::StartError;
use crate::metrics::Metrics;
use crate::panic::panic_text;
use crate::plan::{ALL, DrainPlan, find_listener};
use crate::plugin::ServeContext;
use crate::surroundings::BoundPort;

/// How long sending the buffered telemetry may take.
const FLUSH: Duration = Duration::from_secs(2);

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stopped {
    /// Whether every call and counted task came to its end.
    pub drained: bool,
}

/// A started process.
pub struct Running {
    pub(super) state: Arc<ProcessState>,
    registry: Arc<Registry>,
    instances: BTreeMap<String, AnyInstance>,
    ports: BTreeMap<String, SocketAddr>,
    /// Listeners, which end after the drain signal.
    serving: JoinSet<()>,
    /// Background work, the admin listener, the watch on the configuration: dropped at the end.
    others: JoinSet<()>,
}

impl Running {
    pub(super) async fn start(
        app: App,
        environment: Environment,
        hosting: Hosting,
    ) -> Result<Self, StartError> {
        let (state, registry) = prepare(app, environment, &hosting)?;
        let tables = Arc::new(ProcessTables::collect(&registry, &state)?);
        state.configuration.install(tables.clone())?;
        let takes_calls = !matches!(hosting, Hosting::Init(_));
        let mut running = Self {
            state,
            registry,
            instances: BTreeMap::new(),
            ports: BTreeMap::new(),
            serving: JoinSet::new(),
            others: JoinSet::new(),
        };
        let bound = match hosting {
            Hosting::Process(_) => running.bind().await?,
            Hosting::Init(_) | Hosting::Embedded => BTreeMap::new(),
        };
        let (registry, state) = (running.registry.clone(), running.state.clone());
        let mut assembly = Assembly::new(&registry, &state);
        assembly.build().await?;
        let mut serving = Vec::new();
        for (name, bound) in bound {
            let listener = find_listener(&state.plan, &name)?;
            let (settings, limit) =
                state.configuration.transport(&crate::config::place::listener_label(&name))?;
            let context = ServeContext {
                listener: addresses::listen(bound)?,
                name: name.clone(),
                server: Arc::new(assembly.build_server(&name)?),
                settings,
                limit,
                description: state.plan.descriptions.get(&listener.transport).cloned(),
                ready: state.ready.subscribe(),
                drain: state.drain.clone(),
                surroundings: state.surroundings.clone(),
            };
            serving.push((name, registry.transport(&listener.transport)?.serve(context)));
        }
        state.gate.open();
        for (name, serve) in serving {
            let state = state.clone();
            running.serving.spawn(async move {
                match serve.await {
                    Ok(()) if state.drain.is_draining() => {}
                    Ok(()) => state.fail(format!("listener `{name}` ended")),
                    Err(error) => state.fail(format!("listener `{name}`: {error}")),
                }
            });
        }
        running.instances = assembly.instances;
        for (name, work) in assembly.background {
            running.run_in_background(format!("`{name}`"), work);
        }
        // When all processes are one, there is no other process for an init.
        if state.process == ALL {
            for name in state.plan.inits.keys() {
                running.init(name).await.map_err(|error| error.at(format!("init `{name}`")))?;
            }
        }
        if state.environment.get(variable::CONFIG).is_some() {
            running.others.spawn(state.configuration.clone().watch());
        }
        state.started.store(true, Ordering::Release);
        state.ready.send_replace(true);
        if takes_calls {
            for (id, work) in tables.start_work() {
                running.run_in_background(format!("plugin `{id}`"), work);
            }
        }
        tracing::info!(process = %state.process, instances = running.instances.len(), "started");
        Ok(running)
    }

    /// Takes the ports of this process and starts its admin listener.
    async fn bind(&mut self) -> Result<BTreeMap<String, Box<dyn BoundPort>>, StartError> {
        let state = self.state.clone();
        let (environment, binder) = (&state.environment, &*state.surroundings.binder);
        let bind = |name, port| addresses::bind(environment, binder, name, port);
        let mut listeners = BTreeMap::new();
        for (name, listener) in &state.plan.listeners {
            if !state.is(&listener.process) {
                continue;
            }
            let bound = bind(&listener.address, listener.port).await?;
            tracing::info!(listener = %name, address = %bound.local_address(), "listens");
            self.ports.insert(listener.address.clone(), bound.local_address());
            listeners.insert(name.clone(), bound);
        }
        // All in one process need one admin listener, that of the first.
        let process = state.plan.processes.iter().find(|(name, _)| state.is(name));
        if let Some((_, process)) = process {
            let admin = &process.admin;
            let bound = bind(&admin.address, admin.port).await?;
            tracing::info!(listener = "admin", address = %bound.local_address(), "listens");
            self.ports.insert(admin.address.clone(), bound.local_address());
            let metrics = Arc::new(ProcessMetrics::register(&state)?);
            self.others.spawn(admin::serve(addresses::listen(bound)?, state.clone(), metrics));
        }
        addresses::write_ports(&state.environment, &*state.surroundings.files, &self.ports)?;
        Ok(listeners)
    }

    /// Runs one of the plan's inits, whose service this process holds.
    pub(super) async fn init(&self, name: &str) -> Result<(), StartError> {
        let plan = &self.state.plan;
        let init = init::find(plan, name)?;
        let (Some(instance), Some(callee)) =
            (plan.instances.get(&init.callee), self.instances.get(&init.callee))
        else {
            return Err(StartError::new(format!("`{}` is not in this process", init.callee)));
        };
        let tasks = self.state.tasks.clone();
        init::call(&self.registry, instance.interface(), callee, name, init, tasks).await
    }

    /// Runs the background work of `owner` until the process stops; its failure ends the process.
    fn run_in_background<E: fmt::Display + Send + 'static>(
        &mut self,
        owner: String,
        work: BoxFuture<'static, Result<(), E>>,
    ) {
        let state = self.state.clone();
        let mut context = Context::empty();
        context.set_tasks(state.tasks.clone());
        let work = AssertUnwindSafe(context.scope(work)).catch_unwind();
        self.others.spawn(async move {
            tokio::select! {
                () = state.stop.cancelled() => {}
                outcome = work => match outcome {
                    Ok(Ok(())) => tracing::debug!(%owner, "the background work is done"),
                    Ok(Err(error)) => {
                        state.fail(format!("{owner}: its background work failed: {error}"));
                    }
                    Err(panic) => {
                        let text = panic_text(&*panic);
                        state.fail(format!("{owner}: its background work panicked: {text}"));
                    }
                }
            }
        });
    }

    /// The instance named `name`, if it is in this process and of trait `T`, or of an interface that extends `T`.
    pub fn instance<T: ?Sized + Send + Sync + 'static>(&self, name: &str) -> Option<Arc<T>> {
        let instance = self.instances.get(name)?;
        instance.get::<T>().or_else(|| {
            let interface = self.state.plan.instances.get(name)?.interface();
            self.registry.interfaces.get(interface)?.cast(instance)
        })
    }

    /// The addresses that the process listens on, by the address's name.
    pub fn ports(&self) -> &BTreeMap<String, SocketAddr> {
        &self.ports
    }

    /// The metrics of the process.
    pub fn metrics(&self) -> &Metrics {
        &self.state.surroundings.metrics
    }

    /// Calls and counted tasks under way.
    pub fn in_flight(&self) -> usize {
        self.state.tasks.running()
    }

    /// Looks at the configuration file now instead of within a second. True when something changed.
    ///
    /// # Errors
    /// The file is wrong; what was in force stays so.
    pub fn reload(&self) -> Result<bool, StartError> {
        self.state.configuration.reload()
    }

    /// Resolves, with the reason, when something ended that must not: a listener, or a background task by an error.
    pub async fn failed(&self) -> String {
        let mut failure = self.state.failure.subscribe();
        match failure.wait_for(Option::is_some).await {
            Ok(reason) => reason.clone().unwrap_or_default(),
            // The state holds the sender, so it lives as long as this borrow.
            Err(_) => std::future::pending().await,
        }
    }

    /// Whether the process takes calls.
    pub fn is_ready(&self) -> bool {
        self.state.is_ready()
    }

    /// Stops in order: unready; after the delay, no new connections; calls and counted tasks to their end, within the limit; background work; telemetry.
    ///
    /// When `hurry` resolves, what is still open is given up.
    pub async fn stop(mut self, hurry: impl Future<Output = ()>) -> Stopped {
        let drain = self.drain_plan();
        self.state.ready.send_replace(false);
        let orderly = async {
            // Callers need time to see that this process is unready; without a listener there are no callers.
            if !self.serving.is_empty() {
                tokio::time::sleep(drain.delay()).await;
            }
            self.state.drain.start();
            let finished = async {
                while self.serving.join_next().await.is_some() {}
                self.state.tasks.finished().await;
            };
            tokio::time::timeout(drain.limit(), finished).await.is_ok()
        };
        let drained = tokio::select! {
            drained = orderly => drained,
            () = hurry => false,
        };
        if !drained {
            tracing::warn!(in_flight = self.state.tasks.running(), "gives up what is still open");
        }
        self.state.drain.close();
        self.state.stop.cancel();
        let plugins = self.registry.wrappers.values();
        let flushed = join_all(plugins.map(|plugin| plugin.flush()));
        if tokio::time::timeout(FLUSH, flushed).await.is_err() {
            tracing::warn!("telemetry could not be handed over in time");
        }
        self.serving.shutdown().await;
        self.others.shutdown().await;
        tracing::info!(drained, "stopped");
        Stopped { drained }
    }

    /// The longest limits of the processes that this one holds.
    fn drain_plan(&self) -> DrainPlan {
        let processes = self.state.plan.processes.iter().filter(|(name, _)| self.state.is(name));
        let drains = processes.map(|(_, process)| process.drain);
        let most = |a: DrainPlan, b: DrainPlan| DrainPlan {
            delay_ms: a.delay_ms.max(b.delay_ms),
            limit_ms: a.limit_ms.max(b.limit_ms),
        };
        drains.reduce(most).unwrap_or_default()
    }
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Running")
            .field("process", &self.state.process)
            .field("instances", &self.instances.keys())
            .finish_non_exhaustive()
    }
}
