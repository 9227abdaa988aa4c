//! A document store on a MongoDB server.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bp_backend::engine::{self, ID, Pager, validate};
use bp_backend::{BackendError, Document, DocumentStore, Filter, Index, Page, Query, Update};
use bp_runtime::{Infra, InfraKind, Instant, Processed, StartError};
use bp_store::{ConcurrencyLimit, StoreContext};
use futures_util::TryStreamExt as _;
use mongodb::bson::oid::ObjectId;
use mongodb::bson::{Bson, Document as Fields, doc};
use mongodb::error::Error;
use mongodb::options::IndexOptions;
use mongodb::{Collection, Database, IndexModel};

use crate::connection::{classify, is_indexed, is_taken, is_unreachable, open_database};
use crate::convert::{to_bson, to_json};
use crate::query::{BODY, build_superset, is_exact, stored_path};
use crate::settings::MongodbSettings;

/// Changes with every write, so that an update can say what it read.
const VERSION: &str = "v";
/// Where the definitions of indexes are; the application's collections have no dot in their names.
const INDEXES: &str = "bp.indexes";

/// A [`DocumentStore`] on a MongoDB server: an answered write is in the journal of most of its members.
pub(crate) struct MongoDocuments {
    database: Database,
    concurrency: ConcurrencyLimit,
    /// When the server last answered.
    answered: Mutex<Option<Instant>>,
}

/// After this time without an answer the server is pinged before a call is sent.
///
/// The library finds out only by use that a connection is dead; then it throws away all connections of that time.
const RESTED: Duration = Duration::from_millis(500);

impl fmt::Debug for MongoDocuments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The client's own `Debug` would show its credentials.
        f.debug_struct("MongoDocuments")
            .field("database", &self.database.name())
            .field("concurrency", &self.concurrency)
            .finish_non_exhaustive()
    }
}

fn unreadable(id: &str) -> BackendError {
    let message = format!("MongoDB: `{id}` is not a document of this application");
    BackendError::Infra(Infra::new(InfraKind::Internal, Processed::No, message))
}

/// A document as it is stored, with a version of its own.
fn encode(document: &Document) -> Fields {
    doc! { ID: &document.id, VERSION: ObjectId::new(), BODY: to_bson(&document.body) }
}

fn decode(mut fields: Fields) -> Result<Document, BackendError> {
    let id = match fields.remove(ID) {
        Some(Bson::String(id)) => id,
        other => return Err(unreadable(&format!("{other:?}"))),
    };
    let body = fields.remove(BODY).and_then(to_json).ok_or_else(|| unreadable(&id))?;
    Ok(Document { id, body })
}

fn with_id(id: &str) -> Fields {
    doc! { ID: { "$eq": id } }
}

impl MongoDocuments {
    /// A store on the server; the library watches the server from now on, on the async runtime that this is called on, and connects at the first call.
    ///
    /// # Errors
    /// A pool without connections.
    pub(crate) fn new(cx: &StoreContext, settings: &MongodbSettings) -> Result<Self, StartError> {
        Ok(Self {
            database: open_database(cx, settings)?,
            concurrency: cx.build_concurrency_limit()?,
            answered: Mutex::default(),
        })
    }

    fn of(&self, collection: &str) -> Collection<Fields> {
        self.database.collection(collection)
    }

    /// Runs one operation within the limits; dropped, the library closes its connection.
    async fn run<T>(
        &self,
        operation: impl Future<Output = Result<T, BackendError>> + Send,
    ) -> Result<T, BackendError> {
        let (_permit, limit) = self.concurrency.enter().await?;
        let answered = *self.answered.lock().unwrap_or_else(PoisonError::into_inner);
        if answered.is_none_or(|answered| answered.elapsed() > RESTED) {
            let ping = self.database.run_command(doc! { "ping": 1 });
            let sign = limit
                .wait(std::future::IntoFuture::into_future(ping))
                .await
                .map_err(|late| late.with_processed(Processed::No))?;
            match sign {
                Err(error) if is_unreachable(&error) => return Err(unprocessed(&error)),
                // The library handles any other failure; the call may get a good connection.
                Err(_) | Ok(_) => {}
            }
        }
        let answer = limit.wait(operation).await?;
        if !matches!(answer, Err(BackendError::Infra(_))) {
            *self.answered.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        }
        answer
    }

