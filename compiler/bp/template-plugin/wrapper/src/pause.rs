//! What a running system does.

use std::sync::Arc;

use bp_runtime::{
    BoxFuture, Call, Clock, Infra, Live, Next, Reply, Wrapper, WrapperPlugin, server_wrapper,
};

use crate::PauseSettings;

/// The plugin: a wrapper in front of each instance that a listener serves.
pub fn plugin() -> impl WrapperPlugin {
    server_wrapper(|cx| {
        Ok(Pause { settings: cx.settings.live()?, clock: cx.surroundings.clock.clone() })
    })
}

struct Pause {
    settings: Live<PauseSettings>,
    clock: Arc<dyn Clock>,
}

impl Wrapper for Pause {
    fn call<'a>(&'a self, call: Call, next: Next<'a>) -> BoxFuture<'a, Result<Reply, Infra>> {
        let wait = self.settings.of(call.method).wait;
        Box::pin(async move {
            self.clock.sleep(wait).await;
            next.run(call).await
        })
    }
}
