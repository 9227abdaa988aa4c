//! What a running system does.

use std::sync::Arc;

use bp_backend::Cache;
use bp_backend::memory::{CacheLimits, MemoryCache};
use bp_runtime::{BackendPlugin, Offers};

use crate::MemorySettings;

/// The plugin: how an instance of each interface that it offers is opened.
pub fn plugin() -> impl BackendPlugin {
    Offers::new().interface(|cx| async move {
        let settings: MemorySettings = cx.settings.read()?;
        let limits = CacheLimits { items: settings.items, ..CacheLimits::default() };
        Ok(Arc::new(MemoryCache::with_clock(limits, cx.surroundings.clock)) as Arc<dyn Cache>)
    })
}

#[cfg(test)]
mod tests {
    use bp_runtime::{BackendContext, Settings, Surroundings};
    use serde_json::json;

    use super::*;

    #[tokio::test]
    async fn the_cache_keeps_as_many_entries_as_the_wiring_says() {
        let cx = BackendContext {
            name: "recent_cache".into(),
            plugin: "@NAME@-memory",
            interface: "bp_backend::Cache".into(),
            settings: Settings::of("backend `recent_cache`", json!({ "items": 1 })),
            address: None,
            folder: "unused".into(),
            surroundings: Surroundings::default(),
        };
        let opened = plugin().open(cx).await.unwrap();
        let cache = opened.get::<dyn Cache>().unwrap();
        for key in ["a", "b"] {
            cache.put(key.into(), "v".into(), None).await.unwrap();
        }
        assert_eq!(cache.get("a".into()).await, Ok(None));
        assert_eq!(cache.get("b".into()).await, Ok(Some("v".into())));
    }
}
