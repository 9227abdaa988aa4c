//! Suites that every implementation of an interface must pass, for those who write an interface or a store of one.
//!
//! The crate of an interface has its suite, which is a table of cases; a case is one function over a fresh store.
//! A store's tests run the suite on the store itself, and through the interface's client as a service calls it behind wrappers:
//!
//! ```
//! use std::sync::{Arc, Mutex};
//!
//! use bp_macros::{ServiceError, interface, service};
//! use bp_runtime::Infra;
//! use bp_runtime::conformance::{self, Failure, StoreFactory, Verdict};
//!
//! #[derive(Debug, ServiceError)]
//! #[service_error(crate = ::bp_runtime)]
//! pub enum QueueError {
//!     #[infra]
//!     Infra(Infra),
//! }
//!
//! /// First in, first out.
//! #[interface(crate = ::bp_runtime)]
//! pub trait Queue {
//!     async fn push(&self, text: String) -> Result<(), QueueError>;
//!     async fn pop(&self) -> Result<Option<String>, QueueError>;
//! }
//!
//! // The suite, beside the interface: `pub mod conformance` under a feature of that name.
//! type Factory = Arc<dyn StoreFactory<dyn Queue>>;
//!
//! conformance::cases! { pub const CASES: dyn Queue = [
//!     a_new_queue_is_empty,
//!     texts_come_in_their_order,
//! ] }
//!
//! async fn a_new_queue_is_empty(stores: Factory) -> Verdict {
//!     let queue = stores.fresh().await?;
//!     conformance::expect_equal("pop", &queue.pop().await?, &None)
//! }
//!
//! async fn texts_come_in_their_order(stores: Factory) -> Verdict {
//!     let queue = stores.fresh().await?;
//!     queue.push("a".to_owned()).await?;
//!     queue.push("b".to_owned()).await?;
//!     conformance::expect_equal("pop", &queue.pop().await?, &Some("a".to_owned()))
//! }
//!
//! // A store, and its tests.
//! #[derive(Default)]
//! struct Memory(Mutex<Vec<String>>);
//!
//! #[service(crate = ::bp_runtime)]
//! impl Queue for Memory {
//!     async fn push(&self, text: String) -> Result<(), QueueError> {
//!         self.0.lock().unwrap().push(text);
//!         Ok(())
//!     }
//!
//!     async fn pop(&self) -> Result<Option<String>, QueueError> {
//!         let mut texts = self.0.lock().unwrap();
//!         Ok(if texts.is_empty() { None } else { Some(texts.remove(0)) })
//!     }
//! }
//!
//! struct Memories;
//!
//! #[service(crate = ::bp_runtime)]
//! impl StoreFactory<dyn Queue> for Memories {
//!     async fn fresh(&self) -> Result<Arc<dyn Queue>, Failure> {
//!         Ok(Arc::new(Memory::default()))
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! conformance::run_cases(CASES, Arc::new(Memories)).await;
//! conformance::run_cases_through_client(CASES, Arc::new(Memories)).await;
//! # }
//! ```

#[cfg(test)]
mod tests;
mod through_client;

use std::fmt::{self, Debug, Display};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::BoxFuture;

pub use crate::__conformance_cases as cases;
pub use through_client::{RepeatIdempotent, ThroughClient, connect, run_cases_through_client};

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
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How a case ended.
pub type Verdict = Result<(), Failure>;

/// A case of a suite over stores of the interface `S`: its name, and what it does. [`cases!`](cases) writes the table.
pub type Case<S> = (&'static str, fn(Arc<dyn StoreFactory<S>>) -> BoxFuture<'static, Verdict>);

/// The table of a suite's cases, which are async functions in scope: `cases! { pub const CASES: dyn Queue = [a_new_queue_is_empty] }`.
///
/// A case takes an `Arc<dyn StoreFactory<dyn Queue>>` and returns a [`Verdict`].
#[doc(hidden)]
#[macro_export]
macro_rules! __conformance_cases {
    ($(#[$attribute:meta])* $visibility:vis const $table:ident: $interface:ty = [$($name:ident),* $(,)?]) => {
        $(#[$attribute])*
        $visibility const $table: &[$crate::conformance::Case<$interface>] =
            &[$((stringify!($name), |factory| ::std::boxed::Box::pin($name(factory)))),*];
    };
}

/// Runs all cases at once.
///
/// # Panics
/// A case failed; the message lists all that did, and why.
pub async fn run_cases<S: ?Sized + Send + Sync + 'static>(
    cases: &[Case<S>],
    factory: Arc<dyn StoreFactory<S>>,
) {
    let failures = find_failures(cases, factory).await;
    assert!(
        failures.is_empty(),
        "{} of {} cases failed:\n  {}",
        failures.len(),
        cases.len(),
        failures.join("\n  ")
    );
}

/// The cases that fail, each with its reason.
async fn find_failures<S: ?Sized + Send + Sync + 'static>(
    cases: &[Case<S>],
    factory: Arc<dyn StoreFactory<S>>,
) -> Vec<String> {
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
    failures
}

/// Longer texts are of values that nobody reads to their end.
const LONGEST_MESSAGE: usize = 2000;

/// `what` must be as expected.
pub fn expect_equal<T: PartialEq + Debug>(what: &str, found: &T, expected: &T) -> Verdict {
    if found == expected {
        return Ok(());
    }
    let text = format!("{what}: found {found:?}, expected {expected:?}");
    Err(Failure(text.chars().take(LONGEST_MESSAGE).collect()))
}

/// The condition that `what` describes must hold.
pub fn expect_holds(what: &str, condition: bool) -> Verdict {
    if condition { Ok(()) } else { Err(Failure(format!("does not hold: {what}"))) }
}
