//! What the failure cases do with a store, whichever its interface.

use std::sync::Arc;

use async_trait::async_trait;
use bp_backend::{
    BackendError, Cache, Document, DocumentStore, Json, ScoredMember, SortedSets, Update,
};
use bp_runtime::{InfraKind, Processed};
use serde_json::{Value, json};
use store_tests::{Kind, Server};

use crate::instances::{Instances, open};

/// A store under test.
#[async_trait]
pub(crate) trait Store: Send + Sync + 'static {
    /// Keeps a number.
    async fn keep(&self, number: u64) -> Result<(), BackendError>;
    /// Whether a number is kept.
    async fn has(&self, number: u64) -> Result<bool, BackendError>;
    /// Adds one to a counter, which is not idempotent; answers the sum.
    async fn count(&self) -> Result<i64, BackendError>;
}

/// Opens stores.
#[async_trait]
pub(crate) trait Subject: Send + Sync {
    /// An empty store at an address.
    async fn open(&self, address: &str, settings: Value) -> Arc<dyn Store>;
    /// Whether what was written is there after `kill -9` and a restart.
    fn keeps(&self) -> bool;
}

pub(crate) struct Caches {
    pub(crate) instances: Instances,
    pub(crate) keeps: bool,
}

pub(crate) struct Sets {
    pub(crate) instances: Instances,
}

pub(crate) struct Documents {
    pub(crate) instances: Instances,
}

struct OnCache(Arc<dyn Cache>);
struct OnSets(Arc<dyn SortedSets>);
struct OnDocuments(Arc<dyn DocumentStore>);

#[async_trait]
impl Subject for Caches {
    async fn open(&self, address: &str, settings: Value) -> Arc<dyn Store> {
        let (kind, name) = (self.instances.kind(), self.instances.name());
        let opened = open(kind, "bp_backend::Cache", &name, address, &settings).await.unwrap();
        Arc::new(OnCache(opened.get().unwrap()))
    }

    fn keeps(&self) -> bool {
        self.keeps
    }
}

#[async_trait]
impl Subject for Sets {
    async fn open(&self, address: &str, settings: Value) -> Arc<dyn Store> {
        let (kind, name) = (self.instances.kind(), self.instances.name());
        let opened = open(kind, "bp_backend::SortedSets", &name, address, &settings).await.unwrap();
        Arc::new(OnSets(opened.get().unwrap()))
    }

    fn keeps(&self) -> bool {
        true
    }
}

#[async_trait]
impl Subject for Documents {
    async fn open(&self, address: &str, settings: Value) -> Arc<dyn Store> {
        let (kind, name) = (self.instances.kind(), self.instances.name());
        let mut settings = settings;
        if kind == Kind::Mongodb {
            // How long the library looks for a server that is gone; the calls here have shorter limits than others.
            settings["connect_timeout"] = json!("500ms");
        }
        let opened =
            open(kind, "bp_backend::DocumentStore", &name, address, &settings).await.unwrap();
        Arc::new(OnDocuments(opened.get().unwrap()))
    }

    fn keeps(&self) -> bool {
        true
    }
}

#[async_trait]
impl Store for OnCache {
    async fn keep(&self, number: u64) -> Result<(), BackendError> {
        self.0.put(number.to_string(), "v".into(), None).await
    }

    async fn has(&self, number: u64) -> Result<bool, BackendError> {
        Ok(self.0.get(number.to_string()).await?.is_some())
    }

    async fn count(&self) -> Result<i64, BackendError> {
        self.0.increment("counter".into(), 1, None).await
    }
}

#[async_trait]
impl Store for OnSets {
    async fn keep(&self, number: u64) -> Result<(), BackendError> {
        let member = ScoredMember::new(number.to_string(), 1.0);
        self.0.put_members("numbers".into(), vec![member], None).await
    }

    async fn has(&self, number: u64) -> Result<bool, BackendError> {
        let member = number.to_string().into();
        Ok(self.0.get_score("numbers".into(), member).await?.is_some())
    }

    async fn count(&self) -> Result<i64, BackendError> {
        let sum = self.0.increment_score("counters".into(), "one".into(), 1.0, None).await?;
        #[expect(clippy::cast_possible_truncation, reason = "a sum of ones")]
        Ok(sum as i64)
    }
}

#[async_trait]
impl Store for OnDocuments {
    async fn keep(&self, number: u64) -> Result<(), BackendError> {
        let document = Document::new(number.to_string(), Json::object([("n", 1)]));
        self.0.put("numbers".into(), document).await
    }

    async fn has(&self, number: u64) -> Result<bool, BackendError> {
        Ok(self.0.get("numbers".into(), number.to_string()).await?.is_some())
    }

    async fn count(&self) -> Result<i64, BackendError> {
        let one = || Update::new().inc("n", 1);
        if let Some(found) = self.0.update("counters".into(), "one".into(), one()).await? {
            return Ok(found.body.field("n").and_then(Json::as_i64).unwrap_or_default());
        }
        let first = Document::new("one", Json::object([("n", 1)]));
        match self.0.insert("counters".into(), first).await {
            Ok(()) => Ok(1),
            Err(BackendError::AlreadyExists(_)) => self.count().await,
            Err(error) => Err(error),
        }
    }
}

/// A server accepts the right password; a wrong one is refused as a lasting failure, and no message contains it.
pub(crate) async fn passwords(kind: Kind) {
    const RIGHT: &str = "open-sesame";
    const WRONG: &str = "hunter2";
    let server = Server::guarded(kind, RIGHT).unwrap();
    let address = format!("127.0.0.1:{}", server.port());
    let interface =
        if kind == Kind::Redis { "bp_backend::Cache" } else { "bp_backend::DocumentStore" };
    for (password, let_in) in [(json!(RIGHT), true), (json!(WRONG), false), (Value::Null, false)] {
        let settings = json!({ "password": password });
        let opened = open(kind, interface, "secret", &address, &settings).await.unwrap();
        let store: Arc<dyn Store> = match opened.get::<dyn DocumentStore>() {
            Some(store) => Arc::new(OnDocuments(store)),
            None => Arc::new(OnCache(opened.get().unwrap())),
        };
        let answer = store.has(1).await;
        if let_in {
            assert!(!answer.unwrap());
            continue;
        }
        let error = answer.unwrap_err();
        let BackendError::Infra(infra) = &error else { panic!("{error}") };
        let told = (infra.kind, infra.processed);
        assert_eq!(
            told,
            (InfraKind::Internal, Processed::No),
            "expected a lasting failure: {infra}"
        );
        assert!(!format!("{error} {error:?} {opened:?}").contains(WRONG), "{error:?}");
    }
}
