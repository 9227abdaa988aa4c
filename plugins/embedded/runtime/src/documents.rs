//! A document store in a file.

use std::collections::BTreeSet;
use std::ops::Bound;
use std::path::Path;

use async_trait::async_trait;
use bp_backend::engine::{self, Pager, index, validate};
use bp_backend::{BackendError, Document, DocumentStore, Filter, Index, Json, Page, Query, Update};
use bp_runtime::StartError;
use redb::{ReadTransaction, ReadableTable, Table, TableDefinition, WriteTransaction};

use crate::file::{File, TransactionResult};
use crate::settings::EmbeddedSettings;

/// Collection and id to compact JSON.
const DOCUMENTS: TableDefinition<'_, (&str, &str), &[u8]> = TableDefinition::new("documents");
/// Collection and index name to a JSON list of paths.
const INDEXES: TableDefinition<'_, (&str, &str), &str> = TableDefinition::new("indexes");
/// Collection, index name and index key to the id.
const INDEX_KEYS: TableDefinition<'_, (&str, &str, &[u8]), &str> =
    TableDefinition::new("index_keys");

/// A [`DocumentStore`] in a file.
#[derive(Debug)]
pub struct EmbeddedDocuments {
    file: File,
}

impl EmbeddedDocuments {
    /// Opens the store in `folder`, or makes it.
    pub async fn open(folder: &Path, options: EmbeddedSettings) -> Result<Self, StartError> {
        Ok(Self { file: File::open(folder, options, prepare, None).await? })
    }
}

fn prepare(transaction: &WriteTransaction) -> Result<(), redb::Error> {
    transaction.open_table(DOCUMENTS)?;
    transaction.open_table(INDEXES)?;
    transaction.open_table(INDEX_KEYS)?;
    Ok(())
}

fn corrupt(what: &str, error: &dyn std::fmt::Display) -> redb::Error {
    redb::Error::Corrupted(format!("{what}: {error}"))
}

fn parse(id: &str, text: &[u8]) -> Result<Document, redb::Error> {
    let body = Json::parse(text).map_err(|error| corrupt(id, &error))?;
    Ok(Document::new(id, body))
}

fn document(
    documents: &impl ReadableTable<(&'static str, &'static str), &'static [u8]>,
    collection: &str,
    id: &str,
) -> Result<Option<Document>, redb::Error> {
    documents.get((collection, id))?.map(|text| parse(id, text.value())).transpose()
}

/// The indexes of a collection.
fn indexes(
    indexes: &impl ReadableTable<(&'static str, &'static str), &'static str>,
    collection: &str,
) -> Result<Vec<Index>, redb::Error> {
    let mut found = Vec::new();
    for entry in indexes.range((collection, "")..)? {
        let (key, paths) = entry?;
        let (of, name) = key.value();
        if of != collection {
            break;
        }
        let paths: Vec<String> =
            serde_json::from_str(paths.value()).map_err(|error| corrupt(name, &error))?;
        found.push(Index { name: name.to_owned(), paths });
    }
    Ok(found)
}

/// Visits, in order of id, the documents behind `start` that an index or else a scan finds; `visit` says whether to go on.
fn scan(
    transaction: &ReadTransaction,
    collection: &str,
    filter: &Filter,
    start: Option<&str>,
    mut visit: impl FnMut(Document) -> bool,
) -> Result<(), redb::Error> {
    let documents = transaction.open_table(DOCUMENTS)?;
    let indexes = indexes(&transaction.open_table(INDEXES)?, collection)?;
    if let Some((index, prefixes)) = index::choose(filter, &indexes) {
        let ids = candidates(transaction, collection, &index.name, &prefixes)?;
        let behind = (start.map_or(Bound::Unbounded, Bound::Excluded), Bound::Unbounded);
        for id in ids.range::<str, _>(behind) {
            if let Some(found) = document(&documents, collection, id)?
                && !visit(found)
            {
                break;
            }
        }
        return Ok(());
    }
    let from =
        start.map_or(Bound::Included((collection, "")), |id| Bound::Excluded((collection, id)));
    for entry in documents.range::<(&str, &str)>((from, Bound::Unbounded))? {
        let (key, text) = entry?;
        let (of, id) = key.value();
        if of != collection || !visit(parse(id, text.value())?) {
            break;
        }
    }
    Ok(())
}

