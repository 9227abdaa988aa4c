//! The embedded backends against the suites, on files, with both durabilities.

#![expect(clippy::unwrap_used, reason = "a failed step of a test ends it")]

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bp_backend::conformance::{self, Failure, StoreFactory};
use bp_backend::{Cache, DocumentStore};
use bp_contract::setting::Settings as _;
use bp_rt_embedded::{Durability, EmbeddedCache, EmbeddedDocuments, EmbeddedSettings};
use tempfile::TempDir;

struct Files {
    root: TempDir,
    options: EmbeddedSettings,
    /// Address of an open store to its folder.
    open: Mutex<BTreeMap<usize, PathBuf>>,
}

impl Files {
    fn new(durability: Durability) -> Arc<Self> {
        let options =
            EmbeddedSettings { durability, sweep: Duration::from_millis(30), ..defaults() };
        Arc::new(Self { root: TempDir::new().unwrap(), options, open: Mutex::default() })
    }

    fn folder(&self) -> PathBuf {
        TempDir::new_in(&self.root).unwrap().keep()
    }

    fn opened<S: ?Sized>(&self, store: &Arc<S>, folder: PathBuf) {
        self.open.lock().unwrap().insert(Arc::as_ptr(store).cast::<()>() as usize, folder);
    }

    fn close<S: ?Sized>(&self, store: Arc<S>) -> PathBuf {
        let folder = self.open.lock().unwrap().remove(&(Arc::as_ptr(&store).cast::<()>() as usize));
        assert_eq!(Arc::strong_count(&store), 1, "the case still holds the store");
        drop(store);
        folder.unwrap()
    }
}

fn failure(error: bp_runtime::StartError) -> Failure {
    Failure::from(error)
}

#[async_trait]
impl StoreFactory<dyn Cache> for Files {
    async fn fresh(&self) -> Result<Arc<dyn Cache>, Failure> {
        let folder = self.folder();
        let store: Arc<dyn Cache> =
            Arc::new(EmbeddedCache::open(&folder, self.options).await.map_err(failure)?);
        self.opened(&store, folder);
        Ok(store)
    }

    async fn reopen(&self, store: Arc<dyn Cache>) -> Result<Option<Arc<dyn Cache>>, Failure> {
        let folder = self.close(store);
        Ok(Some(Arc::new(EmbeddedCache::open(&folder, self.options).await.map_err(failure)?)))
    }
}

#[async_trait]
impl StoreFactory<dyn DocumentStore> for Files {
    async fn fresh(&self) -> Result<Arc<dyn DocumentStore>, Failure> {
        let folder = self.folder();
        let store: Arc<dyn DocumentStore> =
            Arc::new(EmbeddedDocuments::open(&folder, self.options).await.map_err(failure)?);
        self.opened(&store, folder);
        Ok(store)
    }

    async fn reopen(
        &self,
        store: Arc<dyn DocumentStore>,
    ) -> Result<Option<Arc<dyn DocumentStore>>, Failure> {
        let folder = self.close(store);
        Ok(Some(Arc::new(EmbeddedDocuments::open(&folder, self.options).await.map_err(failure)?)))
    }
}

#[tokio::test]
async fn caches_conform() {
    conformance::check_cache(Files::new(Durability::Immediate)).await;
}

#[tokio::test]
async fn caches_conform_with_delayed_durability() {
    conformance::check_cache(Files::new(Durability::Delayed)).await;
}

#[tokio::test]
async fn document_stores_conform() {
    conformance::check_document_store(Files::new(Durability::Immediate)).await;
}

#[tokio::test]
async fn document_stores_conform_with_delayed_durability() {
    conformance::check_document_store(Files::new(Durability::Delayed)).await;
}

/// What a wiring that says nothing gets.
fn defaults() -> EmbeddedSettings {
    EmbeddedSettings::read(&serde_json::Value::Null).unwrap()
}
