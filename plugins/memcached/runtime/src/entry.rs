//! Keys and lifetimes in memcached's form.

use std::time::{Duration, SystemTime};

/// Longest key that memcached takes.
const MAX_WIRE_KEY: usize = 250;
/// Above it memcached reads a time as seconds since 1970.
const RELATIVE: u64 = 30 * 24 * 3600;

/// What an instance's keys begin with.
#[derive(Debug, Clone)]
pub(crate) struct Namespace(String);

impl Namespace {
    /// For one that the rules of the settings accept.
    pub(crate) fn new(name: &str) -> Self {
        Self(name.to_owned())
    }

    /// The key on the wire: unchanged where memcached accepts it, else its hash.
    ///
    /// The character behind the namespace tells both apart, so no two keys are the same on the wire unless BLAKE3 collides.
    pub(crate) fn key(&self, key: &str) -> String {
        let Self(namespace) = self;
        let plain = key.bytes().all(|byte| byte.is_ascii_graphic());
        if plain && namespace.len() + 2 + key.len() <= MAX_WIRE_KEY {
            format!("{namespace}:={key}")
        } else {
            format!("{namespace}:#{}", blake3::hash(key.as_bytes()).to_hex())
        }
    }
}

/// When an entry ends: whole seconds since 1970, rounded up; 0 for never.
///
/// It is kept beside the value in memcached's client flags, because a counter that is written again must expire when it would have expired:
/// memcached rounds the remaining time, and each rounding would prolong it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Expiry(pub(crate) u32);

impl Expiry {
    pub(crate) fn after(ttl: Option<Duration>, now: Duration) -> Self {
        let Some(ttl) = ttl else { return Self(0) };
        Self(u32::try_from(whole_seconds(now.saturating_add(ttl))).unwrap_or(u32::MAX))
    }

    /// memcached's `T`: seconds from now, or since 1970 when they are many; 0 for never.
    ///
    /// One more than asked, because memcached's clock ticks once a second: an entry of one second, written right before a tick, would be gone at once.
    pub(crate) fn lifetime(self, now: Duration) -> u64 {
        let end = u64::from(self.0);
        if end == 0 {
            return 0;
        }
        let left = whole_seconds(Duration::from_secs(end).saturating_sub(now)) + 1;
        if left > RELATIVE { end + 1 } else { left }
    }
}

/// The time since 1970.
pub(crate) fn now() -> Duration {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
}

fn whole_seconds(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}

#[cfg(test)]
mod tests {
    use bp_contract::store::NamespaceSettings;

    use super::*;

    #[test]
    fn keys_that_memcached_refuses_are_hashed_and_never_meet_others() {
        let namespace = Namespace::new("rates");
        assert_eq!(namespace.key("a:b/c{d}"), "rates:=a:b/c{d}");
        let hashed = namespace.key("with space");
        assert_eq!(hashed.len(), "rates:#".len() + 64);
        assert_ne!(namespace.key(hashed.trim_start_matches("rates:")), hashed);
        for key in ["é", "\0", "line\r\nget x", &"k".repeat(250)] {
            let wire = namespace.key(key);
            assert!(wire.len() <= MAX_WIRE_KEY && wire.bytes().all(|b| b.is_ascii_graphic()));
            assert_ne!(wire, hashed);
        }
        assert_eq!(namespace.key(&"k".repeat(243)).len(), MAX_WIRE_KEY);
        assert_eq!(namespace.key(&"k".repeat(244)).len(), "rates:#".len() + 64);
        let longest = Namespace::new(&"n".repeat(NamespaceSettings::LONGEST));
        assert!(longest.key("with space").len() <= MAX_WIRE_KEY);
    }

    #[test]
    fn an_entry_never_ends_early_and_keeps_its_end_when_written_anew() {
        let now = Duration::from_millis(1_000_000_500);
        assert_eq!(Expiry::after(None, now).lifetime(now), 0);
        let end = Expiry::after(Some(Duration::from_millis(20)), now);
        assert_eq!((end, end.lifetime(now)), (Expiry(1_000_001), 2));
        let end = Expiry::after(Some(Duration::from_secs(10)), now);
        assert_eq!((end, end.lifetime(now)), (Expiry(1_000_011), 12));
        assert_eq!(end.lifetime(now + Duration::from_secs(9)), 3);
        assert_eq!(end.lifetime(now + Duration::from_hours(1)), 1, "past its end, soon gone");
        let end = Expiry::after(Some(Duration::from_hours(31 * 24)), now);
        assert_eq!(end.lifetime(now), u64::from(end.0) + 1, "since 1970");
    }
}