/// The ids whose keys in an index begin with one of the prefixes.
fn candidates(
    transaction: &ReadTransaction,
    collection: &str,
    name: &str,
    prefixes: &[Vec<u8>],
) -> Result<BTreeSet<String>, redb::Error> {
    let keys = transaction.open_table(INDEX_KEYS)?;
    let mut ids = BTreeSet::new();
    for prefix in prefixes {
        for entry in keys.range((collection, name, prefix.as_slice())..)? {
            let (key, id) = entry?;
            let (of, in_index, key) = key.value();
            if of != collection || in_index != name || !key.starts_with(prefix) {
                break;
            }
            ids.insert(id.value().to_owned());
        }
    }
    Ok(ids)
}

/// A collection in a write.
struct CollectionTables<'t> {
    name: String,
    documents: Table<'t, (&'static str, &'static str), &'static [u8]>,
    index_keys: Table<'t, (&'static str, &'static str, &'static [u8]), &'static str>,
    indexes: Vec<Index>,
}

impl<'t> CollectionTables<'t> {
    fn of(transaction: &'t WriteTransaction, name: String) -> Result<Self, redb::Error> {
        Ok(Self {
            documents: transaction.open_table(DOCUMENTS)?,
            index_keys: transaction.open_table(INDEX_KEYS)?,
            indexes: indexes(&transaction.open_table(INDEXES)?, &name)?,
            name,
        })
    }

    fn get(&self, id: &str) -> Result<Option<Document>, redb::Error> {
        document(&self.documents, &self.name, id)
    }

    /// Writes a document and its index keys in place of those of `old`.
    fn put(
        &mut self,
        old: Option<&Document>,
        new: &Document,
        text: &[u8],
    ) -> Result<(), redb::Error> {
        self.documents.insert((self.name.as_str(), new.id.as_str()), text)?;
        for index in &self.indexes {
            let key = index::key(index, new);
            let old_key = old.map(|old| index::key(index, old));
            if old_key.as_ref() == Some(&key) {
                continue;
            }
            if let Some(old_key) = old_key {
                self.index_keys.remove((
                    self.name.as_str(),
                    index.name.as_str(),
                    old_key.as_slice(),
                ))?;
            }
            self.index_keys.insert(
                (self.name.as_str(), index.name.as_str(), key.as_slice()),
                new.id.as_str(),
            )?;
        }
        Ok(())
    }

    fn remove(&mut self, old: &Document) -> Result<(), redb::Error> {
        self.documents.remove((self.name.as_str(), old.id.as_str()))?;
        for index in &self.indexes {
            let key = index::key(index, old);
            self.index_keys.remove((self.name.as_str(), index.name.as_str(), key.as_slice()))?;
        }
        Ok(())
    }
}

#[async_trait]
impl DocumentStore for EmbeddedDocuments {
    async fn insert(&self, collection: String, document: Document) -> Result<(), BackendError> {
        validate::name(&collection)?;
        let (document, text) = validate::document(document)?;
        let write = self.file.write(move |transaction| -> TransactionResult<()> {
            let mut collection = CollectionTables::of(transaction, collection)?;
            if collection.documents.get((collection.name.as_str(), document.id.as_str()))?.is_some()
            {
                let what = format!("document `{}` in `{}`", document.id, collection.name);
                return Ok(Err(BackendError::AlreadyExists(what)));
            }
            collection.put(None, &document, &text)?;
            Ok(Ok(()))
        });
        write.await
    }

    async fn put(&self, collection: String, document: Document) -> Result<(), BackendError> {
        validate::name(&collection)?;
        let (document, text) = validate::document(document)?;
        let write = self.file.write(move |transaction| -> TransactionResult<()> {
            let mut collection = CollectionTables::of(transaction, collection)?;
            let old = collection.get(&document.id)?;
            collection.put(old.as_ref(), &document, &text)?;
            Ok(Ok(()))
        });
        write.await
    }

