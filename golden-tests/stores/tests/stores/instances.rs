//! Instances as the wiring would open them.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bp_backend::conformance::{Failure, StoreFactory};
use bp_backend::{Cache, DocumentStore, SortedSets};
use bp_runtime::{AnyInstance, BackendContext, BackendPlugin, Settings, StartError, Surroundings};
use serde_json::{Value, json};
use store_tests::Kind;

/// Opens instances of one plugin on one server, each apart from the others.
#[derive(Clone)]
pub(crate) struct Instances {
    kind: Kind,
    port: u16,
    next: Arc<AtomicU32>,
    /// Address of an open instance to its name.
    open: Arc<Mutex<BTreeMap<usize, String>>>,
}

/// Settings as the compiler completes them.
pub(crate) fn settings(extra: &Value) -> Value {
    let mut settings =
        json!({ "pool": 4, "timeout": "60s", "wait": "60s", "connect_timeout": "60s" });
    if let (Value::Object(all), Value::Object(extra)) = (&mut settings, extra) {
        all.extend(extra.clone());
    }
    settings
}

/// Opens an instance by its plugin.
pub(crate) async fn open(
    kind: Kind,
    interface: &str,
    name: &str,
    address: &str,
    extra: &Value,
) -> Result<AnyInstance, StartError> {
    let mut settings = settings(extra);
    let (id, plugin): (_, Box<dyn BackendPlugin>) = match kind {
        Kind::Memcached => ("memcached", Box::new(bp_rt_memcached::plugin())),
        Kind::Redis => {
            settings["database"] = json!(0);
            ("redis", Box::new(bp_rt_redis::plugin()))
        }
        Kind::Mongodb => ("mongodb", Box::new(bp_rt_mongodb::plugin())),
        Kind::Postgres => {
            settings["user"] = settings.get("user").cloned().unwrap_or(json!("postgres"));
            settings["database"] = json!("postgres");
            ("postgres", Box::new(bp_rt_postgres::plugin()))
        }
    };
    let context = BackendContext {
        name: name.to_owned(),
        plugin: id,
        interface: interface.to_owned(),
        settings: Settings::of(format!("backend `{name}`"), settings),
        address: Some(address.to_owned()),
        folder: "unused".into(),
        surroundings: Surroundings::default(),
    };
    plugin.open(context).await
}

impl Instances {
    pub(crate) fn of(kind: Kind, port: u16) -> Self {
        Self { kind, port, next: Arc::default(), open: Arc::default() }
    }

    pub(crate) fn kind(&self) -> Kind {
        self.kind
    }

    /// A name that no other instance has.
    pub(crate) fn name(&self) -> String {
        format!("store_{}", self.next.fetch_add(1, Ordering::Relaxed))
    }

    async fn named<S: ?Sized + Send + Sync + 'static>(
        &self,
        interface: &str,
        name: String,
    ) -> Result<Arc<S>, Failure> {
        let address = format!("127.0.0.1:{}", self.port);
        let opened = open(self.kind, interface, &name, &address, &json!({})).await?;
        let instance: Arc<S> = opened.get().ok_or_else(|| Failure::new("another trait"))?;
        let key = Arc::as_ptr(&instance).cast::<()>() as usize;
        self.open.lock().unwrap().insert(key, name);
        Ok(instance)
    }

    /// Ends an instance; answers its name.
    fn close<S: ?Sized>(&self, instance: Arc<S>) -> String {
        let key = Arc::as_ptr(&instance).cast::<()>() as usize;
        drop(instance);
        self.open.lock().unwrap().remove(&key).unwrap()
    }
}

const CACHE: &str = "bp_backend::Cache";
const SORTED_SETS: &str = "bp_backend::SortedSets";
const DOCUMENTS: &str = "bp_backend::DocumentStore";

#[async_trait]
impl StoreFactory<dyn Cache> for Instances {
    async fn fresh(&self) -> Result<Arc<dyn Cache>, Failure> {
        self.named(CACHE, self.name()).await
    }

    async fn reopen(&self, store: Arc<dyn Cache>) -> Result<Option<Arc<dyn Cache>>, Failure> {
        let name = self.close(store);
        self.named(CACHE, name).await.map(Some)
    }

    fn granularity(&self) -> Duration {
        // memcached counts whole seconds, and rounds up twice.
        if self.kind == Kind::Memcached { Duration::from_secs(2) } else { Duration::ZERO }
    }
}

#[async_trait]
impl StoreFactory<dyn SortedSets> for Instances {
    async fn fresh(&self) -> Result<Arc<dyn SortedSets>, Failure> {
        self.named(SORTED_SETS, self.name()).await
    }

    async fn reopen(
        &self,
        store: Arc<dyn SortedSets>,
    ) -> Result<Option<Arc<dyn SortedSets>>, Failure> {
        let name = self.close(store);
        self.named(SORTED_SETS, name).await.map(Some)
    }
}

#[async_trait]
impl StoreFactory<dyn DocumentStore> for Instances {
    async fn fresh(&self) -> Result<Arc<dyn DocumentStore>, Failure> {
        self.named(DOCUMENTS, self.name()).await
    }

    async fn reopen(
        &self,
        store: Arc<dyn DocumentStore>,
    ) -> Result<Option<Arc<dyn DocumentStore>>, Failure> {
        let name = self.close(store);
        self.named(DOCUMENTS, name).await.map(Some)
    }
}
