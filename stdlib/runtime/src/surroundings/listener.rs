//! How a process is reached by others.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::task::{Context, Poll};

use futures_util::future::BoxFuture;
use tokio::net::{TcpListener, TcpSocket};

use super::stream::ByteStream;

/// How many connections may wait to be accepted.
const BACKLOG: u32 = 1024;

/// Takes ports to listen on.
pub trait Binder: Send + Sync + fmt::Debug {
    /// Takes the port of `host:port`, or any free one if that is 0. Connections are refused until [`BoundPort::listen`].
    ///
    /// # Errors
    /// The host has no address, or the port is in use.
    fn bind(&self, address: &str) -> BoxFuture<'static, io::Result<Box<dyn BoundPort>>>;
}

/// A port that is taken, and refuses connections.
pub trait BoundPort: Send {
    /// The address with the port that was taken.
    fn local_address(&self) -> SocketAddr;

    /// Accepts connections from now on.
    ///
    /// # Errors
    /// The system refuses.
    fn listen(self: Box<Self>) -> io::Result<Listener>;
}

/// Where connections arrive.
pub trait Accept: Send {
    /// The next connection, ready for small messages (`TCP_NODELAY`).
    ///
    /// # Errors
    /// None could be accepted now.
    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<ByteStream>>;

    /// The address that it listens on.
    ///
    /// # Errors
    /// The system does not say.
    fn local_address(&self) -> io::Result<SocketAddr>;
}

/// A listener: of TCP, or of a [`MemoryNetwork`](super::MemoryNetwork). When it is dropped, connections are refused.
pub struct Listener(Box<dyn Accept>);

impl Listener {
    /// A listener at which these connections arrive.
    pub fn new(accept: impl Accept + 'static) -> Self {
        Self(Box::new(accept))
    }

    /// Waits for the next connection. Dropping the future loses none.
    ///
    /// # Errors
    /// As [`Accept::poll_accept`].
    pub async fn accept(&mut self) -> io::Result<ByteStream> {
        std::future::poll_fn(|cx| self.0.poll_accept(cx)).await
    }

    /// The address that it listens on.
    ///
    /// # Errors
    /// As [`Accept::local_address`].
    pub fn local_address(&self) -> io::Result<SocketAddr> {
        self.0.local_address()
    }
}

impl From<TcpListener> for Listener {
    fn from(listener: TcpListener) -> Self {
        Self::new(listener)
    }
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Listener").field(&self.0.local_address().ok()).finish()
    }
}

/// Takes ports of TCP; names are looked up by the system's resolver.
#[derive(Debug, Clone, Copy, Default)]
pub struct TcpBinder;

impl Binder for TcpBinder {
    fn bind(&self, address: &str) -> BoxFuture<'static, io::Result<Box<dyn BoundPort>>> {
        let text = address.to_owned();
        Box::pin(async move {
            let found = tokio::net::lookup_host(&text).await?.next();
            let address = found.ok_or_else(|| io::Error::other("the name has no address"))?;
            let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
            // A restart must not wait for the connections of the process before it.
            socket.set_reuseaddr(true)?;
            socket.bind(address)?;
            let address = socket.local_addr()?;
            Ok(Box::new(BoundSocket { socket, address }) as Box<dyn BoundPort>)
        })
    }
}

struct BoundSocket {
    socket: TcpSocket,
    address: SocketAddr,
}

impl BoundPort for BoundSocket {
    fn local_address(&self) -> SocketAddr {
        self.address
    }

    fn listen(self: Box<Self>) -> io::Result<Listener> {
        self.socket.listen(BACKLOG).map(Listener::from)
    }
}

impl Accept for TcpListener {
    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<ByteStream>> {
        loop {
            let accepted = std::task::ready!(Self::poll_accept(self, cx));
            let (stream, _) = accepted?;
            // Small messages must not wait for the acknowledgement of the one before (Nagle's algorithm).
            match stream.set_nodelay(true) {
                Ok(()) => return Poll::Ready(Ok(ByteStream::new(stream))),
                Err(error) => tracing::debug!(%error, "a connection ended before it began"),
            }
        }
    }

    fn local_address(&self) -> io::Result<SocketAddr> {
        self.local_addr()
    }
}