    async fn get(&self, collection: String, id: String) -> Result<Option<Document>, BackendError> {
        let answers = self.get_many(collection, vec![id]).await?;
        Ok(answers.into_iter().next().flatten())
    }

    async fn get_many(
        &self,
        collection: String,
        ids: Vec<String>,
    ) -> Result<Vec<Option<Document>>, BackendError> {
        validate::name(&collection)?;
        ids.iter().try_for_each(|id| validate::id(id))?;
        let read = self.file.read(move |transaction| {
            let documents = transaction.open_table(DOCUMENTS)?;
            let found = ids.iter().map(|id| document(&documents, &collection, id));
            Ok(Ok(found.collect::<Result<_, _>>()?))
        });
        read.await
    }

    async fn delete(&self, collection: String, id: String) -> Result<bool, BackendError> {
        validate::name(&collection)?;
        validate::id(&id)?;
        let write = self.file.write(move |transaction| -> TransactionResult<bool> {
            let mut collection = CollectionTables::of(transaction, collection)?;
            let old = collection.get(&id)?;
            if let Some(old) = &old {
                collection.remove(old)?;
            }
            Ok(Ok(old.is_some()))
        });
        write.await
    }

    async fn find(&self, collection: String, query: Query) -> Result<Page, BackendError> {
        validate::name(&collection)?;
        validate::query(&query)?;
        let read = self.file.read(move |transaction| {
            let mut pager = match Pager::new(&query) {
                Ok(pager) => pager,
                Err(error) => return Ok(Err(error)),
            };
            let start = pager.start().map(str::to_owned);
            scan(transaction, &collection, &query.filter, start.as_deref(), |document| {
                pager.offer(document)
            })?;
            Ok(pager.finish())
        });
        read.await
    }

    async fn count(&self, collection: String, filter: Filter) -> Result<u64, BackendError> {
        validate::name(&collection)?;
        validate::filter(&filter)?;
        let read = self.file.read(move |transaction| {
            let mut count = 0;
            scan(transaction, &collection, &filter, None, |document| {
                count += u64::from(engine::matches(&filter, &document));
                true
            })?;
            Ok(Ok(count))
        });
        read.await
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
        let write = self.file.write(move |transaction| -> TransactionResult<Option<Document>> {
            let mut collection = CollectionTables::of(transaction, collection)?;
            let Some(old) = collection.get(&id)? else { return Ok(Ok(None)) };
            let changed = engine::apply(&update, &old);
            let changed = changed.and_then(|changed| changed.map(validate::document).transpose());
            let (changed, text) = match changed {
                Ok(Some(changed)) => changed,
                Ok(None) => return Ok(Ok(None)),
                Err(error) => return Ok(Err(error)),
            };
            collection.put(Some(&old), &changed, &text)?;
            Ok(Ok(Some(changed)))
        });
        write.await
    }

    async fn create_index(&self, collection: String, index: Index) -> Result<(), BackendError> {
        validate::name(&collection)?;
        validate::index(&index)?;
        let write = self.file.write(move |transaction| -> TransactionResult<()> {
            let mut collection = CollectionTables::of(transaction, collection)?;
            if let Some(there) = collection.indexes.iter().find(|there| there.name == index.name) {
                let what = format!("index `{}` over {:?}", there.name, there.paths);
                return Ok(if *there == index {
                    Ok(())
                } else {
                    Err(BackendError::AlreadyExists(what))
                });
            }
            let paths = serde_json::to_string(&index.paths)
                .map_err(|error| corrupt(&index.name, &error))?;
            let name = collection.name.as_str();
            transaction.open_table(INDEXES)?.insert((name, index.name.as_str()), paths.as_str())?;
            for entry in collection.documents.range((name, "")..)? {
                let (key, text) = entry?;
                let (of, id) = key.value();
                if of != name {
                    break;
                }
                let key = index::key(&index, &parse(id, text.value())?);
                collection.index_keys.insert((name, index.name.as_str(), key.as_slice()), id)?;
            }
            Ok(Ok(()))
        });
        write.await
    }
}
