//! How a process reaches others.

use std::error::Error;
use std::fmt;
use std::io;

use futures_util::future::BoxFuture;
use hyper::Uri;
use hyper::http::uri::Scheme;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioIo;
use tower_service::Service as _;

use super::CONNECT_TIMEOUT;
use super::stream::ByteStream;

/// Makes connections.
pub trait Connector: Send + Sync + fmt::Debug {
    /// Connects to `host:port`; a host's name is looked up each time.
    ///
    /// # Errors
    /// The name has no address, or nothing listens there.
    fn connect(&self, address: &str) -> BoxFuture<'static, io::Result<ByteStream>>;
}

/// Connects by TCP, with `TCP_NODELAY`, to the addresses that the system's resolver gives.
///
/// A name with addresses of both families is tried in both at nearly the same time (RFC 6555, "happy eyeballs").
#[derive(Debug, Clone, Copy, Default)]
pub struct TcpConnector;

impl Connector for TcpConnector {
    fn connect(&self, address: &str) -> BoxFuture<'static, io::Result<ByteStream>> {
        let address = address.to_owned();
        Box::pin(async move {
            let wrong = |error| io::Error::new(io::ErrorKind::InvalidInput, error);
            let target = Uri::builder().scheme(Scheme::HTTP).authority(address).path_and_query("/");
            let target = target.build().map_err(wrong)?;
            let mut connector = HttpConnector::new();
            connector.set_nodelay(true);
            // Each of a name's addresses gets its share.
            connector.set_connect_timeout(Some(CONNECT_TIMEOUT));
            let connected = connector.call(target).await;
            let stream = connected.map(TokioIo::into_inner).map_err(|error| find_cause(&error))?;
            Ok(ByteStream::new(stream))
        })
    }
}

/// The reason of a failed connection, which is the last of the causes: refused, no such host, timed out.
fn find_cause(error: &(dyn Error + 'static)) -> io::Error {
    let mut last = error;
    while let Some(cause) = last.source() {
        last = cause;
    }
    match last.downcast_ref::<io::Error>() {
        Some(cause) => match cause.raw_os_error() {
            Some(code) => io::Error::from_raw_os_error(code),
            None => io::Error::new(cause.kind(), cause.to_string()),
        },
        None => io::Error::other(last.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWrite as _, AsyncWriteExt};

    use super::super::{Binder, TcpBinder};
    use super::*;

    #[tokio::test]
    async fn bytes_cross_a_connection_and_a_closed_port_refuses() {
        let port = TcpBinder.bind("localhost:0").await.unwrap();
        let address = port.local_address().to_string();
        let early = TcpConnector.connect(&address).await.unwrap_err();
        assert_eq!(early.kind(), io::ErrorKind::ConnectionRefused, "it does not listen yet");
        let mut listener = port.listen().unwrap();
        let mut client = TcpConnector.connect(&address).await.unwrap();
        let mut server = listener.accept().await.unwrap();
        client.write_all(b"ping").await.unwrap();
        client.shutdown().await.unwrap();
        let mut read = String::new();
        server.read_to_string(&mut read).await.unwrap();
        assert_eq!(read, "ping");
        assert!(server.is_write_vectored(), "h2 writes headers and bytes together");
        drop(listener);
        let late = TcpConnector.connect(&address).await.unwrap_err();
        assert_eq!(late.kind(), io::ErrorKind::ConnectionRefused);
        let wrong = TcpConnector.connect("a b").await.unwrap_err();
        assert_eq!(wrong.kind(), io::ErrorKind::InvalidInput);
    }
}
