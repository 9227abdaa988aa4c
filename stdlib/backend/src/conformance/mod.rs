//! One suite per interface, which every implementation's tests run: embedded or networked, direct or through a client.
//!
//! ```ignore
//! #[tokio::test]
//! async fn conforms() {
//!     bp_backend::conformance::check_cache(Arc::new(MyFactory::new())).await;
//! }
//! ```
//!
//! A case is one function over a fresh store; the functions here run all of a suite's concurrently.
//! At the end they panic with a list of the cases that failed, and why.

mod cache;
mod document_store;
mod documents_find;
mod documents_update;
mod sorted_sets;
mod sorted_sets_lists;

use std::fmt::{Debug, Display};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::{BackendError, Cache, DocumentStore, SortedSets};

/// How a suite gets its stores: implemented once for each implementation under test.
#[async_trait]
pub trait StoreFactory<S: ?Sized + Send + Sync + 'static>: Send + Sync + 'static {
    /// A new, empty store, apart from every other.
    async fn fresh(&self) -> Result<Arc<S>, Failure>;

    /// Closes a store that [`StoreFactory::fresh`] gave and opens its content again; `None` for a store that does not keep its content.
    async fn reopen(&self, store: Arc<S>) -> Result<Option<Arc<S>>, Failure> {
        drop(store);
        Ok(None)
    }

    /// Lets time pass for a store; a manual clock is moved instead.
    async fn pass(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }

    /// The unit in which the implementation counts time to live: nothing for an exact one, a second for memcached.
    fn granularity(&self) -> Duration {
        Duration::ZERO
    }
}

/// Why a case failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure(String);

impl Failure {
    /// A failure described by `message`.
    pub fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(format!("unexpected error: {error}"))
    }
}

impl Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

type Case<S> = (&'static str, fn(Arc<dyn StoreFactory<S>>) -> Running);
type Running = std::pin::Pin<Box<dyn Future<Output = Outcome> + Send>>;
type Outcome = Result<(), Failure>;

/// Runs every case of the cache suite; panics with the list of those that failed.
pub async fn check_cache(factory: Arc<dyn StoreFactory<dyn Cache>>) {
    run(cache::CASES, factory).await;
}

/// Runs every case of the document store suite; panics with the list of those that failed.
pub async fn check_document_store(factory: Arc<dyn StoreFactory<dyn DocumentStore>>) {
    let cases: Vec<_> =
        [document_store::CASES, documents_find::CASES, documents_update::CASES].concat();
    run(&cases, factory).await;
}

/// Runs every case of the suite of sorted sets; panics with the list of those that failed.
///
/// What a store offers as a `Cache` is checked by [`check_cache`].
pub async fn check_sorted_sets(factory: Arc<dyn StoreFactory<dyn SortedSets>>) {
    let cases: Vec<_> = [sorted_sets::CASES, sorted_sets_lists::CASES].concat();
    run(&cases, factory).await;
}

async fn run<S: ?Sized + Send + Sync + 'static>(
    cases: &[Case<S>],
    factory: Arc<dyn StoreFactory<S>>,
) {
    let running: Vec<_> =
        cases.iter().map(|(name, case)| (name, tokio::spawn(case(factory.clone())))).collect();
    let mut failures = Vec::new();
    for (name, task) in running {
        match task.await {
            Ok(Ok(())) => {}
            Ok(Err(failure)) => failures.push(format!("{name}: {failure}")),
            Err(error) => failures.push(format!("{name}: {error}")),
        }
    }
    assert!(
        failures.is_empty(),
        "{} of {} cases failed:\n  {}",
        failures.len(),
        cases.len(),
        failures.join("\n  ")
    );
}

/// The table of a suite's cases.
macro_rules! cases {
    ($store:ty: $($name:ident),* $(,)?) => {
        pub(super) const CASES: &[super::Case<$store>] =
            &[$((stringify!($name), |factory| Box::pin($name(factory)))),*];
    };
}
use cases;

fn expect_equal<T: PartialEq + Debug>(what: &str, found: &T, expected: &T) -> Outcome {
    if found == expected {
        return Ok(());
    }
    let mut text = format!("{what}: found {found:?}, expected {expected:?}");
    if text.len() > 2000 {
        text = text.chars().take(2000).collect();
    }
    Err(Failure(text))
}

fn expect_holds(what: &str, condition: bool) -> Outcome {
    if condition { Ok(()) } else { Err(Failure(format!("does not hold: {what}"))) }
}

/// The result must be `Invalid`.
fn expect_invalid<T: Debug>(what: &str, result: Result<T, BackendError>) -> Outcome {
    match result {
        Err(BackendError::Invalid(_)) => Ok(()),
        other => Err(Failure(format!("{what}: found {other:?}, expected Invalid"))),
    }
}

/// The result must be `WrongType`.
fn expect_wrong_type<T: Debug>(what: &str, result: Result<T, BackendError>) -> Outcome {
    match result {
        Err(BackendError::WrongType(_)) => Ok(()),
        other => Err(Failure(format!("{what}: found {other:?}, expected WrongType"))),
    }
}

/// The result must be `AlreadyExists`.
fn expect_already_exists<T: Debug>(what: &str, result: Result<T, BackendError>) -> Outcome {
    match result {
        Err(BackendError::AlreadyExists(_)) => Ok(()),
        other => Err(Failure(format!("{what}: found {other:?}, expected AlreadyExists"))),
    }
}
