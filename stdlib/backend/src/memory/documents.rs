//! A document store in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use crate::engine::{self, Pager, index, validate};
use crate::{BackendError, Document, DocumentStore, Filter, Index, Json, Page, Query, Update};

/// A [`DocumentStore`] in memory, without bound.
#[derive(Debug, Default)]
pub struct MemoryDocuments {
    collections: Mutex<BTreeMap<String, Collection>>,
}

#[derive(Debug, Default)]
struct Collection {
    bodies: BTreeMap<String, Json>,
    indexes: BTreeMap<String, SecondaryIndex>,
}

#[derive(Debug)]
struct SecondaryIndex {
    index: Index,
    /// Index key to id, for every document.
    keys: BTreeMap<Vec<u8>, String>,
}

impl MemoryDocuments {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// Every critical section leaves the collections consistent, so a poisoned lock can be used.
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Collection>> {
        self.collections.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Collection {
    fn document(&self, id: &str) -> Option<Document> {
        self.bodies.get(id).map(|body| Document { id: id.to_owned(), body: body.clone() })
    }

    fn put(&mut self, document: Document) {
        self.remove(&document.id);
        for secondary in self.indexes.values_mut() {
            secondary.keys.insert(index::key(&secondary.index, &document), document.id.clone());
        }
        self.bodies.insert(document.id, document.body);
    }

    fn remove(&mut self, id: &str) -> bool {
        let Some(body) = self.bodies.remove(id) else { return false };
        let document = Document { id: id.to_owned(), body };
        for secondary in self.indexes.values_mut() {
            secondary.keys.remove(&index::key(&secondary.index, &document));
        }
        true
    }

    /// Visits, in order of id, the documents behind `start` that an index or else a scan finds; `visit` says whether to go on.
    fn scan(&self, filter: &Filter, start: Option<&str>, mut visit: impl FnMut(Document) -> bool) {
        let bounds = (start.map_or(Bound::Unbounded, Bound::Excluded), Bound::Unbounded);
        match self.candidates(filter) {
            Some(ids) => {
                for id in ids.range::<str, _>(bounds) {
                    if self.document(id).is_some_and(|document| !visit(document)) {
                        return;
                    }
                }
            }
            None => {
                for (id, body) in self.bodies.range::<str, _>(bounds) {
                    if !visit(Document { id: id.clone(), body: body.clone() }) {
                        return;
                    }
                }
            }
        }
    }

    /// The ids among which an index says the matches are.
    fn candidates(&self, filter: &Filter) -> Option<BTreeSet<String>> {
        let (index, prefixes) =
            index::choose(filter, self.indexes.values().map(|secondary| &secondary.index))?;
        let keys = &self.indexes.get(&index.name)?.keys;
        let hits = prefixes.iter().flat_map(|prefix| {
            keys.range::<[u8], _>((Bound::Included(prefix.as_slice()), Bound::Unbounded))
                .take_while(move |(key, _)| key.starts_with(prefix))
        });
        Some(hits.map(|(_, id)| id.clone()).collect())
    }
}

#[async_trait]
impl DocumentStore for MemoryDocuments {
    async fn insert(&self, collection: String, document: Document) -> Result<(), BackendError> {
        validate::name(&collection)?;
        let (document, _) = validate::document(document)?;
        let mut collections = self.lock();
        if collections.get(&collection).is_some_and(|found| found.bodies.contains_key(&document.id))
        {
            return Err(BackendError::AlreadyExists(format!(
                "document `{}` in `{collection}`",
                document.id
            )));
        }
        collections.entry(collection).or_default().put(document);
        Ok(())
    }

    async fn put(&self, collection: String, document: Document) -> Result<(), BackendError> {
        validate::name(&collection)?;
        let (document, _) = validate::document(document)?;
        self.lock().entry(collection).or_default().put(document);
        Ok(())
    }

    async fn get(&self, collection: String, id: String) -> Result<Option<Document>, BackendError> {
        validate::name(&collection)?;
        validate::id(&id)?;
        Ok(self.lock().get(&collection).and_then(|found| found.document(&id)))
    }

    async fn get_many(
        &self,
        collection: String,
        ids: Vec<String>,
    ) -> Result<Vec<Option<Document>>, BackendError> {
        validate::name(&collection)?;
        ids.iter().try_for_each(|id| validate::id(id))?;
        let collections = self.lock();
        let found = collections.get(&collection);
        Ok(ids.iter().map(|id| found.and_then(|found| found.document(id))).collect())
    }

    async fn delete(&self, collection: String, id: String) -> Result<bool, BackendError> {
        validate::name(&collection)?;
        validate::id(&id)?;
        Ok(self.lock().get_mut(&collection).is_some_and(|found| found.remove(&id)))
    }

    async fn find(&self, collection: String, query: Query) -> Result<Page, BackendError> {
        validate::name(&collection)?;
        validate::query(&query)?;
        let mut pager = Pager::new(&query)?;
        let start = pager.start().map(str::to_owned);
        if let Some(found) = self.lock().get(&collection) {
            found.scan(&query.filter, start.as_deref(), |document| pager.offer(document));
        }
        pager.finish()
    }

    async fn count(&self, collection: String, filter: Filter) -> Result<u64, BackendError> {
        validate::name(&collection)?;
        validate::filter(&filter)?;
        let mut count = 0;
        if let Some(found) = self.lock().get(&collection) {
            found.scan(&filter, None, |document| {
                count += u64::from(engine::matches(&filter, &document));
                true
            });
        }
        Ok(count)
    }

    async fn update(
        &self,
        collection: String,
        id: String,
        update: Update,
    ) -> Result<Option<Document>, BackendError> {
        validate::name(&collection)?;
        validate::id(&id)?;
        validate::update(&update)?;
        let mut collections = self.lock();
        let Some(found) = collections.get_mut(&collection) else { return Ok(None) };
        let Some(document) = found.document(&id) else { return Ok(None) };
        let Some(changed) = engine::apply(&update, &document)? else { return Ok(None) };
        let (changed, _) = validate::document(changed)?;
        found.put(changed.clone());
        Ok(Some(changed))
    }

    async fn create_index(&self, collection: String, index: Index) -> Result<(), BackendError> {
        validate::name(&collection)?;
        validate::index(&index)?;
        let mut collections = self.lock();
        let found = collections.entry(collection).or_default();
        match found.indexes.get(&index.name) {
            Some(there) if there.index == index => Ok(()),
            Some(there) => Err(BackendError::AlreadyExists(format!(
                "index `{}` over {:?}",
                index.name, there.index.paths
            ))),
            None => {
                let ids = found.bodies.keys().filter_map(|id| found.document(id));
                let keys =
                    ids.map(|document| (index::key(&index, &document), document.id)).collect();
                found.indexes.insert(index.name.clone(), SecondaryIndex { index, keys });
                Ok(())
            }
        }
    }
}
