//! The `redis` backend: caches on a Redis server.
//!
//! A call has a connection of its own, though the library could send many calls over one:
//! a connection that stalls, or has a large value on it, then delays only one call, and a dropped call can close it.

mod cache;
mod settings;

use std::sync::Arc;

use bp_backend::Cache;
use bp_runtime::BackendPlugin;

use cache::RedisCache;
use settings::PORT;

/// The plugin.
pub fn plugin() -> impl BackendPlugin {
    bp_store::offers(PORT).interface(|cx| async move {
        Ok(Arc::new(RedisCache::new(&cx, &cx.settings.read()?)?) as Arc<dyn Cache>)
    })
}
