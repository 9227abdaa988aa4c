//! The hosts, names and ports of a network in memory.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use super::super::resolver::ServiceRecord;
use super::endpoint::{MemoryEndpoint, Way};
use super::host::MemoryHost;
use crate::sync::lock;

/// The first port that is given where a port need not be a certain one, as on Linux.
const FIRST_FREE_PORT: u16 = 32_768;

/// A network in memory; clones are the same network.
///
/// It has hosts, each with an address and ports of its own, and names. A process on a host is given the host as its
/// connector, binder and resolver:
///
/// ```
/// # use std::sync::Arc;
/// # use bp_runtime::surroundings::{MemoryNetwork, Surroundings};
/// let network = MemoryNetwork::default();
/// let shop = network.host("shop").put_into(Surroundings::default());
/// # let _ = shop;
/// ```
///
/// Connections take no time, and break, stop or are refused when the test says so.
/// They work under time that is paused, and without the part of a runtime that drives sockets.
#[derive(Clone, Default)]
pub struct MemoryNetwork {
    state: Arc<Mutex<NetworkState>>,
}

#[derive(Default)]
struct NetworkState {
    hosts: BTreeMap<String, IpAddr>,
    names: BTreeMap<String, Vec<IpAddr>>,
    services: BTreeMap<String, Vec<ServiceRecord>>,
    endpoints: BTreeMap<SocketAddr, Arc<MemoryEndpoint>>,
}

impl MemoryNetwork {
    /// The host of this name, made when first asked for. Its addresses are `10.0.0.1`, `10.0.0.2` and so on, in the order of the first questions.
    pub fn host(&self, name: &str) -> MemoryHost {
        let mut state = lock(&self.state);
        let number = u32::try_from(state.hosts.len()).unwrap_or(u32::MAX).saturating_add(1);
        let ip = match state.hosts.entry(name.to_owned()) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(place) => {
                let first = u32::from(Ipv4Addr::new(10, 0, 0, 0));
                *place.insert(Ipv4Addr::from(first.saturating_add(number)).into())
            }
        };
        MemoryHost::new(self.clone(), ip)
    }

    /// Says which addresses a name has, instead of those that it had; without any it is unknown.
    pub fn set_name(&self, name: &str, addresses: &[IpAddr]) {
        lock(&self.state).names.insert(name.to_owned(), addresses.to_vec());
    }

    /// Says which service records a name has, instead of those that it had; without any it is unknown.
    pub fn set_service(&self, name: &str, records: Vec<ServiceRecord>) {
        lock(&self.state).services.insert(name.to_owned(), records);
    }

    /// Refuses connections to an endpoint, even if somebody listens there, until [`MemoryNetwork::restore`]. Those that are open go on.
    pub fn refuse(&self, endpoint: SocketAddr) {
        self.endpoint(endpoint).set_way(Way::Refused);
    }

    /// Lets nothing pass to an endpoint and from it, until [`MemoryNetwork::restore`]: what is sent waits, and nobody learns of it.
    pub fn pause(&self, endpoint: SocketAddr) {
        self.endpoint(endpoint).set_way(Way::Paused);
    }

    /// Breaks the connections to an endpoint that are open; others can be made at once.
    pub fn cut(&self, endpoint: SocketAddr) {
        self.endpoint(endpoint).cut();
    }

    /// Ends what [`MemoryNetwork::refuse`] and [`MemoryNetwork::pause`] began.
    pub fn restore(&self, endpoint: SocketAddr) {
        self.endpoint(endpoint).set_way(Way::Open);
    }

    /// An endpoint, whether somebody listens there or not.
    pub(super) fn endpoint(&self, address: SocketAddr) -> Arc<MemoryEndpoint> {
        lock(&self.state).endpoints.entry(address).or_default().clone()
    }

    /// Takes a port of a host, or any free one if it is 0.
    pub(super) fn take_port(
        &self,
        ip: IpAddr,
        port: u16,
        local: bool,
    ) -> io::Result<(u16, Arc<MemoryEndpoint>)> {
        let taken = if port != 0 {
            let endpoint = self.endpoint(SocketAddr::new(ip, port));
            endpoint.take(local).then_some((port, endpoint))
        } else {
            (FIRST_FREE_PORT..=u16::MAX).find_map(|port| {
                let endpoint = self.endpoint(SocketAddr::new(ip, port));
                endpoint.take(local).then_some((port, endpoint))
            })
        };
        taken.ok_or_else(|| io::ErrorKind::AddrInUse.into())
    }

    /// The addresses of a name that was set, else that of the host.
    pub(super) fn find_addresses(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        let state = lock(&self.state);
        let host = || state.hosts.get(name).map(|ip| vec![*ip]);
        let found = state.names.get(name).cloned().or_else(host);
        found.filter(|found| !found.is_empty()).ok_or_else(|| unknown_name(name))
    }

    pub(super) fn find_records(&self, name: &str) -> io::Result<Vec<ServiceRecord>> {
        let found = lock(&self.state).services.get(name).cloned();
        found.filter(|found| !found.is_empty()).ok_or_else(|| unknown_name(name))
    }

    pub(super) fn has_host(&self, ip: IpAddr) -> bool {
        lock(&self.state).hosts.values().any(|known| *known == ip)
    }
}

fn unknown_name(name: &str) -> io::Error {
    io::Error::new(io::ErrorKind::NotFound, format!("the name `{name}` is not known"))
}

impl fmt::Debug for MemoryNetwork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = lock(&self.state);
        let taken = state.endpoints.iter().filter(|(_, endpoint)| endpoint.is_taken());
        f.debug_struct("MemoryNetwork")
            .field("hosts", &state.hosts)
            .field("ports", &taken.map(|(address, _)| address).collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}
