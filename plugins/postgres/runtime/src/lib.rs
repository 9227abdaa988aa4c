//! The `postgres` backend: document stores on a PostgreSQL server, one table for each collection, with a JSONB column for the body.
//!
//! Filters, order, pages and counts are the server's work, in SQL that says exactly what the interface says (see `sql`).
//! An update reads the document, changes it here and writes it if it has not changed in between; so it needs no lock, which a lost connection would leave behind.

mod connection;
mod documents;
mod encode;
mod schema;
mod settings;
mod sql;

use std::sync::Arc;

use bp_backend::DocumentStore;
use bp_runtime::BackendPlugin;

use documents::PostgresDocuments;
use settings::PORT;

/// The plugin.
pub fn plugin() -> impl BackendPlugin {
    bp_store::offers(PORT).system("postgresql").interface(|cx| async move {
        Ok(Arc::new(PostgresDocuments::new(&cx, &cx.settings.read()?)?) as Arc<dyn DocumentStore>)
    })
}
