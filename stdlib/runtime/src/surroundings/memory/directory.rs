//! What is in a network in memory: hosts, names and ports.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use super::super::resolver::ServiceRecord;
use super::endpoint::MemoryEndpoint;
use crate::sync::lock;

/// The first port that is given where a port need not be a certain one, as on Linux.
const FIRST_FREE_PORT: u16 = 32_768;

/// What all hosts of a network share.
#[derive(Default)]
pub(super) struct Directory {
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    hosts: BTreeMap<String, IpAddr>,
    names: BTreeMap<String, Vec<IpAddr>>,
    services: BTreeMap<String, Vec<ServiceRecord>>,
    endpoints: BTreeMap<SocketAddr, Arc<MemoryEndpoint>>,
}

impl Directory {
    /// The address of the host of this name, which is added when first asked for.
    pub(super) fn add_host(&self, name: &str) -> IpAddr {
        let mut known = lock(&self.known);
        let number = u32::try_from(known.hosts.len()).unwrap_or(u32::MAX).saturating_add(1);
        match known.hosts.entry(name.to_owned()) {
            Entry::Occupied(place) => *place.get(),
            Entry::Vacant(place) => {
                let first = u32::from(Ipv4Addr::new(10, 0, 0, 0));
                *place.insert(Ipv4Addr::from(first.saturating_add(number)).into())
            }
        }
    }

    pub(super) fn set_name(&self, name: &str, addresses: &[IpAddr]) {
        lock(&self.known).names.insert(name.to_owned(), addresses.to_vec());
    }

    pub(super) fn set_service(&self, name: &str, records: Vec<ServiceRecord>) {
        lock(&self.known).services.insert(name.to_owned(), records);
    }

    /// An endpoint, whether somebody listens there or not.
    pub(super) fn endpoint(&self, address: SocketAddr) -> Arc<MemoryEndpoint> {
        lock(&self.known).endpoints.entry(address).or_default().clone()
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
        let known = lock(&self.known);
        let host = || known.hosts.get(name).map(|ip| vec![*ip]);
        let found = known.names.get(name).cloned().or_else(host);
        found.filter(|found| !found.is_empty()).ok_or_else(|| unknown_name(name))
    }

    pub(super) fn find_records(&self, name: &str) -> io::Result<Vec<ServiceRecord>> {
        let found = lock(&self.known).services.get(name).cloned();
        found.filter(|found| !found.is_empty()).ok_or_else(|| unknown_name(name))
    }

    pub(super) fn has_host(&self, ip: IpAddr) -> bool {
        lock(&self.known).hosts.values().any(|host| *host == ip)
    }
}

fn unknown_name(name: &str) -> io::Error {
    io::Error::new(io::ErrorKind::NotFound, format!("the name `{name}` is not known"))
}

impl fmt::Debug for Directory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = lock(&self.known);
        let taken = known.endpoints.iter().filter(|(_, endpoint)| endpoint.is_taken());
        f.debug_struct("MemoryNetwork")
            .field("hosts", &known.hosts)
            .field("ports", &taken.map(|(address, _)| address).collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}
