//! Calls as a wiring names them.

/// What a text that names a call must be, for messages.
pub const EXPECTED_CALL: &str = "expected a service and a method, joined by `.`";

/// The service and the method of `board.publish`; `None` if one of them is missing.
pub fn parse_call(text: &str) -> Option<(&str, &str)> {
    let (service, method) = text.split_once('.')?;
    (!service.is_empty() && !method.is_empty()).then_some((service, method))
}

#[cfg(test)]
mod tests {
    use super::parse_call;

    #[test]
    fn a_call_is_a_service_and_a_method() {
        assert_eq!(parse_call("cart.add"), Some(("cart", "add")));
        for text in ["", "cart", ".add", "cart.", "."] {
            assert_eq!(parse_call(text), None, "{text}");
        }
    }
}
