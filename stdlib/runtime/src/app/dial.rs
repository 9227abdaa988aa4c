//! Calls into a running system from outside: for smoke calls, single calls and black-box tests.

use std::sync::Arc;

use super::assemble::{Assembly, build_edge};
use super::process_state::ProcessState;
use super::running::{Hosting, prepare};
use super::{App, Registry};
use crate::callee::RemoteCallee;
use crate::client::Client;
use crate::environment::Environment;
use crate::error::StartError;
use crate::instance::InterfaceGlue;
use crate::plan::{EdgePlan, RunPlan, Stack, TransportPlan};

/// A caller outside the system.
pub(crate) struct OutsideCaller {
    state: Arc<ProcessState>,
    registry: Arc<Registry>,
}

impl OutsideCaller {
    pub(crate) fn new(app: App, environment: Environment) -> Result<Self, StartError> {
        let (state, registry) = prepare(app, environment, &Hosting::Embedded)?;
        Ok(Self { state, registry })
    }

    pub(super) fn plan(&self) -> &RunPlan {
        &self.state.plan
    }

    /// A client of the instance named `name`, through the listener that publishes it or, failing that, any that serves it.
    pub(crate) fn connect(&self, name: &str) -> Result<(Arc<InterfaceGlue>, Client), StartError> {
        let plan = &self.state.plan;
        let instance = plan.instances.get(name).ok_or_else(|| {
            let known: Vec<_> = plan.instances.keys().map(String::as_str).collect();
            StartError::new(format!("there is no `{name}`; known: {}", known.join(", ")))
        })?;
        let key = format!("client->{name}");
        let made;
        let edge = if let Some(edge) = plan.edges.get(&key) {
            edge
        } else {
            made = self.plan_edge_to_any_listener(name, instance.interface())?;
            &made
        };
        let glue = self.registry.interface(&edge.interface)?.clone();
        let shared = Arc::new(build_edge(&key, edge, true));
        let interface = glue.interface();
        let assembly = Assembly::new(&self.registry, &self.state);
        let transport = assembly.connect(&key, edge, &shared)?;
        // With these a test or a smoke call has the same time limits as callers outside.
        let chains = assembly.build_client_chains(&key, edge, &shared, interface)?;
        let end = Arc::new(RemoteCallee { transport, gate: None, deadline: edge.deadline });
        Ok((glue, Client::with_chains(shared, interface, chains, end)))
    }

    /// An edge like the one that the wiring would have if it published `name`.
    fn plan_edge_to_any_listener(
        &self,
        name: &str,
        interface: &str,
    ) -> Result<EdgePlan, StartError> {
        let serving = self.state.plan.listeners.iter().find(|(_, l)| l.serves.contains_key(name));
        let (listener, plan) = serving.ok_or_else(|| {
            StartError::new(format!(
                "`{name}` is neither published nor does it listen under the wiring `{}`, so nothing outside can call it",
                self.state.plan.wiring
            ))
        })?;
        Ok(EdgePlan {
            caller: "client".to_owned(),
            callee: name.to_owned(),
            interface: interface.to_owned(),
            remote: true,
            cyclic: false,
            client: Stack::default(),
            transport: Some(TransportPlan {
                plugin: plan.transport.clone(),
                settings: plan.settings.clone(),
            }),
            listener: Some(listener.clone()),
            deadline: plan.serves.get(name).and_then(|served| served.deadline),
        })
    }
}
