//! The halves against the suites: calls that pass a chain, typed and encoded, answer as the store itself does.

use std::sync::Arc;

use async_trait::async_trait;
use bp_runtime::{
    BackendInterface, BoxFuture, Call, Client, Codec, Dispatch, Edge, Encoded, Endpoint, Infra,
    InfraKind, Interface, Next, Processed, Reply, Wrapper,
};

use super::{
    CACHE, CacheClient, CacheServer, DOCUMENT_STORE, DocumentStoreClient, DocumentStoreServer,
    SORTED_SETS, SortedSetsClient, SortedSetsServer,
};
use crate::conformance::{self, Failure, StoreFactory};
use crate::memory::{MemoryCache, MemoryDocuments};
use crate::{BackendError, Cache, DocumentStore, SortedSets};

/// Ends a chain in a server's half; with a codec, calls and replies pass through bytes.
struct End {
    server: Arc<dyn Dispatch>,
    codec: Option<Codec>,
}

impl Endpoint for End {
    fn send(&self, mut call: Call) -> BoxFuture<'_, Result<Reply, Infra>> {
        Box::pin(async move {
            let Some(codec) = self.codec else { return self.server.dispatch(call).await };
            call.arguments = Arc::new(Encoded { codec, bytes: call.encode(codec)? });
            let reply = self.server.dispatch(call).await?;
            Ok(Reply::encoded(reply.class().clone(), codec, reply.encode(codec)?))
        })
    }
}

/// Makes every call twice when its method is idempotent, as a retry may.
struct Twice;

impl Wrapper for Twice {
    fn call<'a>(&'a self, call: Call, next: Next<'a>) -> BoxFuture<'a, Result<Reply, Infra>> {
        Box::pin(async move {
            if call.method.idempotent {
                next.run(call.clone()).await?;
            }
            next.run(call).await
        })
    }
}

fn client(
    interface: &'static Interface,
    server: Arc<dyn Dispatch>,
    codec: Option<Codec>,
) -> Client {
    let edge = Edge {
        key: "cart->store".into(),
        caller: "cart".into(),
        callee: "store".into(),
        cyclic: false,
        remote: false,
        server: false,
    };
    Client::new(edge, interface, vec![Arc::new(Twice)], Arc::new(End { server, codec }))
}

struct Through(Option<Codec>);

#[async_trait]
impl StoreFactory<dyn Cache> for Through {
    async fn fresh(&self) -> Result<Arc<dyn Cache>, Failure> {
        let server = Arc::new(CacheServer(Arc::new(MemoryCache::default())));
        Ok(Arc::new(CacheClient(client(&CACHE, server, self.0))))
    }
}

#[async_trait]
impl StoreFactory<dyn DocumentStore> for Through {
    async fn fresh(&self) -> Result<Arc<dyn DocumentStore>, Failure> {
        let server = Arc::new(DocumentStoreServer(Arc::new(MemoryDocuments::new())));
        Ok(Arc::new(DocumentStoreClient(client(&DOCUMENT_STORE, server, self.0))))
    }
}

#[async_trait]
impl StoreFactory<dyn SortedSets> for Through {
    async fn fresh(&self) -> Result<Arc<dyn SortedSets>, Failure> {
        let server = Arc::new(SortedSetsServer(Arc::new(MemoryCache::default())));
        Ok(Arc::new(SortedSetsClient::new(client(&SORTED_SETS, server, self.0))))
    }
}

#[tokio::test]
async fn sorted_sets_conform_through_their_halves() {
    for codec in [None, Some(Codec::Protobuf), Some(Codec::Json)] {
        conformance::check_sorted_sets(Arc::new(Through(codec))).await;
    }
}

#[tokio::test]
async fn caches_conform_through_their_halves() {
    for codec in [None, Some(Codec::Protobuf), Some(Codec::Json)] {
        conformance::check_cache(Arc::new(Through(codec))).await;
    }
}

#[tokio::test]
async fn document_stores_conform_through_their_halves() {
    for codec in [None, Some(Codec::Protobuf), Some(Codec::Json)] {
        conformance::check_document_store(Arc::new(Through(codec))).await;
    }
}

#[test]
fn methods_are_at_their_index() {
    for glue in [<dyn Cache>::glue(), <dyn DocumentStore>::glue(), <dyn SortedSets>::glue()] {
        for (index, method) in glue.interface().methods.iter().enumerate() {
            assert_eq!(usize::from(method.index), index, "{}", method.name);
            assert!(method.remote, "{}", method.name);
        }
    }
}

/// Fails every call.
struct Down;

impl Endpoint for Down {
    fn send(&self, _call: Call) -> BoxFuture<'_, Result<Reply, Infra>> {
        Box::pin(std::future::ready(Err(Infra::unavailable("no store"))))
    }
}

#[tokio::test]
async fn an_infrastructure_failure_stays_typed() {
    let edge = Edge {
        key: "cart->store".into(),
        caller: "cart".into(),
        callee: "store".into(),
        cyclic: false,
        remote: false,
        server: false,
    };
    let cache = CacheClient(Client::new(edge, &CACHE, Vec::new(), Arc::new(Down)));
    let expected = Infra::new(InfraKind::Unavailable, Processed::No, "no store");
    assert_eq!(cache.get("k".into()).await, Err(BackendError::Infra(expected)));
}
