//! The callee's side: what a transport's listener hands its calls to.

use std::fmt;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use crate::alarm::Alarm;
use crate::arguments::Encoded;
use crate::call::{Call, Edge, Reply};
use crate::callee::run_until;
use crate::chain::{Endpoint, Next};
use crate::client::Chains;
use crate::clock::Instant;
use crate::context::Context;
use crate::error::{Infra, InfraKind, Processed};
use crate::method::Interface;
use crate::panic::panic_text;
use crate::settings::Settings;
use crate::tasks::Tasks;

/// The instances that a listener serves.
#[derive(Debug)]
pub struct Server {
    pub(crate) served: Vec<Served>,
}

/// An instance behind a listener.
#[derive(Clone)]
pub struct Served {
    parts: Arc<ServedParts>,
}

/// What makes an instance one behind a listener.
pub(crate) struct ServedParts {
    /// What the transport is told about it.
    pub(crate) settings: Settings,
    /// Its name is the callee's.
    pub(crate) edge: Arc<Edge>,
    pub(crate) interface: &'static Interface,
    pub(crate) chains: Chains,
    /// What a call without a deadline gets.
    pub(crate) deadline: Option<Duration>,
    /// Whether the outside calls it through this listener.
    pub(crate) published: bool,
    pub(crate) end: Arc<dyn Endpoint>,
    pub(crate) tasks: Tasks,
}

impl Server {
    /// What is served, by instance name.
    pub fn served(&self) -> &[Served] {
        &self.served
    }

    /// The instance named `name`.
    pub fn find(&self, name: &str) -> Option<&Served> {
        self.served.iter().find(|served| served.name() == name)
    }

    /// Answers a call by names: [`Server::find`], then [`Served::call`].
    ///
    /// # Errors
    /// `Unimplemented` for an unknown instance or method; else as [`Served::call`].
    pub async fn call(
        &self,
        instance: &str,
        method: &str,
        arguments: Encoded,
        context: Context,
    ) -> Result<Reply, Infra> {
        let unknown = |what: String| Infra::new(InfraKind::Unimplemented, Processed::No, what);
        let served = self
            .find(instance)
            .ok_or_else(|| unknown(format!("`{instance}` is not served here")))?;
        let interface = served.interface();
        let method = interface
            .method(method)
            .ok_or_else(|| unknown(format!("`{}` has no method `{method}`", interface.path)))?;
        served.call(method.index, arguments, context).await
    }
}

impl Served {
    pub(crate) fn new(parts: ServedParts) -> Self {
        Self { parts: Arc::new(parts) }
    }

    /// An instance without server wrappers, for tests of transports.
    pub fn for_test(
        name: &str,
        interface: &'static Interface,
        settings: Settings,
        end: Arc<dyn Endpoint>,
    ) -> Self {
        let edge = Edge {
            key: format!("*->{name}"),
            caller: "*".to_owned(),
            callee: name.to_owned(),
            cyclic: false,
            remote: true,
            server: true,
        };
        let chains = interface.methods.iter().map(|_| Box::default()).collect();
        Self::new(ServedParts {
            settings,
            edge: Arc::new(edge),
            interface,
            chains,
            deadline: None,
            published: false,
            end,
            tasks: Tasks::default(),
        })
    }

    /// The instance's name.
    pub fn name(&self) -> &str {
        &self.parts.edge.callee
    }

    /// What it implements.
    pub fn interface(&self) -> &'static Interface {
        self.parts.interface
    }

    /// What the transport is told about this instance, such as routes.
    pub fn settings(&self) -> &Settings {
        &self.parts.settings
    }

    /// Answers a call through the server's chain, in `context`, until its deadline; a call without a deadline gets the one that the plan gives it.
    ///
    /// A panic of the handler is the caller's `Internal`. Dropping the future cancels the call.
    ///
    /// # Errors
    /// The infrastructure's failure, to be sent in the transport's way with its kind and `processed`.
    pub fn call(
        &self,
        method: u16,
        arguments: Encoded,
        mut context: Context,
    ) -> BoxFuture<'static, Result<Reply, Infra>> {
        let parts = self.parts.clone();
        Box::pin(async move {
            let index = usize::from(method);
            let (Some(method), Some(wrappers)) =
                (parts.interface.methods.get(index), parts.chains.get(index))
            else {
                let message = format!("`{}` has no method {method}", parts.interface.path);
                return Err(Infra::new(InfraKind::Unimplemented, Processed::No, message));
            };
            let _counted = parts.tasks.token();
            context.set_tasks(parts.tasks.clone());
            if parts.published {
                // Anybody may send the header, and nothing tells the system's own callers from others here.
                context.set_attempt(0);
            }
            let now = Instant::now();
            if let (None, Some(after)) = (context.deadline(), parts.deadline) {
                context.limit_deadline(now + after);
            }
            let deadline = context.deadline();
            if deadline.is_some_and(|deadline| deadline <= now) {
                return Err(Infra::deadline(Processed::No, "the deadline passed on the way"));
            }
            let call = Call {
                edge: parts.edge.clone(),
                interface: parts.interface,
                method,
                context,
                arguments: Arc::new(arguments),
            };
            let late = || Infra::deadline(Processed::Maybe, "the deadline passed in the handler");
            let answer = async {
                let chain = Next::new(wrappers, &*parts.end).run(call);
                match deadline {
                    Some(deadline) => run_until(deadline, chain, late).await,
                    None => chain.await,
                }
            };
            // The handler's state is dropped with its future, so nothing sees a half-changed state afterwards.
            match AssertUnwindSafe(answer).catch_unwind().await {
                Ok(Ok(mut reply)) => {
                    if let Some(deadline) = deadline {
                        reply.limit_guards(Alarm::at(deadline));
                    }
                    Ok(reply)
                }
                Ok(failed) => failed,
                Err(panic) => {
                    let text = panic_text(&*panic);
                    tracing::error!(
                        service = parts.edge.callee,
                        method = method.name,
                        panic = text,
                        "a handler panicked"
                    );
                    Err(Infra::internal(format!(
                        "`{}.{}` panicked",
                        parts.edge.callee, method.name
                    )))
                }
            }
        })
    }
}

impl Server {
    /// A server of these, for tests of transports.
    pub fn for_test(served: Vec<Served>) -> Self {
        Self { served }
    }
}

impl fmt::Debug for Served {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Served").field("name", &self.name()).finish_non_exhaustive()
    }
}
