//! The `memcached` backend: caches on a memcached server, through its meta commands.
//!
//! The library is Shopify's `async-memcached`: it has the meta commands with compare-and-set, and closes a connection whose command was dropped in the middle.

mod cache;
mod entry;

use std::sync::Arc;

use bp_backend::Cache;
use bp_runtime::{
    AnyInstance, BackendContext, BackendPlugin, BoxFuture, Database, InterfaceGlue, StartError,
};
use bp_store::Address;

pub use cache::MemcachedCache;

/// The port of memcached.
const PORT: u16 = 11211;

/// The plugin.
pub fn plugin() -> impl BackendPlugin {
    Plugin
}

struct Plugin;

/// What the wiring says, beside [`bp_store::Limits`]; the compiler fills in defaults.
#[derive(Debug, serde::Deserialize)]
struct Settings {
    address: Option<String>,
    namespace: Option<String>,
    pool: usize,
}

fn open(cx: &BackendContext) -> Result<AnyInstance, StartError> {
    let settings: Settings = cx.settings.read()?;
    let address = Address::of(cx, settings.address.as_deref(), PORT)?;
    let namespace = settings.namespace.as_deref().unwrap_or(&cx.name);
    let limits = cx.settings.live()?;
    match cx.interface.as_str() {
        "bp_backend::Cache" => {
            let cache = MemcachedCache::new(address, namespace, settings.pool, limits)?;
            Ok(AnyInstance::new::<dyn Cache>(Arc::new(cache)))
        }
        other => Err(StartError::new(format!("`memcached` offers no `{other}`"))),
    }
}

impl BackendPlugin for Plugin {
    fn id(&self) -> &'static str {
        "memcached"
    }

    fn database(&self, cx: &BackendContext) -> Result<Database, StartError> {
        Address::database(cx, "memcached", PORT)
    }

    fn interfaces(&self) -> Vec<InterfaceGlue> {
        bp_backend::glue::interfaces()
    }

    fn open(&self, cx: BackendContext) -> BoxFuture<'_, Result<AnyInstance, StartError>> {
        Box::pin(std::future::ready(open(&cx)))
    }
}
