//! What `[target.compose]` says.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use bp_contract::setting::{Faults, Settings, Validate};

/// Writes a compose.yaml that runs the application and its stores on one machine.
#[derive(Debug, Clone, PartialEq, Eq, Settings)]
#[settings(validate)]
pub(crate) struct ComposeSettings {
    /// The machine's port for a listener of the outside world, by the listener's name; by default the container's port. Replicas take the ports that follow.
    #[setting(range = 1..=65_535, fixed, example = "{ \"frontend.http\" = 8080 }")]
    pub(crate) publish: BTreeMap<String, u16>,
    /// The machine's address that published ports are bound to; "0.0.0.0" for all.
    #[setting(default = "127.0.0.1", fixed)]
    pub(crate) bind: String,
    /// The folder that holds a file for every secret, from the application's folder; the users of the containers must be able to read the files.
    #[setting(default = "secrets", fixed)]
    pub(crate) secrets: String,
    /// A file of overrides that every process reads and watches, from the application's folder.
    #[setting(fixed, example = "\"overrides.toml\"")]
    pub(crate) config: Option<String>,
}

impl Validate for ComposeSettings {
    fn validate(&self, faults: &mut Faults) {
        if self.bind.parse::<Ipv4Addr>().is_err() {
            faults.at(Self::BIND, "it is not an IPv4 address").help("type `bind = \"127.0.0.1\"`");
        }
    }
}
