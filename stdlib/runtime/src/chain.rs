//! The chain that a call passes: wrappers, then an end.

use std::fmt;
use std::sync::Arc;

use futures_util::future::BoxFuture;

use crate::call::{Call, Reply};
use crate::error::Infra;

/// What is put around calls, such as retries. One value serves every method of its edge; per-method settings are a table by [`Method::index`](crate::Method::index).
///
/// The future may be dropped at any await; what must be undone then belongs in a guard's `Drop`.
pub trait Wrapper: Send + Sync {
    /// Handles `call`, by running `next` with it never, once or several times.
    fn call<'a>(&'a self, call: Call, next: Next<'a>) -> BoxFuture<'a, Result<Reply, Infra>>;
}

/// The rest of the chain. It is `Copy`, so that a retry can run it again.
#[derive(Clone, Copy)]
pub struct Next<'a> {
    rest: &'a [Arc<dyn Wrapper>],
    end: &'a dyn Endpoint,
}

impl<'a> Next<'a> {
    /// A chain of `wrappers`, outermost first, that ends in `end`. Wrappers' tests start here.
    pub fn new(wrappers: &'a [Arc<dyn Wrapper>], end: &'a dyn Endpoint) -> Self {
        Self { rest: wrappers, end }
    }

    /// Passes `call` on.
    pub fn run(self, call: Call) -> BoxFuture<'a, Result<Reply, Infra>> {
        match self.rest.split_first() {
            Some((first, rest)) => first.call(call, Next { rest, end: self.end }),
            None => self.end.send(call),
        }
    }
}

impl fmt::Debug for Next<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Next").field("wrappers", &self.rest.len()).finish_non_exhaustive()
    }
}

/// The end of a chain: a transport's client, a callee in the same process, or a handle that is bound later.
pub trait Endpoint: Send + Sync {
    /// Sends `call` and waits for its answer.
    ///
    /// Dropping the future cancels the call. A transport's client turns `call.context` into headers, but need not watch the deadline: the chain drops the future when it passes.
    fn send(&self, call: Call) -> BoxFuture<'_, Result<Reply, Infra>>;
}

/// The server's end of a chain, generated for each interface: decodes, calls the service, wraps its result.
pub trait Dispatch: Send + Sync {
    /// Answers `call`.
    fn dispatch(&self, call: Call) -> Dispatched<'_>;
}

/// The answer to come of a [`Dispatch`].
pub type Dispatched<'a> = BoxFuture<'a, Result<Reply, Infra>>;
