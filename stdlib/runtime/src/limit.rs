//! The largest message, checked in the same way by every transport.

use bp_contract::transport::MessageSettings;

use crate::error::{Infra, InfraKind, Processed};

/// The largest encoded message, in bytes, of both arguments and answers.
///
/// Both ends of a transport check what they send and what they receive, so that the caller always sees `TooLarge`, never a broken connection. A transport's own limit has to be set above this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MessageLimit {
    /// In bytes.
    pub bytes: usize,
}

impl From<MessageSettings> for MessageLimit {
    fn from(settings: MessageSettings) -> Self {
        Self { bytes: usize::try_from(settings.max_message.bytes()).unwrap_or(usize::MAX) }
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

    /// The error for arguments whose reading ended at the limit, so that their length is not known: nothing was done.
    pub fn refuse_arguments(self) -> Infra {
        self.refuse("the arguments are", Processed::No)
    }

    /// The error for an answer whose reading ended at the limit: the work was done all the same.
    pub fn refuse_answer(self) -> Infra {
        self.refuse("the answer is", Processed::Yes)
    }

    fn check(self, length: usize, what: &str, processed: Processed) -> Result<(), Infra> {
        if length <= self.bytes {
            return Ok(());
        }
        Err(self.refuse(&format!("{what} {length} bytes,"), processed))
    }

    fn refuse(self, what: &str, processed: Processed) -> Infra {
        let name = MessageSettings::MAX_MESSAGE.name();
        let message = format!("{what} more than {name} = {}", self.bytes);
        Infra::new(InfraKind::TooLarge, processed, message)
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
        assert_eq!(error.message, "the arguments are 11 bytes, more than max_message = 10");
        assert_eq!(limit.check_answer(11).unwrap_err().processed, Processed::Yes);
        assert_eq!(limit.refuse_answer().message, "the answer is more than max_message = 10");
    }
}
