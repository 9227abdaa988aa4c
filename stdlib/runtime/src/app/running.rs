//! A started process: what it holds, how it fails, how it stops.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::join_all;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::addresses::{self, Bound};
use super::assemble::{Assembly, Background};
use super::host::Host;
use super::process_metrics::ProcessMetrics;
use super::{App, Linked, admin, init};
use crate::balance::Directories;
use crate::config::Configuration;
use crate::context::Context;
use crate::drain::Drain;
use crate::ends::Gate;
use crate::environment::Environment;
use crate::error::{InitError, StartError};
use crate::instance::AnyInstance;
use crate::metrics::Metrics;
use crate::plan::{ALL, DrainPlan, RunPlan, find_listener};
use crate::plugin::{ServeContext, Surroundings};
use crate::server::panic_text;
use crate::tasks::Tasks;

/// The longest that buffered telemetry may take to leave.
const FLUSH: Duration = Duration::from_secs(2);

/// What a process holds and whether it listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hosting {
    /// One of the plan's processes, `*` for all, with its listeners; all of them do the plan's inits before they are ready.
    Process(String),
    /// What one of the plan's inits needs, and nothing listens.
    Init(String),
    /// All of them, and nothing listens: for tests.
    Embedded,
}

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stopped {
    /// Whether every call and counted task came to its end.
    pub drained: bool,
}

