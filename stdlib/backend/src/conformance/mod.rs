//! The suites of the interfaces in this crate, which every implementation's tests run: embedded or networked, direct or through a client.
//!
//! ```ignore
//! #[tokio::test]
//! async fn conforms() {
//!     bp_backend::conformance::check_cache(Arc::new(MyFactory::new())).await;
//! }
//! ```
//!
//! `bp_runtime::conformance` says how suites of other interfaces are written.

mod cache;
mod document_store;
mod documents_find;
mod documents_update;
mod sorted_sets;
mod sorted_sets_lists;

#[cfg(test)]
mod tests;

use std::fmt::Debug;
use std::sync::Arc;

pub use bp_runtime::conformance::{Failure, StoreFactory};
use bp_runtime::conformance::{Verdict, cases, expect_equal, expect_holds, run_cases};

use crate::{BackendError, Cache, DocumentStore, SortedSets};

/// Runs every case of the cache suite; panics with the list of those that failed.
pub async fn check_cache(factory: Arc<dyn StoreFactory<dyn Cache>>) {
    run_cases(cache::CASES, factory).await;
}

/// Runs every case of the suite of sorted sets; panics with the list of those that failed.
///
/// What they extend has a suite of its own, [`check_cache`].
pub async fn check_sorted_sets(factory: Arc<dyn StoreFactory<dyn SortedSets>>) {
    run_cases(&[sorted_sets::CASES, sorted_sets_lists::CASES].concat(), factory).await;
}

/// Runs every case of the document store suite; panics with the list of those that failed.
pub async fn check_document_store(factory: Arc<dyn StoreFactory<dyn DocumentStore>>) {
    let cases: Vec<_> =
        [document_store::CASES, documents_find::CASES, documents_update::CASES].concat();
    run_cases(&cases, factory).await;
}

/// The result must be `Invalid`.
fn expect_invalid<T: Debug>(what: &str, result: Result<T, BackendError>) -> Verdict {
    match result {
        Err(BackendError::Invalid(_)) => Ok(()),
        other => Err(Failure::new(format!("{what}: found {other:?}, expected Invalid"))),
    }
}

/// The result must be `WrongType`.
fn expect_wrong_type<T: Debug>(what: &str, result: Result<T, BackendError>) -> Verdict {
    match result {
        Err(BackendError::WrongType(_)) => Ok(()),
        other => Err(Failure::new(format!("{what}: found {other:?}, expected WrongType"))),
    }
}

/// The result must be `AlreadyExists`.
fn expect_already_exists<T: Debug>(what: &str, result: Result<T, BackendError>) -> Verdict {
    match result {
        Err(BackendError::AlreadyExists(_)) => Ok(()),
        other => Err(Failure::new(format!("{what}: found {other:?}, expected AlreadyExists"))),
    }
}