    /// Visits what may match, in order of id; `visit` says whether to go on.
    async fn scan(
        &self,
        collection: &str,
        filter: &Filter,
        start: Option<&str>,
        mut visit: impl FnMut(Document) -> bool + Send,
    ) -> Result<(), BackendError> {
        let mut wanted = build_superset(filter);
        if let Some(start) = start {
            wanted = doc! { "$and": [wanted, { ID: { "$gt": start } }] };
        }
        let documents = self.of(collection);
        let finding = documents.find(wanted).sort(doc! { ID: 1 });
        let mut found = finding.await.map_err(|error| classify(&error))?;
        while let Some(fields) = found.try_next().await.map_err(|error| classify(&error))? {
            if !visit(decode(fields)?) {
                return Ok(());
            }
        }
        Ok(())
    }

    async fn change(
        &self,
        collection: &str,
        id: &str,
        update: &Update,
    ) -> Result<Option<Document>, BackendError> {
        let collection = self.of(collection);
        loop {
            let found = collection.find_one(with_id(id)).await;
            let Some(fields) = found.map_err(|error| unprocessed(&error))? else { return Ok(None) };
            let version = fields.get(VERSION).cloned().unwrap_or(Bson::Null);
            let document = decode(fields)?;
            let Some(changed) = engine::apply(update, &document)? else { return Ok(None) };
            let (changed, _) = validate::document(changed)?;
            if update.changes.is_empty() {
                return Ok(Some(changed));
            }
            let unchanged = doc! { ID: { "$eq": id }, VERSION: { "$eq": version } };
            let written = collection.replace_one(unchanged, encode(&changed)).await;
            if written.map_err(|error| classify(&error))?.matched_count > 0 {
                return Ok(Some(changed));
            }
            // Another caller wrote or removed it in between.
        }
    }
}

/// The failure of an operation that only reads.
fn unprocessed(error: &Error) -> BackendError {
    match classify(error) {
        BackendError::Infra(infra) => BackendError::Infra(infra.with_processed(Processed::No)),
        other => other,
    }
}

#[async_trait]
impl DocumentStore for MongoDocuments {
    async fn insert(&self, collection: String, document: Document) -> Result<(), BackendError> {
        validate::name(&collection)?;
        let (document, _) = validate::document(document)?;
        let target = self.of(&collection);
        let inserting = async {
            match target.insert_one(encode(&document)).await {
                Ok(_) => Ok(()),
                Err(error) if is_taken(&error) => Err(BackendError::AlreadyExists(format!(
                    "document `{}` in `{collection}`",
                    document.id
                ))),
                Err(error) => Err(classify(&error)),
            }
        };
        self.run(inserting).await
    }

    async fn put(&self, collection: String, document: Document) -> Result<(), BackendError> {
        validate::name(&collection)?;
        let (document, _) = validate::document(document)?;
        let target = self.of(&collection);
        let putting = async {
            loop {
                let stored = encode(&document);
                match target.replace_one(with_id(&document.id), stored).upsert(true).await {
                    Ok(_) => return Ok(()),
                    // Two callers inserted at once: the other was first, so now there is a document to replace.
                    Err(error) if is_taken(&error) => {}
                    Err(error) => return Err(classify(&error)),
                }
            }
        };
        self.run(putting).await
    }

