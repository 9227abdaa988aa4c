//! Client and server halves of `bp_backend::Cache`.

use std::sync::Arc;
use std::time::Duration;

use bp_macros::service;
use bp_runtime::{
    BackendInterface, BoxFuture, Call, Client, Dispatch, Infra, Interface, InterfaceGlue, Method,
    Reply,
};
use bytes::Bytes;

use crate::{BackendError, Cache};

/// `bp_backend::Cache` as transports and wrappers see it.
pub static CACHE: Interface = Interface::new(
    "bp_backend::Cache",
    "bp.Cache",
    &[
        Method::new(0, "get", &["key"]).idempotent(),
        Method::new(1, "get_many", &["keys"]).idempotent(),
        Method::new(2, "put", &["key", "value", "ttl"]).idempotent(),
        Method::new(3, "delete", &["key"]).idempotent(),
        Method::new(4, "put_if", &["key", "expected", "value", "ttl"]),
        Method::new(5, "increment", &["key", "by", "ttl"]),
    ],
);

/// Calls a `Cache` through an edge's chain.
#[derive(Debug)]
pub struct CacheClient(pub Client);

#[service(crate = ::bp_runtime)]
impl Cache for CacheClient {
    async fn get(&self, key: String) -> Result<Option<Bytes>, BackendError> {
        self.0.call(0, (key,)).await
    }

    async fn get_many(&self, keys: Vec<String>) -> Result<Vec<Option<Bytes>>, BackendError> {
        self.0.call(1, (keys,)).await
    }

    async fn put(
        &self,
        key: String,
        value: Bytes,
        ttl: Option<Duration>,
    ) -> Result<(), BackendError> {
        self.0.call(2, (key, value, ttl)).await
    }

    async fn delete(&self, key: String) -> Result<(), BackendError> {
        self.0.call(3, (key,)).await
    }

    async fn put_if(
        &self,
        key: String,
        expected: Option<Bytes>,
        value: Bytes,
        ttl: Option<Duration>,
    ) -> Result<bool, BackendError> {
        self.0.call(4, (key, expected, value, ttl)).await
    }

    async fn increment(
        &self,
        key: String,
        by: i64,
        ttl: Option<Duration>,
    ) -> Result<i64, BackendError> {
        self.0.call(5, (key, by, ttl)).await
    }
}

/// Answers calls on a `Cache`.
pub struct CacheServer(pub Arc<dyn Cache>);

impl Dispatch for CacheServer {
    fn dispatch(&self, call: Call) -> BoxFuture<'_, Result<Reply, Infra>> {
        Box::pin(async move {
            match call.method.index {
                0 => {
                    let (key,) = call.take()?;
                    Reply::of(self.0.get(key).await)
                }
                1 => {
                    let (keys,) = call.take()?;
                    Reply::of(self.0.get_many(keys).await)
                }
                2 => {
                    let (key, value, ttl) = call.take()?;
                    Reply::of(self.0.put(key, value, ttl).await)
                }
                3 => {
                    let (key,) = call.take()?;
                    Reply::of(self.0.delete(key).await)
                }
                4 => {
                    let (key, expected, value, ttl) = call.take()?;
                    Reply::of(self.0.put_if(key, expected, value, ttl).await)
                }
                5 => {
                    let (key, by, ttl) = call.take()?;
                    Reply::of(self.0.increment(key, by, ttl).await)
                }
                _ => Err(Infra::unknown_method(&call)),
            }
        })
    }
}

impl std::fmt::Debug for CacheServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CacheServer")
    }
}

impl BackendInterface for dyn Cache {
    fn glue() -> InterfaceGlue {
        InterfaceGlue::new::<dyn Cache>(
            &CACHE,
            |client| Arc::new(CacheClient(client)),
            |store| Arc::new(CacheServer(store)),
        )
        .method::<(String,), Option<Bytes>, BackendError>()
        .method::<(Vec<String>,), Vec<Option<Bytes>>, BackendError>()
        .method::<(String, Bytes, Option<Duration>), (), BackendError>()
        .method::<(String,), (), BackendError>()
        .method::<(String, Option<Bytes>, Bytes, Option<Duration>), bool, BackendError>()
        .method::<(String, i64, Option<Duration>), i64, BackendError>()
    }
}
