//! The application: everything that is linked, and the plan that says what of it runs here.

mod addresses;
mod admin;
mod assemble;
mod call_mode;
mod choose_process;
mod health;
mod init;
mod init_mode;
mod lifecycle;
mod mode;
mod outside;
mod prepare;
mod process_metrics;
mod process_state;
mod running;
mod signals;
mod tables;
pub(crate) mod test;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;
use std::process::ExitCode;
use std::sync::Arc;

use bp_contract::variable;

pub use prepare::Hosting;
pub use running::{Running, Stopped};
pub(crate) use tables::ProcessTables;

use crate::builder::Constructor;
use crate::environment::Environment;
use crate::error::StartError;
use crate::instance::InterfaceGlue;
use crate::plan::{self, RunPlan};
use crate::plugin::{BackendPlugin, TransportPlugin, WrapperPlugin};
use crate::surroundings::Surroundings;
use crate::table_plugin::{Mode, TablePlugin};

/// An application, put together by generated code:
///
/// ```text
/// pub fn app() -> App {
///     let mut app = App::new(include_str!("../plan.json"));
///     app = app.transport("grpc", bp_rt_grpc::plugin());
///     app = app.wrapper("retry", bp_rt_retry::plugin());
///     app = app.backend("memory", bp_rt_memory::plugin());
///     app = app.table("knob", bp_rt_knob::plugin());
///     app = app.interface(interfaces::cart::interface());
///     app = app.implementation("CartImpl", instances::cart_impl);
///     app
/// }
/// ```
///
/// It holds what *any* of the application's wirings may need; the plan chooses among it.
pub struct App {
    plan: Cow<'static, str>,
    registry: Registry,
    surroundings: Surroundings,
}

/// Everything that is linked, by the name that the plan uses.
#[derive(Default)]
pub(crate) struct Registry {
    wrappers: BTreeMap<&'static str, Arc<dyn WrapperPlugin>>,
    transports: BTreeMap<&'static str, Arc<dyn TransportPlugin>>,
    backends: BTreeMap<&'static str, Arc<dyn BackendPlugin>>,
    tables: BTreeMap<&'static str, Arc<dyn TablePlugin>>,
    interfaces: BTreeMap<&'static str, Arc<InterfaceGlue>>,
    /// The first two interfaces that have one path.
    clash: Option<StartError>,
    implementations: BTreeMap<String, Constructor>,
}

impl App {
    /// An application with the plan that it was compiled with; `BP_PLAN` names another.
    pub fn new(plan: impl Into<Cow<'static, str>>) -> Self {
        Self {
            plan: plan.into(),
            registry: Registry::default(),
            surroundings: Surroundings::default(),
        }
    }

    /// Links a wrapper by the plugin's id, which the plan uses.
    pub fn wrapper(mut self, id: &'static str, plugin: impl WrapperPlugin + 'static) -> Self {
        self.registry.wrappers.insert(id, Arc::new(plugin));
        self
    }

    /// Links a transport by the plugin's id.
    pub fn transport(mut self, id: &'static str, plugin: impl TransportPlugin + 'static) -> Self {
        self.registry.transports.insert(id, Arc::new(plugin));
        self
    }

    /// Links a backend by the plugin's id, and the interfaces that it offers, with those that they extend.
    pub fn backend(mut self, id: &'static str, plugin: impl BackendPlugin + 'static) -> Self {
        for glue in plugin.interfaces() {
            self = self.interface(glue);
        }
        self.registry.backends.insert(id, Arc::new(plugin));
        self
    }

    /// Links a plugin that owns tables by its id.
    pub fn table(mut self, id: &'static str, plugin: impl TablePlugin + 'static) -> Self {
        self.registry.tables.insert(id, Arc::new(plugin));
        self
    }

    /// Links an interface, and those that it extends; the application does not start with two of one path.
    pub fn interface(mut self, glue: InterfaceGlue) -> Self {
        self.registry.add_interface(Arc::new(glue));
        self
    }

    /// Links an implementation by the name that the wiring uses.
    pub fn implementation(mut self, name: &str, constructor: Constructor) -> Self {
        self.registry.implementations.insert(name.to_owned(), constructor);
        self
    }

    /// Runs among these surroundings instead of the machine's own: in a test or a simulation, where many processes share a network in memory.
    ///
    /// Their names and metrics do not count: each process has its own.
    pub fn surroundings(mut self, surroundings: Surroundings) -> Self {
        self.surroundings = surroundings;
        self
    }

    /// Runs what the arguments ask for, and says how it went.
    ///
    /// Without arguments it serves the process that `BP_PROCESS` names until SIGTERM or SIGINT, or runs the init that `BP_INIT` names and ends; `call INSTANCE METHOD JSON` makes one call; `health live|ready|startup` asks the process that runs beside it, for containers without a shell; the name of a plugin's mode runs that.
    ///
    /// The exit code is 0 after a clean end or of a healthy process, 1 when start-up, background work, an init or a call failed, 2 for wrong arguments, 75 when calls had to be given up, and that of the mode.
    pub fn main(self) -> ExitCode {
        let arguments: Vec<String> = std::env::args().skip(1).collect();
        self.main_with(Environment::of_process(), &arguments)
    }

