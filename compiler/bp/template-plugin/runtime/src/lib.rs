//! The runtime half of `@NAME@`: what a running system does.

use std::sync::Arc;
use std::time::Duration;

use bp_backend::Cache;
use bp_backend::memory::{CacheLimits, MemoryCache};
use bp_runtime::{
    AnyInstance, BackendContext, BackendPlugin, BoxFuture, Call, Clock, Infra, InterfaceGlue, Live,
    Next, Reply, StartError, Wrapper, WrapperContext, WrapperPlugin, units,
};
use serde::Deserialize;

/// The wrapper.
pub fn wrapper() -> impl WrapperPlugin {
    PausePlugin
}

struct PausePlugin;

impl WrapperPlugin for PausePlugin {
    fn id(&self) -> &'static str {
        "@NAME@"
    }

    fn server(&self, cx: &WrapperContext) -> Result<Option<Arc<dyn Wrapper>>, StartError> {
        let clock = cx.surroundings.clock.clone();
        Ok(Some(Arc::new(Pause { settings: cx.settings.live()?, clock })))
    }
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

/// The backend.
pub fn cache() -> impl BackendPlugin {
    CachePlugin
}

struct CachePlugin;

/// What the wiring says, as the compile half declares it.
#[derive(Debug, Deserialize)]
struct CacheSettings {
    items: usize,
}

impl BackendPlugin for CachePlugin {
    fn id(&self) -> &'static str {
        "@NAME@-cache"
    }

    fn interfaces(&self) -> Vec<InterfaceGlue> {
        bp_backend::glue::interfaces()
    }

    fn open(&self, cx: BackendContext) -> BoxFuture<'_, Result<AnyInstance, StartError>> {
        Box::pin(async move {
            let settings: CacheSettings = cx.settings.read()?;
            let limits = CacheLimits { items: settings.items, ..CacheLimits::default() };
            let cache = MemoryCache::with_clock(limits, Arc::clone(&cx.surroundings.clock));
            Ok(AnyInstance::new::<dyn Cache>(Arc::new(cache)))
        })
    }
}

#[cfg(test)]
mod tests {
    use bp_runtime::{Settings, Surroundings};
    use serde_json::json;

    use super::*;

    #[tokio::test]
    async fn the_cache_keeps_as_many_entries_as_the_wiring_says() {
        let cx = BackendContext {
            name: "recent_cache".into(),
            interface: "bp_backend::Cache".into(),
            settings: Settings::of("backend `recent_cache`", json!({ "items": 1 })),
            address: None,
            folder: "unused".into(),
            surroundings: Surroundings::default(),
        };
        let opened = cache().open(cx).await.unwrap();
        let cache = opened.get::<dyn Cache>().unwrap();
        for key in ["a", "b"] {
            cache.put(key.into(), "v".into(), None).await.unwrap();
        }
        assert_eq!(cache.get("a".into()).await, Ok(None));
        assert_eq!(cache.get("b".into()).await, Ok(Some("v".into())));
    }
}
