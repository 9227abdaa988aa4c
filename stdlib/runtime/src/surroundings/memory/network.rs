//! The hosts, names and ports of a network in memory.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use super::super::resolver::ServiceRecord;
use super::directory::Directory;
use super::endpoint::Way;
use super::host::MemoryHost;

/// A network in memory; clones are the same network.
///
/// It has hosts, each with an address and ports of its own, and names. An application on a host is given the host as its
/// connector, binder and resolver, by [`App::surroundings`](crate::App::surroundings):
///
/// ```
/// # use bp_runtime::surroundings::{MemoryNetwork, Surroundings};
/// let network = MemoryNetwork::default();
/// let shop = network.host("shop").put_into(Surroundings::default());
/// # let app = bp_runtime::App::new("{}");
/// let app = app.surroundings(shop);
/// ```
///
/// Connections take no time, and break, stop or are refused when the test says so.
/// They work under time that is paused, and without the part of a runtime that drives sockets.
#[derive(Clone, Default)]
pub struct MemoryNetwork {
    directory: Arc<Directory>,
}

impl MemoryNetwork {
    /// The host of this name, made when first asked for. Its addresses are `10.0.0.1`, `10.0.0.2` and so on, in the order of the first questions.
    pub fn host(&self, name: &str) -> MemoryHost {
        MemoryHost::new(self.directory.clone(), self.directory.add_host(name))
    }

    /// Says which addresses a name has, instead of those that it had; without any it is unknown.
    pub fn set_name(&self, name: &str, addresses: &[IpAddr]) {
        self.directory.set_name(name, addresses);
    }

    /// Says which service records a name has, instead of those that it had; without any it is unknown.
    pub fn set_service(&self, name: &str, records: Vec<ServiceRecord>) {
        self.directory.set_service(name, records);
    }

    /// Refuses connections to an endpoint, even if somebody listens there, until [`MemoryNetwork::restore`]. Those that are open go on.
    pub fn refuse(&self, endpoint: SocketAddr) {
        self.directory.endpoint(endpoint).set_way(Way::Refused);
    }

    /// Lets nothing pass to an endpoint and from it, until [`MemoryNetwork::restore`]: what is sent waits, and nobody learns of it.
    pub fn pause(&self, endpoint: SocketAddr) {
        self.directory.endpoint(endpoint).set_way(Way::Paused);
    }

    /// Breaks the connections to an endpoint that are open; others can be made at once.
    pub fn cut(&self, endpoint: SocketAddr) {
        self.directory.endpoint(endpoint).cut();
    }

    /// Ends what [`MemoryNetwork::refuse`] and [`MemoryNetwork::pause`] began.
    pub fn restore(&self, endpoint: SocketAddr) {
        self.directory.endpoint(endpoint).set_way(Way::Open);
    }
}

impl fmt::Debug for MemoryNetwork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.directory.fmt(f)
    }
}
