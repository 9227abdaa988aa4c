//! What transports have in common in a wiring.

use crate::setting::{Settings, Size};

/// What every transport takes that sends messages of a bounded size; a transport flattens it into its own settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Settings)]
pub struct MessageSettings {
    /// The largest encoded message, arguments or answer, at both ends.
    #[setting(default = "4MiB", range = "1KiB"..="256MiB")]
    pub max_message: Size,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_transport_that_says_nothing_has_the_default_and_bounds_hold_for_references_too() {
        let read = |value| <MessageSettings as Settings>::read(&value).map(|read| read.max_message);
        assert_eq!(read(json!({})).map(Size::bytes), Ok(4 << 20));
        assert_eq!(read(json!({ "max_message": "1KiB", "port": 1 })).map(Size::bytes), Ok(1024));
        assert!(read(json!({ "max_message": "1B" })).is_err());
        assert!(read(json!({ "max_message": "much" })).is_err());
    }
}
