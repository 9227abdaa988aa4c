//! The interface `Sample`.

use bp_std::{ServiceError, interface};

/// Counts by name.
///
/// A name is 1 to 100 bytes of UTF-8; any other is [`SampleError::Invalid`], and nothing happens.
/// Each method is atomic.
#[interface]
pub trait Sample {
    /// The count of `name`; 0 if nothing was added.
    #[idempotent]
    async fn read(&self, name: String) -> Result<i64, SampleError>;

    /// Adds `by` to the count of `name` and answers the sum.
    ///
    /// A sum beyond `i64` is [`SampleError::Invalid`], and nothing changes.
    async fn add(&self, name: String, by: i64) -> Result<i64, SampleError>;
}

/// Why a count was not answered.
#[derive(Debug, Clone, PartialEq, Eq, ServiceError)]
pub enum SampleError {
    /// What was asked for breaks a rule of the interface.
    #[status(invalid_argument, "{0}")]
    Invalid(String),
    /// The backend was not reached, or did not answer.
    #[infra]
    Infra(bp_std::Infra),
}
