//! Calls into a running system from outside: for single calls, modes of plugins and black-box tests.

use std::fmt;
use std::sync::Arc;

use bp_data::DecodeError;
use futures_util::future::BoxFuture;
use serde_json::{Map, Value};

use super::assemble::{Assembly, build_edge};
use super::prepare::{Hosting, prepare};
use super::process_state::ProcessState;
use super::{App, Registry};
use crate::callee::RemoteCallee;
use crate::client::Client;
use crate::dynamic_caller::DynamicCaller;
use crate::environment::Environment;
use crate::error::{Infra, StartError};
use crate::instance::{InterfaceGlue, Outcome};
use crate::plan::{EdgePlan, Stack, TransportPlan};

/// A caller outside the system, which reaches its services where they listen.
pub(super) struct OutsideCaller {
    pub(super) state: Arc<ProcessState>,
    registry: Arc<Registry>,
}

impl fmt::Debug for OutsideCaller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OutsideCaller")
            .field("wiring", &self.state.plan.wiring)
            .finish_non_exhaustive()
    }
}

impl OutsideCaller {
    pub(super) fn new(app: App, environment: Environment) -> Result<Self, StartError> {
        let (state, registry) = prepare(app, environment, &Hosting::Embedded)?;
        Ok(Self { state, registry })
    }

    /// A client of the instance named `name`, through the listener that publishes it or, failing that, any that serves it.
    pub(super) fn connect(&self, name: &str) -> Result<(Arc<InterfaceGlue>, Client), StartError> {
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
        // With these a test or a call of a mode has the same time limits as callers outside.
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

impl DynamicCaller for OutsideCaller {
    fn call<'a>(
        &'a self,
        instance: &'a str,
        method: &'a str,
        arguments: &'a Value,
    ) -> BoxFuture<'a, Result<Result<Outcome, Infra>, StartError>> {
        Box::pin(async move {
            let (glue, client) = self.connect(instance)?;
            let interface = glue.interface();
            let found = interface.method(method).ok_or_else(|| {
                let known: Vec<_> = interface.methods.iter().map(|method| method.name).collect();
                StartError::new(format!(
                    "`{}` has no method `{method}`; known: {}",
                    interface.path,
                    known.join(", ")
                ))
            })?;
            // A call without arguments may leave them out altogether.
            let empty = Value::Object(Map::new());
            let arguments = if arguments.is_null() { &empty } else { arguments };
            Ok(glue.call_json(&client, found.index, arguments).await)
        })
    }

    fn canonicalize(
        &self,
        instance: &str,
        method: &str,
        answer: Value,
    ) -> Option<Result<Value, DecodeError>> {
        let interface = self.state.plan.instances.get(instance)?.interface();
        let glue = self.registry.interface(interface).ok()?;
        let method = glue.interface().method(method)?;
        Some(glue.canonicalize(method.index, answer))
    }
}