    async fn get(&self, collection: String, id: String) -> Result<Option<Document>, BackendError> {
        validate::name(&collection)?;
        validate::id(&id)?;
        let source = self.of(&collection);
        let finding = async {
            let found = source.find_one(with_id(&id)).await.map_err(|error| classify(&error))?;
            found.map(decode).transpose()
        };
        self.run(finding).await
    }

    async fn get_many(
        &self,
        collection: String,
        ids: Vec<String>,
    ) -> Result<Vec<Option<Document>>, BackendError> {
        validate::name(&collection)?;
        ids.iter().try_for_each(|id| validate::id(id))?;
        let wanted = Filter::within(ID, ids.iter());
        let mut found = BTreeMap::new();
        let keep = |document: Document| {
            found.insert(document.id.clone(), document);
            true
        };
        self.run(self.scan(&collection, &wanted, None, keep)).await?;
        Ok(ids.iter().map(|id| found.get(id).cloned()).collect())
    }

    async fn delete(&self, collection: String, id: String) -> Result<bool, BackendError> {
        validate::name(&collection)?;
        validate::id(&id)?;
        let target = self.of(&collection);
        let deleting = async {
            let deleted = target.delete_one(with_id(&id)).await;
            Ok(deleted.map_err(|error| classify(&error))?.deleted_count > 0)
        };
        self.run(deleting).await
    }

    async fn find(&self, collection: String, query: Query) -> Result<Page, BackendError> {
        validate::name(&collection)?;
        validate::query(&query)?;
        let mut pager = Pager::new(&query)?;
        let start = pager.start().map(str::to_owned);
        let offer = |document| pager.offer(document);
        self.run(self.scan(&collection, &query.filter, start.as_deref(), offer)).await?;
        pager.finish()
    }

    async fn count(&self, collection: String, filter: Filter) -> Result<u64, BackendError> {
        validate::name(&collection)?;
        validate::filter(&filter)?;
        if is_exact(&filter) {
            let source = self.of(&collection);
            let counting = async {
                let counted = source.count_documents(build_superset(&filter)).await;
                counted.map_err(|error| classify(&error))
            };
            return self.run(counting).await;
        }
        let mut count = 0;
        let tally = |document: Document| {
            count += u64::from(engine::matches(&filter, &document));
            true
        };
        self.run(self.scan(&collection, &filter, None, tally)).await?;
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
        self.run(self.change(&collection, &id, &update)).await
    }

    async fn create_index(&self, collection: String, index: Index) -> Result<(), BackendError> {
        validate::name(&collection)?;
        validate::index(&index)?;
        self.run(self.make_index(&collection, &index)).await
    }
}

impl MongoDocuments {
    /// An index on the first path: MongoDB refuses documents with arrays under two paths of one index, and an index must refuse nothing.
    async fn make_index(&self, collection: &str, index: &Index) -> Result<(), BackendError> {
        let id = format!("{collection}/{}", index.name);
        let definition = doc! { ID: &id, "paths": &index.paths };
        let definitions = self.of(INDEXES);
        match definitions.insert_one(&definition).await {
            Ok(_) => {}
            Err(error) if is_taken(&error) => {
                let found = definitions.find_one(with_id(&id)).await;
                let found = found.map_err(|error| classify(&error))?;
                if found.as_ref() != Some(&definition) {
                    let over = found.and_then(|found| found.get("paths").cloned());
                    return Err(BackendError::AlreadyExists(format!(
                        "index `{}` over {over:?}",
                        index.name
                    )));
                }
            }
            Err(error) => return Err(classify(&error)),
        }
        let path =
            index.paths.first().filter(|path| *path != ID).and_then(|path| stored_path(path));
        let Some(path) = path else { return Ok(()) };
        let options = IndexOptions::builder().name(index.name.clone()).build();
        let model = IndexModel::builder().keys(doc! { path: 1 }).options(options).build();
        match self.of(collection).create_index(model).await {
            Err(error) if !is_indexed(&error) => Err(classify(&error)),
            _ => Ok(()),
        }
    }
}
