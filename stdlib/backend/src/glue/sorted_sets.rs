//! Client and server halves of `bp_backend::SortedSets`.

use std::sync::Arc;
use std::time::Duration;

use bp_macros::service;
use bp_runtime::{
    BackendInterface, BoxFuture, Call, Client, Dispatch, Infra, Interface, InterfaceGlue, Method,
    Reply,
};
use bytes::Bytes;

use super::{CacheClient, CacheServer};
use crate::{BackendError, Cache, ScoreOrder, ScoreRange, ScoredMember, SortedSets};

/// `bp_backend::SortedSets` as transports and wrappers see it: the methods of `Cache`, then its own.
pub static SORTED_SETS: Interface = Interface::new(
    "bp_backend::SortedSets",
    "bp.SortedSets",
    &[
        Method::new(0, "get", &["key"]).idempotent(),
        Method::new(1, "get_many", &["keys"]).idempotent(),
        Method::new(2, "put", &["key", "value", "ttl"]).idempotent(),
        Method::new(3, "delete", &["key"]).idempotent(),
        Method::new(4, "put_if", &["key", "expected", "value", "ttl"]),
        Method::new(5, "increment", &["key", "by", "ttl"]),
        Method::new(6, "put_members", &["set", "members", "ttl"]).idempotent(),
        Method::new(7, "add_member", &["set", "member", "score", "ttl"]),
        Method::new(8, "increment_score", &["set", "member", "by", "ttl"]),
        Method::new(9, "get_score", &["set", "member"]).idempotent(),
        Method::new(10, "get_rank", &["set", "member", "order"]).idempotent(),
        Method::new(11, "list_by_rank", &["set", "order", "start", "count"]).idempotent(),
        Method::new(12, "list_by_score", &["set", "scores", "order", "skip", "count"]).idempotent(),
        Method::new(13, "count_members", &["set", "scores"]).idempotent(),
        Method::new(14, "remove_member", &["set", "member"]),
        Method::new(15, "trim_set", &["set", "order", "keep"]).idempotent(),
        Method::new(16, "remove_set", &["set"]).idempotent(),
    ],
);

/// Calls `SortedSets` through an edge's chain.
#[derive(Debug)]
pub struct SortedSetsClient(CacheClient);

impl SortedSetsClient {
    /// A client on this chain.
    pub fn new(client: Client) -> Self {
        Self(CacheClient(client))
    }
}

#[service(crate = ::bp_runtime)]
impl Cache for SortedSetsClient {
    async fn get(&self, key: String) -> Result<Option<Bytes>, BackendError> {
        self.0.get(key).await
    }

    async fn get_many(&self, keys: Vec<String>) -> Result<Vec<Option<Bytes>>, BackendError> {
        self.0.get_many(keys).await
    }

    async fn put(
        &self,
        key: String,
        value: Bytes,
        ttl: Option<Duration>,
    ) -> Result<(), BackendError> {
        self.0.put(key, value, ttl).await
    }

    async fn delete(&self, key: String) -> Result<(), BackendError> {
        self.0.delete(key).await
    }

    async fn put_if(
        &self,
        key: String,
        expected: Option<Bytes>,
        value: Bytes,
        ttl: Option<Duration>,
    ) -> Result<bool, BackendError> {
        self.0.put_if(key, expected, value, ttl).await
    }

    async fn increment(
        &self,
        key: String,
        by: i64,
        ttl: Option<Duration>,
    ) -> Result<i64, BackendError> {
        self.0.increment(key, by, ttl).await
    }
}

#[service(crate = ::bp_runtime)]
impl SortedSets for SortedSetsClient {
    async fn put_members(
        &self,
        set: String,
        members: Vec<ScoredMember>,
        ttl: Option<Duration>,
    ) -> Result<(), BackendError> {
        self.0.0.call(6, (set, members, ttl)).await
    }

    async fn add_member(
        &self,
        set: String,
        member: Bytes,
        score: f64,
        ttl: Option<Duration>,
    ) -> Result<bool, BackendError> {
        self.0.0.call(7, (set, member, score, ttl)).await
    }

    async fn increment_score(
        &self,
        set: String,
        member: Bytes,
        by: f64,
        ttl: Option<Duration>,
    ) -> Result<f64, BackendError> {
        self.0.0.call(8, (set, member, by, ttl)).await
    }

    async fn get_score(&self, set: String, member: Bytes) -> Result<Option<f64>, BackendError> {
        self.0.0.call(9, (set, member)).await
    }

    async fn get_rank(
        &self,
        set: String,
        member: Bytes,
        order: ScoreOrder,
    ) -> Result<Option<u64>, BackendError> {
        self.0.0.call(10, (set, member, order)).await
    }

