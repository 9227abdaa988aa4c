//! Gives up on a call after a while, and tells the callee by when.
//!
//! The deadline is the earlier of the caller's own and now plus `after`, so a callee never has longer than its caller.
//! It travels in the context; when it passes, the rest of the chain is dropped, which cancels the call.

mod settings;

use std::sync::Arc;

use bp_runtime::{
    BoxFuture, Call, Clock, Infra, Live, Next, Processed, Reply, Wrapper, WrapperPlugin,
    client_wrapper,
};
use futures_util::future::{Either, select};

use settings::TimeoutSettings;

/// The plugin.
pub fn plugin() -> impl WrapperPlugin {
    client_wrapper(|cx| {
        Ok(Timeout { settings: cx.settings.live()?, clock: cx.surroundings.clock.clone() })
    })
}

#[derive(Debug)]
struct Timeout {
    settings: Live<TimeoutSettings>,
    clock: Arc<dyn Clock>,
}

impl Wrapper for Timeout {
    fn call<'a>(&'a self, mut call: Call, next: Next<'a>) -> BoxFuture<'a, Result<Reply, Infra>> {
        let now = self.clock.now();
        let after = self.settings.of(call.method).after;
        call.context.limit_deadline(now + after);
        let deadline = call.context.deadline().unwrap_or(now + after);
        let (edge, method) = (call.edge.clone(), call.method.name);
        let late = move |processed| {
            Infra::deadline(processed, format!("`{}.{method}` did not answer in time", edge.key))
        };
        if deadline <= now {
            return Box::pin(std::future::ready(Err(late(Processed::No))));
        }
        call.context.set_watched();
        let answer = next.run(call);
        let passed = self.clock.sleep_until(deadline);
        Box::pin(async move {
            // An answer that is ready at the deadline is still an answer.
            match select(answer, passed).await {
                Either::Left((answer, _)) => answer,
                // Returning drops the rest of the chain.
                Either::Right(_) => Err(late(Processed::Maybe)),
            }
        })
    }
}

#[cfg(test)]
mod tests;
