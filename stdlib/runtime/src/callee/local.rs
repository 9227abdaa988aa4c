//! The callee in the same process.

use std::sync::Arc;

use futures_util::future::BoxFuture;

use crate::call::{Call, Reply};
use crate::chain::{Dispatch, Endpoint};
use crate::error::Infra;

/// Hands calls to a callee's dispatch, in the context that the wrappers left.
pub(crate) struct LocalCallee(pub(crate) Arc<dyn Dispatch>);

impl Endpoint for LocalCallee {
    fn send(&self, call: Call) -> BoxFuture<'_, Result<Reply, Infra>> {
        let context = call.context.clone();
        Box::pin(context.scope(self.0.dispatch(call)))
    }
}
