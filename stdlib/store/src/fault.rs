//! What a store's error means to its caller and to the connection.

use bp_backend::BackendError;
use bp_runtime::{Infra, InfraKind, Processed};

/// The failure of one exchange with a store.
#[derive(Debug, Clone, PartialEq)]
pub enum Fault {
    /// The store answered: the connection is good.
    Answer(BackendError),
    /// The connection is broken, or may be.
    Broken(Infra),
}

impl Fault {
    /// The store refused the request, so it did nothing.
    pub fn refused(kind: InfraKind, message: impl Into<String>) -> Self {
        Self::Answer(BackendError::Infra(Infra::new(kind, Processed::No, message.into())))
    }

    /// The connection broke; `processed` says whether the store may have acted on the request.
    pub fn lost(processed: Processed, message: impl Into<String>) -> Self {
        Self::Broken(Infra::new(InfraKind::Unavailable, processed, message.into()))
    }
}

impl From<BackendError> for Fault {
    fn from(error: BackendError) -> Self {
        Self::Answer(error)
    }
}

impl From<Fault> for BackendError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Answer(error) => error,
            Fault::Broken(infra) => Self::Infra(infra),
        }
    }
}
