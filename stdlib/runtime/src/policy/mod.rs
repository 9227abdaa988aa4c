//! Policies as pure state machines: time and randomness are arguments, so a simulation runs the real code.

mod backoff;
mod retry_budget;

pub use backoff::{Backoff, Jitter, obey};
pub use retry_budget::{RetryBudget, RetryBudgetSettings, Withdrawal};
