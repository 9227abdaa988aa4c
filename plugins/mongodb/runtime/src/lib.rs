//! The `mongodb` backend: document stores on a MongoDB server.
//!
//! A document is `{ _id, v, b }`: the id, a version, and the body, which is one level down because MongoDB refuses top-level names such as `$set`.
//! MongoDB's comparisons look into arrays and ours do not, so the server is asked for what may match and each document is matched again here.

mod connection;
mod convert;
mod documents;
mod query;

use std::sync::Arc;

use bp_backend::DocumentStore;
use bp_runtime::{
    AnyInstance, BackendContext, BackendPlugin, BoxFuture, Database, InterfaceGlue, Secret,
    StartError,
};
use bp_store::{Address, Limits};

pub use connection::Login;
pub use documents::MongoDocuments;

/// The port of MongoDB.
const PORT: u16 = 27017;

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
    database: Option<String>,
    pool: usize,
}

fn open(cx: &BackendContext) -> Result<AnyInstance, StartError> {
    let settings: Settings = cx.settings.read()?;
    let address = Address::of(cx, settings.address.as_deref(), PORT)?;
    let login = Login {
        user: settings.user,
        password: settings.password,
        database: settings.database.unwrap_or_else(|| cx.name.replace('-', "_")),
    };
    let connect_timeout = cx.settings.read::<Limits>()?.connect_timeout;
    let limits = cx.settings.live()?;
    match cx.interface.as_str() {
        "bp_backend::DocumentStore" => {
            let store =
                MongoDocuments::new(address, &login, settings.pool, connect_timeout, limits)?;
            Ok(AnyInstance::new::<dyn DocumentStore>(Arc::new(store)))
        }
        other => Err(StartError::new(format!("`mongodb` offers no `{other}`"))),
    }
}

impl BackendPlugin for Plugin {
    fn id(&self) -> &'static str {
        "mongodb"
    }

    fn database(&self, cx: &BackendContext) -> Result<Database, StartError> {
        Address::database(cx, "mongodb", PORT)
    }

    fn interfaces(&self) -> Vec<InterfaceGlue> {
        bp_backend::glue::interfaces()
    }

    fn open(&self, cx: BackendContext) -> BoxFuture<'_, Result<AnyInstance, StartError>> {
        // The library starts to watch the server at once, on the runtime that it is made on.
        Box::pin(async move { open(&cx) })
    }
}