/// A started process.
pub struct Running {
    pub(super) host: Arc<Host>,
    linked: Arc<Linked>,
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
        let (host, linked) = prepare(app, environment, &hosting)?;
        let mut running = Self {
            host,
            linked,
            instances: BTreeMap::new(),
            ports: BTreeMap::new(),
            serving: JoinSet::new(),
            others: JoinSet::new(),
        };
        let bound = match hosting {
            Hosting::Process(_) => running.bind().await?,
            Hosting::Init(_) | Hosting::Embedded => BTreeMap::new(),
        };
        let (linked, host) = (running.linked.clone(), running.host.clone());
        let mut assembly = Assembly::new(&linked, &host);
        assembly.build().await?;
        let mut serving = Vec::new();
        for (name, bound) in bound {
            let listener = find_listener(&host.plan, &name)?;
            let (settings, limit) =
                host.configuration.transport(&crate::config::place::listener_label(&name))?;
            let context = ServeContext {
                listener: bound.listen()?,
                name: name.clone(),
                server: Arc::new(assembly.server(&name)?),
                settings,
                limit,
                description: host.plan.descriptions.get(&listener.transport).cloned(),
                ready: host.ready.subscribe(),
                drain: host.drain.clone(),
                surroundings: host.surroundings.clone(),
            };
            serving.push((name, linked.transport(&listener.transport)?.serve(context)));
        }
        host.gate.open();
        for (name, serve) in serving {
            let host = host.clone();
            running.serving.spawn(async move {
                match serve.await {
                    Ok(()) if host.drain.is_draining() => {}
                    Ok(()) => host.fail(format!("listener `{name}` ended")),
                    Err(error) => host.fail(format!("listener `{name}`: {error}")),
                }
            });
        }
        running.instances = assembly.instances;
        running.run_background(assembly.background);
        // All in one process, there is no other process for an init.
        if host.process == ALL {
            for name in host.plan.inits.keys() {
                running.init(name).await.map_err(|error| error.at(format!("init `{name}`")))?;
            }
        }
        if host.environment.get("BP_CONFIG").is_some() {
            running.others.spawn(host.configuration.clone().watch());
        }
        host.started.store(true, Ordering::Release);
        host.ready.send_replace(true);
        tracing::info!(process = %host.process, instances = running.instances.len(), "started");
        Ok(running)
    }

    /// Takes the ports of this process and starts its admin listener.
    async fn bind(&mut self) -> Result<BTreeMap<String, Bound>, StartError> {
        let host = self.host.clone();
        let mut listeners = BTreeMap::new();
        for (name, listener) in &host.plan.listeners {
            if !host.is(&listener.process) {
                continue;
            }
            let bound = Bound::new(&host.environment, &listener.address, listener.port).await?;
            tracing::info!(listener = %name, address = %bound.address, "listens");
            self.ports.insert(listener.address.clone(), bound.address);
            listeners.insert(name.clone(), bound);
        }
        // All in one process need one admin listener, that of the first.
        let process = host.plan.processes.iter().find(|(name, _)| host.is(name));
        if let Some((_, process)) = process {
            let admin = &process.admin;
            let bound = Bound::new(&host.environment, &admin.address, admin.port).await?;
            tracing::info!(listener = "admin", address = %bound.address, "listens");
            self.ports.insert(admin.address.clone(), bound.address);
            let metrics = Arc::new(ProcessMetrics::register(&host));
            self.others.spawn(admin::serve(bound.listen()?, host.clone(), metrics));
        }
        addresses::write_ports(&host.environment, &self.ports)?;
        Ok(listeners)
    }

    /// Does one of the plan's inits, whose service this process holds.
    pub(super) async fn init(&self, name: &str) -> Result<(), StartError> {
        let plan = &self.host.plan;
        let init = init::find(plan, name)?;
        let (Some(instance), Some(callee)) =
            (plan.instances.get(&init.callee), self.instances.get(&init.callee))
        else {
            return Err(StartError::new(format!("`{}` is not in this process", init.callee)));
        };
        let tasks = self.host.tasks.clone();
        init::call(&self.linked, instance.interface(), callee, name, init, tasks).await
    }

    fn run_background(&mut self, background: Background) {
        for (name, run) in background {
            let host = self.host.clone();
            let mut context = Context::empty();
            context.set_tasks(host.tasks.clone());
            let work = AssertUnwindSafe(context.scope(run)).catch_unwind();
            self.others.spawn(async move {
                tokio::select! {
                    () = host.stop.cancelled() => {}
                    outcome = work => match outcome {
                        Ok(Ok(())) => tracing::debug!(service = %name, "the background work is done"),
                        Ok(Err(error)) => host.fail(failed(&name, &error)),
                        Err(panic) => {
                            host.fail(format!("`{name}`: its background work panicked: {}", panic_text(&*panic)));
                        }
                    }
                }
            });
        }
    }

    /// The instance named `name`, if it is in this process and of trait `T`.
    pub fn instance<T: ?Sized + Send + Sync + 'static>(&self, name: &str) -> Option<Arc<T>> {
        self.instances.get(name)?.get::<T>()
    }

    /// The addresses that the process listens on, by the address's name.
    pub fn ports(&self) -> &BTreeMap<String, SocketAddr> {
        &self.ports
    }

    /// The metrics of the process.
    pub fn metrics(&self) -> &Metrics {
        &self.host.surroundings.metrics
    }

    /// Calls and counted tasks under way.
    pub fn in_flight(&self) -> usize {
        self.host.tasks.running()
    }

    /// Looks at the configuration file now instead of within a second. True when something changed.
    ///
    /// # Errors
    /// The file is wrong; what was in force stays so.
    pub fn reload(&self) -> Result<bool, StartError> {
        self.host.configuration.reload()
    }

    /// Resolves, with the reason, when something ended that must not: a listener, or a background task by an error.
    pub async fn failed(&self) -> String {
        let mut failure = self.host.failure.subscribe();
        match failure.wait_for(Option::is_some).await {
            Ok(reason) => reason.clone().unwrap_or_default(),
            // The host holds the sender, so it lives as long as this borrow.
            Err(_) => std::future::pending().await,
        }
    }

    /// Whether the process takes calls.
    pub fn is_ready(&self) -> bool {
        self.host.is_ready()
    }

    /// Stops in order: unready; after the delay, no new connections; calls and counted tasks to their end, within the limit; background work; telemetry.
    ///
    /// When `hurry` resolves, what is still open is given up.
    pub async fn stop(mut self, hurry: impl Future<Output = ()>) -> Stopped {
        let drain = self.drain_plan();
        self.host.ready.send_replace(false);
        let orderly = async {
            // Whoever balances over this process needs time to see that it is unready; without a listener nobody does.
            if !self.serving.is_empty() {
                tokio::time::sleep(drain.delay()).await;
            }
            self.host.drain.start();
            let finished = async {
                while self.serving.join_next().await.is_some() {}
                self.host.tasks.finished().await;
            };
            tokio::time::timeout(drain.limit(), finished).await.is_ok()
        };
        let drained = tokio::select! {
            drained = orderly => drained,
            () = hurry => false,
        };
        if !drained {
            tracing::warn!(in_flight = self.host.tasks.running(), "gives up what is still open");
        }
        self.host.drain.close();
        self.host.stop.cancel();
        let plugins = self.linked.wrappers.values();
        let flushed = join_all(plugins.map(|plugin| plugin.flush()));
        if tokio::time::timeout(FLUSH, flushed).await.is_err() {
            tracing::warn!("telemetry could not be handed over in time");
        }
        self.serving.shutdown().await;
        self.others.shutdown().await;
        tracing::info!(drained, "stopped");
        Stopped { drained }
    }

    /// The most patient of the processes that are in this one.
    fn drain_plan(&self) -> DrainPlan {
        let processes = self.host.plan.processes.iter().filter(|(name, _)| self.host.is(name));
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
            .field("process", &self.host.process)
            .field("instances", &self.instances.keys())
            .finish_non_exhaustive()
    }
}

