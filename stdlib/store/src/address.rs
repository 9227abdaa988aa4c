//! Where a store listens.

use std::fmt;

use bp_contract::store::StoreAddress;
use bp_runtime::{BackendContext, Database, StartError};

/// A host and a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// A name or an address; an IPv6 address without its brackets.
    pub host: String,
    /// The port.
    pub port: u16,
}

impl Address {
    /// The instance's address: `BP_ADDR_<NAME>`, else what the wiring says, else this machine and `port`.
    ///
    /// # Errors
    /// The address is not a `host:port`.
    pub fn of(cx: &BackendContext, wiring: Option<&str>, port: u16) -> Result<Self, StartError> {
        match cx.address.as_deref().or(wiring) {
            Some(text) => text.parse::<StoreAddress>().map(Self::from).map_err(|_| {
                StartError::new(format!(
                    "`{text}` is not the address of one server, such as \"127.0.0.1:{port}\""
                ))
            }),
            None => Ok(Self { host: "127.0.0.1".to_owned(), port }),
        }
    }

    /// As [`Address::of`], for a plugin whose settings hold the address read.
    ///
    /// # Errors
    /// The address that the environment gives is not a `host:port`.
    pub fn of_setting(
        cx: &BackendContext,
        wiring: Option<&StoreAddress>,
        port: u16,
    ) -> Result<Self, StartError> {
        Self::of(cx, wiring.map(ToString::to_string).as_deref(), port)
    }

    /// The [`Database`] by which telemetry knows an instance with such an address.
    ///
    /// # Errors
    /// As [`Address::of`].
    pub fn database(
        cx: &BackendContext,
        system: &'static str,
        port: u16,
    ) -> Result<Database, StartError> {
        #[derive(serde::Deserialize)]
        struct AddressSetting {
            address: Option<String>,
        }
        let setting: AddressSetting = cx.settings.read()?;
        let Self { host, port } = Self::of(cx, setting.address.as_deref(), port)?;
        Ok(Database { system, server: Some((host, port)) })
    }
}

impl From<StoreAddress> for Address {
    fn from(StoreAddress { host, port }: StoreAddress) -> Self {
        Self { host, port }
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
