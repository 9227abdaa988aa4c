//! Where a store listens.

use std::fmt;

use bp_runtime::{BackendContext, StartError};

/// A host and a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// A name or an address; an IPv6 address without its brackets.
    pub host: String,
    /// The port.
    pub port: u16,
}

impl Address {
    /// The instance's address: `BP_ADDR_<NAME>`, else the setting `address`, else this machine and `port`.
    ///
    /// # Errors
    /// The address is not a `host:port`.
    pub(crate) fn of(cx: &BackendContext, port: u16) -> Result<Self, StartError> {
        #[derive(serde::Deserialize)]
        struct AddressSetting {
            address: Option<String>,
        }
        let setting: AddressSetting = cx.settings.read()?;
        match cx.address.as_deref().or(setting.address.as_deref()) {
            Some(text) => Self::parse(text).ok_or_else(|| {
                StartError::new(format!(
                    "`{text}` is not the address of one server, such as \"127.0.0.1:{port}\""
                ))
            }),
            None => Ok(Self { host: "127.0.0.1".to_owned(), port }),
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let (host, port) = text.rsplit_once(':')?;
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        let plain = !host.is_empty()
            && !host.contains(|c: char| c.is_whitespace() || matches!(c, ',' | '/' | '@' | '['));
        let port = port.parse().ok().filter(|port| *port > 0)?;
        plain.then(|| Self { host: host.to_owned(), port })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_one_host_and_one_port() {
        for text in ["localhost:5432", "10.0.0.1:1", "rate-db:11211", "[::1]:6379"] {
            assert_eq!(Address::parse(text).map(|it| it.to_string()).as_deref(), Some(text));
        }
        for text in ["", "host", ":1", "host:", "host:0", "host:70000", "a:1,b:2", "u@h:1", "a b:1"]
        {
            assert_eq!(Address::parse(text), None, "{text}");
        }
    }
}
