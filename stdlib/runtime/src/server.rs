//! The callee's side: what a transport's listener hands its calls to.

use std::fmt;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

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
    inner: Arc<Inner>,
}

struct Inner {
    name: String,
    settings: Settings,
    edge: Arc<Edge>,
    interface: &'static Interface,
    chains: Chains,
    /// What a call without a deadline gets.
    deadline: Option<Duration>,
    end: Arc<dyn Endpoint>,
    tasks: Tasks,
}

impl Server {
    /// What is served, by instance name.
    pub fn served(&self) -> &[Served] {
        &self.served
    }

    /// The instance named `name`.
    pub fn find(&self, name: &str) -> Option<&Served> {
        self.served.iter().find(|served| served.inner.name == name)
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
    pub(crate) fn new(
        settings: Settings,
        edge: Edge,
        interface: &'static Interface,
        chains: Chains,
        deadline: Option<Duration>,
        end: Arc<dyn Endpoint>,
        tasks: Tasks,
    ) -> Self {
        let name = edge.callee.clone();
        let edge = Arc::new(edge);
        let inner = Inner { name, settings, edge, interface, chains, deadline, end, tasks };
        Self { inner: Arc::new(inner) }
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
        Self::new(settings, edge, interface, chains, None, end, Tasks::default())
    }

    /// The instance's name.
    pub fn name(&self) -> &str {
        &self.inner.name
    }

    /// What it implements.
    pub fn interface(&self) -> &'static Interface {
        self.inner.interface
    }

    /// What the transport is told about this instance, such as routes.
    pub fn settings(&self) -> &Settings {
        &self.inner.settings
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
        let inner = self.inner.clone();
        Box::pin(async move {
            let index = usize::from(method);
            let (Some(method), Some(wrappers)) =
                (inner.interface.methods.get(index), inner.chains.get(index))
            else {
                let message = format!("`{}` has no method {method}", inner.interface.path);
                return Err(Infra::new(InfraKind::Unimplemented, Processed::No, message));
            };
            let _counted = inner.tasks.token();
            context.set_tasks(inner.tasks.clone());
            let now = Instant::now();
            if let (None, Some(after)) = (context.deadline(), inner.deadline) {
                context.limit_deadline(now + after);
            }
            let deadline = context.deadline();
            if deadline.is_some_and(|deadline| deadline <= now) {
                return Err(Infra::deadline(Processed::No, "the deadline passed on the way"));
            }
            let call = Call {
                edge: inner.edge.clone(),
                interface: inner.interface,
                method,
                context,
                arguments: Arc::new(arguments),
            };
            let late = || Infra::deadline(Processed::Maybe, "the deadline passed in the handler");
            let answer = async {
                let chain = Next::new(wrappers, &*inner.end).run(call);
                match deadline {
                    Some(deadline) => run_until(deadline, chain, late).await,
                    None => chain.await,
                }
            };
            // The handler's state is dropped with its future, so nothing sees a half-changed state afterwards.
            match AssertUnwindSafe(answer).catch_unwind().await {
                Ok(outcome) => outcome,
                Err(panic) => {
                    let text = panic_text(&*panic);
                    tracing::error!(
                        service = inner.name,
                        method = method.name,
                        panic = text,
                        "a handler panicked"
                    );
                    Err(Infra::internal(format!("`{}.{}` panicked", inner.name, method.name)))
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
        f.debug_struct("Served").field("name", &self.inner.name).finish_non_exhaustive()
    }
}
