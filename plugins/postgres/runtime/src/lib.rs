//! The `postgres` backend: document stores on a PostgreSQL server, one table for each collection, with a JSONB column for the body.
//!
//! Filters, order, pages and counts are the server's work, in SQL that says exactly what the interface says (see `sql`).
//! An update reads the document, changes it here and writes it if it has not changed in between; so it needs no lock, which a lost connection would leave behind.

mod connection;
mod documents;
mod encode;
mod schema;
mod sql;

use std::sync::Arc;

use bp_backend::DocumentStore;
use bp_runtime::{
    AnyInstance, BackendContext, BackendPlugin, BoxFuture, Database, InterfaceGlue, Secret,
    StartError,
};
use bp_store::Address;

pub use connection::Login;
pub use documents::PostgresDocuments;

/// The port of PostgreSQL.
const PORT: u16 = 5432;

/// The plugin.
pub fn plugin() -> impl BackendPlugin {
    Plugin
}

struct Plugin;

/// What the wiring says, beside [`bp_store::Limits`]; the compiler fills in defaults.
#[derive(Debug, serde::Deserialize)]
struct Settings {
    address: Option<String>,
    user: String,
    password: Option<Secret>,
    database: String,
    schema: Option<String>,
    pool: usize,
}

fn open(cx: &BackendContext) -> Result<AnyInstance, StartError> {
    let settings: Settings = cx.settings.read()?;
    let address = Address::of(cx, settings.address.as_deref(), PORT)?;
    let schema = settings.schema.unwrap_or_else(|| cx.name.replace('-', "_"));
    let login =
        Login { user: settings.user, password: settings.password, database: settings.database };
    let limits = cx.settings.live()?;
    match cx.interface.as_str() {
        "bp_backend::DocumentStore" => {
            let store = PostgresDocuments::new(address, &login, schema, settings.pool, limits)?;
            Ok(AnyInstance::new::<dyn DocumentStore>(Arc::new(store)))
        }
        other => Err(StartError::new(format!("`postgres` offers no `{other}`"))),
    }
}

impl BackendPlugin for Plugin {
    fn id(&self) -> &'static str {
        "postgres"
    }

    fn database(&self, cx: &BackendContext) -> Result<Database, StartError> {
        Address::database(cx, "postgresql", PORT)
    }

    fn interfaces(&self) -> Vec<InterfaceGlue> {
        bp_backend::glue::interfaces()
    }

    fn open(&self, cx: BackendContext) -> BoxFuture<'_, Result<AnyInstance, StartError>> {
        Box::pin(std::future::ready(open(&cx)))
    }
}
