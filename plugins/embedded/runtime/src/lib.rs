//! The `embedded` backend: caches and document stores in a file on disk, by redb, with nothing to install.
//!
//! An instance is one file, `store.redb`, in its own folder, locked by the process that has it open.
//! Reads run concurrently on the runtime's blocking threads; writes go through one thread, which commits all that wait together.
//! A write is answered when it is on disk, unless `durability = "delayed"`.

mod cache;
mod documents;
mod file;
mod settings;

use std::sync::Arc;

use bp_backend::{Cache, DocumentStore};
use bp_runtime::{BackendPlugin, Offers};

pub use cache::EmbeddedCache;
pub use documents::EmbeddedDocuments;
pub use settings::{Durability, EmbeddedSettings};

/// The plugin.
pub fn plugin() -> impl BackendPlugin {
    Offers::new()
        .interface(|cx| async move {
            let cache = EmbeddedCache::open(&cx.folder, cx.settings.read()?).await?;
            Ok(Arc::new(cache) as Arc<dyn Cache>)
        })
        .interface(|cx| async move {
            let documents = EmbeddedDocuments::open(&cx.folder, cx.settings.read()?).await?;
            Ok(Arc::new(documents) as Arc<dyn DocumentStore>)
        })
}