    async fn list_by_rank(
        &self,
        set: String,
        order: ScoreOrder,
        start: u64,
        count: u32,
    ) -> Result<Vec<ScoredMember>, BackendError> {
        self.0.0.call(11, (set, order, start, count)).await
    }

    async fn list_by_score(
        &self,
        set: String,
        scores: ScoreRange,
        order: ScoreOrder,
        skip: u64,
        count: u32,
    ) -> Result<Vec<ScoredMember>, BackendError> {
        self.0.0.call(12, (set, scores, order, skip, count)).await
    }

    async fn count_members(&self, set: String, scores: ScoreRange) -> Result<u64, BackendError> {
        self.0.0.call(13, (set, scores)).await
    }

    async fn remove_member(&self, set: String, member: Bytes) -> Result<bool, BackendError> {
        self.0.0.call(14, (set, member)).await
    }

    async fn trim_set(
        &self,
        set: String,
        order: ScoreOrder,
        keep: u64,
    ) -> Result<(), BackendError> {
        self.0.0.call(15, (set, order, keep)).await
    }

    async fn remove_set(&self, set: String) -> Result<(), BackendError> {
        self.0.0.call(16, (set,)).await
    }
}

/// Answers calls on `SortedSets`.
pub struct SortedSetsServer(pub Arc<dyn SortedSets>);

impl Dispatch for SortedSetsServer {
    fn dispatch(&self, call: Call) -> BoxFuture<'_, Result<Reply, Infra>> {
        Box::pin(async move {
            match call.method.index {
                0..=5 => CacheServer(self.0.clone()).dispatch(call).await,
                6 => {
                    let (set, members, ttl) = call.take()?;
                    Reply::of(self.0.put_members(set, members, ttl).await)
                }
                7 => {
                    let (set, member, score, ttl) = call.take()?;
                    Reply::of(self.0.add_member(set, member, score, ttl).await)
                }
                8 => {
                    let (set, member, by, ttl) = call.take()?;
                    Reply::of(self.0.increment_score(set, member, by, ttl).await)
                }
                9 => {
                    let (set, member) = call.take()?;
                    Reply::of(self.0.get_score(set, member).await)
                }
                10 => {
                    let (set, member, order) = call.take()?;
                    Reply::of(self.0.get_rank(set, member, order).await)
                }
                11 => {
                    let (set, order, start, count) = call.take()?;
                    Reply::of(self.0.list_by_rank(set, order, start, count).await)
                }
                12 => {
                    let (set, scores, order, skip, count) = call.take()?;
                    Reply::of(self.0.list_by_score(set, scores, order, skip, count).await)
                }
                13 => {
                    let (set, scores) = call.take()?;
                    Reply::of(self.0.count_members(set, scores).await)
                }
                14 => {
                    let (set, member) = call.take()?;
                    Reply::of(self.0.remove_member(set, member).await)
                }
                15 => {
                    let (set, order, keep) = call.take()?;
                    Reply::of(self.0.trim_set(set, order, keep).await)
                }
                16 => {
                    let (set,) = call.take()?;
                    Reply::of(self.0.remove_set(set).await)
                }
                _ => Err(Infra::unknown_method(&call)),
            }
        })
    }
}

impl std::fmt::Debug for SortedSetsServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SortedSetsServer")
    }
}

impl BackendInterface for dyn SortedSets {
    fn glue() -> InterfaceGlue {
        InterfaceGlue::new::<dyn SortedSets>(
            &SORTED_SETS,
            |client| Arc::new(SortedSetsClient::new(client)),
            |store| Arc::new(SortedSetsServer(store)),
        )
        .method::<(String,), Option<Bytes>, BackendError>()
        .method::<(Vec<String>,), Vec<Option<Bytes>>, BackendError>()
        .method::<(String, Bytes, Option<Duration>), (), BackendError>()
        .method::<(String,), (), BackendError>()
        .method::<(String, Option<Bytes>, Bytes, Option<Duration>), bool, BackendError>()
        .method::<(String, i64, Option<Duration>), i64, BackendError>()
        .method::<(String, Vec<ScoredMember>, Option<Duration>), (), BackendError>()
        .method::<(String, Bytes, f64, Option<Duration>), bool, BackendError>()
        .method::<(String, Bytes, f64, Option<Duration>), f64, BackendError>()
        .method::<(String, Bytes), Option<f64>, BackendError>()
        .method::<(String, Bytes, ScoreOrder), Option<u64>, BackendError>()
        .method::<(String, ScoreOrder, u64, u32), Vec<ScoredMember>, BackendError>()
        .method::<(String, ScoreRange, ScoreOrder, u64, u32), Vec<ScoredMember>, BackendError>()
        .method::<(String, ScoreRange), u64, BackendError>()
        .method::<(String, Bytes), bool, BackendError>()
        .method::<(String, ScoreOrder, u64), (), BackendError>()
        .method::<(String,), (), BackendError>()
    }
}
