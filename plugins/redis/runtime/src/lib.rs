//! The `redis` backend: caches on a Redis server.
//!
//! A call has a connection of its own, though the library could send many calls over one:
//! a connection that stalls, or has a large value on it, then delays only one call, and a dropped call can close it.

mod cache;

use std::sync::Arc;

use bp_backend::Cache;
use bp_runtime::{
    AnyInstance, BackendContext, BackendPlugin, BoxFuture, Database, InterfaceGlue, Secret,
    StartError,
};
use bp_store::Address;

pub use cache::{Login, RedisCache};

/// The port of Redis.
const PORT: u16 = 6379;

/// The plugin.
pub fn plugin() -> impl BackendPlugin {
    Plugin
}

struct Plugin;

/// What the wiring says, beside [`bp_store::Limits`]; the compiler fills in defaults.
#[derive(Debug, serde::Deserialize)]
struct Settings {
    address: Option<String>,
    user: Option<String>,
    password: Option<Secret>,
    database: i64,
    namespace: Option<String>,
    pool: usize,
}

fn open(cx: &BackendContext) -> Result<AnyInstance, StartError> {
    let settings: Settings = cx.settings.read()?;
    let address = Address::of(cx, settings.address.as_deref(), PORT)?;
    let namespace = settings.namespace.as_deref().unwrap_or(&cx.name);
    let login =
        Login { user: settings.user, password: settings.password, database: settings.database };
    let limits = cx.settings.live()?;
    match cx.interface.as_str() {
        "bp_backend::Cache" => {
            let cache = RedisCache::new(address, &login, namespace, settings.pool, limits)?;
            Ok(AnyInstance::new::<dyn Cache>(Arc::new(cache)))
        }
        other => Err(StartError::new(format!("`redis` offers no `{other}`"))),
    }
}

impl BackendPlugin for Plugin {
    fn id(&self) -> &'static str {
        "redis"
    }

    fn database(&self, cx: &BackendContext) -> Result<Database, StartError> {
        Address::database(cx, "redis", PORT)
    }

    fn interfaces(&self) -> Vec<InterfaceGlue> {
        bp_backend::glue::interfaces()
    }

    fn open(&self, cx: BackendContext) -> BoxFuture<'_, Result<AnyInstance, StartError>> {
        Box::pin(std::future::ready(open(&cx)))
    }
}
