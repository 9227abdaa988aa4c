//! What backends behind a network connection have in common in a wiring.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde_json::Value;

use crate::setting::{SettingFault, SettingKind, SettingValue, Settings};

/// What an instance on a server takes, whatever the server is.
#[derive(Debug, Clone, PartialEq, Eq, Settings)]
pub struct ServerSettings {
    /// Where the server listens, `host:port`; BP_ADDR_<NAME> overrides it. Without either: this machine and the default port.
    #[setting(example = "\"127.0.0.1:5432\"")]
    pub address: Option<StoreAddress>,
    /// How many calls at once, and how long each may take.
    #[setting(flatten)]
    pub limits: StoreLimits,
}

/// The limits of an instance. All but `pool` may change while it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Settings)]
pub struct StoreLimits {
    /// The most connections that a process opens to the server.
    #[setting(default = 16, range = 1..=10_000)]
    pub pool: usize,
    /// Longest time for a call, including the wait for a connection; an earlier deadline of the call applies instead.
    #[setting(default = "5s", range = "1ms"..="10m", tunable)]
    pub timeout: Duration,
    /// Longest time that a call waits while all connections are busy; then it fails as overloaded.
    #[setting(default = "1s", range = "1ms"..="10m", tunable)]
    pub wait: Duration,
    /// Longest time to open a connection.
    #[setting(default = "2s", range = "1ms"..="10m", tunable)]
    pub connect_timeout: Duration,
}

/// Where one server listens, `host:port`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreAddress {
    /// A name or an address; an IPv6 address without its brackets.
    pub host: String,
    /// The port.
    pub port: u16,
}

/// The text is not the address of one server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotAnAddress;

impl fmt::Display for NotAnAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected the address of one server such as \"127.0.0.1:5432\"")
    }
}

impl std::error::Error for NotAnAddress {}

impl FromStr for StoreAddress {
    type Err = NotAnAddress;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (host, port) = text.rsplit_once(':').ok_or(NotAnAddress)?;
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        let plain = !host.is_empty()
            && !host.contains(|c: char| c.is_whitespace() || matches!(c, ',' | '/' | '@' | '['));
        let port = port.parse().ok().filter(|port| *port > 0).ok_or(NotAnAddress)?;
        if plain { Ok(Self { host: host.to_owned(), port }) } else { Err(NotAnAddress) }
    }
}

impl fmt::Display for StoreAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

impl SettingValue for StoreAddress {
    const KIND: SettingKind = SettingKind::Text;

    fn read(value: &Value) -> Result<Self, SettingFault> {
        let read = value.as_str().and_then(|text| text.parse().ok());
        read.ok_or_else(|| SettingFault::of_value(format!("{NotAnAddress}, found {value}")))
    }

    fn write(&self) -> Option<Value> {
        Some(self.to_string().into())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_address_is_one_host_and_one_port() {
        for text in ["localhost:5432", "10.0.0.1:1", "rate-db:11211", "[::1]:6379"] {
            let address: StoreAddress = text.parse().unwrap();
            assert_eq!(address.to_string(), text);
            assert_eq!(StoreAddress::read(&address.write().unwrap()), Ok(address));
        }
        for text in ["", "host", ":1", "host:", "host:0", "host:70000", "a:1,b:2", "u@h:1", "a b:1"]
        {
            assert_eq!(text.parse::<StoreAddress>(), Err(NotAnAddress), "{text}");
        }
        let error = StoreAddress::read(&json!("host")).unwrap_err().to_string();
        assert_eq!(
            error,
            "expected the address of one server such as \"127.0.0.1:5432\", found \"host\""
        );
    }

    #[test]
    fn limits_have_defaults() {
        let limits = <StoreLimits as Settings>::read(&json!({ "wait": "10ms" })).unwrap();
        assert_eq!((limits.pool, limits.wait), (16, Duration::from_millis(10)));
        assert_eq!(limits.timeout, Duration::from_secs(5));
        assert_eq!(limits.connect_timeout, Duration::from_secs(2));
    }
}
