//! A callee in the same process and the same cycle, which may be built after its caller.

use std::sync::{Arc, OnceLock};

use futures_util::future::{self, BoxFuture};

use super::gate::{StartGate, not_started};
use crate::call::{Call, Reply};
use crate::chain::{Dispatch, Endpoint};
use crate::error::Infra;

/// The callee, set once it is built.
pub(crate) type LateCell = Arc<OnceLock<Arc<dyn Dispatch>>>;

/// Answers `NotStarted` until the process has started.
pub(crate) struct LateCallee {
    pub(crate) gate: Arc<StartGate>,
    pub(crate) callee: LateCell,
}

impl Endpoint for LateCallee {
    fn send(&self, call: Call) -> BoxFuture<'_, Result<Reply, Infra>> {
        if let Err(error) = self.gate.pass(&call) {
            return Box::pin(future::ready(Err(error)));
        }
        match self.callee.get() {
            Some(callee) => {
                let context = call.context.clone();
                Box::pin(context.scope(callee.dispatch(call)))
            }
            None => Box::pin(future::ready(Err(not_started(&call.edge)))),
        }
    }
}
