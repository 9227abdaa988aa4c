//! The `redis` backend: caches and sorted sets on a Redis server.
//!
//! A call has a connection of its own, though the library could send many calls over one:
//! a connection that stalls, or has a large value on it, then delays only one call, and a dropped call can close it.

mod cache;
mod server;
mod set_scripts;
mod settings;
mod sorted_sets;

use std::sync::Arc;

use bp_backend::{Cache, SortedSets};
use bp_runtime::BackendPlugin;

use cache::RedisCache;
use settings::PORT;

/// The plugin.
pub fn plugin() -> impl BackendPlugin {
    bp_store::offers(PORT)
        .interface(|cx| async move {
            Ok(Arc::new(RedisCache::new(&cx, &cx.settings.read()?)?) as Arc<dyn Cache>)
        })
        .interface(|cx| async move {
            Ok(Arc::new(RedisCache::new(&cx, &cx.settings.read()?)?) as Arc<dyn SortedSets>)
        })
}
