//! The runtime half of `@NAME@`: what a running system does.

use std::sync::Arc;
use std::time::Duration;

use bp_runtime::{
    BoxFuture, Call, Clock, Infra, Live, Next, Reply, Wrapper, WrapperPlugin, server_wrapper, units,
};
use serde::Deserialize;

/// The plugin: a wrapper in front of each instance that a listener serves.
pub fn plugin() -> impl WrapperPlugin {
    server_wrapper(|cx| {
        Ok(Pause { settings: cx.settings.live()?, clock: cx.surroundings.clock.clone() })
    })
}

/// What the wiring says, as the compile half declares it.
#[derive(Debug, Clone, Deserialize)]
struct PauseSettings {
    #[serde(rename = "for", deserialize_with = "units::duration")]
    wait: Duration,
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
