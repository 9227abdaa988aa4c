//! A host of a network in memory.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::future::BoxFuture;
use tokio::sync::mpsc::{self, Receiver};

use super::super::Surroundings;
use super::super::connector::Connector;
use super::super::listener::{Accept, Binder, BoundPort, Listener};
use super::super::resolver::{Resolver, ServiceRecord};
use super::super::stream::ByteStream;
use super::directory::Directory;
use super::endpoint::MemoryEndpoint;
use super::pipe::make_connection;

/// How many connections may wait to be accepted.
const BACKLOG: usize = 1024;

/// A host of a [`MemoryNetwork`](super::MemoryNetwork), and the way of the processes on it to all others.
///
/// As elsewhere, `127.0.0.1` and `localhost` are the host itself, and a port that is taken there is not reached from other hosts.
#[derive(Debug, Clone)]
pub struct MemoryHost {
    network: Arc<Directory>,
    ip: IpAddr,
}

impl MemoryHost {
    pub(super) fn new(network: Arc<Directory>, ip: IpAddr) -> Self {
        Self { network, ip }
    }

    /// The host's address.
    pub fn ip(&self) -> IpAddr {
        self.ip
    }

    /// An endpoint of this host, as [`MemoryNetwork::cut`](super::MemoryNetwork::cut) and others take it.
    pub fn endpoint(&self, port: u16) -> SocketAddr {
        SocketAddr::new(self.ip, port)
    }

    /// Replaces the connector, the binder and the resolver with this host.
    pub fn put_into(&self, surroundings: Surroundings) -> Surroundings {
        Surroundings {
            connector: Arc::new(self.clone()),
            binder: Arc::new(self.clone()),
            resolver: Arc::new(self.clone()),
            ..surroundings
        }
    }

    fn find_addresses(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        let literal = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        if let Ok(ip) = literal.unwrap_or(host).parse() {
            return Ok(vec![ip]);
        }
        if host == "localhost" {
            return Ok(vec![Ipv4Addr::LOCALHOST.into()]);
        }
        self.network.find_addresses(host)
    }

    async fn dial(&self, ip: IpAddr, port: u16) -> io::Result<ByteStream> {
        let ip = if ip.is_loopback() { self.ip } else { ip };
        if !self.network.has_host(ip) {
            return Err(io::ErrorKind::HostUnreachable.into());
        }
        let endpoint = self.network.endpoint(SocketAddr::new(ip, port));
        let refused = || io::Error::from(io::ErrorKind::ConnectionRefused);
        if !endpoint.is_open().await {
            return Err(refused());
        }
        let sender = endpoint.arrive(ip == self.ip).ok_or_else(refused)?;
        let (client, server) = make_connection(&endpoint.link());
        sender.try_send(server).map_err(|_| refused())?;
        Ok(client)
    }
}

/// The parts of `host:port`.
fn split(address: &str) -> io::Result<(&str, u16)> {
    let parts = address.rsplit_once(':').and_then(|(host, port)| Some((host, port.parse().ok()?)));
    parts.filter(|(host, _)| !host.is_empty()).ok_or_else(|| {
        let message = format!("`{address}` is not a host:port");
        io::Error::new(io::ErrorKind::InvalidInput, message)
    })
}

impl Connector for MemoryHost {
    fn connect(&self, address: &str) -> BoxFuture<'static, io::Result<ByteStream>> {
        let (host, address) = (self.clone(), address.to_owned());
        Box::pin(async move {
            let (name, port) = split(&address)?;
            let mut last = io::Error::from(io::ErrorKind::NotFound);
            for ip in host.find_addresses(name)? {
                match host.dial(ip, port).await {
                    Ok(stream) => return Ok(stream),
                    Err(error) => last = error,
                }
            }
            Err(last)
        })
    }
}

impl Binder for MemoryHost {
    fn bind(&self, address: &str) -> BoxFuture<'static, io::Result<Box<dyn BoundPort>>> {
        let (host, address) = (self.clone(), address.to_owned());
        Box::pin(async move {
            let (name, port) = split(&address)?;
            let found = host.find_addresses(name)?;
            let ip = found
                .into_iter()
                .find(|ip| ip.is_loopback() || ip.is_unspecified() || *ip == host.ip)
                .ok_or_else(|| io::Error::from(io::ErrorKind::AddrNotAvailable))?;
            let (port, endpoint) = host.network.take_port(host.ip, port, ip.is_loopback())?;
            let taken = TakenPort { endpoint, address: SocketAddr::new(ip, port) };
            Ok(Box::new(taken) as Box<dyn BoundPort>)
        })
    }
}

impl Resolver for MemoryHost {
    fn look_up_host(&self, name: &str) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
        Box::pin(std::future::ready(self.find_addresses(name)))
    }

    fn look_up_service(&self, name: &str) -> BoxFuture<'static, io::Result<Vec<ServiceRecord>>> {
        Box::pin(std::future::ready(self.network.find_records(name)))
    }
}

/// A port of the host, given back when dropped.
struct TakenPort {
    endpoint: Arc<MemoryEndpoint>,
    address: SocketAddr,
}

impl Drop for TakenPort {
    fn drop(&mut self) {
        self.endpoint.free();
    }
}

impl BoundPort for TakenPort {
    fn local_address(&self) -> SocketAddr {
        self.address
    }

    fn listen(self: Box<Self>) -> io::Result<Listener> {
        let (sender, arrivals) = mpsc::channel(BACKLOG);
        self.endpoint.listen(sender);
        Ok(Listener::new(MemoryListener { arrivals, port: *self }))
    }
}

struct MemoryListener {
    /// Dropped first: what waits to be accepted ends.
    arrivals: Receiver<ByteStream>,
    port: TakenPort,
}

impl Accept for MemoryListener {
    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<ByteStream>> {
        // The endpoint holds a sender as long as the port is taken.
        let arrived = self.arrivals.poll_recv(cx);
        arrived.map(|stream| stream.ok_or_else(|| io::ErrorKind::NotConnected.into()))
    }

    fn local_address(&self) -> io::Result<SocketAddr> {
        Ok(self.port.address)
    }
}