/// Everything before the first instance: the plan, the numbers on the wire, the configuration.
pub(super) fn prepare(
    app: App,
    environment: Environment,
    hosting: &Hosting,
) -> Result<(Arc<Host>, Arc<Linked>), StartError> {
    let mut plan = app.plan(&environment)?;
    bp_data::wire::install(std::mem::take(&mut plan.wire))
        .map_err(|error| StartError::because("the run plan", &error))?;
    let process = match hosting {
        Hosting::Embedded => ALL.to_owned(),
        Hosting::Process(name) => {
            known_process(&plan, name)?;
            name.clone()
        }
        Hosting::Init(name) => {
            init::find(&plan, name)?;
            name.clone()
        }
    };
    addresses::check(&plan, &environment)?;
    let plan = Arc::new(plan);
    let interfaces = app.linked.interfaces.iter().map(|(path, glue)| (*path, glue.interface()));
    let interfaces = interfaces.collect();
    let configuration = Configuration::load(plan.clone(), interfaces, environment.clone())?;
    let surroundings = Surroundings {
        app: Arc::from(plan.app.as_str()),
        process: Arc::from(process.as_str()),
        metrics: Metrics::default(),
        ..Surroundings::default()
    };
    let host = Arc::new(Host {
        plan,
        process,
        environment,
        configuration: Arc::new(configuration),
        surroundings,
        tasks: Tasks::default(),
        gate: Arc::new(Gate::default()),
        directories: Directories::default(),
        drain: Drain::new(),
        stop: CancellationToken::new(),
        started: AtomicBool::new(false),
        ready: watch::Sender::new(false),
        failure: watch::Sender::new(None),
    });
    Ok((host, Arc::new(app.linked)))
}

fn known_process(plan: &RunPlan, name: &str) -> Result<(), StartError> {
    if name == ALL || plan.processes.contains_key(name) {
        return Ok(());
    }
    let known: Vec<_> = plan.processes.keys().map(String::as_str).collect();
    Err(StartError::new(format!(
        "BP_PROCESS: the wiring `{}` has no process `{name}`; known: {}, and * for all in one",
        plan.wiring,
        known.join(", ")
    )))
}

fn failed(name: &str, error: &InitError) -> String {
    format!("`{name}`: its background work failed: {error}")
}
