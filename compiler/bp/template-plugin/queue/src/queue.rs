//! The `Queue` interface.

use bp_macros::{ServiceError, interface};
use bp_runtime::Infra;
use bytes::Bytes;

/// Hands items over, each to one taker.
///
/// **Order.** Items come out in the order in which their pushes returned.
///
/// **Items** are any bytes, none among them.
#[interface(crate = ::bp_runtime)]
pub trait Queue {
    /// Puts an item behind all others.
    async fn push(&self, item: Bytes) -> Result<(), QueueError>;

    /// Takes the first item; `None` if none waits.
    async fn pop(&self) -> Result<Option<Bytes>, QueueError>;

    /// How many items wait.
    #[idempotent]
    async fn depth(&self) -> Result<u64, QueueError>;
}

/// What a queue answers instead of a result.
#[derive(Debug, Clone, PartialEq, ServiceError)]
#[service_error(crate = ::bp_runtime)]
pub enum QueueError {
    /// As many items wait as the store keeps; the pushed one is not among them.
    #[status(resource_exhausted, "the queue is full")]
    Full,
    /// The store gave no answer.
    #[infra]
    Infra(Infra),
}
