//! Policies as pure state machines: time and randomness are arguments, so a simulation runs the real code.

mod backoff;
mod client_rate;
mod retry_budget;

pub use backoff::{Backoff, Jitter, obey};
pub use client_rate::{ClientRateLimiter, CubicRate};
pub use retry_budget::{RetryBudget, RetryBudgetSettings, Withdrawal};
