//! The interfaces of this crate through their clients: stores answer as they do themselves, typed and encoded.

use std::future::ready;
use std::sync::Arc;

use bp_runtime::conformance::{RepeatIdempotent, ThroughClient};
use bp_runtime::{
    BackendInterface, BoxFuture, Call, Client, Codec, Edge, Endpoint, Infra, InfraKind, Processed,
    Reply, Wrapper,
};

use super::{StoreFactory, check_cache, check_document_store, check_sorted_sets};
use crate::memory::tests::{Caches, Documents};
use crate::{BackendError, Cache, DocumentStore, SortedSets};

const CODECS: [Option<Codec>; 3] = [None, Some(Codec::Protobuf), Some(Codec::Json)];

fn through<T: BackendInterface + ?Sized>(
    stores: impl StoreFactory<T>,
    codec: Option<Codec>,
) -> Arc<ThroughClient<T>> {
    let repeat: Arc<dyn Wrapper> = Arc::new(RepeatIdempotent);
    Arc::new(ThroughClient::new(Arc::new(stores), codec, vec![repeat]))
}

#[tokio::test(start_paused = true)]
async fn caches_conform_through_their_client() {
    for codec in CODECS {
        check_cache(through::<dyn Cache>(Caches, codec)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn sorted_sets_conform_through_their_client() {
    for codec in CODECS {
        check_sorted_sets(through::<dyn SortedSets>(Caches, codec)).await;
    }
}

/// The largest documents take seconds in a build for tests, so each codec has a test, which has a thread.
#[tokio::test(start_paused = true)]
async fn document_stores_conform_through_their_client() {
    check_document_store(through::<dyn DocumentStore>(Documents, None)).await;
}

#[tokio::test(start_paused = true)]
async fn document_stores_conform_through_their_client_in_protobuf() {
    check_document_store(through::<dyn DocumentStore>(Documents, Some(Codec::Protobuf))).await;
}

#[tokio::test(start_paused = true)]
async fn document_stores_conform_through_their_client_in_json() {
    check_document_store(through::<dyn DocumentStore>(Documents, Some(Codec::Json))).await;
}

#[test]
fn their_names_are_those_of_the_workflows_and_of_telemetry() {
    let names = |glue: bp_runtime::InterfaceGlue| {
        let interface = glue.interface();
        (interface.path, interface.wire_name)
    };
    assert_eq!(names(<dyn Cache>::glue()), ("bp_backend::Cache", "bp.Cache"));
    let documents = ("bp_backend::DocumentStore", "bp.DocumentStore");
    assert_eq!(names(<dyn DocumentStore>::glue()), documents);
}

#[test]
fn methods_have_their_index_their_arguments_and_their_mark() {
    for glue in [<dyn Cache>::glue(), <dyn DocumentStore>::glue(), <dyn SortedSets>::glue()] {
        for (index, method) in glue.interface().methods.iter().enumerate() {
            assert_eq!(usize::from(method.index), index, "{}", method.name);
            assert!(method.remote, "{}", method.name);
        }
    }
    let methods = <dyn Cache>::glue().interface().methods;
    let inherited = <dyn SortedSets>::glue().interface().methods;
    assert_eq!(inherited.get(..methods.len()), Some(methods));
    let described: Vec<_> = methods.iter().map(|m| (m.name, m.arguments, m.idempotent)).collect();
    let expected: [(_, &[&str], _); 6] = [
        ("get", &["key"], true),
        ("get_many", &["keys"], true),
        ("put", &["key", "value", "ttl"], true),
        ("delete", &["key"], true),
        ("put_if", &["key", "expected", "value", "ttl"], false),
        ("increment", &["key", "by", "ttl"], false),
    ];
    assert_eq!(described, expected);
}

/// Fails every call.
struct Down;

impl Endpoint for Down {
    fn send(&self, _call: Call) -> BoxFuture<'_, Result<Reply, Infra>> {
        Box::pin(ready(Err(Infra::unavailable("no store"))))
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
    let interface = <dyn Cache>::glue().interface();
    let cache: Arc<dyn Cache> = Arc::new(Client::new(edge, interface, Vec::new(), Arc::new(Down)));
    let expected = Infra::new(InfraKind::Unavailable, Processed::No, "no store");
    assert_eq!(cache.get("k".into()).await, Err(BackendError::Infra(expected)));
}
