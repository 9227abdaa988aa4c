//! A callee across a transport.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use futures_util::future::{self, BoxFuture};

use super::gate::StartGate;
use crate::alarm::Alarm;
use crate::call::{Call, Reply};
use crate::chain::Endpoint;
use crate::clock::Instant;
use crate::error::{Infra, Processed};

/// A transport's client, with a watch on the deadline unless a wrapper watches it.
pub(crate) struct RemoteCallee {
    pub(crate) transport: Arc<dyn Endpoint>,
    /// Present on an edge inside a cycle.
    pub(crate) gate: Option<Arc<StartGate>>,
    /// What a call without a deadline gets, as the plan says.
    pub(crate) deadline: Option<Duration>,
}

impl Endpoint for RemoteCallee {
    fn send(&self, mut call: Call) -> BoxFuture<'_, Result<Reply, Infra>> {
        if let Some(Err(error)) = self.gate.as_ref().map(|gate| gate.pass(&call)) {
            return Box::pin(future::ready(Err(error)));
        }
        let now = Instant::now();
        if let (None, Some(after)) = (call.context.deadline(), self.deadline) {
            call.context.limit_deadline(now + after);
        }
        let Some(deadline) = call.context.deadline() else {
            return self.transport.send(call);
        };
        if deadline <= now {
            let message =
                format!("`{}`: the deadline passed before the call was sent", call.edge.key);
            return Box::pin(future::ready(Err(Infra::deadline(Processed::No, message))));
        }
        if call.context.is_watched() {
            return self.transport.send(call);
        }
        Box::pin(async move {
            let edge = call.edge.clone();
            run_until(deadline, self.transport.send(call), || {
                Infra::deadline(Processed::Maybe, format!("`{}`: no answer in time", edge.key))
            })
            .await
        })
    }
}

/// Runs `future` until `deadline`.
pub(crate) async fn run_until<T>(
    deadline: Instant,
    future: impl Future<Output = Result<T, Infra>>,
    late: impl FnOnce() -> Infra,
) -> Result<T, Infra> {
    let (mut future, mut passed) = (pin!(future), pin!(Alarm::at(deadline)));
    poll_fn(|cx| match future.as_mut().poll(cx) {
        // An answer that is ready at the deadline is still an answer.
        Poll::Ready(outcome) => Poll::Ready(Some(outcome)),
        Poll::Pending => passed.as_mut().poll(cx).map(|()| None),
    })
    .await
    .unwrap_or_else(|| Err(late()))
}