    /// As [`App::main`], in another environment and with other arguments (without the program's name).
    pub fn main_with(self, environment: Environment, arguments: &[String]) -> ExitCode {
        lifecycle::main(self, environment, arguments)
    }

    /// Starts what `hosting` asks for, inside a tokio runtime.
    ///
    /// # Errors
    /// Whatever keeps the process from serving; the message names what is wrong.
    pub async fn start(
        self,
        environment: Environment,
        hosting: Hosting,
    ) -> Result<Running, StartError> {
        Running::start(self, environment, hosting).await
    }

    /// Runs the mode named `name` that a plugin adds to the program, such as `smoke`, on the running system, inside a tokio runtime.
    ///
    /// `None` when no plugin adds it.
    pub async fn run_mode(self, environment: Environment, name: &str) -> Option<ExitCode> {
        let (id, mode) = self.registry.modes().find(|(_, mode)| mode.name == name)?;
        Some(mode::run(self, environment, id, mode).await)
    }

    /// The plan in force.
    fn plan(&self, environment: &Environment) -> Result<RunPlan, StartError> {
        let Some(path) = environment.get(variable::PLAN) else { return plan::read(&self.plan) };
        let text = self
            .surroundings
            .files
            .read(path.as_ref())
            .map_err(|error| StartError::because(format!("BP_PLAN: {path}"), &error))?;
        plan::read(&text).map_err(|error| error.at(path))
    }
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App")
            .field("wrappers", &self.registry.wrappers.keys())
            .field("transports", &self.registry.transports.keys())
            .field("backends", &self.registry.backends.keys())
            .field("tables", &self.registry.tables.keys())
            .field("interfaces", &self.registry.interfaces.keys())
            .field("implementations", &self.registry.implementations.keys())
            .finish_non_exhaustive()
    }
}

impl Registry {
    fn add_interface(&mut self, glue: Arc<InterfaceGlue>) {
        for extended in glue.extended() {
            self.add_interface(extended.clone());
        }
        let path = glue.interface().path;
        match self.interfaces.entry(path) {
            Entry::Vacant(place) => {
                place.insert(glue);
            }
            Entry::Occupied(found) if found.get().is_same(&glue) => {}
            Entry::Occupied(found) => {
                let (first, second) = (found.get().describe_trait(), glue.describe_trait());
                self.clash.get_or_insert_with(|| {
                    StartError::new(format!(
                        "two interfaces have the path `{path}`: {first}, and {second}; give one of them another name, or link one version of their crate"
                    ))
                });
            }
        }
    }

    /// # Errors
    /// Two interfaces that are linked have one path, so the plan could mean either.
    fn check_interfaces(&mut self) -> Result<(), StartError> {
        self.clash.take().map_or(Ok(()), Err)
    }

    fn wrapper(&self, id: &str) -> Result<&Arc<dyn WrapperPlugin>, StartError> {
        self.wrappers
            .get(id)
            .ok_or_else(|| not_linked("wrapper", id, self.wrappers.keys().copied()))
    }

    fn transport(&self, id: &str) -> Result<&Arc<dyn TransportPlugin>, StartError> {
        self.transports
            .get(id)
            .ok_or_else(|| not_linked("transport", id, self.transports.keys().copied()))
    }

    /// A backend plugin, and its id as generated code has it.
    fn backend(&self, id: &str) -> Result<(&'static str, &Arc<dyn BackendPlugin>), StartError> {
        self.backends
            .get_key_value(id)
            .map(|(id, plugin)| (*id, plugin))
            .ok_or_else(|| not_linked("backend", id, self.backends.keys().copied()))
    }

    fn table(&self, id: &str) -> Result<&Arc<dyn TablePlugin>, StartError> {
        self.tables
            .get(id)
            .ok_or_else(|| not_linked("table plugin", id, self.tables.keys().copied()))
    }

    /// The modes that plugins add to the program, each with its plugin's id.
    fn modes(&self) -> impl Iterator<Item = (&'static str, Mode)> {
        self.tables.iter().filter_map(|(id, plugin)| Some((*id, plugin.mode()?)))
    }

    fn interface(&self, path: &str) -> Result<&Arc<InterfaceGlue>, StartError> {
        self.interfaces
            .get(path)
            .ok_or_else(|| not_linked("interface", path, self.interfaces.keys().copied()))
    }

    fn implementation(&self, name: &str) -> Result<Constructor, StartError> {
        let known = || self.implementations.keys().map(String::as_str);
        let constructor = self.implementations.get(name).copied();
        constructor.ok_or_else(|| not_linked("implementation", name, known()))
    }
}

fn not_linked<'a>(what: &str, name: &str, known: impl Iterator<Item = &'a str>) -> StartError {
    let known: Vec<_> = known.collect();
    StartError::new(format!(
        "the plan names the {what} `{name}`, which this binary does not hold (it holds: {}); build it for this wiring",
        known.join(", ")
    ))
}
