//! The error of backend methods.

use bp_macros::ServiceError;
use bp_runtime::{Infra, Processed};

/// What a backend answers instead of a result.
///
/// All except `Infra` are answers about the data or the arguments; nothing was changed, and repeating the call gives the same answer.
#[derive(Debug, Clone, PartialEq, ServiceError)]
#[service_error(crate = ::bp_runtime)]
pub enum BackendError {
    /// Something has this name already.
    #[status(already_exists, "{0} already exists")]
    AlreadyExists(String),
    /// An argument breaks a rule of the interface, whatever is stored.
    #[status(invalid_argument, "{0}")]
    Invalid(String),
    /// What is stored is of another type than the operation needs.
    #[status(failed_precondition, "{0}")]
    WrongType(String),
    /// The store gave no answer.
    #[infra]
    Infra(Infra),
}

/// For a service that treats every error as a failure: an error about data or arguments becomes `Internal`, and the call counts as processed.
impl From<BackendError> for Infra {
    fn from(error: BackendError) -> Self {
        match error {
            BackendError::Infra(infra) => infra,
            answer @ (BackendError::AlreadyExists(_)
            | BackendError::Invalid(_)
            | BackendError::WrongType(_)) => {
                Self::internal(answer.to_string()).with_processed(Processed::Yes)
            }
        }
    }
}
