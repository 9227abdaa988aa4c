//! The `memcached` backend: caches on a memcached server, through its meta commands.
//!
//! The library is Shopify's `async-memcached`: it has the meta commands with compare-and-set, and closes a connection whose command was dropped in the middle.

mod cache;
mod entry;
mod settings;

use std::sync::Arc;

use bp_backend::Cache;
use bp_runtime::BackendPlugin;

use cache::MemcachedCache;
use settings::PORT;

/// The plugin.
pub fn plugin() -> impl BackendPlugin {
    bp_store::offers(PORT).interface(|cx| async move {
        Ok(Arc::new(MemcachedCache::new(&cx, &cx.settings.read()?)?) as Arc<dyn Cache>)
    })
}
