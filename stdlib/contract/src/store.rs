//! What backends behind a network connection have in common in a wiring.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde_json::Value;

use crate::Secret;
use crate::setting::{Faults, SettingFault, SettingKind, SettingValue, Settings, Validate};

/// What an instance on a server takes, whatever the server is.
#[derive(Debug, Clone, PartialEq, Eq, Settings)]
pub struct ServerSettings {
    /// Where the server listens, `host:port`; BP_ADDR_<NAME> overrides it. Without either: this machine and the default port.
    #[setting(example = "\"store.example:7000\"")]
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

/// The login at a server that needs none by default.
///
/// A plugin that flattens these settings declares the code `login-incomplete`.
#[derive(Debug, Clone, Settings)]
#[settings(validate)]
pub struct LoginSettings {
    /// The user name at the server.
    #[setting(example = "\"hotel\"")]
    pub user: Option<String>,
    /// The password, as a reference: `{ secret = "rate-db-password" }`.
    #[setting(example = "{ secret = \"rate-db-password\" }")]
    pub password: Option<Secret>,
}

impl Validate for LoginSettings {
    fn validate(&self, faults: &mut Faults) {
        let message = match (&self.user, &self.password) {
            (Some(user), _) if user.is_empty() => "an empty `user` names nobody",
            (Some(_), None) => "a `user` without a `password` cannot log in",
            _ => return,
        };
        faults
            .at(Self::USER, message)
            .help(
                "write both, `user = \"hotel\"` and `password = { secret = \"…\" }`, or no `user`",
            )
            .code("login-incomplete");
    }
}

/// What an instance's keys begin with, on a server that it may share with others.
///
/// A plugin that flattens these settings declares the code `unusable-namespace`.
#[derive(Debug, Clone, PartialEq, Eq, Settings)]
#[settings(validate)]
pub struct NamespaceSettings {
    /// What the instance's keys begin with, so that instances may share a server; by default the instance's name.
    #[setting(example = "\"hotel-rates\"")]
    pub namespace: Option<String>,
}

impl NamespaceSettings {
    /// The longest namespace, in bytes: it leaves most of a key to the caller's.
    pub const LONGEST: usize = 64;

    /// The namespace of an instance; the name of one is always usable.
    pub fn choose<'a>(&'a self, instance: &'a str) -> &'a str {
        self.namespace.as_deref().unwrap_or(instance)
    }
}

impl Validate for NamespaceSettings {
    fn validate(&self, faults: &mut Faults) {
        let Some(namespace) = &self.namespace else { return };
        let fault = if namespace.is_empty() {
            "it is empty, so nothing tells its keys from those of another instance without one"
                .to_owned()
        } else if namespace.len() > Self::LONGEST {
            format!("it has {} bytes, which leaves too little of a key", namespace.len())
        } else if let Some(c) = namespace.chars().find(|c| !c.is_ascii_graphic() || *c == ':') {
            format!("it contains `{c:?}`")
        } else {
            return;
        };
        faults
            .at(Self::NAMESPACE, fault)
            .help(format!(
                "write 1 to {} visible ASCII characters without `:`, as `namespace = \"hotel-rates\"`",
                Self::LONGEST
            ))
            .code("unusable-namespace");
    }
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
        f.write_str("expected the address of one server, `host:port`")
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
    use crate::setting::list_faults;

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
        assert_eq!(error, "expected the address of one server, `host:port`, found \"host\"");
    }

    #[test]
    fn a_namespace_is_what_every_server_takes_in_a_key() {
        let faults = |text: &str| list_faults::<NamespaceSettings>(&json!({ "namespace": text }));
        for good in ["rates", "hotel-rates", "a/b{c}", &"n".repeat(64)] {
            assert_eq!(faults(good), [], "{good}");
        }
        for (bad, message) in [
            (
                "",
                "it is empty, so nothing tells its keys from those of another instance without one",
            ),
            ("a b", "it contains `' '`"),
            ("a:b", "it contains `':'`"),
            ("ü", "it contains `'ü'`"),
            ("\0", "it contains `'\\0'`"),
            (&"n".repeat(65), "it has 65 bytes, which leaves too little of a key"),
        ] {
            let found = faults(bad);
            assert_eq!(found.len(), 1, "{bad}");
            assert_eq!(found[0].message(), message);
            assert_eq!(found[0].code_name(), Some("unusable-namespace"));
        }
        let choose = |value| {
            let read = <NamespaceSettings as Settings>::read(&value).unwrap();
            read.choose("rate-cache").to_owned()
        };
        assert_eq!(choose(json!({})), "rate-cache");
        assert_eq!(choose(json!({ "namespace": "rates" })), "rates");
    }

    #[test]
    fn a_user_has_a_password() {
        for (value, faults) in [
            (json!({}), 0),
            (json!({ "password": "p" }), 0),
            (json!({ "user": "u", "password": "p" }), 0),
            (json!({ "user": "u" }), 1),
            (json!({ "user": "", "password": "p" }), 1),
        ] {
            assert_eq!(list_faults::<LoginSettings>(&value).len(), faults, "{value}");
        }
    }

    #[test]
    fn limits_have_defaults() {
        let limits = <StoreLimits as Settings>::read(&json!({ "wait": "10ms" })).unwrap();
        assert_eq!((limits.pool, limits.wait), (16, Duration::from_millis(10)));
        assert_eq!(limits.timeout, Duration::from_secs(5));
        assert_eq!(limits.connect_timeout, Duration::from_secs(2));
    }
}
