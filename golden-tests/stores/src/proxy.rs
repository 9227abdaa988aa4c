//! A network that can be told to fail.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What the network does with bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Network {
    /// Nothing.
    Good,
    /// Delays the server's bytes by this time.
    Slow(Duration),
    /// Holds bytes in both directions until it changes; connections stay.
    Stalled,
    /// Lets requests through and holds answers.
    Deaf,
}

#[derive(Debug, Clone, Copy)]
struct State {
    network: Network,
    /// Connections of an earlier one are closed.
    generation: u64,
    /// Whether connections are closed right after they are opened.
    closed: bool,
}

/// Stands between clients and a server on this machine.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    state: watch::Sender<State>,
    accepting: JoinHandle<()>,
}

impl Proxy {
    /// A good network to `port` of this machine.
    ///
    /// # Errors
    /// No port is free.
    pub async fn to(port: u16) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let start = State { network: Network::Good, generation: 0, closed: false };
        let (state, states) = watch::channel(start);
        let accepting = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(connection(client, port, states.clone()));
            }
        });
        Ok(Self { address, state, accepting })
    }

    /// Where clients connect.
    pub fn address(&self) -> String {
        self.address.to_string()
    }

    /// Changes the network.
    pub fn set(&self, network: Network) {
        self.state.send_modify(|state| state.network = network);
    }

    /// Closes every connection; new ones are accepted.
    pub fn cut(&self) {
        self.state.send_modify(|state| state.generation += 1);
    }

    /// With `true`, closes every connection, and new ones as soon as they are made; with `false`, new ones stay open again.
    pub fn close(&self, closed: bool) {
        self.state.send_modify(|state| {
            state.generation += 1;
            state.closed = closed;
        });
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
        self.cut();
    }
}

async fn connection(client: TcpStream, port: u16, mut states: watch::Receiver<State>) {
    let born = *states.borrow_and_update();
    if born.closed {
        return;
    }
    let Ok(server) = TcpStream::connect(("127.0.0.1", port)).await else { return };
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let requests = pump(from_client, to_server, states.clone(), false);
    let answers = pump(from_server, to_client, states.clone(), true);
    // Either end, or a cut, closes both.
    tokio::select! {
        () = requests => {}
        () = answers => {}
        _ = states.wait_for(|state| state.generation != born.generation) => {}
    }
}

async fn pump(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut states: watch::Receiver<State>,
    answers: bool,
) {
    let mut buffer = vec![0; 64 << 10];
    loop {
        let Ok(length @ 1..) = from.read(&mut buffer).await else { return };
        let network = states.borrow_and_update().network;
        if let Network::Slow(delay) = network
            && answers
        {
            tokio::time::sleep(delay).await;
        }
        let passes = |state: &State| match state.network {
            Network::Good | Network::Slow(_) => true,
            Network::Stalled => false,
            Network::Deaf => !answers,
        };
        if states.wait_for(passes).await.is_err() {
            return;
        }
        let Some(bytes) = buffer.get(..length) else { return };
        if to.write_all(bytes).await.is_err() {
            return;
        }
    }
}
