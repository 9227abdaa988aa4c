//! Client and server halves of `bp_backend::DocumentStore`.

use std::sync::Arc;

use bp_macros::service;
use bp_runtime::{
    BackendInterface, BoxFuture, Call, Client, Dispatch, Infra, Interface, InterfaceGlue, Method,
    Reply,
};

use crate::{BackendError, Document, DocumentStore, Filter, Index, Page, Query, Update};

/// `bp_backend::DocumentStore` as transports and wrappers see it.
pub static DOCUMENT_STORE: Interface = Interface::new(
    "bp_backend::DocumentStore",
    "bp.DocumentStore",
    &[
        Method::new(0, "insert", &["collection", "document"]),
        Method::new(1, "put", &["collection", "document"]).idempotent(),
        Method::new(2, "get", &["collection", "id"]).idempotent(),
        Method::new(3, "get_many", &["collection", "ids"]).idempotent(),
        Method::new(4, "delete", &["collection", "id"]),
        Method::new(5, "find", &["collection", "query"]).idempotent(),
        Method::new(6, "count", &["collection", "filter"]).idempotent(),
        Method::new(7, "update", &["collection", "id", "update"]),
        Method::new(8, "create_index", &["collection", "index"]).idempotent(),
    ],
);

/// Calls a `DocumentStore` through an edge's chain.
#[derive(Debug)]
pub struct DocumentStoreClient(pub Client);

#[service(crate = ::bp_runtime)]
impl DocumentStore for DocumentStoreClient {
    async fn insert(&self, collection: String, document: Document) -> Result<(), BackendError> {
        self.0.call(0, (collection, document)).await
    }

    async fn put(&self, collection: String, document: Document) -> Result<(), BackendError> {
        self.0.call(1, (collection, document)).await
    }

    async fn get(&self, collection: String, id: String) -> Result<Option<Document>, BackendError> {
        self.0.call(2, (collection, id)).await
    }

    async fn get_many(
        &self,
        collection: String,
        ids: Vec<String>,
    ) -> Result<Vec<Option<Document>>, BackendError> {
        self.0.call(3, (collection, ids)).await
    }

    async fn delete(&self, collection: String, id: String) -> Result<bool, BackendError> {
        self.0.call(4, (collection, id)).await
    }

    async fn find(&self, collection: String, query: Query) -> Result<Page, BackendError> {
        self.0.call(5, (collection, query)).await
    }

    async fn count(&self, collection: String, filter: Filter) -> Result<u64, BackendError> {
        self.0.call(6, (collection, filter)).await
    }

    async fn update(
        &self,
        collection: String,
        id: String,
        update: Update,
    ) -> Result<Option<Document>, BackendError> {
        self.0.call(7, (collection, id, update)).await
    }

    async fn create_index(&self, collection: String, index: Index) -> Result<(), BackendError> {
        self.0.call(8, (collection, index)).await
    }
}

/// Answers calls on a `DocumentStore`.
pub struct DocumentStoreServer(pub Arc<dyn DocumentStore>);

impl Dispatch for DocumentStoreServer {
    fn dispatch(&self, call: Call) -> BoxFuture<'_, Result<Reply, Infra>> {
        Box::pin(async move {
            match call.method.index {
                0 => {
                    let (collection, document) = call.take()?;
                    Reply::of(self.0.insert(collection, document).await)
                }
                1 => {
                    let (collection, document) = call.take()?;
                    Reply::of(self.0.put(collection, document).await)
                }
                2 => {
                    let (collection, id) = call.take()?;
                    Reply::of(self.0.get(collection, id).await)
                }
                3 => {
                    let (collection, ids) = call.take()?;
                    Reply::of(self.0.get_many(collection, ids).await)
                }
                4 => {
                    let (collection, id) = call.take()?;
                    Reply::of(self.0.delete(collection, id).await)
                }
                5 => {
                    let (collection, query) = call.take()?;
                    Reply::of(self.0.find(collection, query).await)
                }
                6 => {
                    let (collection, filter) = call.take()?;
                    Reply::of(self.0.count(collection, filter).await)
                }
                7 => {
                    let (collection, id, update) = call.take()?;
                    Reply::of(self.0.update(collection, id, update).await)
                }
                8 => {
                    let (collection, index) = call.take()?;
                    Reply::of(self.0.create_index(collection, index).await)
                }
                _ => Err(Infra::unknown_method(&call)),
            }
        })
    }
}

impl std::fmt::Debug for DocumentStoreServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DocumentStoreServer")
    }
}

impl BackendInterface for dyn DocumentStore {
    fn glue() -> InterfaceGlue {
        InterfaceGlue::new::<dyn DocumentStore>(
            &DOCUMENT_STORE,
            |client| Arc::new(DocumentStoreClient(client)),
            |store| Arc::new(DocumentStoreServer(store)),
        )
        .method::<(String, Document), (), BackendError>()
        .method::<(String, Document), (), BackendError>()
        .method::<(String, String), Option<Document>, BackendError>()
        .method::<(String, Vec<String>), Vec<Option<Document>>, BackendError>()
        .method::<(String, String), bool, BackendError>()
        .method::<(String, Query), Page, BackendError>()
        .method::<(String, Filter), u64, BackendError>()
        .method::<(String, String, Update), Option<Document>, BackendError>()
        .method::<(String, Index), (), BackendError>()
    }
}
