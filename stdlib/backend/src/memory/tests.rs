//! The memory backends against the suites, on tokio's clock, which is moved to the next sleeper's time when all others wait too.

use std::sync::Arc;

use async_trait::async_trait;

use super::{MemoryCache, MemoryDocuments};
use crate::conformance::{self, Failure, StoreFactory};
use crate::{Cache, DocumentStore, SortedSets};

pub(crate) struct Caches;

#[async_trait]
impl StoreFactory<dyn Cache> for Caches {
    async fn fresh(&self) -> Result<Arc<dyn Cache>, Failure> {
        Ok(Arc::new(MemoryCache::default()))
    }
}

#[async_trait]
impl StoreFactory<dyn SortedSets> for Caches {
    async fn fresh(&self) -> Result<Arc<dyn SortedSets>, Failure> {
        Ok(Arc::new(MemoryCache::default()))
    }
}

pub(crate) struct Documents;

#[async_trait]
impl StoreFactory<dyn DocumentStore> for Documents {
    async fn fresh(&self) -> Result<Arc<dyn DocumentStore>, Failure> {
        Ok(Arc::new(MemoryDocuments::new()))
    }
}

#[tokio::test(start_paused = true)]
async fn the_cache_conforms() {
    conformance::check_cache(Arc::new(Caches)).await;
}

#[tokio::test(start_paused = true)]
async fn the_sorted_sets_conform() {
    conformance::check_sorted_sets(Arc::new(Caches)).await;
}

#[tokio::test(start_paused = true)]
async fn the_document_store_conforms() {
    conformance::check_document_store(Arc::new(Documents)).await;
}
