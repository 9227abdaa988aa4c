//! The `mongodb` backend: document stores on a MongoDB server.
//!
//! A document is `{ _id, v, b }`: the id, a version, and the body, which is one level down because MongoDB refuses top-level names such as `$set`.
//! MongoDB's comparisons look into arrays and ours do not, so the server is asked for what may match and each document is matched again here.

mod connection;
mod convert;
mod documents;
mod query;
mod settings;

use std::sync::Arc;

use bp_backend::DocumentStore;
use bp_runtime::BackendPlugin;

use documents::MongoDocuments;
use settings::PORT;

/// The plugin.
pub fn plugin() -> impl BackendPlugin {
    bp_store::offers(PORT).interface(|cx| async move {
        Ok(Arc::new(MongoDocuments::new(&cx, &cx.settings.read()?)?) as Arc<dyn DocumentStore>)
    })
}
