//! The caller's side of an edge.

use std::fmt;
use std::ptr;
use std::sync::Arc;

use bp_data::{ArgumentTuple, Data};

use crate::arguments::{Arguments, LocalArguments, TypedArguments};
use crate::call::{Call, Edge, Reply};
use crate::chain::{Endpoint, Next, Wrapper};
use crate::context::Context;
use crate::error::{Infra, InfraKind, Processed, ServiceError};
use crate::method::Interface;

/// The wrappers of one edge, by method index.
pub(crate) type Chains = Box<[Box<[Arc<dyn Wrapper>]>]>;

/// An edge with its chain and its end. Generated clients of services (`struct Client(pub rt::Client)`) call through it.
///
/// It is a client of every interface: `#[interface]` implements the trait for it. So a client of an edge whose interface extends others is one of those too.
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
    /// What the edge's interface extends, if the interface's glue made it a client of those.
    inherited: Arc<[Inherited]>,
}

/// An interface that another extends.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Inherited {
    pub(crate) interface: &'static Interface,
    /// The index that the first method of its own has in the other.
    pub(crate) first: u16,
}

struct Inner {
    edge: Arc<Edge>,
    interface: &'static Interface,
    chains: Chains,
    end: Arc<dyn Endpoint>,
}

impl Client {
    /// A client whose every method passes `wrappers`, outermost first. The application builds its own; this is for tests and benchmarks.
    #[expect(clippy::needless_pass_by_value, reason = "callers build the list for this")]
    pub fn new(
        edge: Edge,
        interface: &'static Interface,
        wrappers: Vec<Arc<dyn Wrapper>>,
        end: Arc<dyn Endpoint>,
    ) -> Self {
        let chains = interface.methods.iter().map(|_| wrappers.clone().into()).collect();
        Self::with_chains(Arc::new(edge), interface, chains, end)
    }

    pub(crate) fn with_chains(
        edge: Arc<Edge>,
        interface: &'static Interface,
        chains: Chains,
        end: Arc<dyn Endpoint>,
    ) -> Self {
        let inner = Inner { edge, interface, chains, end };
        Self { inner: Arc::new(inner), inherited: Arc::default() }
    }

    /// The client with the places of the methods that its interface inherits.
    pub(crate) fn with_inherited(self, inherited: Arc<[Inherited]>) -> Self {
        Self { inherited, ..self }
    }

    /// Who calls whom.
    pub fn edge(&self) -> &Edge {
        &self.inner.edge
    }

    /// What the callee implements.
    pub fn interface(&self) -> &'static Interface {
        self.inner.interface
    }

    /// Calls the remote method at index `method`.
    ///
    /// # Errors
    /// The service's own error; an infrastructure failure as its infrastructure variant.
    pub async fn call<A: ArgumentTuple, T: Data, E: ServiceError>(
        &self,
        method: u16,
        arguments: A,
    ) -> Result<T, E> {
        self.send(method, Arc::new(TypedArguments(arguments))).await?.into_result()
    }

    /// Calls the remote method at index `method` of an interface that the edge's interface equals or extends, and that declares the method itself.
    ///
    /// # Errors
    /// As [`Client::call`]; `Unimplemented` when the edge's interface has no such method.
    pub async fn call_method<A: ArgumentTuple, T: Data, E: ServiceError>(
        &self,
        declarer: &'static Interface,
        first_own: u16,
        method: u16,
        arguments: A,
    ) -> Result<T, E> {
        let index = self.find_index(declarer, first_own, method)?;
        self.send(index, Arc::new(TypedArguments(arguments))).await?.into_result()
    }

    /// Where the edge's interface has a method; `own` counts from `first`, the first that its declarer does not inherit.
    fn find_index(&self, declarer: &'static Interface, first: u16, own: u16) -> Result<u16, Infra> {
        let interface = self.inner.interface;
        // A description is a static, so its address tells whose it is, also from another of its path.
        if ptr::eq(declarer, interface) {
            return Ok(first + own);
        }
        let is_declarer = |inherited: &&Inherited| ptr::eq(inherited.interface, declarer);
        if let Some(inherited) = self.inherited.iter().find(is_declarer) {
            return Ok(inherited.first + own);
        }
        // A client that no glue made knows its table alone.
        let name = declarer.method_at(first + own).map_or("", |method| method.name);
        interface.method(name).map(|method| method.index).ok_or_else(|| {
            Infra::new(
                InfraKind::Unimplemented,
                Processed::No,
                format!("`{}` has no method `{name}`", interface.path),
            )
        })
    }

    /// Calls a method that cannot leave the process (no `Data` bounds).
    ///
    /// # Errors
    /// As [`Client::call`].
    pub async fn call_local<A, T, E>(&self, method: u16, arguments: A) -> Result<T, E>
    where
        A: Send + 'static,
        T: Send + 'static,
        E: ServiceError,
    {
        self.send(method, Arc::new(LocalArguments::new(arguments))).await?.into_local()
    }

    /// Sends arguments of any form through the chain, in the current context, as a first attempt.
    ///
    /// # Errors
    /// The infrastructure's failure; an application's error is a [`Reply`].
    pub async fn send(&self, method: u16, arguments: Arc<dyn Arguments>) -> Result<Reply, Infra> {
        let inner = &*self.inner;
        let index = usize::from(method);
        let (Some(method), Some(wrappers)) =
            (inner.interface.methods.get(index), inner.chains.get(index))
        else {
            return Err(Infra::new(
                InfraKind::Unimplemented,
                Processed::No,
                format!("`{}` has no method {method}", inner.interface.path),
            ));
        };
        let mut context = Context::current();
        // The caller's own call may be a repetition; this one begins here.
        context.set_attempt(0);
        let call = Call {
            edge: inner.edge.clone(),
            interface: inner.interface,
            method,
            context,
            arguments,
        };
        Next::new(wrappers, &*inner.end).run(call).await
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("edge", &self.inner.edge.key).finish_non_exhaustive()
    }
}
