//! Where a store listens.

use bp_contract::store::{ServerSettings, StoreAddress};
use bp_runtime::{BackendContext, StartError};

/// The instance's address: `BP_ADDR_<NAME>`, else what the wiring says, else this machine and `port`.
///
/// # Errors
/// The variable is not a `host:port`, or the settings cannot be read.
pub(crate) fn find_address(cx: &BackendContext, port: u16) -> Result<StoreAddress, StartError> {
    if let Some(text) = &cx.address {
        let failed =
            |error| StartError::because(format!("the environment's address `{text}`"), &error);
        return text.parse().map_err(failed);
    }
    let ServerSettings { address, .. } = cx.settings.read()?;
    Ok(address.unwrap_or_else(|| StoreAddress { host: "127.0.0.1".to_owned(), port }))
}
