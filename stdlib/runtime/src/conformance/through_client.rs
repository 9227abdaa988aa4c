//! A store as a service has it behind wrappers: through the client and the server half of its interface.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::BoxFuture;

use super::{Case, Failure, StoreFactory, find_failures};
use crate::any_instance::AnyInstance;
use crate::arguments::Encoded;
use crate::call::{Call, Edge, Reply};
use crate::chain::{Dispatch, Endpoint, Next, Wrapper};
use crate::client::Client;
use crate::error::Infra;
use crate::sync::lock;
use crate::{BackendInterface, Codec};

/// Runs all cases through the interface's client: with values as they are, encoded as protobuf, and encoded as JSON.
/// A wrapper makes every idempotent call twice, as a retry may.
///
/// # Panics
/// A case failed; the message lists all that did, and why.
pub async fn run_cases_through_client<T: BackendInterface + ?Sized>(
    cases: &[Case<T>],
    factory: Arc<dyn StoreFactory<T>>,
) {
    let mut failures = Vec::new();
    for codec in [None, Some(Codec::Protobuf), Some(Codec::Json)] {
        let through = ThroughClient::new(factory.clone(), codec, vec![Arc::new(RepeatIdempotent)]);
        let failed = find_failures(cases, Arc::new(through)).await;
        let how = codec.map_or("not encoded", Codec::media_type);
        failures.extend(failed.into_iter().map(|failure| format!("({how}) {failure}")));
    }
    assert!(
        failures.is_empty(),
        "{} of {} cases failed:\n  {}",
        failures.len(),
        3 * cases.len(),
        failures.join("\n  ")
    );
}

/// A client of a store, whose every call passes `wrappers`, outermost first; with a codec, arguments and answers pass through bytes.
///
/// # Errors
/// The interface lets nothing stand between its callers and the store.
pub fn connect<T: BackendInterface + ?Sized>(
    store: Arc<T>,
    codec: Option<Codec>,
    wrappers: Vec<Arc<dyn Wrapper>>,
) -> Result<Arc<T>, Failure> {
    let glue = T::glue();
    let interface = glue.interface();
    let server = glue.build_dispatch(&AnyInstance::new::<T>(store)).ok_or_else(|| {
        Failure::new(format!("`{}` has no server half of its own", interface.path))
    })?;
    let edge = Edge {
        key: "caller->store".to_owned(),
        caller: "caller".to_owned(),
        callee: "store".to_owned(),
        cyclic: false,
        remote: false,
        server: false,
    };
    let client = Client::new(edge, interface, wrappers, Arc::new(StoreEnd { server, codec }));
    let client = glue.build_client(client)?;
    client.get::<T>().ok_or_else(|| {
        Failure::new(format!("the client of `{}` is a {}", interface.path, client.type_name()))
    })
}

/// The store's end of a chain.
struct StoreEnd {
    server: Arc<dyn Dispatch>,
    codec: Option<Codec>,
}

impl Endpoint for StoreEnd {
    fn send(&self, mut call: Call) -> BoxFuture<'_, Result<Reply, Infra>> {
        Box::pin(async move {
            let Some(codec) = self.codec else { return self.server.dispatch(call).await };
            call.arguments = Arc::new(Encoded { codec, bytes: call.encode(codec)? });
            let reply = self.server.dispatch(call).await?;
            Ok(Reply::encoded(reply.class().clone(), codec, reply.encode(codec)?))
        })
    }
}

/// Makes every call of an idempotent method twice, as a retry may; the second answer counts.
#[derive(Debug, Clone, Copy, Default)]
pub struct RepeatIdempotent;

impl Wrapper for RepeatIdempotent {
    fn call<'a>(&'a self, call: Call, next: Next<'a>) -> BoxFuture<'a, Result<Reply, Infra>> {
        Box::pin(async move {
            if call.method.idempotent {
                next.run(call.clone()).await?;
            }
            next.run(call).await
        })
    }
}

/// Gives clients of another factory's stores, made by [`connect`].
pub struct ThroughClient<T: ?Sized> {
    stores: Arc<dyn StoreFactory<T>>,
    codec: Option<Codec>,
    wrappers: Vec<Arc<dyn Wrapper>>,
    /// The store of each client by the client's address, to be opened again.
    behind: Mutex<BTreeMap<usize, Arc<T>>>,
}

impl<T: BackendInterface + ?Sized> ThroughClient<T> {
    /// Clients of the stores of `stores`; the rest is as for [`connect`].
    pub fn new(
        stores: Arc<dyn StoreFactory<T>>,
        codec: Option<Codec>,
        wrappers: Vec<Arc<dyn Wrapper>>,
    ) -> Self {
        Self { stores, codec, wrappers, behind: Mutex::default() }
    }

    fn connect(&self, store: Arc<T>) -> Result<Arc<T>, Failure> {
        let client = connect(store.clone(), self.codec, self.wrappers.clone())?;
        lock(&self.behind).insert(Arc::as_ptr(&client).addr(), store);
        Ok(client)
    }
}

#[async_trait]
impl<T: BackendInterface + ?Sized> StoreFactory<T> for ThroughClient<T> {
    async fn fresh(&self) -> Result<Arc<T>, Failure> {
        self.connect(self.stores.fresh().await?)
    }

    async fn reopen(&self, client: Arc<T>) -> Result<Option<Arc<T>>, Failure> {
        let store = lock(&self.behind).remove(&Arc::as_ptr(&client).addr());
        // It holds the store, which must be closed before it is opened again.
        drop(client);
        let store = store.ok_or_else(|| Failure::new("the store is not one of this factory"))?;
        self.stores.reopen(store).await?.map(|store| self.connect(store)).transpose()
    }

    async fn pass(&self, time: Duration) {
        self.stores.pass(time).await;
    }

    fn granularity(&self) -> Duration {
        self.stores.granularity()
    }
}

impl<T: ?Sized> fmt::Debug for ThroughClient<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ThroughClient").field("codec", &self.codec).finish_non_exhaustive()
    }
}
