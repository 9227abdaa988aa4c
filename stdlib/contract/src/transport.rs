//! What transports have in common in a wiring.

use std::time::Duration;

use crate::setting::{Settings, Size};

/// What every transport takes that sends messages of a bounded size; a transport flattens it into its own settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Settings)]
pub struct MessageSettings {
    /// The largest encoded message, arguments or answer, at both ends.
    #[setting(default = "4MiB", range = "1KiB"..="256MiB")]
    pub max_message: Size,
}

/// How a transport keeps connections that carry many calls at once; a transport flattens it into its own settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Settings)]
pub struct ConnectionSettings {
    /// A connection that is silent for one to two times this long is pinged, by a caller only while calls are under way: a host that was cut off says nothing.
    #[setting(default = "10s", range = "1s"..="10m")]
    pub keepalive: Duration,
    /// How long the answer to a ping may take; then the connection is given up, and the calls on it fail.
    #[setting(default = "5s", range = "100ms"..="1m")]
    pub keepalive_timeout: Duration,
    /// How old a connection gets at a listener, a tenth more or less: then it takes no more calls, and is closed once those on it have ended, so that its caller chooses an endpoint again. Without it, as old as its process.
    #[setting(range = "1s"..="24h")]
    pub max_connection_age: Option<Duration>,
    /// Calls at once on one connection; a caller that has more makes further connections to the same endpoint.
    #[setting(default = 200, range = 1..=10_000)]
    pub calls_per_connection: u32,
}

impl ConnectionSettings {
    /// How old a connection gets, between nine and eleven tenths of what the setting says, so that connections that were made together do not end together; `random` is uniform in `[0, 1)`.
    pub fn draw_age(&self, random: f64) -> Option<Duration> {
        self.max_connection_age.map(|age| age.mul_f64(0.9 + 0.2 * random.clamp(0.0, 1.0)))
    }
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

    #[test]
    fn the_age_of_a_connection_is_drawn_around_the_setting() {
        let read = |value| <ConnectionSettings as Settings>::read(&value).unwrap();
        assert_eq!(read(json!({})).draw_age(0.5), None);
        let settings = read(json!({ "max_connection_age": "10m" }));
        let ages = [0.0, 0.5, 1.0].map(|random| settings.draw_age(random).unwrap().as_secs());
        assert_eq!(ages, [540, 600, 660]);
    }
}
