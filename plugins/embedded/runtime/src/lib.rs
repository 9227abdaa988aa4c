//! The `embedded` backend: caches and document stores in a file on disk, by redb, with nothing to install.
//!
//! An instance is one file, `store.redb`, in its own folder, locked by the process that has it open.
//! Reads run concurrently on the runtime's blocking threads; writes go through one thread, which commits all that wait together.
//! A write is answered when it is on disk, unless `durability = "delayed"`.

mod cache;
mod documents;
mod file;

use std::sync::Arc;
use std::time::Duration;

use bp_backend::{Cache, DocumentStore};
use bp_runtime::{
    AnyInstance, BackendContext, BackendPlugin, BoxFuture, InterfaceGlue, StartError,
};

pub use cache::EmbeddedCache;
pub use documents::EmbeddedDocuments;
pub use file::{Durability, Options};

/// The plugin.
pub fn plugin() -> impl BackendPlugin {
    Plugin
}

struct Plugin;

/// What the wiring says; the compiler fills in defaults.
#[derive(Debug, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    durability: Durability,
    #[serde(deserialize_with = "bp_runtime::units::size")]
    page_cache: u64,
    #[serde(deserialize_with = "bp_runtime::units::duration")]
    sweep: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        let Options { durability, page_cache, sweep } = Options::default();
        Self { durability, page_cache, sweep }
    }
}

impl BackendPlugin for Plugin {
    fn id(&self) -> &'static str {
        "embedded"
    }

    fn interfaces(&self) -> Vec<InterfaceGlue> {
        bp_backend::glue::interfaces()
    }

    fn open(&self, cx: BackendContext) -> BoxFuture<'_, Result<AnyInstance, StartError>> {
        Box::pin(async move {
            let Settings { durability, page_cache, sweep } = cx.settings.read()?;
            let options = Options { durability, page_cache, sweep };
            match cx.interface.as_str() {
                "bp_backend::Cache" => EmbeddedCache::open(&cx.folder, options)
                    .await
                    .map(|store| AnyInstance::new::<dyn Cache>(Arc::new(store))),
                "bp_backend::DocumentStore" => EmbeddedDocuments::open(&cx.folder, options)
                    .await
                    .map(|store| AnyInstance::new::<dyn DocumentStore>(Arc::new(store))),
                other => Err(StartError::new(format!("`embedded` offers no `{other}`"))),
            }
        })
    }
}
