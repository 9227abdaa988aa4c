//! The largest message, checked in the same way by every transport.

use crate::error::{Infra, InfraKind, Processed};

/// What `max_message` is when nothing says otherwise.
pub const DEFAULT_MAX_MESSAGE: usize = 4 * 1024 * 1024;

/// The largest encoded message, in bytes, of both arguments and answers.
///
/// Both ends of a transport check what they send and what they receive, so that the caller always sees `TooLarge`, never a broken connection. A transport's own limit has to be set above this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MessageLimit {
    /// In bytes.
    pub bytes: usize,
}

impl Default for MessageLimit {
    fn default() -> Self {
        Self { bytes: DEFAULT_MAX_MESSAGE }
    }
}

impl MessageLimit {
    /// Arguments of `length` bytes, sent or received: too large means that nothing was done.
    ///
    /// # Errors
    /// `TooLarge`.
    pub fn check_arguments(self, length: usize) -> Result<(), Infra> {
        self.check(length, "the arguments are", Processed::No)
    }

    /// An answer of `length` bytes, sent or received: too large means that the work was done all the same.
    ///
    /// # Errors
    /// `TooLarge`.
    pub fn check_answer(self, length: usize) -> Result<(), Infra> {
        self.check(length, "the answer is", Processed::Yes)
    }

    fn check(self, length: usize, what: &str, processed: Processed) -> Result<(), Infra> {
        if length <= self.bytes {
            return Ok(());
        }
        Err(Infra::new(
            InfraKind::TooLarge,
            processed,
            format!("{what} {length} bytes, more than max_message = {}", self.bytes),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_itself_passes() {
        let limit = MessageLimit { bytes: 10 };
        assert_eq!(limit.check_arguments(10), Ok(()));
        let error = limit.check_arguments(11).unwrap_err();
        assert_eq!((error.kind, error.processed), (InfraKind::TooLarge, Processed::No));
        assert_eq!(limit.check_answer(11).unwrap_err().processed, Processed::Yes);
    }
}
