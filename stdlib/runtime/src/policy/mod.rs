//! Policies as pure state machines: time and chance are arguments, so simulation runs what ships.

mod backoff;
mod retry_budget;

pub use backoff::{Backoff, Jitter};
pub use retry_budget::{RetryBudget, RetryBudgetSettings};
